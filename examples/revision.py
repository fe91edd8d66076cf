"""The second revision of the architect's model: known edits, one of each kind."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import ifcopenshell
import ifcopenshell.api.classification
import ifcopenshell.api.material
import ifcopenshell.api.pset
import ifcopenshell.api.root
import ifcopenshell.api.spatial
import ifcopenshell.api.type
import ifcopenshell.util.element
from ifcopenshell import entity_instance as Entity

from examples.architecture import UPPER
from examples.builder import Builder, finish

NAME = "house-architecture-v2.ifc"


@dataclass
class Revision:
    """A model being revised, and the list of what was done to it."""

    build: Builder
    edits: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: {"changed": [], "deleted": []})
    new: list[tuple[Entity, str]] = field(default_factory=list)

    def find(self, name: str) -> Entity:
        """Return the one element of a name."""
        return next(item for item in self.build.model.by_type("IfcElement") if item.Name == name)

    def note(self, element: Entity, kind: str, **detail: Any) -> None:  # noqa: ANN401 - JSON
        """Write down a change."""
        entry = {"global_id": element.GlobalId, "class": element.is_a(), "kind": kind, **detail}
        self.edits["changed"].append(entry)


def make(build: Builder) -> dict[str, list[dict[str, Any]]]:
    """Turn the first revision into the second one; return the edits by GlobalId and kind."""
    last = max(item.id() for item in build.model)
    revision = Revision(build)
    for edit in (
        _attribute,
        _property,
        _quantity,
        _type,
        _material,
        _classification,
        _container,
        _move,
        _shape,
    ):
        edit(revision)
    _delete(revision)
    _add(revision)
    finish(build.model, NAME, after=last)
    edits = revision.edits
    edits["added"] = [
        {"global_id": item.GlobalId, "class": item.is_a(), "name": item.Name} for item, _ in revision.new
    ]
    return edits


def _attribute(revision: Revision) -> None:
    door = revision.find("D-02")
    revision.note(door, "attributes", attribute="Description", old=None, new="Front door, burglar resistant")
    door.Description = "Front door, burglar resistant"


def _property(revision: Revision) -> None:
    wall = revision.find("W-E01 south")
    pset = revision.build.model.by_id(ifcopenshell.util.element.get_pset(wall, "Pset_WallCommon")["id"])
    ifcopenshell.api.pset.edit_pset(revision.build.model, pset=pset, properties={"FireRating": "REI 90"})
    revision.note(wall, "property", property="Pset_WallCommon.FireRating", old="REI 60", new="REI 90")


def _quantity(revision: Revision) -> None:
    slab = revision.find("Slab 0")
    values = ifcopenshell.util.element.get_pset(slab, "Qto_SlabBaseQuantities")
    qto, old = revision.build.model.by_id(values["id"]), values["GrossVolume"]
    ifcopenshell.api.pset.edit_qto(revision.build.model, qto=qto, properties={"GrossVolume": 25.0})
    revision.note(slab, "quantity", property="Qto_SlabBaseQuantities.GrossVolume", old=old, new=25.0)


def _type(revision: Revision) -> None:
    wall, model = revision.find("W-I11 middle"), revision.build.model
    twin = revision.build.root("IfcWallType", "Partition, sound insulated", PredefinedType="PARTITIONING")
    layers = ifcopenshell.util.element.get_material(wall, should_skip_usage=True)
    ifcopenshell.api.material.assign_material(
        model, products=[twin], type="IfcMaterialLayerSet", material=layers
    )
    _retype(model, wall, twin)
    revision.note(wall, "type", old="Partition", new=twin.Name)
    revision.new.append((twin, "type"))


def _retype(model: ifcopenshell.file, element: Entity, type_: Entity) -> None:
    """Move an element from its type to another one, leaving shape and materials alone."""
    for relation in model.by_type("IfcRelDefinesByType"):
        if element in relation.RelatedObjects:
            relation.RelatedObjects = [item for item in relation.RelatedObjects if item != element]
    relation = ifcopenshell.api.root.create_entity(model, ifc_class="IfcRelDefinesByType")
    relation.RelatingType, relation.RelatedObjects = type_, [element]


def _material(revision: Revision) -> None:
    slab = revision.find("Slab 1")
    ifcopenshell.api.material.unassign_material(revision.build.model, products=[slab])
    revision.build.made_of(slab, "Concrete C30/37")
    revision.note(slab, "material", old="Concrete C25/30", new="Concrete C30/37")


def _classification(revision: Revision) -> None:
    stair, model = revision.find("Stair"), revision.build.model
    ifcopenshell.api.classification.add_reference(
        model, products=[stair], identification="EF_35_10", name="Stairs",
        classification=model.by_type("IfcClassification")[0],
    )  # fmt: skip
    revision.note(stair, "classification", old=None, new="EF_35_10")


def _container(revision: Revision) -> None:
    door = revision.find("D-01")
    opening = door.FillsVoids[0].RelatingOpeningElement
    at = door.ObjectPlacement.RelativePlacement.Location.Coordinates
    ifcopenshell.api.spatial.assign_container(
        revision.build.model, products=[door], relating_structure=revision.build.storeys[UPPER]
    )
    x, y, z = (value * revision.build.unit for value in at)
    revision.build.place(door, (x, y, z), within=opening)
    revision.note(door, "container", old="Ground floor", new=UPPER)


def _move(revision: Revision) -> None:
    """Move a window with its opening, 0.25 m along its wall."""
    window, opening, step = revision.find("F-01"), revision.find("Opening F-01"), 0.25
    location = opening.ObjectPlacement.RelativePlacement.Location
    x, y, z = location.Coordinates
    location.Coordinates = (x + revision.build.length(step), y, z)
    for moved in (window, opening):
        revision.note(moved, "placement", vector_m=[step, 0.0, 0.0])


def _shape(revision: Revision) -> None:
    """Make the roof thicker on the south side."""
    slab = revision.find("Roof south")
    profile = slab.Representation.Representations[0].Items[0].SweptArea
    for corner in profile.OuterCurve.Points[2:4]:
        u, v = corner.Coordinates
        corner.Coordinates = (u, v + revision.build.length(0.1))
    revision.note(slab, "shape", note="0.1 m thicker")


def _delete(revision: Revision) -> None:
    """Remove a window and its opening."""
    for name in ("F-16", "Opening F-16"):
        element = revision.find(name)
        entry = {"global_id": element.GlobalId, "class": element.is_a(), "name": element.Name}
        revision.edits["deleted"].append(entry)
        ifcopenshell.api.root.remove_product(revision.build.model, product=element)


def _add(revision: Revision) -> None:
    """Add a chimney."""
    build = revision.build
    chimney = build.root("IfcChimney", "Chimney", PredefinedType="NOTDEFINED")
    build.shape(chimney, build.box((0.6, 0.6, 3.0)), style="Render")
    build.put(chimney, UPPER, (7.0, 5.0, 2.7))
    build.made_of(chimney, "Brick")
    revision.new.append((chimney, "element"))


EDITS = (
    _attribute, _property, _quantity, _type, _material, _classification, _container, _move, _shape,
    _delete, _add,
)  # fmt: skip
