"""Triangles joined to convex quadrilaterals where two lie in one plane: half as many faces to compare."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.vectors import cross, dot, lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

    Numbers = NDArray[np.int64]

FLAT_M = 1e-9  # how far the fourth corner may stand out of the plane of the others
ROUNDS = 4  # of choosing neighbours: those left are the ends of rows, and hardly any


def join(points: Floats, triangles: Numbers) -> Numbers:
    """Return the faces as four numbers of points each; a triangle that stays one repeats its first.

    Triangles are joined over their longest edges first: what was a rectangle becomes one again.
    """
    quads, sides, sizes = _candidates(points, triangles)
    chosen = np.zeros(len(quads), bool)
    free = np.ones(len(triangles), bool)
    for _ in range(ROUNDS):
        left = np.flatnonzero(free[sides].all(axis=1))
        if not len(left):
            break
        # Sorted by size: the first one of a triangle is its best.
        left = left[np.argsort(-sizes[left], kind="stable")]
        best = np.full(len(triangles), -1)
        best[sides[left[::-1]]] = left[::-1, None]
        mutual = left[(best[sides[left]] == left[:, None]).all(axis=1)]
        chosen[mutual] = True
        free[sides[mutual]] = False
    return np.concatenate([quads[chosen], triangles[free][:, [0, 1, 2, 0]]])


def _candidates(points: Floats, triangles: Numbers) -> tuple[Numbers, Numbers, Floats]:
    """Return the convex quadrilaterals of two neighbours, these, and the lengths of the edges between."""
    starts = triangles.T.reshape(-1)
    ends = triangles[:, [1, 2, 0]].T.reshape(-1)
    tips = triangles[:, [2, 0, 1]].T.reshape(-1)
    owners = np.tile(np.arange(len(triangles)), 3)
    order = np.lexsort((starts, np.maximum(starts, ends), np.minimum(starts, ends)))
    starts, ends, tips, owners = starts[order], ends[order], tips[order], owners[order]
    # Neighbours run along their edge in opposite directions.
    facing = np.flatnonzero((starts[1:] == ends[:-1]) & (ends[1:] == starts[:-1]))
    quads = np.stack([ends[facing], tips[facing], starts[facing], tips[facing + 1]], axis=1)
    sides = np.stack([owners[facing], owners[facing + 1]], axis=1)
    a, b, c, d = points[quads.T]
    across = cross(c - a, d - b)
    flat = np.abs(dot(d - a, cross(b - a, c - a))) <= FLAT_M * lengths(cross(b - a, c - a))
    corners = (a, b, c, d)
    for place in range(4):
        before, here, after = corners[place - 1], corners[place], corners[(place + 1) % 4]
        flat &= dot(cross(here - before, after - here), across) >= 0
    return quads[flat], sides[flat], lengths(c - a)[flat]
