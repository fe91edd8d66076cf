"""The relationships of a model as pairs of rows, read from an index instead of instance by instance."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.step.rows import distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.comparison.index import Index, Rows

LIST = 2  # in how many brackets the members of a list stand
WRAPPED = 3  # and those of a list inside a typed value: IFCPROPERTYSETDEFINITIONSET((#1,#2))


@dataclass(frozen=True, eq=False)
class Pairs:
    """The pairs of one kind of relationship: `ones` are the relating rows, `others` the related ones."""

    ones: Rows
    others: Rows

    @cached_property
    def _sorted(self) -> tuple[Rows, Rows]:
        order = np.argsort(self.others, kind="stable")
        return self.others[order], self.ones[order]

    def of(self, other: int) -> list[int]:
        """Return what relates to a row, in the order of the file."""
        others, ones = self._sorted
        first, last = np.searchsorted(others, np.array([other, other + 1], np.int32))
        found: list[int] = ones[first:last].tolist()
        return found


@dataclass(frozen=True, eq=False)
class Relations:
    """Reads the relationships of a file; `ancestors` are those of each class, by its number.

    `relating` says which rows are relationships.
    """

    index: Index
    ancestors: list[frozenset[str]]
    relating: NDArray[np.bool_]

    @cached_property
    def _edges(self) -> tuple[Rows, Rows, NDArray[np.int8]]:
        """The owners, targets and depths of references in relationships."""
        index = self.index
        edges = np.flatnonzero(self.relating[index.owners] & ~index.histories & (index.targets >= 0))
        return index.owners[edges], index.targets[edges], index.depths[edges]

    def pairs(self, name: str) -> Pairs:
        """Return the pairs of a class of relationships and its subtypes.

        In all of these a list is one side, and the other side is the last reference outside of it; where
        there is no list, the two last references are the sides.
        """
        index = self.index
        owners, targets, depths = self._edges
        chosen = self._of(name)[index.kinds[owners]]
        owners, targets, depths = owners[chosen], targets[chosen], depths[chosen]
        outer, inner, wrapped = depths < LIST, depths == LIST, depths >= WRAPPED
        one = np.full(len(index.numbers), -1, np.int32)
        one[owners[outer]] = targets[outer]
        if not inner.any() and outer.any():
            first = np.full(len(index.numbers), -1, np.int32)
            first[owners[outer][::-1]] = targets[outer][::-1]
            rows = distinct(owners[outer])
            return _proper(first[rows], one[rows])
        found = _proper(one[owners[inner]], targets[inner])
        if not wrapped.any():
            return found
        more = [
            (target, member)
            for owner, target in zip(owners[wrapped].tolist(), targets[wrapped].tolist(), strict=True)
            for member in targets[inner][owners[inner] == owner].tolist()
        ]
        ones, others = np.array(more, np.int32).reshape(-1, 2).T
        return Pairs(np.concatenate([found.ones, ones]), np.concatenate([found.others, others]))

    def listed(self, owner: str, member: str) -> Pairs:
        """Return the pairs of instances of a class and members of a class in any list of theirs."""
        index = self.index
        wanted = self._of(member)[index.kinds]
        edges = (index.depths >= LIST) & (index.targets >= 0) & self._of(owner)[index.kinds][index.owners]
        edges &= wanted[np.maximum(index.targets, 0)]
        return Pairs(index.owners[edges], index.targets[edges])

    def are(self, *names: str) -> NDArray[np.bool_]:
        """Return which rows are of one of some classes, or derived from it."""
        found = np.zeros(len(self.index.numbers), bool)
        for name in names:
            found |= self._of(name)[self.index.kinds]
        return found

    def _of(self, name: str) -> NDArray[np.bool_]:
        return np.array([name in names for names in self.ancestors] or [False])


def single(pairs: Iterable[Pairs], guids: dict[int, str], size: int) -> Rows:
    """Return the one that each row is related to, -1 where there is none; the first relation counts.

    Where there are several in one relation, which no model should have, the one of the lowest GlobalId
    counts, so that the order of a file means nothing.
    """
    found = np.full(size, -1, np.int32)
    for relation in pairs:
        ones, others = relation.ones, relation.others
        if len(distinct(others)) < len(others):
            names = np.array([guids.get(one, "") for one in ones.tolist()])
            order = np.argsort(names, kind="stable")[::-1]
            ones, others = ones[order], others[order]
        fresh = found[others] < 0
        found[others[fresh]] = ones[fresh]
    return found


def _proper(ones: Rows, others: Rows) -> Pairs:
    """Return pairs of which both sides are there, and are two."""
    proper = (ones >= 0) & (others >= 0) & (ones != others)
    return Pairs(ones[proper], others[proper])
