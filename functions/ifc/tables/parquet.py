"""Writes a flat table as Apache Parquet: typed columns, nulls, the same bytes every time.

Only what a flat table needs of https://parquet.apache.org/docs/file-format: plain values in one data page a
column and row group, gzip, and Thrift's compact protocol for what describes them. Every reader knows these,
and a library that knows all the rest takes more room than a Lambda function has.
"""

from __future__ import annotations

import gzip
import struct
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import IntEnum
from itertools import islice
from pathlib import Path
from typing import BinaryIO

MAGIC = b"PAR1"
GROUP_ROWS = 50_000
CREATED_BY = "ifcpipe"
GZIP, OPTIONAL, PLAIN, RLE, UTF8 = 2, 1, 0, 3, 0  # numbers of parquet.thrift
# Types of Thrift's compact protocol.
_I32, _I64, _BINARY, _LIST, _STRUCT = 5, 6, 8, 9, 12
_SHORT_LIST = 15

Scalar = bool | int | float | str | None


class Type(IntEnum):
    """The physical types that are written, by their number in parquet.thrift."""

    BOOLEAN = 0
    INT64 = 2
    DOUBLE = 5
    STRING = 6  # BYTE_ARRAY


@dataclass(frozen=True)
class Column:
    """A column's name and type."""

    name: str
    type: Type


def write_parquet(path: Path, columns: Sequence[Column], rows: Iterable[Sequence[Scalar]]) -> None:
    """Write rows of values, each of its column's type or None."""
    groups: list[bytes] = []
    total = 0
    left = iter(rows)
    with path.open("wb") as sink:
        sink.write(MAGIC)
        while chunk := list(islice(left, GROUP_ROWS)):
            groups.append(_write_group(sink, columns, chunk))
            total += len(chunk)
        root = _struct((4, _BINARY, _text("schema")), (5, _I32, _zigzag(len(columns))))
        schema = [root, *map(_element, columns)]
        footer = _struct(
            (1, _I32, _zigzag(1)),
            (2, _LIST, _list(_STRUCT, schema)),
            (3, _I64, _zigzag(total)),
            (4, _LIST, _list(_STRUCT, groups)),
            (6, _BINARY, _text(CREATED_BY)),
        )
        sink.write(footer + struct.pack("<I", len(footer)) + MAGIC)


def _write_group(sink: BinaryIO, columns: Sequence[Column], rows: Sequence[Sequence[Scalar]]) -> bytes:
    """Write a row group, and return what describes it."""
    chunks = [_write_page(sink, column, [row[at] for row in rows]) for at, column in enumerate(columns)]
    size = sum(size for _, size in chunks)
    return _struct(
        (1, _LIST, _list(_STRUCT, [chunk for chunk, _ in chunks])),
        (2, _I64, _zigzag(size)),
        (3, _I64, _zigzag(len(rows))),
    )


def _write_page(sink: BinaryIO, column: Column, values: Sequence[Scalar]) -> tuple[bytes, int]:
    """Write one column of a row group as one page; return what describes it, and its size unpacked."""
    offset = sink.tell()
    levels = _bits([value is not None for value in values])
    levels = _varint(len(levels) << 1 | 1) + levels  # one bit-packed run
    data = (
        struct.pack("<I", len(levels)) + levels + _encode(column, [one for one in values if one is not None])
    )
    packed = gzip.compress(data, 6, mtime=0)
    shape = ((1, _I32, _zigzag(len(values))), (2, _I32, _zigzag(PLAIN)), (3, _I32, _zigzag(RLE)))
    head = _struct(
        (1, _I32, _zigzag(0)),
        (2, _I32, _zigzag(len(data))),
        (3, _I32, _zigzag(len(packed))),
        (5, _STRUCT, _struct(*shape, (4, _I32, _zigzag(RLE)))),
    )
    sink.write(head + packed)
    details = _struct(
        (1, _I32, _zigzag(column.type)),
        (2, _LIST, _list(_I32, [_zigzag(PLAIN), _zigzag(RLE)])),
        (3, _LIST, _list(_BINARY, [_text(column.name)])),
        (4, _I32, _zigzag(GZIP)),
        (5, _I64, _zigzag(len(values))),
        (6, _I64, _zigzag(len(head) + len(data))),
        (7, _I64, _zigzag(len(head) + len(packed))),
        (9, _I64, _zigzag(offset)),
    )
    return _struct((2, _I64, _zigzag(offset)), (3, _STRUCT, details)), len(head) + len(data)


def _encode(column: Column, values: Sequence[Scalar]) -> bytes:
    """Return values in the PLAIN encoding."""
    if column.type is Type.BOOLEAN:
        return _bits([bool(value) for value in values])
    if column.type is Type.STRING:
        texts = [str(value).encode() for value in values]
        return b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack(f"<{len(values)}{'q' if column.type is Type.INT64 else 'd'}", *values)


def _element(column: Column) -> bytes:
    """Return a column of the schema; a text's type is said both the old and the new way."""
    base = (
        (1, _I32, _zigzag(column.type)),
        (3, _I32, _zigzag(OPTIONAL)),
        (4, _BINARY, _text(column.name)),
    )
    if column.type is not Type.STRING:
        return _struct(*base)
    return _struct(*base, (6, _I32, _zigzag(UTF8)), (10, _STRUCT, _struct((1, _STRUCT, _struct()))))


def _bits(flags: Sequence[bool]) -> bytes:
    """Return flags as bits, the first one lowest."""
    number = int("".join("1" if flag else "0" for flag in reversed(flags)) or "0", 2)
    return number.to_bytes((len(flags) + 7) // 8, "little")


def _struct(*fields: tuple[int, int, bytes]) -> bytes:
    """Return a struct of (field, type, content), in the order of the fields."""
    parts, last = [], 0
    for number, kind, content in fields:
        parts.append(bytes([(number - last) << 4 | kind]) + content)
        last = number
    return b"".join(parts) + b"\0"


def _list(kind: int, items: Sequence[bytes]) -> bytes:
    size = len(items)
    head = bytes([size << 4 | kind]) if size < _SHORT_LIST else bytes([0xF0 | kind]) + _varint(size)
    return head + b"".join(items)


def _text(text: str) -> bytes:
    data = text.encode()
    return _varint(len(data)) + data


def _zigzag(number: int) -> bytes:
    return _varint(number << 1)  # none is negative


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 0x7F:  # noqa: PLR2004 - seven bits a byte
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])
