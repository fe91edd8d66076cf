"""What is attached to the objects of a model, by instance number: one pass over the relationships.

Numbers, not instances: an index over a large model stays small.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import ifcopenshell

from functions.ifc.definitions import Definitions
from functions.ifc.reader import Reader
from functions.ifc.spatial import RELATIONS

# How a child hangs at its parent, by relationship; the order of RELATIONS decides between several.
WORDS = {
    "IfcRelContainedInSpatialStructure": "contained",
    "IfcRelAggregates": "aggregated",
    "IfcRelNests": "nested",
    "IfcRelVoidsElement": "voids",
    "IfcRelFillsElement": "fills",
}


@dataclass
class Attachments:
    """Parents with the kind of relation, types, property set definitions, materials, classifications."""

    parents: dict[int, tuple[int, str]] = field(default_factory=dict)
    types: dict[int, int] = field(default_factory=dict)
    sets: dict[int, list[int]] = field(default_factory=dict)
    materials: dict[int, int] = field(default_factory=dict)
    classifications: dict[int, list[int]] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, reader: Reader, definitions: Definitions | None = None) -> Attachments:
        """Read the attachments of a model; its property sets from `definitions` if it is without them."""
        found = cls()
        for relation, one, many in RELATIONS:
            word = WORDS[relation]
            for parent, child in reader.pairs(relation, one, many):
                found.parents.setdefault(child.id(), (parent.id(), word))
        for type_, item in reader.pairs("IfcRelDefinesByType", "RelatingType", "RelatedObjects"):
            found.types.setdefault(item.id(), type_.id())
        for material, item in reader.pairs("IfcRelAssociatesMaterial", "RelatingMaterial", "RelatedObjects"):
            found.materials.setdefault(item.id(), material.id())
        for reference, item in reader.pairs(
            "IfcRelAssociatesClassification", "RelatingClassification", "RelatedObjects"
        ):
            found.classifications.setdefault(item.id(), []).append(reference.id())
        found._read_sets(_related(reader) if definitions is None else definitions.related())
        return found

    def _read_sets(self, related: Iterable[tuple[int, list[int]]]) -> None:
        """Read which definitions objects have, and which definitions several objects share."""
        uses: Counter[int] = Counter()
        for definition, objects in related:
            for item in objects:
                self.sets.setdefault(item, []).append(definition)
            uses[definition] += len(objects)
        self.shared.update(number for number, count in uses.items() if count > 1)

    def ancestors(self, number: int) -> Iterator[int]:
        """Yield the parents of an object, the nearest first; ends where it comes back to one."""
        seen = {number}
        while (link := self.parents.get(number)) is not None and link[0] not in seen:
            number = link[0]
            seen.add(number)
            yield number


def _related(reader: Reader) -> Iterator[tuple[int, list[int]]]:
    """Yield the numbers of a definition and of an object that has it."""
    relation, one, many = "IfcRelDefinesByProperties", "RelatingPropertyDefinition", "RelatedObjects"
    for definition, item in reader.pairs(relation, one, many):
        for member in members(reader, definition):
            yield member, [item.id()]


def members(reader: Reader, definition: ifcopenshell.entity_instance) -> list[int]:
    """Return the number of a definition, or those in an IfcPropertySetDefinitionSet, a value without one."""
    if definition.id():
        return [definition.id()]
    found = reader.wrapped(definition)
    return [item.id() for item in found] if isinstance(found, tuple) else []
