"""Rows of many owners in one array, one owner after the other, and their boxes: many small tasks at once."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.int64]

CHUNK = 1 << 20  # pairs of boxes looked at in one go


class Spans:
    """How many rows each owner has."""

    def __init__(self, counts: Sequence[int] | Numbers) -> None:
        """Lay the rows out."""
        self.counts: Numbers = np.asarray(counts, np.int64)
        self.ends: Numbers = np.cumsum(self.counts)
        self.starts: Numbers = self.ends - self.counts

    @cached_property
    def owners(self) -> Numbers:
        """The owner of each row."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def take(self, mask: Mask) -> Spans:
        """Return the spans of some of the rows."""
        return Spans(np.bincount(self.owners[mask], minlength=len(self.counts)))

    def least(self, values: Floats) -> Floats:
        """Return the least values of each owner; infinity for one without rows."""
        return self._reduce(np.minimum, values, np.inf)

    def most(self, values: Floats) -> Floats:
        """Return the largest values of each owner; minus infinity for one without rows."""
        return self._reduce(np.maximum, values, -np.inf)

    def _reduce(self, function: np.ufunc, values: Floats, nothing: float) -> Floats:
        found = np.full((len(self.counts), *values.shape[1:]), nothing)
        some = self.counts > 0
        if some.any():
            found[some] = function.reduceat(values, self.starts[some], axis=0)
        return found


class Boxes:
    """The boxes of rows: (rows, dimensions) arrays of their lowest and highest corners."""

    def __init__(self, corners: Floats, spans: Spans) -> None:
        """Measure rows of corners, a (rows, corners, dimensions) array."""
        self.spans = spans
        self.low, self.high = corners[:, 0], corners[:, 0]
        for place in range(1, corners.shape[1]):
            self.low = np.minimum(self.low, corners[:, place])
            self.high = np.maximum(self.high, corners[:, place])

    def take(self, rows: Numbers, spans: Spans) -> Boxes:
        """Return some of the boxes."""
        found = Boxes.__new__(Boxes)
        found.low, found.high, found.spans = self.low[rows], self.high[rows], spans
        return found

    def near(self, other: Boxes, slack: float) -> Mask:
        """Tell which rows are less than `slack` apart from the box of all that the other has of the owner."""
        low, high = other.spans.least(other.low) - slack, other.spans.most(other.high) + slack
        owners = self.spans.owners
        inside = (self.high > low[owners]) & (self.low < high[owners])
        return np.asarray(inside.all(axis=1))

    def meet(self, other: Boxes, slack: float) -> tuple[Numbers, Numbers]:
        """Return the pairs of rows of the same owner that are less than `slack` apart."""
        found = list(self._meet(other, slack))
        if not found:
            return np.zeros(0, np.int64), np.zeros(0, np.int64)
        rows, columns = (np.concatenate(side) for side in zip(*found, strict=True))
        return rows, columns

    def _meet(self, other: Boxes, slack: float) -> Iterator[tuple[Numbers, Numbers]]:
        mine = list(zip((self.high + slack).T, (self.low - slack).T, strict=True))
        theirs = list(zip(other.low.T, other.high.T, strict=True))
        limits = (self.spans.starts, self.spans.ends, other.spans.starts, other.spans.ends)
        for start, end, first, last in zip(*(limit.tolist() for limit in limits), strict=True):
            if start == end or first == last:
                continue
            step = max(1, CHUNK // (last - first))
            for low in range(start, end, step):
                some = slice(low, min(low + step, end))
                near = np.ones((some.stop - low, last - first), bool)
                for (high_a, low_a), (low_b, high_b) in zip(mine, theirs, strict=True):
                    near &= high_a[some, None] > low_b[first:last]
                    near &= low_a[some, None] < high_b[first:last]
                rows, columns = near.nonzero()
                yield rows + low, columns + first


def products(mine: Spans, theirs: Spans) -> tuple[Numbers, Numbers]:
    """Return all pairs of rows of the same owner."""
    widths = theirs.counts[mine.owners]
    rows = np.repeat(np.arange(len(widths)), widths)
    columns = np.arange(len(rows)) - np.repeat(np.cumsum(widths) - widths, widths)
    return rows, columns + theirs.starts[mine.owners[rows]]
