"""Instance numbers in text."""

from __future__ import annotations

import numpy as np
import pytest

from functions.ifc.step.digits import TOO_LARGE, read_numbers


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("0", 0), ("7", 7), ("1234567", 1234567), ("12345678", 12345678), ("123456789", 123456789),
        ("2147483647", 2147483647), ("0000000000000000000000042", 42), ("0" * 9000 + "42", 42),
        ("2147483648", TOO_LARGE), ("18446744073709551617", TOO_LARGE), ("9" * 5000, TOO_LARGE), ("", 0),
    ],
)  # fmt: skip
@pytest.mark.parametrize("behind", ["", "=", ",#5", "/", ":", "\xff"])
def test_a_number_ends_with_its_digits(digits: str, number: int, behind: str) -> None:
    text = np.frombuffer(f"#1#{digits}{behind}".encode("latin-1"), np.uint8)
    numbers, ends = read_numbers(text, np.array([1, 3]))
    assert numbers.tolist() == [1, number]
    assert ends.tolist() == [2, 3 + len(digits)]
