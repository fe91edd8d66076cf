"""Polygons become triangles that cover them exactly, or none."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.ifc.geometry import polygons
from functions.ifc.geometry.polygons import Patterns, cut, fan, fans, newell

SQUARE = [[0.0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]]
COMB = [[0.0, 0, 0], [5, 0, 0], [5, 2, 0], [4, 2, 0], [4, 1, 0], [1, 1, 0], [1, 2, 0], [0, 2, 0]]


def area(rings: list[np.ndarray], triangles: np.ndarray) -> float:
    corners = np.concatenate(rings)[triangles]
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
    assert (normals @ newell(rings[0][None])[0] > 0).all()
    return float(np.linalg.norm(normals, axis=1).sum())


def test_one_fan_covers_a_convex_polygon() -> None:
    normals, triangles, missing = Patterns().cover(np.array([SQUARE]), (4,))
    assert normals.tolist() == [[0, 0, 1]]
    assert triangles.tolist() == [fan(np.array([0]), 4)[0].tolist()]
    assert area([np.array(SQUARE)], triangles[0]) == 1
    assert not missing.any()


def test_a_fan_that_does_not_cover_is_not_used() -> None:
    assert fans(np.array([COMB])[:, :, :2], np.array([7.0])).tolist() == [-1]


@pytest.mark.parametrize("numbers", [polygons.AT_ONCE, 10])
def test_a_fan_is_found_from_the_one_corner_that_sees_all(
    monkeypatch: pytest.MonkeyPatch, numbers: int
) -> None:
    monkeypatch.setattr(polygons, "AT_ONCE", numbers)
    arrow = np.array([[0.0, 0], [3, -1], [1, 0], [3, 1]])  # the third corner sees all, and so does the first
    blade = np.array([[0.0, 0], [4, 0], [4, 4], [3, 1]])  # so does the last, and the second
    turned = [np.roll(ring, turn, axis=0) for ring in (arrow, blade) for turn in range(4)]
    found = fans(np.array(turned), np.array([2.0] * 4 + [4.0] * 4))
    assert found.tolist() == [0, 1, 0, 1, 1, 0, 1, 0]


def test_what_is_bent_or_has_no_area_is_no_polygon() -> None:
    bent = [*SQUARE[:3], [0, 1, 0.01]]
    line = [[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0]]
    assert Patterns().cover(np.array([bent, line]), (4,))[2].tolist() == [True, True]
    assert cut([np.array(bent)]) is None
    assert cut([np.array(line)]) is None


@given(st.integers(0, 7), st.booleans(), st.integers(0, 2))
def test_ears_cover_a_comb_however_it_lies(start: int, back: bool, axis: int) -> None:
    ring = np.roll(np.roll(np.array(COMB), start, axis=0)[:: -1 if back else 1], axis, axis=1)
    made = cut([ring])
    assert made is not None
    assert abs(area([ring], made[1]) - 7) < 1e-9


def test_corners_in_a_row_are_all_used() -> None:
    ring = np.array(
        [[0.0, 0, 0], [1, 0, 0], [2, 0, 0], [3, 0, 0], [3, 1, 0], [2, 1, 0], [1, 1, 0], [0, 1, 0]]
    )
    made = cut([ring])
    assert made is not None
    assert np.unique(made[1]).tolist() == list(range(8))
    assert abs(area([ring], made[1]) - 3) < 1e-9


@given(st.lists(st.integers(0, 8), min_size=1, max_size=9, unique=True), st.booleans())
def test_holes_stay_open(places: list[int], back: bool) -> None:
    holes = [
        (np.array(SQUARE) * 0.5 + [place % 3 + 0.25, place // 3 + 0.25, 0])[:: -1 if back else 1]
        for place in places
    ]
    rings = [np.array(SQUARE) * 3, *holes]
    made = cut(rings)
    assert made is not None
    assert abs(area(rings, made[1]) - (9 - 0.25 * len(holes))) < 1e-9


def test_a_hole_outside_is_refused() -> None:
    assert cut([np.array(SQUARE), np.array(SQUARE) * 0.5 + 2]) is None


def test_a_ring_that_crosses_itself_is_refused() -> None:
    assert cut([np.array([[0.0, 0, 0], [2, 2, 0], [2, 0, 0], [0, 3, 0]])]) is None


def test_what_covers_one_comb_covers_others_and_nothing_else() -> None:
    comb = np.array(COMB)
    crossed = comb.copy()
    crossed[[2, 6]] = crossed[[6, 2]]
    bent = comb + np.array([0, 0, 1]) * (np.arange(8) == 4)[:, None]
    turned = np.roll(comb, 3, axis=0)
    polygons = np.array([comb, comb * [1, 3, 1] + 7, comb[:, [2, 0, 1]], turned, crossed, bent])
    patterns = Patterns()
    normals, triangles, missing = patterns.cover(polygons, (8,))
    assert missing.tolist() == [False] * 4 + [True] * 2
    assert 1 <= len(patterns.learned[8,]) <= 2
    for polygon, some, expected in zip(polygons[:4], triangles[:4], (7, 21, 7, 7), strict=True):
        assert abs(area([polygon], some) - expected) < 1e-9
    assert normals[2].tolist() == [1, 0, 0]


def test_what_covers_one_frame_covers_others_and_nothing_else() -> None:
    square = np.array(SQUARE)
    frame = np.concatenate([square * 3, square + np.array([1, 1, 0])])
    outside = np.concatenate([square * 3, square + np.array([1, 3.5, 0])])
    polygons = np.array([frame, frame * 2, outside])
    _, triangles, missing = Patterns().cover(polygons, (4, 4))
    assert missing.tolist() == [False, False, True]
    assert abs(area([polygons[1][:4], polygons[1][4:]], triangles[1]) - 32) < 1e-9
