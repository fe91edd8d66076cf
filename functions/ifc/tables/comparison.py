"""Whether a table's cells read as an export of the model would write them now."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from ifcopenshell import entity_instance as Entity

from functions.ifc.selector import Key, Table
from functions.ifc.tables.cells import Fault, Value, number
from functions.ifc.tables.rows import FALSE, TRUE, Cell, neutralise, restore, to_cell
from functions.ifc.tables.sheets import MAX_TEXT

DIGITS = 15  # all that a spreadsheet keeps of a number
LINE_END = re.compile(r"\r\n?")


@dataclass(frozen=True)
class Column:
    """A column that is compared: where it stands in the table, its header and its path."""

    place: int
    name: str
    path: tuple[Key, ...]


@dataclass
class Comparison:
    """Tells whether a cell reads as the export would write it."""

    columns: Sequence[Column]
    null: str
    is_cut: bool  # a workbook's texts are, at the most that a cell can hold
    table: Table = field(init=False)

    def __post_init__(self) -> None:
        """Join the columns' paths."""
        self.table = Table([column.path for column in self.columns])

    def cells(self, element: Entity) -> list[Cell]:
        """Return an element's row as an export has it, before formulas are neutralised."""
        return [to_cell(value, self.null) for value in self.table.row(element)]

    def differ(self, element: Entity, row: Sequence[Value]) -> dict[int, Value]:
        """Return the cells of a row that differ, by column."""
        found = {}
        for index, old in enumerate(self.cells(element)):
            place = self.columns[index].place
            cell = row[place] if place < len(row) else None
            if cell != old and not self._same(cell, old):
                found[index] = cell
        return found

    def _same(self, cell: Value, old: Cell) -> bool:
        if not isinstance(old, str):
            return same_number(cell, old)
        if self.is_unset(cell):
            return old in {"", self.null}
        if isinstance(cell, str):
            return not isinstance(cell, Fault) and self._same_text(cell, old)
        if isinstance(cell, bool):
            return old == (TRUE if cell else FALSE)
        return old in {str(cell), f"{cell:.{DIGITS}g}"}

    def _same_text(self, cell: str, old: str) -> bool:
        text, written = LINE_END.sub("\n", cell), LINE_END.sub("\n", neutralise(old))
        if self.is_cut and len(written) > MAX_TEXT:
            return text == written[:MAX_TEXT]
        return text == written or restore(text) == LINE_END.sub("\n", old)

    def is_unset(self, cell: Value) -> bool:
        """Say whether a cell stands for no value."""
        return cell is None or cell == "" or (isinstance(cell, str) and restore(cell) == self.null)


def same_number(cell: Value, old: int | float) -> bool:
    """Say whether a cell is the number, to the digits that a spreadsheet keeps."""
    found = number(cell) if isinstance(cell, str) and not isinstance(cell, Fault) else cell
    if found is None or isinstance(found, bool | str):
        return False
    return found == old or f"{found:.{DIGITS}g}" == f"{old:.{DIGITS}g}"
