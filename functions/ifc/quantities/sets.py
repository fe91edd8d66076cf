"""Quantity sets in a model: finds the authored ones, fills or replaces them, adds new ones.

Changes are made in the text of the model: what is not changed stays as it was written, byte for byte.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from ifcopenshell import entity_instance as Entity

from functions.ifc.identity import free_global_id, global_id
from functions.ifc.quantities.takeoff import Entry
from functions.ifc.reader import Reader
from functions.ifc.step.text import LIST, STRING, StepText
from functions.ifc.units import list_units

UNITS = {"Length": "LENGTHUNIT", "Area": "AREAUNIT", "Volume": "VOLUMEUNIT", "Weight": "MASSUNIT"}
GRAMS = 1000.0
# What IFC2X3 tools call the set that is Qto_...BaseQuantities since IFC4.
OLD_NAMES = frozenset({"BaseQuantities"})
METHOD = "ifcpipe ifc5d"


@dataclass
class Writer:
    """Writes quantities as the mode says: `missing` keeps what is authored, `replace` sets it anew, `add`
    puts a set of its own beside it. The model's `text` is changed; new instances wait in the file `news`.
    """

    reader: Reader
    mode: str
    text: StepText
    news: BinaryIO
    counts: Counter[str] = field(default_factory=Counter)
    # By instance number: the quantities of changed sets, the objects that have left relationships.
    _contents: dict[int, list[int]] = field(default_factory=dict)
    _leavers: dict[int, set[int]] = field(default_factory=dict)
    _gone: set[int] = field(default_factory=set)
    _copies: list[tuple[int, int, str, list[int]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Read the units."""
        self._model = self.reader.model
        self._next = self.text.last
        self._tail = "" if self._model.schema == "IFC2X3" else ",$"  # the formula
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
                if definition is None or not definition.is_a("IfcElementQuantity"):
                    continue
                if definition.Quantities:
                    found.setdefault(definition.Name or "", definition)
        return found

    def _fill(
        self, element: Entity, old: Entity, name: str, entries: list[Entry]
    ) -> dict[tuple[str, str], str]:
        """Add what an authored set lacks, and set anew what it has if asked to."""
        told = {}
        known = {quantity.Name: quantity for quantity in old.Quantities}
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
        names = {item.name for item in fresh}
        known_now = [int(quantity.id()) for quantity in old.Quantities]
        replaced = {int(quantity.id()) for quantity in old.Quantities if quantity.Name in names}
        kept = [number for number in self._contents.get(int(old.id()), known_now) if number not in replaced]
        contents = [*kept, *(self._create(item) for item in fresh)]
        relations = _relations(old)
        if sum(len(relation.RelatedObjects) for relation in relations) > 1:
            self._leave(element, old, relations, contents)
        else:
            self._contents[int(old.id())] = contents
            self._gone.update(int(quantity.id()) for quantity in gone if _is_only_in(quantity, old))
        return told

    def _leave(self, element: Entity, shared: Entity, relations: list[Entity], contents: list[int]) -> None:
        """Give an element a copy of a set that it shares with others."""
        number = self._number()
        parts = (shared.GlobalId or "", element.GlobalId or "", str(element.id()))
        key = free_global_id(self._model, "copy", *parts)
        self._copies.append((int(shared.id()), number, key, contents))
        for relation in relations:
            if element in relation.RelatedObjects:
                self._leavers.setdefault(int(relation.id()), set()).add(int(element.id()))
        self._relate(element, number, key)

    def _add(self, element: Entity, name: str, entries: list[Entry]) -> None:
        """Give an element a new set."""
        members = ",".join(f"#{self._create(entry)}" for entry in entries)
        number = self._number()
        parts = (name, element.GlobalId or "", str(element.id()))
        key = free_global_id(self._model, "quantities", *parts)
        owner = _reference(element.OwnerHistory)
        self._put(f"#{number}=IFCELEMENTQUANTITY('{key}',{owner},'{name}',$,'{METHOD}',({members}));")
        self._relate(element, number, key)
        self.counts["sets"] += 1

    def _relate(self, element: Entity, definition: int, key: str) -> None:
        relation = global_id("relation", key, element.GlobalId or "", str(element.id()))
        self._put(
            f"#{self._number()}=IFCRELDEFINESBYPROPERTIES('{relation}',{_reference(element.OwnerHistory)},"
            f"$,$,(#{element.id()}),#{definition});"
        )

    def _create(self, entry: Entry) -> int:
        number = self._number()
        value = _real(self.convert(entry))
        kind = entry.kind.upper()
        self._put(f"#{number}=IFCQUANTITY{kind}('{entry.name}',$,$,{value}{self._tail});")
        return number

    def _put(self, line: str) -> None:
        self.news.write(line.encode("ascii") + b"\n")

    def _number(self) -> int:
        self._next += 1
        return self._next

    def save(self, path: Path) -> None:
        """Write the model with all changes."""
        changes: dict[int, bytes | None] = dict.fromkeys(self._gone)
        for number, contents in self._contents.items():
            changes[number] = _with_list(self.text.of(number), contents)
        copies = [
            _renamed(_with_list(self.text.of(shared), contents), number, key)
            for shared, number, key, contents in self._copies
        ]
        changes |= self._leaving()
        self.news.seek(0)
        self.text.rewrite(path, changes, chain(copies, map(bytes.rstrip, self.news)))

    def _leaving(self) -> dict[int, bytes | None]:
        """Return the relationships without those that have left; a set that nobody has left goes as well."""
        changes: dict[int, bytes | None] = {}
        for number, leavers in self._leavers.items():
            relation = self._model.by_id(number)
            left = [int(user.id()) for user in relation.RelatedObjects if int(user.id()) not in leavers]
            changes[number] = _with_list(self.text.of(number), left) if left else None
            definition = relation.RelatingPropertyDefinition
            others = {int(item.id()) for item in self._model.get_inverse(definition)} - {number}
            if not left and not others:
                changes[int(definition.id())] = None
        return changes


def _relations(definition: Entity) -> list[Entity]:
    inverse = definition.file.get_inverse(definition)
    return [item for item in inverse if item.is_a("IfcRelDefinesByProperties")]


def _is_only_in(quantity: Entity, holder: Entity) -> bool:
    return all(item == holder for item in quantity.file.get_inverse(quantity))


def _reference(instance: Entity | None) -> str:
    return "$" if instance is None else f"#{instance.id()}"


def _real(value: float) -> str:
    """Return a number as STEP writes it: `1.`, `1.5E-05`."""
    mantissa, _, exponent = repr(value).partition("e")
    mantissa = mantissa.removesuffix("0") if mantissa.endswith(".0") else mantissa
    return (mantissa if "." in mantissa else f"{mantissa}.") + (f"E{exponent}" if exponent else "")


def _with_list(text: bytes, members: list[int]) -> bytes:
    """Return an instance with other members in its last list of references."""
    strings = [found.span() for found in STRING.finditer(text)]
    lists = [
        found.span()
        for found in LIST.finditer(text)
        if not any(begin < found.start() < end for begin, end in strings)
    ]
    begin, end = lists[-1]
    return text[:begin] + b"(%s)" % b",".join(b"#%d" % number for number in members) + text[end:]


def _renamed(text: bytes, number: int, key: str) -> bytes:
    """Return an instance under another number and GlobalId."""
    body = STRING.sub(b"'%s'" % key.encode("ascii"), text[text.index(b"=") :], count=1)
    return b"#%d%s" % (number, body)


def _factor(to_si: object, kind: str) -> float:
    """Return SI units (kilograms for weight) per unit of the project; 1 where it does not say it."""
    if not isinstance(to_si, float) or to_si <= 0:
        return 1.0
    return to_si / GRAMS if kind == "Weight" else to_si
