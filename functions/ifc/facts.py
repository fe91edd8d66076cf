"""What an audit asks of a model, each thing read once: types, property sets, units, materials, parents.

The answers are those of ifcopenshell's utilities, which ifctester asks again for every specification. Ways
through a model end when they come back to where they were: a damaged model may go in circles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeVar, cast

import ifcopenshell
import ifcopenshell.util.classification
import ifcopenshell.util.element as util
import ifcopenshell.util.unit

Entity = ifcopenshell.entity_instance
T = TypeVar("T")
KEYS = ("Name", "Category")
# Places of IfcRoot.Name, and of the one side of relationships that define: reading by place is faster.
ROOT_NAME, RELATING = 2, 5
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


@dataclass(frozen=True)
class PropertySet:
    """What an element has under the name of a property set: properties and quantities by name.

    `values` are the attributes of predefined sets, which have no properties. `key` says which definitions
    it is made of.
    """

    key: tuple[int, ...]
    instances: dict[str, Entity]
    values: dict[str, Any]


@dataclass
class Facts:
    """A model under audit."""

    model: ifcopenshell.file
    _types: dict[int, Entity | None] = field(default_factory=dict)
    _predefined: dict[int, str | None] = field(default_factory=dict)
    _definitions: dict[int, dict[str, list[Entity]]] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _sets: dict[tuple[int, ...], PropertySet] = field(default_factory=dict)
    _units: dict[str, Entity | None] = field(default_factory=dict)
    _materials: dict[int, list[str | None] | None] = field(default_factory=dict)
    _references: dict[int, list[Entity]] = field(default_factory=dict)
    _parents: dict[tuple[str, int], Entity | None] = field(default_factory=dict)

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
        for kind in self.model.by_type("IfcTypeProduct"):
            found.setdefault(occurrence_class(kind), []).extend(util.get_types(kind))
        return found

    def type_of(self, element: Entity) -> Entity | None:
        """Return the type of an element; a type is its own."""
        number = element.id()
        if number not in self._types:
            self._types[number] = self._read_type(element)
        return self._types[number]

    def predefined_type(self, element: Entity) -> str | None:
        """Return the predefined type, or the user-defined one that it stands for."""
        return remember(self._predefined, element, self._read_predefined)

    def material_names(self, element: Entity) -> list[str | None] | None:
        """Return the names and categories in the material of an element or its type; None without one."""

        def read(element: Entity) -> list[str | None] | None:
            material = util.get_material(element, should_skip_usage=True)
            if material is None:
                return None
            return sorted(set(_name_material(material)), key=lambda name: (name is not None, name or ""))

        return remember(self._materials, element, read)

    def references(self, element: Entity) -> list[Entity]:
        """Return the classification references of an element with those they are part of, by number."""

        def read(element: Entity) -> list[Entity]:
            found: dict[int, Entity] = {}
            for leaf in self._leaves(element):
                for reference in way(leaf, _source):
                    if reference == leaf or not reference.is_a("IfcClassification"):
                        found[reference.id()] = reference
            return [found[number] for number in sorted(found)]

        return remember(self._references, element, read)

    def system(self, reference: Entity) -> str | None:
        """Return the name of the classification system that a reference belongs to."""
        last = list(way(reference, _source))[-1]
        return last.Name if last.is_a("IfcClassification") else None

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
        return list(dict.fromkeys((*self._inherited(element), *self._own(element))))

    def property_set(self, element: Entity, name: str, *, first: bool) -> PropertySet | None:
        """Return what an element has under a name, over what its type has; None when neither has it.

        Two sets of one name are not valid; as in ifcopenshell, only the `first` counts or all of them.
        """
        inherited, own = self._inherited(element).get(name, []), self._own(element).get(name, [])
        found = [*inherited[:1], *own[:1]] if first else [*inherited, *own]
        if not found:
            return None
        key = tuple(one.id() for one in found)
        if key not in self._sets:
            instances: dict[str, Entity] = {}
            values: dict[str, Any] = {}
            for one in found:
                listed = PROPERTIES.get(one.is_a())
                if listed:
                    instances.update((self._name(item), item) for item in getattr(one, listed) or ())
                else:
                    values.update(util.get_property_definition(one))
            values.pop("id", None)
            self._sets[key] = PropertySet(key, instances, values)
        return self._sets[key]

    def _name(self, item: Entity) -> str:
        """Return the name of a property or quantity, the first attribute of both."""
        number = item.id()
        if number not in self._names:
            self._names[number] = item[0]
        return self._names[number]

    def _own(self, element: Entity) -> dict[str, list[Entity]]:
        """Return the definitions of an element itself by name."""
        number = element.id()
        if number not in self._definitions:
            named: dict[str, list[Entity]] = {}
            for name, one in _definitions(element, self.schema):
                named.setdefault(name, []).append(one)
            self._definitions[number] = named
        return self._definitions[number]

    def _inherited(self, element: Entity) -> dict[str, list[Entity]]:
        kind = self.type_of(element)
        return self._own(kind) if kind is not None and kind != element else {}

    def _read_type(self, element: Entity) -> Entity | None:
        """As ifcopenshell's get_type, which asks for the file's schema each time."""
        if element.is_a("IfcTypeObject"):
            return element
        if self.schema != "IFC2X3":
            typed = getattr(element, "IsTypedBy", None)
            kind: Entity | None = typed[0].RelatingType if typed else None
            return kind
        for relation in getattr(element, "IsDefinedBy", None) or ():
            if relation.is_a("IfcRelDefinesByType"):
                return cast("Entity", relation[RELATING])
        return None

    def _read_predefined(self, element: Entity) -> str | None:
        """As ifcopenshell's get_predefined_type, with our type."""
        kind = self.type_of(element)
        if kind is not None:
            # IFC2X3 knows no types of processes.
            process = self.schema != "IFC2X3" and kind.is_a("IfcTypeProcess")
            found = _predefined(kind, "ProcessType" if process else "ElementType")
            if found and found != "NOTDEFINED":
                return found
        return _predefined(element, "ObjectType")

    def _leaves(self, element: Entity) -> list[Entity]:
        """Return the references of an element itself, and those of its type in systems it has none in."""
        if not element.is_a("IfcRoot"):
            for name in ("HasExternalReferences", "HasExternalReference"):
                if (found := getattr(element, name, None)) is not None:
                    return [one.RelatingReference for one in found if _classifies(one.RelatingReference)]
        own = [
            one.RelatingClassification
            for one in getattr(element, "HasAssociations", None) or ()
            if one.is_a("IfcRelAssociatesClassification") and _classifies(one.RelatingClassification)
        ]
        kind = self.type_of(element) if element.is_a("IfcObject") else None
        if kind is None or kind == element:
            return own
        systems = {self._system_id(reference) for reference in own}
        return own + [one for one in self._leaves(kind) if self._system_id(one) not in systems]

    def _system_id(self, reference: Entity) -> int | None:
        last = list(way(reference, _source))[-1]
        return last.id() if last.is_a("IfcClassification") else None


def remember(known: dict[int, T], item: Entity, read: Callable[[Entity], T]) -> T:
    """Return what is known of an instance; read it the first time."""
    number = item.id()
    if number not in known:
        known[number] = read(item)
    return known[number]


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


def _definitions(element: Entity, schema: str) -> Iterator[tuple[str, Entity]]:
    """Yield the property set definitions of an element itself, as ifcopenshell's get_psets finds them."""
    if element.is_a("IfcTypeObject"):
        yield from ((one[ROOT_NAME], one) for one in element.HasPropertySets or ())
    elif element.is_a("IfcObjectDefinition"):
        for relation in getattr(element, "IsDefinedBy", None) or ():
            if relation.is_a("IfcRelDefinesByProperties"):
                one = relation[RELATING]
                several = schema != "IFC2X3" and one.is_a("IfcPropertySetDefinitionSet")
                yield from ((each[ROOT_NAME], each) for each in (one.wrappedValue if several else (one,)))
    elif schema != "IFC2X3":
        yield from ((one.Name, one) for one in getattr(element, "HasProperties", None) or ())
    elif element.is_a("IfcMaterial"):
        for one in element.file.by_type("IfcExtendedMaterialProperties"):
            if one.Material == element:
                yield one.Name, one


def _source(reference: Entity) -> Entity | None:
    return getattr(reference, "ReferencedSource", None)


def _classifies(reference: Entity) -> bool:
    return bool(reference.is_a("IfcClassificationReference") or reference.is_a("IfcClassification"))


def _predefined(element: Entity, own: str) -> str | None:
    """Return the predefined type, or the text that stands for a user-defined one."""
    found: str | None = getattr(element, "PredefinedType", None)
    return getattr(element, own, None) if found == "USERDEFINED" or not found else found


def _name_material(material: Entity) -> Iterator[str | None]:
    """Yield the names and categories of a material, or of a set and all that is in it."""
    if material.is_a("IfcMaterialList"):
        for one in material.Materials or ():
            yield from _read_keys(one)
        return
    label, parts = PARTS.get(material.is_a(), ("Name", ""))
    yield getattr(material, label, None)
    if not parts:
        yield getattr(material, "Category", None)
    for part in getattr(material, parts, None) or ():
        yield from _read_keys(part)
        yield from _read_keys(part.Material)


def _read_keys(item: Entity | None) -> Iterator[str | None]:
    for key in KEYS:
        yield getattr(item, key, None)
