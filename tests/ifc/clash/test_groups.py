"""Groups are compact, and hold every clash once."""

from __future__ import annotations

import numpy as np

from functions.ifc.clash.groups import group_elements, group_places


def test_groups_hold_what_is_near_their_first() -> None:
    points = np.random.default_rng(3).uniform(0, 30, (1200, 3))
    groups = group_places(points, 5.0)
    assert sorted(row for group in groups for row in group) == list(range(1200))
    assert 1 < len(groups) < 1200
    for first, *others in groups:
        assert all(np.linalg.norm(points[first] - points[row]) <= 5.0 for row in others)


def test_a_long_row_of_clashes_is_several_groups() -> None:
    points = np.array([[float(place), 0, 0] for place in range(100)])
    groups = group_places(points, 5.0)
    assert max(len(group) for group in groups) == 11
    assert 10 <= len(groups) <= 20


def test_elements_with_several_clashes_are_listed_the_busiest_first() -> None:
    pairs = [("beam", "pipe"), ("wall", "duct"), ("beam", "duct"), ("beam", "tray")]
    assert group_elements(pairs) == {"beam": [0, 2, 3], "duct": [1, 2]}
