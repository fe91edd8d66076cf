"""A request on the examples for any operation."""

from __future__ import annotations

from pathlib import Path

from functions.core import Operation

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples"
# An example for each kind of input; a second model is the other revision.
INPUTS = {
    ".ifc": ("house-architecture.ifc", "house-architecture-v2.ifc"),
    ".ids": ("house.ids",),
    ".csv": ("house-doors.csv",),
}


def example(operation: Operation) -> dict[str, str]:
    """Return a request that names example files for all file fields that must be set."""
    chosen: dict[str, str] = {}
    for name, mark in operation.file_fields.items():
        if operation.request.model_fields[name].is_required():
            fitting = next(files for suffix, files in INPUTS.items() if suffix in mark.suffixes)
            chosen[name] = next(file for file in fitting if file not in chosen.values())
    return chosen
