"""Boxes that are told before anything is meshed: no mesh may reach out of one, in any model."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.guid
import numpy as np
import pytest

from functions.core import Files
from functions.core.errors import PipelineError
from functions.ifc.clash.sides import Element
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry.boxes import MARGIN_M
from functions.ifc.geometry.stream import Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.reader import Reader

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
Model = ifcopenshell.file


def compare(path: Path, folder: Path) -> tuple[dict[int, Any], dict[int, Any]]:
    """Return the boxes that are told of the elements of a model, and those of their meshes."""
    files = Files(inputs={}, outputs=folder, scratch=folder)
    checked = check_model(path, files)
    reader = Reader(open_checked(checked, files))
    geometry = Geometry(reader, {"no-normals": True}, texts=Texts(checked.path, checked.instances))
    products = [one for one in reader.all("IfcElement") if reader.entity(one, "Representation") is not None]
    told = geometry.boxes([one.id() for one in products])
    return told, {
        shape.element.id(): Element("", 0, "", "", "", shape.mesh, shape.placement).box
        for shape in geometry.stream(products)
    }


def holds(box: Any, mesh: Any) -> bool:
    return bool((box[0] <= mesh[0]).all() and (mesh[1] <= box[1]).all())


def test_no_mesh_of_the_corpus_reaches_out_of_its_box(corpus: Path, tmp_path: Path) -> None:
    known = meshed = read = 0
    for path in (*sorted(corpus.rglob("*.ifc")), *sorted(EXAMPLES.glob("*.ifc"))):
        try:
            told, meshes = compare(path, tmp_path)
        except PipelineError:  # it is no model
            continue
        assert all(holds(told[number], box) for number, box in meshes.items() if number in told), path
        read, known, meshed = read + 1, known + len(told.keys() & meshes), meshed + len(meshes)
    assert read > 300
    assert known > 0.95 * meshed  # all but those of models that are not written an instance a line


def point(model: Model, *values: float) -> Any:
    return model.create_entity("IfcCartesianPoint", [float(value) for value in values])


def turn(model: Model, *values: float) -> Any:
    return model.create_entity("IfcDirection", [float(value) for value in values])


def axes(model: Model, *values: float, up: Any = (0, 0, 1), along: Any = (1, 0, 0)) -> Any:
    return model.create_entity(
        "IfcAxis2Placement3D", point(model, *values), turn(model, *up), turn(model, *along)
    )


def flat_axes(model: Model, *values: float, along: Any = (0.6, 0.8)) -> Any:
    return model.create_entity("IfcAxis2Placement2D", point(model, *values), turn(model, *along))


def extrude(model: Model, profile: Any, *, along: Any = (0, 0, 1), depth: float = 3.0) -> Any:
    position = axes(model, 1, 2, 3, up=(0, 1, 1), along=(1, 0.5, 0))
    return model.create_entity("IfcExtrudedAreaSolid", profile, position, turn(model, *along), depth)


def profile(name: str, **sizes: float) -> Callable[[Model], Any]:
    """Extrude a profile with a position."""
    return lambda model: extrude(
        model, model.create_entity(f"Ifc{name}ProfileDef", "AREA", Position=flat_axes(model, 1, -2), **sizes)
    )


def outline(draw: Callable[[Model], Any]) -> Callable[[Model], Any]:
    """Extrude what is inside a curve."""
    return lambda model: extrude(
        model, model.create_entity("IfcArbitraryClosedProfileDef", "AREA", None, draw(model))
    )


def polyline(model: Model, *points: Any) -> Any:
    return model.create_entity("IfcPolyline", [point(model, *one) for one in points])


def bent(model: Model) -> Any:
    """A rectangle with a round side, that reaches out of the points it goes through."""
    points = model.create_entity(
        "IfcCartesianPointList2D", [(0.0, 0.0), (2.0, 0.0), (2.9, 0.2), (2.0, 2.0), (0.0, 2.0)]
    )
    kinds = (("IfcLineIndex", (1, 2)), ("IfcArcIndex", (2, 3, 4)), ("IfcLineIndex", (4, 5, 1)))
    return model.create_entity(
        "IfcIndexedPolyCurve", points, [model.create_entity(*kind) for kind in kinds], False
    )


def half_round(model: Model) -> Any:
    """Half a circle and its diameter."""
    circle = model.create_entity("IfcCircle", flat_axes(model, 1, 1, along=(1, 0)), 2.0)
    ends = [[model.create_entity("IfcParameterValue", value)] for value in (0.0, np.pi)]
    arc = model.create_entity("IfcTrimmedCurve", circle, *ends, True, "PARAMETER")
    parts = (arc, polyline(model, (-1, 1), (3, 1)))
    return model.create_entity(
        "IfcCompositeCurve",
        [model.create_entity("IfcCompositeCurveSegment", "CONTINUOUS", True, part) for part in parts],
        False,
    )


def block(model: Model, *, along: Any = (0, 0, 1), depth: float = 3.0) -> Any:
    rectangle = model.create_entity("IfcRectangleProfileDef", "AREA", None, flat_axes(model, 0, 0), 4.0, 1.0)
    return extrude(model, rectangle, along=along, depth=depth)


def unite(operator: str) -> Callable[[Model], Any]:
    """Combine a block with one that reaches out of it."""
    return lambda model: model.create_entity(
        "IfcBooleanResult", operator, block(model), block(model, along=(0, 0.6, 0.8), depth=9.0)
    )


def shells(model: Model) -> Any:
    """A tetrahedron of faces."""
    points = [point(model, *one) for one in ((0, 0, 0), (3, 0, 0), (0, 2, 0), (0, 0, 7))]
    faces = []
    for corners in ((0, 2, 1), (0, 1, 3), (1, 2, 3), (2, 0, 3)):
        loop = model.create_entity("IfcPolyLoop", [points[corner] for corner in corners])
        faces.append(model.create_entity("IfcFace", [model.create_entity("IfcFaceOuterBound", loop, True)]))
    return model.create_entity("IfcFacetedBrep", model.create_entity("IfcClosedShell", faces))


def triangles(model: Model) -> Any:
    points = model.create_entity(
        "IfcCartesianPointList3D", [(0.0, 0.0, 0.0), (3.0, 0.0, 0.0), (0.0, 2.0, 0.0), (0.0, 0.0, 7.0)]
    )
    return model.create_entity(
        "IfcTriangulatedFaceSet", points, None, True, [(1, 3, 2), (1, 2, 4), (2, 3, 4), (3, 1, 4)]
    )


def mapped(draw: Callable[[Model], Any], *, at: Any = (0, 0, 0), flip: float = 1.0) -> Callable[[Model], Any]:
    """Map an item, turned and twice as large."""

    def make(model: Model) -> Any:
        body = model.create_entity("IfcShapeRepresentation", context(model), "Body", "Brep", [draw(model)])
        source = model.create_entity("IfcRepresentationMap", axes(model, *at), body)
        ways = turn(model, 0.6, 0.8, 0), turn(model, -0.8, 0.6, 0)
        target = model.create_entity(
            "IfcCartesianTransformationOperator3D",
            *ways,
            point(model, 5, 6, 7),
            2.0,
            turn(model, 0, 0, flip),
        )
        return model.create_entity("IfcMappedItem", source, target)

    return make


def context(model: Model) -> Any:
    return model.by_type("IfcGeometricRepresentationContext")[0]


def build(draw: Callable[[Model], Any], *, prefix: str | None, relative: bool = True) -> Model:
    """Return a model of one element."""
    model = ifcopenshell.file(schema="IFC4")
    unit = model.create_entity("IfcSIUnit", None, "LENGTHUNIT", prefix, "METRE")
    angle = model.create_entity("IfcSIUnit", None, "PLANEANGLEUNIT", None, "RADIAN")
    model.create_entity("IfcGeometricRepresentationContext", None, "Model", 3, 1e-5, axes(model, 0, 0, 0))
    model.create_entity(
        "IfcProject",
        ifcopenshell.guid.new(),
        Name="P",
        RepresentationContexts=[context(model)],
        UnitsInContext=model.create_entity("IfcUnitAssignment", [unit, angle]),
    )
    outer = model.create_entity(
        "IfcLocalPlacement", None, axes(model, 100, 200, 300, up=(1, 0, 1), along=(0, 1, 0.3))
    )
    place = axes(model, -4, 5, 6, up=(0.2, 0.1, 1), along=(0.7, 0.7, 0))
    body = model.create_entity("IfcShapeRepresentation", context(model), "Body", "Any", [draw(model)])
    model.create_entity(
        "IfcBuildingElementProxy",
        ifcopenshell.guid.new(),
        ObjectPlacement=model.create_entity("IfcLocalPlacement", outer if relative else None, place),
        Representation=model.create_entity("IfcProductDefinitionShape", None, None, [body]),
    )
    return model


TOLD: dict[str, Callable[[Model], Any]] = {
    "rectangle": profile("Rectangle", XDim=4.0, YDim=1.0),
    "hollow": profile("RectangleHollow", XDim=4.0, YDim=1.0, WallThickness=0.1),
    "rounded": profile("RoundedRectangle", XDim=4.0, YDim=1.0, RoundingRadius=0.2),
    "circle": profile("Circle", Radius=2.0),
    "pipe": profile("CircleHollow", Radius=2.0, WallThickness=0.1),
    "ellipse": profile("Ellipse", SemiAxis1=2.0, SemiAxis2=5.0),
    "beam": profile("IShape", OverallWidth=2.0, OverallDepth=4.0, WebThickness=0.2, FlangeThickness=0.3),
    "angle": profile("LShape", Depth=3.0, Width=2.0, Thickness=0.2),
    "channel": profile("UShape", Depth=3.0, FlangeWidth=2.0, WebThickness=0.2, FlangeThickness=0.3),
    "tee": profile("TShape", Depth=3.0, FlangeWidth=2.0, WebThickness=0.2, FlangeThickness=0.3),
    "lipped": profile("CShape", Depth=3.0, Width=2.0, WallThickness=0.2, Girth=0.5),
    "zed": profile("ZShape", Depth=3.0, FlangeWidth=2.0, WebThickness=0.2, FlangeThickness=0.3),
    "slanted": lambda model: block(model, along=(0, 0.6, 0.8)),
    "polygon": outline(lambda model: polyline(model, (0, 0), (4, 0), (1, 1), (0, 3), (0, 0))),
    "bent": outline(bent),
    "half round": outline(half_round),
    "difference": unite("DIFFERENCE"),
    "intersection": unite("INTERSECTION"),
    "union": unite("UNION"),
    "shells": shells,
    "triangles": triangles,
    "map": mapped(shells),
    "map of a map": mapped(mapped(block)),
}
UNTOLD: dict[str, Callable[[Model], Any]] = {
    "mirrored": mapped(shells, flip=-1.0),
    "a map from elsewhere": mapped(shells, at=(1, 0, 0)),
    "a direction that is no unit": lambda model: block(model, along=(0, 0, 2)),
    "a profile that is not known": profile(
        "Trapezium", BottomXDim=3.0, TopXDim=2.0, YDim=1.0, TopXOffset=0.2
    ),
    "a ball": lambda model: model.create_entity("IfcSphere", axes(model, 0, 0, 0), 2.0),
}


@pytest.mark.parametrize("prefix", [None, "MILLI"])
@pytest.mark.parametrize("name", TOLD)
def test_a_box_is_as_large_as_it_must_be(tmp_path: Path, name: str, prefix: str | None) -> None:
    path = tmp_path / "model.ifc"
    build(TOLD[name], prefix=prefix).write(path)
    told, meshes = compare(path, tmp_path)
    ((number, box),) = told.items()
    assert holds(box, meshes[number])
    if name not in {"difference", "intersection"}:  # what is cut off is not looked at
        assert np.abs(box - meshes[number]).max() - MARGIN_M <= 0.5 * np.ptp(meshes[number], axis=0).max()


@pytest.mark.parametrize("name", UNTOLD)
def test_what_is_not_known_has_no_box(tmp_path: Path, name: str) -> None:
    path = tmp_path / "model.ifc"
    build(UNTOLD[name], prefix=None).write(path)
    assert compare(path, tmp_path)[0] == {}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (r"LOCALPLACEMENT\(\$,", "LOCALPLACEMENT(#9999,"),  # which is not there
        (r"LOCALPLACEMENT\(\$,#[0-9]+", "LOCALPLACEMENT($"),
        (r"LOCALPLACEMENT\(\$,#[0-9]+", "LOCALPLACEMENT($,$"),
        (r"LOCALPLACEMENT\(\$,", "LOCALPLACEMENT($,$,"),
        (r"LOCALPLACEMENT\(\$,", "LOCALPLACEMENT(!,"),
        (r"LOCALPLACEMENT\(\$,", "NOPLACEMENT($,"),
        (r"SHAPE\(\$,\$,\(#[0-9]+", "SHAPE($,$,(#9999"),
        (r"EXTRUDEDAREASOLID\(", "EXTRUDEDAREASOLID(/"),
        (r",3\.\);", ",3.E400);"),
        (r",3\.\);", ",$);"),
        (r",3\.\);", ",'three');"),
        (r",3\.\);", ");"),
        (r"PROFILEDEF\(\.AREA\.,\$", "PROFILEDEF(.AREA.,'a;b'"),
    ],
)
def test_what_is_damaged_has_no_box(tmp_path: Path, old: str, new: str) -> None:
    assert tell(build(TOLD["rectangle"], prefix=None), tmp_path, old, new) == {}


@pytest.mark.parametrize(
    ("name", "old", "new"),
    [
        ("triangles", r"FACESET\(#[0-9]+", "FACESET($"),
        ("triangles", r"FACESET\(#[0-9]+", "FACESET(#9999"),
        ("triangles", r"POINTLIST3D\(\(\(", "POINTLIST3D(((x,"),
        ("shells", r"FACETEDBREP\(#[0-9]+", "FACETEDBREP($"),
        ("shells", r"POLYLOOP\(\(#[0-9]+", "POLYLOOP((#9999"),
        ("shells", r"POINT\(\(0\.,0\.,7\.", "POINT((0.,0.,x"),
        ("map", r"REPRESENTATIONMAP\(#[0-9]+", "REPRESENTATIONMAP($"),
        ("map", r"MAPPEDITEM\((#[0-9]+),#[0-9]+", r"MAPPEDITEM(\1,$"),
        ("bent", r"ARCINDEX\(\(2,3,4", "ARCINDEX((2,3,44"),
        ("half round", r"CIRCLE\(#[0-9]+,2\.", "CIRCLE($,$"),
    ],
)
def test_nor_has_what_is_made_of_damaged_parts(tmp_path: Path, name: str, old: str, new: str) -> None:
    assert tell(build(TOLD[name], prefix=None), tmp_path, old, new) == {}


def tell(model: Model, folder: Path, old: str, new: str) -> dict[int, Any]:
    """Return the boxes of a model whose text has been changed."""
    text = model.to_string()
    assert re.search(old, text)
    path = folder / "model.ifc"
    path.write_text(re.sub(old, new, text), encoding="ascii")
    files = Files(inputs={}, outputs=folder, scratch=folder)
    checked = check_model(path, files)
    reader = Reader(open_checked(checked, files))
    numbers = [one.id() for one in reader.all("IfcElement")]
    assert len(numbers) == 1
    return Geometry(reader, texts=Texts(checked.path, checked.instances)).boxes(numbers)


def test_a_representation_need_not_be_what_it_says_it_is(tmp_path: Path) -> None:
    model = build(TOLD["rectangle"], prefix=None)
    body = model.by_type("IfcShapeRepresentation")[0]
    lines = [polyline(model, (-500, 0, 0), (500, 0, 0))]
    axis = model.create_entity("IfcShapeRepresentation", context(model), "Axis", "Curve3D", lines)
    shape = model.by_type("IfcProductDefinitionShape")[0]
    shape.Representations = [axis, body]
    path = tmp_path / "model.ifc"
    for kind in ("SweptSolid", "Curve3D"):
        body.RepresentationType = kind
        model.write(path)
        told, meshes = compare(path, tmp_path)
        assert told.keys() == meshes.keys()
        assert all(holds(told[number], mesh) for number, mesh in meshes.items())
        assert np.ptp(told[next(iter(told))], axis=0).max() < 10


def test_what_stands_in_a_circle_or_is_added_to_has_no_box(tmp_path: Path) -> None:
    model = build(TOLD["rectangle"], prefix=None)
    path = tmp_path / "model.ifc"
    element = model.by_type("IfcElement")[0]
    addition = model.create_entity("IfcProjectionElement", ifcopenshell.guid.new())
    model.create_entity(
        "IfcRelProjectsElement",
        ifcopenshell.guid.new(),
        RelatingElement=element,
        RelatedFeatureElement=addition,
    )
    model.write(path)
    assert compare(path, tmp_path)[0] == {}
    model = build(TOLD["rectangle"], prefix=None)
    outer, inner = sorted(model.by_type("IfcLocalPlacement"), key=lambda one: one.PlacementRelTo is not None)
    outer.PlacementRelTo = inner
    model.write(path)
    assert compare(path, tmp_path)[0] == {}
