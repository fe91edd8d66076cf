"""Quantity sets in a model: finds the authored ones, fills or replaces them, adds new ones."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell
from ifcopenshell import entity_instance as Entity

from functions.ifc.identity import global_id
from functions.ifc.reader import Reader
from functions.ifc.takeoff import Entry
from functions.ifc.units import list_units

UNITS = {"Length": "LENGTHUNIT", "Area": "AREAUNIT", "Volume": "VOLUMEUNIT", "Weight": "MASSUNIT"}
GRAMS = 1000.0
# What IFC2X3 tools call the set that is Qto_...BaseQuantities since IFC4.
OLD_NAMES = frozenset({"BaseQuantities"})
METHOD = "ifcpipe ifc5d"


@dataclass
class Writer:
    """Writes quantities as the mode says: `missing` keeps what is authored, `replace` sets it anew, `add`
    puts a set of its own beside it.
    """

    reader: Reader
    mode: str
    counts: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        """Read the units."""
        self._model: ifcopenshell.file = self.reader.model
        units = list_units(self.reader)
        self._factors = {
            kind: _factor(units.get(name, {}).get("to_si"), kind) for kind, name in UNITS.items()
        }
        self.units = {kind: units.get(name, {}).get("name") for kind, name in UNITS.items()}

    def convert(self, entry: Entry) -> float:
        """Return a value in the unit of the project."""
        return float(format((entry.value or 0.0) / self._factors[entry.kind], ".9g"))

    def write(self, element: Entity, entries: list[Entry]) -> dict[tuple[str, str], str]:
        """Write the quantities of one element; return what became of each: written, kept or replaced."""
        told: dict[tuple[str, str], str] = {}
        by_set: dict[str, list[Entry]] = {}
        for entry in entries:
            if entry.value is not None:
                by_set.setdefault(entry.set_name, []).append(entry)
        authored = self._authored(element)
        for name, found in by_set.items():
            old = authored.get(name) or next((authored[old] for old in OLD_NAMES if old in authored), None)
            if old is None or self.mode == "add":
                self._add(element, name if old is None or old.Name != name else f"{name} (ifcpipe)", found)
                told |= {(name, entry.name): "written" for entry in found}
            else:
                told |= self._fill(element, old, name, found)
        self.counts.update(told.values())
        return told

    def _authored(self, element: Entity) -> dict[str, Entity]:
        """Return an element's own quantity sets, by name."""
        found: dict[str, Entity] = {}
        for relation in getattr(element, "IsDefinedBy", ()):
            if relation.is_a("IfcRelDefinesByProperties"):
                definition = relation.RelatingPropertyDefinition
                if definition is not None and definition.is_a("IfcElementQuantity"):
                    found.setdefault(definition.Name or "", definition)
        return found

    def _fill(
        self, element: Entity, old: Entity, name: str, entries: list[Entry]
    ) -> dict[tuple[str, str], str]:
        """Add what an authored set lacks, and set anew what it has if asked to."""
        told = {}
        known = {quantity.Name: quantity for quantity in old.Quantities or ()}
        fresh = [entry for entry in entries if entry.name not in known]
        if self.mode == "replace":
            told = {(name, item.name): "replaced" for item in entries if item.name in known}
            gone = {known[item.name] for item in entries if item.name in known}
            fresh = entries
        else:
            told = {(name, item.name): "kept" for item in entries if item.name in known}
            gone = set()
        told |= {(name, item.name): "written" for item in entries if item.name not in known}
        if not fresh:
            return told
        if sum(len(user.RelatedObjects) for user in _relations(self._model, old)) > 1:
            old = self._own(element, old)
            gone = set()
        names = {item.name for item in fresh}
        kept = [quantity for quantity in old.Quantities or () if quantity.Name not in names]
        old.Quantities = [*kept, *(self._create(item) for item in fresh)]
        for quantity in sorted(gone, key=lambda item: int(item.id())):
            if not self._model.get_total_inverses(quantity):
                self._model.remove(quantity)
        return told

    def _own(self, element: Entity, shared: Entity) -> Entity:
        """Give an element a copy of a set that it shares with others."""
        copy = self._model.create_entity("IfcElementQuantity", *tuple(shared))
        copy.GlobalId = global_id("copy", shared.GlobalId, element.GlobalId or "", str(element.id()))
        for relation in _relations(self._model, shared):
            left = [user for user in relation.RelatedObjects if user != element]
            if left and len(left) < len(relation.RelatedObjects):
                relation.RelatedObjects = left
        self._relate(element, copy)
        return copy

    def _add(self, element: Entity, name: str, entries: list[Entry]) -> None:
        """Give an element a new set."""
        made = self._model.create_entity(
            "IfcElementQuantity",
            GlobalId=global_id("quantities", name, element.GlobalId or "", str(element.id())),
            OwnerHistory=element.OwnerHistory,
            Name=name,
            MethodOfMeasurement=METHOD,
            Quantities=[self._create(entry) for entry in entries],
        )
        self._relate(element, made)
        self.counts["sets"] += 1

    def _relate(self, element: Entity, made: Entity) -> None:
        self._model.create_entity(
            "IfcRelDefinesByProperties",
            GlobalId=global_id("relation", made.GlobalId, element.GlobalId or "", str(element.id())),
            OwnerHistory=element.OwnerHistory,
            RelatedObjects=[element],
            RelatingPropertyDefinition=made,
        )

    def _create(self, entry: Entry) -> Entity:
        value: dict[str, Any] = {f"{entry.kind}Value": self.convert(entry)}
        return self._model.create_entity(f"IfcQuantity{entry.kind}", Name=entry.name, **value)


def _relations(model: ifcopenshell.file, definition: Entity) -> list[Entity]:
    return [item for item in model.get_inverse(definition) if item.is_a("IfcRelDefinesByProperties")]


def _factor(to_si: object, kind: str) -> float:
    """Return SI units (kilograms for weight) per unit of the project; 1 where it does not say it."""
    if not isinstance(to_si, float) or to_si <= 0:
        return 1.0
    return to_si / GRAMS if kind == "Weight" else to_si
