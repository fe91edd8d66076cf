"""What a child tells its parent."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator

import pytest

from functions.ifc.child import Reporter


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    """An open pipe: the end to read, the end to write."""
    read, write = os.pipe()
    yield read, write
    os.close(read)
    os.close(write)


def heard(read: int) -> list[dict[str, object]]:
    return [json.loads(line) for line in os.read(read, 60_000).splitlines()]


def test_progress_is_thinned_out_but_every_end_is_told(pipe: tuple[int, int]) -> None:
    now = 0.0
    reporter = Reporter(pipe[1], clock=lambda: now)
    for done in range(1000):
        now = done / 1000
        reporter.progress("mesh", done, 1000)
    reporter.progress("mesh", 1000, 1000)
    found = heard(pipe[0])
    assert 9 <= len(found) <= 12
    assert found[-1] == {"progress": ["mesh", 1000, 1000]}


def test_numbers_of_any_kind_are_whole_in_a_report(pipe: tuple[int, int]) -> None:
    Reporter(pipe[1]).progress("mesh", True, 2)
    assert heard(pipe[0]) == [{"progress": ["mesh", 1, 2]}]


def test_a_warning_is_told_once_and_cut(pipe: tuple[int, int]) -> None:
    reporter = Reporter(pipe[1])
    for text in ("a", "b", "a", "x" * 5000):
        reporter.warn(text)
    assert [report["warning"] for report in heard(pipe[0])] == ["a", "b", "x" * 2000]
