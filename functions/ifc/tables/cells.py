"""What a cell of a table that is read can hold."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
WHOLE = re.compile(r"[+-]?[0-9]{1,18}")


class Fault(str):
    """An error that a spreadsheet shows in a cell, such as #REF!."""

    __slots__ = ()


Value = str | int | float | bool | None
Grid = Iterator[tuple[int, list[Value]]]  # row number from 1, cells


def number(text: str) -> int | float | None:
    """Return the number that a text is, whole ones as int; None when it is none, or not finite."""
    text = text.strip()
    if WHOLE.fullmatch(text):
        return int(text)
    if not NUMBER.fullmatch(text):
        return None
    value = float(text)
    return value if math.isfinite(value) else None
