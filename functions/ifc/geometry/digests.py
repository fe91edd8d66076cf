"""Digests of instances: equal where the text is, with all that it refers to, whatever the numbers.

They are worked out from those that refer to nothing upwards. 64 bits each: two of a million different
instances have the same with a chance of one in 30 million.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

import numpy as np

from functions.ifc.step.rows import MISSING, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.texts import Index, Rows

    Words = NDArray[np.uint64]

MAX_PASSES = 400  # through what is left; what takes more has no digest
PIECE = 1 << 14  # rows at a time: what they refer to takes a few megabytes
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
        whole = _extend(index, more)
        counts = np.diff(whole.starts)
        digests = cls(whole, _mix(index.says.view(np.uint64)), counts == 0)
        weights = _mix(np.arange(counts.max(initial=0), dtype=np.uint64))
        rest = np.flatnonzero(counts).astype(np.int32)
        for _ in range(MAX_PASSES):
            pieces = [rest[start : start + PIECE] for start in range(0, len(rest), PIECE)]
            left = [digests._add(piece, weights) for piece in pieces]
            if sum(map(len, left)) == len(rest):
                break
            rest = np.concatenate(left)
        return replace(digests, index=index)

    def _add(self, rows: Rows, weights: Words) -> Rows:
        """Work out the digests of some rows, and return those that have to wait for others."""
        targets, counts = self.index.below(rows)
        waiting = np.zeros(len(rows), bool)
        waiting[np.repeat(np.arange(len(rows)), counts)[(targets == MISSING) | ~self.known[targets]]] = True
        ready = rows[~waiting]
        targets, counts = self.index.below(ready)
        parts = self.words[targets] * weights[spread(np.zeros(len(ready), np.int64), counts)]
        sums = np.add.reduceat(parts, np.cumsum(counts) - counts)
        self.words[ready] = _mix(self.words[ready] + sums)
        self.known[ready] = True
        return rows[waiting]

    def get(self, number: int) -> int | None:
        """Return the digest of an instance, if there is one."""
        row = self.index.row(number)
        return int(self.words[row]) if row != MISSING and self.known[row] else None


def _extend(index: Index, more: Mapping[int, Sequence[int]]) -> Index:
    """Return an index in which some instances also refer to others, behind what they refer to anyway."""
    owners = index.rows([owner for owner, some in more.items() for _ in some])
    targets = index.rows([target for some in more.values() for target in some])
    order = np.argsort(owners, kind="stable")
    order = order[owners[order] != MISSING]
    owners, targets = owners[order], targets[order]
    counts = np.bincount(owners, minlength=len(index))
    return replace(
        index,
        starts=index.starts + np.concatenate([[0], np.cumsum(counts)]).astype(np.int32),
        references=np.insert(index.references, index.starts[owners + 1], targets),
    )


def _mix(words: Words) -> Words:
    """Return numbers with their bits mixed."""
    mixed = words + STEP
    for shift, factor in MIXERS:
        mixed = (mixed ^ (mixed >> np.uint64(shift))) * np.uint64(factor)
    return mixed
