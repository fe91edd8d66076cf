"""One operation of ours, alone in a fresh process: no child, no queue, no AWS.

python -m benchmarks.ours OPERATION MODEL OUTPUT REQUEST_AS_JSON

With --job behind it, the same as a job of a worker that has run one before: in a child that is forked from
a process with the libraries loaded. Prints what it took as JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
import tempfile
from pathlib import Path

import functions.ifc.thrift  # noqa: F401 - as every child process has it
from functions.core import Files
from functions.core.operation import fill
from functions.core.registry import operation


def run(name: str, model: Path, output: Path, request: dict[str, object]) -> None:
    """Run an operation on a model; its main output becomes `output`."""
    chosen = operation(name)
    field = next(iter(chosen.file_fields))
    parsed = chosen.parse(fill(request, field, model.name))
    inputs = {use.reference: Path(use.reference) for use in parsed.files()} | {model.name: model}
    with tempfile.TemporaryDirectory(dir=output.parent) as scratch:
        files = Files(inputs=inputs, outputs=output.parent, scratch=Path(scratch))
        result = chosen.load()(parsed, files)
    if result.output is None:
        raise SystemExit(f"{name} wrote nothing")
    (output.parent / result.output).rename(output)


def run_job(name: str, model: Path, folder: Path, request: dict[str, object]) -> dict[str, float]:
    """Run an operation as a worker does; return CPU and wall seconds, and the peak in bytes."""
    chosen = operation(name)
    # What starts children is not part of one.
    importlib.import_module("functions.ifc.process").warm((name,))
    execute = importlib.import_module("functions.ifc.local").execute
    field = next(iter(chosen.file_fields))
    parsed = chosen.parse(fill(request, field, str(model)))
    inputs = {use.field: Path(use.reference) for use in parsed.files()}
    execution = execute(chosen, fill(request, field, model.name), inputs, folder=folder)
    return {"cpu_s": execution.cpu_s, "wall_s": execution.wall_s, "peak": execution.peak_bytes}


if __name__ == "__main__":
    name, model, output, request = sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4])
    if sys.argv[5:] == ["--job"]:
        print(json.dumps(run_job(name, model, output.parent, request)))
    else:
        run(name, model, output, request)
        sys.stdout.flush()
        os._exit(0)  # as every child process ends: nothing is taken apart that goes anyway
