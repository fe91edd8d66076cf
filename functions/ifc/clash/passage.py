"""How lines pass through surfaces: how deep, and whether a body passes through another."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.form import Body, Pair, count_pieces
from functions.ifc.clash.spans import Boxes, Spans, products
from functions.ifc.clash.vectors import cross, dot, holds, laid, lengths, normals, take

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

    Mask = NDArray[np.bool_]
    Numbers = NDArray[np.int64]

CHUNK = 1 << 14  # pairs looked at in one go: as many as the processor's caches hold
INSIDE = 0.5  # of a full turn: a point inside a closed surface sees all of it, one outside nothing
SEEN_M = 1e-4  # what is inside by less is on the surface
ROUNDING_M = 1e-9


def find_inside(points: Floats, triangles: Floats) -> Mask:
    """Tell which points a closed surface winds around (van Oosterom and Strackee, 1983)."""
    return _find_inside(points, Spans([len(points)]), triangles, Spans([len(triangles)]))


def _find_inside(points: Floats, mine: Spans, triangles: Floats, theirs: Spans) -> Mask:
    """Tell which points the closed surface of the same owner winds around."""
    turns = np.zeros(len(points))
    triangles, points = laid(triangles), laid(points)
    widths = theirs.counts[mine.owners]
    ends = np.cumsum(widths)
    start = 0
    while start < len(points):
        done = ends[start] - widths[start]
        end = max(start + 1, int(np.searchsorted(ends, done + CHUNK, side="right")))
        some = Spans(np.bincount(mine.owners[start:end], minlength=len(mine.counts)))
        rows, columns = products(some, theirs)
        turns[start:end] = np.bincount(
            rows, _angles(take(points, rows + start), take(triangles, columns)), end - start
        )
        start = end
    return turns > INSIDE


def _angles(points: Floats, triangles: Floats) -> Floats:
    """Return the parts of a full turn that points see triangles under."""
    a, b, c = (triangles[:, corner] - points for corner in range(3))
    x, y, z = lengths(a), lengths(b), lengths(c)
    low = x * y * z + dot(a, b) * z + dot(b, c) * x + dot(c, a) * y
    found: Floats = np.arctan2(dot(a, cross(b, c)), low) / (2 * np.pi)
    return found


def measure_surfaces(a: Body, b: Body, origin: Floats) -> tuple[float, Floats, Floats] | None:
    """Return how deep edges of one surface reach behind faces of the other, where, and the face's normal.

    This is what can be said of surfaces that are open. An edge that goes through a face reaches as deep as
    the nearer one of its ends stands from the plane. The normal points to the side of the other surface's
    faces that the way out is on. None where no edge goes through a face.
    """
    best: tuple[float, Floats, Floats] | None = None
    for one, other, sign in ((a, b, -1.0), (b, a, 1.0)):
        found = _reach(one, other.corners(origin), origin)
        if found is not None and (best is None or found[0] > best[0]):
            best = found[0], found[1], sign * found[2]
    return best


def _reach(body: Body, faces: Floats, origin: Floats) -> tuple[float, Floats, Floats] | None:
    """Return how deep edges of a body reach through faces, the place and the way back."""
    ends = (body.points - origin)[body.form.segments]
    units = normals(faces)
    units /= np.maximum(lengths(units), 1e-300)[:, None]
    low, high = faces.min(axis=(0, 1)), faces.max(axis=(0, 1))
    ends = ends[((ends.max(axis=1) >= low) & (ends.min(axis=1) <= high)).all(axis=1)]
    best = None
    step = max(1, CHUNK // max(len(faces), 1))
    for start in range(0, len(ends), step):
        some = ends[start : start + step]
        heights = [((some[:, k, None] - faces[None, :, 0]) * units[None]).sum(axis=2) for k in (0, 1)]
        rows, columns = np.nonzero((heights[0] < 0) != (heights[1] < 0))
        one, two = heights[0][rows, columns], heights[1][rows, columns]
        places = some[rows, 0] + (one / (one - two))[:, None] * (some[rows, 1] - some[rows, 0])
        inside = holds(faces[columns], units[columns], places)
        depths = np.where(inside, np.minimum(np.abs(one), np.abs(two)), -1.0)
        most = int(depths.argmax()) if len(depths) else -1
        if most >= 0 and depths[most] >= 0 and (best is None or depths[most] > best[0]):
            side = one[most] if abs(one[most]) < abs(two[most]) else two[most]
            best = float(depths[most]), places[most], -np.sign(side) * units[columns[most]]
    return best


def find_passing(pairs: Sequence[Pair]) -> Mask:
    """Tell of which pairs the first falls apart where it is inside the second: it passes right through it.

    Edges that go through the inside of the other body are left out; what is outside then hangs together
    in as many pieces as before, or in more.
    """
    points, mine = _gather([pair.a.points - pair.origin for pair in pairs])
    faces, theirs = _gather([pair.other for pair in pairs])
    counts = [len(pair.a.form.segments) for pair in pairs]
    segments = (
        np.concatenate([pair.a.form.segments for pair in pairs]) + np.repeat(mine.starts, counts)[:, None]
    )
    edges = Spans(counts)
    surface = Boxes(faces, theirs)
    near = Boxes(points[segments], edges).near(surface, 0.0)
    entering = np.zeros(len(segments), bool)
    entering[near] = _enter(points[segments[near]], edges.take(near), faces, surface)
    through = np.bincount(edges.owners[entering], minlength=len(pairs)) > 0
    kept = ~entering & through[edges.owners]
    touched = np.unique(segments[kept])
    pieces = count_pieces(segments[kept], mine.owners, touched, len(pairs))
    alone = np.setdiff1d(segments[entering], touched)
    owners = mine.owners[alone]
    outside = ~_find_inside(points[alone], Spans(np.bincount(owners, minlength=len(pairs))), faces, theirs)
    pieces += np.bincount(owners[outside], minlength=len(pairs))
    found: Mask = through & (pieces > [pair.a.form.pieces for pair in pairs])
    return found


def _gather(parts: Sequence[Floats]) -> tuple[Floats, Spans]:
    return np.concatenate(parts), Spans([len(part) for part in parts])


def _enter(ends: Floats, edges: Spans, faces: Floats, surface: Boxes) -> Mask:
    """Tell which segments are inside the closed surface of their owner somewhere along their way."""
    rows, columns = Boxes(ends, edges).meet(surface, ROUNDING_M)
    ends, faces = laid(ends), laid(faces)
    start, step = ends[:, 0], ends[:, 1] - ends[:, 0]
    across = normals(faces)
    corner, normal = take(faces[:, 0], columns), take(across, columns)
    one = dot(take(start, rows) - corner, normal)
    two = dot(take(ends[:, 1], rows) - corner, normal)
    crossed = (one < 0) != (two < 0)
    rows, columns, along = rows[crossed], columns[crossed], one[crossed] / (one[crossed] - two[crossed])
    places = take(start, rows) + along[:, None] * take(step, rows)
    inside = holds(take(faces, columns), take(across, columns), places)
    owner = np.concatenate([np.repeat(np.arange(len(ends)), 2), rows[inside]])
    part = np.concatenate([np.tile([0.0, 1.0], len(ends)), along[inside]])
    order = np.lexsort((part, owner))
    owner, part = owner[order], part[order]
    seen = (part[1:] - part[:-1]) * lengths(step)[owner[1:]] > SEEN_M
    spans = np.flatnonzero((owner[1:] == owner[:-1]) & seen)
    owner, middles = owner[spans], (part[spans] + part[spans + 1]) / 2
    places = start[owner] + middles[:, None] * step[owner]
    mine = Spans(np.bincount(edges.owners[owner], minlength=len(edges.counts)))
    near = Boxes(places[:, None], mine).near(surface, ROUNDING_M)
    owner = owner[near]
    found = np.zeros(len(ends), bool)
    found[owner[_find_inside(places[near], mine.take(near), faces, surface.spans)]] = True
    return found
