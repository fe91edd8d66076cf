"""Property values as an IDS sees them: their data type, and numbers in the units that IDS prescribes.

https://github.com/buildingSMART/IDS/blob/development/Documentation/UserManual/units.md
Like ifctester 0.9, with three corrections: masses of quantities are in kilograms, as those of properties
are; a derived or unnamed unit leaves a number as it is instead of ending the audit; a table without a
data type is searched in both of its columns.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell
from ifcopenshell.util.unit import convert, si_type_names

from functions.ifc.definitions import Member
from functions.ifc.ids.facts import Facts

Entity = ifcopenshell.entity_instance
MAX_KEPT = 256  # properties that are remembered
BOUNDS = ("UpperBoundValue", "LowerBoundValue", "SetPointValue")
LISTS = {"IfcPropertyEnumeratedValue": "EnumerationValues", "IfcPropertyListValue": "ListValues"}


@dataclass(frozen=True, slots=True)
class Measured:
    """A property: its values by data type, none when it is empty. `single` is no list.

    Complex properties are not supported by IDS: they are there, and satisfy nothing.
    """

    columns: tuple[tuple[str, list[Any]], ...] = ()
    single: bool = False
    supported: bool = True

    @property
    def is_empty(self) -> bool:
        """Whether there is no value: null, an empty text or list, or an unknown logical."""
        if not self.single or not self.columns:
            return self.supported and not self.columns
        kind, (value,) = self.columns[0]
        return value is None or value == "" or (value == "UNKNOWN" and kind == "IfcLogical")


@dataclass
class Measures:
    """Reads properties, each once."""

    facts: Facts
    _known: dict[int, Measured] = field(default_factory=dict)
    _kinds: dict[str, str | None] = field(default_factory=dict)

    def of(self, number: int) -> Measured:
        """Return the data type and values of a property, by its instance number."""
        if number not in self._known:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            member = self.facts.member(number)
            self._known[number] = (
                self._read(self.facts.by_id(number)) if member is None else self._convert_member(member)
            )
        return self._known[number]

    def _convert_member(self, member: Member) -> Measured:
        """Return a property or quantity that was read from the text."""
        if member.measure is None:
            return Measured(single=True)
        kind = self._quantity_kind(member.measure) or member.measure
        unit = self.facts.unit(kind) if member.unit is None else self.facts.by_id(member.unit)
        return Measured(((kind, [self._to_si(member.value, unit)]),), single=True)

    def _quantity_kind(self, name: str) -> str | None:
        """Return the class of the values of a class of quantities."""
        if name not in self._kinds:
            declared: Any = ifcopenshell.schema_by_name(self.facts.model.schema_identifier)
            entity = declared.declaration_by_name(name).as_entity()
            self._kinds[name] = None if entity is None else _value_kind(entity)
        return self._kinds[name]

    def _read(self, item: Entity) -> Measured:
        kind = item.is_a()
        if kind == "IfcPropertySingleValue":
            return self._column(item, [self._get(item, "NominalValue")], single=True)
        if item.is_a("IfcPhysicalSimpleQuantity"):
            return self._quantity(item)
        if kind in LISTS:
            listed = self._get(item, LISTS[kind]) or ()
            return self._column(item, listed, units=kind != "IfcPropertyEnumeratedValue")
        if kind == "IfcPropertyBoundedValue":
            return self._bounds(item)
        if kind == "IfcPropertyTableValue":
            columns = [
                self._column(
                    item, self._get(item, f"{side}Values") or (), unit=self._get(item, f"{side}Unit")
                )
                for side in ("Defining", "Defined")
            ]
            return Measured(tuple(column for one in columns for column in one.columns))
        return Measured(supported=kind == "IfcPropertyReferenceValue")

    def _bounds(self, item: Entity) -> Measured:
        """Return the bounds that are set; the data type is that of the last one, as with ifctester."""
        bounds = [self._get(item, name) for name in BOUNDS]
        given = [bound for bound in bounds if bound is not None]
        if not given:
            return Measured()
        values = self._convert(given, self._unit(item, given[0].is_a()))
        return Measured(((given[-1].is_a(), values),))

    def _column(
        self,
        item: Entity,
        given: Iterable[Entity | None],
        *,
        single: bool = False,
        unit: Entity | None = None,
        units: bool = True,
    ) -> Measured:
        values = [value for value in given if value is not None]
        if not values:
            return Measured(single=single)
        kind = values[0].is_a()
        unit = unit or (self._unit(item, kind) if units else None)
        return Measured(((kind, self._convert(values, unit)),), single=single)

    def _quantity(self, item: Entity) -> Measured:
        kind = _value_kind(item.declaration.as_entity())
        value = self._to_si(self.facts.reader.get(item, 3), self._unit(item, kind))
        return Measured(((kind, [value]),) if value is not None else (), single=True)

    def _unit(self, item: Entity, kind: str) -> Entity | None:
        return self._get(item, "Unit") or self.facts.unit(kind)

    def _convert(self, values: Iterable[Entity], unit: Entity | None) -> list[Any]:
        return [self._to_si(self.facts.reader.wrapped(value), unit) for value in values]

    def _to_si(self, value: Any, unit: Entity | None) -> Any:  # noqa: ANN401 - any measure
        """Return a number in the unit of IDS; what is no number, or has no unit with a name, as it is."""
        if unit is None or isinstance(value, bool) or not isinstance(value, int | float):
            return value
        name, kind = self._get(unit, "Name"), self._get(unit, "UnitType")
        if not name or kind not in si_type_names:
            return value
        prefix = "KILO" if kind == "MASSUNIT" else None
        return convert(value, self._get(unit, "Prefix"), name, prefix, si_type_names[kind])

    def _get(self, item: Entity, name: str) -> Any:  # noqa: ANN401 - any attribute
        return self.facts.reader.read(item, name)


def _value_kind(quantity: Any) -> str:  # noqa: ANN401 - ifcopenshell has no types
    """Return the class of the values that a class of quantities has."""
    return str(quantity.attribute_by_index(3).type_of_attribute().declared_type().name())
