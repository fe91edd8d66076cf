"""Measures the elements of a model, writes the quantities into it and a schedule beside it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ifcopenshell.util.element
from ifcopenshell import entity_instance as Entity

from functions.core import Files
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry.texts import Texts
from functions.ifc.quantities.rules import Rules
from functions.ifc.quantities.sets import Writer
from functions.ifc.quantities.takeoff import Takeoff
from functions.ifc.reader import Reader
from functions.ifc.selector import select
from functions.ifc.spatial import Tree
from functions.ifc.tables.rows import neutralise
from functions.ifc.tables.sheets import open_sheet
from functions.operations.ifc5d import QtoRequest, QtoResult

HEAD = [
    "GlobalId", "Class", "Name", "Type", "Storey", "Set", "Quantity", "Value", "Unit", "Status", "Reason",
]  # fmt: skip
VALUE, REASON = HEAD.index("Value"), HEAD.index("Reason")
Line = list[Any]


def run(request: QtoRequest, files: Files) -> QtoResult:
    """Write the model with its quantities, and the schedule."""
    path = files.input(request.input_file)
    checked = check_model(path, files)
    model = open_checked(checked, files)
    reader = Reader(model)
    elements = select(model, request.query)
    takeoff = Takeoff(reader, Rules(model.schema), Texts(checked.path, checked.instances))
    takeoff.on_progress = lambda done, total: files.progress("measure", done, total)
    takeoff.measure(elements)
    writer = Writer(reader, request.mode)
    lines = list(list_lines(elements, takeoff, writer))
    output = files.output(request.output_file or f"{path.stem}_qto.ifc")
    writer.save(checked, output)
    if request.schedule:
        write_schedule(files.output(f"{Path(output.name).stem}.{request.schedule}"), request.schedule, lines)
    statistics = count(elements, takeoff, writer, lines)
    if takeoff.failed:
        number, reason = min(takeoff.failed.items())
        files.warn(
            f"{len(takeoff.failed)} elements have a shape that cannot be made, first #{number}: {reason}"
        )
    if not elements:
        files.warn("the query selects no elements")
    elif not statistics["measured"]:
        files.warn("none of the elements has a quantity that could be measured")
    return QtoResult(
        message=f"{statistics['quantities']} quantities of {statistics['measured']} elements",
        output=output.name,
        statistics=statistics,
    )


def list_lines(elements: list[Entity], takeoff: Takeoff, writer: Writer) -> Iterator[Line]:
    """Write the quantities of every element, and yield the lines of the schedule."""
    reader = takeoff.reader
    tree = Tree.of(reader)
    for element in elements:
        entries = takeoff.entries.get(element.id())
        if entries is None:
            continue
        told = writer.write(element, entries)
        type_, storey = ifcopenshell.util.element.get_type(element), tree.storey(element)
        names = [reader.text(item, "Name") if item else None for item in (element, type_, storey)]
        head = [text or "" for text in (reader.text(element, "GlobalId"), element.is_a(), *names)]
        for entry in entries:
            value = None if entry.value is None else writer.convert(entry)
            unit = writer.units[entry.kind] or ""
            status = told.get((entry.set_name, entry.name), "left out")
            yield [*head, entry.set_name, entry.name, value, unit, status, entry.reason or ""]


def write_schedule(path: Path, kind: str, lines: list[Line]) -> None:
    """Write the schedule: a line a quantity, those left out with their reason."""
    if kind == "json":
        names = [name.lower() if name != "GlobalId" else "global_id" for name in HEAD]
        rows = [dict(zip(names, line, strict=True)) for line in lines]
        with path.open("w", encoding="utf-8") as stream:
            json.dump({"quantities": rows}, stream, ensure_ascii=False, indent=0, allow_nan=False)
        return
    with open_sheet(path, kind, rows=len(lines) + 1) as write:
        write([*HEAD])
        for line in lines:
            write(
                [neutralise(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in line]
            )


def count(elements: list[Entity], takeoff: Takeoff, writer: Writer, lines: list[Line]) -> dict[str, Any]:
    """Return the statistics: an element is measured, or left out with reasons, or no rule knows its class."""
    reasons = Counter(str(line[REASON]) for line in lines if line[REASON])
    return {
        "elements": len(elements),
        "measured": sum(
            any(entry.value is not None for entry in entries) for entries in takeoff.entries.values()
        ),
        "without_rule": sum(element.id() not in takeoff.entries for element in elements),
        "quantities": sum(line[VALUE] is not None for line in lines),
        **{name: writer.counts[name] for name in ("sets", "written", "kept", "replaced")},
        "left_out": dict(sorted(reasons.items())),
        **dict(sorted(takeoff.counts.items())),
    }
