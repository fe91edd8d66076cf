"""The gate: one way to open a model, for every operation."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ifcopenshell

from functions.core.errors import ModelError, TooLargeError
from functions.core.operation import Files

__all__ = ["open_model"]

# The overloads in ifcopenshell's own annotations do not know `lazy`.
_open: Callable[..., ifcopenshell.file] = ifcopenshell.open


def open_model(path: Path, files: Files) -> ifcopenshell.file:
    """Open a model, or refuse it with a ModelError that names the reason and the place."""
    size = path.stat().st_size
    if size > files.max_input_bytes:
        raise TooLargeError(f"The model has {size} bytes; this operation reads {files.max_input_bytes}")
    try:
        return _open(path, format=".ifc", lazy=True)
    except (ifcopenshell.Error, OSError) as error:
        raise ModelError(f"The model cannot be read: {error}") from None
