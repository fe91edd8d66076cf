"""The classes that two files use, by number, and what each of them is."""

from __future__ import annotations

import ifcopenshell

OBJECT, RELATION, ROOT, CONTEXT, PLACEMENT, SHAPE = 1, 2, 4, 8, 16, 32
ANCESTORS = {
    "IfcObjectDefinition": OBJECT,
    "IfcRelationship": RELATION,
    "IfcRoot": ROOT,
    "IfcRepresentationContext": CONTEXT,
    "IfcObjectPlacement": PLACEMENT,
    "IfcProductRepresentation": SHAPE,
}


class Classes(dict[bytes, int]):
    """Keywords of STEP files, numbered as they are met; both files of a comparison share the numbers."""

    def __init__(self) -> None:
        """Know no class yet."""
        super().__init__()
        self.names: list[str] = []

    def __missing__(self, keyword: bytes) -> int:
        """Give a class a number, the same for the same class in other letters."""
        name = keyword.upper()
        number = self.get(name, len(self.names))
        if number == len(self.names):
            self.names.append(name.decode("ascii", "replace"))
        self[name] = self[keyword] = number
        return number

    def ancestors(self, schema: str) -> list[frozenset[str]]:
        """Return the names of each class and of all that it is derived from, in a schema; none if unknown."""
        known = ifcopenshell.schema_by_name(schema)
        return [_ancestors(known, name) for name in self.names]


def _ancestors(schema: ifcopenshell.ifcopenshell_wrapper.schema_definition, name: str) -> frozenset[str]:
    try:
        entity = schema.declaration_by_name(name).as_entity()
    except RuntimeError:
        return frozenset()
    names = set()
    while entity is not None:
        names.add(entity.name())
        entity = entity.supertype()
    return frozenset(names)


def flags(ancestors: frozenset[str]) -> int:
    """Return what a class is, as a sum of the constants above."""
    return sum(flag for name, flag in ANCESTORS.items() if name in ancestors)
