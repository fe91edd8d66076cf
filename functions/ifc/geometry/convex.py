"""Convex bodies in plain numbers: so few corners each that arrays would take ten times as long."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import chain, pairwise

from functions.ifc.placements import Vector

Face = Sequence[Vector]
Faces = list[Face]
"""A convex body: the corners of each face, counterclockwise from outside."""

TINY_M = 1e-9
DAMAGED = (ArithmeticError, LookupError, TypeError, ValueError)  # what comes of numbers that are none
TRIANGLE = 3
BOX_FACES, BOX_CORNERS = 6, 4


def clip(faces: Faces, normal: Vector, offset: float) -> Faces:
    """Return the part of a convex body where normal * x <= offset; nothing when nothing is left."""
    a, b, c = normal
    heights = [[a * x + b * y + c * z - offset for x, y, z in face] for face in faces]
    if all(max(row) <= TINY_M for row in heights):
        return faces
    kept: Faces = []
    rim: list[Vector] = []
    for face, row in zip(faces, heights, strict=True):
        corners = _cut(face, row, rim)
        if len(corners) >= TRIANGLE:
            kept.append(corners)
    if not kept or len(rim) < TRIANGLE:
        return kept if volume_of(kept) > TINY_M else []
    return [*kept, _cap(rim, normal)]


def _cut(face: Face, heights: list[float], rim: list[Vector]) -> list[Vector]:
    """Return a face's corners below a plane; where its edges cross the plane goes to `rim` as well."""
    corners = []
    for i, low in enumerate(heights):
        if low <= 0:
            corners.append(face[i])
        high = heights[i + 1 - len(heights)]
        if (low < 0) != (high < 0) and low != high:
            one, other, part = face[i], face[i + 1 - len(heights)], low / (low - high)
            x, y, z = (p + (q - p) * part for p, q in zip(one, other, strict=True))
            corners.append((x, y, z))
            rim.append((x, y, z))
    return corners


def _cap(rim: list[Vector], normal: Vector) -> Face:
    """Return the corners of the cut, counterclockwise around its normal."""
    count = len(rim)
    x, y, z = (sum(values) / count for values in zip(*rim, strict=True))
    across = cross(normal, (1.0, 0.0, 0.0) if abs(normal[0]) < 0.9 else (0.0, 1.0, 0.0))  # noqa: PLR2004
    up = cross(normal, across)

    def angle(corner: Vector) -> float:
        arm = (corner[0] - x, corner[1] - y, corner[2] - z)
        return math.atan2(dot(arm, up), dot(arm, across))

    return sorted(rim, key=angle)


def intersect(body: Faces, other: Faces) -> Faces:
    """Return the common part of two convex bodies."""
    one, two = _extent(body), _extent(other)
    if one and two:
        (a, b, c), (x, y, z) = (tuple(map(choose, one[at], two[at])) for at, choose in ((0, max), (1, min)))
        return _box((a, b, c), (x, y, z)) if min(x - a, y - b, z - c) > TINY_M else []
    for face in other:
        normal = cross(minus(face[1], face[0]), minus(face[2], face[0]))
        length = math.hypot(*normal)
        if length and body:
            x, y, z = (value / length for value in normal)
            body = clip(body, (x, y, z), dot(face[0], (x, y, z)))
    return body


def _extent(faces: Faces) -> tuple[Vector, Vector] | None:
    """Return the lowest and the highest corner of a box along the axes; None of anything else."""
    if len(faces) != BOX_FACES or any(len(face) != BOX_CORNERS for face in faces):
        return None
    low, high = box_of(faces)
    places = map(set, zip(*chain.from_iterable(faces), strict=True))
    for values, least, most in zip(places, low, high, strict=True):
        if any(value - least > TINY_M < most - value for value in values):
            return None
    return low, high


def _box(low: Vector, high: Vector) -> Faces:
    """Return the faces of a box along the axes."""
    (a, b, c), (x, y, z) = low, high
    foot, head = [(a, b, c), (x, b, c), (x, y, c), (a, y, c)], [(a, b, z), (x, b, z), (x, y, z), (a, y, z)]
    sides = [(foot[at - 1], foot[at], head[at], head[at - 1]) for at in range(BOX_CORNERS)]
    return [foot[::-1], head, *sides]


def volume_of(faces: Faces) -> float:
    """Return the volume of a convex body."""
    if not faces:
        return 0.0
    total, (u, v, w) = 0.0, faces[0][0]
    for face in faces:
        first, *fan = [(x - u, y - v, z - w) for x, y, z in face]
        for b, c in pairwise(fan):
            total += dot(first, cross(b, c))
    return total / 6


def box_of(faces: Faces) -> tuple[Vector, Vector]:
    """Return the lowest and the highest corner."""
    x, y, z = zip(*chain.from_iterable(faces), strict=True)
    return (min(x), min(y), min(z)), (max(x), max(y), max(z))


def cross(a: Vector, b: Vector) -> Vector:
    """Return a vector product."""
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def dot(a: Vector, b: Vector) -> float:
    """Return a scalar product."""
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def minus(a: Vector, b: Vector) -> Vector:
    """Return a difference."""
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]
