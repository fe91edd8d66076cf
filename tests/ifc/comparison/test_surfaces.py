"""Surfaces: the same shape, however it is cut into triangles."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from functions.ifc.comparison.surfaces import Surface, deviation, distances
from functions.ifc.geometry.mesh import Material, Mesh

GREY = Material("grey", (0.5, 0.5, 0.5, 1.0))
MM = 0.001
QUADS = ((0, 3, 2, 1), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7))


def mesh(points: Sequence[tuple[float, float, float]], triangles: list[tuple[int, int, int]]) -> Mesh:
    return Mesh(np.array(points, float), None, ((GREY, np.array(triangles, np.uint32)),), b"")


def box(x: float, y: float, z: float, *, other: bool = False, at: float = 0.0) -> Surface:
    """Return a box with its corner at `at`; `other`: with the other diagonals."""
    corners = [(0, 0, 0), (x, 0, 0), (x, y, 0), (0, y, 0), (0, 0, z), (x, 0, z), (x, y, z), (0, y, z)]
    turn = 1 if other else 0
    quads = [quad[turn:] + quad[:turn] for quad in QUADS]
    triangles = [t for a, b, c, d in quads for t in ((a, b, c), (a, c, d))]
    return Surface.of(mesh([(u + at, v, w) for u, v, w in corners], triangles))


def test_a_surface_knows_its_measures() -> None:
    found = box(1, 2, 3, at=1e6)
    assert found.volume == pytest.approx(6)
    assert found.area == pytest.approx(22)
    assert found.size.tolist() == [1, 2, 3]


def test_other_triangles_of_the_same_shape_do_not_deviate() -> None:
    one, two = box(1, 2, 3), box(1, 2, 3, other=True)
    assert one.is_near(two, tolerance=MM)
    assert deviation(one, two, tolerance=MM) < 1e-12


def test_another_size_deviates_by_the_difference() -> None:
    one, two = box(1, 2, 3), box(1, 2, 3.005)
    assert not one.is_near(two, tolerance=MM)
    assert deviation(one, two, tolerance=MM) == pytest.approx(0.005)
    assert deviation(two, one, tolerance=MM) == pytest.approx(0.005)


def test_a_slot_that_moves_along_itself_deviates() -> None:
    """Corners alone lie on the other surface, and box, area and volume are the same."""

    def slotted(start: float) -> Surface:
        end, edge = start + 1, [(0, 0), (5, 0), (5, 2)]
        ring = [*edge, (end, 2), (end, 1), (start, 1), (start, 2), (0, 2)]
        points = [(u, v, w) for w in (0.0, 1.0) for u, v in ring]
        count = len(ring)
        sides = [(i, (i + 1) % count) for i in range(count)]
        triangles = [t for i, j in sides for t in ((i, j, j + count), (i, j + count, i + count))]
        return Surface.of(mesh(points, triangles))

    one, two = slotted(1.0), slotted(1.5)
    assert one.is_near(two, tolerance=MM)
    assert deviation(one, two, tolerance=MM) > 0.1


def test_distances_from_corners_edges_and_faces() -> None:
    triangle = np.array([[[0, 0, 0], [1, 0, 0], [0, 1, 0]]], float)
    points = np.array([[0.2, 0.2, 2], [-3, -4, 0], [0.5, -1, 0], [1, 1, 0]], float)
    assert distances(points, triangle)[:, 0] == pytest.approx([2, 5, 1, np.sqrt(0.5)])
