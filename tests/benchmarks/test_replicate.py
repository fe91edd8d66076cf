"""Copies of a model are models: every instance there is, every GlobalId once, every copy at its place."""

from __future__ import annotations

from pathlib import Path

import ifcopenshell

from benchmarks.replicate import replicate

HOUSE = Path(__file__).resolve().parents[2] / "examples" / "house-structure.ifc"


def copies(number: int, *, vary: bool = False) -> ifcopenshell.file:
    text = HOUSE.read_text(encoding="latin-1")
    return ifcopenshell.file.from_string("".join(replicate(text, copies=number, vary=vary)))


def test_three_copies_have_three_times_the_elements_and_one_project() -> None:
    one, three = copies(1), copies(3)
    assert len(three.by_type("IfcElement")) == 3 * len(one.by_type("IfcElement")) > 0
    assert len(three.by_type("IfcProject")) == 1
    guids = [root.GlobalId for root in three.by_type("IfcRoot")]
    assert len(guids) == len(set(guids))


def test_copies_vary_when_asked() -> None:
    depths = [
        {solid.Depth for solid in copies(3, vary=vary).by_type("IfcExtrudedAreaSolid")}
        for vary in (False, True)
    ]
    assert len(depths[1]) == 3 * len(depths[0])
