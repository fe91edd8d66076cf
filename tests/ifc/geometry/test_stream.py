"""What comes out of the stream for models that are made here, whose volumes are known."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid
import numpy as np
import pytest

from functions.core import Files
from functions.ifc import faults
from functions.ifc.formats.products import choose
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry import stream
from functions.ifc.geometry.makers import Maker
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

    def representation(self, *items: Any, name: str = "Body", kind: str = "SolidModel") -> Any:
        return self.new("IfcShapeRepresentation", self.context, name, kind, items)

    def element(
        self, name: str, *items: Any, kind: str = "IfcSlab", under: Any = None, at: Any = None
    ) -> Any:
        """An element of some items, or of representations."""
        shapes = [item for item in items if item.is_a("IfcShapeRepresentation")]
        placement = self.new("IfcLocalPlacement", under, at or self.frame((0.0, 0.0, 0.0)))
        shapes = shapes or [self.representation(*items)]
        definition = self.new("IfcProductDefinitionShape", None, None, shapes)
        return self.new(kind, GlobalId=self.guid(), Name=name, ObjectPlacement=placement,
                        Representation=definition)  # fmt: skip


class Made:
    """What the stream made of a model: solids where they stand, by the names of their elements."""

    def __init__(self, draft: Draft, folder: Path, damage: tuple[str, str] = ("", "")) -> None:
        path = folder / "drafted.ifc"
        path.write_text(draft.file.to_string().replace(*damage))
        checked = check_model(path, Files(inputs={}, outputs=folder, scratch=folder))
        reader = Reader(open_checked(checked, Files(inputs={}, outputs=folder, scratch=folder)))
        self.geometry = Geometry(reader, texts=Texts(checked.path, checked.instances))
        products = choose(ConvertRequest(input_filename="drafted.ifc"), reader)
        shapes = {shape.element.Name: shape for shape in self.geometry.stream(products)}
        self.meshes = {name: shape.mesh for name, shape in shapes.items()}
        self.solids = {name: Solid.of(shape.mesh).moved(shape.placement) for name, shape in shapes.items()}

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


@pytest.mark.parametrize("kind", ["IfcFaceOuterBound", "IfcFaceBound"])
def test_faces_with_holes_are_there_whatever_their_bounds_are_called(
    draft: Draft, tmp_path: Path, kind: str
) -> None:
    rings = [rectangle(2.0, 2.0), rectangle(1.0, 1.0, 0.5, 0.5)]
    corners = [[[draft.point(x, y, z) for x, y in ring] for ring in rings] for z in (0.0, 1.0)]
    (low, low_hole), (high, high_hole) = corners
    faces = [[low[::-1], low_hole], [high, high_hole[::-1]]]
    for at in range(4):
        faces.append([[low[at - 1], low[at], high[at], high[at - 1]]])
        faces.append([[high_hole[at - 1], high_hole[at], low_hole[at], low_hole[at - 1]]])
    made = [
        draft.new("IfcFace", [
            draft.new("IfcFaceBound" if inner else kind, draft.new("IfcPolyLoop", ring), True)
            for inner, ring in enumerate(face)
        ])
        for face in faces
    ]  # fmt: skip
    draft.element("frame", draft.new("IfcFacetedBrep", draft.new("IfcClosedShell", made)))
    found = Made(draft, tmp_path)
    assert found.volume("frame") == pytest.approx(3.0)
    assert found.area("frame") == pytest.approx(6.0 + 12.0)


def test_openings_of_a_whole_cut_the_parts_of_its_parts(draft: Draft, tmp_path: Path) -> None:
    for x in (1.0, 2.0):
        draft.element(f"free {x}", draft.solid(rectangle(x, 1.0), 1.0))
    whole, middle, first, second = (
        draft.element(name, draft.solid(rectangle(x, 1.0), 1.0))
        for name, x in (("whole", 9.0), ("middle", 9.0), ("equal", 1.0), ("other", 3.0))
    )
    draft.new("IfcRelAggregates", draft.guid(), RelatingObject=whole, RelatedObjects=[middle])
    draft.new("IfcRelAggregates", draft.guid(), RelatingObject=middle, RelatedObjects=[first, second])
    opening = draft.element("hole", draft.solid(rectangle(0.5, 1.0), 1.0), kind="IfcOpeningElement")
    draft.new(
        "IfcRelVoidsElement", draft.guid(), RelatingBuildingElement=whole, RelatedOpeningElement=opening
    )
    made = Made(draft, tmp_path)
    volumes = [made.volume(name) for name in ("free 1.0", "free 2.0", "equal", "other")]
    assert volumes == pytest.approx([1.0, 2.0, 0.5, 2.5])


def test_an_element_looks_like_its_body_whatever_else_it_has(draft: Draft, tmp_path: Path) -> None:
    body = draft.representation(draft.solid(rectangle(1.0, 1.0), 1.0))
    space = draft.representation(draft.solid(rectangle(9.0, 9.0), 9.0), name="Clearance")
    draft.element("body first", body, space)
    draft.element("body last", space, body)
    made = Made(draft, tmp_path)
    assert [made.volume(name) for name in ("body first", "body last")] == pytest.approx([1.0, 1.0])


def test_bodies_are_different_even_where_they_are_said_to_be_lines(draft: Draft, tmp_path: Path) -> None:
    for x in (1.0, 2.0):
        solid = draft.solid(rectangle(x, 1.0), 1.0)
        draft.element(f"long {x}", draft.representation(solid, kind="Curve3D"))
    made = Made(draft, tmp_path)
    assert [made.volume(f"long {x}") for x in (1.0, 2.0)] == pytest.approx([1.0, 2.0])


def test_equal_elements_stand_as_a_placement_in_two_dimensions_says(draft: Draft, tmp_path: Path) -> None:
    solid = draft.solid(rectangle(2.0, 1.0), 1.0)
    draft.element("plain", solid)
    turned = draft.new("IfcAxis2Placement2D", draft.point(5.0, 0.0), draft.new("IfcDirection", (0.0, 1.0)))
    draft.element("turned", solid, at=turned)
    made = Made(draft, tmp_path)
    assert made.geometry.shared == 1
    assert made.box("turned") == pytest.approx([4, 0, 0, 5, 2, 1])


def cylinders(draft: Draft, *names: str) -> None:
    """Elements 1, 2, 3 ... m high, whose shapes need an engine."""
    for height, name in enumerate(names, start=1):
        solid = draft.solid(rectangle(1.0, 1.0), float(height))
        solid.SweptArea = draft.new("IfcCircleProfileDef", "AREA", None, None, 1.0)
        draft.element(name, solid)


def test_an_element_without_a_global_id_costs_no_other(draft: Draft, tmp_path: Path) -> None:
    cylinders(draft, "first", "nameless", "last")
    guid = draft.file.by_type("IfcSlab")[1].GlobalId
    made = Made(draft, tmp_path, damage=(f"'{guid}'", "$"))
    assert made.geometry.failed == {}
    volumes = [made.volume(name) for name in ("first", "nameless", "last")]
    assert volumes == pytest.approx([volumes[0], 2 * volumes[0], 3 * volumes[0]])
    assert not any("basic_string" in line for line in faults.logged())


def test_an_element_that_cannot_be_read_costs_no_other(draft: Draft, tmp_path: Path) -> None:
    cylinders(draft, "first", "unreadable", "last")
    made = Made(draft, tmp_path, damage=("'unreadable'", "12"))
    assert set(made.solids) == {"first", "last"}
    assert [*made.geometry.failed] == [draft.file.by_type("IfcSlab")[1].id()]


@pytest.mark.parametrize("curved", [False, True])
def test_what_is_mirrored_keeps_its_outside_out(draft: Draft, tmp_path: Path, curved: bool) -> None:
    solid = draft.solid(rectangle(2.0, 1.0), 1.0)
    if curved:
        solid.SweptArea = draft.new("IfcCircleProfileDef", "AREA", None, None, 1.0)
    source = draft.new("IfcRepresentationMap", draft.frame((0.0, 0.0, 0.0)), draft.representation(solid))
    x, y, z = (draft.new("IfcDirection", axis) for axis in ((1.0, 0.0, 0.0), (0.0, -1.0, 0.0), UP))
    target = draft.new("IfcCartesianTransformationOperator3D", x, y, draft.point(0.0, 0.0, 0.0), None, z)
    draft.element("mirrored", draft.representation(draft.new("IfcMappedItem", source, target)))
    made = Made(draft, tmp_path)
    mesh = made.meshes["mirrored"]
    ((_, rows),) = mesh.parts
    a, b, c = np.moveaxis(mesh.points[rows], 1, 0)
    normals = mesh.normals
    assert normals is not None
    assert mesh.volume == pytest.approx(3.14 if curved else 2.0, rel=1e-2)
    assert (np.einsum("ij,ijk->ik", np.cross(b - a, c - a), normals[rows].transpose(0, 2, 1)) > 0).all()


def test_what_has_many_faces_is_not_drafted_ahead(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(20):
        points = draft.new("IfcCartesianPointList3D", [(0.0, 0.0, 0.0), (1.0, 0.0, 0.0),
                           (0.0, 1.0, 0.0), (0.0, 0.0, 1.0 + number)])  # fmt: skip
        faces = [draft.new("IfcIndexedPolygonalFace", corners) for corners in
                 ((1, 3, 2), (1, 2, 4), (2, 3, 4), (3, 1, 4))]  # fmt: skip
        draft.element(f"spike {number}", draft.new("IfcPolygonalFaceSet", points, True, faces))
    counts = list[int]()
    make = Maker.draft

    def listen(maker: Maker, testimonies: Any) -> Any:
        counts.append(len(testimonies))
        return make(maker, testimonies)

    monkeypatch.setattr(Maker, "draft", listen)
    made = Made(draft, tmp_path)
    assert counts == [20]
    monkeypatch.setattr(stream, "FACES_AHEAD", 10)
    assert [*Made(draft, tmp_path).solids] == [*made.solids]
    assert counts == [20, 8, 12]


def test_how_many_are_drafted_at_once_changes_nothing(
    draft: Draft, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole = rectangle(1.0, 1.0, 0.5, 0.5)
    for number in range(30):
        size = 3.0 + number / 10
        holes = [hole] if number % 3 else []
        draft.element(f"slab {number}", draft.solid(rectangle(size, 3.0), 0.2, *holes))
    made = Made(draft, tmp_path)
    monkeypatch.setattr(stream, "AHEAD", 1)
    other = Made(draft, tmp_path)
    assert [*made.solids] == [*other.solids]
    assert all((made.solids[name].corners == solid.corners).all() for name, solid in other.solids.items())
    assert made.geometry.made == other.geometry.made == 28
    assert not made.geometry._drafts and not made.geometry._readable
