"""Pairs of boxes are found as by comparing all with all."""

from __future__ import annotations

import numpy as np
import pytest

from functions.ifc.clash.candidates import find_pairs


@pytest.mark.parametrize("reach", [-0.2, 0.0, 0.5])
def test_every_pair_that_is_near_is_found_once(reach: float) -> None:
    chance = np.random.default_rng(7)
    low = chance.uniform(0, 20, (2, 150, 3))
    boxes = np.stack([low, low + chance.uniform(0.01, 4, low.shape)], axis=2)
    one, other = boxes
    other[0, 0], other[0, 1] = -100, 100  # one that is near all, as a site is
    gaps = np.maximum(other[None, :, 0] - one[:, None, 1], one[:, None, 0] - other[None, :, 1]).max(axis=2)
    expected = {(int(row), int(column)) for row, column in np.argwhere(gaps <= reach)}
    found = list(find_pairs(one, other, reach))
    assert len(found) == len(set(found)) > 150
    assert set(found) == expected


def test_no_boxes_are_no_pairs() -> None:
    assert list(find_pairs(np.zeros((0, 2, 3)), np.zeros((3, 2, 3)), 1.0)) == []
