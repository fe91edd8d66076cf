"""Looking for clashes between two sides, or among the elements of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import TYPE_CHECKING, Generic, TypeVar

import numpy as np

from functions.ifc.clash.candidates import find_pairs
from functions.ifc.clash.contact import Contact, Rule, examine
from functions.ifc.clash.form import Body, Form, Pair
from functions.ifc.clash.sides import Element

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

DIGITS = 7  # of metres: pairs of equal bodies that stand to each other alike are tested once
KEPT = 1 << 16  # points; around it
SMALLEST = 40  # what goes with a body takes as much as so many points
PAIRS = 500  # of elements that are tested together,
WORK = 1 << 18  # as far as they have no more pairs of triangles
K = TypeVar("K")
V = TypeVar("V", Form, Body)


class Shelf(Generic[K, V]):
    """What was measured lately: all of it is dropped when it is too much."""

    def __init__(self) -> None:
        """Start with nothing."""
        self._kept: dict[K, V] = {}
        self._points = 0

    def get(self, key: K) -> V | None:
        """Return what is kept."""
        return self._kept.get(key)

    def clear(self) -> None:
        """Drop everything."""
        self._kept.clear()
        self._points = 0

    def put(self, key: K, value: V) -> V:
        """Keep one more, and return it."""
        if self._points > KEPT:
            self.clear()
        self._kept[key] = value
        self._points += len(value.points) + SMALLEST
        return value


@dataclass(frozen=True, eq=False)
class Clash:
    """Two elements and how they clash."""

    a: Element
    b: Element
    contact: Contact

    @property
    def space(self) -> Floats:
        """Where they can be near each other: what their boxes have in common, or what is between these."""
        (low, high), (other_low, other_high) = self.a.box, self.b.box
        return np.sort([np.maximum(low, other_low), np.minimum(high, other_high)], axis=0)


@dataclass
class Search:
    """Finds clashes by one rule; `skip` tells which pairs are not tested. Forms are measured once a mesh."""

    rule: Rule
    skip: Callable[[Element, Element], bool]
    candidates: int = 0
    _forms: Shelf[bytes, Form] = field(default_factory=Shelf)
    _bodies: Shelf[tuple[str, str, int], Body] = field(default_factory=Shelf)
    _known: dict[bytes, Contact | None] = field(default_factory=dict)

    def run(
        self, a: Sequence[Element], b: Sequence[Element], *, progress: Callable[[int, int], None]
    ) -> Iterator[Clash]:
        """Yield the clashes between two sides, sorted by their elements. Two equal sides are a self-clash."""
        if not a or not b:
            return
        boxes = np.stack([element.box for element in a])
        rows = list(self._pairs(a, b, boxes))
        pairs = [(a[row], b[column]) for row, column in rows]
        self.candidates += len(pairs)
        contacts: list[Contact | None] = [None] * len(pairs)
        # Neighbours together: what was measured of a body is then needed again soon, or no more.
        order = _line_up(boxes[[row for row, _ in rows]])
        for start in range(0, len(pairs), PAIRS):
            some = order[start : start + PAIRS]
            for place, contact in zip(some, self._test([pairs[place] for place in some]), strict=True):
                contacts[place] = contact
            progress(start + len(some), len(pairs))
        for (one, other), contact in zip(pairs, contacts, strict=True):
            if contact is not None:
                yield Clash(one, other, contact)

    def forget(self) -> None:
        """Drop what was measured, once nothing more is tested."""
        self._forms.clear()
        self._bodies.clear()
        self._known.clear()

    def _pairs(self, a: Sequence[Element], b: Sequence[Element], boxes: Floats) -> Iterator[tuple[int, int]]:
        """Yield the pairs whose boxes are near enough, each once, in the order of their elements."""
        twice = {element.key for element in a} & {element.key for element in b}
        seen: set[tuple[object, object]] = set()
        others = boxes if b is a else np.stack([element.box for element in b])
        for row, column in find_pairs(boxes, others, self.rule.reach):
            one, other = a[row], b[column]
            if one.key == other.key or (other.key, one.key) in seen or self.skip(one, other):
                continue
            if one.key in twice and other.key in twice:
                seen.add((one.key, other.key))
            yield row, column

    def _test(self, pairs: Sequence[tuple[Element, Element]]) -> Iterator[Contact | None]:
        """Test pairs of elements, always in the same order: what is found does not depend on their sides."""
        sorted_ = [(one, other) if one.key <= other.key else (other, one) for one, other in pairs]
        frames = np.stack([one.placement for one, _ in sorted_])
        between = np.round(
            np.linalg.solve(frames, np.stack([other.placement for _, other in sorted_])), DIGITS
        )
        keys = [
            blake2b(one.mesh.key + other.mesh.key + frame.tobytes(), digest_size=16).digest()
            for (one, other), frame in zip(sorted_, between + 0.0, strict=True)
        ]
        news = {key: row for row, key in reversed(list(enumerate(keys))) if key not in self._known}
        self._examine({key: sorted_[row] for key, row in sorted(news.items(), key=lambda item: item[1])})
        for key, frame, (one, _), (first, _) in zip(keys, frames, pairs, sorted_, strict=True):
            found = self._known[key]
            moved = None if found is None else found.move(frame)
            yield moved if moved is None or one is first else moved.mirror()

    def _examine(self, pairs: Mapping[bytes, tuple[Element, Element]]) -> None:
        """Test pairs of which no equal one is known, as many at once as do not take too much memory."""
        batch: dict[bytes, Pair] = {}
        work = 0
        for key, (one, other) in pairs.items():
            batch[key] = Pair(self._body(one), self._body(other))
            work += batch[key].work
            if work > WORK:
                self._learn(batch)
                batch, work = {}, 0
        self._learn(batch)

    def _learn(self, batch: Mapping[bytes, Pair]) -> None:
        """Keep how pairs clash, in the coordinates of their first body."""
        for key, contact in zip(batch, examine(list(batch.values()), self.rule), strict=True):
            back: Floats = np.asarray(np.linalg.inv(batch[key].a.placement), np.float64)
            self._known[key] = None if contact is None else contact.move(back)

    def _body(self, element: Element) -> Body:
        """Return the body of an element."""
        body = self._bodies.get(element.key)
        if body is None:
            form = self._forms.get(element.mesh.key)
            if form is None:
                form = self._forms.put(element.mesh.key, Form.of(element.mesh))
            body = self._bodies.put(element.key, Body(form, element.placement))
        return body


def _line_up(boxes: Floats) -> list[int]:
    """Return the rows of boxes along the axis that they are spread most along."""
    if not len(boxes):
        return []
    axis = int(np.ptp(boxes[:, 0], axis=0).argmax())
    found: list[int] = np.argsort(boxes[:, 0, axis], kind="stable").tolist()
    return found
