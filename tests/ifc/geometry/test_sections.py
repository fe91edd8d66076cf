"""Planes cut the areas out of meshes that bodies have there, and what is seen of them is their outline."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from functions.ifc.geometry.sections import Solid, fill

CUBE = [
    (0, 1, 3), (0, 3, 2), (4, 6, 7), (4, 7, 5), (0, 4, 5), (0, 5, 1),
    (2, 3, 7), (2, 7, 6), (0, 2, 6), (0, 6, 4), (1, 5, 7), (1, 7, 3),
]  # fmt: skip


def box(low: tuple[float, ...], high: tuple[float, ...]) -> tuple[Any, Any]:
    """A box, its triangles counterclockwise from outside."""
    points = [(x, y, z) for x in (low[0], high[0]) for y in (low[1], high[1]) for z in (low[2], high[2])]
    return np.array(points, dtype=float), np.array(CUBE)


def together(*meshes: tuple[Any, Any]) -> Solid:
    points = np.concatenate([mesh[0] for mesh in meshes])
    starts = np.cumsum([0, *(len(mesh[0]) for mesh in meshes[:-1])])
    return Solid.weld(
        points, np.concatenate([mesh[1] + start for mesh, start in zip(meshes, starts, strict=True)])
    )


def tube(radius: float, low: float, high: float, sides: int = 48) -> tuple[Any, Any]:
    """A cylinder without its ends."""
    angles = np.arange(sides) * 2 * math.pi / sides
    ring = np.stack([np.cos(angles), np.sin(angles)], axis=1) * radius
    points = np.concatenate([np.column_stack([ring, np.full(sides, z)]) for z in (low, high)])
    rows = []
    for one in range(sides):
        other = (one + 1) % sides
        rows += [(one, other, other + sides), (one, other + sides, one + sides)]
    return points, np.array(rows)


def test_a_box_is_cut_to_a_rectangle() -> None:
    cut = together(box((0, 0, -1), (2, 1, 2))).cut()
    assert cut.areas.area == pytest.approx(2)
    assert cut.areas.bounds == pytest.approx((0, 0, 2, 1))
    assert cut.lines == ()


@pytest.mark.parametrize("heights", [(-2, -1), (1, 2)])
def test_a_box_beside_the_plane_is_not_cut(heights: tuple[float, float]) -> None:
    assert together(box((0, 0, heights[0]), (1, 1, heights[1]))).cut().areas.is_empty


@pytest.mark.parametrize(("low", "high", "area"), [(0, 1, 1), (-1, 0, 0)])
def test_what_stands_on_the_plane_is_cut_and_what_hangs_from_it_is_not(
    low: float, high: float, area: float
) -> None:
    assert together(box((0, 0, low), (1, 1, high))).cut().areas.area == pytest.approx(area)


def test_bodies_that_overlap_are_one_area() -> None:
    cut = together(box((0, 0, -1), (2, 1, 1)), box((1, 0, -1), (3, 1, 1))).cut()
    assert cut.areas.area == pytest.approx(3)
    assert len(cut.areas.geoms) == 1


def test_a_hole_stays_open() -> None:
    points, triangles = box((0.5, 0.5, -1), (1, 1, 1))
    cut = together(box((0, 0, -1), (2, 2, 1)), (points, triangles[:, ::-1])).cut()
    assert cut.areas.area == pytest.approx(4 - 0.25)
    assert len(cut.areas.geoms[0].interiors) == 1


def test_a_body_inside_out_is_a_body() -> None:
    points, triangles = box((0, 0, -1), (1, 1, 1))
    assert together((points, triangles[:, ::-1])).cut().areas.area == pytest.approx(1)


def test_a_face_that_encloses_nothing_is_cut_to_a_line() -> None:
    points = np.array([(0.0, 0, -1), (3, 0, -1), (3, 0, 1), (0, 0, 1)])
    cut = Solid(points, np.array([(0, 1, 2), (0, 2, 3)])).cut()
    assert cut.areas.is_empty
    assert sum(line.length for line in cut.lines) == pytest.approx(3)


def test_the_top_of_a_box_is_seen_as_one_face_without_its_diagonal() -> None:
    (face,) = together(box((0, 0, -2), (2, 1, -1))).faces()
    assert face.depth == pytest.approx(-1)
    assert sorted(face.loops[0]) == [(0, 0), (0, 1), (2, 0), (2, 1)]


def test_what_reaches_over_the_plane_is_seen_up_to_it() -> None:
    points = np.array([(0.0, 0, -1), (4, 0, 1), (4, 1, 1), (0, 1, -1)])
    (face,) = Solid(points, np.array([(0, 1, 2), (0, 2, 3)])).faces()
    assert max(u for u, _ in face.loops[0]) == pytest.approx(2, abs=1e-4)


def test_a_lying_tube_is_seen_as_one_smooth_piece() -> None:
    points, triangles = tube(0.5, 0, 3)
    lying = Solid.weld(points[:, [2, 0, 1]] - [0, 0, 2], triangles)
    (face,) = lying.faces()
    us, vs = zip(*face.loops[0], strict=True)
    assert (max(us) - min(us), max(vs) - min(vs)) == pytest.approx((3, 1), abs=0.01)


def test_the_surface_of_a_box_is_six_polygons() -> None:
    polygons = together(box((0, 0, 0), (2, 1, 1))).polygons()
    assert sorted(len(loops[0]) for loops in polygons) == [4] * 6
    assert {len(loops) for loops in polygons} == {1}


def test_a_hole_in_a_face_comes_behind_its_outline() -> None:
    outer, inner = [(0, 0), (3, 0), (3, 3), (0, 3)], [(1, 1), (2, 1), (2, 2), (1, 2)]
    points = np.array([(x, y, 0.0) for x, y in (*outer, *inner)])
    ring = [(a, (a + 1) % 4) for a in range(4)]
    triangles = np.array([row for a, b in ring for row in ((a, b, b + 4), (a, b + 4, a + 4))])
    ((outline, hole),) = Solid(points, triangles).polygons()
    assert (sorted(outline), sorted(hole)) == ([0, 1, 2, 3], [4, 5, 6, 7])


def test_crossing_outlines_make_no_fuss() -> None:
    bow = [(0.0, 0.0), (2.0, 2.0), (2.0, 0.0), (0.0, 2.0), (0.0, 1.5)]
    assert fill([bow, [(0.0, 0.0)] * 4]).is_valid
