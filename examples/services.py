"""The house as its services engineer models it: IFC4, metres, with clashes against the structure.

Every clash is put there on purpose, and everything else keeps its distance; `CLASHES` is the truth.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import ifcopenshell.api.system
import ifcopenshell.api.type
from ifcopenshell import entity_instance as Entity

from examples.architecture import GROUND, STOREY, UPPER
from examples.builder import Builder, Point, X, Y, Z, finish

NAME = "house-services.ifc"
RADIUS = 0.05


@dataclass(frozen=True)
class Clash:
    """A place where a service meets the structure; metres."""

    service: str
    member: str
    kind: str
    distance: float
    note: str


CLASHES = (
    Clash("Duct 01 supply", "Beam 02", "pierce", 0.0, "the duct runs straight through the beam"),
    Clash("Pipe 01 riser", "Column 0A2", "overlap", 0.0, "the pipe cuts 20 mm into the column's face"),
    Clash("Pipe 12 stray", "Column 1B3", "contained", 0.0, "the pipe lies wholly inside the column"),
    Clash("Duct 11 extract", "Beam 12", "touch", 0.0, "the duct lies on the beam"),
    Clash("Pipe 02 heating", "Beam 0A1", "clearance", 0.03, "30 mm between the pipe and the beam"),
)
SAFE_DISTANCE = 0.1  # every other pair of a service and a member is at least this far apart


def make() -> Builder:
    """Return the services model."""
    build = Builder(NAME, "IFC4", 1.0)
    for name, *colour in (
        ("Zinc", 0.75, 0.77, 0.8),
        ("Copper", 0.72, 0.45, 0.2),
        ("White", 0.95, 0.95, 0.95),
    ):
        build.style(str(name), *colour)
    build.storey(GROUND, 0.0)
    build.storey(UPPER, STOREY)
    duct_type = build.root("IfcDuctSegmentType", "Rectangular duct", PredefinedType="RIGIDSEGMENT")
    pipe_type = build.root("IfcPipeSegmentType", "Copper pipe 100", PredefinedType="RIGIDSEGMENT")
    ducts = [
        _duct(build, duct_type, "Duct 01 supply", GROUND, at=(1.0, 3.8, 2.45), size=(8.0, 0.4, 0.2)),
        _duct(build, duct_type, "Duct 11 extract", UPPER, at=(3.0, 3.8, 2.7), size=(4.0, 0.4, 0.2)),
    ]
    pipes = [
        _pipe(build, pipe_type, "Pipe 01 riser", GROUND, at=(5.0, 0.755, 0.0), axis=Z, length=2.25),
        _pipe(build, pipe_type, "Pipe 02 heating", GROUND, at=(1.0, 0.6, 2.32), axis=X, length=3.5),
        _pipe(build, pipe_type, "Pipe 11 heating", UPPER, at=(1.0, 1.5, 0.2), axis=X, length=6.0),
        _pipe(build, pipe_type, "Pipe 12 stray", UPPER, at=(9.4, 7.4, 0.5), axis=Z, length=1.5),
    ]
    terminals = [
        _terminal(build, f"Diffuser 0{n}", (x, 3.85, 2.3)) for n, x in enumerate((2.0, 8.0), start=1)
    ]
    _heaters(build)
    _system(build, "Ventilation", "VENTILATION", ducts + terminals)
    _system(build, "Heating", "HEATING", pipes)
    finish(build.model, NAME)
    return build


def _duct(build: Builder, type_: Entity, name: str, storey: str, *, at: Point, size: Point) -> Entity:
    """Add a rectangular duct along x."""
    duct = _segment(build, "IfcDuctSegment", name, build.box(size), "Zinc")
    build.put(duct, storey, at)
    build.made_of(duct, "Galvanised steel")
    return _finish_segment(build, duct, type_, "Pset_DuctSegmentTypeCommon", size[0])


def _pipe(
    build: Builder, type_: Entity, name: str, storey: str, *, at: Point, axis: Point, length: float
) -> Entity:
    """Add a round pipe; `at` is the start of its axis."""
    radius = 0.03 if "stray" in name else RADIUS
    pipe = _segment(
        build,
        "IfcPipeSegment",
        name,
        build.bar(radius, length, axis=axis, ref=Y if axis == X else X),
        "Copper",
    )
    build.put(pipe, storey, at)
    build.made_of(pipe, "Copper")
    return _finish_segment(build, pipe, type_, "Pset_PipeSegmentTypeCommon", length)


def _segment(build: Builder, kind: str, name: str, item: Entity, style: str) -> Entity:
    return build.shape(build.root(kind, name, PredefinedType="RIGIDSEGMENT"), item, style=style)


def _finish_segment(build: Builder, segment: Entity, type_: Entity, pset: str, length: float) -> Entity:
    """Give a segment its type, its properties and its length."""
    ifcopenshell.api.type.assign_type(build.model, related_objects=[segment], relating_type=type_)
    build.properties(segment, pset, Reference=type_.Name)
    qto = f"Qto_{segment.is_a()[3:]}BaseQuantities"
    return build.quantities(segment, qto, Length=length)


def _terminal(build: Builder, name: str, at: Point) -> Entity:
    """Add an air diffuser under the duct."""
    terminal = build.root("IfcAirTerminal", name, PredefinedType="DIFFUSER")
    build.shape(terminal, build.box((0.3, 0.3, 0.05)), style="White")
    build.put(terminal, GROUND, at)
    return build.made_of(terminal, "Galvanised steel")


def _heaters(build: Builder) -> None:
    """Add radiators along the north wall."""
    for number, x in enumerate((2.0, 7.8), start=1):
        heater = build.root("IfcSpaceHeater", f"Radiator 0{number}", PredefinedType="RADIATOR")
        panels = [build.box((1.0, 0.03, 0.5), (0, offset, 0)) for offset in (0.0, 0.07)]
        build.shape(heater, *panels, style="White")
        build.put(heater, GROUND, (x - 0.6, 7.0, 0.15))
        build.made_of(heater, "Steel")


def _system(build: Builder, name: str, kind: str, elements: list[Entity]) -> None:
    """Put elements into a distribution system."""
    system = ifcopenshell.api.system.add_system(build.model, ifc_class="IfcDistributionSystem")
    attributes: dict[str, Any] = {"Name": name, "PredefinedType": kind}
    ifcopenshell.api.system.edit_system(build.model, system=system, attributes=attributes)
    ifcopenshell.api.system.assign_system(build.model, products=elements, system=system)
