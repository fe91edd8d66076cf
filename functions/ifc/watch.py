"""What a geometry kernel works on, told to the parent process: one element must not cost all the others.

A call into a kernel cannot be interrupted. So the parent hears before each one what it is about, and while it
goes on what is left of it. When one shape takes too long, or the process dies of it, the parent begins the
job anew (`functions.ifc.local`) and hands over the lessons: what may have been at fault is worked on alone,
and what has been at fault alone is left out.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Self, TypeVar

BEAT_S = 1.0  # between two words about the same call
MISSING = -1


@dataclass(frozen=True)
class Work:
    """What is worked on: products by instance number, by which engine, for which stream of the process."""

    stream: int
    engine: str
    numbers: tuple[int, ...]


@dataclass(frozen=True)
class Lessons:
    """What former tries have shown: products to work on `alone`, by stream, or `never`, by engine as well."""

    alone: Mapping[int, frozenset[int]] = field(default_factory=dict)
    never: Mapping[tuple[int, str], frozenset[int]] = field(default_factory=dict)

    def after(self, work: Work) -> Self:
        """Return the lessons of a try that has ended at some work."""
        if len(work.numbers) > 1:
            known = self.alone.get(work.stream, frozenset())
            return type(self)({**self.alone, work.stream: known.union(work.numbers)}, self.never)
        key = work.stream, work.engine
        return type(self)(
            self.alone, {**self.never, key: self.never.get(key, frozenset()).union(work.numbers)}
        )


class Numbered(Protocol):
    """A shape that knows which product it is of."""

    @property
    def number(self) -> int:
        """The product's instance number."""


S = TypeVar("S", bound=Numbered)


def _ignore(_: Work | None) -> None:
    """Tell nobody."""


@dataclass
class _Process:
    """This process: who listens, and what it was told when it began."""

    tell: Callable[[Work | None], None] = _ignore
    lessons: Lessons = field(default_factory=Lessons)
    streams: Iterator[int] = field(default_factory=itertools.count)


_PROCESS = _Process()


def begin(tell: Callable[[Work | None], None], lessons: Lessons) -> None:
    """Have this process tell its parent what it works on (None: on nothing native), and heed lessons."""
    _PROCESS.tell, _PROCESS.lessons = tell, lessons


class Watch:
    """Watches over one stream of shapes. The same job makes its streams in the same order every time."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Be the next stream of this process."""
        self._stream = next(_PROCESS.streams)
        self._clock = clock

    def is_suspect(self, number: int) -> bool:
        """Say whether a product has to be worked on alone."""
        return number in _PROCESS.lessons.alone.get(self._stream, ())

    def gave_up(self, number: int) -> bool:
        """Say whether some engine is not to work on a product any more."""
        never = _PROCESS.lessons.never.items()
        return any(number in numbers for (stream, _), numbers in never if stream == self._stream)

    def spare(self, numbers: Sequence[int], engine: str) -> list[int]:
        """Return the products without those that an engine is not to work on any more."""
        never = _PROCESS.lessons.never.get((self._stream, engine), ())
        return [number for number in numbers if number not in never]

    def over(self, shapes: Iterable[S], numbers: Sequence[int], engine: str) -> Iterator[S]:
        """Yield shapes while an engine makes them of some products."""
        left, last = dict.fromkeys(numbers), MISSING
        _PROCESS.tell(Work(self._stream, engine, tuple(left)))
        told = self._clock()
        try:
            for shape in shapes:
                if shape.number != last:  # the last one may have had several shapes
                    left.pop(last, None)
                last = shape.number
                yield shape
                if self._clock() >= told + BEAT_S:
                    _PROCESS.tell(Work(self._stream, engine, tuple(left)))
                    told = self._clock()
        finally:
            _PROCESS.tell(None)
