"""Rows: places among the instances of a file, from 0. Many at once are arrays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int32]

Integer = TypeVar("Integer", bound=np.integer[Any])

MISSING = -1
"""The row of what is not there."""
SPARSE, SMALL = 8, 1024  # up to so many times as many numbers as rows, a table of all of them is made


@dataclass(frozen=True, eq=False)
class Links:
    """What rows refer to: row r to `references[starts[r]:starts[r + 1]]`, in order."""

    starts: Rows
    references: Rows

    def below(self, rows: Rows) -> tuple[Rows, Rows]:
        """Return all that some rows refer to, and how many each refers to."""
        counts = self.starts[rows + 1] - self.starts[rows]
        return self.references[spread(self.starts[rows], counts)], counts


def find(numbers: NDArray[Any], wanted: NDArray[Any]) -> Rows:
    """Return the rows of instance numbers, given those of all rows; MISSING for those that are not there."""
    if not len(numbers):
        return np.full(len(wanted), MISSING, np.int32)
    highest = int(numbers.max())
    if highest <= SPARSE * len(numbers) + SMALL:
        table = np.full(highest + 2, MISSING, np.int32)
        table[numbers] = np.arange(len(numbers), dtype=np.int32)
        found: Rows = table[np.clip(wanted, 0, highest + 1)]
        return found
    order = np.argsort(numbers, kind="stable").astype(np.int32)
    places = np.minimum(np.searchsorted(numbers[order], wanted), len(numbers) - 1)
    rows: Rows = np.where(numbers[order[places]] == wanted, order[places], np.int32(MISSING))
    return rows


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
