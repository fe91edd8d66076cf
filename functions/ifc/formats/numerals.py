"""Numbers as text, many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGITS = 9  # a micrometre, a kilometre from the origin
NOISE = 12  # decimals that are kept at the most: less than a picometre is noise of the sums behind it
AT_ONCE = 4096


def print_rows(rows: NDArray[Any], form: str) -> Iterator[str]:
    """Yield the rows through a %-form for one row, some thousands at a time; no negative zeros."""
    if rows.dtype.kind == "f":
        rows = np.round(rows, NOISE) + 0.0
    for start in range(0, len(rows), AT_ONCE):
        block = rows[start : start + AT_ONCE]
        yield (form * len(block)) % tuple(block.ravel().tolist())


def vector_form(digits: int | None, *, head: str = "", tail: str = " ", size: int = 3) -> str:
    """Return the form of a row of floats with so many significant digits."""
    return head + " ".join([f"%.{digits or DIGITS}g"] * size) + tail
