"""Properties and quantities as JSON text: value, type and unit of each.

    {"value": 2.4, "type": "IfcThermalTransmittanceMeasure", "unit": "KILOGRAM SECOND^-3 KELVIN^-1"}

Text and not objects, as a large model has millions of them: strings are quoted by the C function that
json itself uses, and what follows a value is made once for each measure.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any

import ifcopenshell
from ifcopenshell.util.unit import get_measure_unit_type

from functions.ifc.definitions import Definitions, Irregular
from functions.ifc.reader import Reader, clean
from functions.ifc.units import name_unit

MAX_KEPT = 2048
MAX_DEPTH = 8  # of complex properties, which may contain themselves in damaged models
# Where the classes keep their members, the same in all schemas that are read.
MEMBERS = {"IfcPropertySet": 4, "IfcElementQuantity": 5}
NULL = '{"value":null}'
MEASURE_UNITS = {
    "IfcQuantityLength": "LENGTHUNIT",
    "IfcQuantityArea": "AREAUNIT",
    "IfcQuantityVolume": "VOLUMEUNIT",
    "IfcQuantityWeight": "MASSUNIT",
    "IfcQuantityTime": "TIMEUNIT",
    "IfcMonetaryMeasure": "IfcMonetaryUnit",
}
Entity = ifcopenshell.entity_instance
# Annotated for five measures, made for all.
_unit_type: Callable[[str], str] = get_measure_unit_type  # type: ignore[assignment]


@lru_cache(maxsize=MAX_KEPT)
def quote(text: str) -> str:
    """Return a text as a JSON string."""
    return encode_basestring(clean(text))


def encode(value: Any) -> str:  # noqa: ANN401, PLR0911 - any value of a model, each its own way
    """Return any value of an attribute as JSON; a number that JSON does not know is null."""
    if isinstance(value, str):
        return quote(value)
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return repr(value) if math.isfinite(value) else "null"
    if isinstance(value, tuple):
        return f"[{','.join(map(encode, value))}]"
    if isinstance(value, Entity):
        return _encode_instance(value)
    return quote(str(value))


def _encode_instance(value: Entity) -> str:
    """Return what a typed value holds, or a reference to an instance."""
    if value.id():
        return f'{{"id":{value.id()},"class":{quote(value.is_a())}}}'
    try:
        return encode(value.get_argument(0))
    except (RuntimeError, IndexError, ValueError):
        return "null"


class Values:
    """Writes the members of property set definitions. `units` are the project's, by unit type."""

    def __init__(
        self,
        reader: Reader,
        units: dict[str, dict[str, object]],
        definitions: Definitions | None = None,
    ) -> None:
        """Prepare for a model; `definitions` has what it was opened without."""
        self.reader = reader
        self._definitions = definitions
        self.skipped = 0
        self._units = {kind: str(unit["name"]) for kind, unit in units.items()}
        self._tails: dict[str, str] = {}
        self._kept: dict[int, tuple[str, str]] = {}
        self._kinds: dict[str, Callable[[Entity, int], str]] = {
            "IfcPropertySingleValue": self._single,
            "IfcPropertyEnumeratedValue": lambda item, _: self._several(item, "EnumerationValues"),
            "IfcPropertyListValue": lambda item, _: self._several(item, "ListValues"),
            "IfcPropertyBoundedValue": self._bounded,
            "IfcPropertyTableValue": self._table,
            "IfcPropertyReferenceValue": self._reference,
            "IfcComplexProperty": self._complex,
            "IfcPhysicalComplexQuantity": self._complex,
        }

    def listed(self, numbers: list[int]) -> dict[str, str]:
        """Return the members of those numbers, as `definition` does. Raises Irregular."""
        return dict([self._kept.get(number) or self._line(number) for number in numbers])

    def _line(self, number: int) -> tuple[str, str]:
        """Return the quoted name and the JSON of a member that stands in one line, or of an instance."""
        if self._definitions is None or number not in self._definitions:
            try:
                return self._fast(self.reader.model.by_id(number))
            except (RuntimeError, IndexError, ValueError, TypeError, AttributeError):
                raise Irregular from None
        if len(self._kept) >= MAX_KEPT:
            self._kept.clear()
        name, measure, value, unit = self._definitions.member(number)
        text = NULL
        if measure is not None:
            tail = self._tails.get(measure) if unit is None else None
            text = f'{{"value":{encode(value)}{tail or self._tail(measure, self._unit(unit))}'
        found = self._kept[number] = quote(name), text
        return found

    def _unit(self, number: int | None) -> Entity | None:
        try:
            return None if number is None else self.reader.model.by_id(number)
        except RuntimeError:
            raise Irregular from None

    def definition(self, definition: Entity) -> dict[str, str]:
        """Return the members of a property set or quantity set: quoted name -> JSON; the last of a name."""
        place = MEMBERS.get(definition.is_a())
        if place is None:
            return self._attributes(definition)
        items = self._get(definition, place)
        if not isinstance(items, tuple):
            return {}
        try:
            return dict([self._fast(item) for item in items])
        except (RuntimeError, IndexError, ValueError, TypeError, AttributeError):
            return self._members(tuple(item for item in items if isinstance(item, Entity)), 0)

    def _fast(self, item: Entity) -> tuple[str, str]:
        """Return the quoted name and the JSON of a sound member; raises for one that is damaged.

        Authoring tools let property sets share equal properties, so the latest ones are kept.
        """
        number = item.id()
        found = self._kept.get(number)
        if found is None:
            if len(self._kept) >= MAX_KEPT:
                self._kept.clear()
            found = self._kept[number] = quote(item.get_argument(0)), self._write(item)
        return found

    def _write(self, item: Entity) -> str:
        kind = item.is_a()
        if kind == "IfcPropertySingleValue":
            value, unit = item.get_argument(2), item.get_argument(3)
            if value is None:
                return NULL
            measure = value.is_a()
            tail = self._tails.get(measure) if unit is None else None
            return f'{{"value":{encode(value.get_argument(0))}{tail or self._tail(measure, unit)}'
        return self._kinds.get(kind, self._quantity)(item, 0)

    def _members(self, items: tuple[Entity, ...], depth: int) -> dict[str, str]:
        """Return members one by one, what cannot be read as null; what is no property is counted."""
        found = {}
        for item in items:
            kind = item.is_a()
            write = self._kinds.get(kind)
            if write is None and item.is_a("IfcPhysicalSimpleQuantity"):
                write = self._quantity
            if write is None or depth > MAX_DEPTH:
                self.skipped += 1
                continue
            name = self._get(item, 0)
            found[quote(name) if isinstance(name, str) else '""'] = write(item, depth)
        return found

    def _attributes(self, definition: Entity) -> dict[str, str]:
        """Return the attributes of a predefined property set, such as IfcDoorLiningProperties."""
        found = {}
        for place in range(4, len(definition)):
            value = self._get(definition, place)
            if value is not None:
                found[quote(definition.attribute_name(place))] = f'{{"value":{encode(value)}}}'
        return found

    def _single(self, item: Entity, _: int) -> str:
        value = self._get(item, 2)
        if not isinstance(value, Entity):
            return NULL
        return f'{{"value":{encode(self._get(value, 0))}{self._tail(value.is_a(), self._get(item, 3))}'

    def _quantity(self, item: Entity, _: int) -> str:
        if not item.is_a("IfcPhysicalSimpleQuantity"):
            raise TypeError(item.is_a())
        return f'{{"value":{encode(self._get(item, 3))}{self._tail(item.is_a(), self._get(item, 2))}'

    def _several(self, item: Entity, name: str) -> str:
        values = self.reader.entities(item, name)
        if not values:
            return NULL
        unit = self.reader.entity(item, "Unit") or self.reader.entity(
            self.reader.entity(item, "EnumerationReference"), "Unit"
        )
        return f'{{"value":[{",".join(map(encode, values))}]{self._tail(values[0].is_a(), unit)}'

    def _bounded(self, item: Entity, _: int) -> str:
        names = {"lower": "LowerBoundValue", "upper": "UpperBoundValue", "set_point": "SetPointValue"}
        found = {key: self.reader.entity(item, name) for key, name in names.items()}
        text = ",".join(f'"{key}":{encode(value)}' for key, value in found.items())
        kind = next((value.is_a() for value in found.values() if value is not None), None)
        unit = self.reader.entity(item, "Unit")
        return f'{{"value":{{{text}}}{self._tail(kind, unit)}' if kind else NULL

    def _table(self, item: Entity, _: int) -> str:
        """Write rows of [defining, defined]; type and unit are those of the defined values."""
        defining = self.reader.entities(item, "DefiningValues")
        defined = self.reader.entities(item, "DefinedValues")
        rows = [f"[{encode(key)},{encode(value)}]" for key, value in zip(defining, defined, strict=False)]
        if not rows:
            return NULL
        unit = self.reader.entity(item, "DefinedUnit")
        return f'{{"value":[{",".join(rows)}]{self._tail(defined[0].is_a(), unit)}'

    def _reference(self, item: Entity, _: int) -> str:
        return f'{{"value":{encode(self.reader.entity(item, "PropertyReference"))}}}'

    def _complex(self, item: Entity, depth: int) -> str:
        name = "HasProperties" if item.is_a() == "IfcComplexProperty" else "HasQuantities"
        found = self._members(self.reader.entities(item, name), depth + 1)
        members = ",".join(f"{key}:{value}" for key, value in found.items())
        return f'{{"value":null,"members":{{{members}}}}}'

    def _tail(self, kind: str, unit: object) -> str:
        """Return what follows a value: its type, and its own unit or the project's for such a measure."""
        if isinstance(unit, Entity):
            return f',"type":{quote(kind)},"unit":{quote(name_unit(self.reader, unit))}}}'
        tail = self._tails.get(kind)
        if tail is None:
            name = self._units.get(MEASURE_UNITS.get(kind) or _unit_type(kind))
            text = "" if name is None else f',"unit":{quote(name)}'
            tail = self._tails[kind] = f',"type":{quote(kind)}{text}}}'
        return tail

    def _get(self, item: Entity, place: int) -> Any:  # noqa: ANN401 - any attribute
        try:
            return item.get_argument(place)
        except (RuntimeError, IndexError, ValueError):
            self.reader.unreadable += 1
            return None
