"""Select elements, read a row of values for each, arrange the rows, write the table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import ifcopenshell

from functions.core import Files
from functions.ifc.definitions import KINDS, OTHERS, PLACES, Definitions, try_lean
from functions.ifc.gate import FACES, SOLIDS, check_model, open_checked, open_model
from functions.ifc.reader import Reader, clean
from functions.ifc.selector import (
    Key,
    Table,
    avoids_shapes,
    is_known,
    names_classes,
    parse_path,
    reads_places,
    reads_sets,
    select,
)
from functions.ifc.sets import Sets
from functions.ifc.tables.parquet import Column, Scalar, Type, write_parquet
from functions.ifc.tables.rows import (
    TRUE,
    Cell,
    Format,
    Grouping,
    Row,
    group_rows,
    neutralise,
    sort_rows,
    summarise,
    to_cell,
)
from functions.ifc.tables.sheets import MAX_TEXT, open_sheet
from functions.operations.ifccsv import PARQUET, CsvRequest, CsvResult

STEP = 1000  # rows between reports of progress
Formats = dict[int, Format]
UNSET = "\ue000unset\ue000"  # the null marker of typed columns, which no text of a model can be taken for


@dataclass
class Tally:
    """What is counted while the cells are written."""

    empty: int = 0
    neutralised: int = 0
    truncated: int = 0


def run(request: CsvRequest, files: Files) -> CsvResult:
    """Write the table of a model."""
    path = files.input(request.filename)
    paths = [parse_path(query, name=field) for query, field in _queries(request)]
    _formats(request)  # a wrong one is refused before the model is read
    plain = avoids_shapes(request.query, *request.attributes)
    if plain and names_classes(request.query) and reads_sets(paths):
        result = try_lean(lambda quiet: write_lean(request, paths, path, quiet), files)
        if result is not None:
            return result
    model = open_model(path, files, without=(*FACES, *SOLIDS) if plain else ())
    return write(request, Table(paths), model, files)


def write_lean(request: CsvRequest, paths: list[tuple[Key, ...]], path: Path, files: Files) -> CsvResult:
    """Write the table of a model that is opened without what it does not show. Raises Irregular."""
    places = () if reads_places(paths) else PLACES
    checked = check_model(path, files, without=(*FACES, *SOLIDS, *KINDS, *OTHERS, *places))
    with Definitions(checked) as definitions:
        model = open_checked(checked, files)
        return write(request, Table(paths, Sets(Reader(model), definitions)), model, files)


def write(request: CsvRequest, table: Table, model: ifcopenshell.file, files: Files) -> CsvResult:
    """Write the table. Raises Irregular where a lean model does not have what it shows."""
    kind = request.kind
    output = request.output_filename or f"{files.input(request.filename).stem}.{kind}"
    formats, paths = _formats(request), table.paths
    elements = select(model, request.query)
    types: list[set[type]] = [set() for _ in paths]
    marked = request.model_copy(update={"null": UNSET}) if kind == PARQUET else request
    rows, last = arrange(marked, formats, list(_read(table, elements, marked, types, files)))
    tally = Tally()
    width = len(paths)
    target = files.output(output)
    if kind == PARQUET:
        columns = _columns(request, formats, types)
        write_parquet(target, columns, (_typed(row, columns, request.null, tally) for row in rows))
    else:
        with open_sheet(target, kind, rows=len(rows) + 1 + bool(last), delimiter=request.delimiter) as write:
            write([neutralise(clean(title)) for title in request.titles()])
            for done, row in enumerate((*rows, *([last] if last else ())), start=1):
                write([_finish(cell, request.null, kind, tally) for cell in row])
                if done % STEP == 0:
                    files.progress("write", done, len(rows))
    if not elements:
        files.warn("the query selects no elements")
    if tally.truncated:
        files.warn(f"{tally.truncated} texts were cut to the {MAX_TEXT} characters of an XLSX cell")
    unreadable = _warn(request, table, formats, files, elements)
    return CsvResult(
        message=f"{len(rows)} rows and {width} columns of {len(elements)} elements",
        output=output,
        statistics={
            "rows": len(rows),
            "columns": width,
            "elements": len(elements),
            "empty_cells": tally.empty,
            "neutralised_cells": tally.neutralised,
            "unreadable_cells": unreadable,
        },
    )


def arrange(request: CsvRequest, formats: Formats, rows: list[Row]) -> tuple[list[Row], Row | None]:
    """Group, sum up, sort and format, in ifccsv's order; return the rows, and the summary row."""
    places = {name: index for index, name in reversed(list(enumerate(request.columns())))}
    if request.groups:
        parts = [Grouping(places[part.name], part.type, part.varies_value or "") for part in request.groups]
        rows = group_rows(rows, parts, request.null)
    last: Row | None = None
    if request.summaries:
        wanted = [(places[part.name], part.type) for part in request.summaries]
        last = [*summarise(rows, wanted, len(request.columns()), request.null)]
    default = 1 if request.include_global_id else 0
    order = [(places[part.name], part.order == "DESC") for part in request.sort or ()]
    rows = sort_rows(rows, order, default if default < len(request.columns()) else None)
    for column, form in formats.items():
        for row in rows:
            row[column] = row[column] if row[column] == request.null else form(row[column])
        if last and last[column]:
            label, _, value = str(last[column]).partition(": ")
            last[column] = f"{label}: {form(value)}"
    return rows, last


def _queries(request: CsvRequest) -> Iterator[tuple[str, str]]:
    """Yield the query of every column, with the field of the request that it comes from."""
    if request.include_global_id:
        yield "GlobalId", "include_global_id"
    for index, query in enumerate(request.attributes):
        yield query, f"attributes.{index}"


def _formats(request: CsvRequest) -> Formats:
    """Return the formats by column."""
    columns = request.columns()
    return {
        columns.index(part.name): Format(part.format, f"formatting.{index}.format")
        for index, part in enumerate(request.formatting or ())
    }


def _read(
    table: Table,
    elements: Sequence[ifcopenshell.entity_instance],
    request: CsvRequest,
    types: list[set[type]],
    files: Files,
) -> Iterable[Row]:
    """Yield a row of cells for every element, and note the types of each column."""
    for done, element in enumerate(elements):
        if done % STEP == 0:
            files.progress("read", done, len(elements))
        values = table.row(element)
        row = [to_cell(value, request.null) for value in values]
        if request.null is UNSET:
            for known, value, cell in zip(types, values, row, strict=True):
                if value is not None:
                    known.add(bool if isinstance(value, bool) else type(cell))
        yield row


def _columns(request: CsvRequest, formats: Formats, types: Sequence[set[type]]) -> list[Column]:
    """Return the typed columns of a table; what groups and formats have made is text, or a number."""
    made = {part.name: part.type for part in request.groups or () if part.type != "GROUP"}
    columns: list[Column] = []
    names: set[str] = set()
    for index, (title, query) in enumerate(zip(request.titles(), request.columns(), strict=True)):
        name = free = clean(title)
        count = 1
        while name in names:
            count += 1
            name = f"{free} ({count})"
        names.add(name)
        if index in formats or made.get(query) in {"CONCAT", "VARIES"}:
            kind = Type.STRING
        elif query in made:
            kind = Type.DOUBLE
        else:
            kind = _type(types[index])
        columns.append(Column(name, kind))
    return columns


def _type(found: set[type]) -> Type:
    if found == {bool}:
        return Type.BOOLEAN
    if found == {int}:
        return Type.INT64
    return Type.DOUBLE if found and found <= {int, float} else Type.STRING


def _typed(row: Row, columns: Sequence[Column], null: str, tally: Tally) -> list[Scalar]:
    """Return a row of values of the columns' types."""
    values: list[Scalar] = []
    for cell, column in zip(row, columns, strict=True):
        if cell in {UNSET, ""}:
            tally.empty += 1
        if cell == UNSET:
            values.append(None)
        elif column.type is Type.STRING:
            values.append(str(cell).replace(UNSET, null))
        elif column.type is Type.BOOLEAN:
            values.append(cell == TRUE)
        else:
            values.append(int(cell) if column.type is Type.INT64 else float(cell))
    return values


def _finish(cell: Cell, null: str, kind: str, tally: Tally) -> Cell:
    """Return a cell as it is written, and count what is done to it."""
    if not isinstance(cell, str):
        return cell
    if cell in {null, ""}:
        tally.empty += 1
        if len(cell) <= 1:
            return cell
    safe = neutralise(cell)
    tally.neutralised += safe is not cell
    if kind == "xlsx" and len(safe) > MAX_TEXT:
        tally.truncated += 1
        return safe[:MAX_TEXT]
    return safe


def _warn(
    request: CsvRequest,
    table: Table,
    formats: Formats,
    files: Files,
    elements: Sequence[ifcopenshell.entity_instance],
) -> int:
    """Tell the user what the table does not show; return the number of cells that could not be read."""
    columns = request.columns()
    for column in sorted(table.empty.difference(table.faults) if elements else ()):
        if not is_known(table.paths[column], elements):
            files.warn(f"{columns[column]}: no element has such an attribute or property")
    for column, (count, cause) in sorted(table.faults.items()):
        files.warn(f"{columns[column]}: {count} values could not be read: {clean(cause)[:200]}")
    for form in formats.values():
        if form.failed:
            files.warn(f"{form.name}: does not fit {form.failed} different values, which stay as they are")
    return sum(count for count, _ in table.faults.values())
