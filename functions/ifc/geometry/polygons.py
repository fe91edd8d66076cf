"""Triangles of flat polygons: many at once where one fan does, by cutting ears where it takes more.

Rings are arrays of corners, metres in and square metres out. What is not a simple, flat polygon has no
triangles here: its caller leaves it to a geometry kernel. Ears: Meisters, "Polygons have ears" (1975);
holes are joined to the outer ring by bridges, as in Eberly, "Triangulation by Ear Clipping" (2002).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

    Integers = NDArray[np.int64]

Flat = list[tuple[float, float]]

FLAT_M = 1e-6  # how far a corner may lie off its polygon's plane
AREA_M2 = 1e-10  # smaller ones are no polygons
SAME = 1e-9  # what areas of a polygon and of its triangles may differ by, relatively
SLIVER = 1e-9  # a triangle of so small a part of its polygon's area is none
MAX_CORNERS = 400  # cutting ears takes the square of it
MAX_PATTERNS = 20  # to try on a polygon
AT_ONCE = 100_000  # numbers
ORIGIN = np.zeros(2)
NO_FAN = -1


def cross(a: Floats, b: Floats) -> Floats:
    """Return the vector products of rows; for few of them much faster than numpy's own."""
    found = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for at, (one, other) in enumerate(((1, 2), (2, 0), (0, 1))):
        found[..., at] = a[..., one] * b[..., other] - a[..., other] * b[..., one]
    return found


def newell(rings: Floats) -> Floats:
    """Return the vector areas of polygons of equally many corners: (k, n, 3) -> (k, 3)."""
    steps = rings - rings[:, :1]
    areas: Floats = cross(steps[:, 1:-1], steps[:, 2:]).sum(axis=1) / 2
    return areas


@dataclass
class Patterns:
    """Triangles that cover polygons: what took ears to find for one of them is tried on all others."""

    learned: dict[tuple[int, ...], list[Integers]] = field(default_factory=dict)

    def cover(self, polygons: Floats, sizes: tuple[int, ...]) -> tuple[Floats, Integers, NDArray[np.bool_]]:
        """Return the unit normals of polygons, their triangles, and which polygons have none.

        Each polygon has rings of so many corners, the outer one first, one after the other: (k, corners, 3).
        Triangles count the corners: (k, triangles, 3).
        """
        triangles = np.zeros((len(polygons), sum(sizes) + 2 * len(sizes) - 4, 3), np.int64)
        normals, areas, sound = _planes(polygons, sizes[0])
        flat = _flatten(polygons, normals)
        left, missing = np.flatnonzero(sound), ~sound
        if len(sizes) == 1:
            starts = fans(flat[left], areas[left])
            triangles[left] = fan(starts, sizes[0])
            left = left[starts == NO_FAN]
        for hole in np.split(flat, np.cumsum(sizes)[:-1], axis=1)[1:]:
            areas = areas - np.abs(_areas(hole[:, :1], hole[:, 1:-1], hole[:, 2:]).sum(axis=1))
        known = self.learned.setdefault(sizes, [])
        for pattern in known:
            left = _try(pattern, flat, areas, triangles, left)
        while len(left):
            first, left = left[0], left[1:]
            made = cut(np.split(polygons[first], np.cumsum(sizes)[:-1]))
            if made is None:
                missing[first] = True
                continue
            triangles[first] = made[1]
            if len(known) < MAX_PATTERNS:
                known.append(made[1])
                left = _try(made[1], flat, areas, triangles, left)
        return normals, triangles, missing


def _try(pattern: Integers, flat: Floats, areas: Floats, triangles: Integers, left: Integers) -> Integers:
    """Note a pattern as the triangles of those polygons that it covers exactly; return the others."""
    if not len(left):
        return left
    a, b, c = np.moveaxis(flat[left][:, pattern], 2, 0)
    parts, whole = _areas(a, b, c), areas[left]
    fits = (parts.min(axis=1) > SLIVER * whole) & (np.abs(parts.sum(axis=1) - whole) <= SAME * whole)
    triangles[left[fits]] = pattern
    rest: Integers = left[~fits]
    return rest


def _planes(polygons: Floats, outer: int) -> tuple[Floats, Floats, NDArray[np.bool_]]:
    """Return the unit normals and areas of outer rings, and whether polygons are flat and have an area."""
    areas = newell(polygons[:, :outer])
    sizes = np.linalg.norm(areas, axis=1)
    normals = areas / np.where(sizes > 0, sizes, 1.0)[:, None]
    heights = np.einsum("knj,kj->kn", polygons - polygons[:, :1], normals)
    return normals, sizes, (sizes > AREA_M2) & (np.abs(heights).max(axis=1) <= FLAT_M)


def _flatten(polygons: Floats, normals: Floats) -> Floats:
    """Return polygons in two dimensions, where their areas are the same."""
    rows = np.arange(len(polygons))
    axis = np.abs(normals).argmax(axis=1)
    flat = np.stack([polygons[rows, :, axis - 2], polygons[rows, :, axis - 1]], axis=2)
    flat -= flat[:, :1]
    with np.errstate(divide="ignore", invalid="ignore"):
        flat[:, :, 0] /= normals[rows, axis][:, None]
    return flat


def _areas(a: Floats, b: Floats, c: Floats) -> Floats:
    """Return the areas of flat triangles, positive when they are counterclockwise."""
    b, c = b - a, c - a
    found: Floats = (b[..., 0] * c[..., 1] - b[..., 1] * c[..., 0]) / 2
    return found


def fans(flat: Floats, areas: Floats) -> Integers:
    """Return the corner from which a fan covers each of some flat polygons, or NO_FAN."""
    corners = np.arange(flat.shape[1])
    found = np.full(len(flat), NO_FAN)
    step = max(1, AT_ONCE // max(flat.size, 1))
    for start in range(0, len(corners), step):
        left = np.flatnonzero(found == NO_FAN)
        if not len(left):
            break
        here, some = flat[left], corners[start : start + step]
        after = np.roll(here, -1, axis=1)
        # The area of a triangle from a corner to an edge: the edge's, seen from the origin, and what the
        # corner adds to it.
        whole, (u, v) = _areas(ORIGIN, here, after), np.moveaxis(here - after, 2, 0) / 2
        x, y = np.moveaxis(here[:, some], 2, 0)
        parts = whole[:, None] + (x[:, :, None] * v[:, None] - y[:, :, None] * u[:, None])
        parts[:, some - start, some] = parts[:, some - start, some - 1] = np.inf  # the corner's own edges
        fits = parts.min(axis=2) > SLIVER * areas[left, None]
        first = np.where(fits.any(axis=1), some[fits.argmax(axis=1)], NO_FAN)
        found[left] = first
    return found


def fan(starts: Integers, corners: int) -> Integers:
    """Return the triangles of fans as numbers of corners: (k,) -> (k, corners - 2, 3)."""
    steps = np.arange(1, corners - 1)
    whole = np.stack([np.zeros_like(steps), steps, steps + 1], axis=1)
    turned: Integers = (whole[None] + starts[:, None, None]) % corners
    return turned


def cut(rings: Sequence[Floats]) -> tuple[Floats, Integers] | None:
    """Return the unit normal of one polygon with holes, and its triangles.

    The outer ring comes first; triangles count the corners of all rings one after the other, and are
    counterclockwise around the normal of the outer ring. None where that cannot be done.
    """
    areas = [newell(ring[None])[0] for ring in rings]
    size = float(np.linalg.norm(areas[0]))
    points = np.concatenate(rings)
    if size <= AREA_M2 or len(points) > MAX_CORNERS:
        return None
    normal = areas[0] / size
    if np.abs((points - points[0]) @ normal).max() > FLAT_M:
        return None
    ends = np.cumsum([len(ring) for ring in rings]).tolist()
    loops = [list(range(end - len(ring), end)) for ring, end in zip(rings, ends, strict=True)]
    for area, hole in zip(areas[1:], loops[1:], strict=True):
        if float(area @ normal) > 0:
            hole.reverse()
    triangles = triangulate(loops, _project(points, normal))
    return None if triangles is None else (normal, np.array(triangles, np.int64))


def triangulate(loops: Sequence[list[int]], flat: Flat) -> list[tuple[int, int, int]] | None:
    """Return the triangles of a counterclockwise ring with clockwise holes; rings are numbers of points.

    None where it is no simple polygon, or the triangles do not cover it exactly.
    """
    sizes = [area_of(loop, flat) for loop in loops]
    left = sum(sizes)
    ring = _bridge(list(loops), flat) if left > SLIVER * sizes[0] > 0 else None
    triangles = None if ring is None else _ears(ring, flat, SLIVER * sizes[0])
    if triangles is None or abs(_sum(triangles, flat) - left) > SAME * sizes[0]:
        return None
    return triangles


def area_of(loop: Sequence[int], flat: Flat) -> float:
    """Return the area of a ring, negative when it is clockwise."""
    first = flat[loop[0]]
    return sum(_turn(first, flat[a], flat[b]) for a, b in pairwise(loop[1:])) / 2


def _project(points: Floats, normal: Floats) -> Flat:
    """Return points in their plane, seen against the normal."""
    axis = np.eye(3)[int(np.abs(normal).argmin())]
    across = np.cross(axis, normal)
    across /= np.linalg.norm(across)
    flat = (points - points[0]) @ np.stack([across, np.cross(normal, across)]).T
    return [(x, y) for x, y in flat.tolist()]


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    """Return twice the area of a triangle, positive when counterclockwise."""
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def _sum(triangles: list[tuple[int, int, int]], flat: Flat) -> float:
    return sum(abs(_turn(flat[a], flat[b], flat[c])) for a, b, c in triangles) / 2


def _bridge(loops: list[list[int]], flat: Flat) -> list[int] | None:
    """Join holes to the outer ring, the one farthest to the right first; None where none is in sight."""
    outer = loops[0]
    holes = sorted(loops[1:], key=lambda hole: -max(flat[corner][0] for corner in hole))
    for place, hole in enumerate(holes):
        start = max(range(len(hole)), key=lambda at: flat[hole[at]])
        turned = hole[start:] + hole[:start]
        walls = [outer, *holes[place:]]
        near = sorted(range(len(outer)), key=lambda at: math.dist(flat[outer[at]], flat[turned[0]]))
        seen = next((at for at in near if _sees(outer, at, turned[0], walls, flat)), None)
        if seen is None:
            return None
        outer = [*outer[: seen + 1], *turned, turned[0], *outer[seen:]]
    return outer


def _sees(outer: list[int], at: int, corner: int, walls: list[list[int]], flat: Flat) -> bool:
    """Tell whether a corner of the outer ring is seen from the corner of a hole, through no edge."""
    before, here, after = (flat[outer[(at + step) % len(outer)]] for step in (-1, 0, 1))
    there = flat[corner]
    left, right = _turn(here, after, there) > 0, _turn(before, here, there) > 0
    inside = (left and right) if _turn(before, here, after) > 0 else (left or right)
    if not inside:
        return False
    for ring in walls:
        for one, other in zip(ring, [*ring[1:], ring[0]], strict=True):
            a, b = flat[one], flat[other]
            if here in (a, b) or there in (a, b):
                continue
            if _turn(here, there, a) * _turn(here, there, b) <= 0 >= _turn(a, b, here) * _turn(a, b, there):
                return False
    return True


def _ears(ring: list[int], flat: Flat, tiny: float) -> list[tuple[int, int, int]] | None:
    """Cut ears off a counterclockwise ring until nothing is left; None where no ear is found."""
    triangles = []
    ring = list(ring)
    while len(ring) > 3:  # noqa: PLR2004 - a triangle
        ear = next((at for at in range(len(ring)) if _is_ear(ring, at, flat, tiny)), None)
        if ear is None:
            return None
        triangles.append((ring[ear - 1], ring[ear], ring[(ear + 1) % len(ring)]))
        del ring[ear]
    triangles.append((ring[0], ring[1], ring[2]))
    return triangles


def _is_ear(ring: list[int], at: int, flat: Flat, tiny: float) -> bool:
    """Tell whether a corner with its neighbours is a triangle inside the ring."""
    a, b, c = (flat[ring[(at + step) % len(ring)]] for step in (-1, 0, 1))
    if _turn(a, b, c) <= tiny:
        return False
    (ax, ay), (bx, by), (cx, cy) = a, b, c
    abx, aby, bcx, bcy, cax, cay = bx - ax, by - ay, cx - bx, cy - by, ax - cx, ay - cy
    for corner in ring:
        point = flat[corner]
        x, y = point
        # The turns from each side to the point, written out: nothing else is asked as often.
        if (
            abx * (y - ay) - aby * (x - ax) >= -tiny
            and bcx * (y - by) - bcy * (x - bx) >= -tiny
            and cax * (y - cy) - cay * (x - cx) >= -tiny
            and point not in (a, b, c)
        ):
            return False
    return True
