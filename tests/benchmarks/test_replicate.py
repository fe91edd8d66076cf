"""Copies of a model are models: every instance there is, every GlobalId once, every copy at its place."""

from __future__ import annotations

from pathlib import Path

import ifcopenshell

from benchmarks.replicate import replicate

HOUSE = Path(__file__).resolve().parents[2] / "examples" / "house-structure.ifc"


def copies(number: int, *, vary: bool = False, faces: bool = False) -> ifcopenshell.file:
    text = HOUSE.read_text(encoding="latin-1")
    return ifcopenshell.file.from_string("".join(replicate(text, copies=number, vary=vary, faces=faces)))


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


def test_faces_vary_when_asked_and_other_points_stay() -> None:
    text = """DATA;
#1=IFCCARTESIANPOINT((1.,2.,3.));
#2=IFCCARTESIANPOINT((-1.,0.,0.));
#3=IFCCARTESIANPOINT((5.,6.,7.));
#4=IFCPOLYLOOP((#1,#2,#1));
#5=IFCAXIS2PLACEMENT3D(#3,$,$);
#6=IFCCARTESIANPOINTLIST3D(((1.,2.,3.),(4.,-5.,6.)));
ENDSEC;"""
    same, varied = ("".join(replicate(text, copies=2, faces=faces)) for faces in (False, True))
    assert [same.count(value) for value in ("1.,2.,3.", "5.,6.,7.", "-1.,0.,0.")] == [4, 2, 2]
    assert [varied.count(value) for value in ("1.005000000,2.010000000,3.015000000", "5.,6.,7.")] == [2, 2]
    assert varied.count("-1.005000000,0.000000000") == 1
    assert varied.count("4.020000000,-5.025000000") == 1
