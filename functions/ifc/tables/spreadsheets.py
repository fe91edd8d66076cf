"""Reads the first table of an ODS spreadsheet, row by row (ODF 1.2, part 1)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from functions.ifc.tables.cells import Fault, Grid, Value, number
from functions.ifc.tables.packages import open_package, parse

ODF = "urn:oasis:names:tc:opendocument:xmlns"
OFFICE, TABLE, TEXT = (f"{ODF}:{name}:1.0 " for name in ("office", "table", "text"))
ERROR = "urn:org:documentfoundation:names:experimental:calc:xmlns:calcext:1.0 value-type"
SPACES = re.compile(r"[ \t\r\n]{2,}|[\t\r\n]")
MAX_COLUMNS, MAX_ROWS = 16_384, 1_048_576  # of LibreOffice


def read_spreadsheet(path: Path, *, limit: int) -> Grid:
    """Yield (row number from 1, cells) of the first table; dates read as ISO 8601."""
    with open_package(path, limit=limit) as archive:
        table = _Table()
        for _ in parse(archive, "content.xml", start=table.start, end=table.end, text=table.text):
            for first, repeat, cells in table.ready:
                for row in range(first, first + repeat):
                    yield row, list(cells)
            table.ready.clear()


@dataclass
class _Table:
    """The rows of a table as they stream by."""

    ready: list[tuple[int, int, list[Value]]] = field(default_factory=list)
    _tables: int = 0
    _row: int = 1
    _repeat_row: int = 1
    _cells: list[Value] = field(default_factory=list)
    _gap: int = 0  # empty cells that count only when one that is not empty follows
    _repeat: int = 1
    _cell: Mapping[str, str] | None = None
    _lines: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _depth: int = 0  # of paragraphs
    _notes: int = 0  # of annotations

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        """Note what begins."""
        if name == f"{TABLE}table":
            self._tables += 1
        if self._tables != 1:
            return
        if name == f"{OFFICE}annotation":
            self._notes += 1
        elif self._notes:
            return
        elif name == f"{TABLE}table-row":
            self._repeat_row = int(attributes.get(f"{TABLE}number-rows-repeated", "1"))
        elif name in {f"{TABLE}table-cell", f"{TABLE}covered-table-cell"}:
            self._repeat = int(attributes.get(f"{TABLE}number-columns-repeated", "1"))
            self._cell = attributes
        elif name in {f"{TEXT}p", f"{TEXT}h"}:
            self._depth += 1
        elif name == f"{TEXT}s":
            self._parts.append(" " * min(int(attributes.get(f"{TEXT}c", "1")), 1_000_000))
        elif name in {f"{TEXT}tab", f"{TEXT}line-break"}:
            self._parts.append("\t" if name == f"{TEXT}tab" else "\n")

    def end(self, name: str) -> None:
        """Keep what is complete."""
        if name == f"{OFFICE}annotation":
            self._notes -= 1
        if self._tables != 1 or self._notes:
            return
        if name in {f"{TEXT}p", f"{TEXT}h"}:
            self._depth -= 1
            self._lines.append("".join(self._parts))
            self._parts.clear()
        elif name in {f"{TABLE}table-cell", f"{TABLE}covered-table-cell"}:
            self._keep(_value(self._cell or {}, "\n".join(self._lines)))
            self._lines.clear()
        elif name == f"{TABLE}table-row":
            if self._cells:
                self.ready.append((self._row, min(self._repeat_row, MAX_ROWS), self._cells))
            self._row += self._repeat_row
            self._cells, self._gap = [], 0
        elif name == f"{TABLE}table":
            self._tables += 1  # further tables are not read

    def text(self, text: str) -> None:
        """Keep the text of paragraphs; runs of white space count as one (ODF 1.2, part 1, 6.1.2)."""
        if self._depth and self._tables == 1 and not self._notes:
            self._parts.append(SPACES.sub(" ", text))

    def _keep(self, value: Value) -> None:
        if value is None:
            self._gap += self._repeat
            return
        if len(self._cells) + self._gap + self._repeat > MAX_COLUMNS:
            raise ValueError(f"row {self._row} has more than {MAX_COLUMNS} cells")
        self._cells += [None] * self._gap + [value] * self._repeat
        self._gap = 0


def _value(cell: Mapping[str, str], text: str) -> Value:
    """Return what a cell holds."""
    kind = cell.get(f"{OFFICE}value-type")
    if cell.get(ERROR) == "error":
        return Fault(text)
    if kind in {"float", "percentage", "currency"}:
        given = cell.get(f"{OFFICE}value", "")
        found = number(given)
        return Fault(given) if found is None else found
    if kind == "boolean":
        return cell.get(f"{OFFICE}boolean-value") == "true"
    if kind in {"date", "time"}:
        return cell.get(f"{OFFICE}{kind}-value", text)
    return cell.get(f"{OFFICE}string-value", text) or None
