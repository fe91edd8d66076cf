"""Values of IFC's types, made of what stands in a cell: a number stays a number, FALSE stays a boolean."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from functools import lru_cache
from typing import Any

import ifcopenshell

from functions.ifc.reader import clean
from functions.ifc.tables.cells import Fault, Value, number
from functions.ifc.tables.rows import CONCAT

TRUE, FALSE = frozenset({"YES", "TRUE", ".T."}), frozenset({"NO", "FALSE", ".F."})
MAX_INTEGER = 2**31 - 1  # what other programs read
DURATION = re.compile(r"-?P(?=.)(\d+Y)?(\d+M)?(\d+W)?(\d+D)?(T(?=.)(\d+H)?(\d+M)?(\d+(\.\d+)?S)?)?")
# Where rules of ISO 16739-1 on the values of single types: (least, most), both allowed.
RANGES = {
    "IfcNormalisedRatioMeasure": (0, 1),
    "IfcPHMeasure": (0, 14),
    "IfcDayInMonthNumber": (1, 31),
    "IfcMonthInYearNumber": (1, 12),
    "IfcDayInWeekNumber": (1, 7),
    "IfcNonNegativeLengthMeasure": (0, None),
}
POSITIVE = frozenset({"IfcHeatingValueMeasure", "IfcCardinalPointReference", "IfcDimensionCount"})


class MismatchError(ValueError):
    """A cell that is no value of a type; the message is the reason."""


@dataclass(frozen=True)
class Kind:
    """A type of IFC: its name, its base (`string`, `real`, `enumeration` ...) and an enumeration's items.

    `many` marks a list of such values. A base of None cannot be set from a cell.
    """

    name: str
    base: str | None
    items: tuple[str, ...] = ()
    many: bool = False


@lru_cache(maxsize=2000)
def named_kind(schema: str, name: str) -> Kind:
    """Return the type of a name, such as IfcLengthMeasure; `schema` as a model's `schema_identifier`."""
    declaration = ifcopenshell.schema_by_name(schema).declaration_by_name(name)
    return _declared(declaration)


def attribute_kind(attribute: Any) -> Kind:  # noqa: ANN401 - the wrapper has no annotations
    """Return the type of an entity's attribute."""
    return _parameter(attribute.type_of_attribute(), "")


def _declared(declaration: Any) -> Kind:  # noqa: ANN401
    name = declaration.name()
    if items := declaration.as_enumeration_type():
        return Kind(name, "enumeration", tuple(items.enumeration_items()))
    if defined := declaration.as_type_declaration():
        return _parameter(defined.declared_type(), name)
    return Kind(name, None)


def _parameter(parameter: Any, name: str) -> Kind:  # noqa: ANN401
    if simple := parameter.as_simple_type():
        return Kind(name or simple.declared_type().title(), simple.declared_type())
    if named := parameter.as_named_type():
        found = _declared(named.declared_type())
        return Kind(name or found.name, found.base, found.items, found.many)
    inner = _parameter(parameter.as_aggregation_type().type_of_element(), "")
    return Kind(name or inner.name, None if inner.many else inner.base, inner.items, many=True)


def convert(value: Value, kind: Kind) -> Any:  # noqa: ANN401 - bool, int, float, str or a tuple of them
    """Return what a cell means as a value of a type, or raise a MismatchError with the reason."""
    if isinstance(value, Fault):
        raise MismatchError(f"the cell shows the spreadsheet's error {clean(value)[:40]!r}")
    if not kind.many:
        return _single(value, kind)
    parts: Sequence[Value] = value.split(CONCAT) if isinstance(value, str) else [value]
    return tuple(_single(part, kind) for part in parts)


def _single(value: Value, kind: Kind) -> Any:  # noqa: ANN401
    if kind.base in {"boolean", "logical"}:
        return _truth(value, kind)
    if kind.base in {"integer", "real", "number"}:
        return _number(value, kind)
    if kind.base == "enumeration":
        item = str(value).strip().strip(".").upper()
        if item not in kind.items:
            raise MismatchError(f"{_shown(value)} is not one of {', '.join(kind.items)}")
        return item
    if kind.base == "string":
        return _among(_text(value, kind), kind)
    raise MismatchError(f"an {kind.name} cannot be set from a cell")


def _among(text: str, kind: Kind) -> str:
    """Refuse an item that the enumeration of a property has not."""
    if kind.items and text not in kind.items:
        raise MismatchError(f"{_shown(text)} is not one of {', '.join(kind.items)}"[:500])
    return text


def _truth(value: Value, kind: Kind) -> bool | str:
    if isinstance(value, bool):
        return value
    word = str(value).strip().upper()
    if word in TRUE or word in FALSE:
        return word in TRUE
    if kind.base == "logical" and word in {"UNKNOWN", ".U."}:
        return "UNKNOWN"
    raise MismatchError(f"{_shown(value)} is neither YES nor NO, as an {kind.name} must be")


def _number(value: Value, kind: Kind) -> int | float:
    found = number(value) if isinstance(value, str) else value
    if found is None or isinstance(found, bool | str):
        raise MismatchError(f"{_shown(value)} is no number, as an {kind.name} must be")
    if kind.base == "integer":
        if found != int(found) or abs(found) > MAX_INTEGER:
            raise MismatchError(f"{_shown(value)} is no whole number, as an {kind.name} must be")
        found = int(found)
    elif kind.base == "real":
        found = float(found)
    least, most = RANGES.get(kind.name, (None, None))
    if kind.name.startswith("IfcPositive") or kind.name in POSITIVE:
        if found <= 0:
            raise MismatchError(f"{_shown(value)} is not above 0, as an {kind.name} must be")
    elif (least is not None and found < least) or (most is not None and found > most):
        raise MismatchError(f"{_shown(value)} is out of the range of an {kind.name}")
    return found


def _text(value: Value, kind: Kind) -> str:
    if isinstance(value, bool):
        return "YES" if value else "NO"
    if isinstance(value, float) and value.is_integer() and abs(value) <= MAX_INTEGER:
        value = int(value)
    text = str(value)
    if clean(text) != text:
        raise MismatchError("the text holds a control character")
    try:
        return _dated(text, kind.name)
    except ValueError:
        raise MismatchError(f"{_shown(value)} is no {kind.name} (ISO 8601)") from None


def _dated(text: str, kind: str) -> str:
    """Check a date, a time or a duration, which IFC keeps as text (ISO 8601)."""
    if kind == "IfcDate":
        return date.fromisoformat(text[:10] if text[10:] == "T00:00:00" else text).isoformat()
    if kind == "IfcDateTime":
        datetime.fromisoformat(text)
        return text if "T" in text else f"{text}T00:00:00"
    if kind == "IfcTime":
        time.fromisoformat(text)
    if kind == "IfcDuration" and not DURATION.fullmatch(text):
        raise ValueError(text)
    return text


def _shown(value: Value) -> str:
    return repr(clean(str(value))[:40])
