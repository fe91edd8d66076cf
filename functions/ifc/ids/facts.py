"""What an audit asks of a model, each thing read once: types, property sets, units, materials, parents.

The answers are those of ifcopenshell's utilities, which ifctester asks again for every specification. Ways
through a model end when they come back to where they were: a damaged model may go in circles.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, cast

import ifcopenshell
import ifcopenshell.util.classification
import ifcopenshell.util.element as util
import ifcopenshell.util.unit

from functions.ifc.attachments import HOLDING, Attachments
from functions.ifc.definitions import HOLDERS, Definitions, Irregular, Member
from functions.ifc.reader import Reader

Entity = ifcopenshell.entity_instance
MAX_KEPT = 256  # property sets that are remembered
NOTHING: list[Any] = []  # the same for all elements that have nothing
# A type as text, up to its property sets.
TYPE = re.compile(r"(#\d+=\w+\((?:(?:'(?:[^']|'')*'|\$|#\d+),){5})(?:\$|\([^()]*\))")
KEYS = ("Name", "Category")
USAGES = {"IfcMaterialLayerSetUsage": "ForLayerSet", "IfcMaterialProfileSetUsage": "ForProfileSet"}
PARTS = {
    "IfcMaterialLayerSet": ("LayerSetName", "MaterialLayers"),
    "IfcMaterialProfileSet": ("Name", "MaterialProfiles"),
    "IfcMaterialConstituentSet": ("Name", "MaterialConstituents"),
}
PROPERTIES = {
    "IfcPropertySet": "HasProperties",
    "IfcElementQuantity": "Quantities",
    "IfcMaterialProperties": "Properties",
    "IfcProfileProperties": "Properties",
    "IfcExtendedMaterialProperties": "ExtendedProperties",
}


@dataclass(frozen=True, slots=True)
class PropertySet:
    """What an element has under the name of a property set: numbers of properties and quantities by name.

    `values` are the attributes of predefined sets, which have no properties. `key` says which definitions
    it is made of.
    """

    key: tuple[int, ...]
    instances: dict[str, int]
    values: dict[str, Any]


@dataclass
class Facts:
    """A model under audit. What relationships say is read for the whole model when it is first asked for.

    `definitions` has the property sets of a model that was opened without them; all may raise Irregular then.
    """

    model: ifcopenshell.file
    definitions: Definitions | None = None
    kept: dict[int, Entity] = field(default_factory=dict)  # elements that outlive their specification
    _predefined: dict[int, str | None] = field(default_factory=dict)
    _of_types: dict[int, list[int]] = field(default_factory=dict)
    _listed: dict[int, tuple[list[int], list[int]]] = field(default_factory=dict)
    _bases: dict[tuple[str, str], bool] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _sets: dict[tuple[int, ...], PropertySet] = field(default_factory=dict)
    _units: dict[str, Entity | None] = field(default_factory=dict)
    _material_names: dict[int, list[str | None]] = field(default_factory=dict)
    _found_references: dict[int, list[Entity]] = field(default_factory=dict)
    _parents: dict[tuple[str, int], Entity | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Refuse a model whose objects name what it was opened without. Raises Irregular."""
        if self.definitions is not None and any(self.reader.all(kind) for kind in HOLDERS):
            raise Irregular

    @cached_property
    def reader(self) -> Reader:
        """Reads attributes; what cannot be read is null, and is counted."""
        return Reader(self.model)

    @cached_property
    def schema(self) -> str:
        """The schema's name: IFC2X3, IFC4 or IFC4X3."""
        return str(self.model.schema)

    @cached_property
    def by_type_name(self) -> dict[str, list[Entity]]:
        """Occurrences by the class that their type names, which IFC2X3 has no class of its own for.

        https://github.com/buildingSMART/IDS/blob/development/Documentation/ImplementersDocumentation/ifc2x3-occurrence-type-mapping-table.md
        """
        found: dict[str, list[Entity]] = {}
        for kind in self.reader.all("IfcTypeProduct"):
            found.setdefault(occurrence_class(kind), []).extend(util.get_types(kind))
        return found

    @cached_property
    def _attached(self) -> Attachments:
        """What relationships attach to objects and types."""
        return Attachments.of(self.reader, self.definitions, layout=HOLDING)

    def type_of(self, element: Entity) -> Entity | None:
        """Return the type of an element; a type is its own."""
        if self._is(element, "IfcTypeObject"):
            return element
        number = self._attached.types.get(element.id())
        return None if number is None else self.by_id(number)

    def predefined_type(self, element: Entity) -> str | None:
        """Return the predefined type, or the user-defined one that it stands for."""
        number = element.id()
        if number not in self._predefined:
            self._predefined[number] = self._read_predefined(element)
        return self._predefined[number]

    def material_names(self, element: Entity) -> list[str | None] | None:
        """Return the names and categories in the material of an element or its type; None without one."""
        known = self._attached.materials
        number = known.get(element.id())
        if number is None and (kind := self._kind(element)) is not None:
            number = known.get(kind)
        if number is None:
            return None
        if number not in self._material_names:
            names = set(self._name_material(self.by_id(number)))
            self._material_names[number] = sorted(names, key=lambda name: (name is not None, name or ""))
        return self._material_names[number]

    def references(self, element: Entity) -> list[Entity]:
        """Return the classification references of an element with those they are part of, by number."""
        number = element.id()
        if number not in self._found_references:
            found: dict[int, Entity] = {}
            for leaf in self._leaves(element):
                for reference in way(leaf, self._source):
                    if reference == leaf or not reference.is_a("IfcClassification"):
                        found[reference.id()] = reference
            self._found_references[number] = [found[key] for key in sorted(found)] or NOTHING
        return self._found_references[number]

    def system(self, reference: Entity) -> str | None:
        """Return the name of the classification system that a reference belongs to."""
        last = list(way(reference, self._source))[-1]
        return self.reader.read(last, "Name") if last.is_a("IfcClassification") else None

    def parent(self, relation: str, element: Entity) -> Entity | None:
        """Return the parent by one of RELATIONS."""
        key = (relation, element.id())
        if key not in self._parents:
            self._parents[key] = RELATIONS[relation](element)
        return self._parents[key]

    def container(self, element: Entity) -> Entity | None:
        """Return the spatial structure that an element or one of its wholes is contained in."""
        for whole in way(element, lambda item: self.parent("spatial", item)):
            if found := getattr(whole, "ContainedInStructure", None):
                structure: Entity = found[0].RelatingStructure
                return structure
        return None

    def unit(self, measure: str) -> Entity | None:
        """Return the project's unit of a measure class; None where it has none."""
        if measure not in self._units:
            kind = ifcopenshell.util.unit.get_measure_unit_type(cast("Any", measure))
            self._units[measure] = ifcopenshell.util.unit.get_project_unit(self.model, kind) if kind else None
        return self._units[measure]

    def set_names(self, element: Entity) -> list[str]:
        """Return the names of an element's property sets, its type's first."""
        inherited, own = self._lists(element)
        return list(dict.fromkeys(map(self._set_name, (*inherited, *own))))

    def property_set(self, element: Entity, name: str, *, first: bool) -> PropertySet | None:
        """Return what an element has under a name, over what its type has; None when neither has it.

        Two sets of one name are not valid; as in ifcopenshell, only the `first` counts or all of them.
        """
        inherited, own = (self._named(numbers, name) for numbers in self._lists(element))
        key = (*inherited[:1], *own[:1]) if first else (*inherited, *own)
        if key and key not in self._sets:
            if len(self._sets) >= MAX_KEPT:
                self._sets.clear()
            self._sets[key] = self._read_set(key)
        return self._sets.get(key)

    def member(self, number: int) -> Member | None:
        """Return a property that was read from the text."""
        if self.definitions is None or number not in self.definitions:
            return None
        return self.definitions.member(number)

    def by_id(self, number: int) -> Entity:
        """Return an instance. Raises Irregular where the model is lean, and has none of the number."""
        try:
            return self.model.by_id(number)
        except RuntimeError:
            if self.definitions is None:
                raise
            raise Irregular from None

    def text(self, entity: Entity) -> str:
        """Return an instance as it stands in the model, with all the property sets of a type."""
        text = str(entity)
        if self.definitions is None or not self._is(entity, "IfcTypeObject"):
            return text
        listed = self._of_type(entity.id())
        found = TYPE.search(text) if listed else None
        if found is None:
            return text
        return f"{text[: found.end(1)]}({','.join([f'#{one}' for one in listed])}){text[found.end() :]}"

    def _read_set(self, key: tuple[int, ...]) -> PropertySet:
        instances: dict[str, int] = {}
        values: dict[str, Any] = {}
        for number in key:
            if self.definitions is not None and number in self.definitions:
                for one in self.definitions.set(number)[2]:
                    name = self.definitions.name(one)
                    instances[self._name(self.by_id(one)) if name is None else sys.intern(name)] = one
                continue
            definition = self.by_id(number)
            listed = PROPERTIES.get(definition.is_a())
            if listed:
                for item in self.reader.read(definition, listed) or ():
                    instances[self._name(item)] = item.id()
            else:
                values.update(util.get_property_definition(definition))
        values.pop("id", None)
        return PropertySet(key, instances, values)

    def _name(self, item: Entity) -> str:
        """Return the name of a property or quantity, the first attribute of both."""
        number = item.id()
        if number not in self._names:
            self._names[number] = sys.intern(str(self.reader.get(item, 0) or ""))
        return self._names[number]

    def _set_name(self, number: int) -> str:
        if number not in self._names:
            if self.definitions is not None and number in self.definitions:
                name = self.definitions.set(number)[1]
            else:
                name = self.reader.read(self.by_id(number), "Name")
            self._names[number] = sys.intern(str(name or ""))
        return self._names[number]

    def _named(self, numbers: list[int], name: str) -> list[int]:
        """Return the definitions that have a name."""
        known = self._names
        return [one for one in numbers if (known.get(one) or self._set_name(one)) == name]

    def _lists(self, element: Entity) -> tuple[list[int], list[int]]:
        """Return the definitions of an element's type, and those of its own."""
        number = element.id()
        found = self._listed.get(number)
        if found is None:
            kind = self._kind(element)
            inherited = NOTHING if kind is None or kind == number else self._list(self.by_id(kind))
            found = self._listed[number] = inherited, self._list(element)
        return found

    def _kind(self, element: Entity) -> int | None:
        """Return the number of an element's type; a type has none."""
        return None if self._is(element, "IfcTypeObject") else self._attached.types.get(element.id())

    def _is(self, entity: Entity, base: str) -> bool:
        """Say whether an instance is of a class or a subtype; asked once a class."""
        key = entity.is_a(), base
        if key not in self._bases:
            self._bases[key] = bool(entity.is_a(base))
        return self._bases[key]

    def _list(self, element: Entity) -> list[int]:
        """Return the definitions of an element itself, as ifcopenshell's get_psets finds them."""
        defined = self._attached.sets.get(element.id())
        if defined is not None or self._is(element, "IfcObject"):
            return defined or NOTHING
        if self.schema == "IFC2X3" and self._is(element, "IfcMaterial"):
            kind = "IfcExtendedMaterialProperties"
            return [one.id() for one, owner in self.reader.values(kind, "Material") if owner == element]
        is_type = self._is(element, "IfcTypeObject")
        if is_type and self.definitions is not None:
            return self._of_type(element.id())
        return [
            one.id()
            for one in getattr(element, "HasPropertySets" if is_type else "HasProperties", None) or ()
        ]

    def _of_type(self, number: int) -> list[int]:
        """Return the definitions of a type out of the text."""
        if number not in self._of_types and self.definitions is not None:
            found = self._of_types[number] = self.definitions.of_type(number)
            for one in found:
                if one not in self.definitions:
                    self.by_id(one)
        return self._of_types[number]

    def _read_predefined(self, element: Entity) -> str | None:
        """As ifcopenshell's get_predefined_type."""
        kind = self.type_of(element)
        if kind is not None:
            # IFC2X3 knows no types of processes.
            process = self.schema != "IFC2X3" and self._is(kind, "IfcTypeProcess")
            found = self._choose(kind, "ProcessType" if process else "ElementType")
            if found and found != "NOTDEFINED":
                return found
        return self._choose(element, "ObjectType")

    def _choose(self, element: Entity, own: str) -> str | None:
        """Return the predefined type, or the text that stands for a user-defined one."""
        found: str | None = self.reader.read(element, "PredefinedType")
        return self.reader.read(element, own) if found == "USERDEFINED" or not found else found

    def _leaves(self, element: Entity) -> list[Entity]:
        """Return the references of an element itself, and those of its type in systems it has none in."""
        if not self._is(element, "IfcRoot"):
            for name in ("HasExternalReferences", "HasExternalReference"):
                if (found := getattr(element, name, None)) is not None:
                    return [one.RelatingReference for one in found if _classifies(one.RelatingReference)]
        own = self._classified(element.id())
        kind = self._attached.types.get(element.id())
        inherited = [] if kind is None else self._classified(kind)
        systems = {self._system_id(reference) for reference in own} if inherited else ()
        return own + [one for one in inherited if self._system_id(one) not in systems]

    def _classified(self, number: int) -> list[Entity]:
        """Return the classification references of an object or type."""
        found = [self.by_id(one) for one in self._attached.classifications.get(number, NOTHING)]
        return [reference for reference in found if _classifies(reference)]

    def _source(self, reference: Entity) -> Entity | None:
        return self.reader.entity(reference, "ReferencedSource")

    def _name_material(self, material: Entity) -> Iterator[str | None]:
        """Yield the names and categories of a material, or of a set and all that is in it."""
        usage = USAGES.get(material.is_a())
        material = (self.reader.entity(material, usage) if usage else None) or material
        kind = material.is_a()
        if kind == "IfcMaterialList":
            for one in self.reader.entities(material, "Materials"):
                yield from self._read_keys(one)
            return
        label, parts = PARTS.get(kind, ("Name", ""))
        yield self.reader.read(material, label)
        if not parts:
            yield self.reader.read(material, "Category")
        for part in self.reader.entities(material, parts) if parts else ():
            yield from self._read_keys(part)
            inner = self.reader.entity(part, "Material")
            if inner is not None:
                yield from self._read_keys(inner)

    def _read_keys(self, item: Entity) -> Iterator[str | None]:
        for key in KEYS:
            yield self.reader.read(item, key)

    def _system_id(self, reference: Entity) -> int | None:
        last = list(way(reference, self._source))[-1]
        return last.id() if last.is_a("IfcClassification") else None


def way(start: Entity, step: Callable[[Entity], Entity | None]) -> Iterator[Entity]:
    """Yield an instance and those that follow it; ends where the way comes back to itself."""
    seen: set[int] = set()
    node: Entity | None = start
    while node is not None and node.id() not in seen:
        seen.add(node.id())
        yield node
        node = step(node)


def occurrence_class(kind: Entity) -> str:
    """Return the class, in capitals, that occurrences of a type have by its name."""
    return str(kind.is_a()).upper().removesuffix("TYPE").removesuffix("STYLE")


def first_group(element: Entity) -> Entity | None:
    """Return the group that an element is assigned to first."""
    for relation in getattr(element, "HasAssignments", None) or ():
        if relation.is_a("IfcRelAssignsToGroup"):
            return cast("Entity", relation.RelatingGroup)
    return None


def _spatial(element: Entity) -> Entity | None:
    return util.get_parent(element)


def _any(element: Entity) -> Entity | None:
    return util.get_parent(element) or first_group(element)


def _voided(element: Entity) -> Entity | None:
    """Return the element that an opening voids, or that the opening voids which an element fills."""
    if element.is_a("IfcOpeningElement"):
        return util.get_voided_element(element)
    opening = util.get_filled_void(element)
    return util.get_voided_element(opening) if opening else None


RELATIONS: dict[str, Callable[[Entity], Entity | None]] = {
    "": _any,
    "spatial": _spatial,
    "IFCRELAGGREGATES": util.get_aggregate,
    "IFCRELNESTS": util.get_nest,
    "IFCRELASSIGNSTOGROUP": first_group,
    "IFCRELVOIDSELEMENT IFCRELFILLSELEMENT": _voided,
}


def _classifies(reference: Entity) -> bool:
    return bool(reference.is_a("IfcClassificationReference") or reference.is_a("IfcClassification"))
