"""A request on the examples for any operation."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from functions.core import Operation
from functions.core.operation import fill

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# An example for each kind of input; a second model is the other revision.
INPUTS = {
    ".ifc": ("house-architecture.ifc", "house-architecture-v2.ifc"),
    ".ids": ("house.ids",),
    ".csv": ("house-doors.csv",),
}


# Where file fields that need not be set are what the operation is about.
WHOLE: dict[str, Mapping[str, str]] = {
    "ifcclash": {
        "clash_sets.0.a.0.file": "house-services.ifc",
        "clash_sets.0.b.0.file": "house-structure.ifc",
    },
}


def example(operation: Operation) -> dict[str, Any]:
    """Return a request that names example files for all file fields that must be set."""
    chosen: dict[str, str] = {}
    for name, mark in operation.file_fields.items():
        if operation.name not in WHOLE and operation.request.model_fields[name].is_required():
            fitting = next(files for suffix, files in INPUTS.items() if suffix in mark.suffixes)
            chosen[name] = next(file for file in fitting if file not in chosen.values())
    request: dict[str, Any] = {}
    for place, name in {**chosen, **WHOLE.get(operation.name, {})}.items():
        request = fill(request, place, name)
    return request


def example_files(operation: Operation, request: Mapping[str, Any] | None = None) -> dict[str, Path]:
    """Return the files that a request on the examples names, by dotted field."""
    parsed = operation.parse(example(operation) if request is None else request)
    return {use.field: EXAMPLES / use.reference for use in parsed.files()}
