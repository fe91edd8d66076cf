"""Instance numbers, read out of text by the hundred thousand."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Bytes = NDArray[np.uint8]
    Words = NDArray[np.uint64]

WORD = 8  # bytes
TOO_LARGE = 2**31  # no instance has this number, nor a larger one
ZEROS, BEYOND_NINE, HIGH_BITS = (np.uint64(int(byte * WORD, 16)) for byte in ("30", "76", "80"))
PAIRS = tuple(
    (np.uint64(bits), np.uint64(factor), np.uint64(mask))
    for bits, factor, mask in (
        (8, 10, 0x00FF00FF00FF00FF), (16, 100, 0x0000FFFF0000FFFF), (32, 10_000, 0x00000000FFFFFFFF)
    )
)  # fmt: skip


def read_numbers(codes: Bytes, places: Numbers) -> tuple[Numbers, Numbers]:
    """Return the numbers that begin at some places of a text, 0 where none does, and where they end.

    Those that are too large for an instance become TOO_LARGE.
    """
    codes = np.concatenate([codes, np.zeros(2 * WORD, np.uint8)])
    words = np.ndarray(len(codes) - WORD, "<u8", codes, strides=(1,))
    numbers, counts = _eight(words[places])
    ends = places + counts
    long = np.flatnonzero(counts == WORD)
    while len(long):
        more, counts = _eight(words[ends[long]])
        numbers[long] = np.minimum(numbers[long] * 10**counts + more, TOO_LARGE)
        ends[long] += counts
        long = long[counts == WORD]
    return numbers, ends


def _eight(words: NDArray[Any]) -> tuple[Numbers, Numbers]:
    """Return the numbers that eight bytes each begin with, and how many digits these have.

    See Lemire, "Quickly parsing eight digits" (2018).
    """
    digits = words ^ ZEROS
    other = ((digits + BEYOND_NINE) | digits) & HIGH_BITS
    counts = np.bitwise_count((other & -other) - np.uint64(1)) // np.uint8(8)  # of what is before the first
    value = np.where(counts, digits << (np.uint64(8) * (np.uint64(WORD) - np.maximum(counts, 1))), 0)
    for step, factor, mask in PAIRS:
        value = (value * factor + (value >> step)) & mask
    return value.astype(np.int64), counts.astype(np.int64)
