"""A restriction of XML Schema on the values of a model, as ifctester parses it.

What is corrected is listed in functions/ifc/ids/facets.py.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from typing import Any, cast

import ifcopenshell

from functions.ifc.ids.library import facet as plain
from functions.ifc.ids.patterns import Pattern
from functions.ifc.ids.tolerance import EXACT, equal, within

Value = Any
LENGTHS: dict[str, Callable[[int, int], bool]] = {
    "length": operator.eq,
    "minLength": operator.ge,
    "maxLength": operator.le,
}
WORDS = {
    "enumeration": "one of",
    "pattern": "like",
    "length": "of the length",
    "minLength": "of at least the length",
    "maxLength": "of at most the length",
    "minInclusive": "at least",
    "maxInclusive": "at most",
    "minExclusive": "more than",
    "maxExclusive": "less than",
}


class Restriction(plain.Restriction):  # type: ignore[misc]
    """A restriction of XML Schema. Equal to the values that it admits; each value is looked at once."""

    def __init__(self) -> None:
        """Start without options; `parse` sets them."""
        super().__init__()
        self._known: dict[tuple[type, Value], bool] = {}
        self._patterns: dict[str, Pattern] = {}

    def parse(self, xml: dict[str, Any]) -> Restriction:
        """Take the restriction in; of its attributes, only the base says anything."""
        found = {key: value for key, value in (xml or {}).items() if key == "@base" or key[0] != "@"}
        super().parse(found)
        return self

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, other: object) -> bool:
        """Say whether a value of a model is admitted."""
        if other is None or isinstance(other, dict | ifcopenshell.entity_instance):
            return False
        try:
            key = (type(other), other)
            if key not in self._known:
                self._known[key] = self._admits(other)
            return self._known[key]
        except TypeError:  # a list cannot be a key
            return self._admits(other)

    def __str__(self) -> str:
        """Say in words what is admitted; ifctester shows Python's dictionary."""
        said = [f"{WORDS.get(kind, kind)} {_say(limit)}" for kind, limit in self.options.items()]
        return " and ".join(said) or "anything"

    def forget(self) -> None:
        """Let go of the values that were looked at."""
        self._known.clear()

    def patterns(self) -> list[Pattern]:
        """Return the compiled patterns. Raises a PatternError."""
        for text in _several(self.options.get("pattern", ())):
            if text not in self._patterns:
                self._patterns[text] = Pattern(text)
        return list(self._patterns.values())

    def _admits(self, value: object) -> bool:
        return all(self._check(kind, limit, value) for kind, limit in self.options.items())

    def _check(self, kind: str, limit: Value, value: object) -> bool:
        """Check one facet of the restriction."""
        if kind == "enumeration":
            return any(equal(value, str(text)) for text in _several(limit))
        if kind == "pattern":
            return isinstance(value, str) and any(pattern.matches(value) for pattern in self.patterns())
        if kind in EXACT:
            return _keeps(value, kind, limit)
        test = LENGTHS.get(kind)
        return test is None or test(len(str(value)), int(limit))


def _say(limit: Value) -> str:
    return ", ".join(str(one) for one in _several(limit))


def _several(value: Value) -> Sequence[str]:
    return value if isinstance(value, list | tuple) else [value]


def _keeps(value: object, kind: str, limit: Value) -> bool:
    """Say whether a value keeps to a bound; a text does when it is a number that does."""
    try:
        number = value if isinstance(value, int | float) else float(cast("str", value))
        return within(number, kind, float(limit))
    except (TypeError, ValueError):
        return False
