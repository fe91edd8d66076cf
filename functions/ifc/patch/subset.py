"""Parts of a model: keeps some objects with all that belongs to them, and leaves out the rest.

An object is an instance of IfcObjectDefinition: elements, spatial structure, types, the project, groups.
Relationships lose the members that are left out, and go when nothing is left to relate. What no
reference leads to but belongs to what is kept (styles of items, layers, properties of materials, map
conversions) comes along. Instances keep their numbers, GlobalIds and text.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

from functions.ifc.patch.instances import Instances
from functions.ifc.step.text import Marks, Rows, arguments, filter_lists, links, numbers, references

# Resources that hang on others: the attribute that says on what.
ATTACHED = {
    "IfcStyledItem": "Item",
    "IfcPresentationLayerAssignment": "AssignedItems",
    "IfcMaterialDefinitionRepresentation": "RepresentedMaterial",
    "IfcMaterialProperties": "Material",
    "IfcMaterialClassificationRelationship": "ClassifiedMaterial",
    "IfcProfileProperties": "ProfileDefinition",
    "IfcCoordinateOperation": "SourceCRS",
    "IfcExternalReferenceRelationship": "RelatedResourceObjects",
    "IfcIndexedColourMap": "MappedTo",
    "IfcIndexedTextureMap": "MappedTo",
    "IfcShapeAspect": "PartOfProductDefinitionShape",
}
PARTS = frozenset({"IFCRELAGGREGATES", "IFCRELNESTS"})
CONTAINED = frozenset({"IFCRELCONTAINEDINSPATIALSTRUCTURE"})
FEATURES = frozenset({"IFCRELVOIDSELEMENT", "IFCRELPROJECTSELEMENT"})
TYPED = frozenset({"IFCRELDEFINESBYTYPE"})
WHOLES = PARTS | CONTAINED  # relate one to what it is made of, or contains
ABOVE = WHOLES | TYPED
STRUCTURE = ABOVE | FEATURES


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship: its class, the references outside of lists, and those in each list."""

    kind: str
    singles: list[int]
    lists: list[list[int]]

    @property
    def members(self) -> Iterable[int]:
        """Return the references in lists."""
        return self.lists[0] if len(self.lists) == 1 else list(chain.from_iterable(self.lists))


class Subset:
    """The objects and relationships of a model, and the way to write some of them."""

    def __init__(self, instances: Instances) -> None:
        """Read the relationships that objects are chosen by: their structure, features and types."""
        self._instances = instances
        self.text = instances.text
        self.objects = instances.numbers("IfcObjectDefinition")
        self._structure = {row: self._relation(row, kind) for row, kind in self.text.find(STRUCTURE)}
        self.relations = list(self._structure.values())

    def _relation(self, row: int, kind: str) -> Relation:
        singles, lists = links(self.text.text(row))
        # The two in front stand for what a damaged one does not have.
        return Relation(kind, [-1, -1, *singles], lists)

    def with_context(self, chosen: Iterable[int]) -> set[int]:
        """Return objects with what they need: project, parents, containers, openings, ports, types.

        The same that ifcpatch's ExtractElements keeps; and projections, which are part of the shape.
        """
        kept = set(chosen)
        kept.update(self._project)
        nested = self._instances.schema.name() == "IFC2X3"  # where nests are a decomposition too
        size = 0
        while size < len(kept):
            size = len(kept)
            for relation in self.relations:
                kept.update(_needs(relation, kept, self._ports, nested=nested))
        return kept & self.objects

    @cached_property
    def _project(self) -> list[int]:
        return sorted(self._instances.numbers("IfcProject"))[:1]

    @cached_property
    def _ports(self) -> set[int]:
        return self._instances.numbers("IfcPort")

    def below(self, chosen: Iterable[int]) -> set[int]:
        """Return objects with their parts, openings and what they contain."""
        found = set(chosen)
        size = 0
        while size < len(found):
            size = len(found)
            for relation in self.relations:
                if relation.kind in WHOLES and relation.singles[-1] in found:
                    found.update(relation.members)
                elif relation.kind in FEATURES and relation.singles[-2] in found:
                    found.add(relation.singles[-1])
        return found & self.objects

    def unused_types(self) -> set[int]:
        """Return the types that no object is of."""
        used = {relation.singles[-1] for relation in self.relations if relation.kind in TYPED}
        return self._instances.numbers("IfcTypeObject") - used

    def write(self, path: Path, kept: set[int], *, loose: bool) -> int:
        """Write a model with the kept objects alone, and return how many instances it has.

        `loose` also keeps what nothing refers to, such as a property set that is not in use.
        """
        return self.text.write(path, *self.choose(kept, loose=loose))

    def choose(
        self, kept: set[int], *, loose: bool = False, bridges: frozenset[int] = frozenset()
    ) -> tuple[Marks, dict[int, bytes]]:
        """Return which rows stay with the kept objects, and the new texts of some.

        `bridges` are instances that are left out and may be referred to all the same: another model has them.
        """
        text = self.text
        drop = self.objects - kept
        seeds = text.rows(kept)
        texts: dict[int, bytes] = {}
        for row, shorter in self._relating(self._users_of(kept), drop, bridges):
            seeds.append(row)
            if shorter is not None:
                texts[row] = shorter
        if loose:
            seeds += self._loose()
        seen = bytearray(len(text))
        walls = set(text.rows(bridges))
        for row in walls:
            seen[row] = True  # nothing is followed any further from there
        self._spread(seen, seeds, texts, walls)
        for row in walls:
            seen[row] = False
        self._shorten(seen, texts)
        return seen, texts

    def _users_of(self, kept: set[int]) -> list[int]:
        """Return the rows of relationships that may stay: they refer to something kept, or to no object."""
        users = self._users
        return sorted({row for number in kept | {0} for row in users.get(number, ())})

    @cached_property
    def _users(self) -> dict[int, list[int]]:
        """Return the rows of relationships by the objects that they refer to, those without any as 0's."""
        users: dict[int, list[int]] = {}
        rows = [row for row, _ in self._instances.find("IfcRelationship")]
        for row, text in zip(rows, self.text.texts(rows), strict=True):
            for number in self.objects.intersection(numbers(text)) or (0,):
                users.setdefault(number, []).append(row)
        return users

    def _relating(
        self, rows: Iterable[int], drop: set[int], bridges: frozenset[int]
    ) -> Iterator[tuple[int, bytes | None]]:
        """Yield the rows of relationships that stay, with their new texts if they lose members."""
        outside = drop - bridges
        for row in rows:
            known = self._structure.get(row)
            singles, lists = (known.singles, known.lists) if known else links(self.text.text(row))
            if not outside.isdisjoint(singles):
                continue
            shorter = [members for members in lists if not drop.isdisjoint(members)]
            if not shorter and drop.isdisjoint(singles):
                yield row, None
            elif any(drop.issuperset(members) for members in shorter):
                continue
            elif lists or not bridges.issuperset(self.objects.intersection(singles)):
                yield row, filter_lists(self.text.text(row), drop)

    def _loose(self) -> list[int]:
        """Return the rows that nothing refers to and that are no objects, relationships or attached."""
        known = {row for row, _ in self._instances.find("IfcObjectDefinition", "IfcRelationship")}
        return [
            row
            for row, is_used in enumerate(self.text.referenced())
            if not is_used and row not in known and row not in self._attached
        ]

    def _spread(
        self,
        seen: Marks,
        seeds: Rows,
        texts: dict[int, bytes],
        walls: set[int],
    ) -> None:
        """Mark all that can be reached, with what is attached to it and can be reached from there."""
        text = self.text
        waiting = {row: [one for one in hooks if one not in walls] for row, hooks in self._hooks.items()}
        inner = dict(texts)
        inner.update({row: rest for row, (_, rest) in self._attached.items()})
        text.reach(seen, seeds, inner)
        while fitting := [row for row, hooks in waiting.items() if any(seen[hook] for hook in hooks)]:
            for row in fitting:
                del waiting[row]
            text.reach(seen, fitting, inner)

    def _shorten(self, seen: Marks, texts: dict[int, bytes]) -> None:
        """Take what is left out from the lists of what is attached, such as the items of a layer."""
        for row, (hook, _) in self._attached.items():
            if not seen[row] or not hook.startswith(b"("):
                continue
            members = references(hook)
            gone = set(members).difference(
                self.text.numbers[one] for one in self.text.rows(members) if seen[one]
            )
            if 0 < len(gone) < len(set(members)):
                texts[row] = filter_lists(self.text.text(row), gone)

    @cached_property
    def _hooks(self) -> dict[int, list[int]]:
        """Return the rows that others hang on, by theirs."""
        return {row: self.text.rows(references(hook)) for row, (hook, _) in self._attached.items()}

    @cached_property
    def _attached(self) -> dict[int, tuple[bytes, bytes]]:
        """Return what hangs on others, by row: the references to what, and its other arguments."""
        places = {
            name: self._instances.place(name, attribute)
            for kind, attribute in ATTACHED.items()
            for name in self._instances.classes(kind)
        }
        found = {}
        for row, name in self.text.find(places):
            values = arguments(self.text.text(row))
            place = places[name]
            if place < len(values) and b"#" in values[place]:
                found[row] = values[place], b",".join(values[:place] + values[place + 1 :])
        return found


def _needs(relation: Relation, kept: set[int], ports: set[int], *, nested: bool) -> Iterable[int]:
    """Return what a relationship adds to the kept objects."""
    kind, singles = relation.kind, relation.singles
    if kind in FEATURES:
        return singles[-1:] if singles[-2] in kept else ()
    if kind == "IFCRELNESTS" and not nested:
        return ports.intersection(relation.members) if singles[-1] in kept else ()
    if kind in ABOVE and singles[-1] not in kept and not kept.isdisjoint(relation.members):
        return singles[-1:]
    return ()
