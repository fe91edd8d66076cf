"""Digests of what rows say and refer to."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from functions.ifc.step import digests
from functions.ifc.step.digests import Digests
from functions.ifc.step.rows import MISSING, Links


def work_out(words: Sequence[int], references: Sequence[Sequence[int]]) -> list[int | None]:
    """Return the digest of each row that has one."""
    starts = np.cumsum([0, *map(len, references)]).astype(np.int32)
    flat = np.array([row for some in references for row in some], np.int32)
    found = Digests.of(np.array(words, np.uint64), Links(starts, flat))
    return [int(word) if known else None for word, known in zip(found.words, found.known, strict=True)]


@pytest.mark.parametrize("piece", [1, 2, 1 << 14])
def test_rows_that_say_the_same_have_equal_digests(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "PIECE", piece)
    found = work_out([1, 1, 2, 7, 7, 7, 8, 8], [[], [], [], [0, 2], [1, 2], [2, 1], [3, 4], [4, 4]])
    assert None not in found
    a, b, c, d, e, f, g, h = found
    assert (a, d, g) == (b, e, h)
    assert len({a, c, d, f, g}) == 5


@pytest.mark.parametrize("piece", [1, 1 << 14])
def test_the_order_of_rows_does_not_count(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "PIECE", piece)
    count = 300
    up = work_out([5] * count, [[], *([row] for row in range(count - 1))])
    down = work_out([5] * count, [*([row + 1] for row in range(count - 1)), []])
    assert up == down[::-1]
    assert None not in up


def test_what_lacks_something_or_runs_in_a_circle_has_none() -> None:
    found = work_out([1, 2, 3, 4, 5, 6], [[], [MISSING, 0], [1], [4], [3], [0]])
    assert [word is not None for word in found] == [True, False, False, False, False, True]


def test_no_rows_have_no_digests() -> None:
    assert work_out([], []) == []
