"""Rows by number, and what they refer to."""

from __future__ import annotations

import numpy as np
import pytest

from functions.ifc.step.rows import MISSING, Links, distinct, find, spread


@pytest.mark.parametrize("far", [9, 2_000_000_000])
def test_rows_are_found_by_number_in_any_order(far: int) -> None:
    numbers = np.array([5, far, 2, 7], np.int32)
    wanted = np.array([7, 3, far, -1, 0, far + 1, 2], np.int64)
    assert find(numbers, wanted).tolist() == [3, MISSING, 1, MISSING, MISSING, MISSING, 2]
    assert find(numbers[:0], wanted).tolist() == [MISSING] * 7


def test_links_are_those_of_each_row_in_turn() -> None:
    links = Links(np.array([0, 2, 2, 5], np.int32), np.array([4, 3, 9, 8, 7], np.int32))
    references, counts = links.below(np.array([2, 1, 0], np.int32))
    assert (references.tolist(), counts.tolist()) == ([9, 8, 7, 4, 3], [3, 0, 2])


def test_values_are_sorted_and_each_is_there_once() -> None:
    assert distinct(np.array([[3, 1], [3, 2]])).tolist() == [1, 2, 3]
    assert distinct(np.array([[4]])).tolist() == [4]
    assert distinct(np.zeros(0, np.int32)).tolist() == []


def test_ranges_follow_one_another() -> None:
    assert spread(np.array([7, 0, 3]), np.array([2, 0, 3])).tolist() == [7, 8, 3, 4, 5]
    assert spread(np.zeros(0, int), np.zeros(0, int)).tolist() == []
