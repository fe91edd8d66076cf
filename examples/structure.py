"""The house as its structural engineer models it: IFC2X3, metres, footings, columns and beams."""

from __future__ import annotations

from itertools import pairwise

import ifcopenshell.api.type
from ifcopenshell import entity_instance as Entity

from examples.architecture import GROUND, STOREY, UPPER
from examples.builder import Builder, Point, finish

NAME = "house-structure.ifc"
GRID_X, GRID_Y = (0.6, 5.0, 9.4), (0.6, 7.4)
COLUMN, BEAM_WIDTH, BEAM_DEPTH, CEILING = 0.25, 0.2, 0.3, 2.7


def make() -> Builder:
    """Return the structural model."""
    build = Builder(NAME, "IFC2X3", 1.0)
    build.style("Concrete", 0.6, 0.6, 0.6)
    build.storey(GROUND, 0.0)
    build.storey(UPPER, STOREY)
    types = {
        kind: build.root(f"{kind}Type", f"{kind[3:]} C25/30", PredefinedType=kind[3:].upper())
        for kind in ("IfcColumn", "IfcBeam")
    }
    for number, x in enumerate(GRID_X, start=1):
        for letter, y in zip("AB", GRID_Y, strict=True):
            at = (x - 0.5, y - 0.5, -0.8)
            name = f"Footing {letter}{number}"
            member(build, types, "IfcFooting", name, storey=GROUND, at=at, size=(1, 1, 0.5))
    for storey in (GROUND, UPPER):
        _frame(build, types, storey)
    finish(build.model, NAME)
    return build


def _frame(build: Builder, types: dict[str, Entity], storey: str) -> None:
    """Add the columns of a storey, and the beams between their faces."""
    half, low, n = COLUMN / 2, CEILING - BEAM_DEPTH, 0 if storey == GROUND else 1
    for number, x in enumerate(GRID_X, start=1):
        for letter, y in zip("AB", GRID_Y, strict=True):
            at = (x - half, y - half, 0.0)
            name, size = f"Column {n}{letter}{number}", (COLUMN, COLUMN, CEILING)
            member(build, types, "IfcColumn", name, storey=storey, at=at, size=size)
        at = (x - BEAM_WIDTH / 2, GRID_Y[0] + half, low)
        size = (BEAM_WIDTH, GRID_Y[1] - GRID_Y[0] - COLUMN, BEAM_DEPTH)
        member(build, types, "IfcBeam", f"Beam {n}{number}", storey=storey, at=at, size=size)
    for letter, y in zip("AB", GRID_Y, strict=True):
        for number, (left, right) in enumerate(pairwise(GRID_X), start=1):
            at = (left + half, y - BEAM_WIDTH / 2, low)
            size = (right - left - COLUMN, BEAM_WIDTH, BEAM_DEPTH)
            member(build, types, "IfcBeam", f"Beam {n}{letter}{number}", storey=storey, at=at, size=size)


def member(
    build: Builder, types: dict[str, Entity], kind: str, name: str, *, storey: str, at: Point, size: Point
) -> Entity:
    """Add one member as a box, lowest corner first."""
    element = build.root(kind, name)
    if kind == "IfcFooting":
        element.PredefinedType = "PAD_FOOTING"
    build.shape(element, build.box(size), style="Concrete")
    build.put(element, storey, at)
    build.made_of(element, "Concrete C25/30")
    if kind in types:
        ifcopenshell.api.type.assign_type(build.model, related_objects=[element], relating_type=types[kind])
        build.properties(element, f"Pset_{kind[3:]}Common", LoadBearing=True, Reference="C25/30")
    return element
