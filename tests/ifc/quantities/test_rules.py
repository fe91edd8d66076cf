"""Quantities of plain boxes are those that anybody can work out, for every formula of ifc5d's rule sets."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import ifcopenshell
import ifcopenshell.api.context
import ifcopenshell.api.feature
import ifcopenshell.api.project
import ifcopenshell.api.root
import pytest

from functions.core import Files
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry.texts import Texts
from functions.ifc.quantities.rules import Rules
from functions.ifc.quantities.takeoff import Takeoff
from functions.ifc.reader import Reader

Size = tuple[float, float, float]
Schema = Literal["IFC4", "IFC4X3"]
LONG, FLAT = (0.2, 0.3, 6.0), (2.0, 1.0, 0.5)
HOLE = (0.4, 0.25, 9.0)  # through a flat box, upright: 0.1 m2 are missing
# Of boxes without a hole: class, schema, size in metres, predefined type; what is expected.
WHOLE: list[tuple[str, Schema, Size, str | None, dict[str, float]]] = [
    *(
        (
            kind, "IFC4", LONG, None,
            {"Length": 6, "CrossSectionArea": 0.06, "OuterSurfaceArea": 6, "GrossSurfaceArea": 6.12,
             "NetSurfaceArea": 6.12, "GrossVolume": 0.36, "NetVolume": 0.36},
        )
        for kind in ("IfcBeam", "IfcColumn", "IfcMember")
    ),
    ("IfcPile", "IFC4", LONG, None, {"Length": 6, "CrossSectionArea": 0.06, "GrossSurfaceArea": 6.12}),
    ("IfcPipeSegment", "IFC4", FLAT, None, {"Length": 2, "GrossCrossSectionArea": 0.5}),
    ("IfcFooting", "IFC4", FLAT, None, {"Length": 2, "Width": 1, "Height": 0.5, "GrossSurfaceArea": 7}),
    ("IfcFooting", "IFC4", LONG, "STRIP_FOOTING", {"Length": 6, "Width": 0.2, "Height": 0.3}),
    ("IfcStairFlight", "IFC4", (1.0, 2.0, 3.0), None, {"Length": 2, "NetVolume": 6}),
    ("IfcEarthworksFill", "IFC4X3", FLAT, None, {"Length": 2, "Width": 1, "Depth": 0.5}),
    ("IfcWall", "IFC4", FLAT, None, {"Length": 2, "Width": 1, "Height": 0.5, "GrossFootprintArea": 2}),
]  # fmt: skip
# Of the flat box with the hole.
PIERCED: dict[str, dict[str, float]] = {
    "IfcPlate": {"Width": 0.5, "Perimeter": 6, "GrossArea": 2, "NetArea": 1.9, "NetVolume": 0.95},
    "IfcCovering": {"Width": 0.5, "GrossArea": 2, "NetArea": 1.9},
    "IfcRoof": {"GrossArea": 2, "NetArea": 1.9},
    "IfcSlab": {"Width": 0.5, "Length": 2, "Depth": 1, "GrossArea": 2, "NetArea": 1.9, "GrossVolume": 1},
    "IfcWall": {"GrossFootprintArea": 2, "NetFootprintArea": 1.9, "GrossVolume": 1, "NetVolume": 0.95},
}


class Site:
    """A model in metres, in which boxes stand at the origin."""

    def __init__(self, schema: Schema) -> None:
        self.model: Any = ifcopenshell.api.project.create_file(schema)
        project = ifcopenshell.api.root.create_entity(self.model, ifc_class="IfcProject", name="P")
        metre = self.model.createIfcSIUnit(None, "LENGTHUNIT", None, "METRE")
        project.UnitsInContext = self.model.createIfcUnitAssignment([metre])
        whole = ifcopenshell.api.context.add_context(self.model, context_type="Model")
        self.body = ifcopenshell.api.context.add_context(
            self.model,
            context_type="Model",
            context_identifier="Body",
            target_view="MODEL_VIEW",
            parent=whole,
        )

    def box(self, kind: str, size: Size, predefined: str | None = None) -> Any:
        """Add a box about its axis, from z = 0 upwards."""
        make = self.model
        element = ifcopenshell.api.root.create_entity(make, ifc_class=kind, predefined_type=predefined)
        middle = make.createIfcAxis2Placement2D(make.createIfcCartesianPoint((0.0, 0.0)))
        profile = make.createIfcRectangleProfileDef("AREA", None, middle, *size[:2])
        solid = make.createIfcExtrudedAreaSolid(
            profile, None, make.createIfcDirection((0.0, 0.0, 1.0)), size[2]
        )
        shape = make.createIfcShapeRepresentation(self.body, "Body", "SweptSolid", [solid])
        element.Representation = make.createIfcProductDefinitionShape(None, None, [shape])
        origin = make.createIfcAxis2Placement3D(make.createIfcCartesianPoint((0.0, 0.0, 0.0)))
        element.ObjectPlacement = make.createIfcLocalPlacement(None, origin)
        return element

    def measure(self, folder: Path, kind: str) -> dict[str, float | None]:
        """Return the quantities of the only element of a class, by name."""
        path = folder / "box.ifc"
        self.model.write(str(path))
        checked = check_model(path, Files(inputs={}, outputs=folder, scratch=folder))
        model: Any = open_checked(checked, Files(inputs={}, outputs=folder, scratch=folder))
        texts = Texts(checked.path, checked.instances)
        takeoff = Takeoff(Reader(model), Rules(model.schema), texts)
        takeoff.measure(model.by_type("IfcElement"))
        (element,) = model.by_type(kind)
        return {entry.name: entry.value for entry in (takeoff.entries(element) or [])}


@pytest.mark.parametrize("case", WHOLE, ids=lambda case: f"{case[0]}-{case[3]}")
def test_a_box_is_as_large_as_its_sides_say(
    case: tuple[str, Schema, Size, str | None, dict[str, float]], tmp_path: Path
) -> None:
    kind, schema, size, predefined, expected = case
    site = Site(schema)
    site.box(kind, size, predefined)
    found = site.measure(tmp_path, kind)
    assert {name: found[name] for name in expected} == pytest.approx(expected)


@pytest.mark.parametrize("kind", PIERCED)
def test_a_hole_is_missing_in_net_quantities_alone(kind: str, tmp_path: Path) -> None:
    site = Site("IFC4")
    hole = site.box("IfcOpeningElement", HOLE)
    ifcopenshell.api.feature.add_feature(site.model, feature=hole, element=site.box(kind, FLAT))
    found = site.measure(tmp_path, kind)
    # The kernel cuts by its tolerance more than there is.
    assert {name: found[name] for name in PIERCED[kind]} == pytest.approx(PIERCED[kind], rel=2e-4)
