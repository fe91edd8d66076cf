"""The text of faces: what thousands of small instances say, read straight out of the STEP file.

A boundary representation is a thousand instances and more. Reading them one by one takes as long as
meshing it, and a lazily opened model keeps each that was ever read. Their lines are found by an index and
compared as text: instance numbers count only by the order in which they are met. Where a file is not
written an instance a line, there are no texts, and nothing is lost but the shortcut.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

CHUNK_BYTES = 1 << 19
MAX_DIGITS = 10  # of a number in front of a line; the gate knows no longer ones
NUMBER_TYPE = "S18"  # what is longer is cut off, and found nowhere
MAX_LINES = 50_000
STRIDE = 500  # lines to read at a time, where they are spread over the file
NUMBER = re.compile(rb"#(\d+)")
LINE_END, HASH, ZERO = b"\n#0"

SPACE = 32
LETTERS = 3  # IFC, with which every class begins
UNSHAPED = np.frombuffer(b"REPRQU", ">u2").astype(np.uint16)  # IfcRel..., IfcProperty..., IfcQuantity...
JOINT = b"\n;"  # a semicolon ends a line, so there is none in it

Numbers = NDArray[np.int64]
Line = tuple[bytes, list[int]]
"""What follows the number of an instance, and the numbers that it refers to."""


@dataclass(frozen=True)
class Content:
    """What instances say with all that they refer to: equal for equal content, but for numbers in `order`."""

    text: bytes
    references: bytes
    order: Numbers


@dataclass(frozen=True)
class Level:
    """Some instances, what follows their numbers, joined, and the numbers that they refer to."""

    numbers: Numbers
    text: bytes
    references: Numbers


class Texts:
    """The lines of a STEP file by instance number; `instances` is how many there must be."""

    def __init__(self, path: Path, instances: int) -> None:
        """Take a file that has passed the gate; it is not read before it is needed."""
        self._path = path
        self._instances = instances

    @cached_property
    def _index(self) -> tuple[NDArray[np.int32], NDArray[Any]]:
        """The numbers of all instances, growing, and the offsets of what follows them."""
        small = self._path.stat().st_size <= np.iinfo(np.uint32).max
        numbers = np.empty(self._instances, np.int32)
        places = np.empty(self._instances, np.uint32 if small else np.int64)
        filled = 0
        met = 0
        for some, offsets, kept in _lines(self._path):
            met += len(some)
            if met > self._instances:
                return numbers[:0], places[:0]
            until = filled + int(kept.sum())
            numbers[filled:until], places[filled:until] = some[kept], offsets[kept]
            filled = until
        numbers, places = numbers[:filled].copy(), places[:filled].copy()
        if (numbers[1:] <= numbers[:-1]).any():
            order = np.argsort(numbers, kind="stable")
            numbers, places = numbers[order], places[order]
        if met != self._instances or (numbers[1:] == numbers[:-1]).any():
            return numbers[:0], places[:0]
        return numbers, places

    @property
    def found(self) -> bool:
        """Whether there are texts at all."""
        return len(self._index[0]) > 0

    def raw(self, numbers: Sequence[int]) -> list[bytes] | None:
        """Return the lines of instances alone, up to the first semicolon; None where one is not found."""
        found = list[bytes]()
        with self._path.open("rb") as file, closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as data:
            for start in range(0, len(numbers), STRIDE):
                text = self._read(np.array(numbers[start : start + STRIDE], np.int64), data)
                if text is None:
                    return None
                found += text.split(JOINT)
                data.madvise(MADV_DONTNEED)
        return found

    def content(self, numbers: Sequence[int]) -> Content | None:
        """Return what instances and those that they refer to say; None where that cannot be told."""
        levels = self._walk(numbers)
        return None if levels is None else _renumber(levels)

    def lines(self, numbers: Sequence[int]) -> dict[int, Line] | None:
        """Return the lines of instances and of those that they refer to; None as `content` does."""
        found = dict[int, Line]()
        levels = self._walk(numbers)
        for level in levels or ():
            references, start = level.references.tolist(), 0
            for number, line in zip(level.numbers.tolist(), level.text.split(JOINT), strict=True):
                end = start + line.count(b"#")
                found[number] = line, references[start:end]
                start = end
        return None if levels is None else found

    def _walk(self, numbers: Sequence[int]) -> list[Level] | None:
        """Walk down the references, a level at a time; None where a line is not found, or may mislead."""
        with self._path.open("rb") as file, closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as data:
            found = list[Level]()
            known = fresh = np.array(numbers, np.int64)
            while len(fresh):
                lines = self._read(fresh, data)
                # A string or a comment may hold anything, also what looks like a reference.
                if lines is None or len(known) > MAX_LINES or b"'" in lines or b"/*" in lines:
                    return None
                met = np.array(NUMBER.findall(lines), dtype=NUMBER_TYPE).astype(np.int64)
                found.append(Level(fresh, lines, met))
                fresh = _fresh(met, known)
                known = np.concatenate([known, fresh])
            data.madvise(MADV_DONTNEED)
        return found

    def _read(self, numbers: Numbers, data: mmap) -> bytes | None:
        """Return what stands behind the numbers of some instances; None where one of them is not found."""
        known, offsets = self._index
        places = np.searchsorted(known, numbers.astype(np.int32))
        if not len(known) or places.max() >= len(known) or (known[places] != numbers).any():
            return None
        return JOINT.join([data[start : data.find(b";", start)] for start in offsets[places].tolist()])


def _lines(path: Path) -> Iterator[tuple[Numbers, Numbers, NDArray[np.bool_]]]:
    """Yield the numbers at the beginning of lines, the offsets of what follows them, and which to keep."""
    with path.open("rb") as file:
        offset, rest = 0, b""
        while chunk := file.read(CHUNK_BYTES):
            cut = chunk.rfind(b"\n")
            text = rest + chunk[:cut]
            if cut >= 0:
                codes = np.frombuffer(text + b"\0" * MAX_DIGITS * 2, np.uint8)
                numbers, places = _parse(codes)
                yield numbers, places + offset, _may_shape(codes, places)
                offset += len(text)
                rest = chunk[cut:]
            else:
                rest += chunk


def _parse(text: NDArray[np.uint8]) -> tuple[Numbers, Numbers]:
    """Return the numbers at the beginning of a text's lines, and where they end."""
    places = np.flatnonzero((text[:-1] == LINE_END) & (text[1:] == HASH)) + 2
    numbers = np.zeros(len(places), np.int64)
    inside = np.ones(len(places), bool)
    for _ in range(MAX_DIGITS):
        digits = text[places] - ZERO  # what is no digit is larger than 9: the bytes wrap around
        inside &= digits <= 9  # noqa: PLR2004
        numbers = np.where(inside, numbers * 10 + digits, numbers)
        places += inside
    return numbers, places


def _may_shape(text: NDArray[np.uint8], places: Numbers) -> NDArray[np.bool_]:
    """Tell of which lines a shape may be made: relationships, properties and quantities are none.

    They are most of many models, and indexing them would take as much memory.
    """
    start = places + 1  # after the =
    start = start + (text[start] == SPACE) + LETTERS
    pairs = text[start].astype(np.uint16) << 8 | text[start + 1]
    return ~np.isin(pairs, UNSHAPED)


def _fresh(met: Numbers, known: Numbers) -> Numbers:
    """Return the numbers that were met and not known, each once, in the order they were met."""
    order = np.argsort(met, kind="stable")
    grown = met[order]
    first = order[np.concatenate([[True], grown[1:] != grown[:-1]])] if len(met) else order
    numbers = met[np.sort(first)]
    among = np.sort(known)
    places = np.minimum(np.searchsorted(among, numbers), len(among) - 1)
    fresh: Numbers = numbers[among[places] != numbers]
    return fresh


def _renumber(levels: list[Level]) -> Content:
    """Return the content with numbers replaced by their order."""
    order = np.concatenate([level.numbers for level in levels])
    ranks = np.argsort(order)
    met = np.concatenate([level.references for level in levels])
    labels = ranks[np.searchsorted(order, met, sorter=ranks)]
    lengths = [len(level.numbers) for level in levels]
    text = b"\n".join([*(NUMBER.sub(b"#", level.text) for level in levels), repr(lengths).encode()])
    return Content(text, labels.astype(np.int32).tobytes(), order)
