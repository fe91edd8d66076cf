"""Digests of instances: equal where the text is, with all that it refers to, whatever the numbers.

They are worked out for all instances at once, from those that refer to nothing upwards. 64 bits each: two of
a million different instances have the same with a chance of one in 30 million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from functions.ifc.geometry.texts import MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.texts import Index, Rows

    Words = NDArray[np.uint64]

MAX_DEPTH = 400  # levels; what has more has no digest
# Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
STEP = np.uint64(0x9E3779B97F4A7C15)
MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


@dataclass(frozen=True)
class Digests:
    """The digests of an index's rows, where `known`: nothing is missing below, nor runs in a circle."""

    index: Index
    words: Words
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, index: Index, more: Mapping[int, Sequence[int]]) -> Self:
        """Work out the digests; `more` has what counts besides the references, by instance numbers."""
        owners, targets, places = _edges(index, more)
        words = _mix(index.says.astype(np.uint64))
        known = np.ones(len(index), bool)
        known[owners] = False
        for _ in range(MAX_DEPTH):
            ready = np.zeros(len(index), bool)
            ready[owners] = True
            ready[owners[(targets == MISSING) | ~known[targets]]] = False
            done = ready[owners]
            if not done.any():
                break
            parts = words[targets[done]] * _mix(places[done].astype(np.uint64))
            np.add.at(words, owners[done], parts)
            words[ready] = _mix(words[ready])
            known |= ready
            owners, targets, places = owners[~done], targets[~done], places[~done]
        return cls(index, words, known)

    def get(self, number: int) -> int | None:
        """Return the digest of an instance, if there is one."""
        row = self.index.row(number)
        return int(self.words[row]) if row != MISSING and self.known[row] else None


def _edges(index: Index, more: Mapping[int, Sequence[int]]) -> tuple[Rows, Rows, Rows]:
    """Return who refers to whom, and at which place."""
    counts = np.diff(index.starts)
    owners = np.repeat(np.arange(len(index), dtype=np.int32), counts)
    places = np.arange(len(owners), dtype=np.int32) - np.repeat(index.starts[:-1], counts)
    extra = [(owner, target, -1 - at) for owner, some in more.items() for at, target in enumerate(some)]
    numbers = np.array(extra, np.int64).reshape(-1, 3)
    rows = index.rows(numbers[:, 0])
    there = rows != MISSING
    return (
        np.concatenate([owners, rows[there]]),
        np.concatenate([index.references, index.rows(numbers[:, 1])[there]]),
        np.concatenate([places, numbers[there, 2].astype(np.int32)]),
    )


def _mix(words: Words) -> Words:
    """Return numbers with their bits mixed."""
    mixed = words + STEP
    for shift, factor in MIXERS:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed
