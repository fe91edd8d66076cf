"""Time stamps that the header policy takes."""

from __future__ import annotations

import pytest

from functions.ifc.validation.policy import is_stamp


@pytest.mark.parametrize(
    "text",
    ["2016-03-15T16:45:40", "2022-11-21T05:33:05.356", "2022-11-21T05:33:05Z", "2024-02-29T00:00:00+01:00"],
)
def test_a_date_with_a_time_is_a_stamp(text: str) -> None:
    assert is_stamp(text)


@pytest.mark.parametrize(
    "text",
    [None, "", "2016-13-15T16:45:40", "2023-02-29T00:00:00", "2022-11-21 05:33:05", "2022-11-21", "now\n"],
)
def test_anything_else_is_none(text: str | None) -> None:
    assert not is_stamp(text)
