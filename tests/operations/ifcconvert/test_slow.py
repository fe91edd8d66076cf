"""A shape that takes far too long, beside others."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import ifcopenshell

from functions.core.registry import operation
from functions.ifc.child import Limits
from functions.ifc.local import execute

HOUSE = Path(__file__).resolve().parents[3] / "examples" / "house-architecture.ifc"
RADIUS = 1000.0
FACETS = 70  # each way: OpenCASCADE takes 18 s to tell two such balls apart


EQUAL = 12


def make_ball(model: Any, shift: float) -> Any:
    def point(row: int, column: int) -> Any:
        polar, around = math.pi * row / FACETS, 2 * math.pi * (column % FACETS) / FACETS
        x, y = math.sin(polar) * math.cos(around), math.sin(polar) * math.sin(around)
        return points.setdefault(
            (row, column % FACETS),
            model.createIfcCartesianPoint((RADIUS * x + shift, RADIUS * y, RADIUS * math.cos(polar))),
        )

    def face(*corners: Any) -> Any:
        loop = model.createIfcPolyLoop(corners)
        return model.createIfcFace([model.createIfcFaceOuterBound(loop, True)])

    points: dict[tuple[int, int], Any] = {}
    poles = [model.createIfcCartesianPoint((shift, 0.0, height)) for height in (RADIUS, -RADIUS)]
    faces = []
    for column in range(FACETS):
        faces.append(face(poles[0], point(1, column), point(1, column + 1)))
        faces.append(face(poles[1], point(FACETS - 1, column + 1), point(FACETS - 1, column)))
        for row in range(1, FACETS - 1):
            corners = point(row, column), point(row + 1, column), point(row + 1, column + 1)
            faces.append(face(*corners))
            faces.append(face(corners[0], corners[2], point(row, column + 1)))
    return model.createIfcFacetedBrep(model.createIfcClosedShell(faces))


def test_an_element_that_takes_too_long_costs_no_other(tmp_path: Path) -> None:
    model: Any = ifcopenshell.open(HOUSE)
    wall = model.by_type("IfcWall")[0]
    ball = model.createIfcBooleanResult("DIFFERENCE", make_ball(model, 0.0), make_ball(model, 300.37))
    context = wall.Representation.Representations[0].ContextOfItems
    body = model.createIfcShapeRepresentation(context, "Body", "SolidModel", [ball])
    slow = []
    for number in range(EQUAL):  # each by itself would end the job more often than it is begun anew
        guid = f"{number:022}"
        shape = model.createIfcProductDefinitionShape(None, None, [body])
        placed = wall.ObjectPlacement
        slow.append(model.createIfcBuildingElementProxy(guid, None, "slow", None, None, placed, shape))
    path = tmp_path / "slow.ifc"
    model.write(path)
    execution = execute(
        operation("ifcconvert"),
        {"input_filename": "slow.ifc", "format": "glb"},
        {"input_filename": path},
        folder=tmp_path,
        limits=Limits(shape_s=2.5),
    )
    assert execution.statistics["failed"] == len(slow)
    assert execution.statistics["meshed"] == execution.statistics["elements"] - len(slow) > 30
    assert [warning.partition(":")[0] for warning in execution.warnings] == [f"#{one.id()}" for one in slow]
    assert all("takes too long" in warning for warning in execution.warnings)
