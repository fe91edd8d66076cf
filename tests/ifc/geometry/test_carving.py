"""Convex bodies with convex pieces bitten out are closed and have the volume that they should."""

from __future__ import annotations

import numpy as np
import pytest

from functions.ifc.geometry.carving import carve
from functions.ifc.geometry.convex import Faces
from functions.ifc.geometry.faces import Facets


def box(low: tuple[float, float, float], high: tuple[float, float, float]) -> Faces:
    (a, b, c), (x, y, z) = low, high
    bottom = [(a, b, c), (a, y, c), (x, y, c), (x, b, c)]
    top = [(u, v, z) for u, v, _ in reversed(bottom)]
    sides = [[bottom[at], bottom[at - 1], (*bottom[at - 1][:2], z), (*bottom[at][:2], z)] for at in range(4)]
    return [bottom, top, *sides]


WALL = box((0, 0, 0), (4, 0.2, 3))
WINDOW = box((0.5, 0, 1), (1.5, 0.2, 2))
DOOR = box((2, 0, 0), (3, 0.2, 2))
NICHE = box((3.2, 0, 1), (3.8, 0.1, 2))


def measure(facets: Facets) -> tuple[float, bool]:
    """The volume, and whether every edge has two sides."""
    a, b, c = np.moveaxis(facets.points[facets.triangles], 1, 0)
    places = [tuple(row) for row in np.round(facets.points, 6).tolist()]
    edges = [(places[row[at - 1]], places[row[at]]) for row in facets.triangles.tolist() for at in range(3)]
    closed = sorted(edges) == sorted((end, start) for start, end in edges)
    return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6, closed


@pytest.mark.parametrize(
    ("bites", "volume"),
    [
        ([], 2.4),
        ([WINDOW], 2.2),
        ([DOOR], 2.0),
        ([NICHE], 2.34),
        ([WINDOW, DOOR, NICHE], 1.74),
        ([box((0, 0, 1), (1, 0.2, 3))], 2.0),
    ],
)
def test_openings_leave_a_closed_surface(bites: list[Faces], volume: float) -> None:
    facets = carve(WALL, bites)
    assert facets is not None
    found, closed = measure(facets)
    assert found == pytest.approx(volume)
    assert closed


def test_normals_point_out_of_the_wall() -> None:
    facets = carve(WALL, [WINDOW])
    assert facets is not None
    a, b, c = np.moveaxis(facets.points[facets.triangles], 1, 0)
    planes = np.cross(b - a, c - a)
    assert (np.einsum("ij,ij->i", planes, facets.normals[facets.triangles[:, 0]]) > 0).all()
