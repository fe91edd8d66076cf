"""The instances of a STEP file by class and number, where each begins a line of its own."""

from __future__ import annotations

import json
import re
from array import array
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from operator import lt

_LINE = re.compile(rb"\n#0*(\d{1,9})\s*=")
_CLASS = re.compile(rb"=\s*([A-Za-z_]\w*)\s*\(")


@dataclass(frozen=True)
class Census:
    """How many instances there are of each class, in upper case, and their numbers, ascending.

    `commented`: there are comments among them.
    """

    classes: Mapping[str, int]
    numbers: array[int] = field(repr=False)
    commented: bool = False

    def __contains__(self, number: int) -> bool:
        """Say whether there is an instance of a number."""
        place = bisect_left(self.numbers, number)
        return place < len(self.numbers) and self.numbers[place] == number


@dataclass
class Tally:
    """A census while the file is read."""

    commented: bool = False
    _classes: Counter[bytes] = field(default_factory=Counter)
    _numbers: array[int] = field(default_factory=lambda: array("i"))

    def add(self, code: bytes) -> None:
        """Take in the instances of some lines without their strings and comments."""
        self._classes.update(_CLASS.findall(code))
        self._numbers.extend(integers(_LINE.findall(b"\n" + code)))

    def take(self, instances: int) -> Census | None:
        """Return the census; None if some do not begin a line, or share a number."""
        if not len(self._numbers) == self._classes.total() == instances:
            return None
        numbers = self._numbers
        if not _ascending(numbers):
            numbers = array("i", sorted(numbers))
            if not _ascending(numbers):
                return None
        classes = {name.decode("ascii"): count for name, count in self._classes.items()}
        return Census(classes, numbers, self.commented)


def integers(digits: Iterable[bytes]) -> list[int]:
    """Return numbers written without leading zeros, in a third of the time that `int` takes for each."""
    numbers: list[int] = json.loads(b"[%s]" % b",".join(digits))
    return numbers


def _ascending(numbers: array[int]) -> bool:
    return all(map(lt, numbers, islice(numbers, 1, None)))
