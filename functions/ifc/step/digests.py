"""Digests of instances: equal where the text is, with all that it refers to, whatever the numbers.

They are worked out from those that refer to nothing upwards. 64 bits each: two of a million different
instances have the same with a chance of one in 30 million.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from functions.ifc.step.rows import MISSING, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.step.rows import Links, Rows

    Words = NDArray[np.uint64]

MAX_PASSES = 400  # through what is left; what takes more has no digest
PIECE = 1 << 14  # rows at a time: what they refer to takes a few megabytes
# Steele, Lea, Flood, "Fast splittable pseudorandom number generators" (2014).
STEP = np.uint64(0x9E3779B97F4A7C15)
MIXERS = ((30, 0xBF58476D1CE4E5B9), (27, 0x94D049BB133111EB), (31, 1))


@dataclass(frozen=True, eq=False)
class Digests:
    """The digests of rows, where `known`: nothing is missing below, nor runs in a circle."""

    words: Words
    known: NDArray[np.bool_]

    @classmethod
    def of(cls, words: Words, links: Links) -> Self:
        """Work out the digests of rows, by what each says itself, in `words`, and by what it refers to."""
        counts = np.diff(links.starts)
        digests = cls(mix(words), counts == 0)
        weights = mix(np.arange(counts.max(initial=0), dtype=np.uint64))
        rest = np.flatnonzero(counts).astype(np.int32)
        for _ in range(MAX_PASSES):
            pieces = [rest[start : start + PIECE] for start in range(0, len(rest), PIECE)]
            left = [digests._add(piece, links, weights) for piece in pieces]
            if sum(map(len, left)) == len(rest):
                break
            rest = np.concatenate(left)
        return digests

    def _add(self, rows: Rows, links: Links, weights: Words) -> Rows:
        """Work out the digests of some rows, and return those that have to wait for others."""
        targets, counts = links.below(rows)
        waiting = np.zeros(len(rows), bool)
        waiting[np.repeat(np.arange(len(rows)), counts)[(targets == MISSING) | ~self.known[targets]]] = True
        ready = rows[~waiting]
        targets, counts = links.below(ready)
        parts = self.words[targets] * weights[spread(np.zeros(len(ready), np.int64), counts)]
        sums = np.add.reduceat(parts, np.cumsum(counts) - counts)
        self.words[ready] = mix(self.words[ready] + sums)
        self.known[ready] = True
        return rows[waiting]


def mix(words: Words) -> Words:
    """Return numbers with their bits mixed, so that their sums tell sets apart."""
    mixed = words + STEP
    for shift, factor in MIXERS:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed
