"""What an instance says with all that it refers to, as plain values; and whether two of them are the same.

Instance numbers and owner histories do not count, objects count as their GlobalId, contexts as their class.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from ifcopenshell import entity_instance as Entity

from functions.ifc.reader import Reader, clean

RELATIVE = 1e-9  # of a number: what is left of it after it was written with fifteen digits
MAX_INSTANCES = 20_000
MAX_DEPTH = 200
CIRCLE = ("(a circle)",)  # in the place of an instance inside itself


class UnreadError(Exception):
    """The content is too large or too deep."""


@dataclass
class Contents:
    """Reads the content of instances of one model."""

    reader: Reader
    _left: int = 0
    _above: set[int] = field(default_factory=set)

    def of(self, instance: Entity) -> tuple[object, ...]:
        """Return (class, values ...), nested. Raises an UnreadError."""
        self._left = MAX_INSTANCES
        self._above.clear()
        return self._read(instance)

    def _read(self, instance: Entity) -> tuple[object, ...]:
        kind, number = instance.is_a(), instance.id()
        if instance.is_a("IfcRoot") and not instance.is_a("IfcPropertyDefinition"):
            return kind, self.reader.text(instance, "GlobalId")
        if instance.is_a("IfcRepresentationContext"):
            return (kind,)
        if number in self._above:
            return CIRCLE
        self._left -= 1
        if self._left < 0 or len(self._above) > MAX_DEPTH:
            raise UnreadError
        if number:
            self._above.add(number)
        skipped = 2 if instance.is_a("IfcRoot") else 0
        values = [self._value(self.reader.get(instance, place)) for place in range(skipped, len(instance))]
        self._above.discard(number)
        return (kind, *values)

    def _value(self, value: object) -> object:
        if isinstance(value, tuple):
            return tuple(self._value(item) for item in value)
        if isinstance(value, Entity):
            return self._read(value)
        return clean(value) if isinstance(value, str) else value


def same(one: object, other: object, *, absolute: float = 1e-9) -> bool:
    """Tell whether two values are the same: real numbers but for rounding, the members of a list in order."""
    if isinstance(one, tuple | list) and isinstance(other, tuple | list):
        return len(one) == len(other) and all(
            same(a, b, absolute=absolute) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if is_number(one) and is_number(other) and (isinstance(one, float) or isinstance(other, float)):
        return math.isclose(float(one), float(other), rel_tol=RELATIVE, abs_tol=absolute)  # type: ignore[arg-type]
    return type(one) is type(other) and one == other


def is_number(value: object) -> bool:
    """Tell whether a value is a number and no truth value."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def plain(value: object) -> object:
    """Return a content as JSON can carry it, without the names of classes where a value stands alone."""
    if isinstance(value, tuple):
        items = [plain(item) for item in value]
        return items[1] if len(items) == 2 and str(items[0]).startswith("Ifc") else items  # noqa: PLR2004
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
