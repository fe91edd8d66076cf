"""Measures the elements of a model, writes the quantities into it and a schedule beside it."""

from __future__ import annotations

import json
import tempfile
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import ifcopenshell.util.element
from ifcopenshell import entity_instance as Entity

from functions.core import Files
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry.texts import Texts
from functions.ifc.quantities.rules import Rules
from functions.ifc.quantities.sets import Writer
from functions.ifc.quantities.takeoff import Entry, Takeoff
from functions.ifc.reader import Reader
from functions.ifc.selector import select
from functions.ifc.spatial import Tree
from functions.ifc.step.text import StepText
from functions.ifc.tables.rows import neutralise
from functions.ifc.tables.sheets import open_sheet
from functions.ifc.thrift import let_go
from functions.operations.ifc5d import QtoRequest, QtoResult

HEAD = [
    "GlobalId", "Class", "Name", "Type", "Storey", "Set", "Quantity", "Value", "Unit", "Status", "Reason",
]  # fmt: skip
Line = list[Any]
Written = tuple[Entity, list[Entry], dict[tuple[str, str], str]]
"""An element, its quantities, and by set and name what became of each."""


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
    let_go()  # the libraries of geometry kernels have done their work
    output = files.output(request.output_file or f"{path.stem}_qto.ifc")
    with tempfile.TemporaryFile(dir=files.scratch) as news:
        text = StepText.read(checked.path, instances=checked.instances)
        writer = Writer(reader, request.mode, text, news)
        written = write_sets(elements, takeoff, writer)
        if request.schedule:
            schedule = files.output(f"{Path(output.name).stem}.{request.schedule}")
            rows = sum(len(values) for _, values in takeoff.found.values())
            write_schedule(schedule, request.schedule, list_lines(written, reader, writer), rows=rows)
        else:
            deque(written, maxlen=0)  # nobody asks what became of them
        writer.save(output)
    statistics = count(elements, takeoff, writer)
    if takeoff.failed:
        number, reason = min(takeoff.failed.items())
        files.warn(
            f"{len(takeoff.failed)} elements have a shape that cannot be made, first #{number}: {reason}"
        )
    if not elements:
        files.warn("the query selects no elements")
    elif not statistics["measured"]:
        reasons = Counter(statistics["left_out"]).most_common()
        why = ", ".join(f"{reason} ({times})" for reason, times in reasons) or "there is no rule for them"
        files.warn(f"none of the elements has a quantity that could be measured: {why}")
    return QtoResult(
        message=f"{statistics['quantities']} quantities of {statistics['measured']} elements",
        output=output.name,
        statistics=statistics,
    )


def write_sets(elements: list[Entity], takeoff: Takeoff, writer: Writer) -> Iterator[Written]:
    """Write the quantities of every element, and yield what becomes of them."""
    for element in elements:
        entries = takeoff.entries(element)
        if entries is not None:
            yield element, entries, writer.write(element, entries)


def list_lines(written: Iterable[Written], reader: Reader, writer: Writer) -> Iterator[Line]:
    """Yield the lines of the schedule."""
    tree = Tree.of(reader)
    for element, entries, told in written:
        type_, storey = ifcopenshell.util.element.get_type(element), tree.storey(element)
        names = [reader.text(item, "Name") if item else None for item in (element, type_, storey)]
        head = [text or "" for text in (reader.text(element, "GlobalId"), element.is_a(), *names)]
        for entry in entries:
            value = None if entry.value is None else writer.convert(entry)
            unit = writer.units[entry.kind] or ""
            status = told.get((entry.set_name, entry.name), "left out")
            yield [*head, entry.set_name, entry.name, value, unit, status, entry.reason or ""]


def write_schedule(path: Path, kind: str, lines: Iterable[Line], *, rows: int) -> None:
    """Write the schedule, of so many `rows`: a line a quantity, those left out with their reason."""
    if kind == "json":
        write_json(path, lines)
        return
    with open_sheet(path, kind, rows=rows + 1) as write:
        write([*HEAD])
        for line in lines:
            write(
                [neutralise(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in line]
            )


def write_json(path: Path, lines: Iterable[Line]) -> None:
    """Write the schedule as an object with a list of objects, one at a time."""
    names = [name.lower() if name != "GlobalId" else "global_id" for name in HEAD]
    encode = json.JSONEncoder(ensure_ascii=False, indent=0, allow_nan=False).encode
    with path.open("w", encoding="utf-8") as stream:
        stream.write('{\n"quantities": [')
        comma = ""
        for line in lines:
            stream.write(f"{comma}\n{encode(dict(zip(names, line, strict=True)))}")
            comma = ","
        stream.write("\n]\n}" if comma else "]\n}")


def count(elements: list[Entity], takeoff: Takeoff, writer: Writer) -> dict[str, Any]:
    """Return the statistics: an element is measured, or left out with reasons, or no rule knows its class."""
    values = [values for _, values in takeoff.found.values()]
    reasons = Counter(value for some in values for value in some if isinstance(value, str))
    return {
        "elements": len(elements),
        "measured": sum(any(not isinstance(value, str) for value in some) for some in values),
        "without_rule": len(elements) - len(values),
        "quantities": sum(len(some) for some in values) - reasons.total(),
        **{name: writer.counts[name] for name in ("sets", "written", "kept", "replaced")},
        "left_out": dict(sorted(reasons.items())),
        **dict(sorted(takeoff.counts.items())),
    }
