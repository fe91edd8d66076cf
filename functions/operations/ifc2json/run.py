"""Open the model, write it in the layout that is asked for."""

from __future__ import annotations

import tempfile
from typing import Any

from functions.core import Files
from functions.ifc.gate import open_model
from functions.ifc.layouts.bimaps import Array
from functions.ifc.layouts.native import Document
from functions.ifc.reader import Reader
from functions.operations.ifc2json import JsonRequest, JsonResult


def run(request: JsonRequest, files: Files) -> JsonResult:
    """Write the JSON of a model."""
    path = files.input(request.filename)
    output = request.output_filename or f"{path.stem}.json"
    target = files.output(output)
    reader = Reader(open_model(path, files))
    with target.open("w", encoding="utf-8", newline="\n") as stream:

        def progress(done: int, total: int) -> None:
            files.progress("write", done, total)

        if request.profile == "bimaps":
            array = Array(reader)
            array.write(stream, progress)
            found: dict[str, Any] = {"elements": array.count, "properties": array.properties}
            if array.unnamed:
                files.warn(f"{array.unnamed} objects without a GlobalId were left out")
        else:
            with tempfile.TemporaryFile("w+", dir=files.scratch, encoding="utf-8", newline="\n") as spool:
                document = Document(reader, spool)
                document.write(stream, progress)
            found = vars(document.counts)
            if document.values.skipped:
                files.warn(f"{document.values.skipped} properties of an unknown kind were left out")
    if reader.unreadable:
        files.warn(f"{reader.unreadable} attributes could not be read")
    return JsonResult(
        message=f"{found['elements']} elements, {found['properties']} properties",
        output=output,
        statistics={"profile": request.profile, **found, "unreadable": reader.unreadable},
    )
