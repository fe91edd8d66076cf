"""The tree of a model: what is part of what, and on which storey it stands. Safe against cycles."""

from __future__ import annotations

from dataclasses import dataclass, field

import ifcopenshell

from functions.ifc.reader import Reader

# Nearest first: an opening belongs to its wall, a window to its opening, a part to its whole.
RELATIONS = (
    ("IfcRelContainedInSpatialStructure", "RelatingStructure", "RelatedElements"),
    ("IfcRelAggregates", "RelatingObject", "RelatedObjects"),
    ("IfcRelNests", "RelatingObject", "RelatedObjects"),
    ("IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement"),
    ("IfcRelFillsElement", "RelatingOpeningElement", "RelatedBuildingElement"),
)


@dataclass
class Tree:
    """Parents by instance id, and the ids whose way up runs in a circle."""

    parents: dict[int, ifcopenshell.entity_instance] = field(default_factory=dict)
    cyclic: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, reader: Reader) -> Tree:
        """Read the tree of a model."""
        tree = cls()
        for relation, one, many in RELATIONS:
            for parent, child in reader.pairs(relation, one, many):
                tree.parents.setdefault(child.id(), parent)
        return tree

    def storey(self, element: ifcopenshell.entity_instance) -> ifcopenshell.entity_instance | None:
        """Return the storey an element stands on, however deep; None when there is none."""
        seen: set[int] = set()
        node: ifcopenshell.entity_instance | None = element
        while node is not None:
            if node.is_a("IfcBuildingStorey"):
                return node
            if node.id() in seen:
                self.cyclic |= seen
                return None
            seen.add(node.id())
            node = self.parents.get(node.id())
        return None

    def has_circle(self) -> bool:
        """Say whether something is part of itself."""
        sound: set[int] = set()
        for start in self.parents:
            way: set[int] = set()
            node: int | None = start
            while node is not None and node not in sound:
                if node in way:
                    return True
                way.add(node)
                parent = self.parents.get(node)
                node = None if parent is None else parent.id()
            sound |= way
        return False
