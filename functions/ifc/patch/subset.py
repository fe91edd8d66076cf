"""Parts of a model: keeps some objects with all that belongs to them, and leaves out the rest.

An object is an instance of IfcObjectDefinition: elements, spatial structure, types, the project, groups.
Relationships lose the members that are left out, and go when nothing is left to relate. What no
reference leads to but belongs to what is kept (styles of items, layers, properties of materials, map
conversions) comes along. Instances keep their numbers, GlobalIds and text.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ifcopenshell
import numpy as np

from functions.ifc.gate import Checked
from functions.ifc.step.text import LIST, REFERENCE, STRIDE, StepText, arguments, filter_lists, references

if TYPE_CHECKING:
    from functions.ifc.step.text import Marks, Rows

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


@dataclass(frozen=True, slots=True)
class Relation:
    """A relationship: row and class, the references outside of lists, and those in lists."""

    row: int
    kind: str
    singles: tuple[int, ...]
    members: tuple[int, ...]


class Subset:
    """The objects and relationships of a model, and the way to write some of them."""

    def __init__(self, model: ifcopenshell.file, checked: Checked) -> None:
        """Read the relationships."""
        self.text = StepText.read(checked.path, instances=checked.instances)
        self.model = model
        self._schema = ifcopenshell.schema_by_name(checked.schema)
        self.objects = {int(entity.id()) for entity in model.by_type("IfcObjectDefinition")}
        self.relations: list[Relation] = []
        for count, found in enumerate(self.text.find(self._family("IfcRelationship"))):
            self.relations.append(self._relation(*found))
            if count % STRIDE == 0:
                self.text.forget()
        self.text.forget()

    def _relation(self, row: int, kind: str) -> Relation:
        code = b"".join(self.text.text(row).split(b"'")[::2])
        lists = b"".join(LIST.findall(code))
        singles = [int(number) for number in REFERENCE.findall(LIST.sub(b"", code))]
        # The first number is its own; the two in front stand for what a damaged one does not have.
        return Relation(row, kind, (-1, -1, *singles[1:]), tuple(map(int, REFERENCE.findall(lists))))

    def with_context(self, chosen: Iterable[int]) -> set[int]:
        """Return objects with what they need: project, parents, containers, openings, ports, types.

        The same that ifcpatch's ExtractElements keeps; and projections, which are part of the shape.
        """
        kept = set(chosen)
        projects = self.model.by_type("IfcProject")
        kept.update(int(project.id()) for project in projects[:1])
        ports = self._ports()
        nested = self.model.schema == "IFC2X3"  # where nests are a decomposition too
        size = 0
        while size < len(kept):
            size = len(kept)
            for relation in self.relations:
                kept.update(_needs(relation, kept, ports, nested=nested))
        return kept & self.objects

    def _ports(self) -> set[int]:
        return {int(port.id()) for port in self.model.by_type("IfcPort")}

    def below(self, chosen: Iterable[int]) -> set[int]:
        """Return objects with their parts, openings and what they contain."""
        found = set(chosen)
        size = 0
        while size < len(found):
            size = len(found)
            for relation in self.relations:
                if relation.kind in PARTS | CONTAINED and relation.singles[-1] in found:
                    found.update(relation.members)
                elif relation.kind in FEATURES and relation.singles[-2] in found:
                    found.add(relation.singles[-1])
        return found & self.objects

    def unused_types(self) -> set[int]:
        """Return the types that no object is of."""
        used = {relation.singles[-1] for relation in self.relations if relation.kind in TYPED}
        return {int(kind.id()) for kind in self.model.by_type("IfcTypeObject")} - used

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
        texts: dict[int, bytes] = {}
        seeds: list[int] = text.rows(sorted(kept)).tolist()
        for relation in self.relations:
            if drop.isdisjoint(relation.singles) and drop.isdisjoint(relation.members):
                seeds.append(relation.row)
                continue
            shorter, singles = filter_lists(text.text(relation.row), drop)
            new = not relation.members and not bridges.issuperset(self.objects.intersection(singles))
            if shorter is not None and (drop - bridges).isdisjoint(singles) and (relation.members or new):
                texts[relation.row] = shorter
                seeds.append(relation.row)
        attached = self._attached()
        if loose:
            seeds += self._loose({relation.row for relation in self.relations} | attached.keys())
        seen = np.zeros(len(text), dtype=bool)
        walls = text.rows(sorted(bridges))
        seen[walls] = True  # nothing is followed any further from there
        self._spread(seen, seeds, texts, attached, walls)
        seen[walls] = False
        self._shorten(seen, texts, attached)
        return seen, texts

    def _loose(self, known: set[int]) -> list[int]:
        """Return the rows that nothing refers to and that are no objects and not `known`."""
        free = set(np.flatnonzero(~self.text.referenced()).tolist())
        return sorted(free - known - set(self.text.rows(sorted(self.objects)).tolist()))

    def _spread(
        self,
        seen: Marks,
        seeds: list[int],
        texts: dict[int, bytes],
        attached: dict[int, tuple[bytes, bytes]],
        walls: Rows,
    ) -> None:
        """Mark all that can be reached, with what is attached to it and can be reached from there."""
        text = self.text
        waiting = {
            row: np.setdiff1d(text.rows(references(hook)), walls) for row, (hook, _) in attached.items()
        }
        inner = dict(texts)
        inner.update({row: rest for row, (_, rest) in attached.items()})
        text.reach(seen, seeds, inner)
        while fitting := [row for row, hooks in waiting.items() if seen[hooks].any()]:
            for row in fitting:
                del waiting[row]
            text.reach(seen, fitting, inner)

    def _shorten(
        self, seen: Marks, texts: dict[int, bytes], attached: dict[int, tuple[bytes, bytes]]
    ) -> None:
        """Take what is left out from the lists of what is attached, such as the items of a layer."""
        for row, (hook, _) in attached.items():
            if not seen[row] or not hook.startswith(b"("):
                continue
            gone = {number for number in references(hook) if not seen[self.text.rows([number])].any()}
            if gone and (shorter := filter_lists(self.text.text(row), gone)[0]) is not None:
                texts[row] = shorter

    def _attached(self) -> dict[int, tuple[bytes, bytes]]:
        """Return what hangs on others, by row: the references to what, and its other arguments."""
        places = {
            name.upper(): self._entity(name).attribute_index(attribute)
            for kind, attribute in ATTACHED.items()
            for name in self._family(kind)
        }
        found = {}
        for row, kind in self.text.find(places):
            values = arguments(self.text.text(row))
            place = places[kind]
            if place < len(values) and b"#" in values[place]:
                found[row] = values[place], b",".join(values[:place] + values[place + 1 :])
        return found

    def _entity(self, name: str) -> Any:  # noqa: ANN401 - a class of the schema
        return self._schema.declaration_by_name(name).as_entity()

    def _family(self, name: str) -> list[str]:
        """Return the names of a class and all that are below it; none where the schema lacks it."""
        try:
            queue = [self._entity(name)]
        except RuntimeError:
            return []
        found = []
        while queue:
            entity = queue.pop()
            found.append(str(entity.name()))
            queue += entity.subtypes()
        return found


def _needs(relation: Relation, kept: set[int], ports: set[int], *, nested: bool) -> Iterable[int]:
    """Return what a relationship adds to the kept objects."""
    kind, singles, members = relation.kind, relation.singles, relation.members
    if kind in FEATURES:
        return singles[-1:] if singles[-2] in kept else ()
    if kind == "IFCRELNESTS" and not nested:
        return ports.intersection(members) if singles[-1] in kept else ()
    if kind in PARTS | CONTAINED | TYPED and singles[-1] not in kept and not kept.isdisjoint(members):
        return singles[-1:]
    return ()
