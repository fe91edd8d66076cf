"""The property sets of objects, out of the text of a model that was opened without them.

The answers are those of `get_pset` and `get_psets` in ifcopenshell.util.element.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any

import ifcopenshell.util.element as util
from ifcopenshell import entity_instance as Entity

from functions.ifc.definitions import HOLDERS, Definitions, Irregular
from functions.ifc.reader import Reader

# What has property sets and is no object: their properties are not read from the text.
NO_OBJECTS = ("IfcMaterialProperties", "IfcProfileProperties")
MAX_KEPT = 4096  # names that are remembered
Content = dict[str, Any]


class Sets:
    """Reads property sets by element. All may raise Irregular; then the model has to be opened whole."""

    def __init__(self, reader: Reader, definitions: Definitions) -> None:
        """Refuse a model that has properties elsewhere."""
        self._reader = reader
        self._definitions = definitions
        self._names: dict[int, str | None] = {}
        if any(reader.all(kind) for kind in (*NO_OBJECTS, *HOLDERS)):
            raise Irregular

    def matching(self, element: Entity, pattern: re.Pattern[str]) -> list[Content]:
        """Return the sets whose names match, a type's own under the element's."""
        found: dict[str | None, Content] = {}
        for number in self._all(element):
            name = self._name(number)
            if pattern.match(name or ""):
                found.setdefault(name, {}).update(self._content(number))
        return list(found.values())

    def named(self, element: Entity, name: str) -> Content | None:
        """Return the first set of a name, over the type's first one."""
        found: list[Content] = []
        for numbers in (self._of_type(element), self._own(element)):
            number = next((one for one in numbers if self._name(one) == name), None)
            if number is not None:
                found.append(self._content(number))
        return {key: value for content in found for key, value in content.items()} if found else None

    @cached_property
    def _defined(self) -> dict[int, list[int]]:
        """Definitions by object."""
        found: dict[int, list[int]] = {}
        for number, objects in self._definitions.related():
            for one in objects:
                found.setdefault(one, []).append(number)
        return found

    def _all(self, element: Entity) -> Iterator[int]:
        yield from self._of_type(element)
        yield from self._own(element)

    def _of_type(self, element: Entity) -> Iterable[int]:
        if element.is_a("IfcTypeObject") or getattr(element, "IsDefinedBy", None) is None:
            return ()
        kind = util.get_type(element)
        return () if kind is None else self._own(kind)

    def _own(self, element: Entity) -> Iterable[int]:
        if element.is_a("IfcTypeObject"):
            return self._definitions.of_type(element.id())
        return self._defined.get(element.id(), ())

    def _name(self, number: int) -> str | None:
        if number not in self._names:
            if len(self._names) >= MAX_KEPT:
                self._names.clear()
            if number in self._definitions:
                self._names[number] = self._definitions.set(number)[1]
            else:
                self._names[number] = self._instance(number).Name
        return self._names[number]

    def _content(self, number: int) -> Content:
        """Return the values of a set by name."""
        if number not in self._definitions:
            found: Content = dict(util.get_property_definition(self._instance(number)))
        else:
            is_quantity, _, members = self._definitions.set(number)
            found = {}
            for one in members:
                if one in self._definitions:
                    member = self._definitions.member(one)
                    found[member.name] = member.value
                elif is_quantity:
                    found.update(util.get_quantities([self._instance(one)]))
                else:
                    found.update(util.get_properties([self._instance(one)]))
        found.pop("id", None)
        return found

    def _instance(self, number: int) -> Entity:
        try:
            return self._reader.model.by_id(number)
        except RuntimeError:
            raise Irregular from None
