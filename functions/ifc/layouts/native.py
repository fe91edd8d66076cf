"""The native JSON layout of a model, written as a stream: `schema` says what it holds.

Elements are written one by one, and their types beside them into a second file that is appended, so that
each property is read once, and memory stays that of the model's index, whatever the number of properties.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TextIO, TypeVar

import ifcopenshell

from functions.ifc.attachments import Attachments, members
from functions.ifc.definitions import Definitions, Irregular
from functions.ifc.header import read_header
from functions.ifc.placements import LIMIT_M, Placements, Vector
from functions.ifc.reader import Reader
from functions.ifc.survey import MATERIAL_PARTS
from functions.ifc.units import length_scale, list_units
from functions.ifc.values import Values, quote

FORMAT, VERSION = "ifcpipe", 1
NAME = 2  # where every IfcRoot has its name
NAMES = {
    "global_id": "GlobalId",
    "name": "Name",
    "long_name": "LongName",
    "description": "Description",
    "object_type": "ObjectType",
    "predefined_type": "PredefinedType",
    "tag": "Tag",
}
PART_NUMBERS = {"thickness": "LayerThickness", "fraction": "Fraction"}
PART_TEXTS = {"category": "Category", "part": "Name"}
MAX_KEPT = 1024  # texts kept for objects that several elements share
MAX_DEPTH = 8  # of a material definition
STEP = 500  # elements between reports of progress
_dump = json.JSONEncoder(ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode
T = TypeVar("T")
Entity = ifcopenshell.entity_instance
Sets = dict[str, dict[str, str]]
Progress = Callable[[int, int], None]


@dataclass
class Counts:
    """What has been written."""

    elements: int = 0
    types: int = 0
    storeys: int = 0
    properties: int = 0
    quantities: int = 0


class Kept(dict[int, T]):
    """What is made for an object by its number, made once while it is among the kept ones."""

    def __init__(self, make: Callable[[int], T]) -> None:
        """Start with nothing."""
        self._make = make

    def __missing__(self, number: int) -> T:
        """Make what is not there."""
        return self.keep(number, self._make(number))

    def keep(self, number: int, made: T) -> T:
        """Keep what has been made, and return it."""
        if len(self) >= MAX_KEPT:
            self.clear()
        self[number] = made
        return made


class Document:
    """One model on its way into JSON. Texts of shared objects are kept, a bounded number of them."""

    def __init__(self, reader: Reader, spool: TextIO, definitions: Definitions | None = None) -> None:
        """Read the relationships of a model. `spool` is an empty file that can be written and read.

        `definitions` has the property sets of a model that was opened without them.
        """
        self.reader = reader
        self._definitions = definitions
        self.counts = Counts()
        self.units = list_units(reader)
        self.values = Values(reader, self.units, definitions)
        self._scale = length_scale(self.units) or 1.0
        self._placements = Placements(reader)
        self._attached = Attachments.of(reader, definitions)
        self._briefs = Kept(self._write_brief)
        self._storeys = Kept(self._write_storey)
        self._types = Kept(self._type_sets)
        self._shared = Kept(self._read_set)
        self._materials = Kept(self._write_material)
        self._references = Kept(self._write_reference)
        self._axes: dict[Vector, str] = {}
        self._spool = spool
        self._spooled: set[int] = set()
        self._classes: dict[str, tuple[str, list[int]]] = {}
        self._part_names: dict[str, list[str]] = {}

    def write(self, stream: TextIO, progress: Progress) -> None:
        """Write the whole document."""
        header = {"schema": self.reader.model.schema_identifier, **read_header(self.reader.model)}
        stream.write(f'{{"format":{quote(FORMAT)},"version":{VERSION}')
        stream.write(f',\n"header":{_dump(header)},\n"units":{_dump(self.units)},\n"spatial":[')
        for text in self._spatial():
            stream.write(text)
        stream.write('],\n"elements":[')
        products = self.reader.all("IfcProduct")
        for index, product in enumerate(products):
            if index % STEP == 0:
                progress(index, len(products))
            stream.write(("," if index else "") + "\n" + self._element(product))
            self.counts.elements += 1
        for type_ in self.reader.all("IfcTypeObject"):
            if type_.id() not in self._spooled:
                self._type_sets(type_.id())
        self._spool.seek(0)
        stream.write('],\n"types":[')
        shutil.copyfileobj(self._spool, stream)
        stream.write("]}\n")

    def _element(self, product: Entity) -> str:
        number = product.id()
        type_ = self._attached.types.get(number)
        parent = self._attached.parents.get(number)
        own = self._own_sets(self._attached.sets.get(number, ()))
        sets = self._inherit(type_, own)
        return "".join(
            (
                "{",
                self._names(product),
                ',"type":',
                "null" if type_ is None else self._brief(type_) + "}",
                ',"container":',
                "null" if parent is None else f'{self._brief(parent[0])},"relation":"{parent[1]}"}}',
                ',"storey":',
                self._storey(number),
                self._sets(*sets),
                self._associations(number, type_),
                ',"placement":',
                self._placement(product),
                "}",
            )
        )

    def _names(self, entity: Entity) -> str:
        """Return number, class and names of an object, and keep what refers to it."""
        kind, number = entity.is_a(), entity.id()
        form, places = self._classes.get(kind) or self._form(entity)
        values = [self.reader.get(entity, place) for place in places]
        texts = [quote(value) if value and isinstance(value, str) else "null" for value in values]
        self._briefs.keep(number, f'{{"global_id":{texts[0]},"class":"{kind}","name":{texts[1]}')
        return form % (number, *texts)

    def _form(self, entity: Entity) -> tuple[str, list[int]]:
        """Return what the names of a class are put into, and the places of those that it has."""
        kind = entity.is_a()
        places = {key: self.reader.place(entity, name) for key, name in NAMES.items()}
        named = "".join([f',"{key}":{"null" if place is None else "%s"}' for key, place in places.items()])
        known = [place for place in places.values() if place is not None]
        form = self._classes[kind] = f'"id":%d,"class":"{kind}"{named}', known
        return form

    def _brief(self, number: int) -> str:
        """Return a reference to another object, without its closing brace."""
        return self._briefs[number]

    def _write_brief(self, number: int) -> str:
        entity = self._instance(number)
        texts = (self.reader.text(entity, name) for name in ("GlobalId", "Name"))
        global_id, name = ("null" if text is None else quote(text) for text in texts)
        return f'{{"global_id":{global_id},"class":"{entity.is_a()}","name":{name}'

    def _storey(self, number: int) -> str:
        """Return the GlobalId of the storey above an object."""
        for above in self._attached.ancestors(number):
            if found := self._storeys[above]:
                return found
        return "null"

    def _write_storey(self, number: int) -> str:
        entity = self._instance(number)
        if not entity.is_a("IfcBuildingStorey"):
            return ""
        text = self.reader.text(entity, "GlobalId")
        return "null" if text is None else quote(text)

    def _instance(self, number: int) -> Entity:
        """Return an instance. Raises Irregular where the text names one that is not there."""
        try:
            return self.reader.model.by_id(number)
        except RuntimeError:
            if self._definitions is None:
                raise
            raise Irregular from None

    def _own_sets(self, numbers: Any) -> tuple[Sets, Sets]:  # noqa: ANN401 - ids, in any iterable
        """Return the property sets and the quantity sets of some definitions, equal names merged."""
        properties: Sets = {}
        quantities: Sets = {}
        for number in numbers:
            shared = number in self._attached.shared
            is_quantity, name, found = self._shared[number] if shared else self._read_set(number)
            sets = quantities if is_quantity else properties
            sets[name] = {**sets[name], **found} if name in sets else found
        return properties, quantities

    def _read_set(self, number: int) -> tuple[bool, str, dict[str, str]]:
        if self._definitions and number in self._definitions:
            is_quantity, known, listed = self._definitions.set(number)
            return is_quantity, '""' if known is None else quote(known), self.values.listed(listed)
        definition = self._instance(number)
        name = self.reader.get(definition, NAME)
        text = quote(name) if isinstance(name, str) else '""'
        return definition.is_a() == "IfcElementQuantity", text, self.values.definition(definition)

    def _inherit(self, type_: int | None, own: tuple[Sets, Sets]) -> tuple[Sets, Sets]:
        """Add what the type has and the element does not have itself."""
        if type_ is None:
            return own
        merged = []
        for mine, theirs in zip(own, self._types[type_], strict=True):
            both = dict(theirs)
            for name, found in mine.items():
                both[name] = {**both[name], **found} if name in both else found
            merged.append(both)
        return merged[0], merged[1]

    def _type_sets(self, number: int) -> tuple[Sets, ...]:
        """Return a type's sets, their members marked as inherited. The first time, write the type."""
        type_ = self._instance(number)
        own = self._own_sets(self._definitions_of(type_))
        if number not in self._spooled:
            comma = "," if self._spooled else ""
            self._spooled.add(number)
            self.counts.types += 1
            text = f"{self._names(type_)}{self._sets(*own)}{self._associations(number, None)}"
            self._spool.write(f"{comma}\n{{{text}}}")
        return tuple(
            {
                name: {key: f'{value[:-1]},"inherited":true}}' for key, value in found.items()}
                for name, found in sets.items()
            }
            for sets in own
        )

    def _definitions_of(self, type_: Entity) -> Iterable[int]:
        if self._definitions:
            return self._definitions.of_type(type_.id())
        return (
            member
            for item in self.reader.entities(type_, "HasPropertySets")
            for member in members(self.reader, item)
        )

    def _sets(self, properties: Sets, quantities: Sets) -> str:
        self.counts.properties += sum(map(len, properties.values()))
        self.counts.quantities += sum(map(len, quantities.values()))
        return f',"property_sets":{_join(properties)},"quantities":{_join(quantities)}'

    def _associations(self, number: int, type_: int | None) -> str:
        """Return material and classifications: an object's own, else its type's."""
        material = self._attached.materials.get(number)
        if material is None and type_ is not None:
            material = self._attached.materials.get(type_)
        references = self._attached.classifications.get(number, [])
        if type_ is not None:
            references = references + self._attached.classifications.get(type_, [])
        texts = [self._references[item] for item in dict.fromkeys(references)]
        text = "null" if material is None else self._materials[material]
        return f',"material":{text},"classifications":[{",".join(texts)}]'

    def _write_material(self, number: int) -> str:
        definition = self._instance(number)
        name = next(
            (
                text
                for item in (definition, *self._parts(definition))
                for key in ("Name", "LayerSetName")
                if (text := self.reader.text(item, key))
            ),
            None,
        )
        parts = list(self._list_materials(definition, {}, 0))
        return _dump({"class": definition.is_a(), "name": name, "materials": parts})

    def _list_materials(self, item: Entity, above: dict[str, Any], depth: int) -> Iterator[dict[str, Any]]:
        """Yield the materials of a definition with the thickness, fraction and role that it gives them."""
        if item.is_a("IfcMaterial"):
            yield {
                "category": self.reader.text(item, "Category"),
                **above,
                "name": self.reader.text(item, "Name"),
            }
            return
        if depth > MAX_DEPTH:
            return
        said: dict[str, Any] = {key: self.reader.number(item, name) for key, name in PART_NUMBERS.items()}
        if depth:
            said |= {key: self.reader.text(item, name) for key, name in PART_TEXTS.items()}
        said = {**above, **{key: value for key, value in said.items() if value is not None}}
        for part in self._parts(item):
            yield from self._list_materials(part, said, depth + 1)

    def _parts(self, definition: Entity) -> Iterator[Entity]:
        kind = definition.is_a()
        if kind not in self._part_names:
            found = [name for name in MATERIAL_PARTS if self.reader.place(definition, name) is not None]
            self._part_names[kind] = found
        for name in self._part_names[kind]:
            part = self.reader.read(definition, name)
            for item in part if isinstance(part, tuple) else (part,):
                if isinstance(item, Entity):
                    yield item

    def _write_reference(self, number: int) -> str:
        reference = self._instance(number)
        code = self.reader.text(reference, "Identification") or self.reader.text(reference, "ItemReference")
        system = reference
        for _ in range(MAX_DEPTH):
            above = self.reader.entity(system, "ReferencedSource")
            if above is None:
                break
            system = above
        found = {
            "system": self.reader.text(system, "Name") if system.is_a("IfcClassification") else None,
            "identification": code,
            "name": None if reference.is_a("IfcClassification") else self.reader.text(reference, "Name"),
            "location": self.reader.text(reference, "Location"),
        }
        return _dump(found)

    def _placement(self, product: Entity) -> str:
        """Return where a product stands in the world: origin in metres, the directions of its axes."""
        frame = self._placements.of(product)
        if frame is None:
            return "null"
        origin = _vector([value * self._scale for value in frame[0]])
        axes = [self._axes.get(axis) or self._write_axis(axis) for axis in frame[1:]]
        if origin == "null" or "null" in axes:
            return "null"
        return f'{{"origin_m":{origin},"x_axis":{axes[0]},"y_axis":{axes[1]},"z_axis":{axes[2]}}}'

    def _write_axis(self, axis: Vector) -> str:
        if len(self._axes) >= MAX_KEPT:
            self._axes.clear()
        text = self._axes[axis] = _vector(axis)
        return text

    def _spatial(self) -> Iterator[str]:
        """Yield the text of the spatial tree; not recursive, as damaged trees are deep, and go in circles."""
        spatial, children, contained = self._nodes()
        seen: set[int] = set()
        roots = [number for number in spatial if self._attached.parents.get(number, (0,))[0] not in spatial]
        for index, root in enumerate((*roots, *spatial)):  # circles have no root: any of them will do
            if root in seen:
                continue
            yield ("," if index else "") + "\n"
            stack: list[tuple[int, bool]] = [(root, True)]
            while stack:
                number, first = stack.pop()
                if number < 0:
                    yield "]}"
                    continue
                if number in seen:
                    continue
                seen.add(number)
                yield ("" if first else ",") + self._node(number, contained.get(number, []))
                stack.append((-1, False))
                below = [child for child in children.get(number, []) if child not in seen]
                stack.extend((child, index == 0) for index, child in reversed(list(enumerate(below))))

    def _nodes(self) -> tuple[dict[int, None], dict[int, list[int]], dict[int, list[int]]]:
        """Return the spatial elements, their spatial children, and the other products in them, by number."""
        names = ("IfcContext", "IfcProject", "IfcSpatialElement", "IfcSpatialStructureElement")
        spatial = dict.fromkeys(item.id() for name in names for item in self.reader.all(name))
        children: dict[int, list[int]] = {}
        contained: dict[int, list[int]] = {}
        for child, (parent, _) in self._attached.parents.items():
            if parent in spatial:
                (children if child in spatial else contained).setdefault(parent, []).append(child)
        return spatial, children, contained

    def _node(self, number: int, contained: list[int]) -> str:
        """Return a spatial element up to its children."""
        entity = self._instance(number)
        if entity.is_a("IfcBuildingStorey"):
            self.counts.storeys += 1
        long_name, elevation = self.reader.text(entity, "LongName"), self.reader.number(entity, "Elevation")
        metres = None if elevation is None else elevation * self._scale
        rest = {
            "long_name": long_name,
            "elevation_m": round(metres, 9) + 0.0 if metres is not None and abs(metres) <= LIMIT_M else None,
        }
        ids = (self.reader.text(self._instance(item), "GlobalId") for item in contained)
        elements = _dump([global_id for global_id in ids if global_id is not None])
        return f'{self._brief(number)},{_dump(rest)[1:-1]},"elements":{elements},"children":['


def _vector(values: Sequence[float]) -> str:
    """Return numbers as JSON; null for what is no place on Earth, in metres, and no direction."""
    if not all(map(math.isfinite, values)) or max(map(abs, values)) > LIMIT_M:
        return "null"
    return f"[{','.join([repr(round(value, 9) + 0.0) for value in values])}]"


def _join(sets: Sets) -> str:
    """Return sets of members as one JSON object."""
    texts = []
    for name, found in sets.items():
        texts.append(f"{name}:{{{','.join([f'{key}:{value}' for key, value in found.items()])}}}")
    return f"{{{','.join(texts)}}}"
