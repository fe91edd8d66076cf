"""The instances of a STEP file as text: where each one stands, what it refers to, what can be reached.

Copying text is what makes subsets cheap: instances that are kept are never parsed, only those are read
that tie others together. The file must have passed the gate.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from mmap import ACCESS_READ, MADV_DONTNEED, mmap
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

import numpy as np

from functions.ifc.step import syntax

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Rows = NDArray[np.int64]
    Marks = NDArray[np.bool_]

REFERENCE = re.compile(rb"#(\d+)")
INSTANCE = re.compile(rb"\s*#\s*(\d+)\s*=")
STRING = re.compile(rb"'[^']*'")
# A bracketed list of references: no other list of a relationship matters to a subset.
LIST = re.compile(rb"\(\s*#\d+(?:\s*,\s*#\d+)*\s*\)")
MAX_DIGITS = 10
CHUNK_BYTES = 1 << 20
OVERLAP = 1 << 14  # longer than the name of a class
STRIDE = 4000  # instances read at a time
HASH, ZERO, NEWLINE, NINE = ord("#"), ord("0"), ord("\n"), ord("9")


class StepText:
    """One file. A row is an instance's place in it, from 0; `start` and `end` are in bytes."""

    def __init__(self, data: mmap, header: bytes, starts: Rows, ends: Rows, numbers: Rows) -> None:
        """Keep the text and the places of its instances."""
        self.data = data
        self.header = header
        self._starts, self._ends, self.numbers = starts, ends, numbers
        self._order = np.argsort(numbers, kind="stable")
        self._sorted = numbers[self._order]

    @classmethod
    def read(cls, path: Path, *, instances: int) -> Self:
        """Read a file that has as many instances, as the gate has counted them."""
        with path.open("rb") as stream:
            data = mmap(stream.fileno(), 0, access=ACCESS_READ)
        header = syntax.read_header(data)
        begin = header.data_start
        head = data[:begin].rstrip() + b"\n"
        # Only a comment can hold what looks like an instance at the start of a line.
        if data.find(b"/*", begin) < 0 or b"/*" not in b"".join(data[begin:].split(b"'")[::2]):
            found = _one_a_line(data, begin)
            data.madvise(MADV_DONTNEED)
            if len(found[0]) == instances:
                return cls(data, head, *found)
        spans = [
            (place.offset, place.end + 1, int(number[1]))
            for place in syntax.statements(data, begin)
            if (number := INSTANCE.match(place.code))
        ]
        columns = np.array(spans, dtype=np.int64).reshape(-1, 3)
        return cls(data, head, columns[:, 0], columns[:, 1], columns[:, 2])

    def forget(self) -> None:
        """Let go of the file's pages, which count as memory of the process as long as they are mapped."""
        self.data.madvise(MADV_DONTNEED)

    def __len__(self) -> int:
        """Return how many instances there are."""
        return len(self.numbers)

    def text(self, row: int) -> bytes:
        """Return an instance as it is written, `#1=IFC...;`."""
        return self.data[self._starts[row] : self._ends[row]].strip()

    def of(self, number: int) -> bytes:
        """Return the instance of a number as it is written."""
        return self.text(int(self.rows([number])[0]))

    def rows(self, numbers: Iterable[int]) -> Rows:
        """Return the rows of instance numbers; those that do not exist are left out."""
        wanted = np.fromiter(numbers, dtype=np.int64)
        if not len(self._sorted):
            return wanted[:0]
        places = np.minimum(np.searchsorted(self._sorted, wanted), len(self._sorted) - 1)
        found: Rows = self._order[places[self._sorted[places] == wanted]]
        return found

    def find(self, classes: Iterable[str]) -> list[tuple[int, str]]:
        """Return (row, class in upper case) of all instances of some classes, in the order of the file."""
        names = b"|".join(sorted({name.upper().encode() for name in classes}, reverse=True))
        pattern = re.compile(rb"=\s*(" + names + rb")\s*\(")
        begin = int(self._starts[0]) if len(self) else 0
        spans: list[tuple[int, bytes]] = []
        end = len(self.data)
        while begin < end:
            # A name that is cut off at the end of a chunk is found in the next one.
            until = min(begin + CHUNK_BYTES, end)
            spans += ((match.start(), match[1]) for match in pattern.finditer(self.data, begin, until))
            self.forget()
            begin = end if until == end else max(until - OVERLAP, spans[-1][0] + 1 if spans else 0)
        rows = np.searchsorted(self._starts, np.array([at for at, _ in spans], np.int64), side="right") - 1
        heads = self._starts[rows].tolist()
        return [
            (row, name.decode())
            for row, head, (at, name) in zip(rows.tolist(), heads, spans, strict=True)
            # The same words inside a string are no instance.
            if self.data[head + 1 : at].strip().isdigit()
        ]

    def reach(self, seen: Marks, seeds: Sequence[int] | Rows, texts: dict[int, bytes]) -> None:
        """Mark in `seen` what can be reached from rows; `texts` are read in the stead of some rows' own."""
        frontier = np.unique(np.asarray(seeds, dtype=np.int64))
        frontier = frontier[~seen[frontier]]
        while len(frontier):
            seen[frontier] = True
            found = [
                np.unique(self.rows(references(self._join(frontier[begin : begin + STRIDE], texts))))
                for begin in range(0, len(frontier), STRIDE)
            ]
            self.forget()
            frontier = np.unique(np.concatenate(found))
            frontier = frontier[~seen[frontier]]

    def _join(self, rows: Rows, texts: dict[int, bytes]) -> bytes:
        return b"".join(
            [
                texts[row] if row in texts else self.data[self._starts[row] : self._ends[row]]
                for row in rows.tolist()
            ]
        )

    def referenced(self) -> Marks:
        """Return which rows another row refers to."""
        counts = np.zeros(len(self), dtype=np.int64)
        for first in range(0, len(self), STRIDE):
            last = min(first + STRIDE, len(self)) - 1
            rows = self.rows(references(self.data[self._starts[first] : self._ends[last]]))
            counts += np.bincount(rows, minlength=len(self))
            self.forget()
        return counts > 1  # once is the number in front of the instance itself

    def rewrite(self, path: Path, changes: Mapping[int, bytes | None], more: Iterable[bytes]) -> None:
        """Write the file with other texts for some numbers (None: without them), and more instances.

        Everything else stays as it is, comments and blank lines too.
        """
        rows = np.sort(self.rows(sorted(changes)))
        end = self.data.rfind(b"ENDSEC")
        with path.open("wb") as stream:
            at = 0
            for row in rows.tolist():
                begin, text = int(self._starts[row]), self.text(row)
                self._copy(stream, at, begin)
                stream.write(changes[int(self.numbers[row])] or b"")
                at = self.data.find(text, begin) + len(text)
            self._copy(stream, at, end)
            stream.writelines(line + b"\n" for line in more)
            stream.write(self.data[end:])

    def _copy(self, stream: BinaryIO, begin: int, end: int) -> None:
        """Copy a piece of the file as it is."""
        for at in range(begin, end, CHUNK_BYTES):
            stream.write(self.data[at : min(at + CHUNK_BYTES, end)])
            if end - begin > CHUNK_BYTES:
                self.forget()

    def write(self, path: Path, seen: Marks, texts: dict[int, bytes]) -> int:
        """Write the marked rows in the order of the file, and return how many there are."""
        kept = np.flatnonzero(seen)
        with path.open("wb") as stream:
            stream.write(self.header)
            for first in range(0, len(kept), STRIDE):
                some = kept[first : first + STRIDE].tolist()
                stream.writelines((texts.get(row) or self.text(row)) + b"\n" for row in some)
                self.forget()
            stream.write(b"ENDSEC;\nEND-ISO-10303-21;\n")
        return len(kept)


def references(text: bytes) -> list[int]:
    """Return the instance numbers in a piece of text, those in strings left out."""
    return [int(found) for found in REFERENCE.findall(b"".join(text.split(b"'")[::2]))]


def arguments(text: bytes) -> list[bytes]:
    """Return the arguments of an instance, without the content of their strings."""
    code = STRING.sub(b"''", text)
    code = code[code.index(b"(") + 1 : code.rindex(b")")]
    parts, depth, begin = [], 0, 0
    for at, byte in enumerate(code):
        depth += (byte == 40) - (byte == 41)  # noqa: PLR2004 - ( and )
        if byte == 44 and depth == 0:  # noqa: PLR2004 - ,
            parts.append(code[begin:at].strip())
            begin = at + 1
    return [*parts, code[begin:].strip()]


def filter_lists(text: bytes, drop: set[int]) -> tuple[bytes | None, list[int]]:
    """Take references out of the lists of an instance; None for its text where a list would be empty.

    Also returns the references that do not stand in a list.
    """
    pieces = text.split(b"'")
    empty = False

    def shorten(found: re.Match[bytes]) -> bytes:
        nonlocal empty
        members = [int(number) for number in REFERENCE.findall(found[0])]
        left = [number for number in members if number not in drop]
        empty = empty or not left
        return found[0] if len(left) == len(members) else b"(%s)" % b",".join(b"#%d" % n for n in left)

    singles = []
    for place in range(0, len(pieces), 2):
        singles += REFERENCE.findall(LIST.sub(b"", pieces[place]))
        pieces[place] = LIST.sub(shorten, pieces[place])
    return None if empty else b"'".join(pieces), [int(number) for number in singles[1:]]


def _one_a_line(data: mmap, begin: int) -> tuple[Rows, Rows, Rows]:
    """Return starts, ends and numbers, if every line that begins with # is one instance."""
    end = data.rfind(b"ENDSEC")
    found = [_lines(data, at, min(at + CHUNK_BYTES, end)) for at in range(begin - 1, end, CHUNK_BYTES)]
    starts = np.concatenate([starts for starts, _ in found]).astype(np.int64)
    numbers = np.concatenate([numbers for _, numbers in found])
    return starts, np.append(starts[1:], end), numbers


def _lines(data: mmap, begin: int, end: int) -> tuple[Rows, Rows]:
    """Return where the lines with # start behind the line ends of a piece, and their numbers."""
    text = data[begin : end + 2 + MAX_DIGITS]
    data.madvise(MADV_DONTNEED)
    codes = np.frombuffer(text.ljust(end - begin + 2 + MAX_DIGITS, b"\0"), dtype=np.uint8)
    length = end - begin
    places = np.flatnonzero((codes[:length] == NEWLINE) & (codes[1 : length + 1] == HASH)) + 1
    numbers = np.zeros(len(places), dtype=np.int64)
    going = np.ones(len(places), dtype=bool)
    for digit in range(1, MAX_DIGITS + 1):
        byte = codes[places + digit].astype(np.int64)
        going &= (byte >= ZERO) & (byte <= NINE)
        numbers = np.where(going, numbers * 10 + byte - ZERO, numbers)
    return places + begin, numbers
