"""Open the model, write it in the layout that is asked for."""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

from functions.core import Files
from functions.ifc.definitions import KINDS, OTHERS, Definitions, try_lean
from functions.ifc.gate import FACES, SOLIDS, Checked, check_model, open_checked
from functions.ifc.layouts.native import Document
from functions.ifc.reader import Reader
from functions.operations.ifc2json import JsonRequest, JsonResult

# What is not read from the model: property sets come from its text.
UNREAD = {"native": (*FACES, *SOLIDS, *KINDS, *OTHERS), "bimaps": FACES}


def run(request: JsonRequest, files: Files) -> JsonResult:
    """Write the JSON of a model."""
    path = files.input(request.filename)
    output = request.output_filename or f"{path.stem}.json"
    target = files.output(output)
    checked = check_model(path, files, without=UNREAD[request.profile])
    written = try_lean(lambda quiet: write(request, checked, target, quiet), files)
    if written is None:
        counts = {name: count for name, count in checked.counts.items() if name not in (*KINDS, *OTHERS)}
        written = write(request, replace(checked, counts=counts), target, files, whole=True)
    reader, found = written
    if reader.unreadable:
        files.warn(f"{reader.unreadable} attributes could not be read")
    return JsonResult(
        message=f"{found['elements']} elements, {found['properties']} properties",
        output=output,
        statistics={"profile": request.profile, **found, "unreadable": reader.unreadable},
    )


def write(
    request: JsonRequest, checked: Checked, target: Path, files: Files, *, whole: bool = False
) -> tuple[Reader, dict[str, Any]]:
    """Write the JSON; `whole` when the model has its property sets. Raises Irregular."""

    def progress(done: int, total: int) -> None:
        files.progress("write", done, total)

    with ExitStack() as stack:
        definitions = None
        if not whole and request.profile == "native":
            definitions = stack.enter_context(Definitions(checked))
        reader = Reader(open_checked(checked, files))
        stream = stack.enter_context(target.open("w", encoding="utf-8", newline="\n"))
        if request.profile == "bimaps":
            from functions.ifc.layouts.bimaps import Array  # noqa: PLC0415 - few ask for it

            array = Array(reader)
            array.write(stream, progress)
            if array.unnamed:
                files.warn(f"{array.unnamed} objects without a GlobalId were left out")
            return reader, {"elements": array.count, "properties": array.properties}
        spool = stack.enter_context(
            tempfile.TemporaryFile("w+", dir=files.scratch, encoding="utf-8", newline="\n")
        )
        document = Document(reader, spool, definitions)
        document.write(stream, progress)
    if document.values.skipped:
        files.warn(f"{document.values.skipped} properties of an unknown kind were left out")
    return reader, vars(document.counts)
