"""A fast check of a STEP file's syntax (ISO 10303-21), before any parser that would accept half a file.

The body is read in chunks, and every step over it is one call into C: strings are cut out by splitting
at apostrophes (a doubled one toggles twice, so it needs no care), what is left is reduced to `()=;`, and
`()` is removed until nothing but `=;` remains, one pass a level of nesting. Only when something is wrong a
slower reader looks for the statement at fault.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from mmap import MADV_DONTNEED, PAGESIZE, mmap
from typing import NoReturn

from functions.core.errors import ModelError
from functions.ifc.step.census import Census, Tally

CHUNK_BYTES = 1 << 18
MAX_DEPTH = 32
MAX_HEADER_BYTES = 1 << 20
MAX_ID = 2**31 - 1
MAX_DIGITS = 18

HEAD = b"ISO-10303-21"
_NOT_STRUCTURE = bytes(byte for byte in range(256) if byte not in b"()=;")
_LEXEME = re.compile(rb"'[^']*(?:'|\Z)|/\*(?:.*?\*/|.*\Z)", re.S)
_UNFINISHED = re.compile(rb"(?:=\(*)?")
_INSTANCE = re.compile(rb"\s*#\s*(\d+)\s*=\s*([A-Za-z_]\w*)?\s*\(")
_SWALLOWED = re.compile(rb";[ \t]*[\r\n]\s*#\s*\d+\s*=\s*[A-Z]")
_END = re.compile(rb"ENDSEC\s*;\s*END-ISO-10303-21\s*;[\s\0\x1a]*")
_HEADER_ITEMS = (b"FILE_DESCRIPTION", b"FILE_NAME", b"FILE_SCHEMA")
_KEYWORD = re.compile(rb"\s*([A-Z0-9_\-]*)")
_STRING = re.compile(rb"'((?:[^']|'')*)'")

# What people upload by mistake, by its first bytes.
_MAGIC: tuple[tuple[bytes, str], ...] = (
    (b"\xff\xfe", "UTF-16 text; a STEP file is 8-bit text"),
    (b"\xfe\xff", "UTF-16 text; a STEP file is 8-bit text"),
    (b"I\0S\0", "UTF-16 text; a STEP file is 8-bit text"),
    (b"PK", "a zip archive; if it holds one model, name it .ifczip"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a PNG image"),
    (b"SQLite format 3", "an SQLite database"),
    (b"glTF", "a glTF binary"),
    (b"{", "JSON; IFC5 (ifcx) and ifcJSON are not read"),
    (b"[", "JSON; IFC5 (ifcx) and ifcJSON are not read"),
    (b"<", "XML; ifcXML is not read"),
)


@dataclass(frozen=True, kw_only=True)
class Header:
    """The header section: schema names and where they stand, and the offset behind `DATA;`, in bytes."""

    schemas: tuple[str, ...]
    schema_span: tuple[int, int]
    data_start: int


@dataclass(frozen=True, kw_only=True)
class Scan:
    """What a well-formed file holds: its header, how many instances, whether all bytes are ASCII.

    `census` is there if it was asked for, and if every instance begins a line of its own.
    """

    header: Header
    instances: int
    ascii: bool
    census: Census | None


@dataclass(frozen=True)
class Statement:
    """One statement: offsets in bytes of its first character and semicolon, its text without strings."""

    offset: int
    end: int
    code: bytes


def scan(data: mmap | bytes, *, start: int = 0, census: bool = False) -> Scan:
    """Check a whole file from `start` on; raises a ModelError that names the reason and the line."""
    header = read_header(data, start=start)
    body = _Body(data, header.data_start, Tally() if census else None)
    body.read()
    return Scan(
        header=header,
        instances=body.instances,
        ascii=body.ascii and data[start : header.data_start].isascii(),
        census=body.tally.take(body.instances) if body.tally else None,
    )


def read_header(data: mmap | bytes, *, start: int = 0) -> Header:
    """Read the header section, or raise a ModelError that says what it is instead."""
    _check_head(data, start)
    expected = [HEAD, b"HEADER", *_HEADER_ITEMS, b"ENDSEC", b"DATA"]
    schemas: tuple[str, ...] = ()
    span = (0, 0)
    for statement in statements(data, start, stop=start + MAX_HEADER_BYTES):
        found = _KEYWORD.match(statement.code)
        word = found[1] if found else b""
        if expected[0] == b"ENDSEC" and word not in {b"ENDSEC", b"DATA"}:
            continue  # FILE_POPULATION and the like
        if word != expected[0]:
            instead = _word(word or statement.code.strip())
            reason = f"{_word(expected[0])} is missing: {instead} stands in its place"
            fail(data, statement.offset, reason)
        expected.pop(0)
        if word == b"FILE_SCHEMA":
            schemas, span = _schemas(data, statement)
        elif word in _HEADER_ITEMS and not _balanced(statement.code):
            fail(data, statement.offset, f"the parentheses of {_word(word)} are not balanced")
        if not expected:
            return Header(schemas=schemas, schema_span=span, data_start=statement.end + 1)
    if len(data) > start + MAX_HEADER_BYTES:
        fail(data, start, f"its header has more than {MAX_HEADER_BYTES} bytes")
    return fail(data, len(data), f"the file ends before {_word(expected[0])}: it was cut off")


def statements(data: mmap | bytes, start: int, *, stop: int | None = None) -> Iterator[Statement]:
    """Yield the statements from `start` on, without their semicolon; slow, and exact about the places."""
    stop = len(data) if stop is None else min(stop, len(data))
    code = bytearray()
    begin: int | None = None
    at = start
    while at < stop:
        found = _LEXEME.search(data, at)
        until = found.start() if found else len(data)
        while True:
            semicolon = data.find(b";", at, until)
            end = until if semicolon < 0 else semicolon
            text = data[at:end]
            if begin is None and text.strip():
                begin = at + len(text) - len(text.lstrip())
            code += text
            if semicolon < 0:
                break
            yield Statement(semicolon if begin is None else begin, semicolon, bytes(code))
            code.clear()
            begin = None
            at = semicolon + 1
        if found is None:
            return
        if found[0].startswith(b"/*") and not _closed(found[0]):
            fail(data, found.start(), "a comment is not closed")
        if found[0].startswith(b"'"):
            begin = found.start() if begin is None else begin
            _check_string(data, found)
        at = found.end()


def instances(data: mmap | bytes, header: Header) -> Iterator[tuple[int, int, str]]:
    """Yield (offset in bytes, id, entity name in upper case) of every instance; slow."""
    for statement in statements(data, header.data_start):
        found = _INSTANCE.match(statement.code)
        if found is None:
            if statement.code.strip() == b"ENDSEC":
                return
            _no_instance(data, statement)
        number = read_number(data, statement.offset, found[1])
        yield statement.offset, number, (found[2] or b"").decode("ascii").upper()


def read_number(data: mmap | bytes, offset: int, digits: bytes) -> int:
    """Return the instance number that stands at an offset; refuses one that no parser reads."""
    if len(digits) <= MAX_DIGITS and (number := int(digits)) <= MAX_ID:
        return number
    shown = digits[:MAX_DIGITS].decode("ascii") + ("..." if len(digits) > MAX_DIGITS else "")
    fail(data, offset, f"#{shown} is no instance number; they go from 1 to {MAX_ID}")


def line(data: mmap | bytes, offset: int) -> int:
    """Return the number of the line, from 1, that an offset lies in."""
    number, at = 1, 0
    while at < offset:
        step = min(offset - at, CHUNK_BYTES)
        number += data[at : at + step].count(b"\n")
        at += step
    return number


def fail(data: mmap | bytes, offset: int, reason: str) -> NoReturn:
    """Refuse the file: at the line of an offset."""
    raise ModelError(f"The model is not a valid STEP file: {reason}", where=f"line {line(data, offset)}")


@dataclass
class _Body:
    """The DATA section and what follows, chunk by chunk."""

    data: mmap | bytes
    start: int
    tally: Tally | None
    instances: int = 0
    ascii: bool = True
    _in_string: bool = False
    _structure: bytes = b""
    _tail: bytes | None = None
    _chunk: tuple[int, int] = field(default=(0, 0))

    def read(self) -> None:
        """Check everything up to the end of the file."""
        at = self.start
        while at < len(self.data):
            code, end = self._code(at)
            self._forget(at, end)
            at = end
            if self._tail is None:
                head, keyword, rest = code.partition(b"ENDSEC")
                self._check(head)
                if keyword:
                    self._tail = keyword + rest
            else:
                self._tail += code
        if self._in_string or self._tail is None:
            self._explain("the file ends before the ENDSEC of its DATA section: it was cut off")
        if self._structure:
            self._explain("its last instance is not complete")
        if not _END.fullmatch(self._tail or b""):
            self._explain_tail(self._tail or b"")

    def _forget(self, start: int, end: int) -> None:
        """Let go of the file's pages, which count as memory of the process as long as they are mapped."""
        if isinstance(self.data, mmap) and end - start > PAGESIZE:
            first = start // PAGESIZE * PAGESIZE
            self.data.madvise(MADV_DONTNEED, first, end // PAGESIZE * PAGESIZE - first)

    def _code(self, start: int) -> tuple[bytes, int]:
        """Return the code of the next chunk, without strings and comments, and the offset behind it."""
        end = self._cut(start)
        chunk = self.data[start:end]
        ascii = chunk.isascii()
        parts = chunk.split(b"'")
        code = b"".join(parts[self._in_string :: 2])
        if b"/" in code and b"/*" in code:  # looking for one byte takes a tenth of the time
            if self.tally:
                self.tally.commented = True
            end, chunk = self._without_comments(start, end)
            parts = chunk.split(b"'")
            code = b"".join(parts[self._in_string :: 2])
        if not ascii:
            self.ascii = False
            if not code.isascii():
                self._explain_byte(start, end)
        self._in_string ^= len(parts) % 2 == 0
        return code, end

    def _cut(self, start: int) -> int:
        """Return where the chunk from `start` ends: behind a line, so that no token is torn."""
        end = start + CHUNK_BYTES
        if end >= len(self.data):
            return len(self.data)
        for mark in (b"\n", b";"):
            cut = self.data.rfind(mark, start, end)
            if cut >= start:
                return cut + 1
        cut = self.data.find(b";", end)
        return len(self.data) if cut < 0 else cut + 1

    def _without_comments(self, start: int, end: int) -> tuple[int, bytes]:
        """Return a chunk without its comments, and where it ends when its last comment is longer."""
        begin = self.data.find(b"'", start, end) + 1 if self._in_string else start
        kept = [self.data[start:begin]]
        at = counted = begin  # `counted` is outside of strings
        while (mark := self.data.find(b"/*", counted, end)) >= 0:
            if self.data[counted:mark].count(b"'") % 2:
                counted = self.data.find(b"'", mark) + 1
                if not 0 < counted <= end:
                    break  # a string goes on behind the chunk
                continue
            close = self.data.find(b"*/", mark + 2)
            if close < 0:
                fail(self.data, mark, "a comment is not closed")
            kept.append(self.data[at:mark])
            at = counted = close + 2
            end = max(end, at)
        kept.append(self.data[at:end])
        return end, b"".join(kept)

    def _check(self, code: bytes) -> None:
        """Check the instances in a piece of code; what is unfinished waits for the next piece."""
        left = self._structure + code.translate(None, _NOT_STRUCTURE)
        self.instances += left.count(b"=") - self._structure.count(b"=")
        if self.tally:
            self.tally.add(code)
        for _ in range(MAX_DEPTH):
            shorter = left.replace(b"()", b"")
            if len(shorter) == len(left):
                break
            left = shorter
        left = left.replace(b"=;", b"")
        if len(left) > MAX_DEPTH or not _UNFINISHED.fullmatch(left):
            self._explain("its instances cannot be told apart")
        self._structure = left

    def _explain(self, otherwise: str) -> NoReturn:
        """Refuse the file, naming the first statement that is wrong."""
        last = self.start
        for statement in statements(self.data, self.start):
            last = statement.offset
            if statement.code.strip() == b"ENDSEC":
                break
            if not _INSTANCE.match(statement.code) or not statement.code.rstrip().endswith(b")"):
                _no_instance(self.data, statement)
            if statement.code.count(b"=") > 1:
                fail(self.data, last, "a semicolon is missing behind an instance")
            if not _balanced(statement.code):
                fail(self.data, last, f"parentheses are unbalanced, or nested deeper than {MAX_DEPTH}")
        else:
            last = len(self.data)
        fail(self.data, last, otherwise)

    def _explain_tail(self, tail: bytes) -> NoReturn:
        words = tail.replace(b";", b" ").split()[1:]
        if not words:
            fail(self.data, len(self.data), "END-ISO-10303-21; is missing at its end: it was cut off")
        if words[0].startswith(b"DATA"):
            fail(self.data, len(self.data), "it has more than one DATA section; one is read")
        if words[0] == b"END-ISO-10303-21":
            fail(self.data, len(self.data), "something follows its END-ISO-10303-21;")
        fail(self.data, len(self.data), f"{_word(words[0])} stands where END-ISO-10303-21; should")

    def _explain_byte(self, start: int, end: int) -> NoReturn:
        """Refuse the file for a byte outside strings that is not ASCII."""
        at = start
        for found in _LEXEME.finditer(self.data, self.start):
            if found.start() >= end:
                break
            if found.end() > start and not self.data[at : found.start()].isascii():
                break
            at = max(at, found.end())
        text = self.data[at:end]
        offset = at + next((index for index, byte in enumerate(text) if byte >= 0x80), 0)  # noqa: PLR2004
        fail(self.data, offset, f"the byte 0x{self.data[offset]:02X} stands outside a string")


def _check_head(data: mmap | bytes, start: int) -> None:
    """Refuse what is not STEP at all, saying what it is."""
    head = data[start : start + 4096].lstrip()
    if not head:
        raise ModelError("The model is empty", where="byte 0")
    for magic, name in _MAGIC:
        if head.startswith(magic):
            raise ModelError(f"The model is not a STEP file: it is {name}", where="byte 0")
    if not head.startswith((HEAD, b"/*")):
        raise ModelError("The model is not a STEP file: it does not begin with ISO-10303-21;", where="byte 0")


def _check_string(data: mmap | bytes, found: re.Match[bytes]) -> None:
    """Refuse a string that has swallowed the next instance, or the rest of the file: it was not closed."""
    text = found[0]
    if len(text) == 1 or not text.endswith(b"'") or _SWALLOWED.search(text):
        fail(data, found.start(), "a string is not closed")


def _schemas(data: mmap | bytes, statement: Statement) -> tuple[tuple[str, ...], tuple[int, int]]:
    """Return the names in FILE_SCHEMA, and the span of the first one; where it has none, its place."""
    found = list(_STRING.finditer(data, statement.offset, statement.end))
    names = tuple(item[1].decode("ascii", "replace").strip().upper() for item in found)
    span = found[0].span(1) if found else (statement.offset, statement.offset)
    return names, span


def _no_instance(data: mmap | bytes, statement: Statement) -> NoReturn:
    text = " ".join(statement.code.decode("ascii", "replace").split())
    fail(data, statement.offset, f"{text[:40]!r} is no instance")


def _closed(comment: bytes) -> bool:
    return len(comment) >= len(b"/**/") and comment.endswith(b"*/")


def _balanced(code: bytes) -> bool:
    depth = 0
    for byte in code:
        depth += (byte == 40) - (byte == 41)  # noqa: PLR2004 - ( and )
        if not 0 <= depth <= MAX_DEPTH:
            return False
    return depth == 0


def _word(word: bytes) -> str:
    return ascii(word[:40].decode("ascii", "replace"))[1:-1] or "something else"
