"""Reading attributes of damaged models, and text that JSON and XML can carry."""

from __future__ import annotations

from pathlib import Path

import ifcopenshell
import pytest

from functions.ifc.reader import Reader, clean, finite


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("Größe 日本", "Größe 日本"),
        ("a\tb\n", "a\tb\n"),
        ("a\x00", "a\ufffd"),
        ("\ud83d!", "\ufffd!"),
        ("\x9b", "\ufffd"),
    ],
)
def test_only_what_cannot_be_stored_is_replaced(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


def test_numbers_are_finite_or_nothing() -> None:
    assert [finite(value) for value in (1, 2.5, True, "3", float("nan"), float("inf"), None)] == [
        1.0, 2.5, None, None, None, None, None,
    ]  # fmt: skip


def test_what_cannot_be_read_is_nothing_and_counted(corpus: Path) -> None:
    reader = Reader(ifcopenshell.open(corpus / "bad" / "inf_place.ifc", lazy=True))  # type: ignore[call-overload]
    points = [reader.read(point, "Coordinates") for point in reader.all("IfcCartesianPoint")]
    assert None in points
    assert reader.unreadable == 1


def test_missing_attributes_and_classes_are_nothing_but_no_damage() -> None:
    model = ifcopenshell.file(schema="IFC2X3")
    wall = model.create_entity("IfcWall", Name="W")
    reader = Reader(model)
    assert reader.text(wall, "Name") == "W"
    assert reader.text(wall, "Description") is None
    assert reader.read(wall, "PredefinedType") is None
    assert reader.all("IfcKerb") == ()
    assert list(reader.values("IfcWall", "Name", "Nothing")) == [(wall, "W", None)]
    assert reader.unreadable == 0
