"""Pairs of boxes that are near each other, found by sweeping along the axis they are spread most along."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

    Numbers = NDArray[np.int64]

SLACK_M = 1e-9


def find_pairs(one: Floats, other: Floats, reach: float) -> Iterator[tuple[int, int]]:
    """Yield the rows of boxes, one of each side, that are at most `reach` apart along every axis.

    Boxes are (count, 2, 3) arrays of lowest and highest corners in metres. With a negative reach they must
    overlap by so much: less than that frees them. A box that is larger than most costs no more than itself.
    """
    if not len(one) or not len(other):
        return
    both = np.concatenate([one, other]).mean(axis=1)
    axis = int(np.ptp(both, axis=0).argmax())
    order = np.argsort(other[:, 0, axis], kind="stable")
    lows = other[order, 0, axis]
    # Highest end so far: what starts early may end late.
    ends = np.maximum.accumulate(other[order, 1, axis])
    first = np.searchsorted(ends, one[:, 0, axis] - reach - SLACK_M)
    last = np.searchsorted(lows, one[:, 1, axis] + reach + SLACK_M, side="right")
    for row, (start, end) in enumerate(zip(first.tolist(), last.tolist(), strict=True)):
        some = order[start:end]
        gaps = np.maximum(other[some, 0] - one[row, 1], one[row, 0] - other[some, 1]).max(axis=1)
        for column in np.sort(some[gaps <= reach + SLACK_M]).tolist():
            yield row, column
