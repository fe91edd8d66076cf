"""What is done to the rows of many owners at once is what would be done to each owner's alone."""

from __future__ import annotations

import numpy as np
import pytest

from functions.ifc.clash.spans import Boxes, Spans, products

COUNTS, OTHERS = [3, 0, 40, 1], [5, 2, 30, 0]


def scatter(counts: list[int], seed: int) -> np.ndarray:
    """Return triangles anywhere near the origin."""
    chance = np.random.default_rng(seed)
    return chance.uniform(0, 4, (sum(counts), 1, 3)) + chance.uniform(0, 1, (sum(counts), 3, 3))


def test_an_owner_without_rows_has_no_least_and_no_most() -> None:
    spans = Spans([2, 0, 1])
    values = np.array([4.0, 3.0, 7.0])
    assert spans.least(values).tolist() == [3.0, np.inf, 7.0]
    assert spans.most(values).tolist() == [4.0, -np.inf, 7.0]
    assert spans.take(np.array([False, True, True])).counts.tolist() == [1, 0, 1]


@pytest.mark.parametrize("slack", [0.0, 0.3])
def test_boxes_meet_those_of_the_same_owner(slack: float) -> None:
    mine, theirs = Spans(COUNTS), Spans(OTHERS)
    one, other = scatter(COUNTS, 1), scatter(OTHERS, 2)
    a, b = Boxes(one, mine), Boxes(other, theirs)
    gaps = np.maximum(b.low[None] - a.high[:, None], a.low[:, None] - b.high[None]).max(axis=2)
    same = mine.owners[:, None] == theirs.owners[None]
    expected = {(int(row), int(column)) for row, column in np.argwhere((gaps < slack) & same)}
    rows, columns = a.meet(b, slack)
    assert set(zip(rows.tolist(), columns.tolist(), strict=True)) == expected
    assert 0 < len(rows) == len(expected)
    near = a.near(b, slack)
    assert near[rows].all() and not near[mine.owners == 3].any()


def test_products_are_all_pairs_of_an_owner() -> None:
    mine, theirs = Spans(COUNTS), Spans(OTHERS)
    rows, columns = products(mine, theirs)
    same = mine.owners[:, None] == theirs.owners[None]
    assert list(zip(rows.tolist(), columns.tolist(), strict=True)) == [
        tuple(pair) for pair in np.argwhere(same)
    ]
