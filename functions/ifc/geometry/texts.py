"""The text of shapes: what thousands of small instances say, read straight out of the STEP file.

A boundary representation is a thousand instances and more. Reading them one by one takes as long as
meshing it, and a lazily opened model keeps each that was ever read. So the file is read through once for
all of them: where each line stands, what it says without instance numbers, and which instances it refers
to. Where a file is not written an instance a line, or has comments in between, there are no texts, and
nothing is lost but the shortcut.
"""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from functools import cached_property
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.ifc.step.digests import Digests
from functions.ifc.step.digits import read_numbers
from functions.ifc.step.rows import MISSING, Links, distinct, find, spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Numbers = NDArray[np.int64]
    Rows = NDArray[np.int32]
    Bytes = NDArray[np.uint8]
    Marks = NDArray[np.bool_]

CHUNK_BYTES = 1 << 18
MAX_CLASS = 24  # how far behind a number to look at its class
MAX_LINES = 50_000
STRIDE = 2000  # lines to read at a time, where they are spread over the file
NEWLINE, SPACE, HASH, QUOTE, ZERO = b"\n #'0"
LETTERS = 3  # IFC, with which every class begins
# Relationships, properties and quantities are most of many models; no shape is made of them.
UNSHAPED = (b"REL", b"PROP", b"QUAN")
KINDS = ("IfcCartesianPoint", "IfcPolyLoop", "IfcFace", "IfcFaceOuterBound", "IfcFaceBound")
POINT, LOOP = 0, 1
JOINT = b"\n;"  # a semicolon ends a line, so there is none in it

Line = tuple[bytes, list[int]]
"""What follows the number of an instance, and the numbers that it refers to."""


@dataclass(frozen=True, eq=False)
class Index(Links):
    """The instances that shapes may be made of, by growing number.

    `places` are the offsets of what follows the numbers in the file, `says` hashes of the lines without any
    instance numbers. `kinds` are places among KINDS, or MISSING.
    """

    numbers: Rows
    places: NDArray[Any]
    says: Numbers
    kinds: NDArray[np.int8]

    def __len__(self) -> int:
        """How many there are."""
        return len(self.numbers)

    def row(self, number: int) -> int:
        """Return the row of an instance number, or MISSING."""
        numbers = self.numbers.data  # an array itself is slow to look into, one by one
        row = bisect_left(numbers, number)
        return row if row < len(numbers) and numbers[row] == number else MISSING

    def rows(self, numbers: Sequence[int] | Numbers) -> Rows:
        """Return the rows of some instance numbers, MISSING for those that are not there."""
        wanted = np.asarray(numbers).astype(np.int32)  # of another type, all numbers would be copied
        rows = np.searchsorted(self.numbers, wanted).astype(np.int32)
        rows[rows == len(self)] = MISSING
        if len(self):
            rows[self.numbers[rows] != wanted] = MISSING
        return rows

    def digests(self, more: Mapping[int, Sequence[int]]) -> Digests:
        """Return the digests of the rows; `more` has what counts besides the references, by numbers."""
        return Digests.of(self.says.view(np.uint64), self._extend(more))

    def _extend(self, more: Mapping[int, Sequence[int]]) -> Links:
        """Return what the rows refer to, and behind it what some count besides."""
        owners = self.rows([owner for owner, some in more.items() for _ in some])
        targets = self.rows([target for some in more.values() for target in some])
        order = np.argsort(owners, kind="stable")
        order = order[owners[order] != MISSING]
        owners, targets = owners[order], targets[order]
        counts = np.concatenate([[0], np.cumsum(np.bincount(owners, minlength=len(self)))])
        return Links(
            self.starts + counts.astype(np.int32),
            np.insert(self.references, self.starts[owners + 1], targets),
        )


class Texts:
    """The lines of a STEP file by instance number; `instances` is how many there must be."""

    def __init__(self, path: Path, instances: int) -> None:
        """Take a file that has passed the gate; it is not read before it is needed."""
        self._path = path
        self._instances = instances

    @cached_property
    def index(self) -> Index:
        """Where everything is; empty where the file is written in another way."""
        parts = list[_Part]()
        met = 0
        try:
            for text, offset in _chunks(self._path):
                part, lines = _scan(text, offset)
                met += lines
                parts.append(part)
        except _CommentError:
            met = MISSING
        return _join(parts if met == self._instances else [])

    @property
    def found(self) -> bool:
        """Whether there are texts at all."""
        return len(self.index) > 0

    def open(self) -> int:
        """Open the file to read parts of it; return its descriptor."""
        return os.open(self._path, os.O_RDONLY)

    def write(self, path: Path, *, without: Marks) -> None:
        """Write the file without the lines of some rows: what is left of each is where it ends."""
        places = np.sort(self.index.places[without])
        with path.open("wb") as file:
            for text, offset in _chunks(self._path):
                codes = np.frombuffer(text, np.uint8)
                ends = np.flatnonzero(codes == NEWLINE)
                first, last = np.searchsorted(places, np.array([offset, offset + len(text)], places.dtype))
                lines = np.searchsorted(ends, places[first:last] - offset)
                kept = np.ones(len(ends) + 1, bool)
                kept[lines] = False
                lengths = np.diff(ends, prepend=0, append=len(codes))
                whole = np.repeat(kept, lengths)
                whole[ends] = True
                file.write(codes[whole].tobytes())

    def read(self, rows: Rows) -> list[bytes]:
        """Return what stands behind the numbers of some instances, up to the first semicolon."""
        found = list[bytes]()
        with self._path.open("rb") as file, closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as data:
            for start in range(0, len(rows), STRIDE):
                places = self.index.places[rows[start : start + STRIDE]].tolist()
                found += [data[place : data.find(b";", place)] for place in places]
                data.madvise(MADV_DONTNEED)
        return found

    def lines(self, numbers: Sequence[int]) -> dict[int, Line] | None:
        """Return the lines of instances and of all those that they refer to.

        None where one of them is not there, or may mislead: a string may hold what ends a line.
        """
        seen, count = np.zeros(len(self.index), bool), 0
        fresh = distinct(self.index.rows(numbers))
        while len(fresh):
            count += len(fresh)
            if fresh[0] == MISSING or count > MAX_LINES:
                return None
            seen[fresh] = True
            below = distinct(self.index.below(fresh)[0])
            fresh = below[(below == MISSING) | ~seen[below]]
        known = np.flatnonzero(seen).astype(np.int32)
        lines = self.read(known)
        if any(b"'" in line for line in lines):
            return None
        references, counts = self.index.below(known)
        ends = np.cumsum(counts)[:-1]
        each = np.split(self.index.numbers[references], ends)
        return {
            number: (line, some.tolist())
            for number, line, some in zip(self.index.numbers[known].tolist(), lines, each, strict=True)
        }


class _CommentError(Exception):
    """There may be a comment between instances, and anything in it."""


@dataclass(frozen=True)
class _Part:
    """What `Index` has, of a part of the file, with numbers instead of rows."""

    numbers: Rows
    places: Numbers
    says: Numbers
    kinds: NDArray[np.int8]
    counts: Rows
    references: Rows


_NO_ROWS = np.zeros(0, np.int32)
_NONE = np.zeros(0, np.int64)
EMPTY = _Part(_NO_ROWS, _NONE, _NONE, np.zeros(0, np.int8), _NO_ROWS, _NO_ROWS)


def _chunks(path: Path) -> Iterator[tuple[bytes, int]]:
    """Yield parts of the file that begin with the beginnings of lines, and their offsets."""
    with path.open("rb") as file:
        offset, rest = 0, b""
        while chunk := file.read(CHUNK_BYTES):
            text = rest + chunk
            cut = text.rfind(b"\n#", max(len(rest) - 1, 0))
            if cut <= 0:
                rest = text
                continue
            yield text[:cut], offset
            rest = text[cut:]
            offset += cut
        yield rest, offset


def _scan(text: bytes, offset: int) -> tuple[_Part, int]:
    """Read a part of the file; also return how many lines there are, with those that shapes do not need."""
    codes = np.frombuffer(text + b"\0" * MAX_CLASS, np.uint8)
    heads = np.flatnonzero(codes == NEWLINE)
    heads = heads[codes[heads + 1] == HASH]
    numbers, ends = read_numbers(codes, heads + 2)
    classes = ends + 1 + (codes[ends + 1] == SPACE) + LETTERS  # after the =
    kept = ~np.logical_or.reduce([_begins(codes, classes, word) for word in UNSHAPED])
    lengths = np.diff(heads, append=len(text))
    some = codes[heads[0] if len(heads) else len(text) : len(text)][np.repeat(kept, lengths)]
    starts = np.cumsum(lengths[kept]) - lengths[kept]
    counts, references, rest = _refer(some, starts, starts + (ends - heads)[kept])
    plain = rest.tobytes()
    if b"/" in plain and b"/*" in plain:
        raise _CommentError
    says = np.fromiter(map(hash, plain.split(b"\n#")[1:]), np.int64, len(starts))
    kinds = np.full(len(classes), MISSING, np.int8)
    for kind, name in enumerate(KINDS):
        kinds[_begins(codes, classes, name[LETTERS:].upper().encode() + b"(")] = kind
    return _Part(
        numbers[kept].astype(np.int32),
        ends[kept] + offset,
        says,
        kinds[kept],
        counts.astype(np.int32),
        references.astype(np.int32),
    ), len(kept)


def _refer(codes: Bytes, heads: Numbers, ends: Numbers) -> tuple[Numbers, Numbers, Bytes]:
    """Return how many references lines have, the numbers they refer to, and the text without numbers.

    Lines begin at `heads`; their own numbers end at `ends`.
    """
    marks = np.flatnonzero(codes == HASH)
    counts = np.diff(np.searchsorted(marks, heads), append=len(marks)) if len(heads) else heads
    own = np.zeros(len(marks), bool)
    own[np.cumsum(counts) - counts] = True
    quotes = np.flatnonzero(codes == QUOTE)
    if len(quotes):  # what stands in a string is no reference
        owners = np.repeat(np.arange(len(heads)), counts)
        before = np.searchsorted(quotes, marks) - np.searchsorted(quotes, heads)[owners]
        outside = before % 2 == 0
        marks, own = marks[outside], own[outside]
        counts = np.bincount(owners[outside], minlength=len(heads))
    stops = np.empty(len(marks), np.int64)
    stops[own] = ends
    numbers, stops[~own] = read_numbers(codes, marks[~own] + 1)
    bounds = np.stack([marks + 1, stops], axis=1).ravel()
    runs = np.diff(bounds, prepend=0, append=len(codes))
    plain = codes[np.repeat(np.arange(len(runs)) % 2 == 0, runs)]
    return counts - 1, numbers, plain


def _begins(codes: Bytes, places: Numbers, word: bytes) -> Marks:
    """Tell at which places a word begins."""
    left = np.arange(len(places))
    for at, letter in enumerate(word):
        left = left[codes[places[left] + at] == letter]
    found = np.zeros(len(places), bool)
    found[left] = True
    return found


def _join(parts: Sequence[_Part]) -> Index:
    """Return the parts as one; nothing where two instances have the same number."""
    numbers, places, says, kinds, counts, references = (
        np.concatenate([getattr(part, each.name) for part in (EMPTY, *parts)]) for each in fields(_Part)
    )
    if (numbers[1:] <= numbers[:-1]).any():
        order = np.argsort(numbers, kind="stable")
        starts = (np.cumsum(counts) - counts)[order]
        numbers, places, says, kinds, counts = (
            values[order] for values in (numbers, places, says, kinds, counts)
        )
        references = references[spread(starts, counts)]
        if (numbers[1:] == numbers[:-1]).any():
            return _join([])
    starts = np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
    if not len(places) or places.max() <= np.iinfo(np.uint32).max:
        places = places.astype(np.uint32)
    return Index(starts, find(numbers, references), numbers, places, says, kinds)
