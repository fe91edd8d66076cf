"""What a plane cuts out of a mesh, and what is seen of it along the plane's normal.

Both are worked out in the plane's own frame: u and v lie in it, w goes to the eye. Vertices are welded at
a hundredth of a millimetre, so that neighbours share theirs; the plane goes a hair above w = 0, so that no
vertex lies in it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np
from shapely import make_valid
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.ops import unary_union

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats, Mesh

    Triangles = NDArray[np.int64]

WELD_M = 1e-5
HAIR_M = 2e-6
SMOOTH = 0.94  # the cosine of 20 degrees: a flatter edge between two triangles is not drawn
TINY_M2 = 1e-10
CORNERS = 3

FLAT = 1 - 1e-9

Point = tuple[float, float]


@dataclass(frozen=True)
class Cut:
    """What the plane cuts: solid areas, and lines where it cuts faces that enclose nothing."""

    areas: MultiPolygon
    lines: tuple[LineString, ...]


@dataclass(frozen=True)
class Face:
    """A smooth piece of surface that turns to the eye: its outlines in the plane, and its mean w."""

    loops: tuple[tuple[Point, ...], ...]
    depth: float


class Solid:
    """One mesh with welded vertices, in whatever frame: that of a plane to be cut and looked at."""

    def __init__(self, points: Floats, triangles: Triangles) -> None:
        """Take a mesh as it is; `weld` makes one of any."""
        self.points = points
        self.triangles = triangles

    @classmethod
    def weld(cls, points: Floats, triangles: Triangles) -> Self:
        """Weld the vertices, and leave out triangles that have no area."""
        _, first, numbers = np.unique(
            np.round(points / WELD_M).astype(np.int64), axis=0, return_index=True, return_inverse=True
        )
        corners = numbers.reshape(-1)[triangles]
        a, b, c = corners.T
        return cls(points[first], corners[(a != b) & (b != c) & (c != a)])

    @classmethod
    def of(cls, mesh: Mesh) -> Self:
        """Weld a mesh of the geometry stream."""
        return cls.weld(mesh.points, np.concatenate([part for _, part in mesh.parts]).astype(np.int64))

    def move(self, points: Floats) -> Solid:
        """Return the same body elsewhere."""
        return Solid(points, self.triangles)

    def cut(self) -> Cut:
        """Return what the plane w = 0 cuts."""
        segments = self._cross()
        loops: list[list[Point]] = []
        lines: list[LineString] = []
        for chain in _chain(segments):
            places = [self._place(edge) for edge in chain]
            if chain[0] == chain[-1] and len(chain) > CORNERS:
                loops.append(places)
            elif len(set(places)) > 1:
                lines.append(LineString(places))
        return Cut(fill(loops), tuple(lines))

    def _cross(self) -> list[tuple[tuple[int, int], tuple[int, int]]]:
        """Return the segments in which triangles cross the plane, each from an edge to an edge.

        Seen from the eye, what is inside lies to the left of a segment.
        """
        above = self.points[:, 2] > HAIR_M
        signs = above[self.triangles]
        crossing = np.flatnonzero(signs.any(axis=1) & ~signs.all(axis=1))
        found = []
        for corners, high in zip(self.triangles[crossing].tolist(), signs[crossing].tolist(), strict=True):
            alone = high.index(sum(high) == 1)
            top, left, right = corners[alone], corners[alone - 2], corners[alone - 1]
            one = (min(top, left), max(top, left))
            other = (min(top, right), max(top, right))
            found.append((one, other) if high[alone] else (other, one))
        return found

    def _place(self, edge: tuple[int, int]) -> Point:
        """Return where an edge goes through the plane."""
        low, high = self.points[edge[0]], self.points[edge[1]]
        part = (HAIR_M - low[2]) / (high[2] - low[2])
        u, v = low[:2] + (high[:2] - low[:2]) * part
        return float(u), float(v)

    def faces(self) -> list[Face]:
        """Return what turns to the eye and lies below the plane, one face for each smooth piece."""
        points, triangles = _below(self.points, self.triangles)
        if not len(triangles):
            return []
        normals = np.cross(
            points[triangles[:, 1]] - points[triangles[:, 0]],
            points[triangles[:, 2]] - points[triangles[:, 0]],
        )
        lengths = np.linalg.norm(normals, axis=1)
        seen = (normals[:, 2] > 1e-3 * lengths) & (lengths > TINY_M2)
        triangles, normals = triangles[seen], normals[seen] / lengths[seen, None]
        weights = lengths[seen]
        depths = points[triangles][:, :, 2].mean(axis=1)
        return [
            Face(
                tuple(tuple(map(_flat, points[loop])) for loop in _outlines(triangles[piece])),
                float(np.average(depths[piece], weights=weights[piece])),
            )
            for piece in _pieces(triangles, normals)
        ]

    def polygons(self) -> list[list[list[int]]]:
        """Return the surface as flat polygons of vertex numbers: an outline, then the holes in it."""
        corners = self.points[self.triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1)
        triangles, normals = self.triangles[lengths > TINY_M2], normals[lengths > TINY_M2]
        normals = normals / lengths[lengths > TINY_M2, None]
        found = []
        for piece in _pieces(triangles, normals, smooth=FLAT):
            loops = list(_outlines(triangles[piece]))
            turns = [float(_turn(self.points[loop]) @ normals[piece[0]]) for loop in loops]
            order = sorted(range(len(loops)), key=lambda place: -turns[place])
            if sum(turn > 0 for turn in turns) == 1:
                found.append([loops[place] for place in order])
            else:  # outlines that touch one another in a corner
                found += [[triangle] for triangle in triangles[piece].tolist()]
        return found


def fill(loops: Iterable[list[Point]]) -> MultiPolygon:
    """Return the area inside loops: counterclockwise ones enclose it, clockwise ones are holes in it.

    Bodies that overlap are one area. A hole outside of everything is taken for a body turned inside out.
    """
    rings = [Polygon(loop) for loop in loops]
    sound = sorted((ring for ring in rings if ring.area > TINY_M2), key=lambda ring: -ring.area)
    bodies: list[tuple[Polygon, list[Polygon]]] = [(ring, []) for ring in sound if ring.exterior.is_ccw]
    outer = list(bodies)
    for hole in (ring for ring in sound if not ring.exterior.is_ccw):
        inside = hole.representative_point() if hole.is_valid else hole.centroid
        around = [holes for ring, holes in reversed(outer) if ring.area > hole.area and ring.covers(inside)]
        if around:
            around[0].append(hole)
        else:
            bodies.append((hole, []))
    areas = [
        make_valid(ring).difference(unary_union([make_valid(hole) for hole in holes])) if holes
        else make_valid(ring)
        for ring, holes in bodies
    ]  # fmt: skip
    whole = unary_union(areas)
    parts = [part for part in getattr(whole, "geoms", [whole]) if isinstance(part, Polygon)]
    return MultiPolygon([part.normalize() for part in parts if part.area > TINY_M2]).normalize()


def _chain(segments: list[tuple[tuple[int, int], tuple[int, int]]]) -> Iterator[list[tuple[int, int]]]:
    """Yield segments joined end to end: first the open chains, then the loops, whose ends are equal."""
    after: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    ends: dict[tuple[int, int], int] = defaultdict(int)
    for one, other in segments:
        after[one].append(other)
        ends[one] += 1
        ends[other] -= 1
    starts = [node for node, balance in ends.items() if balance > 0]
    for start in (*starts, *list(after)):
        while after[start]:
            chain = [start]
            while after[chain[-1]]:
                chain.append(after[chain[-1]].pop())
                if chain[-1] == start:
                    break
            yield chain


def _below(points: Floats, triangles: Triangles) -> tuple[Floats, Triangles]:
    """Return the part of a mesh below the plane; triangles that cross it are cut in two."""
    high = (points[:, 2] > HAIR_M)[triangles]
    count = high.sum(axis=1)
    kept = [triangles[count == 0]]
    more: list[Floats] = []
    made: dict[tuple[int, int], int] = {}

    def cross(one: int, other: int) -> int:
        key = (min(one, other), max(one, other))
        if key not in made:
            low, top = points[key[0]], points[key[1]]
            made[key] = len(points) + len(more)
            more.append(low + (top - low) * ((HAIR_M - low[2]) / (top[2] - low[2])))
        return made[key]

    rows = []
    crossing = (count == 1) | (count == 2)  # noqa: PLR2004 - of three corners
    for corners, up in zip(triangles[crossing].tolist(), high[crossing].tolist(), strict=True):
        alone = up.index(sum(up) == 1)
        a, b, c = corners[alone], corners[alone - 2], corners[alone - 1]
        if up[alone]:  # one corner is cut off
            rows += [[b, c, cross(a, c)], [b, cross(a, c), cross(a, b)]]
        else:
            rows.append([a, cross(a, b), cross(a, c)])
    kept.append(np.array(rows, dtype=np.int64).reshape(-1, CORNERS))
    return np.concatenate([points, np.array(more).reshape(-1, CORNERS)]), np.concatenate(kept)


def _turn(loop: Floats) -> Floats:
    """Return twice the area of a loop, as a vector along its axis."""
    whole: Floats = np.cross(loop - loop[0], np.roll(loop, -1, axis=0) - loop[0]).sum(axis=0)
    return whole


def _pieces(triangles: Triangles, normals: Floats, *, smooth: float = SMOOTH) -> list[NDArray[np.int64]]:
    """Return the numbers of triangles that hang together without a crease."""
    owners: dict[tuple[int, int], int] = {}
    parents = list(range(len(triangles)))

    def root(number: int) -> int:
        while parents[number] != number:
            parents[number] = parents[parents[number]]
            number = parents[number]
        return number

    directions = normals.tolist()
    for number, (a, b, c) in enumerate(triangles.tolist()):
        x, y, z = directions[number]
        for edge in ((a, b), (b, c), (c, a)):
            owners[edge] = number
            other = owners.get((edge[1], edge[0]))
            if other is not None:
                p, q, r = directions[other]
                if x * p + y * q + z * r > smooth:
                    parents[root(number)] = root(other)
    pieces: dict[int, list[int]] = defaultdict(list)
    for number in range(len(triangles)):
        pieces[root(number)].append(number)
    return [np.array(piece) for piece in pieces.values()]


def _outlines(triangles: Triangles) -> Iterator[list[int]]:
    """Yield the loops of edges that only one of the triangles has."""
    edges = {(a, b) for row in triangles.tolist() for a, b in zip(row, (*row[1:], row[0]), strict=True)}
    alone = sorted(edge for edge in edges if (edge[1], edge[0]) not in edges)
    after: dict[int, list[int]] = defaultdict(list)
    for one, other in alone:
        after[one].append(other)
    for start in list(after):
        while after[start]:
            loop = [start]
            while after[loop[-1]]:
                loop.append(after[loop[-1]].pop())
                if loop[-1] == start:
                    break
            yield loop[:-1] if loop[-1] == start else loop


def _flat(point: Floats) -> Point:
    return float(point[0]), float(point[1])
