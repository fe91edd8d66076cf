"""The lines of a STEP file by instance number: what is sooner read from the text than from a parser.

Most files have an instance a line, nearly all in the order of their numbers: it is enough to know what stands
every few kilobytes. What is written in another way raises `Irregular`, or is not found.
"""

from __future__ import annotations

import os
import re
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from functions.ifc.gate import Checked

CHUNK_BYTES = 1 << 16
STEP_BYTES = 1 << 12
MAX_LOST = 64  # lines in a row that the index knows and cannot use

_BEGIN = re.compile(rb"\n#(\d{1,18})= *")


class Irregular(Exception):
    """A line that is not written the usual way, or that is not there."""


class Lines:
    """The text of a model that has passed the gate, each of whose instances begins a line."""

    def __init__(self, checked: Checked) -> None:
        """Index the lines. Raises Irregular where some are no instances, and look like one."""
        self._numbers, self._places = array("q"), array("Q")
        self._text, self._range = b"", (0, 0)
        self._number, self._place, self._end = 0, -1, 0
        self._stream = checked.path.open("rb", buffering=0)
        try:
            if self._index() != checked.instances and not self._is_plain(checked.instances):
                raise Irregular
            self._sort()
        except Irregular:
            self.close()
            raise

    def close(self) -> None:
        """Close the file."""
        self._stream.close()

    def match(self, pattern: re.Pattern[bytes], number: int) -> re.Match[bytes] | None:
        """Return what a pattern finds from the class of an instance on; None where there is no such line."""
        if number != self._number:
            self._number, self._place = number, self._find(number)
        if self._place < 0:
            return None
        found = pattern.match(self._text, self._place)
        if found:
            self._end = found.end()
        return found

    def each(self, name: bytes, pattern: re.Pattern[bytes]) -> Iterator[tuple[int, re.Match[bytes]]]:
        """Yield the numbers of all instances of a class, in upper case, and what a pattern finds there.

        They come in the order of the file. Raises Irregular where the pattern finds nothing.
        """
        word = name + b"("
        for _, text, end in self._chunks():
            place = text.find(word, 0, end)
            while place >= 0:
                if begin := _BEGIN.fullmatch(text, text.rfind(b"\n", 0, place), place):
                    found = pattern.match(text, place)
                    if found is None:
                        raise Irregular
                    yield int(begin[1]), found
                place = text.find(word, place + len(word), end)

    def _find(self, number: int) -> int:
        """Return where the class of an instance stands in the text at hand; -1 where it has no line."""
        mark = b"\n#%d=" % number
        place = self._end  # what is asked for is often the next one
        if not self._text.startswith(mark, place):
            after = bisect_right(self._numbers, number)
            wanted = self._places[after - 1] if after else 0, self._places[after]
            if wanted != self._range:
                self._range = wanted
                self._text = os.pread(self._stream.fileno(), wanted[1] - wanted[0], wanted[0])
            place = self._text.find(mark)
            if place < 0:
                return -1
        place += len(mark)
        while self._text.startswith(b" ", place):
            place += 1
        return place

    def _chunks(self) -> Iterator[tuple[int, bytes, int]]:
        """Yield the file in pieces: an offset, the text from there on, and where its last line begins."""
        offset, rest = 0, b""
        while chunk := os.pread(self._stream.fileno(), CHUNK_BYTES, offset + len(rest)):
            text = rest + chunk
            end = max(text.rfind(b"\n"), 0)
            yield offset, text, end
            rest, offset = text[end:], offset + end

    def _index(self) -> int:
        """Note a line every few kilobytes, and return how many there are from the first to the last one."""
        feeds = before = behind = at = 0
        for offset, text, end in self._chunks():
            place = text.find(b"\n", max(at - offset, 0), end)
            while place >= 0:
                if found := _BEGIN.match(text, place):
                    before = before or feeds + text.count(b"\n", 0, place)
                    self._numbers.append(int(found[1]))
                    self._places.append(offset + place)
                    at = offset + place + STEP_BYTES
                place = text.find(b"\n", max(at - offset, place + 1), end)
            count = text.count(b"\n", 0, end)
            last = text.rfind(b"\n#", 0, end)
            behind = behind + count if last < 0 else text.count(b"\n", last + 1, end)
            feeds += count
        return feeds - before - behind

    def _sort(self) -> None:
        """Forget the lines that are not in the order of numbers, as few as can be. Raises Irregular."""
        kept = _ascend(self._numbers)
        if max(map(int.__sub__, (*kept, len(self._numbers)), (-1, *kept))) > MAX_LOST:
            raise Irregular
        self._numbers = array("q", [self._numbers[one] for one in kept])
        self._places = array("Q", [self._places[one] for one in kept])
        self._places.append(os.fstat(self._stream.fileno()).st_size)

    def _is_plain(self, instances: int) -> bool:
        """Say whether nothing in a comment or in a text looks like an instance."""
        count = 0
        for _, text, end in self._chunks():
            first = 0 if count else text.find(b"\n#", 0, end)
            if first >= 0 and text.find(b"/*", first, end) >= 0:
                return False
            count += text.count(b"\n#", 0, end)
        return count == instances


def _ascend(numbers: Sequence[int]) -> list[int]:
    """Return the places of the longest ascending part of some numbers."""
    lowest: list[int] = []  # the least number that a part of each length ends with
    ends: list[int] = []  # its place
    before = array("q")  # the place before each one, in the longest part that ends there
    for place, number in enumerate(numbers):
        length = bisect_left(lowest, number)
        before.append(ends[length - 1] if length else -1)
        lowest[length : length + 1] = [number]
        ends[length : length + 1] = [place]
    kept = []
    place = ends[-1] if ends else -1
    while place >= 0:
        kept.append(place)
        place = before[place]
    return kept[::-1]
