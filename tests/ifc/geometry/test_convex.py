"""Convex bodies: what is left of them, and how much."""

from __future__ import annotations

import math

import pytest

from functions.ifc.geometry.convex import Faces, box_of, clip, intersect, volume_of


def cube(size: float = 1.0, at: tuple[float, float, float] = (0.0, 0.0, 0.0)) -> Faces:
    """The six faces of a cube, counterclockwise from outside."""
    low = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    high = [(x, y, 1) for x, y, _ in low]
    sides = [[low[i - 1], low[i], high[i], high[i - 1]] for i in range(4)]
    u, v, w = at
    return [
        [(x * size + u, y * size + v, z * size + w) for x, y, z in face] for face in (low[::-1], high, *sides)
    ]


def test_a_cube_has_its_volume() -> None:
    assert volume_of(cube(2.0, (5.0, 6.0, 7.0))) == pytest.approx(8.0)


def test_clipping_leaves_the_part_under_the_plane() -> None:
    half = clip(cube(), (0.0, 0.0, 1.0), 0.25)
    assert volume_of(half) == pytest.approx(0.25)
    assert box_of(half) == ((0, 0, 0), (1, 1, 0.25))


def test_a_slanted_plane_leaves_a_corner() -> None:
    part = 1 / math.sqrt(3)
    assert volume_of(clip(cube(), (part, part, part), part)) == pytest.approx(1 / 6)


def test_a_plane_beside_the_body_changes_nothing() -> None:
    body = cube()
    assert clip(body, (1.0, 0.0, 0.0), 1.0) is body
    assert clip(body, (1.0, 0.0, 0.0), -1.0) == []


def test_cubes_share_what_they_overlap() -> None:
    assert volume_of(intersect(cube(), cube(1.0, (0.5, 0.5, 0.5)))) == pytest.approx(0.125)
    assert intersect(cube(), cube(1.0, (3.0, 0.0, 0.0))) == []
    assert intersect(cube(), cube(1.0, (1.0, 0.0, 0.0))) == []


def test_a_cube_on_its_edge_shares_less_than_its_box_would() -> None:
    part = 1 / math.sqrt(2)
    turned: Faces = [[(part * (x - y), part * (x + y), z) for x, y, z in face] for face in cube()]
    assert volume_of(intersect(cube(), turned)) == pytest.approx(math.sqrt(2) - 1)
    assert volume_of(intersect(turned, cube())) == pytest.approx(math.sqrt(2) - 1)
