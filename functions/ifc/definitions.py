"""Property sets and their members, read straight out of the STEP file.

Half of a model's instances are properties. Those that are written the usual way, an instance a line and
without damage, say all in one line: a model opened without them (`KINDS`) is half as large, and a line is
read sooner than an instance. What is written in another way raises `Irregular`; whoever asks then opens the
whole model instead, where all that there is to say about damage is said.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import NamedTuple, Self, TypeVar

import ifcopenshell

from functions.core import Files
from functions.ifc.gate import Checked
from functions.ifc.lines import Irregular, Lines

__all__ = [
    "HOLDERS",
    "KINDS",
    "OTHERS",
    "PLACES",
    "SETS",
    "UNKNOWN",
    "Definitions",
    "Irregular",
    "Member",
    "try_lean",
]

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
SETS = "IfcRelDefinesByProperties"
# Relationships, by where their attributes stand: the many and then the one, or the other way round.
_FOLLOWED = (
    "IfcRelAssociatesClassification", "IfcRelAssociatesMaterial", "IfcRelContainedInSpatialStructure",
    "IfcRelDefinesByType", SETS,
)  # fmt: skip
_PRECEDED = ("IfcRelAggregates", "IfcRelFillsElement", "IfcRelNests", "IfcRelVoidsElement")


def _pattern(text: str, **parts: str) -> re.Pattern[bytes]:
    """Compile a pattern in which words in braces stand for others."""
    for name, part in (*parts.items(), *_PARTS.items()):
        text = text.replace(f"{{{name}}}", part)
    return re.compile(text.encode())


def _any(names: Iterable[str]) -> str:
    return "|".join(names).upper()


_PARTS = {
    "class": f"(?:{_any(name.removeprefix('Ifc') for name in (*KINDS, *OTHERS))})",
    "root": r"(?:{text}|\$),{number},({text}|\$),(?:{text}|\$),",
    "relation": r"(?:{text}|\$),{number},(?:{text}|\$),(?:{text}|\$),",
    "label": r"(?:{text}|\$),",
    "number": r"(?:#\d+|\$)",
    "members": r"(?:\$|\(((?:#\d+(?:,#\d+)*)?)\))",
    "objects": r"\((#\d+(?:,#\d+)*)\)",
    "literal": r"([^'()#$*,]+)",
    "text": "'[^']*(?:''[^']*)*'",
}
_OURS = _pattern(r"IFC(?:{class}|\w+(?:TYPE|STYLE)|TYPEOBJECT|TYPEPRODUCT)\(")
_SET = _pattern(r"IFC(?:PROPERTYSET|(ELEMENTQUANTITY))\({root}(?(1){label}){members}\);")
_TYPE = _pattern(r"IFC\w+\({root}{label}{members}[,)]")
_RELATION = _pattern(
    r"(?:(?:{followed})\({relation}{objects},#(\d+)"
    r"|(?:{preceded})\({relation}#(\d+),(?:{objects}|(#\d+)))\);",
    followed=_any(_FOLLOWED),
    preceded=_any(_PRECEDED),
)
_MEMBER = _pattern(
    r"IFC(?:PROPERTYSINGLEVALUE\(({text}),{label}(?:\$|(IFC[A-Z]+)\((?:({text})|{literal})\)),(?:\$|#(\d+))"
    r"|(QUANTITY[A-Z]+)\(({text}),{label}(?:\$|#(\d+)),{literal}(?:,(?:{text}|\$))?)\);"
)
_NAME = _pattern(r"IFC(?:PROPERTYSINGLEVALUE|QUANTITY[A-Z]+)\(({text}),")
_REAL = re.compile(rb"[+-]?\d+\.\d*(?:E[+-]?\d{1,2})?")
_INTEGER = re.compile(rb"[+-]?\d{1,9}")
UNKNOWN = "UNKNOWN"
_LOGICALS: dict[bytes, bool | str] = {b".T.": True, b".F.": False, b".U.": UNKNOWN}

Scalar = str | bool | int | float | None
T = TypeVar("T")


class Member(NamedTuple):
    """A property or quantity: class of the value, or of the quantity, the value, the number of its unit."""

    name: str
    measure: str | None
    value: Scalar
    unit: int | None


class Definitions:
    """The lines of a model's property sets, quantities and types, by instance number."""

    def __init__(self, checked: Checked) -> None:
        """Find the lines of a model that has been checked `without` KINDS and OTHERS. Raises Irregular."""
        if not checked.counts or any(checked.counts.get(name, 0) for name in OTHERS):
            raise Irregular  # nothing is counted where a number is not that of one line
        self._related = checked.counts.get(SETS, 0)
        self._schema = ifcopenshell.schema_by_name(checked.schema)
        self._names: dict[bytes, str] = {}
        self._lines = Lines(checked)

    def __enter__(self) -> Self:
        """Keep the file open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the file."""
        self._lines.close()

    def __contains__(self, number: int) -> bool:
        """Say whether an instance has a line."""
        return self._lines.match(_OURS, number) is not None

    def related(self) -> Iterator[tuple[int, list[int]]]:
        """Yield the numbers of a definition and of its objects for every IfcRelDefinesByProperties."""
        count = last = 0
        for number, found in self._lines.each(SETS.upper().encode(), _RELATION) if self._related else ():
            if number < last:
                raise Irregular  # of several definitions, that of the lowest number is the first
            last = number
            count += 1
            yield int(found[2]), _references(found[1])
        if count != self._related:
            raise Irregular

    def relation(self, number: int) -> tuple[int, list[int]]:
        """Return the numbers of the one and of the many in a relationship that attaches something."""
        found = self._lines.match(_RELATION, number)
        if found is None:
            raise Irregular
        return int(found[2] or found[3]), _references(found[1] or found[4] or found[5])

    def set(self, number: int) -> tuple[bool, str | None, list[int]]:
        """Return whether a definition is of quantities, its name, and the numbers of its members."""
        found = self._lines.match(_SET, number)
        if found is None:
            raise Irregular
        name = None if found[2] == b"$" else self._text(found[2])
        return found[1] is not None, name, _references(found[3])

    def of_type(self, number: int) -> list[int]:
        """Return the numbers of a type's definitions."""
        found = self._lines.match(_TYPE, number)
        if found is None:
            raise Irregular
        return _references(found[2])

    def name(self, number: int) -> str | None:
        """Return the name of a property or quantity; None where it has no line."""
        found = self._lines.match(_NAME, number)
        if found is None and number in self:
            raise Irregular
        return None if found is None else self._text(found[1])

    def member(self, number: int) -> Member:
        """Return a property with a single value, or a quantity."""
        found = self._lines.match(_MEMBER, number)
        if found is None:
            raise Irregular
        name, measure, text, literal, unit, quantity, label, base, amount = found.groups()
        if quantity:
            value = _scalar(amount)
            if not isinstance(value, float):
                raise Irregular
            return Member(self._text(label), self._name(b"IFC" + quantity), value, _number(base))
        if measure is None:
            return Member(self._text(name), None, None, _number(unit))
        if literal == b".U." and measure != b"IFCLOGICAL":
            raise Irregular
        value = self._text(text) if text else _scalar(literal)
        return Member(self._text(name), self._name(measure), value, _number(unit))

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


def try_lean(work: Callable[[Files], T], files: Files) -> T | None:
    """Return what `work` makes of a model that is opened without KINDS; None where it raises Irregular.

    Then the whole model is opened, and what was warned of is found again: so warnings count at the end only.
    """
    held: list[str] = []
    try:
        result = work(replace(files, on_warning=held.append))
    except Irregular:
        return None
    for message in held:
        files.warn(message)
    return result


def _number(text: bytes | None) -> int | None:
    return None if text is None else int(text)


def _references(text: bytes | None) -> list[int]:
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
