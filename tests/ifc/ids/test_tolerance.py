"""The tolerance of IDS, by the table of the standard and at its ends."""

from __future__ import annotations

import pytest

from functions.ifc.ids.tolerance import close, equal, margin, within


@pytest.mark.parametrize(
    ("value", "low", "high"),
    [
        (100000.0, 99999.899999, 100000.100001),
        (1.0, 0.999998, 1.000002),
        (0.000001, -0.000000000001, 0.000002000001),
        (0.0, -0.000001, 0.000001),
        (-0.1, -0.1000011, -0.0999989),
        (-1000000.0, -1000001.000001, -999998.999999),
    ],
)
def test_a_number_is_equal_up_to_the_ends_of_its_range(value: float, low: float, high: float) -> None:
    assert close(low, value)
    assert close(high, value)
    beyond = margin(value) * 1e-4
    assert not close(low - beyond, value)
    assert not close(high + beyond, value)


@pytest.mark.parametrize(
    ("number", "kind", "bound", "expected"),
    [
        (-0.000001, "minInclusive", 0.0, True),
        (-0.0000011, "minInclusive", 0.0, False),
        (0.000001, "maxInclusive", 0.0, True),
        (0.0000011, "maxInclusive", 0.0, False),
        (0.0000009, "minExclusive", 0.0, False),
        (0.0000011, "minExclusive", 0.0, True),
        (-0.0000009, "maxExclusive", 0.0, False),
        (-0.0000011, "maxExclusive", 0.0, True),
    ],
)
def test_inclusive_ranges_are_stretched_and_exclusive_ones_shrunk(
    number: float, kind: str, bound: float, expected: bool
) -> None:
    assert within(number, kind, bound) is expected


def test_whole_numbers_have_no_tolerance() -> None:
    assert within(9_999_999, "maxExclusive", 10_000_000.0)
    assert not within(10_000_001, "maxInclusive", 10_000_000.0)
    assert not equal(10_000_001, "10000000")
    assert equal(42, "42.0")


@pytest.mark.parametrize(
    ("actual", "text", "expected"),
    [
        (True, "true", True),
        (False, "0", True),
        (True, "TRUE", False),
        (1.5, "1.5e0", True),
        (1.5, "one", False),
        ("1", "1", True),
        ("1.0", "1", False),
        ((1.0,), "1", False),
    ],
)
def test_a_text_is_read_by_the_type_it_is_compared_with(actual: object, text: str, expected: bool) -> None:
    assert equal(actual, text) is expected
