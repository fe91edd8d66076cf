"""The instances of a checked model as text, with what its schema says of their classes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ifcopenshell

from functions.ifc.gate import Checked
from functions.ifc.step.text import StepText

ID_LENGTH = 22


class Instances:
    """Answers without a parser what a model is asked for first: which instances are of a class."""

    def __init__(self, checked: Checked) -> None:
        """Find the instances."""
        self.text = StepText.read(checked.path, instances=checked.instances)
        self.schema = ifcopenshell.schema_by_name(checked.schema)
        self._lineage = {name: frozenset(self._above(name)) for name in self.text.classes}

    @property
    def are_plain(self) -> bool:
        """Say whether a parser would read them all, and find nothing to warn of."""
        return self.text.is_sound and all(self._lineage.values()) and not self._share_ids()

    def classes(self, *classes: str) -> set[str]:
        """Return those of some classes and their subtypes that the model has, in upper case."""
        wanted = {name.upper() for name in classes}
        return {name for name, above in self._lineage.items() if wanted & above}

    def find(self, *classes: str) -> Iterator[tuple[int, str]]:
        """Yield (row, class in upper case) of the instances of some classes and their subtypes."""
        return self.text.find(self.classes(*classes))

    def numbers(self, *classes: str) -> set[int]:
        """Return the numbers of the instances of some classes and their subtypes."""
        return {self.text.numbers[row] for row, _ in self.find(*classes)}

    def count(self) -> dict[str, int]:
        """Return how many instances of classes of the schema there are, and how many elements."""
        known = (count for name, count in self.text.classes.items() if self._lineage[name])
        return {"instances": sum(known), "elements": self._count("IfcElement")}

    def _count(self, name: str) -> int:
        return sum(self.text.classes[kind] for kind in self.classes(name))

    def place(self, name: str, attribute: str) -> int:
        """Return the place of an attribute among the arguments of a class."""
        entity: Any = self.schema.declaration_by_name(name).as_entity()
        return int(entity.attribute_index(attribute))

    def _share_ids(self) -> bool:
        """Say whether two instances have one GlobalId."""
        texts = self.text.texts(row for row, _ in self.find("IfcRoot"))
        found = {hash(text.partition(b"'")[2][:ID_LENGTH]) for text in texts}
        return len(found) < self._count("IfcRoot")

    def _above(self, name: str) -> Iterator[str]:
        """Yield a class and those above it, in upper case; nothing for what is no entity of the schema."""
        try:
            entity = self.schema.declaration_by_name(name).as_entity()
        except RuntimeError:
            return
        while entity:
            yield str(entity.name()).upper()
            entity = entity.supertype()
