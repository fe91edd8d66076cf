"""One operation of ours, alone in a fresh process: no child, no queue, no AWS.

python -m benchmarks.ours OPERATION MODEL OUTPUT REQUEST_AS_JSON
"""

from __future__ import annotations

import json
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


if __name__ == "__main__":
    run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), json.loads(sys.argv[4]))
