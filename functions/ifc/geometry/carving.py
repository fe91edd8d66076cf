"""The surface of a convex body with convex pieces bitten out of it, in plain numbers.

This is what a wall with openings is: every face of the body without the mouths of its openings, and the
openings' own faces, inside out. Bites lie within the body and apart from one another.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

import numpy as np

from functions.ifc.geometry.convex import Face, Faces, cross, dot, minus
from functions.ifc.geometry.faces import Facets
from functions.ifc.geometry.polygons import Flat, area_of, triangulate
from functions.ifc.placements import Vector

Plane = tuple[Vector, float]
"""A unit normal, and how far along it the plane lies from the origin."""
Patch = tuple[Vector, Sequence[Vector], list[tuple[int, int, int]]]
"""A normal, corners, and triangles that count them."""

SAME_M = 1e-7
SAME_NORMAL = 1e-9  # one less the cosine
TINY_M2 = 1e-12
TRIANGLE, PARALLELOGRAM = 3, 4


def carve(body: Faces, bites: Sequence[Faces] = (), *, convex: bool = True) -> Facets | None:
    """Return the surface; None where it is none that is made here.

    What is not `convex` must be extruded, and all of it from the same plane to the same plane.
    """
    walls = [(plane, ring) for face in body if (plane := plane_of(ring := clean(face)))]
    mouths: dict[int, list[Face]] = {}
    patches: list[Patch] = []
    for bite in bites:
        for face in bite:
            ring = clean(face)
            plane = plane_of(ring)
            if plane is None:
                continue
            at = next((at for at, (wall, _) in enumerate(walls) if _is_same(plane, wall)), None)
            if at is None:
                patches.append(_fan(_opposite(plane[0]), ring[::-1]))
            else:
                mouths.setdefault(at, []).append(ring)
    for at, ((normal, _), ring) in enumerate(walls):
        plain = at not in mouths and (convex or _is_side(ring))
        made = [_fan(normal, ring)] if plain else _open(normal, ring, mouths.get(at, []))
        if made is None:
            return None
        patches += made
    return _gather(patches)


def clean(face: Face) -> Face:
    """Return a face without the corners that are where the one before is."""
    return [corner for at, corner in enumerate(face) if math.dist(corner, face[at - 1]) > SAME_M]


def plane_of(ring: Face) -> Plane | None:
    """Return the plane of a face; None where it has no area."""
    if len(ring) < TRIANGLE:
        return None
    arms = [minus(corner, ring[0]) for corner in ring[1:]]
    parts = [cross(one, other) for one, other in pairwise(arms)]
    x, y, z = (sum(values) for values in zip(*parts, strict=True))
    size = math.hypot(x, y, z)
    if size <= TINY_M2:
        return None
    normal = (x / size, y / size, z / size)
    return normal, dot(normal, ring[0])


def _is_side(ring: Face) -> bool:
    """Tell whether a face is a parallelogram, as the sides of an extrusion are."""
    if len(ring) != PARALLELOGRAM:
        return False
    a, b, c, d = ring
    return math.dist(minus(b, a), minus(c, d)) <= SAME_M


def _is_same(one: Plane, other: Plane) -> bool:
    return dot(one[0], other[0]) > 1 - SAME_NORMAL and abs(one[1] - other[1]) <= SAME_M


def _opposite(v: Vector) -> Vector:
    return -v[0], -v[1], -v[2]


def _fan(normal: Vector, ring: Face) -> Patch:
    return normal, ring, [(0, at, at + 1) for at in range(1, len(ring) - 1)]


def _open(normal: Vector, ring: Face, mouths: list[Face]) -> list[Patch] | None:
    """Return a face without its mouths."""
    points = [*ring, *(corner for mouth in mouths for corner in mouth)]
    numbers = _number(points)
    loops = _link(_edges(ring, mouths, points, numbers))
    if loops is None:
        return None
    flat = project(points, normal)
    outer = [loop for loop in loops if area_of(loop, flat) > 0]
    holes = [loop for loop in loops if area_of(loop, flat) <= 0]
    if not outer or (len(outer) > 1 and holes):
        return [] if not loops else None
    patches: list[Patch] = []
    for loop in outer:
        triangles = triangulate([loop, *holes], flat)
        if triangles is None:
            return None
        patches.append((normal, points, triangles))
    return patches


def _number(points: list[Vector]) -> list[int]:
    """Return for each point the first one that is at the same place."""
    return [
        next(at for at, other in enumerate(points) if math.dist(point, other) <= SAME_M) for point in points
    ]


def _edges(
    ring: Face, mouths: list[Face], points: list[Vector], numbers: list[int]
) -> list[tuple[int, int]] | None:
    """Return the edges of a face and, against their direction, of its mouths, as numbers of points.

    The face's own are divided where a mouth has a corner on them; what both share is left out.
    """
    count = len(ring)
    found: dict[tuple[int, int], None] = {}
    for at in range(count):
        stops = _between(points, numbers, at, (at + 1) % count, range(count, len(points)))
        found.update(dict.fromkeys(pairwise(stops)))
    start = count
    for mouth in mouths:
        places = numbers[start : start + len(mouth)]
        for at, corner in enumerate(places):
            edge = (corner, places[at - 1])
            if edge[::-1] in found:
                del found[edge[::-1]]
            elif edge in found:
                return None
            else:
                found[edge] = None
        start += len(mouth)
    return list(found)


def _between(points: list[Vector], numbers: list[int], one: int, other: int, candidates: range) -> list[int]:
    """Return the ends of an edge and what lies on it, in order."""
    start, along = points[one], minus(points[other], points[one])
    length = math.hypot(*along)
    stops: dict[int, float] = {}
    for candidate in candidates:
        arm = minus(points[candidate], start)
        place = dot(arm, along) / length
        if SAME_M < place < length - SAME_M and math.hypot(*cross(arm, along)) <= SAME_M * length:
            stops[numbers[candidate]] = place
    return [numbers[one], *sorted(stops, key=lambda number: stops[number]), numbers[other]]


def _link(edges: list[tuple[int, int]] | None) -> list[list[int]] | None:
    """Return edges as rings; None where two leave the same corner, or one ends nowhere."""
    follow = dict(edges or ())
    if edges is None or len(follow) != len(edges) or {*follow} != {*follow.values()}:
        return None
    loops = []
    while follow:
        start, here = follow.popitem()
        loop = [start]
        while here != start:
            loop.append(here)
            here = follow.pop(here)
        loops.append(loop)
    return loops


def project(points: Sequence[Vector], normal: Vector) -> Flat:
    """Return points without the coordinate that their plane faces most; turns stay as they are."""
    axis = max(range(3), key=lambda at: abs(normal[at]))
    one, other = (axis + 1) % 3, (axis + 2) % 3
    if normal[axis] < 0:
        one, other = other, one
    return [(point[one], point[other]) for point in points]


def _gather(patches: list[Patch]) -> Facets | None:
    """Return patches as one surface, each with corners of its own."""
    points, normals = list[Vector](), list[Vector]()
    triangles = list[tuple[int, int, int]]()
    for normal, corners, some in patches:
        used = {corner: place for place, corner in enumerate(dict.fromkeys(c for row in some for c in row))}
        start = len(points)
        triangles += [(used[a] + start, used[b] + start, used[c] + start) for a, b, c in some]
        points += [corners[corner] for corner in used]
        normals += [normal] * len(used)
    if not triangles:
        return None
    rows = np.array(triangles, np.int64)
    return Facets(np.array(points), np.array(normals), rows, np.zeros(len(rows), np.int64))
