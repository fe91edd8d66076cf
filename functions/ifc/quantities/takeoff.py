"""Measures the elements of a model: each one's shape is made once, and once more only where it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from ifcopenshell import entity_instance as Entity

from functions.ifc.geometry.solids import Solid, UnmeasuredError
from functions.ifc.geometry.stream import UNCUT, Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.quantities.rules import BROKEN, NO_RULE, NO_SHAPE, Body, Layer, Measure, Rule, Rules
from functions.ifc.reader import Reader, finite
from functions.ifc.units import length_scale, list_units

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

SETTINGS: dict[str, Any] = {"no-normals": True}
# What a shape that is damaged or thinner than numbers can tell makes numpy, shapely and ifcopenshell say.
FAULTS = (ArithmeticError, ValueError, LookupError, RuntimeError, TypeError, AttributeError)
DIGITS = 9
FULL_PRECISION = f".{DIGITS}g"
TRIANGLES = 10_000  # of solids that are kept for equal elements to come
T = TypeVar("T")


@dataclass(frozen=True)
class Entry:
    """One quantity of one element: its value in SI units, or the reason why there is none."""

    set_name: str
    name: str
    value: float | None
    reason: str | None = None

    @property
    def kind(self) -> str:
        """Return Area, Volume, Weight or Length."""
        return next((kind for kind in ("Area", "Volume", "Weight") if self.name.endswith(kind)), "Length")


@dataclass
class Takeoff:
    """The quantities of elements, and why shapes cannot be made, by the number of the element.

    `found` has the rules of an element and, in their order, for each quantity its value or why it has none.
    """

    reader: Reader
    rules: Rules
    texts: Texts
    found: dict[int, tuple[list[Rule], list[float | str]]] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    on_progress: Callable[[int, int], None] = lambda done, total: None

    def entries(self, element: Entity) -> list[Entry] | None:
        """Return the quantities of an element; None where there is no rule for it."""
        if element.id() not in self.found:
            return None
        rules, values = self.found[element.id()]
        names = [(rule.name, name) for rule in rules for name in rule.measures]
        return [
            Entry(*name, None, value) if isinstance(value, str) else Entry(*name, value)
            for name, value in zip(names, values, strict=True)
        ]

    def measure(self, elements: Iterable[Entity]) -> None:
        """Measure elements; those of no rule are not in `found`."""
        ruled = {element.id(): (element, rules) for element in elements if (rules := self.rules.of(element))}
        wanted = {
            number: element
            for number, (element, rules) in ruled.items()
            if any(measure for rule in rules for measure in rule.measures.values())
        }
        for done, body in enumerate(self._bodies([*wanted.values()]), start=1):
            rules = ruled[body.element.id()][1]
            self.found[body.element.id()] = rules, _measure(body, rules)
            self.on_progress(done, len(wanted))
        for number, (_, rules) in ruled.items():
            if number not in self.found:
                reason = NO_RULE if number not in wanted else BROKEN if number in self.failed else NO_SHAPE
                self.found[number] = rules, [reason for rule in rules for _ in rule.measures]

    def _bodies(self, elements: list[Entity]) -> Iterator[Body]:
        """Yield what is known of the elements that have a shape, of openings after what they void."""
        hosts = self._hosts()
        cut = set(hosts.values())
        cuts = self._stream([element for element in elements if element.id() in cut], {UNCUT: True})
        uncut = {element.id(): solid for element, solid, _ in cuts}
        scale = length_scale(list_units(self.reader)) or 1.0
        layers: dict[int, Layer | str] = {}
        waiting: list[tuple[int, Body]] = []
        for element, solid, placement in self._stream(elements, {}):
            number = element.id()
            gross = uncut.pop(number, None) if number in cut else solid
            if gross is None:
                continue  # its net shape is not its gross one
            body = Body(element, solid, gross, placement, scale)
            host = hosts.get(number)
            if host is not None and host not in layers:
                waiting.append((host, body))
                continue
            if host is not None:
                body.host = layers[host]
            elif number in cut:
                layers[number] = _ask(Body.layer, body)
            yield body
        for host, body in waiting:
            body.host = layers.get(host, body.host)
            yield body

    def _hosts(self) -> dict[int, int]:
        """Return what each opening voids."""
        names = ("RelatingBuildingElement", "RelatedOpeningElement")
        return {two.id(): one.id() for one, two in self.reader.pairs("IfcRelVoidsElement", *names)}

    def _stream(
        self, elements: list[Entity], settings: dict[str, Any]
    ) -> Iterator[tuple[Entity, Solid, Floats]]:
        """Yield the elements that have a shape, with solid and placement.

        Equal ones that come soon after each other share a solid, and what is measured of it.
        """
        geometry = Geometry(self.reader, {**SETTINGS, **settings}, texts=self.texts)
        solids: dict[bytes, Solid] = {}
        triangles = 0
        for shape in geometry.stream(elements):
            key = shape.mesh.key
            if key not in solids:
                solids[key] = Solid.of(shape.mesh)
                triangles += len(solids[key].corners)
            yield shape.element, solids[key], shape.placement
            while triangles > TRIANGLES:
                triangles -= len(solids.pop(next(iter(solids))).corners)
        self.failed |= geometry.failed
        label = "uncut" if settings else "net"
        self.counts |= {f"{label}_shapes": geometry.meshed, f"{label}_failed": len(geometry.failed)}


def _measure(body: Body, rules: list[Rule]) -> list[float | str]:
    """Return the quantities of one element, or why it has them not."""
    return [_measure_one(body, measure) for rule in rules for measure in rule.measures.values()]


def _measure_one(body: Body, measure: Measure | None) -> float | str:
    if measure is None:
        return NO_RULE
    found = _ask(measure, body)
    if isinstance(found, str):
        return found
    value = finite(float(found))
    return float(format(value, FULL_PRECISION)) if value is not None and value > 0 else "the shape has none"


def _ask(measure: Callable[[Body], T], body: Body) -> T | str:
    """Return what is measured of an element, or why it cannot be."""
    try:
        return measure(body)
    except UnmeasuredError as error:
        return str(error)
    except FAULTS:
        return "the shape cannot be measured"
