"""Compare a table with what the model holds, set what differs, and report it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import ifcopenshell

from functions.core import Files
from functions.core.errors import InputError
from functions.ifc.gate import check_model, open_checked
from functions.ifc.reader import Reader, clean
from functions.ifc.step.splice import splice
from functions.ifc.step.syntax import MAX_ID
from functions.ifc.tables.cells import Grid
from functions.ifc.tables.comparison import Column, Comparison
from functions.ifc.tables.edits import Editor
from functions.ifc.tables.grids import read_grid
from functions.ifc.tables.header import read_header
from functions.ifc.tables.matching import Matching, Refusal, by_global_id, shown
from functions.ifc.tables.plan import Plan, Setting, Target
from functions.ifc.tables.rows import Cell, to_cell
from functions.ifc.tables.targets import AttributeTarget, Resolver
from functions.operations.ifccsv_import import MAX_COLUMNS, ImportRequest, ImportResult

STEP = 1000  # rows between reports of progress
TEXT_LIMITS = {"IfcLabel": 255, "IfcIdentifier": 255}  # ISO 16739-1


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
class Outcome:
    """What became of the table."""

    columns: Sequence[Column]
    matching: Matching
    changes: Sequence[Change]
    refused: Sequence[Refusal]


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
    compare = Comparison(columns, request.null, table.suffix.lower() == ".xlsx")
    matching = _match(model, rows, compare, key, files)
    plan = Plan(Resolver(model, files.warn), compare)
    plan.add(matching.differences())
    editor = Editor(model)
    _apply(editor, plan.settings)
    changes = _verify(compare, plan.settings, files)
    outcome = Outcome(columns, matching, changes, [*matching.refused, *plan.refused])
    changed, added = editor.texts()
    if editor.added and max(editor.added) > MAX_ID:
        raise InputError("the model has no numbers left for new instances", field="ifc_filename")
    splice(checked.path, output, changed=changed, added=added)
    result = _result(outcome, output.name, len(added))
    _warn(outcome, files)
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


def _match(model: ifcopenshell.file, rows: Grid, compare: Comparison, key: int, files: Files) -> Matching:
    """Compare all rows with the model."""
    matching = Matching(compare, key, by_global_id(Reader(model).values("IfcRoot", "GlobalId")))
    for number, row in rows:
        matching.add(number, row)
        if number % STEP == 0:
            files.progress("compare", number, max(number, len(matching.index)))
    if not matching.rows:
        raise InputError("The table has no rows below its header", field="csv_filename")
    return matching


def _apply(editor: Editor, settings: Sequence[Setting]) -> None:
    for setting in settings:
        if isinstance(setting.target, AttributeTarget):
            editor.set_attribute(setting.target, setting.value)
        else:
            editor.set_property(setting.target, setting.value)
    editor.apply()


def _verify(compare: Comparison, settings: Sequence[Setting], files: Files) -> list[Change]:
    """Read every cell that was set once more, as an export would, and list it."""
    again = Comparison(compare.columns, compare.null, compare.is_cut)
    places = {column.name: index for index, column in enumerate(compare.columns)}
    rows: dict[int, list[Cell]] = {}
    changes = []
    for setting in settings:
        element, target, name = setting.element, setting.target, setting.column.name
        cells = rows.get(element.id()) or again.cells(element)
        rows = {element.id(): cells}
        new = cells[places[name]]
        if new != to_cell(setting.value, compare.null):
            files.warn(f"row {setting.row}, {clean(name)[:80]}: was set, but reads {shown(new)!r}")
        changes.append(
            Change(
                row=setting.row, column=name, global_id=str(element.GlobalId),
                element=f"#{element.id()}={element.is_a()}", kind=_kind(target), name=target.name,
                type=target.kind.name, old=setting.old, new=None if setting.value is None else new,
                made=_made(target),
            )
        )  # fmt: skip
    return changes


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


def _result(outcome: Outcome, output: str, added: int) -> ImportResult:
    attributes = sum(change.kind == "attribute" for change in outcome.changes)
    changed = {change.global_id for change in outcome.changes}
    refused = f", {len(outcome.refused)} refused" if outcome.refused else ""
    return ImportResult(
        message=f"{len(outcome.changes)} cells set in {len(changed)} elements{refused}",
        output=output,
        statistics={
            "rows": outcome.matching.rows,
            "columns": len(outcome.columns) + 1,
            "elements": outcome.matching.elements,
            "cells_set": len(outcome.changes),
            "attributes_set": attributes,
            "properties_set": len(outcome.changes) - attributes,
            "elements_changed": len(changed),
            "cells_refused": len(outcome.refused),
            "unknown_global_ids": len(outcome.matching.unknown),
            "ambiguous_global_ids": len(outcome.matching.ambiguous),
            "rows_without_global_id": outcome.matching.nameless,
            "instances_added": added,
        },
    )


def _warn(outcome: Outcome, files: Files) -> None:
    """Tell the user what was not done."""
    if not outcome.columns:
        files.warn("the table has no column beside the GlobalId")
    if outcome.matching.unknown:
        row, global_id = outcome.matching.unknown[0]
        files.warn(
            f"{len(outcome.matching.unknown)} rows name a GlobalId that the model has not,"
            f" first {global_id!r} in row {row}"
        )
    if outcome.matching.nameless:
        files.warn(f"{outcome.matching.nameless} rows have no GlobalId")
    if outcome.matching.ambiguous:
        files.warn(
            f"{len(outcome.matching.ambiguous)} GlobalIds belong to several instances: their rows set nothing"
        )
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
        "unknown": [{"row": row, "global_id": global_id} for row, global_id in outcome.matching.unknown],
    }
    with report.open("w", encoding="utf-8") as file:
        json.dump(content, file, ensure_ascii=False, indent=1, allow_nan=False)
        file.write("\n")
