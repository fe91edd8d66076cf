"""Looking for clashes between two sides, or among the elements of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.candidates import find_pairs
from functions.ifc.clash.contact import Contact, Rule, examine
from functions.ifc.clash.form import Body, Form, Pair
from functions.ifc.clash.sides import Element

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

DIGITS = 7  # of metres: pairs of equal bodies that stand to each other alike are tested once
KEPT = 1 << 18  # points of placed bodies
PAIRS = 500  # of elements that are tested together,
WORK = 1 << 18  # as far as they have no more pairs of triangles
Alike = tuple[bytes, bytes, bytes]
"""Both meshes, and how the second element stands to the first."""


@dataclass(frozen=True, eq=False)
class Clash:
    """Two elements and how they clash."""

    a: Element
    b: Element
    contact: Contact


@dataclass
class Search:
    """Finds clashes by one rule; `skip` tells which pairs are not tested. Forms are measured once a mesh."""

    rule: Rule
    skip: Callable[[Element, Element], bool]
    candidates: int = 0
    _forms: dict[bytes, Form] = field(default_factory=dict)
    _bodies: dict[tuple[str, str, int], Body] = field(default_factory=dict)
    _points: int = 0
    _known: dict[Alike, Contact | None] = field(default_factory=dict)

    def run(
        self, a: Sequence[Element], b: Sequence[Element], *, progress: Callable[[int, int], None]
    ) -> Iterator[Clash]:
        """Yield the clashes between two sides, sorted by their elements. Two equal sides are a self-clash."""
        pairs = list(self._pairs(a, b))
        self.candidates += len(pairs)
        for start in range(0, len(pairs), PAIRS):
            some = pairs[start : start + PAIRS]
            for (one, other), contact in zip(some, self._test(some), strict=True):
                if contact is not None:
                    yield Clash(one, other, contact)
            progress(start + len(some), len(pairs))

    def _pairs(self, a: Sequence[Element], b: Sequence[Element]) -> Iterator[tuple[Element, Element]]:
        """Yield the pairs whose boxes are near enough, each once, in the order of their elements."""
        if not a or not b:
            return
        seen: set[tuple[object, object]] = set()
        first, second = (np.stack([element.box for element in side]) for side in (a, b))
        for row, column in find_pairs(first, second, self.rule.reach):
            one, other = a[row], b[column]
            if one.key == other.key or (other.key, one.key) in seen or self.skip(one, other):
                continue
            seen.add((one.key, other.key))
            yield one, other

    def _test(self, pairs: Sequence[tuple[Element, Element]]) -> Iterator[Contact | None]:
        """Test pairs of elements, always in the same order: what is found does not depend on their sides."""
        sorted_ = [(one, other) if one.key <= other.key else (other, one) for one, other in pairs]
        frames = np.stack([one.placement for one, _ in sorted_])
        between = np.round(
            np.linalg.solve(frames, np.stack([other.placement for _, other in sorted_])), DIGITS
        )
        keys = [
            (one.mesh.key, other.mesh.key, frame.tobytes())
            for (one, other), frame in zip(sorted_, between + 0.0, strict=True)
        ]
        news = {key: row for row, key in reversed(list(enumerate(keys))) if key not in self._known}
        self._examine({key: sorted_[row] for key, row in sorted(news.items(), key=lambda item: item[1])})
        for key, frame, (one, _), (first, _) in zip(keys, frames, pairs, sorted_, strict=True):
            found = self._known[key]
            moved = None if found is None else found.move(frame)
            yield moved if moved is None or one is first else moved.mirror()

    def _examine(self, pairs: Mapping[Alike, tuple[Element, Element]]) -> None:
        """Test pairs of which no equal one is known, as many at once as do not take too much memory."""
        batch: dict[Alike, Pair] = {}
        work = 0
        for key, (one, other) in pairs.items():
            batch[key] = Pair(self._body(one), self._body(other))
            work += batch[key].work
            if work > WORK:
                self._learn(batch)
                batch, work = {}, 0
        self._learn(batch)

    def _learn(self, batch: Mapping[Alike, Pair]) -> None:
        """Keep how pairs clash, in the coordinates of their first body."""
        for key, contact in zip(batch, examine(list(batch.values()), self.rule), strict=True):
            back: Floats = np.asarray(np.linalg.inv(batch[key].a.placement), np.float64)
            self._known[key] = None if contact is None else contact.move(back)

    def _body(self, element: Element) -> Body:
        """Return the body of an element; those used lately are kept."""
        body = self._bodies.get(element.key)
        if body is None:
            form = self._forms.get(element.mesh.key)
            if form is None:
                form = self._forms[element.mesh.key] = Form.of(element.mesh)
            if self._points > KEPT:
                self._bodies.clear()
                self._points = 0
            body = self._bodies[element.key] = Body(form, element.placement)
            self._points += len(body.points)
        return body
