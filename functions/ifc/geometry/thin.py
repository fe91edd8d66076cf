"""Models opened without their faces, which come back for what a geometry kernel has to make.

A face, its bounds, their loops and the points of these are most of the instances of many models, at 170
bytes each; `faces` reads them from the text instead. A kernel is asked about few elements: before that, the
faces of these are created in the model under their own numbers, so that it sees what is in the file. Where
that cannot be done, and for good where it would be done for many, the model is opened once more, whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import ifcopenshell
import numpy as np
from numpy.typing import NDArray

from functions.core.operation import Files
from functions.ifc.gate import Checked, open_checked
from functions.ifc.geometry.fingerprints import FOREIGN
from functions.ifc.geometry.texts import KINDS, LOOP, POINT, Index, Line, Texts
from functions.ifc.reader import Reader
from functions.ifc.step.rows import MISSING, distinct

PARTS = ("IfcFace", "IfcFaceOuterBound", "IfcFaceBound", "IfcPolyLoop")
# Faces that are more than flat, what may refer to one by itself, and what leaves everything to a kernel.
UNFIT = ("IfcFaceSurface", "IfcAdvancedFace", "IfcTopologyRepresentation", *FOREIGN)
COUNTED = (*PARTS, *UNFIT)
"""What the gate has to count, and to leave out, for `open_thin`."""
MANY = 10_000  # parts of faces from which on it is worth it
RESTORED = 0.15  # of all parts; to restore more takes longer than to open the model
SHELL = "IfcConnectedFaceSet"
# Nothing below refers to faces.
PLAIN = frozenset(
    {
        "IfcAxis2Placement2D", "IfcAxis2Placement3D", "IfcCartesianPoint", "IfcCartesianPointList2D",
        "IfcCartesianPointList3D", "IfcCartesianTransformationOperator3D", "IfcDirection",
        "IfcExtrudedAreaSolid", "IfcGeometricRepresentationContext", "IfcGeometricRepresentationSubContext",
        "IfcHalfSpaceSolid", "IfcIndexedPolyCurve", "IfcPolygonalBoundedHalfSpace", "IfcPolygonalFaceSet",
        "IfcPolyline", "IfcTriangulatedFaceSet", "IfcTrimmedCurve",
    }
)  # fmt: skip
POLYLOOP = re.compile(rb"\s*=\s*IFCPOLYLOOP\s*\(\s*\([#0-9,\s]+\)\s*\)\s*")
BOUND = re.compile(rb"\s*=\s*(IFCFACEOUTERBOUND|IFCFACEBOUND)\s*\(\s*#\d+\s*,\s*\.([TF])\.\s*\)\s*")
FACE = re.compile(rb"\s*=\s*IFCFACE\s*\(\s*\([#0-9,\s]+\)\s*\)\s*")
FACE_SET = re.compile(rb"\s*=\s*IFC(?:CLOSEDSHELL|OPENSHELL|CONNECTEDFACESET)\s*\(\s*\([#0-9,\s]+\)\s*\)\s*")
CORNER = re.compile(rb"\s*=\s*IFCCARTESIANPOINT\s*\(\s*\(([^()]*,[^()]*)\)\s*\)\s*")
Entity = ifcopenshell.entity_instance
Marks = NDArray[np.bool_]


def open_thin(checked: Checked, texts: Texts, files: Files, *, free: bool) -> tuple[Reader, Thin | None]:
    """Open a model without the parts of its faces, or whole where that is not worth it.

    It must have been checked without `COUNTED`. `free` says that faces may be made without a kernel.
    """
    parts = sum(checked.counts.get(name, 0) for name in PARTS)
    counts = {name: count for name, count in checked.counts.items() if name not in COUNTED}
    complete = replace(checked, counts=counts)
    if free and parts >= MANY and checked.counts.keys().isdisjoint(UNFIT) and texts.found:
        lost = _lost(texts.index)
        if _is_complete(texts, lost):
            reader = Reader(open_checked(_thin(checked, texts, lost, files), files))
            return reader, Thin(reader, texts, lambda: open_checked(complete, files), parts, lost)
    return Reader(open_checked(complete, files)), None


class UnfitError(Exception):
    """Something that is not as it is known here."""


@dataclass
class Thin:
    """A model that may lack faces; `whole` opens it with them.

    It lacks so many `parts` of faces, and points, as `lost` tells of each row of the texts' index.
    """

    reader: Reader
    texts: Texts
    whole: Callable[[], ifcopenshell.file]
    parts: int
    lost: Marks
    _engines: ifcopenshell.file | None = None
    _seen: set[int] = field(default_factory=set)
    _restored: int = 0

    def __post_init__(self) -> None:
        """Read what is cut out of what."""
        self._cuts: dict[int, list[int]] = {}
        for relation, one, many in (
            ("IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement"),
            ("IfcRelProjectsElement", "RelatingElement", "RelatedFeatureElement"),
        ):
            for element, cut in self.reader.pairs(relation, one, many):
                self._cuts.setdefault(element.id(), []).append(cut.id())
        for relation in ("IfcRelAggregates", "IfcRelNests"):
            for above, part in self.reader.pairs(relation, "RelatingObject", "RelatedObjects"):
                self._cuts.setdefault(part.id(), []).append(above.id())

    def serve(self, numbers: Sequence[int]) -> ifcopenshell.file:
        """Return a model in which all is there that a kernel may read of some products."""
        if self._engines is None:
            try:
                self._restore(list(self._shells(self._near(numbers))))
            except (UnfitError, RuntimeError, ValueError, IndexError):
                self._engines = self.whole()
        return self._engines or self.reader.model

    def _near(self, numbers: Iterable[int]) -> Iterator[Entity]:
        """Yield the shapes of products, of what cuts them, and of what they are parts of and cuts that."""
        queue = list(numbers)
        known = set(queue)
        while queue:
            number = queue.pop()
            shape = self.reader.entity(self.reader.model.by_id(number), "Representation")
            if shape is not None:
                yield shape
            queue += (fresh := [other for other in self._cuts.get(number, ()) if other not in known])
            known.update(fresh)

    def _shells(self, shapes: Iterable[Entity]) -> Iterator[int]:
        """Yield the sets of faces below some instances that have not been met before."""
        stack = list(shapes)
        while stack:
            entity = stack.pop()
            number = entity.id()
            if not number or number in self._seen:
                continue
            self._seen.add(number)
            if entity.is_a(SHELL):
                yield number
            elif entity.is_a() not in PLAIN:
                stack += _instances(entity.get_argument(place) for place in range(len(entity)))

    def _restore(self, shells: Sequence[int]) -> None:
        """Create the faces of shells. Raises an UnfitError, maybe with a part of them created."""
        lines = self.texts.lines(shells) if shells else {}
        if lines is None:
            raise UnfitError
        self._restored += len(lines)
        if self._restored > RESTORED * self.parts:
            raise UnfitError
        made: dict[int, Entity] = {}
        for shell in shells:
            text, faces = lines[shell]
            _check(FACE_SET, text)
            self.reader.model.by_id(shell)[0] = [self._face(face, lines, made) for face in faces]

    def _face(self, number: int, lines: Mapping[int, Line], made: dict[int, Entity]) -> Entity:
        """Return a face, created if it is not there yet."""
        if number not in made:
            text, bounds = lines[number]
            _check(FACE, text)
            made[number] = self._create(
                "IfcFace", number, [self._bound(bound, lines, made) for bound in bounds]
            )
        return made[number]

    def _bound(self, number: int, lines: Mapping[int, Line], made: dict[int, Entity]) -> Entity:
        """Return a bound of a face, with its loop."""
        if number not in made:
            text, (loop,) = lines[number]
            found = _check(BOUND, text)
            kind = "IfcFaceOuterBound" if b"OUTER" in found[1] else "IfcFaceBound"
            made[number] = self._create(kind, number, self._loop(loop, lines, made), found[2] == b"T")
        return made[number]

    def _loop(self, number: int, lines: Mapping[int, Line], made: dict[int, Entity]) -> Entity:
        """Return a loop of corners."""
        if number not in made:
            text, corners = lines[number]
            _check(POLYLOOP, text)
            points = [self._point(corner, lines[corner][0], made) for corner in corners]
            made[number] = self._create("IfcPolyLoop", number, points)
        return made[number]

    def _point(self, number: int, text: bytes, made: dict[int, Entity]) -> Entity:
        """Return a corner, created if only loops refer to it."""
        if number not in made:
            found = _check(CORNER, text)
            made[number] = (
                self._create("IfcCartesianPoint", number, [float(value) for value in found[1].split(b",")])
                if self.lost[self.texts.index.row(number)]
                else self.reader.model.by_id(number)
            )
        return made[number]

    def _create(self, kind: str, number: int, *values: object) -> Entity:
        return self.reader.model.create_entity(kind, *values, id=number)


def _lost(index: Index) -> Marks:
    """Tell which points are only corners of loops."""
    owners = np.repeat(index.kinds == LOOP, np.diff(index.starts))
    there = index.references != MISSING
    corners, others = np.zeros(len(index), bool), np.zeros(len(index), bool)
    corners[index.references[owners & there]] = True
    others[index.references[~owners & there]] = True
    lost: Marks = (index.kinds == POINT) & corners & ~others
    return lost


def _thin(checked: Checked, texts: Texts, lost: Marks, files: Files) -> Checked:
    """Write the model without the parts of faces, and return it as the gate knows models."""
    kinds = texts.index.kinds
    path = files.scratch / "thin.ifc"
    texts.write(path, without=lost | (kinds > POINT))
    gone = {name: int((kinds == kind).sum()) for kind, name in enumerate(KINDS) if kind != POINT}
    counts = {name: count - gone.get(name, 0) for name, count in checked.counts.items()}
    left = checked.instances - sum(gone.values()) - int(lost.sum())
    counts = {name: count for name, count in counts.items() if count}
    return replace(checked, path=path, instances=left, counts=counts, census=None)


def _is_complete(texts: Texts, lost: Marks) -> bool:
    """Tell whether nothing that stays refers to what is left out, but for sets of faces."""
    index = texts.index
    gone = lost | (index.kinds > POINT)
    owners = np.repeat(np.arange(len(index), dtype=np.int32), np.diff(index.starts))
    there = index.references != MISSING
    owners = distinct(owners[there][gone[index.references[there]] & ~gone[owners[there]]])
    _, first = np.unique(index.says[owners], return_index=True)
    return all(FACE_SET.fullmatch(line) for line in texts.read(owners[first]))


def _check(pattern: re.Pattern[bytes], text: bytes) -> re.Match[bytes]:
    found = pattern.fullmatch(text)
    if found is None:
        raise UnfitError
    return found


def _instances(values: Iterable[object]) -> Iterator[Entity]:
    """Yield the instances among some attributes."""
    for value in values:
        if isinstance(value, ifcopenshell.entity_instance):
            yield value
        elif isinstance(value, tuple):
            yield from _instances(value)
