"""The instances of a STEP file as text: where each one stands, what it refers to, what can be reached.

Copying text is what makes subsets cheap: instances that are kept are never parsed, only those are read
that tie others together. The file must have passed the gate.
"""

from __future__ import annotations

import re
from array import array
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import compress
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import BinaryIO, Self
from weakref import finalize

from functions.core.errors import ModelError
from functions.ifc.step import syntax
from functions.ifc.step.census import integers

Rows = Sequence[int]
Marks = bytearray  # one a row, 1 for those that are marked

REFERENCE = re.compile(rb"#0*(\d{1,18}+)\d*+")
STRING = re.compile(rb"'[^']*'")
# A bracketed list of references: no other list of a relationship matters to a subset.
LIST = re.compile(rb"\(\s*#\d+(?:\s*,\s*#\d+)*\s*\)")
_LISTS = re.compile(rb"(%s)" % LIST.pattern)
_LINE = re.compile(rb"\n#0*(\d{1,9}+)\s*+=\s*+(\w++)")
_INSTANCE = re.compile(rb"\s*#\s*0*(\d+)\s*=\s*(\w*)")
_TOKEN = re.compile(rb"\([^()]*\)|[(),]")
CHUNK_BYTES = 1 << 17  # read at a time; larger ones come from the system, page by page
BLOCK_BYTES = 1 << 14  # kept for the next rows, as rows are read in the order of the file
BATCH_BYTES = 1 << 17  # searched at a time
SPARSE = 25  # times as many numbers as instances: a dictionary takes less then
LARGEST = (1 << 32) - 1  # of an array's unsigned integers


class _Places:
    """Where instances begin and end, in bytes, their numbers and classes."""

    def __init__(self, size: int) -> None:
        """Have none yet, of a file of `size` bytes."""
        width = "I" if size <= LARGEST else "Q"
        self.starts, self.ends = array(width), array(width)
        self.numbers, self.kinds = array("I"), array("H")
        self.names: defaultdict[bytes, int] = defaultdict()
        self.names.default_factory = self.names.__len__

    def add(self, offset: int, found: Sequence[re.Match[bytes]]) -> None:
        """Note instances that were found behind an offset."""
        self.starts.extend([offset + match.start() for match in found])
        self.numbers.extend(integers([match[1] for match in found]))
        self.kinds.extend([self.names[match[2]] for match in found])


class StepText:
    """One file. A row is an instance's place in it, from 0.

    `classes` has how many instances there are of each class, in upper case; `""` for those of several; `last`
    is the largest number.
    """

    def __init__(self, stream: BinaryIO, header: bytes, end: int, places: _Places, *, instances: int) -> None:
        """Keep the places of the instances; the stream is closed with this."""
        self._instances = instances
        self.header = header
        self._stream, self._end = stream, end
        finalize(self, stream.close)
        self._starts, self._ends, self._kinds = places.starts, places.ends, places.kinds
        self.numbers = places.numbers
        self._names = [name.decode("ascii").upper() for name in places.names]
        self.classes = Counter[str]()
        for kind, count in Counter(places.kinds).items():
            self.classes[self._names[kind]] += count
        self.last = max(self.numbers, default=0)
        # Row + 1 by number.
        self._table: array[int] | Counter[int] = Counter()
        if self.last <= SPARSE * len(self.numbers):
            self._table = array("I", bytes(self.last * 4 + 4))
        for row, number in enumerate(self.numbers, start=1):
            self._table[number] = row

    @classmethod
    def read(cls, path: Path, *, instances: int) -> Self:
        """Read a file that has as many instances, as the gate has counted them."""
        with path.open("rb") as stream, closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data:
            begin, end = syntax.read_header(data).data_start, data.rfind(b"ENDSEC")
            head = data[:begin].rstrip() + b"\n"
        places = _one_a_line(path, begin, end)
        if places is None or len(places.numbers) != instances:
            places = _slowly(path, begin)
        return cls(path.open("rb", buffering=BLOCK_BYTES), head, end, places, instances=instances)

    def __len__(self) -> int:
        """Return how many instances there are."""
        return len(self.numbers)

    @property
    def is_sound(self) -> bool:
        """Say whether every instance has a number of its own, and none has 0."""
        once = self.last + 1 - self._table.count(0) if isinstance(self._table, array) else len(self._table)
        return once == self._instances and not self._table[0]

    def text(self, row: int) -> bytes:
        """Return an instance as it is written, `#1=IFC...;`."""
        return next(self.texts([row]))

    def texts(self, rows: Iterable[int]) -> Iterator[bytes]:
        """Yield instances as they are written."""
        seek, read = self._stream.seek, self._stream.read
        for row in rows:
            begin = self._starts[row]
            seek(begin)
            yield read(self._ends[row] - begin).rstrip()

    def of(self, number: int) -> bytes:
        """Return the instance of a number as it is written."""
        return self.text(self.rows([number])[0])

    def rows(self, numbers: Iterable[int]) -> list[int]:
        """Return the rows of instance numbers; those that do not exist are left out."""
        table, last = self._table, self.last
        return [row - 1 for number in numbers if number <= last and (row := table[number])]

    def find(self, classes: Collection[str]) -> Iterator[tuple[int, str]]:
        """Yield (row, class) of all instances of some classes, in the order of the file."""
        wanted = [name in classes for name in self._names]
        rows = compress(range(len(self)), map(wanted.__getitem__, self._kinds)) if any(wanted) else ()
        for row in rows:
            yield row, self._names[self._kinds[row]]

    def reach(self, seen: Marks, seeds: Rows, texts: Mapping[int, bytes]) -> None:
        """Mark in `seen` what can be reached from rows; `texts` are read in the stead of some rows' own."""
        frontier = array("I", sorted({row for row in seeds if not seen[row]}))
        for row in frontier:
            seen[row] = True
        while frontier:
            found = array("I")
            for _, text in self._batches(frontier, texts):
                for row in self.rows(set(references(text))):
                    if not seen[row]:
                        seen[row] = True
                        found.append(row)
            frontier = array("I", sorted(found))

    def _batches(self, rows: Rows, texts: Mapping[int, bytes]) -> Iterator[tuple[Rows, bytes]]:
        """Yield rows by the hundred, with their joined texts. What stands together is read together."""
        first = size = begin = end = 0
        batch: list[bytes] = []
        for place, row in enumerate(rows, start=1):
            start, stop = self._starts[row], self._ends[row]
            if row in texts:
                batch.append(texts[row])
            elif start == end:
                end = stop
            else:
                batch.append(self._read(begin, end))
                begin, end = start, stop
            size += stop - start
            if size > BATCH_BYTES or place == len(rows):
                yield rows[first:place], b"".join([*batch, self._read(begin, end)])
                first, size, begin, end = place, 0, 0, 0
                batch.clear()

    def _read(self, begin: int, end: int) -> bytes:
        self._stream.seek(begin)
        return self._stream.read(end - begin)

    def referenced(self) -> Marks:
        """Return which rows another row refers to."""
        marks = bytearray(len(self))
        for rows, text in self._batches(range(len(self)), {}):
            heads = {self.numbers[row] for row in rows}
            counts = Counter(references(text))  # once is the number in front of the instance itself
            for row in self.rows(number for number, count in counts.items() if count > (number in heads)):
                marks[row] = True
        return marks

    def rewrite(self, path: Path, changes: Mapping[int, bytes | None], more: Iterable[bytes]) -> None:
        """Write the file with other texts for some numbers (None: without them), and more instances.

        Everything else stays as it is, comments and blank lines too.
        """
        with path.open("wb") as stream:
            at = 0
            for row in sorted(self.rows(changes)):
                begin, length = self._starts[row], len(self.text(row))
                self._copy(stream, at, begin)
                stream.write(changes[self.numbers[row]] or b"")
                at = begin + length
            self._copy(stream, at, self._end)
            stream.writelines(line + b"\n" for line in more)
            self._stream.seek(self._end)
            stream.write(self._stream.read())

    def _copy(self, stream: BinaryIO, begin: int, end: int) -> None:
        """Copy a piece of the file as it is."""
        self._stream.seek(begin)
        for at in range(begin, end, CHUNK_BYTES):
            stream.write(self._stream.read(min(CHUNK_BYTES, end - at)))

    def write(self, path: Path, seen: Iterable[int], texts: Mapping[int, bytes]) -> int:
        """Write the marked rows in the order of the file, and return how many there are."""
        with path.open("wb") as stream:
            stream.write(self.header)
            rows = array("I", compress(range(len(self)), seen))
            for row, text in zip(rows, self.texts(rows), strict=True):
                stream.write((texts.get(row) or text) + b"\n")
            stream.write(b"ENDSEC;\nEND-ISO-10303-21;\n")
        return len(rows)


def references(text: bytes) -> list[int]:
    """Return the instance numbers in a piece of text, those in strings left out.

    Raises a ModelError where one is larger than any parser reads.
    """
    found = integers(REFERENCE.findall(b"".join(text.split(b"'")[::2])))
    if max(found, default=0) > syntax.MAX_ID:
        raise ModelError(f"#{max(found)} is no instance number; they go from 1 to {syntax.MAX_ID}")
    return found


def numbers(text: bytes) -> Iterator[int]:
    """Return the instance numbers in the text of one instance, those in strings left out, however large.

    `references` takes nearly twice as long for so little text.
    """
    return map(int, REFERENCE.findall(b"".join(text.split(b"'")[::2])))


def arguments(text: bytes) -> list[bytes]:
    """Return the arguments of an instance, without the content of their strings."""
    code = STRING.sub(b"''", text) if b"'" in text else text
    code = code[code.index(b"(") + 1 : code.rindex(b")")]
    parts, depth, begin = [], 0, 0
    for token in _TOKEN.finditer(code):
        depth += (token[0] == b"(") - (token[0] == b")")
        if token[0] == b"," and depth == 0:
            parts.append(code[begin : token.start()].strip())
            begin = token.end()
    return [*parts, code[begin:].strip()]


def links(text: bytes) -> tuple[list[int], list[list[int]]]:
    """Return the references of an instance that stand outside of lists, and those in each of its lists."""
    pieces = _LISTS.split(b"".join(text.split(b"'")[::2]))
    singles = REFERENCE.findall(b"".join(pieces[::2]))
    lists = [[int(found) for found in REFERENCE.findall(piece)] for piece in pieces[1::2]]
    return [int(found) for found in singles[1:]], lists  # the first one is its own number


def filter_lists(text: bytes, drop: Collection[int]) -> bytes:
    """Take references out of the lists of an instance."""

    def shorten(found: re.Match[bytes]) -> bytes:
        members = [int(number) for number in REFERENCE.findall(found[0])]
        left = [number for number in members if number not in drop]
        return found[0] if len(left) == len(members) else b"(%s)" % b",".join(b"#%d" % n for n in left)

    pieces = text.split(b"'")
    pieces[::2] = [LIST.sub(shorten, piece) for piece in pieces[::2]]
    return b"'".join(pieces)


def _one_a_line(path: Path, begin: int, end: int) -> _Places | None:
    """Find the instances where every one begins a line, or None where a comment can look like one."""
    places = _Places(end)
    with path.open("rb", buffering=0) as stream:
        for offset, text in _pieces(stream, begin, end):
            # Looking for one byte is quick.
            if b"*" in text and b"/*" in text and _has_comment(path, begin, end):
                return None
            places.add(offset + 1, list(_LINE.finditer(text)))
    places.ends = places.starts[1:]
    places.ends.append(end)
    return places


def _pieces(stream: BinaryIO, begin: int, end: int) -> Iterator[tuple[int, bytes]]:
    """Yield a part of a file in pieces with their offsets, cut where a line with # begins if there is one."""
    stream.seek(begin)
    text = b""
    at = begin
    while at < end:
        more = stream.read(min(CHUNK_BYTES, end - at))
        at += len(more)
        text += more
        cut = text.rfind(b"\n#", 1) if at < end else len(text)
        if cut < 0:
            cut = len(text) - 1  # inside of a long instance
        yield at - len(text), text[:cut]
        text = text[cut:]


def _has_comment(path: Path, begin: int, end: int) -> bool:
    """Tell whether there is a comment, and not only what looks like one in a string."""
    in_string = False
    with path.open("rb", buffering=0) as stream:
        for _, text in _pieces(stream, begin, end):
            parts = text.split(b"'")
            if any(b"/*" in part for part in parts[in_string::2]):
                return True
            in_string ^= len(parts) % 2 == 0
    return False


def _slowly(path: Path, begin: int) -> _Places:
    """Find the instances however they are written."""
    with path.open("rb") as stream, closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data:
        places = _Places(len(data))
        for statement in syntax.statements(data, begin):
            if found := _INSTANCE.match(statement.code):
                syntax.read_number(data, statement.offset, found[1])
                places.add(statement.offset, [found])
                places.ends.append(statement.end + 1)
    return places
