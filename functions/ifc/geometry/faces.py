"""Shapes that consist of flat faces, read straight out of the STEP text and made into triangles.

Boundary representations and face sets leave nothing to work out but the triangles of polygons. Each face
keeps corners of its own, with the normal of its plane, as kernels give them. What is out of the ordinary
(a face that is not flat, a ring that crosses itself, a kind that is not known) makes no mesh here, and a
kernel has to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.geometry.polygons import cross, cut, fan, fans, newell

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats
    from functions.ifc.geometry.polygons import Integers
    from functions.ifc.geometry.texts import Line

Face = list[list[int]]
"""Rings of point numbers, the outer one first."""

TRIANGULATED = re.compile(
    rb"\s*=\s*IFCTRIANGULATEDFACESET\s*\(\s*#\d+\s*,.*,\s*(\$|\.[TFU]\.)\s*,"
    rb"\s*\(\s*(\(\s*[0-9][0-9,()\s]*)\)\s*,\s*\$\s*\)\s*",
    re.DOTALL,
)
POLYGONAL = re.compile(
    rb"\s*=\s*IFCPOLYGONALFACESET\s*\(\s*#\d+\s*,\s*(\$|\.[TFU]\.)\s*,\s*\([#0-9,\s]+\)\s*,\s*\$\s*\)\s*"
)
INDEXED = re.compile(rb"\s*=\s*IFCINDEXEDPOLYGONALFACE(?:WITHVOIDS)?\s*\(([0-9,()\s]+)\)\s*")
POINTS = re.compile(rb"\s*=\s*IFCCARTESIANPOINTLIST3D\s*\(\s*\((.*)\)\s*(?:,\s*\$\s*)?\)\s*", re.DOTALL)
POINT = re.compile(rb"=\s*IFCCARTESIANPOINT\s*\(\s*\(([^()]*,[^()]*,[^()]*)\)\s*\)")
RINGS = re.compile(rb"\(([0-9,\s]+)\)")
KIND = re.compile(rb"\s*=\s*(\w+)\s*\(")
SHELLS = (b"IFCCLOSEDSHELL", b"IFCOPENSHELL", b"IFCCONNECTEDFACESET")
MODELS = (b"IFCFACETEDBREP", b"IFCSHELLBASEDSURFACEMODEL", b"IFCFACEBASEDSURFACEMODEL")
TRUE, FALSE = b".T.", b".F."
TRIANGLE, AXES = 3, 3
NOTHING_M2 = 1e-14
SAME_M = 1e-9  # corners as near as that are one


@dataclass(frozen=True)
class Facets:
    """Triangles: points and normals with a row a corner, rows of three corners, and whose they are: a number
    for each triangle. No two triangles of different owners share a corner.
    """

    points: Floats
    normals: Floats
    triangles: Integers
    owners: Integers

    def turn(self, closed: Sequence[bool]) -> Facets:
        """Return the same, with those of the closed surfaces inside out that are it now."""
        a, b, c = np.moveaxis((self.points - self.points[0])[self.triangles], 1, 0)
        parts = np.einsum("ij,ij->i", a, cross(b, c))
        volumes = np.bincount(self.owners, parts, minlength=len(closed))
        wrong = ((volumes < 0) & np.array(closed))[self.owners]
        if not wrong.any():
            return self
        normals, triangles = self.normals.copy(), self.triangles.copy()
        normals[np.unique(triangles[wrong])] *= -1
        triangles[wrong] = triangles[wrong, ::-1]
        return Facets(self.points, normals, triangles, self.owners)


class UnknownError(Exception):
    """What is written is not as it is known here."""


@dataclass
class Faces:
    """The faces in some lines of a STEP file; `scale` is metres per length unit."""

    lines: Mapping[int, Line]
    scale: float

    def make(self, items: Sequence[int]) -> Facets | None:
        """Return the triangles of representation items, in metres; None where a kernel has to make them.

        Their owners are the places of the items.
        """
        points: list[Floats] = []
        faces, closed, owners = list[Face](), list[bool](), list[int]()
        start = 0
        try:
            for place, number in enumerate(items):
                some, rings, whole = self._read(number)
                faces += [[[corner + start for corner in ring] for ring in face] for face in rings]
                owners += [place] * len(rings)
                points.append(some)
                closed.append(whole)
                start += len(some)
            found = mesh(np.concatenate(points) * self.scale, faces, owners)
        except (UnknownError, ValueError, KeyError, IndexError):
            return None
        return found and found.turn(closed)

    def _read(self, number: int) -> tuple[Floats, list[Face], bool]:
        """Return the points of an item, its faces, and whether they are said to enclose something."""
        text, references = self.lines[number]
        if found := TRIANGULATED.fullmatch(text):
            corners = np.array(found[2].translate(None, b"() \r\n").split(b",")).astype(np.int64) - 1
            points = self._list(references[0])
            _check(corners, points)
            return points, [[row] for row in corners.reshape(-1, TRIANGLE).tolist()], found[1] == TRUE
        if found := POLYGONAL.fullmatch(text):
            points = self._list(references[0])
            return points, [self._indexed(face, points) for face in references[1:]], found[1] == TRUE
        kind = _kind(text)
        if kind not in MODELS:
            raise UnknownError
        shells = [self.lines[shell] for shell in references]
        if any(_kind(shell) not in SHELLS for shell, _ in shells):
            raise UnknownError
        faces = [self._face(face) for _, numbers in shells for face in numbers]
        return (*self._gather(faces), kind == MODELS[0])

    def _list(self, number: int) -> Floats:
        """Return the points of an IfcCartesianPointList3D."""
        found = POINTS.fullmatch(self.lines[number][0])
        if found is None:
            raise UnknownError
        numbers = found[1].translate(None, b"() \r\n").split(b",")
        return np.array(numbers).astype(np.float64).reshape(-1, AXES)

    def _indexed(self, number: int, points: Floats) -> Face:
        """Return the rings of an IfcIndexedPolygonalFace, which count points from 1."""
        found = INDEXED.fullmatch(self.lines[number][0])
        if found is None:
            raise UnknownError
        rings = [[int(corner) - 1 for corner in ring.split(b",")] for ring in RINGS.findall(found[1])]
        for ring in rings:
            _check(np.array(ring), points)
        return rings

    def _face(self, number: int) -> Face:
        """Return the rings of an IfcFace as numbers of instances, the outer one first."""
        text, bounds = self.lines[number]
        if b"IFCFACE(" not in text:
            raise UnknownError
        rings: Face = []
        for bound in bounds:
            text, (loop,) = self.lines[bound]
            kind, corners = self.lines[loop]
            straight = TRUE in text
            if b"IFCPOLYLOOP" not in kind or (not straight and FALSE not in text):
                raise UnknownError
            rings.insert(0 if b"OUTER" in text else len(rings), corners if straight else corners[::-1])
        return rings

    def _gather(self, faces: list[Face]) -> tuple[Floats, list[Face]]:
        """Return the points that faces refer to, and the faces with their places instead of numbers."""
        places: dict[int, int] = {}
        placed = [
            [[places.setdefault(corner, len(places)) for corner in ring] for ring in face] for face in faces
        ]
        found = POINT.findall(b"\n".join([self.lines[number][0] for number in places]))
        if len(found) != len(places):
            raise UnknownError
        return np.array(b",".join(found).split(b",")).astype(np.float64).reshape(-1, AXES), placed


def mesh(points: Floats, faces: Sequence[Face], owners: Sequence[int]) -> Facets | None:
    """Return the triangles of faces that belong to owners; None where one of them cannot be made."""
    plain: dict[int, list[int]] = {}
    special: list[int] = []
    for place, face in enumerate(faces):
        if len(face) == 1:
            plain.setdefault(len(face[0]), []).append(place)
        else:
            special.append(place)
    whose = np.array(owners)
    found: list[Facets] = []
    for corners, places in sorted(plain.items()):
        rings = points[np.array([faces[place][0] for place in places])]
        made = _triangles(rings, whose[places]) if corners == TRIANGLE else _fans(rings, whose[places])
        if made is None:
            return None
        found.append(made[0])
        special += [places[left] for left in made[1]]
    for place in special:
        one = _cut(points, faces[place], owners[place])
        if one is None:
            return None
        found.append(one)
    return join([some for some in found if len(some.triangles)])


def join(parts: Sequence[Facets]) -> Facets | None:
    """Return all triangles as one; None when there are none."""
    if not parts:
        return None
    ends = np.cumsum([0, *(len(part.points) for part in parts)]).tolist()
    return Facets(
        np.concatenate([part.points for part in parts]),
        np.concatenate([part.normals for part in parts]),
        np.concatenate([part.triangles + end for part, end in zip(parts, ends, strict=False)]),
        np.concatenate([part.owners for part in parts]),
    )


def _triangles(rings: Floats, owners: Integers) -> tuple[Facets, list[int]]:
    """Return triangles as they are, those without an area left out: they are all flat and simple."""
    areas = newell(rings)
    sizes = np.linalg.norm(areas, axis=1)
    kept = sizes > NOTHING_M2
    starts = np.zeros(int(kept.sum()), np.int64)
    return _fanned(rings[kept], areas[kept] / sizes[kept, None], starts, owners[kept]), []


def _fans(rings: Floats, owners: Integers) -> tuple[Facets, list[int]] | None:
    """Return the triangles of the polygons that a fan covers, and which are left.

    None where one is no polygon: not flat, without an area, or with a corner twice.
    """
    steps = np.abs(rings - rings[:, np.arange(rings.shape[1]) - 1]).max(axis=2)
    if rings.shape[1] < TRIANGLE or (steps <= SAME_M).any():
        return None
    normals, starts = fans(rings)
    if (starts < -1).any():
        return None
    done = starts >= 0
    return _fanned(rings[done], normals[done], starts[done], owners[done]), np.flatnonzero(~done).tolist()


def _fanned(rings: Floats, normals: Floats, starts: Integers, owners: Integers) -> Facets:
    """Return the triangles of polygons of equally many corners, each a fan."""
    count, corners = rings.shape[:2]
    triangles = fan(starts, corners) + (np.arange(count) * corners)[:, None, None]
    return Facets(
        rings.reshape(-1, AXES),
        np.repeat(normals, corners, axis=0),
        triangles.reshape(-1, TRIANGLE),
        np.repeat(owners, corners - 2),
    )


def _cut(points: Floats, face: Face, owner: int) -> Facets | None:
    """Return the triangles of one face that is no fan."""
    rings = [points[ring] for ring in face]
    made = cut(rings) if rings and all(len(ring) >= TRIANGLE for ring in rings) else None
    if made is None:
        return None
    corners, (normal, triangles) = np.concatenate(rings), made
    return Facets(
        corners, np.repeat(normal[None], len(corners), axis=0), triangles, np.full(len(triangles), owner)
    )


def _kind(text: bytes) -> bytes:
    found = KIND.match(text)
    return found[1] if found else b""


def _check(corners: Integers, points: Floats) -> None:
    """Refuse corners that do not exist."""
    if corners.min() < 0 or corners.max() >= len(points):
        raise UnknownError
