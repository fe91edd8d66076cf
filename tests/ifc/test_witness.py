"""What the witness says about booleans, and that it does not confirm wrong ones."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import ifcopenshell
import numpy as np
import pytest

from functions.ifc.engines import OPENCASCADE, tessellate
from functions.ifc.fingerprints import Fingerprints
from functions.ifc.placements import Placements
from functions.ifc.reader import Reader
from functions.ifc.units import length_scale, list_units
from functions.ifc.witness import Witness, box_of, clip, intersect, volume_of


def cube(size: float = 1.0, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> list[np.ndarray]:
    """The six faces of a cube, counterclockwise from outside."""
    ring = np.array([[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]])
    top = np.add(ring, [0, 0, 1])
    sides = [np.array([ring[i], ring[(i + 1) % 4], top[(i + 1) % 4], top[i]]) for i in range(4)]
    return [face * size + np.array(at) for face in (ring[::-1], top, *sides)]


def test_a_cube_has_its_volume() -> None:
    assert volume_of(cube(2.0, (5.0, 6.0, 7.0))) == pytest.approx(8.0)


def test_clipping_leaves_the_part_under_the_plane() -> None:
    half = clip(cube(), np.array([0.0, 0.0, 1.0]), 0.25)
    assert volume_of(half) == pytest.approx(0.25)
    assert box_of(half).tolist() == [[0, 0, 0], [1, 1, 0.25]]


def test_a_slanted_plane_leaves_a_corner() -> None:
    corner = clip(cube(), np.array([1.0, 1.0, 1.0]) / np.sqrt(3), 1 / np.sqrt(3))
    assert volume_of(corner) == pytest.approx(1 / 6)


def test_a_plane_beside_the_body_changes_nothing() -> None:
    body = cube()
    assert clip(body, np.array([1.0, 0.0, 0.0]), 1.0) is body
    assert clip(body, np.array([1.0, 0.0, 0.0]), -1.0) == []


def test_cubes_share_what_they_overlap() -> None:
    assert volume_of(intersect(cube(), cube(1.0, (0.5, 0.5, 0.5)))) == pytest.approx(0.125)
    assert intersect(cube(), cube(1.0, (3.0, 0.0, 0.0))) == []


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
