"""Rows: places among the instances of a file, as arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Integer = TypeVar("Integer", bound=np.integer[Any])

MISSING = -1
"""The row of what is not there."""


def distinct(values: NDArray[Integer]) -> NDArray[Integer]:
    """Return values in order, each once; np.unique takes ten times as long, and 1 MB for masked arrays."""
    if values.size < 2:  # noqa: PLR2004
        return values.ravel()
    grown = np.sort(values, axis=None)
    found: NDArray[Integer] = grown[np.concatenate([[True], grown[1:] != grown[:-1]])]
    return found


def spread(starts: NDArray[Any], counts: NDArray[Any]) -> NDArray[np.int64]:
    """Return start, start + 1, ... for each start, so many as its count says."""
    ends = np.cumsum(counts)
    places: NDArray[np.int64] = np.arange(ends[-1] if len(ends) else 0) + np.repeat(
        starts - ends + counts, counts
    )
    return places
