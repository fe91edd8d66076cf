"""Tables of values: cells, grouping, sorting, summaries and formats, as ifccsv 0.9 has them."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from statistics import mean
from typing import Any

import lark
from ifcopenshell.util import selector

from functions.core.errors import InputError
from functions.ifc.reader import clean

Cell = str | int | float
Row = list[Cell]
TRUE, FALSE, CONCAT = "YES", "NO", ", "
# What a spreadsheet takes for a formula, and what a neutralised one looks like: see `neutralise`.
FORMULA = re.compile(r"'*[=+\-@\t\r\n]")
NEUTRALISED = re.compile(r"'+[=+\-@\t\r\n]")
DIGITS = re.compile("([0-9]+)")
PLACEHOLDER = "\ue000"  # stands for the value while a format is parsed: a private character
AGGREGATES: dict[str, Callable[[list[float]], float]] = {"SUM": sum, "AVERAGE": mean, "MIN": min, "MAX": max}


def neutralise(text: str) -> str:
    """Return a text that no spreadsheet runs: with one apostrophe more, where it could be a formula.

    A text that starts with apostrophes before such a character gets one more too, so that
    `restore` gives every text back exactly.
    """
    return "'" + text if FORMULA.match(text) else text


def restore(text: str) -> str:
    """Return the text that `neutralise` made this of."""
    return text[1:] if NEUTRALISED.match(text) else text


def to_cell(value: Any, null: str) -> Cell:  # noqa: ANN401 - any value of a model
    """Return what a value reads in a table: ifccsv's rules, in an order that never changes."""
    if value is None:
        return null
    if isinstance(value, bool):
        return TRUE if value else FALSE
    if isinstance(value, int):
        return value
    if isinstance(value, float):  # those of numpy are floats too
        return float(value) if math.isfinite(value) else str(value)
    return clean(_to_text(value))


def _to_text(value: object) -> str:
    """Return a text, a list, a set or an instance as a text."""
    if isinstance(value, list | tuple):
        return CONCAT.join(map(str, value))
    if isinstance(value, set | frozenset):
        return "{" + CONCAT.join(sorted(map(str, value), key=natural)) + "}"
    return str(value)


def natural(value: Cell) -> tuple[int, Any]:
    """Return a key that sorts numbers first, and texts so that 2 comes before 10, whatever their case."""
    if not isinstance(value, str):
        return 0, value
    parts = DIGITS.split(value)
    return 1, [int(part) if index % 2 else part.lower() for index, part in enumerate(parts)]


def plain(value: Cell) -> tuple[int, Any]:
    """Return a key that sorts numbers first, and texts by their characters."""
    return (1, value) if isinstance(value, str) else (0, value)


def sort_rows(rows: Iterable[Row], order: Sequence[tuple[int, bool]], default: int | None) -> list[Row]:
    """Return rows sorted by (column, descending), the first counting most; else by a default column."""
    found = list(rows)
    for column, descending in reversed(order):
        found.sort(key=lambda row: natural(row[column]), reverse=descending)
    if not order and default is not None:
        found.sort(key=lambda row: plain(row[default]))
    return found


@dataclass(frozen=True)
class Grouping:
    """One column's part in grouping."""

    column: int
    kind: str
    varies: str = ""


def group_rows(rows: Iterable[Row], parts: Sequence[Grouping], null: str) -> list[Row]:
    """Return one row for all rows that agree in the GROUP columns: the last one, others aggregated.

    CONCAT joins distinct values in the order they occur. An aggregate of no number is null, SUM is 0.
    """
    keys = [part.column for part in parts if part.kind == "GROUP"]
    groups: dict[str, list[Row]] = {}
    for row in rows:
        groups.setdefault("-".join(str(row[column]) for column in keys), []).append(row)
    return [_merge(members, parts, null) for members in groups.values()]


def _merge(members: list[Row], parts: Sequence[Grouping], null: str) -> Row:
    """Return the one row that stands for a group."""
    merged = list(members[-1])
    for part in parts:
        texts = list(dict.fromkeys(str(row[part.column]) for row in members))
        if part.kind == "CONCAT":
            merged[part.column] = CONCAT.join(texts)
        elif part.kind == "VARIES" and len(texts) > 1:
            merged[part.column] = part.varies
        elif part.kind in AGGREGATES:
            value = aggregate(part.kind, (row[part.column] for row in members))
            merged[part.column] = null if value is None else value
    return merged


def aggregate(kind: str, cells: Iterable[Cell]) -> float | None:
    """Return SUM, AVERAGE, MIN or MAX of the cells that are numbers; None when nothing can be said."""
    numbers = []
    for cell in cells:
        try:
            numbers.append(float(cell))
        except (ValueError, OverflowError):
            continue
    if not numbers:
        return 0 if kind == "SUM" else None
    return AGGREGATES[kind](numbers)


def summarise(rows: Sequence[Row], wanted: Sequence[tuple[int, str]], width: int, null: str) -> list[str]:
    """Return the last row: `Sum: 12.0` and so on, empty where nothing was asked for."""
    cells = [""] * width
    for column, kind in wanted:
        value = aggregate(kind, (row[column] for row in rows))
        cells[column] = f"{kind.title()}: {null if value is None else value}"
    return cells


@dataclass
class Format:
    """A format such as `round({{value}}, 0.1)`, parsed once; equal values are formatted once."""

    query: str
    name: str
    failed: int = 0
    _tree: Any = None
    _known: dict[Cell, Cell] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Parse the format, or raise an InputError that names its field."""
        try:
            text = self.query.replace("{{value}}", f'"{PLACEHOLDER}"')
            self._tree = selector.format_grammar.parse(text)
        except lark.exceptions.LarkError:
            raise InputError(f"{self.name}: {self.query[:80]!r} is not a format", field=self.name) from None

    def __call__(self, cell: Cell) -> Cell:
        """Return the formatted cell; the cell itself where the format does not fit it, which is counted."""
        if cell not in self._known:
            try:
                self._known[cell] = clean(str(_Formatter(str(cell)).transform(self._tree)))
            except lark.exceptions.LarkError:
                self._known[cell] = cell
                self.failed += 1
        return self._known[cell]


class _Formatter(selector.FormatTransformer):
    """Evaluates a parsed format with a value in the placeholder's stead."""

    def __init__(self, value: str) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self._value = value

    def ESCAPED_STRING(self, args: Any) -> str:  # noqa: ANN401 - the grammar's terminal
        """Return a literal, or the value as it would read had it been written there."""
        text: str = super().ESCAPED_STRING(args)  # type: ignore[no-untyped-call]
        return self._value.replace("\\", "") if text == PLACEHOLDER else text
