"""Which elements the rows of a table name, and which cells say something else than the model."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ifcopenshell import entity_instance as Entity

from functions.ifc.reader import clean
from functions.ifc.tables.cells import Value
from functions.ifc.tables.comparison import Comparison
from functions.ifc.tables.rows import Cell, restore


@dataclass
class Difference:
    """What the rows of one element say that the model does not: cells by column."""

    row: int
    elements: Sequence[Entity]
    cells: dict[int, Value]
    conflicts: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Refusal:
    """A cell that is not set, and why."""

    row: int
    column: str
    global_id: str
    cell: str
    reason: str


@dataclass
class Matching:
    """Compares rows with the elements that they name; rows of the same element are one difference.

    `key` is the place of the GlobalId in a row, `index` has the elements by GlobalId.
    """

    compare: Comparison
    key: int
    index: Mapping[str, Sequence[Entity]]
    rows: int = 0
    nameless: int = 0
    unknown: list[tuple[int, str]] = field(default_factory=list)
    ambiguous: set[str] = field(default_factory=set)
    refused: list[Refusal] = field(default_factory=list)
    _seen: dict[str, Difference] = field(default_factory=dict)

    @property
    def elements(self) -> int:
        """How many elements the rows name."""
        return len(self._seen)

    def differences(self) -> list[Difference]:
        """Return what differs, in the order of the rows."""
        return [difference for difference in self._seen.values() if difference.cells]

    def add(self, number: int, row: Sequence[Value]) -> None:
        """Compare a row with the element that it names."""
        self.rows += 1
        cell = row[self.key] if self.key < len(row) else None
        global_id = "" if cell is None else restore(str(cell)).strip()
        if global_id in {"", self.compare.null}:
            self.nameless += 1
        elif global_id not in self.index:
            self.unknown.append((number, clean(global_id)[:80]))
        else:
            self._compare(number, row, global_id)

    def _compare(self, number: int, row: Sequence[Value], global_id: str) -> None:
        elements = self.index[global_id]
        if len(elements) > 1:
            self.ambiguous.add(global_id)
        if len(row) > len(self.compare.columns) + 1:
            self._refuse_rest(number, row, global_id)
        cells = min((self.compare.differ(element, row) for element in elements), key=len)
        known = self._seen.setdefault(global_id, Difference(number, elements, cells))
        if known.row != number:
            both = known.cells.keys() | cells.keys()
            known.conflicts |= {at for at in both if known.cells.get(at, ...) != cells.get(at, ...)}
            known.cells.update(cells)

    def _refuse_rest(self, number: int, row: Sequence[Value], global_id: str) -> None:
        """Refuse what stands in columns without a header."""
        known = {column.place for column in self.compare.columns} | {self.key}
        for place, cell in enumerate(row):
            if place not in known and cell not in {None, ""}:
                title = f"column {place + 1}"
                refusal = Refusal(number, title, global_id, shown(cell), "the column has no header")
                self.refused.append(refusal)


def by_global_id(values: Iterable[tuple[Entity, str]]) -> dict[str, list[Entity]]:
    """Return the elements of (element, GlobalId) by GlobalId: several where it is not unique."""
    index: dict[str, list[Entity]] = {}
    for element, global_id in values:
        index.setdefault(global_id, []).append(element)
    return index


def shown(cell: Value | Cell) -> str:
    """Return a cell as a report shows it."""
    return "" if cell is None else clean(str(cell))[:200]
