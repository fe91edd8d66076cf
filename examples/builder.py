"""What the example models are built with: coordinates in metres, GlobalIds and times that never change."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import ifcopenshell
import ifcopenshell.api.aggregate
import ifcopenshell.api.context
import ifcopenshell.api.geometry
import ifcopenshell.api.material
import ifcopenshell.api.project
import ifcopenshell.api.pset
import ifcopenshell.api.root
import ifcopenshell.api.spatial
import ifcopenshell.api.style
import ifcopenshell.api.unit
import ifcopenshell.guid
from ifcopenshell import entity_instance as Entity

TIME_STAMP = "2026-01-01T12:00:00"
SECONDS = 1767268800  # the same moment
NAMESPACE = uuid.UUID("6d0f3f0e-8a0b-5c55-9d7c-3f1f0a5e2b11")
Point = tuple[float, float, float]
X, Y, Z = (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0)


PRECISION = 1e-5  # metres


@dataclass
class Builder:
    """A model under construction. All lengths are metres; they are stored in the model's unit."""

    name: str
    schema: Literal["IFC2X3", "IFC4", "IFC4X3"]
    unit: float  # metres per length unit: 0.001 or 1
    model: ifcopenshell.file = field(init=False)
    body: Entity = field(init=False)
    building: Entity = field(init=False)
    storeys: dict[str, Entity] = field(default_factory=dict)
    styles: dict[str, Entity] = field(default_factory=dict)
    materials: dict[str, Entity] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Start a project with units, contexts, a site and a building."""
        self.model = ifcopenshell.api.project.create_file(version=self.schema)
        if self.schema == "IFC2X3":
            _sign(self.model)
        project = self.root("IfcProject", "House")
        length = {"is_metric": True, "raw": "MILLIMETERS" if self.unit == 0.001 else "METERS"}  # noqa: PLR2004
        metres = {"is_metric": True, "raw": "METERS"}
        ifcopenshell.api.unit.assign_unit(self.model, length=length, area=metres, volume=metres)
        radian = ifcopenshell.api.unit.add_si_unit(self.model, unit_type="PLANEANGLEUNIT")
        ifcopenshell.api.unit.assign_unit(self.model, units=[radian])
        context = ifcopenshell.api.context.add_context(self.model, context_type="Model")
        context.Precision = PRECISION / self.unit
        self.body = ifcopenshell.api.context.add_context(
            self.model,
            context_type="Model",
            context_identifier="Body",
            target_view="MODEL_VIEW",
            parent=context,
        )
        site, self.building = self.root("IfcSite", "Site"), self.root("IfcBuilding", "House")
        self.part(project, site)
        self.part(site, self.building)
        self.place(site, (0, 0, 0))
        self.place(self.building, (0, 0, 0), within=site)
        self.site = site

    def length(self, metres: float) -> float:
        """Return a length in the model's unit, without the noise of the division."""
        return round(metres / self.unit, 6)

    def root(self, kind: str, name: str, **attributes: Any) -> Entity:  # noqa: ANN401 - attributes of a class
        """Create an object of a class."""
        entity = ifcopenshell.api.root.create_entity(self.model, ifc_class=kind, name=name)
        for key, value in attributes.items():
            setattr(entity, key, value)
        return entity

    def part(self, whole: Entity, part: Entity) -> None:
        """Make one object part of another."""
        ifcopenshell.api.aggregate.assign_object(self.model, products=[part], relating_object=whole)

    def storey(self, name: str, elevation: float) -> Entity:
        """Add a storey to the building."""
        storey = self.root("IfcBuildingStorey", name, Elevation=self.length(elevation))
        self.part(self.building, storey)
        self.place(storey, (0, 0, elevation), within=self.building)
        self.storeys[name] = storey
        return storey

    def put(self, element: Entity, storey: str, at: Point, *, along: Point = X) -> Entity:
        """Put an element on a storey, at a point relative to the storey."""
        container = self.storeys[storey]
        ifcopenshell.api.spatial.assign_container(
            self.model, products=[element], relating_structure=container
        )
        self.place(element, at, within=container, along=along)
        return element

    def place(self, product: Entity, at: Point, *, within: Entity | None = None, along: Point = X) -> None:
        """Place a product in another one's coordinates, turned so that its x axis lies along a direction."""
        parent = within.ObjectPlacement if within is not None else None
        product.ObjectPlacement = self.model.createIfcLocalPlacement(parent, self.axes(at, ref=along))

    def axes(self, at: Point = (0, 0, 0), *, axis: Point = Z, ref: Point = X) -> Entity:
        """Return an IfcAxis2Placement3D."""
        directions = [
            None if given == usual else self.model.createIfcDirection(tuple(map(float, given)))
            for given, usual in ((axis, Z), (ref, X))
        ]
        if any(directions):
            directions = [self.model.createIfcDirection(tuple(map(float, given))) for given in (axis, ref)]
        point = self.model.createIfcCartesianPoint(tuple(self.length(value) for value in at))
        return self.model.createIfcAxis2Placement3D(point, *directions)

    def box(self, size: Point, at: Point = (0, 0, 0)) -> Entity:
        """Return a box whose lowest corner is at a point."""
        x, y, z = size
        place = self.model.createIfcAxis2Placement2D(
            self.model.createIfcCartesianPoint((self.length(x / 2), self.length(y / 2)))
        )
        profile = self.model.createIfcRectangleProfileDef("AREA", None, place, self.length(x), self.length(y))
        return self.extrude(profile, z, at)

    def prism(
        self,
        points: Sequence[tuple[float, float]],
        depth: float,
        *,
        at: Point = (0, 0, 0),
        axis: Point = Z,
        ref: Point = X,
    ) -> Entity:
        """Return a polygon extruded along `axis`; `ref` is the direction of its first coordinate."""
        corners = [
            self.model.createIfcCartesianPoint((self.length(u), self.length(v)))
            for u, v in (*points, points[0])
        ]
        profile = self.model.createIfcArbitraryClosedProfileDef(
            "AREA", None, self.model.createIfcPolyline(corners)
        )
        return self.extrude(profile, depth, at, axis=axis, ref=ref)

    def bar(self, radius: float, length: float, *, axis: Point, ref: Point, at: Point = (0, 0, 0)) -> Entity:
        """Return a round bar along an axis."""
        centre = self.model.createIfcAxis2Placement2D(self.model.createIfcCartesianPoint((0.0, 0.0)))
        profile = self.model.createIfcCircleProfileDef("AREA", None, centre, self.length(radius))
        return self.extrude(profile, length, at, axis=axis, ref=ref)

    def extrude(
        self, profile: Entity, depth: float, at: Point = (0, 0, 0), *, axis: Point = Z, ref: Point = X
    ) -> Entity:
        """Return an extrusion of a profile."""
        up = self.model.createIfcDirection(Z)
        return self.model.createIfcExtrudedAreaSolid(
            profile, self.axes(at, axis=axis, ref=ref), up, self.length(depth)
        )

    def shape(self, product: Entity, *items: Entity, style: str | None = None) -> Entity:
        """Give a product (or a type) a body, all in one colour when a style is named."""
        body = self.model.createIfcShapeRepresentation(self.body, "Body", "SweptSolid", items)
        for item in items if style else ():
            self.colour(item, style)
        ifcopenshell.api.geometry.assign_representation(self.model, product=product, representation=body)
        return product

    def colour(self, item: Entity, style: str | None) -> Entity:
        """Give one item of a representation a style."""
        ifcopenshell.api.style.assign_item_style(self.model, item=item, style=self.styles[style or ""])
        return item

    def style(self, name: str, red: float, green: float, blue: float, transparency: float = 0.0) -> None:
        """Add a surface style; colours run from 0 to 1."""
        style = ifcopenshell.api.style.add_style(self.model, name=name)
        attributes: dict[str, Any] = {
            "SurfaceColour": {"Name": None, "Red": red, "Green": green, "Blue": blue}
        }
        if self.schema != "IFC2X3":
            attributes["Transparency"] = transparency
        ifcopenshell.api.style.add_surface_style(
            self.model, style=style, ifc_class="IfcSurfaceStyleShading", attributes=attributes
        )
        self.styles[name] = style

    def material(self, name: str, category: str | None = None) -> Entity:
        """Return a material, made at its first use."""
        if name not in self.materials:
            material = ifcopenshell.api.material.add_material(self.model, name=name)
            if category and self.schema != "IFC2X3":
                material.Category = category
            self.materials[name] = material
        return self.materials[name]

    def made_of(self, element: Entity, material: str) -> Entity:
        """Make an element of one material."""
        ifcopenshell.api.material.assign_material(
            self.model, products=[element], material=self.material(material)
        )
        return element

    def properties(self, element: Entity, pset: str, **values: Any) -> Entity:  # noqa: ANN401 - any property
        """Give an element a property set."""
        made = ifcopenshell.api.pset.add_pset(self.model, product=element, name=pset)
        ifcopenshell.api.pset.edit_pset(self.model, pset=made, properties=values)
        return element

    def quantities(self, element: Entity, qto: str, **values: float) -> Entity:
        """Give an element a quantity set; lengths in the model's unit, areas and volumes in metres."""
        made = ifcopenshell.api.pset.add_qto(self.model, product=element, name=qto)
        ifcopenshell.api.pset.edit_qto(
            self.model, qto=made, properties={key: round(value, 6) for key, value in values.items()}
        )
        return element


def finish(model: ifcopenshell.file, name: str, *, after: int = 0) -> None:
    """Make everything in a model repeatable: GlobalIds, the order in sets, times, header.

    Roots with ids up to `after` keep their GlobalIds: they come from an earlier revision.
    """
    if model.schema == "IFC2X3":
        _own(model)
    for entity in list(model):
        for place in _sets(entity.declaration.as_entity()):
            if (members := entity[place]) and len(members) > 1:
                entity[place] = sorted(members, key=lambda member: member.id())
    counts: Counter[str] = Counter()
    for root in sorted(model.by_type("IfcRoot"), key=lambda item: item.id()):
        if root.id() > after:
            key = f"{name}/{root.is_a()}/{root.Name}"
            counts[key] += 1
            root.GlobalId = ifcopenshell.guid.compress(uuid.uuid5(NAMESPACE, f"{key}/{counts[key]}").hex)
    header = model.header.file_name
    header.name, header.time_stamp = name, TIME_STAMP
    header.author, header.organization = ("ifcpipe",), ("ifcpipe",)
    header.preprocessor_version = header.originating_system = "ifcpipe examples"
    header.authorization = "none"


def _sets(kind: Any) -> list[int]:  # noqa: ANN401 - a declaration of the schema
    """Return the places of a class's attributes that are sets, whose order means nothing and may vary."""
    kinds = [attribute.type_of_attribute().as_aggregation_type() for attribute in kind.all_attributes()]
    return [
        place for place, found in enumerate(kinds) if found and found.type_of_aggregation_string() == "set"
    ]


def _sign(model: ifcopenshell.file) -> None:
    """Say who makes the model, which IFC2X3 demands before the first root."""
    person = model.createIfcPerson("ifcpipe", "Example", "Anna")
    company = model.createIfcOrganization(None, "ifcpipe")
    model.createIfcPersonAndOrganization(person, company)
    model.createIfcApplication(company, "1", "ifcpipe examples", "ifcpipe-examples")


def _own(model: ifcopenshell.file) -> None:
    """Give every root one and the same owner history, at a fixed time."""
    history, *others = sorted(model.by_type("IfcOwnerHistory"), key=lambda item: item.id())
    history.ChangeAction, history.CreationDate = "ADDED", SECONDS
    history.LastModifiedDate = history.LastModifyingUser = history.LastModifyingApplication = None
    for root in model.by_type("IfcRoot"):
        root.OwnerHistory = history
    for other in others:
        model.remove(other)


def write(model: ifcopenshell.file, path: Path) -> None:
    """Write a model with the line ends of every system."""
    path.write_text(model.to_string(), encoding="ascii", newline="\n")
