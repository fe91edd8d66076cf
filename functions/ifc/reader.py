"""Reading attributes of models that may be damaged: what cannot be read is None, and is counted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell

# JSON cannot carry a lone surrogate, and many stores refuse control characters; both come from
# escapes of STEP files (`\X2\D83D\X0\`, `\X\00`).
UNPRINTABLE = {code: "\ufffd" for code in (*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000))}
for _kept in "\t\n\r":
    del UNPRINTABLE[ord(_kept)]


def clean(text: str) -> str:
    """Return the text with lone surrogates and control characters replaced by U+FFFD."""
    return text if text.isprintable() else text.translate(UNPRINTABLE)


MAX_ATTRIBUTES = 1000
UNASKED = -1


@dataclass
class Reader:
    """A model with forgiving, fast access to attributes. A lazily opened file fails late: here."""

    model: ifcopenshell.file
    unreadable: int = 0
    _places: dict[tuple[str, str], int | None] = field(default_factory=dict)

    def all(self, name: str) -> tuple[ifcopenshell.entity_instance, ...]:
        """Return the instances of a class and its subtypes; none where the schema lacks the class."""
        try:
            return tuple(self.model.by_type(name))
        except RuntimeError:
            return ()

    def read(self, entity: ifcopenshell.entity_instance, name: str) -> Any:  # noqa: ANN401 - any attribute
        """Return an attribute, or None where the class has no such attribute or it cannot be parsed."""
        # A model is read a hundred thousand times: what `place` and `get` do, without calling them.
        place = self._places.get((entity.is_a(), name), UNASKED)
        if place == UNASKED:
            place = self.place(entity, name)
        if place is None:
            return None
        try:
            return entity.get_argument(place)
        except (RuntimeError, IndexError, ValueError):
            self.unreadable += 1
            return None

    def text(self, entity: ifcopenshell.entity_instance, name: str) -> str | None:
        """Return a string attribute, fit for JSON; None when it is unset or empty."""
        value = self.read(entity, name)
        return clean(value) if isinstance(value, str) and value else None

    def number(self, entity: ifcopenshell.entity_instance, name: str) -> float | None:
        """Return a finite number, also out of a typed value such as IFCLENGTHMEASURE(3.)."""
        value = self.read(entity, name)
        if isinstance(value, ifcopenshell.entity_instance):
            value = self.wrapped(value)
        return finite(value)

    def entity(
        self, entity: ifcopenshell.entity_instance | None, name: str
    ) -> ifcopenshell.entity_instance | None:
        """Return the instance that an attribute refers to."""
        value = None if entity is None else self.read(entity, name)
        return value if isinstance(value, ifcopenshell.entity_instance) else None

    def entities(
        self, entity: ifcopenshell.entity_instance | None, name: str
    ) -> tuple[ifcopenshell.entity_instance, ...]:
        """Return the instances in a set or list attribute."""
        value = None if entity is None else self.read(entity, name)
        if not isinstance(value, tuple):
            return ()
        return tuple(item for item in value if isinstance(item, ifcopenshell.entity_instance))

    def values(self, kind: str, *names: str) -> Iterator[tuple[Any, ...]]:
        """Yield (instance, value, ...) for all instances of a class: the fast way to read many.

        The attributes must be the class's own or inherited: then they stand at the same place in all
        its subtypes.
        """
        found = self.all(kind)
        places = [self.place(found[0], name) for name in names] if found else []
        for item in found:
            yield (item, *(None if place is None else self.get(item, place) for place in places))

    def pairs(
        self, relation: str, one: str, many: str
    ) -> Iterator[tuple[ifcopenshell.entity_instance, ifcopenshell.entity_instance]]:
        """Yield (one, each of many) for every relationship of a class; `many` may also be single."""
        for _, owner, value in self.values(relation, one, many):
            if not isinstance(owner, ifcopenshell.entity_instance):
                continue
            for member in value if isinstance(value, tuple) else (value,):
                if isinstance(member, ifcopenshell.entity_instance):
                    yield owner, member

    def wrapped(self, value: ifcopenshell.entity_instance) -> Any:  # noqa: ANN401 - any measure
        """Return what a typed value such as IFCLABEL('x') holds."""
        return self.get(value, 0)

    def get(self, entity: ifcopenshell.entity_instance, place: int) -> Any:  # noqa: ANN401 - any attribute
        """Return the attribute at a place, or None where it cannot be parsed, which is counted."""
        try:
            return entity.get_argument(place)
        except (RuntimeError, IndexError, ValueError):
            self.unreadable += 1
            return None

    def place(self, entity: ifcopenshell.entity_instance, name: str) -> int | None:
        """Return where an attribute stands; asked once a class, as it costs more than the value."""
        key = (entity.is_a(), name)
        if key not in self._places:
            place = entity.get_argument_index(name)  # -1 as an unsigned number, when there is none
            self._places[key] = place if place < MAX_ATTRIBUTES else None
        return self._places[key]


def finite(value: object) -> float | None:
    """Return a number that JSON can carry, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
