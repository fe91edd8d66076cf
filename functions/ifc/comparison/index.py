"""A STEP file as arrays: of each instance its class, its own text as a hash, and what it refers to.

A model of 25 MB has half a million instances. Most are the same in both versions of it, and reading them
one by one takes longer than everything else: so equal ones are found here, without being parsed. Whether
those that are left differ is decided by their values and not by their text.

The text of an instance is taken without the numbers of references, without blanks and comments outside
strings, and without the GlobalId and the owner history of rooted instances. Rows count the instances of
a file from 0, in its order.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from mmap import ACCESS_READ, MADV_DONTNEED, PAGESIZE, mmap
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.ifc.comparison.classes import OBJECT, ROOT, Classes, flags
from functions.ifc.step import syntax
from functions.ifc.step.digits import read_numbers
from functions.ifc.step.rows import find

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.gate import Checked

    Hashes = NDArray[np.uint64]
    Rows = NDArray[np.int32]
    Bytes = NDArray[np.uint8]
    Places = NDArray[np.int64]
    Offsets = NDArray[Any]  # of four bytes each where these suffice

CHUNK_BYTES = 1 << 20
LARGEST = 2**32 - 1  # of offsets in four bytes
GUID_LENGTH = 22
# Of "('", a GlobalId and "'," behind a keyword, and of the owner history's "#," or "$,".
HEAD_LENGTH = GUID_LENGTH + 4
SKIPPED = HEAD_LENGTH + 2
QUOTE, HASH, OPEN, CLOSE, COMMA, SEMICOLON, ZERO, DOLLAR, BLANK = b"'#(),;0$ "
SPREAD = np.uint64(0x9E3779B97F4A7C15)
COMMENT = re.compile(rb"('[^']*')|/\*.*?\*/", re.DOTALL)
# What a rooted instance begins with, in a text without the numbers of references.
HEAD = re.compile(rb"\('[^']{22}',[#$],")


@dataclass(frozen=True, eq=False)
class Index:
    """The instances of a file, a row each, and its references, in the order of the text.

    The data section begins at offset `begin`; an instance stands between its `starts` and `ends`, in bytes.
    `depths` says in how many parentheses a reference of a rooted instance stands; `targets` has -1 where
    there is no such instance; `histories` marks references to owner histories; `guids` has the GlobalIds of
    objects.
    """

    schema: str
    numbers: Rows
    kinds: Rows
    begin: int
    starts: Offsets
    ends: Offsets
    local: Hashes
    owners: Rows
    targets: Rows
    depths: NDArray[np.int8]
    histories: NDArray[np.bool_]
    guids: dict[int, str]


@dataclass
class _Chunk:
    """What one piece of a file gives; reference targets are still instance numbers."""

    numbers: Rows
    kinds: Rows
    starts: Offsets
    ends: Offsets
    local: Hashes
    owners: Rows
    targets: Rows
    depths: NDArray[np.int8]
    histories: NDArray[np.bool_]
    guids: dict[int, str]


def read_index(checked: Checked, classes: Classes) -> Index:
    """Read a file that has passed the gate."""
    reading = _Reading(classes, checked.schema)
    with checked.path.open("rb") as file, closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as data:
        begin = syntax.read_header(data).data_start
        if data.find(b"/*", begin) >= 0:
            chunks = list(reading.chunks(COMMENT.sub(_uncomment, data[:]), begin))
        else:
            chunks = list(reading.chunks(data, begin))
    return _join(chunks, checked.schema, begin)


def _uncomment(found: re.Match[bytes]) -> bytes:
    """Return a string as it is, and blanks for a comment: offsets stay."""
    return found[1] or b" " * len(found[0])


@dataclass
class _Reading:
    """Reads the chunks of one file."""

    classes: Classes
    schema: str

    def __post_init__(self) -> None:
        """Ask for each class once what it is."""
        self._flags: list[int] = []

    def chunks(self, data: mmap | bytes, begin: int) -> Iterator[_Chunk]:
        """Yield what the pieces of a file give, each ending behind an instance."""
        rows, size = 0, CHUNK_BYTES
        while begin < len(data):
            text = np.frombuffer(data[begin : begin + size], np.uint8)
            inside = _inside(text)
            ends = np.flatnonzero((text == SEMICOLON) & ~inside)
            if not len(ends):
                if begin + size >= len(data):
                    return
                size *= 2  # an instance longer than a chunk
                continue
            size = CHUNK_BYTES
            stop = int(ends[-1]) + 1
            found = self._read(text[:stop], inside[:stop], ends, begin, rows)
            if isinstance(data, mmap):
                first = begin // PAGESIZE * PAGESIZE
                data.madvise(MADV_DONTNEED, first, begin + stop - first)
            begin += stop
            if found is not None:
                rows += len(found.numbers)
                yield found

    def _read(
        self, text: Bytes, inside: NDArray[np.bool_], ends: Places, begin: int, row: int
    ) -> _Chunk | None:
        """Return what a chunk of whole instances gives; it starts at offset `begin` and at `row`."""
        blanks = np.flatnonzero((text <= BLANK) & ~inside)
        starts = _starts(ends, blanks)
        origins = np.stack([starts, ends + 1]) + begin
        if origins[1, -1] <= LARGEST:
            origins = origins.astype(np.uint32)
        if len(blanks) and not _is_between(blanks, starts, ends):
            keep = np.ones(len(text), bool)
            keep[blanks] = False
            moved = np.cumsum(keep, dtype=np.int64) - 1
            starts, ends = moved[starts], moved[ends]
            text, inside = text[keep], inside[keep]
        real = text[starts] == HASH  # the ENDSEC and what follows are none
        starts, ends, origins = starts[real], ends[real], origins[:, real]
        if not len(starts):
            return None
        return self._parse(text, ~inside, (starts, ends), origins=origins, row=row)

    def _parse(
        self,
        text: Bytes,
        code: NDArray[np.bool_],
        spans: tuple[Places, Places],
        *,
        origins: Offsets,
        row: int,
    ) -> _Chunk:
        """Return what instances give whose text has no blanks outside strings."""
        starts, ends = spans
        places = np.flatnonzero((text == HASH) & code)
        places = places[places <= ends[-1]]
        values, tails = read_numbers(text, places + 1)
        own = np.searchsorted(places, starts)
        brackets = np.flatnonzero(((text == OPEN) | (text == CLOSE)) & code)
        opens = brackets[np.minimum(np.searchsorted(brackets, starts), len(brackets) - 1)]
        is_reference = np.ones(len(places), bool)
        is_reference[own] = False
        places_of, tails_of = places[is_reference], tails[is_reference]
        owners = np.searchsorted(ends, places_of)
        whole = text.tobytes()
        keywords = [whole[a:b] for a, b in zip((tails[own] + 1).tolist(), opens.tolist(), strict=True)]
        kinds = np.array(list(map(self.classes.__getitem__, keywords)), np.int32)
        roots, objects = self._what(kinds)
        headed = roots & _is_headed(text, opens, ends)
        histories = np.zeros(len(places_of), bool)
        heads = np.searchsorted(places_of, opens[headed] + HEAD_LENGTH)
        heads = heads[heads < len(places_of)]
        histories[heads] = np.isin(places_of[heads], opens[headed] + HEAD_LENGTH)
        local = _hash(text, (places_of, tails_of), (opens, ends), headed)
        guids = {
            row + place: whole[start + 2 : start + 2 + GUID_LENGTH].decode("ascii")
            for place, start in zip(
                np.flatnonzero(objects & headed).tolist(), opens[objects & headed].tolist(), strict=True
            )
        }
        return _Chunk(
            numbers=values[own].astype(np.int32),
            kinds=kinds,
            starts=origins[0],
            ends=origins[1],
            local=local + kinds.astype(np.uint64) * SPREAD,
            owners=(owners + row).astype(np.int32),
            targets=values[is_reference].astype(np.int32),
            depths=_depths(text, brackets, places_of, roots[owners]),
            histories=histories,
            guids=guids,
        )

    def _what(self, kinds: Rows) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return which of some instances are rooted, and which are objects."""
        if len(self._flags) < len(self.classes.names):
            self._flags = [flags(names) for names in self.classes.ancestors(self.schema)]
        found = np.array(self._flags, np.int8)[kinds]
        return (found & ROOT) > 0, (found & OBJECT) > 0


def _inside(text: Bytes) -> NDArray[np.bool_]:
    """Return which characters belong to strings; of the two quotes the first one does."""
    borders = np.concatenate([[0], np.flatnonzero(text == QUOTE), [len(text)]])
    turns = np.arange(len(borders) - 1) & 1
    found: NDArray[np.bool_] = np.repeat(turns.astype(bool), np.diff(borders))
    return found


def _starts(ends: Places, blanks: Places) -> Places:
    """Return where the instances begin that end at `ends`: behind the last end and the blanks after it."""
    starts = np.concatenate([[0], ends[:-1] + 1])
    while len(blanks):
        at = np.minimum(np.searchsorted(blanks, starts), len(blanks) - 1)
        blank = blanks[at] == starts
        if not blank.any():
            break
        starts = starts + blank
    return starts


def _is_between(blanks: Places, starts: Places, ends: Places) -> bool:
    """Tell whether blanks stand only between instances."""
    between = int((starts - np.concatenate([[0], ends[:-1] + 1])).sum())
    return between == len(blanks)


def _depths(text: Bytes, brackets: Places, places: Places, chosen: NDArray[np.bool_]) -> NDArray[np.int8]:
    """Return in how many brackets some places stand, 0 for those that are not chosen."""
    found = np.zeros(len(places), np.int8)
    steps = np.where(text[brackets] == OPEN, np.int8(1), np.int8(-1))
    depths = np.concatenate([np.zeros(1, np.int8), np.cumsum(steps, dtype=np.int8)])
    found[chosen] = depths[np.searchsorted(brackets, places[chosen])]
    return found


def _is_headed(text: Bytes, opens: Places, ends: Places) -> NDArray[np.bool_]:
    """Tell which instances begin with a text of 22 characters and a reference or nothing."""
    last = opens + HEAD_LENGTH
    inside = last < ends
    last = np.where(inside, last, 0)
    quoted = (text[opens + 1] == QUOTE) & (text[last - 2] == QUOTE) & (text[last - 1] == COMMA)
    found: NDArray[np.bool_] = inside & quoted & ((text[last] == HASH) | (text[last] == DOLLAR))
    return found


def _hash(
    text: Bytes, references: tuple[Places, Places], spans: tuple[Places, Places], headed: NDArray[np.bool_]
) -> Hashes:
    """Return the hashes of what stands in parentheses, without the digits of references."""
    places, tails = references
    opens, ends = spans
    lengths = tails - places - 1
    keep = np.ones(len(text), bool)
    for digit in range(1, int(lengths.max(initial=0)) + 1):
        keep[(places if digit == 1 else places[lengths >= digit]) + digit] = False
    kept = text[keep].tobytes()
    before = np.concatenate([[0], np.cumsum(lengths)])
    begins = opens - before[np.searchsorted(places, opens)] + SKIPPED * headed
    stops = ends - before[np.searchsorted(places, ends)]
    pieces = [kept[a:b] for a, b in zip(begins.tolist(), stops.tolist(), strict=True)]
    return np.array(list(map(hash, pieces)), np.int64).view(np.uint64)


def _join(chunks: list[_Chunk], schema: str, begin: int) -> Index:
    """Return the index of a file."""

    def join(name: str, kind: type) -> NDArray[Any]:
        return np.concatenate([getattr(chunk, name) for chunk in chunks] or [np.zeros(0, kind)])

    numbers = join("numbers", np.int32)
    return Index(
        schema=schema,
        numbers=numbers,
        begin=begin,
        ends=join("ends", np.int64),
        kinds=join("kinds", np.int32),
        starts=join("starts", np.int64),
        local=join("local", np.uint64),
        owners=join("owners", np.int32),
        targets=find(numbers, join("targets", np.int32)),
        depths=join("depths", np.int8),
        histories=join("histories", bool),
        guids={row: guid for chunk in chunks for row, guid in chunk.guids.items()},
    )
