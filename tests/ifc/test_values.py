"""Values as JSON text."""

from __future__ import annotations

import json
import math

import pytest

from functions.ifc.values import encode, quote


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        (True, True),
        (3, 3),
        (1e-12, 1e-12),
        (math.inf, None),
        (math.nan, None),
        ((1.5, ("a", -math.inf)), [1.5, ["a", None]]),
        ('say "\\" \ud800\x01\n\u00fc\u65e5', 'say "\\" \ufffd\ufffd\n\u00fc\u65e5'),
    ],
)
def test_every_value_is_strict_json(value: object, expected: object) -> None:
    assert json.loads(encode(value).encode("utf-8")) == expected


def test_a_name_is_quoted() -> None:
    assert quote('a"b') == '"a\\"b"'
