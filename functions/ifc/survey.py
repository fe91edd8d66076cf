"""What is attached to what in a model: types, property sets, materials, classifications, by one pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

import ifcopenshell

from functions.ifc.reader import Reader, clean
from functions.ifc.spatial import Tree

# Where a material definition keeps its materials: IFC2X3 lists, layer sets, profile sets, constituents.
MATERIAL_PARTS = (
    "ForLayerSet",
    "ForProfileSet",
    "MaterialLayers",
    "MaterialProfiles",
    "MaterialConstituents",
    "Materials",
    "Material",
)

UNNAMED = (False, "(unnamed)")
Name = TypeVar("Name", bound=Hashable)


@dataclass(frozen=True)
class Survey:
    """What one pass over the relationships finds: objects, and what is attached to them, by id."""

    products: tuple[ifcopenshell.entity_instance, ...]
    elements: tuple[ifcopenshell.entity_instance, ...]
    types: tuple[ifcopenshell.entity_instance, ...]
    tree: Tree
    typed: dict[int, ifcopenshell.entity_instance] = field(default_factory=dict)
    with_sets: set[int] = field(default_factory=set)
    with_material: set[int] = field(default_factory=set)
    property_sets: dict[str, int] = field(default_factory=dict)
    quantity_sets: dict[str, int] = field(default_factory=dict)
    materials: dict[str, int] = field(default_factory=dict)
    classifications: list[dict[str, object]] = field(default_factory=list)

    @classmethod
    def of(cls, reader: Reader) -> Survey:
        """Survey a model."""
        survey = cls(
            products=reader.all("IfcProduct"),
            elements=reader.all("IfcElement"),
            types=reader.all("IfcTypeObject"),
            tree=Tree.of(reader),
        )
        survey.typed.update(
            (item.id(), type_)
            for type_, item in reader.pairs("IfcRelDefinesByType", "RelatingType", "RelatedObjects")
        )
        survey._count_sets(reader)
        survey._count_materials(reader)
        survey._count_classifications(reader)
        return survey

    def _count_sets(self, reader: Reader) -> None:
        """Count how many objects have each property set and quantity set, own or of their type."""
        own: dict[int, set[tuple[bool, str]]] = {}
        quantities = {item.id() for item in reader.all("IfcElementQuantity")}
        names = {
            item.id(): (
                item.id() in quantities,
                clean(name) if isinstance(name, str) and name else UNNAMED[1],
            )
            for item, name in reader.values("IfcPropertySetDefinition", "Name")
        }
        used = list(reader.pairs("IfcRelDefinesByProperties", "RelatingPropertyDefinition", "RelatedObjects"))
        used += [(item, type_) for type_ in self.types for item in reader.entities(type_, "HasPropertySets")]
        for found, owner in used:
            known = names.get(found.id())
            members = (
                [known] if known else [names.get(item.id(), UNNAMED) for item in _members(reader, found)]
            )
            own.setdefault(owner.id(), set()).update(members)
        self.with_sets.update(own)
        counts = self._inherited(own)
        for is_quantity, target in ((False, self.property_sets), (True, self.quantity_sets)):
            target.update(
                ranked({name: count for (kind, name), count in counts.items() if kind is is_quantity})
            )

    def _count_materials(self, reader: Reader) -> None:
        """Count how many objects have each material, own or else of their type."""
        own: dict[int, set[str]] = {}
        known: dict[int, frozenset[str]] = {}
        for material, owner in reader.pairs("IfcRelAssociatesMaterial", "RelatingMaterial", "RelatedObjects"):
            if material.id() not in known:
                known[material.id()] = frozenset(_material_names(reader, material))
            own.setdefault(owner.id(), set()).update(known[material.id()])
        self.with_material.update(own)
        self.materials.update(ranked(self._inherited(own, replaced=True)))

    def _inherited(self, own: Mapping[int, set[Name]], *, replaced: bool = False) -> Counter[Name]:
        """Count the objects that have each name, own or of their type; what only types have counts 0.

        `replaced`: an object that has names of its own has none of its type's.
        """
        types = {type_.id() for type_ in self.types}
        counts: Counter[Name] = Counter({name: 0 for names in own.values() for name in names})
        for owner, names in own.items():
            if owner not in types:
                counts.update(names)
        for item, type_ in self.typed.items():
            mine = own.get(item, set())
            if not (replaced and mine):
                counts.update(own.get(type_.id(), set()) - mine)
        return counts

    def _count_classifications(self, reader: Reader) -> None:
        """Count the references and the objects that refer to each classification system."""
        uses: dict[str, Counter[str]] = {}
        for reference, _ in reader.pairs(
            "IfcRelAssociatesClassification", "RelatingClassification", "RelatedObjects"
        ):
            system, code = _classification(reader, reference)
            codes = uses.setdefault(system, Counter())
            if not reference.is_a("IfcClassification"):  # the project says that it uses the system
                codes[code] += 1
        self.classifications.extend(
            {"system": system, "objects": codes.total(), "references": ranked(codes)}
            for system, codes in sorted(uses.items())
        )

    def owners(self, element: ifcopenshell.entity_instance) -> set[int]:
        """Return the ids of an element and of its type, which shares what it has with the element."""
        type_ = self.typed.get(element.id())
        return {element.id()} if type_ is None else {element.id(), type_.id()}


def ranked(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts, the largest first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))


def _members(
    reader: Reader, definition: ifcopenshell.entity_instance
) -> tuple[ifcopenshell.entity_instance, ...]:
    """Return the definitions in an IfcPropertySetDefinitionSet, which itself is a value without an id."""
    members = reader.wrapped(definition)
    return tuple(members) if isinstance(members, tuple) else ()


def _material_names(
    reader: Reader, material: ifcopenshell.entity_instance, seen: frozenset[int] = frozenset()
) -> Iterator[str]:
    """Yield the names of the materials in a definition: itself, or those of its layers and parts."""
    if material.id() in seen:
        return
    if material.is_a("IfcMaterial"):
        yield reader.text(material, "Name") or "(unnamed)"
        return
    for name in MATERIAL_PARTS:
        for part in (*reader.entities(material, name), reader.entity(material, name)):
            if part is not None:
                yield from _material_names(reader, part, seen | {material.id()})


def _classification(reader: Reader, reference: ifcopenshell.entity_instance) -> tuple[str, str]:
    """Return the name of the system a reference is in, and its code or name there."""
    code = next(
        (
            text
            for name in ("Identification", "ItemReference", "Name")
            if (text := reader.text(reference, name))
        ),
        "(unnamed)",
    )
    seen: set[int] = set()
    node: ifcopenshell.entity_instance | None = reference
    while node is not None and node.id() not in seen:
        if node.is_a("IfcClassification"):
            return reader.text(node, "Name") or "(unnamed)", code
        seen.add(node.id())
        node = reader.entity(node, "ReferencedSource")
    return "(no system)", code
