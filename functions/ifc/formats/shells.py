"""Meshes as shells: flat faces with holes, out of triangles that lie in one plane.

Solids and surfaces of CAD formats want faces that share their edges. Vertices are welded first. An edge of
more than two triangles (bodies that touch) is paired within the body: the triangles of a body stand together.
Connected triangles are a shell, closed where every edge has its pair; a closed shell that is inside out
bounds a cavity when another shell is around it, else it is turned.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats, Mesh

    Numbers = NDArray[np.int64]

WELD_DECIMALS = 6  # micrometres: what kernels call one point differs by less
NEAR_M = 2e-6  # from a neighbour's plane: half of it is the rounding of a point
FLAT_M = 1e-5  # from a whole face's plane
TURN = 0.9999  # the cosine of the normals of two triangles that may be of one plane
THIN = 1e-6  # of a triangle: height by length, below which its normal says nothing
FEWEST = 3


@dataclass(frozen=True)
class Face:
    """A face: the number of its material, its outward normal, and loops of points, the outer one first."""

    material: int
    normal: Floats
    loops: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class Shell:
    """Faces that hang together. A closed one bounds a body, with `cavities` in it."""

    faces: tuple[Face, ...]
    closed: bool
    cavities: tuple[Shell, ...] = ()


@dataclass(frozen=True)
class Hull:
    """A mesh as shells over welded points."""

    points: Floats
    shells: tuple[Shell, ...]


def wrap(mesh: Mesh) -> Hull:
    """Return the shells of a mesh."""
    rounded = np.round(mesh.points, WELD_DECIMALS) + 0.0
    points, numbers = np.unique(rounded, axis=0, return_inverse=True)
    corners = np.concatenate([numbers.ravel()[part] for _, part in mesh.parts]).astype(np.int64)
    owners = np.repeat(np.arange(len(mesh.parts)), [len(part) for _, part in mesh.parts])
    whole = (corners != np.roll(corners, 1, axis=1)).all(axis=1)
    return Hull(points, _Surface(points, corners[whole], owners[whole]).shells())


class _Surface:
    """Triangles with their half-edges: number 3 t + i goes from corner i of triangle t to the next one."""

    def __init__(self, points: Floats, corners: Numbers, owners: Numbers) -> None:
        self.points, self.corners, self.owners = points, corners, owners
        places = points[corners]
        across = np.cross(places[:, 1] - places[:, 0], places[:, 2] - places[:, 0])
        lengths = np.linalg.norm(across, axis=1)
        self.sides = np.linalg.norm(np.roll(places, -1, axis=1) - places, axis=2)
        self.areas = lengths / 2
        self.normals = across / np.where(lengths > 0, lengths, 1.0)[:, None]
        self.thin = lengths <= THIN * self.sides.max(axis=1, initial=0.0) ** 2
        self.starts = corners.ravel()
        self.mates = self._pair()

    def shells(self) -> tuple[Shell, ...]:
        """Return the shells, in the order of their first triangles."""
        if not len(self.corners):
            return ()
        paired = np.flatnonzero(self.mates > np.arange(len(self.mates)))
        groups = _join(len(self.corners), paired // 3, self.mates[paired] // 3)
        regions = self._regions(paired)
        faces: dict[int, list[Face]] = defaultdict(list)
        for triangles in _groups(regions):
            faces[int(groups[triangles[0]])] += self._faces(triangles, regions)
        closed = np.ones(len(groups), bool)
        closed[groups[np.flatnonzero(self.mates < 0) // 3]] = False
        volumes = np.zeros(len(groups))
        middle = self.points.mean(axis=0)
        one, two, three = np.moveaxis(self.points[self.corners] - middle, 1, 0)
        np.add.at(volumes, groups, np.einsum("ij,ij->i", one, np.cross(two, three)) / 6)
        return self._sort(faces, closed, volumes)

    def _sort(
        self, faces: dict[int, list[Face]], closed: NDArray[np.bool_], volumes: Floats
    ) -> tuple[Shell, ...]:
        """Put cavities into the shells around them, and turn what is inside out."""
        boxes = {group: self._box(found) for group, found in faces.items()}
        whole = {group: volume for group, volume in enumerate(volumes.tolist()) if closed[group]}
        cavities: dict[int, list[Shell]] = defaultdict(list)
        outer: dict[int, tuple[Face, ...]] = {}
        for group, found in faces.items():
            volume = whole.get(group, 0.0)
            outer[group] = tuple(map(_turn, found)) if volume < 0 else tuple(found)
            around = (
                other
                for other in faces
                if volume < 0 and whole.get(other, 0.0) > -volume and _inside(boxes[group], boxes[other])
            )
            body = next(around, None)
            if body is not None:
                cavities[body].append(Shell(outer.pop(group), closed=True))
        return tuple(
            Shell(found, bool(closed[group]), tuple(cavities[group])) for group, found in outer.items()
        )

    def _box(self, faces: list[Face]) -> Floats:
        used = self.points[[number for face in faces for number in face.loops[0]]]
        return np.stack([used.min(axis=0), used.max(axis=0)])

    def _pair(self) -> Numbers:
        """Return the opposite of each half-edge, or -1."""
        starts, ends = self.starts, np.roll(self.corners, -1, axis=1).ravel()
        low, high = np.minimum(starts, ends), np.maximum(starts, ends)
        order = np.lexsort((np.arange(len(starts)), high, low))
        low, high = low[order], high[order]
        first = np.flatnonzero(np.r_[True, (low[1:] != low[:-1]) | (high[1:] != high[:-1])])
        counts = np.diff(np.r_[first, len(order)]) if len(order) else first
        mates = np.full(len(starts), -1, np.int64)
        two = first[counts == 2]  # noqa: PLR2004 - the two sides of an edge
        one, other = order[two], order[two + 1]
        fits = starts[one] != starts[other]
        mates[one[fits]], mates[other[fits]] = other[fits], one[fits]
        for place, count in zip(first[counts > 2].tolist(), counts[counts > 2].tolist(), strict=True):  # noqa: PLR2004
            waiting: list[int] = []
            for edge in order[place : place + count].tolist():
                if waiting and starts[waiting[-1]] != starts[edge]:
                    mate = waiting.pop()
                    mates[mate], mates[edge] = edge, mate
                else:
                    waiting.append(edge)
        return mates

    def _regions(self, paired: Numbers) -> Numbers:
        """Return for each triangle the number of the flat region that it is in."""
        one, other = paired // 3, self.mates[paired] // 3
        larger = np.where(self.areas[one] >= self.areas[other], one, other)
        far = np.where(larger == one, self.mates[paired], paired)
        tips = self.points[self.corners[far // 3, (far + 2) % 3]]
        offsets = np.abs(
            np.einsum("ij,ij->i", tips - self.points[self.corners[larger, 0]], self.normals[larger])
        )
        even = np.einsum("ij,ij->i", self.normals[one], self.normals[other]) > TURN
        sound = ~self.thin[one] & ~self.thin[other]
        flat = sound & even & (offsets < NEAR_M) & (self.owners[one] == self.owners[other])
        links = [(one[flat], other[flat])]
        # A thin triangle fills a seam: it goes with the neighbour along its longest side.
        thin = np.flatnonzero(self.thin)
        mates = self.mates[3 * thin + self.sides[thin].argmax(axis=1)]
        held = mates >= 0
        held[held] = self.owners[thin[held]] == self.owners[mates[held] // 3]
        links.append((thin[held], mates[held] // 3))
        return _join(len(self.corners), *(np.concatenate(ends) for ends in zip(*links, strict=True)))

    def _faces(self, triangles: Numbers, regions: Numbers) -> list[Face]:
        """Return a region as one face, or as its triangles where that is not possible."""
        if len(triangles) > 1:
            face = self._merge(triangles, regions)
            if face is not None:
                return [face]
        return [
            Face(int(self.owners[t]), self.normals[t], (tuple(self.corners[t].tolist()),))
            for t in triangles.tolist()
        ]

    def _merge(self, triangles: Numbers, regions: Numbers) -> Face | None:
        """Return a flat region as one face; None where it is not flat or touches itself."""
        normal = (self.normals[triangles] * self.areas[triangles, None]).sum(axis=0)
        length = float(np.linalg.norm(normal))
        if not length:
            return None
        normal = normal / length
        heights = self.points[self.corners[triangles].ravel()] @ normal
        if float(np.ptp(heights)) > FLAT_M:
            return None
        loops = self._loops(triangles, regions)
        if any(len(set(loop)) < len(loop) or len(loop) < FEWEST for loop in loops):
            return None
        areas = [self._area(loop, normal) for loop in loops]
        outer = [loop for loop, area in zip(loops, areas, strict=True) if area > 0]
        if len(outer) != 1:
            return None
        holes = [loop for loop, area in zip(loops, areas, strict=True) if area <= 0]
        return Face(int(self.owners[triangles[0]]), normal, (outer[0], *holes))

    def _loops(self, triangles: Numbers, regions: Numbers) -> list[tuple[int, ...]]:
        """Walk along the rim of a region."""
        region, mates, starts = int(regions[triangles[0]]), self.mates, self.starts
        edges = (3 * triangles[:, None] + np.arange(3)).ravel()
        across = mates[edges]
        rim = edges[(across < 0) | (regions[across // 3] != region)].tolist()
        left, loops = dict.fromkeys(rim), []
        for first in rim:
            if first not in left:
                continue
            loop, edge = [], first
            while edge in left:
                del left[edge]
                loop.append(int(starts[edge]))
                edge = _next(edge)
                while mates[edge] >= 0 and regions[mates[edge] // 3] == region:
                    edge = _next(int(mates[edge]))
            loops.append(tuple(loop))
        return loops

    def _area(self, loop: tuple[int, ...], normal: Floats) -> float:
        """Return twice the area of a loop as seen against a normal."""
        x, y, z = (self.points[list(loop)] - self.points[loop[0]]).T
        one, two, three = (np.concatenate([row[1:], row[:1]]) for row in (x, y, z))
        across = (y @ three - z @ two, z @ one - x @ three, x @ two - y @ one)
        return float(np.dot(across, normal))


def _next(edge: int) -> int:
    """Return the half-edge that follows in the same triangle."""
    return edge - 2 if edge % 3 == 2 else edge + 1  # noqa: PLR2004


def _turn(face: Face) -> Face:
    return Face(face.material, -face.normal, tuple(loop[::-1] for loop in face.loops))


def _inside(box: Floats, other: Floats) -> bool:
    return bool((box[0] >= other[0]).all() and (box[1] <= other[1]).all())


def _join(size: int, ones: Numbers, others: Numbers) -> Numbers:
    """Return for each of `size` things the least one that it is linked to, however far."""
    parents = list(range(size))

    def find(thing: int) -> int:
        while parents[thing] != thing:
            parents[thing] = parents[parents[thing]]
            thing = parents[thing]
        return thing

    for one, other in zip(ones.tolist(), others.tolist(), strict=True):
        a, b = find(one), find(other)
        if a != b:
            parents[max(a, b)] = min(a, b)
    return np.array([find(thing) for thing in range(size)], np.int64)


def _groups(labels: Numbers) -> list[Numbers]:
    """Return the places of each label, the label that comes first first."""
    order = np.argsort(labels, kind="stable")
    cuts = np.flatnonzero(np.diff(labels[order])) + 1
    return np.split(order, cuts)
