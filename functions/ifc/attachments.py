"""What is attached to the objects of a model, by instance number: one pass over the relationships.

Numbers, not instances: an index over a large model stays small.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import ifcopenshell

from functions.ifc.definitions import SETS, Definitions
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
TYPES, MATERIALS = "IfcRelDefinesByType", "IfcRelAssociatesMaterial"
ONE = (TYPES, MATERIALS)  # what an object has one of, at the most
HOLDING = (
    (TYPES, "RelatingType", "RelatedObjects"),
    (MATERIALS, "RelatingMaterial", "RelatedObjects"),
    ("IfcRelAssociatesClassification", "RelatingClassification", "RelatedObjects"),
    (SETS, "RelatingPropertyDefinition", "RelatedObjects"),
)
Entity = ifcopenshell.entity_instance
Layout = tuple[tuple[str, str, str], ...]


@dataclass
class Attachments:
    """Parents with the kind of relation, types, property set definitions, materials, classifications.

    `shared` are the definitions that a relationship gives to several objects.
    """

    parents: dict[int, tuple[int, str]] = field(default_factory=dict)
    types: dict[int, int] = field(default_factory=dict)
    sets: dict[int, list[int]] = field(default_factory=dict)
    materials: dict[int, int] = field(default_factory=dict)
    classifications: dict[int, list[int]] = field(default_factory=dict)
    shared: set[int] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        reader: Reader,
        definitions: Definitions | None = None,
        *,
        layout: Layout = (*RELATIONS, *HOLDING),
    ) -> Attachments:
        """Read the relationships of a `layout`; from the text of a model that has `definitions`."""
        found = cls()
        links = _links(reader, layout) if definitions is None else _lines(reader, definitions, layout)
        for relation, one, many in links:
            found._add(relation, one, many)
        return found

    def _add(self, relation: str, one: int, many: list[int]) -> None:
        """Take a relationship in. Of several, the first counts where there can be but one."""
        if relation in WORDS:
            link = one, WORDS[relation]
            for child in many:
                self.parents.setdefault(child, link)
        elif relation in ONE:
            single = self.types if relation == TYPES else self.materials
            for item in many:
                single.setdefault(item, one)
        else:
            several = self.sets if relation == SETS else self.classifications
            for item in many:
                several.setdefault(item, []).append(one)
            if relation == SETS and len(many) > 1:
                self.shared.add(one)

    def ancestors(self, number: int) -> Iterator[int]:
        """Yield the parents of an object, the nearest first; ends where it comes back to one."""
        seen = {number}
        while (link := self.parents.get(number)) is not None and link[0] not in seen:
            number = link[0]
            seen.add(number)
            yield number


def _links(reader: Reader, layout: Layout) -> Iterator[tuple[str, int, list[int]]]:
    """Yield class, the number of the one and of the many for the relationships of a model."""
    for relation, one, many in layout:
        for _, owner, value in reader.values(relation, one, many):
            if not isinstance(owner, Entity):
                continue
            items = value if isinstance(value, tuple) else (value,)
            numbers = [item.id() for item in items if isinstance(item, Entity)]
            for number in members(reader, owner) if relation == SETS else [owner.id()]:
                yield relation, number, numbers


def _lines(reader: Reader, definitions: Definitions, layout: Layout) -> Iterator[tuple[str, int, list[int]]]:
    """Yield the same out of the text of a model."""
    for relation, _, _ in layout:
        if relation == SETS:
            for one, many in definitions.related():
                yield relation, one, many
            continue
        for item in reader.all(relation):
            one, many = definitions.relation(item.id())
            yield relation, one, many


def members(reader: Reader, definition: Entity) -> list[int]:
    """Return the number of a definition, or those in an IfcPropertySetDefinitionSet, a value without one."""
    if definition.id():
        return [definition.id()]
    found = reader.wrapped(definition)
    return [item.id() for item in found] if isinstance(found, tuple) else []
