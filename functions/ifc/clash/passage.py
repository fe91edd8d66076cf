"""How lines pass through surfaces: how deep, and whether a body passes through another."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.distance import holds
from functions.ifc.clash.form import Body, count_pieces

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

    Mask = NDArray[np.bool_]

CHUNK = 1 << 17
INSIDE = 0.5  # of a full turn: a point inside a closed surface sees all of it, one outside nothing
SEEN_M = 1e-4  # what is inside by less is on the surface


def find_inside(points: Floats, triangles: Floats) -> Mask:
    """Tell which points a closed surface winds around (van Oosterom and Strackee, 1983)."""
    turns = np.zeros(len(points))
    step = max(1, CHUNK // max(len(triangles), 1))
    for start in range(0, len(points), step):
        a, b, c = np.moveaxis(triangles[None] - points[start : start + step, None, None], 2, 0)
        x, y, z = (np.linalg.norm(side, axis=2) for side in (a, b, c))
        top = (a * np.cross(b, c)).sum(axis=2)
        low = x * y * z + (a * b).sum(axis=2) * z + (b * c).sum(axis=2) * x + (c * a).sum(axis=2) * y
        turns[start : start + step] = np.arctan2(top, low).sum(axis=1) / (2 * np.pi)
    return turns > INSIDE


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
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    normals /= np.maximum(np.linalg.norm(normals, axis=1), 1e-300)[:, None]
    low, high = faces.min(axis=(0, 1)), faces.max(axis=(0, 1))
    ends = ends[((ends.max(axis=1) >= low) & (ends.min(axis=1) <= high)).all(axis=1)]
    best = None
    step = max(1, CHUNK // max(len(faces), 1))
    for start in range(0, len(ends), step):
        some = ends[start : start + step]
        heights = [((some[:, k, None] - faces[None, :, 0]) * normals[None]).sum(axis=2) for k in (0, 1)]
        rows, columns = np.nonzero((heights[0] < 0) != (heights[1] < 0))
        one, two = heights[0][rows, columns], heights[1][rows, columns]
        places = some[rows, 0] + (one / (one - two))[:, None] * (some[rows, 1] - some[rows, 0])
        inside = holds(faces[columns], normals[columns], places)
        depths = np.where(inside, np.minimum(np.abs(one), np.abs(two)), -1.0)
        most = int(depths.argmax()) if len(depths) else -1
        if most >= 0 and depths[most] >= 0 and (best is None or depths[most] > best[0]):
            side = one[most] if abs(one[most]) < abs(two[most]) else two[most]
            best = float(depths[most]), places[most], -np.sign(side) * normals[columns[most]]
    return best


def passes(a: Body, b: Body, origin: Floats) -> bool:
    """Tell whether a body falls apart where it is inside another one: it passes right through that one.

    Edges that go through the inside of the other body are left out; what is outside then hangs together
    in as many pieces as before, or in more.
    """
    faces = b.corners(origin)
    points = a.points - origin
    segments = a.form.segments
    low, high = faces.min(axis=(0, 1)), faces.max(axis=(0, 1))
    near = ((points[segments].max(axis=1) > low) & (points[segments].min(axis=1) < high)).all(axis=1)
    entering = np.zeros(len(segments), bool)
    entering[near] = _enter(points[segments[near]], faces)
    if not entering.any():
        return False
    touched = np.unique(segments[~entering])
    pieces = count_pieces(segments[~entering], len(points), touched)
    alone = np.setdiff1d(np.unique(segments), touched)
    outside = int((~find_inside(points[alone], faces)).sum()) if len(alone) else 0
    return pieces + outside > count_pieces(segments, len(points), np.unique(segments))


def _enter(ends: Floats, faces: Floats) -> Mask:
    """Tell which segments are inside a closed surface somewhere along their way."""
    normals = np.cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    owners, parts = [np.repeat(np.arange(len(ends)), 2)], [np.tile([0.0, 1.0], len(ends))]
    step = max(1, CHUNK // max(len(faces), 1))
    for start in range(0, len(ends), step):
        some = ends[start : start + step]
        one, two = (((some[:, k, None] - faces[None, :, 0]) * normals[None]).sum(axis=2) for k in (0, 1))
        rows, columns = np.nonzero((one < 0) != (two < 0))
        along = one[rows, columns] / (one[rows, columns] - two[rows, columns])
        places = some[rows, 0] + along[:, None] * (some[rows, 1] - some[rows, 0])
        inside = holds(faces[columns], normals[columns], places)
        owners.append(rows[inside] + start)
        parts.append(along[inside])
    owner, part = np.concatenate(owners), np.concatenate(parts)
    order = np.lexsort((part, owner))
    owner, part = owner[order], part[order]
    lengths = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1)
    spans = np.flatnonzero((owner[1:] == owner[:-1]) & ((part[1:] - part[:-1]) * lengths[owner[1:]] > SEEN_M))
    middles = (part[spans] + part[spans + 1]) / 2
    places = ends[owner[spans], 0] + middles[:, None] * (ends[owner[spans], 1] - ends[owner[spans], 0])
    found = np.zeros(len(ends), bool)
    found[owner[spans][find_inside(places, faces)]] = True
    return found
