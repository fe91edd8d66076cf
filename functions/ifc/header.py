"""The header of a STEP file (ISO 10303-21, section 8), forgivingly read."""

from __future__ import annotations

from typing import Any

import ifcopenshell

from functions.ifc.reader import clean

TEXTS = (
    "name",
    "time_stamp",
    "preprocessor_version",
    "originating_system",
    "authorization",
)


def read_header(model: ifcopenshell.file) -> dict[str, Any]:
    """Return who wrote the file, when and with what; None and [] for what is empty or damaged."""
    name, description = model.header.file_name, model.header.file_description
    return {
        **{key: _text(name, key) for key in TEXTS},
        "author": _texts(name, "author"),
        "organization": _texts(name, "organization"),
        "description": _texts(description, "description"),
    }


def read_level(model: ifcopenshell.file) -> str | None:
    """Return the implementation level, such as `2;1`; None when it is empty or damaged."""
    return _text(model.header.file_description, "implementation_level")


def _text(record: object, name: str) -> str | None:
    """Return a string of the header, None when it is empty or damaged."""
    value = _read(record, name)
    return clean(value) if isinstance(value, str) and value else None


def _texts(record: object, name: str) -> list[str]:
    """Return the strings of a list in the header, without the empty ones."""
    values = _read(record, name)
    if not isinstance(values, tuple | list):
        return []
    return [clean(value) for value in values if isinstance(value, str) and value]


def _read(record: object, name: str) -> object:
    try:
        return getattr(record, name)
    except (AttributeError, RuntimeError):
        return None
