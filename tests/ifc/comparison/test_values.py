"""Values: what counts as the same one."""

from __future__ import annotations

import math

import pytest

from functions.ifc.comparison.contents import same
from functions.ifc.comparison.values import rotation
from functions.ifc.placements import WORLD, Frame


def turned(angle: float, *, about: int) -> Frame:
    """Return a frame turned about an axis of the world."""
    c, s = math.cos(angle), math.sin(angle)
    axes = {
        0: ((1.0, 0.0, 0.0), (0.0, c, s), (0.0, -s, c)),
        1: ((c, 0.0, -s), (0.0, 1.0, 0.0), (s, 0.0, c)),
        2: ((c, s, 0.0), (-s, c, 0.0), (0.0, 0.0, 1.0)),
    }[about]
    return ((0.0, 0.0, 0.0), *axes)


@pytest.mark.parametrize("degrees", [0.1, 30, 90, 179, 180])
@pytest.mark.parametrize("about", [0, 1, 2])
def test_a_rotation_has_its_angle_and_axis(degrees: float, about: int) -> None:
    angle, axis = rotation(WORLD, turned(math.radians(degrees), about=about))
    assert math.degrees(angle) == pytest.approx(degrees)
    assert [abs(value) for value in axis] == pytest.approx([float(i == about) for i in range(3)], abs=1e-9)
    assert rotation(turned(0.3, about=about), turned(0.3, about=about))[0] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        (1.0, 1.0 + 1e-12, True), (1.0, 1, True), (1000000, 1000001, False),
        (1.0, 1.001, False), (True, 1, False),
        ("a", "b", False), ((1.0, "a"), (1.0 + 1e-12, "a"), True), ((1.0,), (1.0, 2.0), False),
        (None, "", False),
        ({"a": 1.0}, {"a": 1.0 + 1e-12}, True), ({"a": 1}, {"b": 1}, False),
    ],
)  # fmt: skip
def test_sameness(one: object, other: object, expected: bool) -> None:
    assert same(one, other) is expected
    assert same(other, one) is expected
