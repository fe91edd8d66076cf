"""Shapes that consist of flat faces, read straight out of the STEP text and made into triangles.

Boundary representations and face sets leave nothing to work out but the triangles of polygons, and those of
many elements are worked out at once. Each face keeps corners of its own, with the normal of its plane, as
kernels give them. What is out of the ordinary (a face that is not flat, a ring that crosses itself, a kind
that is not known, a style of a face) makes no mesh here, and a kernel has to.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.ifc.geometry.polygons import Patterns, cross, newell
from functions.ifc.step.rows import MISSING, distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats
    from functions.ifc.geometry.polygons import Integers
    from functions.ifc.geometry.texts import Rows, Texts

    Marks = NDArray[np.bool_]

TRIANGULATED = re.compile(
    rb"\s*=\s*IFCTRIANGULATEDFACESET\s*\(\s*#\d+\s*,.*,\s*(\$|\.[TFU]\.)\s*,"
    rb"\s*\(\s*(\(\s*[0-9][0-9,()\s]*)\)\s*,\s*\$\s*\)\s*",
    re.DOTALL,
)
POLYGONAL = re.compile(
    rb"\s*=\s*IFCPOLYGONALFACESET\s*\(\s*#\d+\s*,\s*(\$|\.[TFU]\.)\s*,\s*\([#0-9,\s]+\)\s*,\s*\$\s*\)\s*"
)
INDEXED = re.compile(rb"\s*=\s*IFCINDEXEDPOLYGONALFACE(?:WITHVOIDS)?\s*\(([0-9,()\s]+)\)\s*")
LIST = re.compile(rb"\s*=\s*IFCCARTESIANPOINTLIST3D\s*\(\s*\((.*)\)\s*(?:,\s*\$\s*)?\)\s*", re.DOTALL)
RINGS = re.compile(rb"\(([0-9,\s]+)\)")
MODEL = re.compile(
    rb"\s*=\s*IFC(FACETEDBREP|SHELLBASEDSURFACEMODEL|FACEBASEDSURFACEMODEL)\s*\([#0-9,()\s]+\)\s*"
)
SHELL = re.compile(rb"\s*=\s*IFC(?:CLOSEDSHELL|OPENSHELL|CONNECTEDFACESET)\s*\(\s*\([#0-9,\s]+\)\s*\)\s*")
FACE = re.compile(rb"\s*=\s*IFCFACE\s*\(\s*\([#0-9,\s]+\)\s*\)\s*")
BOUND = re.compile(rb"\s*=\s*IFCFACE(OUTER)?BOUND\s*\(\s*#\d+\s*,\s*\.([TF])\.\s*\)\s*")
LOOP = re.compile(rb"\s*=\s*IFCPOLYLOOP\s*\(\s*\([#0-9,\s]+\)\s*\)\s*")
POINT = re.compile(rb"\s*=\s*IFCCARTESIANPOINT\s*\(\s*\(([^()]*,[^()]*,[^()]*)\)\s*\)\s*")
NOWHERE = b"nan,nan,nan"
TRIANGLE, AXES = 3, 3
NOTHING_M2 = 1e-14
SAME_M = 1e-9  # corners as near as that are one
MAX_PARTS = 200_000  # of faces, to be read at once
AT_ONCE = 4000  # faces to be made at once
MODELS = 50  # whose corners are read at once


@dataclass(frozen=True)
class Facets:
    """Triangles: points and normals with a row a corner, rows of three corners, and whose they are: a number
    for each triangle. No two triangles of different owners share a corner.
    """

    points: Floats
    normals: Floats
    triangles: Integers
    owners: Integers

    def turn(self, closed: Marks) -> Facets:
        """Return the same, with those of the closed surfaces inside out that are it now."""
        firsts = np.zeros((len(closed), AXES))
        firsts[self.owners[::-1]] = self.points[self.triangles[::-1, 0]]
        origins = firsts[self.owners]
        a, b, c = (self.points[corner] - origins for corner in self.triangles.T)
        volumes = np.bincount(self.owners, np.einsum("ij,ij->i", a, cross(b, c)), minlength=len(closed))
        wrong = ((volumes < 0) & closed)[self.owners]
        if not wrong.any():
            return self
        normals, triangles = self.normals.copy(), self.triangles.copy()
        normals[distinct(triangles[wrong])] *= -1
        triangles[wrong] = triangles[wrong, ::-1]
        return Facets(self.points, normals, triangles, self.owners)

    def pick(self, triangles: Marks) -> Facets:
        """Return some of the triangles, which share no corner with the others."""
        used = distinct(self.triangles[triangles])
        places = np.searchsorted(used, self.triangles[triangles])
        return Facets(self.points[used], self.normals[used], places, self.owners[triangles])


@dataclass(frozen=True)
class Rings:
    """Faces that belong to owners: `corners` are rows of `points`, of each ring in turn; face f has the rings
    `first[f]:first[f + 1]`, the outer one first, and ring r the corners `start[r]:start[r + 1]`.
    """

    points: Floats
    corners: Integers
    start: Integers
    first: Integers
    owners: Integers


class UnknownError(Exception):
    """What is written is not as it is known here."""


@dataclass
class Faces:
    """Makes the faces of one model; `scale` is metres per length unit, `styled` tells which rows of the index
    have a style of their own.
    """

    texts: Texts
    scale: float
    styled: Marks
    _patterns: Patterns = field(default_factory=Patterns)
    _lines: dict[int, bytes] = field(default_factory=dict)

    def make(self, elements: Sequence[Sequence[int]]) -> list[Facets | None]:
        """Return the triangles of elements, given by their representation items, in metres.

        None where a kernel has to make an element. Their owners are the places of the items.
        """
        counts = [len(items) for items in elements]
        rows = self.texts.index.rows([item for items in elements for item in items])
        ends = np.cumsum([0, *counts])
        sizes = np.cumsum([0, *self._count(rows)])[ends]  # of all elements before each
        if sizes[-1] > MAX_PARTS:
            return [None] * len(elements)
        found = list[Facets | None]()
        for some in np.split(np.arange(len(elements)), np.flatnonzero(np.diff(sizes[:-1] // AT_ONCE)) + 1):
            if len(some):
                first, last = some[0], some[-1] + 1
                found += self._make(rows[ends[first] : ends[last]], counts[first:last])
        return found

    def count(self, items: Sequence[int]) -> int:
        """Return about how many faces representation items have."""
        return int(self._count(self.texts.index.rows(items)).sum())

    def _count(self, rows: Rows) -> Integers:
        """Return about how many faces items have: those of shells, or of a set."""
        index, there = self.texts.index, np.flatnonzero(rows != MISSING)
        below, counts = index.below(rows[there])
        more = np.where(below == MISSING, 0, index.starts[below + 1] - index.starts[below])
        owners = np.repeat(there, counts)
        return np.bincount(owners, more + 1, minlength=len(rows)).astype(np.int64)

    def _make(self, rows: Rows, counts: Sequence[int]) -> list[Facets | None]:
        """Return the triangles of elements with so many items each, as `make`."""
        bad = rows == MISSING
        closed = np.zeros(len(rows), bool)
        try:
            rings = self._read(rows, bad, closed)
        except (UnknownError, ValueError):
            return [None] * len(counts)
        facets = self._mesh(rings, bad)
        del rings
        if facets is None:
            return [None] * len(counts)
        facets = facets.turn(closed)
        ends = np.cumsum([0, *counts]).tolist()
        found = list[Facets | None]()
        for start, end in pairwise(ends):
            own = (facets.owners >= start) & (facets.owners < end)
            some = None if bad[start:end].any() or not own.any() else facets.pick(own)
            found.append(some and replace(some, owners=some.owners - start))
        return found

    def span_lists(self, rows: Rows) -> Floats:
        """Return the lowest and the highest corner of lists of points; not numbers where not known."""
        _, first, which = np.unique(self.texts.index.says[rows], return_index=True, return_inverse=True)
        found = np.full((len(first), 2, AXES), np.nan)
        for place in np.flatnonzero(rows[first] != MISSING).tolist():
            row = first[place]
            with suppress(UnknownError, ValueError):
                points = self._list(rows[row : row + 1])
                found[place] = points.min(axis=0), points.max(axis=0)
        return found[which]

    def span_models(self, rows: Rows) -> Floats:
        """Return the lowest and the highest corner of models of shells; not numbers where not known."""
        found = np.full((len(rows), 2, AXES), np.nan)
        for start in range(0, len(rows), MODELS):
            some = rows[start : start + MODELS]
            with suppress(UnknownError, ValueError):
                found[start : start + MODELS] = self._span(some)
        return found

    def _span(self, rows: Rows) -> Floats:
        """Return the corners of a few models, as `span_models`. Raises an UnknownError."""
        found = np.full((len(rows), 2, AXES), np.nan)
        bad = np.zeros(len(rows), bool)
        rings = self._models(rows, np.arange(len(rows)), bad)
        owners = np.repeat(rings.owners, np.diff(rings.start[rings.first]))
        order = np.argsort(owners, kind="stable")
        points = rings.points[rings.corners[order]]
        there, starts = np.unique(owners[order], return_index=True)
        if len(there):
            spans = [bound.reduceat(points, starts) for bound in (np.minimum, np.maximum)]
            found[there] = np.stack(spans, axis=1)
        found[bad] = np.nan
        return found

    def _read(self, rows: Rows, bad: Marks, closed: Marks) -> Rings:
        """Return the faces of items; note which are said to enclose something and which are not known."""
        models, found = list[int](), list[Rings]()
        for place, line in enumerate(self.texts.read(rows)):
            if kind := MODEL.fullmatch(line):
                closed[place] = kind[1] == b"FACETEDBREP"
                models.append(place)
                continue
            try:
                rings, closed[place] = self._set(line, rows[place : place + 1], place)
                found.append(rings)
            except (UnknownError, ValueError):
                bad[place] = True
        if models:
            found.append(self._models(rows[models], np.array(models), bad))
        return _chain(found)

    def _set(self, line: bytes, row: Rows, owner: int) -> tuple[Rings, bool]:
        """Return the faces of a face set, and whether they enclose something."""
        below, _ = self.texts.index.below(row)
        if self.styled[below].any() or (below == MISSING).any():
            raise UnknownError
        points = self._list(below[:1])
        if found := TRIANGULATED.fullmatch(line):
            corners = np.array(found[2].translate(None, b"() \r\n").split(b",")).astype(np.int64)
            sizes = [TRIANGLE] * (len(corners) // TRIANGLE)
            faces = [1] * len(sizes)
        elif found := POLYGONAL.fullmatch(line):
            lines = [INDEXED.fullmatch(face) for face in self.texts.read(below[1:])]
            rings = [RINGS.findall(face[1]) for face in lines if face]
            each = [ring.split(b",") for face in rings for ring in face]
            corners = np.array([corner for ring in each for corner in ring]).astype(np.int64)
            sizes, faces = [len(ring) for ring in each], [len(face) for face in rings]
            if len(rings) < len(lines):
                raise UnknownError
        else:
            raise UnknownError
        if corners.min() < 1 or corners.max() > len(points) or sum(sizes) < len(corners):
            raise UnknownError
        owners = np.full(len(faces), owner)
        return Rings(points, corners - 1, _ends(sizes), _ends(faces), owners), found[1] == b".T."

    def _list(self, row: Rows) -> Floats:
        """Return the points of an IfcCartesianPointList3D."""
        found = LIST.fullmatch(self.texts.read(row)[0])
        if found is None:
            raise UnknownError
        numbers = found[1].translate(None, b"() \r\n").split(b",")
        return _numbers(numbers).reshape(-1, AXES) * self.scale

    def _models(self, rows: Rows, owners: Integers, bad: Marks) -> Rings:
        """Return the faces of models of shells, and note which of these are not as they are known here."""
        for pattern in (SHELL, FACE):
            rows, parents, _, _ = self._below(rows, owners, pattern, bad)
            owners = owners[parents]
        bounds, faces, kinds, which = self._below(rows, owners, BOUND, bad)
        loops, parents, _, _ = self._below(bounds, owners[faces], LOOP, bad)
        inner, turned = (
            np.array([kind[group] == word for kind in kinds], bool)[which[parents]]
            for group, word in ((1, None), (2, b"F"))
        )
        faces = faces[parents]
        order = np.lexsort((inner, faces))
        loops, faces = loops[order], faces[order]
        corners, sizes = self.texts.index.below(loops)
        if not len(corners):
            return _chain([])
        corners = corners[_turn(sizes, turned[order])]
        places, points = self._points(corners)
        lost = np.isnan(points[places, 0]) | self.styled[corners]
        bad[np.repeat(owners[faces], sizes)[lost]] = True
        first = np.flatnonzero(np.diff(faces, prepend=-1))
        return Rings(points, places, _ends(sizes), np.append(first, len(faces)), owners[faces[first]])

    def _below(
        self, rows: Rows, owners: Integers, pattern: re.Pattern[bytes], bad: Marks
    ) -> tuple[Rows, Integers, list[re.Match[bytes]], Integers]:
        """Return what rows refer to, the places of who does, the ways to write it, and which is whose.

        What does not fit the pattern is left out, and noted as bad for its owner.
        """
        below, counts = self.texts.index.below(rows)
        if len(below) > MAX_PARTS:
            raise UnknownError
        parents = np.repeat(np.arange(len(rows)), counts)
        says, first, which = np.unique(self.texts.index.says[below], return_index=True, return_inverse=True)
        news = [
            place for place, one in zip(first.tolist(), says.tolist(), strict=True) if one not in self._lines
        ]
        self._lines |= zip(
            self.texts.index.says[below[news]].tolist(), self.texts.read(below[news]), strict=True
        )
        kinds = [pattern.fullmatch(self._lines[one]) for one in says.tolist()]
        known = np.array([kind is not None for kind in kinds], bool)
        fits = known[which] & (below != MISSING) & ~self.styled[below]
        bad[owners[parents[~fits]]] = True
        names = (np.cumsum(known) - 1)[which[fits]]
        return below[fits], parents[fits], [kind for kind in kinds if kind], names

    def _points(self, rows: Rows) -> tuple[Integers, Floats]:
        """Return points in metres, and for each row which of them it is; what is no point is nowhere."""
        different, places = np.unique(rows, return_inverse=True)
        lines = [POINT.fullmatch(line) for line in self.texts.read(different)]
        numbers = b",".join([line[1] if line else NOWHERE for line in lines]).split(b",")
        points = _numbers(numbers).reshape(-1, AXES) * self.scale
        points[different == MISSING] = np.nan
        return places, points

    def _mesh(self, rings: Rings, bad: Marks) -> Facets | None:
        """Return the triangles of faces, and note which owners have a face that has none."""
        parts = list[Facets]()
        for sizes, faces in _group(rings, ~bad[rings.owners]):
            starts = rings.start[rings.first[faces]]
            corners = rings.points[rings.corners[starts[:, None] + np.arange(sum(sizes))]]
            whose = rings.owners[faces]
            if sizes == (TRIANGLE,):
                parts.append(_triangles(corners, whose))
                continue
            if min(sizes) < TRIANGLE:
                bad[whose] = True
                continue
            normals, triangles, missing = self._patterns.cover(corners, sizes)
            for ring in np.split(corners, np.cumsum(sizes)[:-1], axis=1):
                steps = np.abs(ring - ring[:, np.arange(ring.shape[1]) - 1]).max(axis=2)
                missing |= (steps <= SAME_M).any(axis=1)
            bad[whose[missing]] = True
            parts.append(_facets(corners[~missing], normals[~missing], triangles[~missing], whose[~missing]))
        return join([part for part in parts if len(part.triangles)])


def _group(rings: Rings, wanted: Marks) -> Iterator[tuple[tuple[int, ...], Integers]]:
    """Yield the faces that are wanted, those with as many corners in as many rings together."""
    sizes, counts = np.diff(rings.start), np.diff(rings.first)
    single = np.flatnonzero(wanted & (counts == 1))
    outer = sizes[rings.first[single]]
    for size in distinct(outer).tolist():
        yield (size,), single[outer == size]
    holed: dict[tuple[int, ...], list[int]] = {}
    for face in np.flatnonzero(wanted & (counts != 1)).tolist():
        key = tuple(sizes[rings.first[face] : rings.first[face + 1]].tolist())
        holed.setdefault(key, []).append(face)
    yield from ((key, np.array(faces)) for key, faces in holed.items())


def _numbers(texts: Sequence[bytes]) -> Floats:
    """Return the numbers that texts are; numpy itself takes four times as long."""
    return np.fromiter(map(float, texts), np.float64, len(texts))


def _ends(sizes: Sequence[int] | NDArray[Any]) -> Integers:
    """Return where each of some runs begins, and where the last one ends."""
    return np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)])


def _turn(sizes: NDArray[Any], turned: Marks) -> Integers:
    """Return the places of all corners of rings, some rings backwards."""
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    steps = np.arange(len(starts)) - starts
    places: Integers = starts + np.where(np.repeat(turned, sizes), np.repeat(sizes, sizes) - 1 - steps, steps)
    return places


def _chain(parts: Sequence[Rings]) -> Rings:
    """Return all faces as one."""
    points = _ends([len(part.points) for part in parts])
    corners = _ends([len(part.corners) for part in parts])
    rings = _ends([len(part.start) - 1 for part in parts])
    none = np.zeros(0, np.int64)
    return Rings(
        np.concatenate([np.zeros((0, AXES)), *(part.points for part in parts)]),
        np.concatenate([none, *(part.corners + at for part, at in zip(parts, points, strict=False))]),
        np.concatenate(
            [*(part.start[:-1] + at for part, at in zip(parts, corners, strict=False)), corners[-1:]]
        ),
        np.concatenate([*(part.first[:-1] + at for part, at in zip(parts, rings, strict=False)), rings[-1:]]),
        np.concatenate([none, *(part.owners for part in parts)]),
    )


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


def _triangles(corners: Floats, owners: Integers) -> Facets:
    """Return triangles as they are, those without an area left out: they are all flat and simple."""
    areas = newell(corners)
    sizes = np.linalg.norm(areas, axis=1)
    kept = sizes > NOTHING_M2
    whole = np.tile(np.arange(TRIANGLE), (int(kept.sum()), 1, 1))
    return _facets(corners[kept], areas[kept] / sizes[kept, None], whole, owners[kept])


def _facets(corners: Floats, normals: Floats, triangles: Integers, owners: Integers) -> Facets:
    """Return polygons of equally many corners with their triangles as one surface."""
    count, size = corners.shape[:2]
    return Facets(
        corners.reshape(-1, AXES),
        np.repeat(normals, size, axis=0),
        (triangles + (np.arange(count) * size)[:, None, None]).reshape(-1, TRIANGLE),
        np.repeat(owners, triangles.shape[1]),
    )
