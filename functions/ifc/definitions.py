"""Property sets and their members, read straight out of the STEP file.

Half of a model's instances are properties. Those that are written the usual way, an instance a line and
without damage, say all in one line: a model opened without them (`KINDS`) is half as large, and a line is
read sooner than an instance. What is written in another way raises `Irregular`; whoever asks then opens the
whole model instead, where all that there is to say about damage is said.
"""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_left
from collections.abc import Iterator
from typing import NamedTuple, Self

import ifcopenshell

from functions.ifc.gate import Checked

KINDS = (
    "IfcElementQuantity", "IfcPropertySet", "IfcPropertySingleValue", "IfcQuantityArea", "IfcQuantityCount",
    "IfcQuantityLength", "IfcQuantityTime", "IfcQuantityVolume", "IfcQuantityWeight",
    "IfcRelDefinesByProperties",
)  # fmt: skip
# What has properties as members or objects and is no line of ours: a model with one of these is read whole.
OTHERS = ("IfcComplexProperty", "IfcPhysicalComplexQuantity", "IfcRelOverridesProperties")
# Where things are: most of what is left in a model without shapes and properties.
PLACES = ("IfcDirection", "IfcPlacement", "IfcPoint")
# Objects that have some of all these as attributes, and not only by a placement or a relationship.
HOLDERS = (
    "IfcConstructionResource", "IfcConstructionResourceType", "IfcCostItem", "IfcStructuralAnalysisModel",
    "IfcStructuralItem",
)  # fmt: skip
CHUNK_BYTES = 1 << 20
LINE_BYTES = 512  # what most lines are shorter than

_TEXT = rb"'[^']*(?:''[^']*)*'"
_ROOT = rb"(?:" + _TEXT + rb"|\$),(?:#\d+|\$),(" + _TEXT + rb"|\$),(?:" + _TEXT + rb"|\$),"
_MEMBERS = rb"(?:\$|\(((?:#\d+(?:,#\d+)*)?)\))"
_CLASSES = "|".join(name.upper().removeprefix("IFC") for name in (*KINDS, *OTHERS)).encode()
_LINE = re.compile(
    rb"\n#(\d{1,9})= *(?=IFC(?:(" + _CLASSES + rb")|\w+(?:TYPE|STYLE)|TYPEOBJECT|TYPEPRODUCT)\()"
)
_SET = re.compile(rb"IFCPROPERTYSET\(" + _ROOT + _MEMBERS + rb"\);")
_QUANTITIES = re.compile(rb"IFCELEMENTQUANTITY\(" + _ROOT + rb"(?:" + _TEXT + rb"|\$)," + _MEMBERS + rb"\);")
_TYPE = re.compile(rb"IFC\w+\(" + _ROOT + rb"(?:" + _TEXT + rb"|\$)," + _MEMBERS + rb"[,)]")
_RELATION = re.compile(rb"IFCRELDEFINESBYPROPERTIES\(" + _ROOT + rb"\((#\d+(?:,#\d+)*)\),#(\d+)\);")
_SINGLE = re.compile(
    rb"IFCPROPERTYSINGLEVALUE\((" + _TEXT + rb"),(?:" + _TEXT + rb"|\$),"
    rb"(?:\$|(IFC[A-Z]+)\((?:(" + _TEXT + rb")|([^'()#$*,]+))\)),(?:\$|#(\d+))\);"
)
_QUANTITY = re.compile(
    rb"(IFCQUANTITY[A-Z]+)\((" + _TEXT + rb"),(?:" + _TEXT + rb"|\$),(?:\$|#(\d+)),([^'()#$*,]+)"
    rb"(?:,(?:" + _TEXT + rb"|\$))?\);"
)
_REAL = re.compile(rb"[+-]?\d+\.\d*(?:E[+-]?\d{1,2})?")
_INTEGER = re.compile(rb"[+-]?\d{1,9}")
UNKNOWN = "UNKNOWN"
_LOGICALS: dict[bytes, bool | str] = {b".T.": True, b".F.": False, b".U.": UNKNOWN}

Scalar = str | bool | int | float | None


class Irregular(Exception):
    """A line that is not written the usual way, or that is not there."""


class Member(NamedTuple):
    """A property or quantity: class of the value, or of the quantity, the value, the number of its unit."""

    name: str
    measure: str | None
    value: Scalar
    unit: int | None


class Definitions:
    """The lines of a model's property sets, quantities and types, by instance number."""

    def __init__(self, checked: Checked) -> None:
        """Find the lines of a model that has been checked `without` KINDS and OTHERS."""
        self._numbers, self._places = array("i"), array("Q")
        self._relations = array("Q")
        self._schema = ifcopenshell.schema_by_name(checked.schema)
        self._names: dict[bytes, str] = {}
        self._stream = checked.path.open("rb")
        counts = {name: checked.counts.get(name, 0) for name in (*KINDS, *OTHERS)}
        try:
            if any(counts[name] for name in OTHERS) or sum(counts.values()) != self._index():
                raise Irregular
        except Irregular:
            self._stream.close()
            raise

    def __enter__(self) -> Self:
        """Keep the file open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._stream.close()

    def _index(self) -> int:
        """Note where the lines begin, and return how many are of KINDS."""
        offset = last = found = 0
        rest = b""
        while chunk := self._stream.read(CHUNK_BYTES):
            text = rest + chunk
            cut = text.rfind(b"\n")
            for line in _LINE.finditer(text, 0, max(cut, 0)):
                number = int(line[1])
                if number <= last:
                    raise Irregular
                last, place = number, offset + line.end()
                self._numbers.append(number)
                self._places.append(place)
                found += line[2] is not None
                if line[2] == b"RELDEFINESBYPROPERTIES":
                    self._relations.append(place)
            cut = max(cut, 0)
            rest, offset = text[cut:], offset + cut
        return found

    def __contains__(self, number: int) -> bool:
        """Say whether an instance has a line."""
        place = bisect_left(self._numbers, number)
        return place < len(self._numbers) and self._numbers[place] == number

    def related(self) -> Iterator[tuple[int, list[int]]]:
        """Yield the numbers of a definition and of its objects for every IfcRelDefinesByProperties."""
        for place in self._relations:
            found = self._match(_RELATION, place)
            if found is None:
                raise Irregular
            yield int(found[3]), _references(found[2])

    def set(self, number: int) -> tuple[bool, str | None, list[int]]:
        """Return whether a definition is of quantities, its name, and the numbers of its members."""
        place = self._place(number)
        found = self._match(_SET, place)
        quantities = None if found else self._match(_QUANTITIES, place)
        line = found or quantities
        if line is None:
            raise Irregular
        name = None if line[1] == b"$" else self._text(line[1])
        return quantities is not None, name, _references(line[2] or b"")

    def of_type(self, number: int) -> list[int]:
        """Return the numbers of a type's definitions."""
        found = self._match(_TYPE, self._place(number))
        if found is None:
            raise Irregular
        return _references(found[2] or b"")

    def member(self, number: int) -> Member:
        """Return a property with a single value, or a quantity."""
        place = self._place(number)
        if found := self._match(_SINGLE, place):
            name, measure, text, literal, unit = found.groups()
            value = None if measure is None else self._text(text) if text else _scalar(literal)
            if literal == b".U." and measure != b"IFCLOGICAL":
                raise Irregular
            kind = None if measure is None else self._name(measure)
            return Member(self._text(name), kind, value, _number(unit))
        if found := self._match(_QUANTITY, place):
            quantity, text, unit, literal = found.groups()
            value = _scalar(literal)
            if isinstance(value, float):
                return Member(self._text(text), self._name(quantity), value, _number(unit))
        raise Irregular

    def _match(self, pattern: re.Pattern[bytes], place: int) -> re.Match[bytes] | None:
        """Return what a pattern finds at a place of the file."""
        for size in (LINE_BYTES, CHUNK_BYTES):
            text = os.pread(self._stream.fileno(), size, place)
            found = pattern.match(text)
            if found or b";" in text:
                return found
        return None

    def _place(self, number: int) -> int:
        index = bisect_left(self._numbers, number)
        if index >= len(self._numbers) or self._numbers[index] != number:
            raise Irregular
        return self._places[index]

    def _text(self, quoted: bytes) -> str:
        """Return what a string says, as ifcopenshell decodes it."""
        text = quoted.decode("ascii")
        if not text.isprintable():
            raise Irregular
        if "\\" in text or "'" in text[1:-1]:
            return str(ifcopenshell.decode_spf_string(text))
        return text[1:-1]

    def _name(self, kind: bytes) -> str:
        """Return the name of a class or type as the schema spells it."""
        if kind not in self._names:
            try:
                declaration = self._schema.declaration_by_name(kind.decode("ascii"))
            except RuntimeError:
                raise Irregular from None
            if kind.startswith(b"IFCQUANTITY") is (declaration.as_entity() is None):
                raise Irregular
            self._names[kind] = str(declaration.name())
        return self._names[kind]


def _number(text: bytes | None) -> int | None:
    return None if text is None else int(text)


def _references(text: bytes) -> list[int]:
    return [int(number) for number in text[1:].split(b",#")] if text else []


def _scalar(literal: bytes) -> Scalar:
    """Return a number or boolean."""
    if _REAL.fullmatch(literal):
        return float(literal)
    if _INTEGER.fullmatch(literal):
        return int(literal)
    if literal not in _LOGICALS:
        raise Irregular
    return _LOGICALS[literal]
