"""What comes out of the stream for models that are made here, whose volumes are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid
import pytest

from functions.core import Files
from functions.ifc.formats.products import choose
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry.solids import Solid
from functions.ifc.geometry.stream import Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.reader import Reader
from functions.operations.ifcconvert import ConvertRequest

UP = (0.0, 0.0, 1.0)
Ring = Sequence[tuple[float, float]]


class Draft:
    """A model in metres under construction."""

    def __init__(self) -> None:
        self.file = ifcopenshell.file(schema="IFC4")
        self.context = self.new(
            "IfcGeometricRepresentationContext", None, "Model", 3, 1e-5, self.frame((0.0, 0.0, 0.0)), None
        )
        units = [self.new("IfcSIUnit", None, "LENGTHUNIT", None, "METRE")]
        assignment = self.new("IfcUnitAssignment", units)
        self.new("IfcProject", GlobalId=self.guid(), RepresentationContexts=[self.context],
                 UnitsInContext=assignment)  # fmt: skip

    def new(self, kind: str, *values: Any, **named: Any) -> Any:
        return self.file.create_entity(kind, *values, **named)

    def guid(self) -> str:
        return ifcopenshell.guid.new()

    def point(self, *values: float) -> Any:
        return self.new("IfcCartesianPoint", values)

    def frame(self, origin: tuple[float, ...], axis: Any = None, along: Any = None) -> Any:
        directions = [each and self.new("IfcDirection", each) for each in (axis, along)]
        return self.new("IfcAxis2Placement3D", self.point(*origin), *directions)

    def polyline(self, ring: Ring) -> Any:
        points = [self.point(*corner) for corner in ring]
        return self.new("IfcPolyline", [*points, points[0]])

    def solid(
        self, ring: Ring, depth: float, *holes: Ring, along: Any = UP, at: Any = (0.0, 0.0, 0.0)
    ) -> Any:
        """An extruded polygon, with holes in it."""
        curves = [self.polyline(hole) for hole in holes]
        kind = "IfcArbitraryProfileDefWithVoids" if holes else "IfcArbitraryClosedProfileDef"
        profile = self.new(kind, "AREA", None, self.polyline(ring), *([curves] if holes else []))
        direction = self.new("IfcDirection", along)
        return self.new("IfcExtrudedAreaSolid", profile, self.frame(at), direction, depth)

    def element(
        self, name: str, *items: Any, kind: str = "IfcSlab", under: Any = None, at: Any = None
    ) -> Any:
        shape = self.new("IfcShapeRepresentation", self.context, "Body", "SolidModel", items)
        placement = self.new("IfcLocalPlacement", under, at or self.frame((0.0, 0.0, 0.0)))
        definition = self.new("IfcProductDefinitionShape", None, None, [shape])
        return self.new(kind, GlobalId=self.guid(), Name=name, ObjectPlacement=placement,
                        Representation=definition)  # fmt: skip


class Made:
    """What the stream made of a model: solids where they stand, by the names of their elements."""

    def __init__(self, draft: Draft, folder: Path) -> None:
        path = folder / "drafted.ifc"
        draft.file.write(str(path))
        checked = check_model(path, Files(inputs={}, outputs=folder, scratch=folder))
        reader = Reader(open_checked(checked, Files(inputs={}, outputs=folder, scratch=folder)))
        self.geometry = Geometry(reader, texts=Texts(checked.path, checked.instances))
        self.solids = {
            shape.element.Name: Solid.of(shape.mesh).moved(shape.placement)
            for shape in self.geometry.stream(choose(ConvertRequest(input_filename="a.ifc"), reader))
        }

    def volume(self, name: str) -> float:
        return self.solids[name].volume

    def area(self, name: str) -> float:
        return self.solids[name].area

    def box(self, name: str) -> list[float]:
        points = self.solids[name].corners.reshape(-1, 3)
        return [*points.min(axis=0).tolist(), *points.max(axis=0).tolist()]


def rectangle(x: float, y: float, left: float = 0.0, low: float = 0.0) -> Ring:
    return [(left, low), (left + x, low), (left + x, low + y), (left, low + y)]


@pytest.fixture
def draft() -> Draft:
    return Draft()


def test_a_slab_keeps_its_holes_beside_slabs_that_have_none(draft: Draft, tmp_path: Path) -> None:
    hole = rectangle(1.0, 1.0, 0.5, 0.5)
    for name, x, holes in (("first", 4.0, []), ("whole", 5.0, []), ("open", 6.0, [hole])):
        draft.element(name, draft.solid(rectangle(x, 3.0), 0.2, *holes))
    made = Made(draft, tmp_path)
    assert [made.volume(name) for name in ("first", "whole", "open")] == pytest.approx([2.4, 3.0, 3.4])
    assert made.geometry.made == 1


def test_arrowheads_are_covered_once_wherever_their_ring_begins(draft: Draft, tmp_path: Path) -> None:
    arrow = [(0.0, 0.0), (3.0, -2.0), (0.0, 4.0), (-3.0, -2.0)]
    draft.element("first", draft.solid(rectangle(1.0, 1.0), 1.0))
    for start in range(4):
        draft.element(f"arrow {start}", draft.solid([*arrow[start:], *arrow[:start]], 1.0))
    made = Made(draft, tmp_path)
    around = 2 * (13**0.5 + 45**0.5)
    areas = [made.area(f"arrow {start}") for start in range(4)]
    assert areas == pytest.approx([2 * 12.0 + around] * 4)


def test_the_length_of_a_direction_does_not_count(draft: Draft, tmp_path: Path) -> None:
    draft.element("up", draft.solid(rectangle(1.0, 1.0), 2.0, along=(0.0, 0.0, 2.5)))
    draft.element("tilted", draft.solid(rectangle(1.0, 1.0), 2.0, along=(3.0, 0.0, 4.0)))
    made = Made(draft, tmp_path)
    assert made.box("up") == pytest.approx([0, 0, 0, 1, 1, 2])
    assert made.box("tilted") == pytest.approx([0, 0, 0, 2.2, 1, 1.6])


def test_items_beside_a_boolean_are_there_once(draft: Draft, tmp_path: Path) -> None:
    plane = draft.new("IfcPlane", draft.frame((0.0, 0.0, 0.5)))
    half = draft.new("IfcHalfSpaceSolid", plane, False)
    cut = draft.new("IfcBooleanClippingResult", "DIFFERENCE", draft.solid(rectangle(1.0, 1.0), 1.0), half)
    draft.element("both", draft.solid(rectangle(1.0, 1.0), 1.0, at=(5.0, 0.0, 0.0)), cut)
    made = Made(draft, tmp_path)
    assert made.volume("both") == pytest.approx(1.5)
    assert made.area("both") == pytest.approx(6.0 + 4.0)
    assert len(made.solids["both"].corners) == 24
