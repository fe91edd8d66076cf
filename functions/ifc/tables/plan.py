"""What the cells that differ would set in the model, or why they cannot be set."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ifcopenshell import entity_instance as Entity

from functions.ifc.tables.cells import Value
from functions.ifc.tables.comparison import Column, Comparison, same_number
from functions.ifc.tables.literals import MismatchError, convert
from functions.ifc.tables.matching import Difference, Refusal, shown
from functions.ifc.tables.rows import CONCAT, Cell, restore, to_cell
from functions.ifc.tables.targets import VALUES, AttributeTarget, PropertyTarget, RefusedError, Resolver

Target = AttributeTarget | PropertyTarget


@dataclass(frozen=True)
class Setting:
    """A cell to be set: its row and column, the value for its target, and what the cell was."""

    row: int
    element: Entity
    column: Column
    target: Target
    value: Any
    old: Cell | None


@dataclass
class Plan:
    """What is to be set, and what is not."""

    resolver: Resolver
    compare: Comparison
    settings: list[Setting] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)
    _taken: dict[tuple[Any, ...], Any] = field(default_factory=dict)

    def add(self, differences: Iterable[Difference]) -> None:
        """Find out what every cell that differs would set, or refuse it."""
        for difference in differences:
            olds = self.compare.cells(difference.elements[0])
            for at in sorted(difference.cells):
                self._add(difference, at, olds[at])

    def _add(self, difference: Difference, at: int, old: Cell) -> None:
        element, column, cell = difference.elements[0], self.compare.columns[at], difference.cells[at]
        try:
            target = self._target(difference, at)
            value = self._value(target, cell, old)
            if self._taken.setdefault(_place(target), value) != value:
                raise RefusedError("another column sets the same attribute or property otherwise")
        except (RefusedError, MismatchError) as error:
            global_id = str(element.GlobalId)
            self.refused.append(Refusal(difference.row, column.name, global_id, shown(cell), str(error)))
            return
        null = self.compare.null
        new = to_cell(value, null)
        if new == old or (not isinstance(old, str) and same_number(new, old)):
            return
        was = None if old == null else old
        self.settings.append(Setting(difference.row, element, column, target, value, was))

    def _target(self, difference: Difference, at: int) -> Target:
        if len(difference.elements) > 1:
            raise RefusedError(f"{len(difference.elements)} instances of the model have this GlobalId")
        if at in difference.conflicts:
            raise RefusedError("several rows of this GlobalId disagree")
        return self.resolver.resolve(difference.elements[0], self.compare.columns[at].path)

    def _value(self, target: Target, cell: Value, old: Cell) -> Any:  # noqa: ANN401
        """Return the value that a cell means for its target; None to unset it."""
        if self.compare.is_unset(cell):
            _check_optional(target)
            return None
        if target.kind.many and isinstance(old, str) and _joins_texts(target):
            raise RefusedError(f"an item of the list contains {CONCAT!r}: the items cannot be told apart")
        return convert(restore(cell) if type(cell) is str else cell, target.kind)


def _joins_texts(target: Target) -> bool:
    """Say whether an item of a list looks like two."""
    if isinstance(target, AttributeTarget):
        items = getattr(target.element, target.name) or ()
    else:
        items = getattr(target.item, VALUES[target.item.is_a()]) or () if target.item is not None else ()
    return any(CONCAT in str(getattr(item, "wrappedValue", item)) for item in items)


def _check_optional(target: Target) -> None:
    """Refuse to unset what must be set, or what would only show the type's value again."""
    if isinstance(target, AttributeTarget):
        if not target.optional:
            raise RefusedError("the attribute is mandatory: it cannot be unset")
        return
    if target.set_class == "IfcElementQuantity":
        raise RefusedError("a quantity must have a value: it cannot be unset")
    if not target.own:
        raise RefusedError("the value comes from the type: it cannot be unset at one occurrence")


def _place(target: Target) -> tuple[Any, ...]:
    if isinstance(target, AttributeTarget):
        return target.element.id(), target.name
    return target.element.id(), target.set_name, target.name
