"""An instance as a tag of IfcConvert's XML: its class, and its attributes as text."""

from __future__ import annotations

import math
from typing import Any

import ifcopenshell

from functions.ifc.formats.markup import attributes
from functions.ifc.placements import Placements
from functions.ifc.reader import Reader
from functions.ifc.units import length_scale, list_units, name_unit

Entity = ifcopenshell.entity_instance

ANGLES = frozenset({"RefLatitude", "RefLongitude"})
LISTS = frozenset({"EnumerationValues", "ListValues"})
SECONDS = 3600.0


class Tags:
    """Writes instances as tags, and counts in `nodes` how many."""

    def __init__(self, reader: Reader) -> None:
        """Get ready to read placements."""
        self.reader = reader
        self.nodes = 0
        self._placements = Placements(reader)
        self._scale = length_scale(list_units(reader)) or 1.0
        self._names: dict[str, tuple[str, ...]] = {}

    def node(self, item: Entity, more: dict[str, str] | None = None, *, after: bool = False) -> str:
        """Return an instance as a tag of its own; `more` attributes stand in front, or `after` its own."""
        return f"<{item.is_a()}{attributes(self._attributes(item, more or {}, after=after))}/>"

    def open(self, item: Entity, more: dict[str, str] | None = None) -> str:
        """Return the opening tag of an instance."""
        return f"<{item.is_a()}{attributes(self._attributes(item, more or {}))}>"

    def link(self, item: Entity) -> str:
        """Return a tag that refers to an instance which stands elsewhere."""
        return f"<{item.is_a()}{attributes({'xlink:href': '#' + self.identify(item)})}/>"

    def identify(self, item: Entity) -> str:
        """Return the GlobalId of an instance; nothing where it has none."""
        return self.reader.text(item, "GlobalId") or ""

    def _attributes(self, item: Entity, more: dict[str, str], *, after: bool = False) -> dict[str, str]:
        """Return the attributes of an instance that are text; `more` in front of them, or `after` them."""
        self.nodes += 1
        kind = item.is_a()
        if kind not in self._names:
            self._names[kind] = tuple(item.attribute_name(place) for place in range(len(item)))
        found = {} if after else dict(more)
        for place, name in enumerate(self._names[kind]):
            value = self.reader.get(item, place)
            text = None if value is None else self._format(value, name, item, place)
            if text is not None:
                found["id" if name == "GlobalId" else name] = text
        return found | more if after else found

    def _format(self, value: Any, name: str, item: Entity, place: int) -> str | None:  # noqa: ANN401, PLR0911
        """Return a value as text; None for what is left out."""
        if isinstance(value, str):
            return "unknown" if value == "UNKNOWN" and _is_logical(item, place) else value
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, int | float):
            return spell_number(value)
        if isinstance(value, Entity):
            return self._format_instance(value, name)
        if isinstance(value, tuple) and name in ANGLES:
            return _angle(value)
        if isinstance(value, tuple) and name in LISTS:
            texts = [self._format_instance(one, name) for one in value if isinstance(one, Entity)]
            return "; ".join(text for text in texts if text is not None)
        return None

    def _format_instance(self, value: Entity, name: str) -> str | None:
        if not value.id():
            inner = self.reader.wrapped(value)
            return None if inner is None else self._format(inner, name, value, 0)
        if value.is_a("IfcSIUnit"):
            return f"{self.reader.text(value, 'Prefix') or ''}{self.reader.text(value, 'Name') or ''}"
        if value.is_a("IfcConversionBasedUnit"):
            return name_unit(self.reader, value)
        if value.is_a("IfcLocalPlacement"):
            return self._matrix(value)
        return None

    def _matrix(self, placement: Entity) -> str | None:
        """Return a global placement, in metres, as 16 numbers, column by column, each with a blank."""
        frame = self._placements.resolve(placement)
        if frame is None:
            return None
        origin, *axes = frame
        rows = [*((*axis, 0.0) for axis in axes), (*(value * self._scale for value in origin), 1.0)]
        return "".join(f"{spell_number(value + 0.0)} " for row in rows for value in row)


def close(item: Entity) -> str:
    """Return the closing tag of an instance."""
    return f"</{item.is_a()}>"


def qualify(item: Entity) -> str:
    """Return the id of an instance that has no GlobalId."""
    return f"{item.is_a()}_{item.id()}"


def _is_logical(item: Entity, place: int) -> bool:
    """Tell whether an attribute, or a typed value, is an IfcLogical: then UNKNOWN is no text."""
    return item.is_a("IfcLogical") or (bool(item.id()) and item.attribute_type(place) in {"LOGICAL", "BOOL"})


def spell_number(value: float) -> str:
    """Return a number with the 17 digits that a double has."""
    return str(value) if isinstance(value, int) else f"{value:.17g}" if math.isfinite(value) else "nan"


def _angle(parts: tuple[Any, ...]) -> str | None:
    """Return degrees, minutes, seconds and millionths of these as degrees."""
    if not 3 <= len(parts) <= 4 or not all(isinstance(part, int) for part in parts):  # noqa: PLR2004
        return None
    degrees = parts[0] + parts[1] / 60 + parts[2] / SECONDS
    if len(parts) == 3:  # noqa: PLR2004 - without millionths
        return f"{degrees:.8g}"
    return f"{degrees + parts[3] / (1e6 * SECONDS):.14g}"
