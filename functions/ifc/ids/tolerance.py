"""The tolerance of IDS 1.0 for floating-point numbers, which ifctester 0.9 has in its relative part only.

Equal is what lies in `v - |v|*1e-6 - 1e-6 .. v + |v|*1e-6 + 1e-6`, the ends included; an inclusive bound
is stretched and an exclusive one shrunk by as much. The rule:
https://github.com/buildingSMART/IDS/blob/development/Documentation/ImplementersDocumentation/tolerance.md
Integers, and numbers that are texts, are compared exactly.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable

EPSILON = 1.0e-6
EXACT: dict[str, Callable[[float, float], bool]] = {
    "minInclusive": operator.ge,
    "maxInclusive": operator.le,
    "minExclusive": operator.gt,
    "maxExclusive": operator.lt,
}
BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


def margin(value: float) -> float:
    """Return how far from `value` a number may be and still count as equal."""
    return abs(value) * EPSILON + EPSILON


def close(number: float, value: float) -> bool:
    """Say whether a number of a model is a value of an IDS, with the ends of the range included."""
    if number == value:
        return True
    # The ends are decimal numbers that a double seldom holds: 1 + 1e-6 + 1e-6 is less than 1.000002.
    slack = 4 * math.ulp(max(abs(number), abs(value), EPSILON))
    return abs(number - value) <= margin(value) + slack


def within(number: float, kind: str, bound: float) -> bool:
    """Say whether a number keeps to a bound; `kind` is the name of the facet in XML Schema."""
    if not isinstance(number, float):
        return EXACT[kind](number, bound)
    if kind.endswith("Inclusive"):
        return EXACT[kind](number, bound) or close(number, bound)
    shrunk = bound + margin(bound) if kind == "minExclusive" else bound - margin(bound)
    return EXACT[kind](number, shrunk)


def equal(actual: object, text: str) -> bool:
    """Say whether a value of a model is what a text of an IDS stands for, by the type of the former."""
    if isinstance(actual, bool):
        return BOOLEANS.get(text) is actual
    if isinstance(actual, int | float):
        try:
            value = float(text)
        except ValueError:
            return False
        return close(actual, value) if isinstance(actual, float) else actual == value
    return isinstance(actual, str) and actual == text
