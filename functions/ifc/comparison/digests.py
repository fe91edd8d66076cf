"""Digests of instances with all that they refer to: equal ones say the same, whatever their numbers.

A digest is made of an instance's own text and of the digests of its references, from the leaves up. What is
part of a circle, or refers to one, has none that can be trusted; nor has an instance whose text says the
same in another notation. What digests leave unequal is compared by its values.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.comparison.classes import CONTEXT, OBJECT, RELATION, Classes, flags
from functions.ifc.step.digests import Digests, mix
from functions.ifc.step.rows import MISSING, Links

if TYPE_CHECKING:
    from functions.ifc.comparison.index import Index

DANGLING = np.uint64(0x2545F4914F6CDD1D)


def digest(index: Index, classes: Classes, *, salt: int) -> Digests:
    """Return the digests of a file. Those that cannot be trusted depend on `salt`, and so equal no others.

    Objects and relationships count by their own text: what they refer to is compared for itself. A context
    counts as its class, as a representation names what it is for.
    """
    whats = np.array([flags(names) for names in classes.ancestors(index.schema)] or [0], np.int8)
    what, size = whats[index.kinds], len(index.numbers)
    words = np.where(what & CONTEXT, index.kinds.astype(np.uint64), index.local)
    followed = ~index.histories & ((what[index.owners] & (OBJECT | RELATION | CONTEXT)) == 0)
    owners, targets = index.owners[followed], index.targets[followed]
    # One more row stands for all that is not there.
    starts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=size + 1))]).astype(np.int32)
    links = Links(starts, np.where(targets == MISSING, np.int32(size), targets))
    found = Digests.of(np.append(words, DANGLING), links)
    words, known = found.words[:size], found.known[:size]
    unknown = np.flatnonzero(~known)
    words[unknown] = mix(unknown.astype(np.uint64) + mix(np.array([salt], np.uint64)))
    return Digests(words, known)
