"""Digests of instances with all that they refer to: equal ones say the same, whatever their numbers.

A digest is made of an instance's own text and of the digests of its references, from the leaves up. What is
part of a circle, or refers to one, has none that can be trusted; nor has an instance whose text says the
same in another notation. What digests leave unequal is compared by its values.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.comparison.classes import CONTEXT, OBJECT, RELATION, Classes, flags
from functions.ifc.step.rows import distinct, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.comparison.index import Hashes, Index, Rows

SHIFT = np.uint64(29)
FACTORS = (np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB))
PLACE = np.uint64(0x9E3779B97F4A7C15)
DANGLING = np.uint64(0x2545F4914F6CDD1D)


def mix(values: Hashes) -> Hashes:
    """Return numbers that are spread, so that their sums tell sets apart (the finaliser of splitmix64)."""
    for factor in FACTORS:
        values = (values ^ (values >> SHIFT)) * factor
    return values ^ (values >> SHIFT)


@dataclass(frozen=True, eq=False)
class Digests:
    """The digests of a file's instances by row; `sound` marks those that can be trusted."""

    values: Hashes
    sound: NDArray[np.bool_]


def digest(index: Index, classes: Classes, *, salt: int) -> Digests:
    """Return the digests of a file. Those that cannot be trusted depend on `salt`, and so equal no others.

    Objects and relationships count by their own text: what they refer to is compared for itself. A context
    counts as its class, as a representation names what it is for.
    """
    whats = np.array([flags(names) for names in classes.ancestors(index.schema)] or [0], np.int8)
    what = whats[index.kinds]
    values = mix(np.where(what & CONTEXT, index.kinds.astype(np.uint64), index.local))
    followed = ~index.histories & ((what[index.owners] & (OBJECT | RELATION | CONTEXT)) == 0)
    owners, targets = index.owners[followed], index.targets[followed]
    places = _places(owners)
    lost = targets < 0
    np.add.at(values, owners[lost], mix(DANGLING + PLACE * places[lost]))
    sound = _add_up(values, owners[~lost], targets[~lost], places[~lost])
    values[~sound] = mix(np.flatnonzero(~sound).astype(np.uint64) + mix(np.array([salt], np.uint64)))
    return Digests(values, sound)


def _places(owners: Rows) -> Hashes:
    """Return which reference of its owner each one is, from 1; those of an owner stand together."""
    if not len(owners):
        return np.zeros(0, np.uint64)
    first = np.concatenate([[True], owners[1:] != owners[:-1]])
    begins = np.flatnonzero(first)
    places: Hashes = (np.arange(len(owners)) - begins[np.cumsum(first) - 1] + 1).astype(np.uint64)
    return places


def _add_up(values: Hashes, owners: Rows, targets: Rows, places: Hashes) -> NDArray[np.bool_]:
    """Add the digests of references to those of their owners, from the leaves up; return what was reached."""
    waiting = np.bincount(owners, minlength=len(values))
    order = np.argsort(targets, kind="stable")
    owners, places = owners[order], places[order]
    begins = np.concatenate([[0], np.cumsum(np.bincount(targets, minlength=len(values)))])
    ready = np.flatnonzero(waiting == 0)
    sound = np.zeros(len(values), bool)
    while len(ready):
        sound[ready] = True
        counts = begins[ready + 1] - begins[ready]
        some = spread(begins[ready], counts)
        users = owners[some]
        np.add.at(values, users, mix(np.repeat(values[ready], counts) + PLACE * places[some]))
        np.subtract.at(waiting, users, 1)
        ready = distinct(users[waiting[users] == 0])
    return sound
