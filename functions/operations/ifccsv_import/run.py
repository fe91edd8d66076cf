"""Compare a table with what the model holds, set what differs, and report it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import ifcopenshell
from ifcopenshell import entity_instance as Entity

from functions.core import Files
from functions.core.errors import InputError
from functions.ifc.gate import check_model, open_checked
from functions.ifc.reader import Reader, clean
from functions.ifc.step.splice import splice
from functions.ifc.step.syntax import MAX_ID
from functions.ifc.tables.cells import Grid, Value
from functions.ifc.tables.comparison import Column, Comparison, same_number
from functions.ifc.tables.edits import Editor
from functions.ifc.tables.grids import read_grid
from functions.ifc.tables.header import read_header
from functions.ifc.tables.literals import MismatchError, convert
from functions.ifc.tables.rows import CONCAT, Cell, restore, to_cell
from functions.ifc.tables.targets import VALUES, AttributeTarget, PropertyTarget, RefusedError, Resolver
from functions.operations.ifccsv_import import MAX_COLUMNS, ImportRequest, ImportResult

STEP = 1000  # rows between reports of progress
TEXT_LIMITS = {"IfcLabel": 255, "IfcIdentifier": 255}  # ISO 16739-1
Target = AttributeTarget | PropertyTarget


@dataclass
class Difference:
    """What the rows of one element say that the model does not: cells by column."""

    row: int
    elements: list[Entity]
    cells: dict[int, Value]
    conflicts: set[int] = field(default_factory=set)


@dataclass(frozen=True)
class Change:
    """A cell that was set."""

    row: int
    column: str
    global_id: str
    element: str
    kind: str
    name: str
    type: str
    old: Cell | None
    new: Cell | None
    made: str


@dataclass(frozen=True)
class Refusal:
    """A cell that was not set, and why."""

    row: int
    column: str
    global_id: str
    cell: str
    reason: str


@dataclass
class Outcome:
    """What becomes of the table."""

    rows: int = 0
    nameless: int = 0
    unknown: list[tuple[int, str]] = field(default_factory=list)
    ambiguous: set[str] = field(default_factory=set)
    elements: int = 0
    planned: list[tuple[Difference, Column, Target, Any, Cell | None]] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    refused: list[Refusal] = field(default_factory=list)


def run(request: ImportRequest, files: Files) -> ImportResult:
    """Write the changed model and the report of its changes."""
    path, table = files.input(request.ifc_filename), files.input(request.csv_filename)
    output = files.output(request.output_filename or f"{path.stem}_updated.ifc")
    report = files.output(f"{output.stem}.changes.json")
    rows = _guard(table, request, files)
    columns, key = read_header(
        rows, delimiter=request.delimiter, attributes=request.attributes, most=MAX_COLUMNS
    )
    checked = check_model(path, files)
    model = open_checked(checked, files)
    outcome = Outcome()
    compare = Comparison(columns, request.null, table.suffix.lower() == ".xlsx")
    differences = _collect(model, rows, Collector(compare, key, {}, outcome), files)
    _plan(Resolver(model, files.warn), differences, compare, outcome)
    editor = Editor(model)
    _apply(editor, outcome)
    _verify(compare, outcome, files)
    changed, added = editor.texts()
    if editor.added and max(editor.added) > MAX_ID:
        raise InputError("the model has no numbers left for new instances", field="ifc_filename")
    splice(checked.path, output, changed=changed, added=added)
    result = _result(outcome, columns, output.name, len(added))
    _warn(outcome, columns, files)
    _report(report, path, table, result, outcome)
    return result


def _guard(table: Path, request: ImportRequest, files: Files) -> Grid:
    """Yield the rows of the table; its errors name its field."""
    try:
        yield from read_grid(table, delimiter=request.delimiter, limit=files.max_input_bytes)
    except InputError as error:
        error.message = f"The table cannot be read: {error.message}"
        error.args = (error.message,)
        raise error.at("csv_filename") from None


@dataclass
class Collector:
    """Gathers what differs, element by element; rows of the same element are one difference."""

    compare: Comparison
    key: int
    index: dict[str, list[Entity]]
    outcome: Outcome
    seen: dict[str, Difference] = field(default_factory=dict)

    def add(self, number: int, row: Sequence[Value]) -> None:
        """Compare a row with the element that it names."""
        self.outcome.rows += 1
        cell = row[self.key] if self.key < len(row) else None
        global_id = "" if cell is None else restore(str(cell)).strip()
        if global_id in {"", self.compare.null}:
            self.outcome.nameless += 1
        elif global_id not in self.index:
            self.outcome.unknown.append((number, clean(global_id)[:80]))
        else:
            self._compare(number, row, global_id)

    def _compare(self, number: int, row: Sequence[Value], global_id: str) -> None:
        elements = self.index[global_id]
        if len(elements) > 1:
            self.outcome.ambiguous.add(global_id)
        if len(row) > len(self.compare.columns) + 1:
            self._refuse_rest(number, row, global_id)
        cells = min((self.compare.differ(element, row) for element in elements), key=len)
        known = self.seen.setdefault(global_id, Difference(number, elements, cells))
        if known.row != number:
            both = known.cells.keys() | cells.keys()
            known.conflicts |= {at for at in both if known.cells.get(at, ...) != cells.get(at, ...)}
            known.cells.update(cells)

    def _refuse_rest(self, number: int, row: Sequence[Value], global_id: str) -> None:
        """Refuse what stands in columns without a header."""
        known = {column.place for column in self.compare.columns} | {self.key}
        for place, cell in enumerate(row):
            if place not in known and cell not in {None, ""}:
                self.outcome.refused.append(
                    Refusal(
                        row=number, column=f"column {place + 1}", global_id=global_id, cell=_shown(cell),
                        reason="the column has no header",
                    )
                )  # fmt: skip


def _collect(model: ifcopenshell.file, rows: Grid, collector: Collector, files: Files) -> list[Difference]:
    """Compare all rows, and return what differs."""
    for element, global_id in Reader(model).values("IfcRoot", "GlobalId"):
        collector.index.setdefault(global_id, []).append(element)
    for number, row in rows:
        collector.add(number, row)
        if number % STEP == 0:
            files.progress("compare", number, max(number, len(collector.index)))
    if not collector.outcome.rows:
        raise InputError("The table has no rows below its header", field="csv_filename")
    collector.outcome.elements = len(collector.seen)
    return [difference for difference in collector.seen.values() if difference.cells]


def _plan(
    resolver: Resolver, differences: Sequence[Difference], compare: Comparison, outcome: Outcome
) -> None:
    """Find out what every cell that differs would set, or refuse it."""
    taken: dict[tuple[Any, ...], Any] = {}
    for difference in differences:
        element = difference.elements[0]
        olds = compare.cells(element)
        for at, cell in sorted(difference.cells.items()):
            column = compare.columns[at]
            try:
                target = _target(resolver, difference, column, at)
                value = _value(target, cell, olds[at], compare)
                place = _place(target)
                if taken.setdefault(place, value) != value:
                    raise RefusedError("another column sets the same attribute or property otherwise")
            except (RefusedError, MismatchError) as error:
                global_id = str(element.GlobalId)
                refusal = Refusal(difference.row, column.name, global_id, _shown(cell), str(error))
                outcome.refused.append(refusal)
                continue
            new = to_cell(value, compare.null)
            if new == olds[at] or (not isinstance(olds[at], str) and same_number(new, olds[at])):  # type: ignore[arg-type]
                continue
            old = None if olds[at] == compare.null else olds[at]
            outcome.planned.append((difference, column, target, value, old))


def _target(resolver: Resolver, difference: Difference, column: Column, at: int) -> Target:
    if len(difference.elements) > 1:
        raise RefusedError(f"{len(difference.elements)} instances of the model have this GlobalId")
    if at in difference.conflicts:
        raise RefusedError("several rows of this GlobalId disagree")
    return resolver.resolve(difference.elements[0], column.path)


def _value(target: Target, cell: Value, old: Cell, compare: Comparison) -> Any:  # noqa: ANN401
    """Return the value that a cell means for its target; None to unset it."""
    if compare.is_unset(cell):
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


def _apply(editor: Editor, outcome: Outcome) -> None:
    for _, _, target, value, _ in outcome.planned:
        if isinstance(target, AttributeTarget):
            editor.set_attribute(target, value)
        else:
            editor.set_property(target, value)
    editor.apply()


def _verify(compare: Comparison, outcome: Outcome, files: Files) -> None:
    """Read every cell that was set once more, as an export would, and list it."""
    again = Comparison(compare.columns, compare.null, compare.is_cut)
    places = {column.name: index for index, column in enumerate(compare.columns)}
    rows: dict[int, list[Cell]] = {}
    for difference, column, target, value, old in outcome.planned:
        element = difference.elements[0]
        cells = rows.get(element.id()) or again.cells(element)
        rows = {element.id(): cells}
        new = cells[places[column.name]]
        if new != to_cell(value, compare.null):
            files.warn(f"row {difference.row}, {clean(column.name)[:80]}: was set, but reads {_shown(new)!r}")
        outcome.changes.append(
            Change(
                row=difference.row, column=column.name, global_id=str(element.GlobalId),
                element=f"#{element.id()}={element.is_a()}", kind=_kind(target), name=target.name,
                type=target.kind.name, old=old, new=None if value is None else new, made=_made(target),
            )
        )  # fmt: skip


def _kind(target: Target) -> str:
    if isinstance(target, AttributeTarget):
        return "attribute"
    return "quantity" if target.set_class == "IfcElementQuantity" else "property"


def _made(target: Target) -> str:
    """Say what had to be made for a value to be this element's own."""
    if isinstance(target, AttributeTarget) or target.own:
        return "nothing"
    what = "property" if target.holder is not None else "set"
    return f"{what}, over the type's value" if target.inherited else what


def _result(outcome: Outcome, columns: Sequence[Column], output: str, added: int) -> ImportResult:
    attributes = sum(change.kind == "attribute" for change in outcome.changes)
    changed = {change.global_id for change in outcome.changes}
    refused = f", {len(outcome.refused)} refused" if outcome.refused else ""
    return ImportResult(
        message=f"{len(outcome.changes)} cells set in {len(changed)} elements{refused}",
        output=output,
        statistics={
            "rows": outcome.rows,
            "columns": len(columns) + 1,
            "elements": outcome.elements,
            "cells_set": len(outcome.changes),
            "attributes_set": attributes,
            "properties_set": len(outcome.changes) - attributes,
            "elements_changed": len(changed),
            "cells_refused": len(outcome.refused),
            "unknown_global_ids": len(outcome.unknown),
            "ambiguous_global_ids": len(outcome.ambiguous),
            "rows_without_global_id": outcome.nameless,
            "instances_added": added,
        },
    )


def _warn(outcome: Outcome, columns: Sequence[Column], files: Files) -> None:
    """Tell the user what was not done."""
    if not columns:
        files.warn("the table has no column beside the GlobalId")
    if outcome.unknown:
        row, global_id = outcome.unknown[0]
        files.warn(
            f"{len(outcome.unknown)} rows name a GlobalId that the model has not,"
            f" first {global_id!r} in row {row}"
        )
    if outcome.nameless:
        files.warn(f"{outcome.nameless} rows have no GlobalId")
    if outcome.ambiguous:
        files.warn(f"{len(outcome.ambiguous)} GlobalIds belong to several instances: their rows set nothing")
    if outcome.refused:
        one = outcome.refused[0]
        files.warn(
            f"{len(outcome.refused)} cells were refused, first row {one.row},"
            f" column {clean(one.column)[:80]}: {one.reason}"
        )
    for kind, limit in TEXT_LIMITS.items():
        long = sum(change.type == kind and len(str(change.new)) > limit for change in outcome.changes)
        if long:
            files.warn(f"{long} values are longer than the {limit} characters of an {kind}")


def _report(report: Path, path: Path, table: Path, result: ImportResult, outcome: Outcome) -> None:
    """Write the changes, in the order of the table."""
    content = {
        "model": path.name,
        "table": table.name,
        "output": result.output,
        "statistics": result.statistics,
        "changes": [asdict(change) for change in outcome.changes],
        "refused": [asdict(refusal) for refusal in sorted(outcome.refused, key=lambda one: one.row)],
        "unknown": [{"row": row, "global_id": global_id} for row, global_id in outcome.unknown],
    }
    with report.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")


def _shown(cell: Value | Cell) -> str:
    return "" if cell is None else clean(str(cell))[:200]
