"""Looking for clashes between two sides, or among the elements of one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.candidates import find_pairs
from functions.ifc.clash.contact import Contact, Rule, examine
from functions.ifc.clash.form import Body, Form
from functions.ifc.clash.sides import Element

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

DIGITS = 7  # of metres: pairs of equal bodies that stand to each other alike are tested once
KEPT = 1 << 20  # points of placed bodies


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
    _known: dict[tuple[bytes, bytes, bytes], Contact | None] = field(default_factory=dict)

    def run(
        self, a: Sequence[Element], b: Sequence[Element], *, progress: Callable[[int, int], None]
    ) -> Iterator[Clash]:
        """Yield the clashes between two sides, sorted by their elements. Two equal sides are a self-clash."""
        pairs = list(self._pairs(a, b))
        self.candidates += len(pairs)
        for done, (one, other) in enumerate(pairs):
            contact = self._test(one, other)
            if contact is not None:
                yield Clash(one, other, contact)
            progress(done + 1, len(pairs))

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

    def _test(self, one: Element, other: Element) -> Contact | None:
        """Test two elements, always in the same order: what is found does not depend on their sides."""
        if other.key < one.key:
            found = self._test(other, one)
            return None if found is None else found.mirror()
        frame = one.placement
        between = np.linalg.solve(frame, other.placement)
        known = one.mesh.key, other.mesh.key, (np.round(between, DIGITS) + 0.0).tobytes()
        if known not in self._known:
            found = examine(self._body(one), self._body(other), self.rule)
            back: Floats = np.asarray(np.linalg.inv(frame), np.float64)
            self._known[known] = None if found is None else found.move(back)
        found = self._known[known]
        return None if found is None else found.move(frame)

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
