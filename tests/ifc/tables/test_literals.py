"""A cell becomes a value of the type that it is for, or is refused with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from functions.ifc.tables.cells import Fault, Value
from functions.ifc.tables.literals import Kind, MismatchError, convert, named_kind


@pytest.mark.parametrize(
    ("kind", "cell", "value"),
    [
        ("IfcBoolean", "FALSE", False), ("IfcBoolean", "yes", True), ("IfcBoolean", True, True),
        ("IfcLogical", "unknown", "UNKNOWN"), ("IfcInteger", "3", 3), ("IfcInteger", 3.0, 3),
        ("IfcReal", "3", 3.0), ("IfcLengthMeasure", "-1.5e3", -1500.0), ("IfcNormalisedRatioMeasure", 1, 1.0),
        ("IfcLabel", 42.0, "42"), ("IfcLabel", "0042", "0042"), ("IfcLabel", False, "NO"),
        ("IfcText", "a\nb", "a\nb"), ("IfcDate", "2026-01-31", "2026-01-31"),
        ("IfcDate", "2026-01-31T00:00:00", "2026-01-31"),
        ("IfcDateTime", "2026-01-31", "2026-01-31T00:00:00"),
        ("IfcDuration", "P1DT2H", "P1DT2H"), ("IfcDoorTypeEnum", ".gate.", "GATE"),
        ("IfcCompoundPlaneAngleMeasure", "52, 22, 0", (52, 22, 0)),
    ],
)  # fmt: skip
def test_values_have_their_type(kind: str, cell: Value, value: Any) -> None:
    found = convert(cell, named_kind("IFC4", kind))
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("kind", "cell"),
    [
        ("IfcBoolean", "1"), ("IfcBoolean", 1), ("IfcInteger", "3.5"), ("IfcInteger", 2**31),
        ("IfcReal", "1,5"),
        ("IfcReal", "inf"), ("IfcReal", True), ("IfcPositiveLengthMeasure", "0"),
        ("IfcLabel", Fault("#REF!")),
        ("IfcNormalisedRatioMeasure", "1.01"), ("IfcLabel", "a\x07"), ("IfcDate", "31.01.2026"),
        ("IfcDate", "2026-02-30"), ("IfcDuration", "P"), ("IfcTime", "25:00"), ("IfcDoorTypeEnum", "DOORS"),
        ("IfcBinary", "0"), ("IfcCompoundPlaneAngleMeasure", "52, x"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused(kind: str, cell: Value) -> None:
    with pytest.raises(MismatchError):
        convert(cell, named_kind("IFC4", kind))


def test_the_items_of_an_enumerated_property_are_checked() -> None:
    kind = Kind("IfcLabel", "string", ("New", "Existing"), many=True)
    assert convert("New, Existing", kind) == ("New", "Existing")
    with pytest.raises(MismatchError, match="'Old' is not one of New, Existing"):
        convert("Old", kind)
