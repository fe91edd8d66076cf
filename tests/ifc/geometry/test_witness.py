"""What the witness says about booleans, and that it does not confirm wrong ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import ifcopenshell

from functions.ifc.geometry.engines import OPENCASCADE, tessellate
from functions.ifc.geometry.fingerprints import Fingerprints
from functions.ifc.geometry.witness import Witness
from functions.ifc.placements import Placements
from functions.ifc.reader import Reader
from functions.ifc.units import length_scale, list_units


def test_the_walls_of_a_model_are_as_the_witness_says_and_damage_is_noticed(corpus: Path) -> None:
    reader = Reader(ifcopenshell.open(corpus / "models/bim-whale/TallBuilding.ifc"))
    openings = Fingerprints(reader)
    witness = Witness(Placements(reader), length_scale(list_units(reader)) or 1.0)
    walls = reader.all("IfcWall")
    made = {shape.number: shape.mesh for shape in tessellate(
        reader.model, [wall.id() for wall in walls], engine=OPENCASCADE)}  # fmt: skip
    told = {wall.id(): witness.testify(wall, openings.openings(wall)) for wall in walls}
    assert len(made) == len(walls) == 24
    assert all(testimony is not None for testimony in told.values())
    for number, testimony in told.items():
        mesh = made[number]
        material, triangles = mesh.parts[0]
        assert testimony is not None
        assert testimony.confirms(mesh)
        assert not testimony.confirms(dataclasses.replace(mesh, parts=((material, triangles[:-1]),)))
        assert not testimony.confirms(dataclasses.replace(mesh, points=mesh.points * 1.001))


def test_a_wall_without_its_openings_is_not_confirmed(corpus: Path) -> None:
    reader = Reader(ifcopenshell.open(corpus / "models/bim-whale/SimpleWall.ifc"))
    wall = reader.all("IfcWall")[0]
    witness = Witness(Placements(reader), length_scale(list_units(reader)) or 1.0)
    testimony = witness.testify(wall, Fingerprints(reader).openings(wall))
    uncut = {"disable-opening-subtractions": True}
    (whole,) = tessellate(reader.model, [wall.id()], engine=OPENCASCADE, settings=uncut)
    assert testimony is not None
    assert not testimony.confirms(whole.mesh)
