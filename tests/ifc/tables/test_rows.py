"""Cells, groups and sorting; and that neutralised text comes back exactly."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import InputError
from functions.ifc.tables.rows import (
    Format,
    Grouping,
    Row,
    aggregate,
    group_rows,
    neutralise,
    restore,
    sort_rows,
    summarise,
    to_cell,
)

TEXT = st.text(alphabet=st.sampled_from("'=+-@\t\r\nab1 "), max_size=8)


@given(TEXT)
def test_every_text_comes_back_and_none_can_run(text: str) -> None:
    safe = neutralise(text)
    assert restore(safe) == text
    assert not safe.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))


@given(st.lists(TEXT, min_size=2, max_size=5, unique=True))
def test_different_texts_stay_different(texts: list[str]) -> None:
    assert len({neutralise(text) for text in texts}) == len(texts)


def test_harmless_text_stays_as_it_is() -> None:
    for text in ("", "Wall", "'quoted'", "a=b", "1+1", " =1"):
        assert neutralise(text) is text


@given(st.lists(TEXT, min_size=1, max_size=4))
def test_a_row_of_csv_comes_back(cells: list[str]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerow(map(neutralise, cells))
    file.seek(0)
    rows = list(csv.reader(file))
    assert [restore(cell) for cell in (rows[0] if rows else [""])] == cells


@pytest.mark.parametrize(
    ("value", "cell"),
    [
        (None, "?"), (True, "YES"), (False, "NO"), ("", ""), ("a\x00b", "a\ufffdb"), ("\ud83d", "\ufffd"),
        (3, 3), (-1.5, -1.5), (float("inf"), "inf"), (("a", 1), "a, 1"), ([True], "True"),
        ({"b", "a"}, "{a, b}"), ({"x": 1}, "{'x': 1}"),
    ],
)  # fmt: skip
def test_cells_read_as_in_ifccsv(value: object, cell: object) -> None:
    assert to_cell(value, "?") == cell


def test_sorting_is_natural_and_stable() -> None:
    rows: list[Row] = [["W10", 1], ["w2", 2], [3.0, 3], ["W2", 4]]
    assert [row[1] for row in sort_rows(rows, [(0, False)], None)] == [3, 2, 4, 1]
    assert [row[1] for row in sort_rows(rows, [(0, True)], None)] == [1, 2, 4, 3]
    assert [row[1] for row in sort_rows(rows, [], 0)] == [3, 1, 4, 2]
    assert [row[1] for row in sort_rows(rows, [], None)] == [1, 2, 3, 4]
    assert sort_rows([["²"], ["a"]], [(0, False)], None)  # a digit that is no number


def test_grouping_keeps_the_last_row_and_aggregates_the_rest() -> None:
    rows: list[Row] = [["a", "x", 1.0, "1"], ["b", "y", 2.0, "-"], ["a", "z", 3.0, "3"]]
    parts = [Grouping(0, "GROUP"), Grouping(1, "VARIES", "*"), Grouping(2, "SUM"), Grouping(3, "MIN")]
    assert group_rows(rows, parts, "-") == [["a", "*", 4.0, 1.0], ["b", "y", 2.0, "-"]]
    assert group_rows(rows, [Grouping(1, "CONCAT")], "-") == [["a", "x, y, z", 3.0, "3"]]


def test_aggregates_skip_what_is_no_number() -> None:
    assert aggregate("AVERAGE", ["-", 1.0, "3"]) == 2.0
    assert aggregate("SUM", ["-"]) == 0
    assert aggregate("MAX", ["-"]) is None
    assert summarise([[1.0], [2.0]], [(0, "SUM")], 2, "-") == ["Sum: 3.0", ""]


def test_a_format_is_evaluated_for_each_value() -> None:
    form = Format("round({{value}}, 0.5)", "formatting.0.format")
    assert [form(cell) for cell in (1.3, 2.8, 'say "x"')] == ["1.5", "3.0", 'say "x"']
    assert Format('concat("{", {{value}}, "}")', "f")('a"b\\c') == '{a"bc}'


def test_a_wrong_format_names_its_field() -> None:
    with pytest.raises(InputError) as caught:
        Format("round(", "formatting.3.format")
    assert caught.value.field == "formatting.3.format"
