"""A STEP file without the instances of some classes, written before a parser sees it.

Most of a model's text are shapes and properties that an operation does not read, and a parser that is told
to pass over them still goes through every byte. What is referred to and left out stays as a stub: its number
and a class, so that the parser knows it apart from what the file itself lacks.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from mmap import MADV_DONTNEED, mmap
from pathlib import Path

from functions.ifc.step.census import Census, integers

CHUNK_BYTES = 1 << 18
_NUMBER = re.compile(rb"\n#0*(\d{1,9})\s*=")
_REFERENCE = re.compile(rb"#0*(\d{1,9})(?!\d)")
# What is known of an instance; a census knows that it is there.
_THERE, _REFERRED, _KEPT = 1, 2, 3
_FOOT = b"\nENDSEC;\nEND-ISO-10303-21;\n"


def write(data: mmap, start: int, path: Path, census: Census, left_out: Collection[str]) -> str | None:
    """Write the instances from offset `start` on that are not of the classes `left_out`, in upper case.

    Returns the class of the stubs, one of those left out. Returns None where text cannot be told apart from
    instances: where there are comments, or a string goes on with a line that looks like an instance.
    """
    if census.commented:
        return None
    kept = re.compile(
        rb"\n#\d+\s*+=\s*+(?!(?:%s)\s*\()[^\n]*+(?:\n(?!#\d+\s*=)[^\n]*+)*+"
        % b"|".join(sorted(name.encode() for name in left_out))
    )
    expected = sum(census.classes.values()) - sum(map(census.classes.__getitem__, left_out))
    states, found = bytearray(census.numbers), 0
    with path.open("wb") as stream:
        stream.write(data[:start])
        for begin, end in _pieces(data, start):
            lines = kept.findall(data, begin, end)
            found += len(lines)
            if found > expected or any(line.count(b"'") % 2 for line in lines):
                return None
            stream.writelines(lines)
            _note(states, b"".join(b"".join(lines).split(b"'")[::2]))
        if states.count(_KEPT) != expected:
            return None
        stub = min(left_out)
        stream.writelines(b"\n#%d=%s();" % (number, stub.encode()) for number in _places(states, _REFERRED))
        stream.write(_FOOT)
    return stub


def _note(states: bytearray, code: bytes) -> None:
    """Note which instances some lines refer to, and which they are."""
    for number in integers(_REFERENCE.findall(code)):
        if number < len(states) and states[number] == _THERE:
            states[number] = _REFERRED
    for number in integers(_NUMBER.findall(code)):
        if number < len(states):
            states[number] = _KEPT


def _places(states: bytearray, state: int) -> Iterator[int]:
    """Yield the numbers of the instances in a state."""
    place = states.find(state)
    while place >= 0:
        yield place
        place = states.find(state, place + 1)


def _pieces(data: mmap, start: int) -> Iterator[tuple[int, int]]:
    """Yield begin and end of pieces of the file that end where an instance begins, or where they all end."""
    stop = data.rfind(b"ENDSEC")
    while start < stop:
        end = stop
        if start + CHUNK_BYTES < stop:
            end = data.rfind(b"\n#", start + 1, start + CHUNK_BYTES)
            while end > start and not _NUMBER.match(data, end):
                end = data.rfind(b"\n#", start + 1, end)
            if end <= start:
                found = _NUMBER.search(data, start + CHUNK_BYTES, stop)
                end = found.start() if found else stop
        yield start, end
        data.madvise(MADV_DONTNEED)
        start = end
