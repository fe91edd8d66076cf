"""A table of the house's doors as `ifccsv` exports it, with cells that somebody has edited."""

from __future__ import annotations

from collections.abc import Iterator

import ifcopenshell
from ifcopenshell.util.element import get_container, get_pset

NAME = "house-doors.csv"
COMMON = "Pset_DoorCommon"
HEADER = (
    *("GlobalId", "Name", "Description", "class", "storey.Name"),
    *(f"{COMMON}.IsExternal", f"{COMMON}.FireRating", "OverallHeight"),
)
# What was edited, by door and column: a text, two values of properties, a number.
EDITS = {
    ("D-01", "Description"): "To the garden",
    ("D-02", f"{COMMON}.FireRating"): "T 30",
    ("D-11", f"{COMMON}.IsExternal"): "YES",
    ("D-11", "OverallHeight"): "2135",
}


def table(model: ifcopenshell.file) -> str:
    """Return the table as CSV: a dash for what is unset, YES and NO for booleans."""
    return "".join(f"{','.join(row)}\n" for row in _rows(model))


def _rows(model: ifcopenshell.file) -> Iterator[tuple[str, ...]]:
    yield HEADER
    for door in sorted(model.by_type("IfcDoor"), key=lambda door: door.Name):
        storey = get_container(door)
        values = (
            *(door.GlobalId, door.Name, door.Description, door.is_a(), storey and storey.Name),
            *(get_pset(door, COMMON, name) for name in ("IsExternal", "FireRating")),
            door.OverallHeight,
        )
        yield tuple(
            EDITS.get((door.Name, column), _text(value)) for column, value in zip(HEADER, values, strict=True)
        )


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "YES" if value else "NO"
    return "-" if value is None else str(value)
