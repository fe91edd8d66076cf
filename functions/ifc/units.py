"""Units of a model, and the factors to SI."""

from __future__ import annotations

import ifcopenshell
from ifcopenshell.util.unit import get_prefix_multiplier

from functions.ifc.reader import Reader, finite


def list_units(reader: Reader) -> dict[str, dict[str, object]]:
    """Return the project's units by type: `{"LENGTHUNIT": {"name": "MILLIMETRE", "to_si": 0.001}}`.

    `to_si` is None where the file does not say it (or says it wrongly).
    """
    found: dict[str, dict[str, object]] = {}
    for assignment in reader.all("IfcUnitAssignment")[:1]:
        for unit in reader.entities(assignment, "Units"):
            kind = reader.text(unit, "UnitType") or unit.is_a()
            found.setdefault(kind, {"name": name_unit(reader, unit), "to_si": si_factor(reader, unit)})
    return dict(sorted(found.items()))


def length_scale(units: dict[str, dict[str, object]]) -> float | None:
    """Return metres per length unit; None when there is no usable length unit."""
    factor = finite(units.get("LENGTHUNIT", {}).get("to_si"))
    return factor if factor and factor > 0 else None


def name_unit(reader: Reader, unit: ifcopenshell.entity_instance) -> str:
    """Return a unit's name in words: `SQUARE_METRE`, `MILLIMETRE`, `FOOT`, `EUR`, `METRE SECOND^-1`."""
    prefix = reader.text(unit, "Prefix") or ""
    name = reader.text(unit, "Name") or reader.text(unit, "Currency") or reader.text(unit, "UserDefinedType")
    if name is None:
        return _name_derived(reader, unit) or str(unit.is_a())
    squared = next((word for word in ("SQUARE_", "CUBIC_") if name.startswith(word)), "")
    return squared + prefix + name.removeprefix(squared)


def _name_derived(reader: Reader, unit: ifcopenshell.entity_instance) -> str:
    """Return the factors of a derived unit with their exponents; empty for any other unit."""
    factors = []
    for element in reader.entities(unit, "Elements"):
        base, exponent = reader.entity(element, "Unit"), reader.read(element, "Exponent")
        if base is None or not base.is_a("IfcNamedUnit"):
            return ""
        factors.append(name_unit(reader, base) + ("" if exponent == 1 else f"^{exponent}"))
    return " ".join(factors)


def si_factor(reader: Reader, unit: ifcopenshell.entity_instance) -> float | None:
    """Return the factor to SI of an SI or a conversion-based unit, to metre, square metre and so on."""
    if unit.is_a("IfcSIUnit"):
        prefix = float(get_prefix_multiplier(reader.text(unit, "Prefix")))
        name = reader.text(unit, "Name") or ""
        power = 2 if name.startswith("SQUARE_") else 3 if name.startswith("CUBIC_") else 1
        return finite(prefix**power)
    measure = reader.entity(unit, "ConversionFactor")
    base = reader.entity(measure, "UnitComponent")
    if measure is None or base is None or not base.is_a("IfcSIUnit"):
        return None
    value, factor = reader.number(measure, "ValueComponent"), si_factor(reader, base)
    return None if value is None or factor is None else finite(value * factor)
