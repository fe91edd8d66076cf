"""Writes the XML of IfcConvert: the tree of a model, with what its objects are linked to in lists of its own.

    <ifc xmlns:xlink="http://www.w3.org/1999/xlink">
        <header/> <units/> <connections/> <properties/> <quantities/> <work/> <calendars/>
        <types/> <layers/> <groups/> <materials/> <decomposition/>
    </ifc>

An instance is an element named after its class; its strings, numbers, enumerations and typed values are
attributes, GlobalId as `id`, ObjectPlacement as the global 4x4 matrix in metres, column by column. Other
references and lists are left out, as IfcConvert does, which knows this layout best: compared with
IfcOpenShell's own serializer, see tests/ifc/formats/test_xml.py. What differs is that the values of
enumerated and list properties are there, that the doors of a group are, that products outside of the
project's tree stand behind it, that several projects or none are no reason to write nothing, and that an
object which comes again is a link.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import ifcopenshell

from functions.core import Files
from functions.ifc.attachments import members
from functions.ifc.formats.ifc import narrow
from functions.ifc.formats.markup import attributes, escape
from functions.ifc.formats.products import Choice
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.formats.tags import Tags, close, qualify, spell_number
from functions.ifc.header import read_header, read_level
from functions.ifc.reader import Reader
from functions.ifc.units import si_factor

Entity = ifcopenshell.entity_instance
Progress = Callable[[int, int], None]

UNREAD: tuple[str, ...] = ()
# What an object is above, in the order of its children: relationship and its two ends.
BELOW = (
    ("IfcRelFillsElement", "RelatingOpeningElement", "RelatedBuildingElement"),
    ("IfcRelContainedInSpatialStructure", "RelatingStructure", "RelatedElements"),
    ("IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement"),
    ("IfcRelAggregates", "RelatingObject", "RelatedObjects"),
    ("IfcRelNests", "RelatingObject", "RelatedObjects"),
)
# What stands around a task: element (that of its role without a name), relationship, its end, the other one.
AROUND_TASKS = (
    ("IsSuccessorFrom", "IfcRelSequence", "RelatedProcess", "RelatingProcess"),
    ("IsPredecessorTo", "IfcRelSequence", "RelatingProcess", "RelatedProcess"),
    ("", "IfcRelAssignsToProcess", "RelatingProcess", "RelatedObjects"),
    ("Output", "IfcRelAssignsToProduct", "RelatedObjects", "RelatingProduct"),
)
HEADER = {
    "file_description": ("description", "implementation_level"),
    "file_name": (
        "author",
        "organization",
        "name",
        "time_stamp",
        "preprocessor_version",
        "originating_system",
        "authorization",
    ),
}
MAX_DEPTH = 32  # of complex properties, quantities and tasks, which may contain themselves
STEP = 1000


@dataclass
class Links:
    """What objects are linked to, by instance number."""

    below: dict[int, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    voids: dict[int, list[int]] = field(default_factory=lambda: defaultdict(list))
    sets: dict[int, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    types: dict[int, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    materials: dict[int, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    layers: dict[int, list[Entity]] = field(default_factory=lambda: defaultdict(list))
    grouped: dict[int, list[Entity]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, reader: Reader) -> Links:
        """Read the links of a model."""
        links = cls()
        for relation, one, many in BELOW:
            for above, item in reader.pairs(relation, one, many):
                links.below[above.id()].append(item)
                if relation == "IfcRelFillsElement":
                    links.voids[item.id()].append(above.id())
        relation, one = "IfcRelDefinesByProperties", "RelatingPropertyDefinition"
        for definition, item in reader.pairs(relation, one, "RelatedObjects"):
            links.sets[item.id()] += [reader.model.by_id(n) for n in members(reader, definition)]
        for kind, item in reader.pairs("IfcRelDefinesByType", "RelatingType", "RelatedObjects"):
            links.types[item.id()].append(kind)
        for material, item in reader.pairs("IfcRelAssociatesMaterial", "RelatingMaterial", "RelatedObjects"):
            links.materials[item.id()].append(material)
        for layer in reader.all("IfcPresentationLayerAssignment"):
            for item in reader.entities(layer, "AssignedItems"):
                links.layers[item.id()].append(layer)
        for group, item in reader.pairs("IfcRelAssignsToGroup", "RelatingGroup", "RelatedObjects"):
            links.grouped[group.id()].append(item)
        return links


def write(options: Choice, source: Source, target: Path, files: Files) -> Statistics:
    """Write the XML and say what is in it; what is left out is not linked to either."""
    document = Document(narrow(options, source, files).reader)
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        document.write(stream, lambda done, total: files.progress("write", done, total))
    if len(document.reader.all("IfcProject")) != 1:
        files.warn(f"the model has {len(document.reader.all('IfcProject'))} projects, not one")
    if document.loose:
        files.warn(f"{document.loose} products are not part of the project's tree and stand behind it")
    return {"products": len(document.reader.all("IfcProduct")), "nodes": document.tags.nodes}


class Document:
    """One model, ready to be written."""

    def __init__(self, reader: Reader) -> None:
        """Read what is linked to what."""
        self.reader = reader
        self.links = Links.of(reader)
        self.tags = Tags(reader)
        self.loose = 0
        self._around: dict[str, dict[int, list[Entity]]] = {}

    def write(self, stream: TextIO, progress: Progress) -> None:
        """Write the document."""
        stream.write(
            '<?xml version="1.0" encoding="utf-8"?>\n<ifc xmlns:xlink="http://www.w3.org/1999/xlink">\n'
        )
        sections: dict[str, Iterator[str]] = {
            "header": self._header(),
            "units": self._named_units(),
            "connections": self._connections(),
            "properties": self._definitions("IfcPropertySet", "HasProperties"),
            "quantities": self._definitions("IfcElementQuantity", "Quantities"),
            "work": self._work(),
            "calendars": self._calendars(),
            "types": self._types(),
            "layers": self._layers(),
            "groups": self._groups(),
            "materials": self._materials(),
            "decomposition": self._decomposition(progress),
        }
        for name, lines in sections.items():
            _write(stream, name, lines)
        stream.write("</ifc>\n")

    def _header(self) -> Iterator[str]:
        said = read_header(self.reader.model)
        said["implementation_level"] = read_level(self.reader.model)
        for record, names in HEADER.items():
            yield f"<{record}>"
            for name in names:
                value = said[name]
                for text in (value or [""]) if isinstance(value, list) else [value or ""]:
                    yield f"<{name}>{escape(text)}</{name}>"
            yield f"</{record}>"
        schema = escape(self.reader.model.schema_identifier)
        yield f"<file_schema><schema_identifiers>{schema}</schema_identifiers></file_schema>"

    def _named_units(self) -> Iterator[str]:
        for assignment in self.reader.all("IfcUnitAssignment")[:1]:
            for unit in self.reader.entities(assignment, "Units"):
                if unit.is_a("IfcNamedUnit"):
                    factor = si_factor(self.reader, unit)
                    more = {} if factor is None else {"SI_equivalent": spell_number(factor)}
                    yield self.tags.node(unit, more, after=True)
                elif unit.is_a("IfcMonetaryUnit"):
                    yield self.tags.node(unit)

    def _connections(self) -> Iterator[str]:
        for relation in self.reader.all("IfcRelConnectsElements"):
            yield self.tags.open(relation)
            for end in ("RelatedElement", "RelatingElement"):
                item = self.reader.entity(relation, end)
                yield f"<{end}>{self.tags.link(item)}</{end}>" if item is not None else f"<{end}/>"
            yield close(relation)

    def _definitions(self, kind: str, name: str) -> Iterator[str]:
        for definition in self.reader.all(kind):
            yield self.tags.open(definition)
            yield from self._members(self.reader.entities(definition, name), 0)
            yield close(definition)

    def _members(self, items: Iterable[Entity], depth: int) -> Iterator[str]:
        """Yield properties, the complex ones without themselves, and quantities, with what is in them."""
        for item in items if depth < MAX_DEPTH else ():
            if item.is_a("IfcComplexProperty"):
                yield from self._members(self.reader.entities(item, "HasProperties"), depth + 1)
            elif item.is_a("IfcPhysicalComplexQuantity"):
                yield self.tags.open(item)
                yield from self._members(self.reader.entities(item, "HasQuantities"), depth + 1)
                yield close(item)
            else:
                yield self.tags.node(item)

    def _work(self) -> Iterator[str]:
        yield "<schedules>"
        controlled = self._related("IfcRelAssignsToControl", "RelatingControl", "RelatedObjects")
        for schedule in self.reader.all("IfcWorkSchedule"):
            yield self.tags.open(schedule)
            for task in controlled.get(schedule.id(), ()):
                yield from self._task(task, 0) if task.is_a("IfcTask") else ()
            yield close(schedule)
        yield "</schedules>"
        yield "<plans>"
        for plan in self.reader.all("IfcWorkPlan"):
            yield self.tags.open(plan)
            for schedule in self.links.below.get(plan.id(), ()):
                yield f"<IfcWorkSchedule{attributes({'id': self.tags.identify(schedule)})}/>"
            yield close(plan)
        yield "</plans>"

    def _task(self, task: Entity, depth: int) -> Iterator[str]:
        """Yield a task with its time, its links and the tasks in it."""
        yield self.tags.open(task)
        time = self.reader.entity(task, "TaskTime")
        if time is not None:
            yield self.tags.node(time)
        for name, relation, one, other in AROUND_TASKS:
            for item in self._related(relation, one, other).get(task.id(), ()):
                yield f"<{name or _role(item)}{attributes({'id': self.tags.identify(item)})}/>"
        yield from (self.tags.link(item) for item in self._sets(task))
        for item in self.links.below.get(task.id(), ()):
            if item.is_a("IfcTask") and depth < MAX_DEPTH:
                yield from self._task(item, depth + 1)
        yield close(task)

    def _related(self, relation: str, one: str, other: str) -> dict[int, list[Entity]]:
        """Return what a relationship relates to each `one`, read once."""
        key = relation + one
        if key not in self._around:
            found: dict[int, list[Entity]] = defaultdict(list)
            many = one == "RelatedObjects"  # then the other end is the single one
            for end, item in self.reader.pairs(relation, *((other, one) if many else (one, other))):
                found[(item if many else end).id()].append(end if many else item)
            self._around[key] = found
        return self._around[key]

    def _calendars(self) -> Iterator[str]:
        for calendar in self.reader.all("IfcWorkCalendar"):
            yield self.tags.open(calendar)
            yield from (self.tags.node(time) for time in self.reader.entities(calendar, "WorkingTimes"))
            yield close(calendar)

    def _types(self) -> Iterator[str]:
        for kind in self.reader.all("IfcTypeObject"):
            own = [
                self.tags.link(self.reader.model.by_id(number))
                for item in self.reader.entities(kind, "HasPropertySets")
                for number in members(self.reader, item)
                if self.reader.model.by_id(number).is_a("IfcPropertySet")
            ]
            yield from self._tree(kind, set(), more=own)

    def _layers(self) -> Iterator[str]:
        names: set[str] = set()
        for layer in self.reader.all("IfcPresentationLayerAssignment"):
            name = self.reader.text(layer, "Name") or ""
            if name not in names:
                names.add(name)
                yield self.tags.node(layer, {"id": name})

    def _groups(self) -> Iterator[str]:
        inner = {item.id() for items in self.links.grouped.values() for item in items}
        reached: set[int] = set()
        for group in _roots_first(self.reader.all("IfcGroup"), inner):
            if group.id() not in reached:
                seen: set[int] = set()
                yield from self._tree(group, seen)
                reached |= seen

    def _materials(self) -> Iterator[str]:
        seen: set[int] = set()
        for _, material in self.reader.values("IfcRelAssociatesMaterial", "RelatingMaterial"):
            if isinstance(material, Entity) and material.id() not in seen:
                seen.add(material.id())
                yield from self._material(material)

    def _material(self, material: Entity) -> Iterator[str]:
        """Yield a material definition with its layers or its list."""
        layers = self.reader.entity(material, "ForLayerSet") or material
        more = {"id": qualify(material)}
        name = self.reader.text(layers, "LayerSetName")
        yield self.tags.open(material, more | ({"LayerSetName": name} if name else {}))
        for layer in self.reader.entities(layers, "MaterialLayers"):
            made = self.reader.entity(layer, "Material")
            name = None if made is None else self.reader.text(made, "Name")
            yield self.tags.node(layer, {"Name": name} if name else {})
        for item in self.reader.entities(material, "Materials"):
            yield self.tags.node(item)
        yield close(material)

    def _decomposition(self, progress: Progress) -> Iterator[str]:
        total = len(self.reader.all("IfcProduct"))
        begin = self.tags.nodes
        inner = {item.id() for items in self.links.below.values() for item in items}
        seen: set[int] = set()
        for root in (*self.reader.all("IfcProject"), *_roots_first(self.reader.all("IfcProduct"), inner)):
            if root.id() in seen:
                continue
            self.loose += root.is_a("IfcProduct")
            for line in self._tree(root, seen):
                if (self.tags.nodes - begin) % STEP == 0:
                    progress(min(self.tags.nodes - begin, total), total)
                yield line

    def _tree(self, root: Entity, seen: set[int], *, more: Iterable[str] = ()) -> Iterator[str]:
        """Yield an object with all that is below it, what has been `seen` as a link.

        Not recursive, as trees may be deep.
        """
        stack: list[tuple[Entity, Entity | None] | str] = [(root, None)]
        while stack:
            top = stack.pop()
            if isinstance(top, str):
                yield top
                continue
            item, above = top
            if item.id() in seen:
                yield self.tags.link(item)
                continue
            seen.add(item.id())
            yield self.tags.open(item)
            stack.append(close(item))
            stack += reversed([*self._links(item), *(more if item is root else ())])
            for child in reversed(self._below(item, above)):
                stack.append((child, item))

    def _below(self, item: Entity, above: Entity | None) -> list[Entity]:
        """Return what stands below an object; what fills an opening stands below that alone."""
        found = []
        for child in self.links.below.get(item.id(), ()):
            holes = self.links.voids.get(child.id(), [])
            if len(holes) != 1 or holes[0] == item.id():
                found.append(child)
        return found + self.links.grouped.get(item.id(), [])

    def _links(self, item: Entity) -> Iterator[str]:
        """Yield the links to what an object is described by."""
        yield from (self.tags.link(found) for found in self._sets(item))
        yield from (self.tags.link(found) for found in self.links.types.get(item.id(), ()))
        if not item.is_a("IfcProduct"):
            return
        layers = {self.reader.text(layer, "Name") or "": layer for layer in self._layers_of(item)}
        for name in sorted(layers):
            yield f"<{layers[name].is_a()}{attributes({'xlink:href': '#' + name})}/>"
        for material in self.links.materials.get(item.id(), ()):
            yield f"<{material.is_a()}{attributes({'xlink:href': '#' + qualify(material)})}/>"
        design = self.reader.entity(item, "DesignParameters") if item.is_a("IfcAlignmentSegment") else None
        if design is not None:
            yield self.tags.node(design)

    def _sets(self, item: Entity) -> list[Entity]:
        found = self.links.sets.get(item.id(), ())
        return [one for one in found if one.is_a("IfcPropertySet") or one.is_a("IfcElementQuantity")]

    def _layers_of(self, product: Entity) -> Iterator[Entity]:
        """Yield the layers of a product's representations and of those that they map."""
        if not self.links.layers:
            return
        shape = self.reader.entity(product, "Representation")
        queue = list(self.reader.entities(shape, "Representations"))
        seen: set[int] = set()
        while queue:
            representation = queue.pop()
            if representation.id() in seen:
                continue
            seen.add(representation.id())
            yield from self.links.layers.get(representation.id(), ())
            for item in self.reader.entities(representation, "Items"):
                mapped = self.reader.entity(
                    self.reader.entity(item, "MappingSource") if item.is_a("IfcMappedItem") else None,
                    "MappedRepresentation",
                )
                queue += [] if mapped is None else [mapped]


def _write(stream: TextIO, name: str, lines: Iterable[str]) -> None:
    """Write a section, indented by a tab a level; an empty one is one tag."""
    depth, empty = 1, True
    for line in lines:
        if empty:
            stream.write(f"\t<{name}>\n")
            empty = False
        closes = line.startswith("</")
        depth -= closes
        stream.write("\t" * (depth + 1) + line + "\n")
        depth += not closes and not line.endswith("/>") and "</" not in line
    stream.write(f"\t<{name}/>\n" if empty else f"\t</{name}>\n")


def _roots_first(items: Sequence[Entity], inner: set[int]) -> list[Entity]:
    """Return those first that nothing is above; the others are reached from them, or stand in a circle."""
    return sorted(items, key=lambda item: item.id() in inner)


def _role(item: Entity) -> str:
    """Return what an object is to the task that it is assigned to."""
    roles = {"IfcProduct": "Input", "IfcResource": "Resource", "IfcControl": "Control"}
    return next((role for kind, role in roles.items() if item.is_a(kind)), "OperatesOn")
