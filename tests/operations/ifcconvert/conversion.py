"""A conversion in this process."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

from functions.core import Files, Result
from functions.operations.ifcconvert import operation
from functions.operations.ifcconvert.run import run


def convert(model: Path, files: Files, warnings: list[str] | None = None, **request: Any) -> Result:
    """Convert a model; what it warns of is added to `warnings`."""
    heard = [] if warnings is None else warnings
    here = dataclasses.replace(files, inputs={model.name: model}, on_warning=heard.append)
    return run(operation.parse({"input_filename": model.name, **request}), here)  # type: ignore[arg-type]
