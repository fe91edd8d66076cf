"""How far one body must be moved at least to come free of another: the penetration depth.

For two convex bodies it is exact: the least overlap over the directions of all faces, and of all pairs of
edges (the separating axis theorem). For others it is a bound that is reached: along the directions of the
largest faces of both, the shortest move that frees the body, whatever it meets on its way.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.columns import Columns

if TYPE_CHECKING:
    from functions.ifc.clash.form import Body
    from functions.ifc.geometry.mesh import Floats

EDGE_PAIRS = 4096  # bodies with more are nearly smooth: their faces look in all directions
DIRECTIONS, FEWEST = 8, 2  # of each body that is not convex: as many as the work allows
PARALLEL = 1e-9
WORK = 1 << 20  # pairs of triangles, times directions
STEP_M, DIGITS = 1e-7, 7


def separate(a: Body, b: Body, origin: Floats) -> tuple[float, Floats, bool]:
    """Return the depth of two convex bodies, negative when they are apart, and where to move b.

    Also returns whether the depth is exact: of nearly smooth bodies only the faces are looked at.
    """
    axes = [a.turn(a.form.normals), b.turn(b.form.normals)]
    exact = len(a.form.edges) * len(b.form.edges) <= EDGE_PAIRS
    if exact:
        pairs = np.cross(a.turn(a.form.edges)[:, None], b.turn(b.form.edges)[None]).reshape(-1, 3)
        lengths = np.linalg.norm(pairs, axis=1)
        skew = lengths > 1e-4  # noqa: PLR2004 - nearly parallel edges say nothing that faces do not say
        axes.append(pairs[skew] / lengths[skew][:, None])
    directions = np.concatenate(axes)
    one, other = directions @ (a.points - origin).T, directions @ (b.points - origin).T
    forward, backward = one.max(axis=1) - other.min(axis=1), other.max(axis=1) - one.min(axis=1)
    overlaps = np.minimum(forward, backward)
    least = int(overlaps.argmin())
    sign = 1.0 if forward[least] <= backward[least] else -1.0
    return float(overlaps[least]), sign * directions[least], exact


def escape(
    a: Body, b: Body, origin: Floats, *, volume: float, nothing: float, enough: float
) -> tuple[float, Floats]:
    """Return the depth of two closed bodies, and where to move b.

    `volume` is the common one; one up to `nothing` is none. A depth up to `enough` is not looked at any
    closer.
    """
    one, other = a.corners(origin), b.corners(origin)
    count = int(np.clip(WORK // (len(one) * len(other)), FEWEST, DIRECTIONS))
    directions = np.concatenate([body.turn(body.form.normals[:count]) for body in (a, b)])
    mine, theirs = directions @ (a.points - origin).T, directions @ (b.points - origin).T
    # As far as the whole of one has passed the whole of the other it is free, whatever their shapes.
    forward, backward = mine.max(axis=1) - theirs.min(axis=1), theirs.max(axis=1) - mine.min(axis=1)
    outer = np.minimum(forward, backward)
    least = int(outer.argmin())
    best, way = float(outer[least]), directions[least] * (1 if forward[least] <= backward[least] else -1)
    least_needed = np.maximum(_chords(a, b, volume, directions), _chords(b, a, volume, directions))
    tried = np.zeros((0, 3))
    for place in np.argsort(least_needed, kind="stable").tolist():
        direction = directions[place]
        if best <= enough or least_needed[place] >= best - STEP_M:
            break
        if len(tried) and np.abs(tried @ direction).max() > 1 - PARALLEL:
            continue
        tried = np.vstack([tried, direction])
        columns = Columns(one, other, frame_of(direction))
        for sign, moves in zip((1.0, -1.0), columns.ways_out(), strict=True):
            found = _first_free(columns, sign, moves, nothing, best)
            if found < best:
                best, way = found, sign * direction
    return best, way


def _chords(a: Body, b: Body, volume: float, directions: Floats) -> Floats:
    """Return how far b must be moved along directions at least.

    On a line through the common part both bodies have a chord in common, and come apart on it only after a
    move as long as that. The longest chord is at least the volume over the area of the common part seen
    along the line, and this at most that of the box, along the axes of a, that holds the common part.
    """
    axes = a.placement[:3, :3]
    mine, theirs = a.points @ axes, b.points @ axes
    sides = np.minimum(mine.max(axis=0), theirs.max(axis=0)) - np.maximum(
        mine.min(axis=0), theirs.min(axis=0)
    )
    faces = np.prod(sides) / np.maximum(sides, 1e-12)
    found: Floats = volume / np.maximum(np.abs(directions @ axes) @ faces, 1e-300)
    return found


def _first_free(columns: Columns, sign: float, moves: Floats, nothing: float, best: float) -> float:
    """Return a short one of some moves that frees the other body, if it is shorter than the best.

    It is sought by halves, so a body that would be free somewhere on the way and not after it may be missed.
    """
    steps = np.unique(np.round(moves[moves < best - STEP_M], DIGITS))
    low, high = 0, len(steps)
    while low < high:
        middle = (low + high) // 2
        if columns.volume(sign * (float(steps[middle]) + STEP_M)) <= nothing:
            high = middle
        else:
            low = middle + 1
    return float(steps[low]) if low < len(steps) else np.inf


def frame_of(direction: Floats) -> Floats:
    """Return a right-handed frame, as rows, whose third axis is the direction."""
    other = np.eye(3)[int(np.abs(direction).argmin())]
    first = np.cross(other, direction)
    first /= np.linalg.norm(first)
    return np.stack([first, np.cross(direction, first), direction])
