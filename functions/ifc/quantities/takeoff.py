"""Measures the elements of a model: each one's shape is made once, and once more only where it is cut."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from ifcopenshell import entity_instance as Entity

from functions.ifc.geometry.solids import Solid, UnmeasuredError
from functions.ifc.geometry.stream import UNCUT, Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.quantities.rules import BROKEN, NO_RULE, NO_SHAPE, Body, Measure, Rule, Rules
from functions.ifc.reader import Reader, finite
from functions.ifc.units import length_scale, list_units

SETTINGS: dict[str, Any] = {"no-normals": True}
# What a shape that is damaged or thinner than numbers can tell makes numpy, shapely and ifcopenshell say.
FAULTS = (ArithmeticError, ValueError, LookupError, RuntimeError, TypeError, AttributeError)
DIGITS = 9
FULL_PRECISION = f".{DIGITS}g"


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
    """The quantities of elements, and why shapes cannot be made, by the number of the element."""

    reader: Reader
    rules: Rules
    texts: Texts
    entries: dict[int, list[Entry]] = field(default_factory=dict)
    failed: dict[int, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    on_progress: Callable[[int, int], None] = lambda done, total: None

    def measure(self, elements: Iterable[Entity]) -> None:
        """Measure elements; those of no rule are left out of `entries`."""
        ruled = {element.id(): (element, rules) for element in elements if (rules := self.rules.of(element))}
        for number, (_, rules) in ruled.items():
            if not any(measure for rule in rules for measure in rule.measures.values()):
                self.entries[number] = [
                    _entry(rule, name, NO_RULE) for rule in rules for name in rule.measures
                ]
        wanted = [element for number, (element, _) in ruled.items() if number not in self.entries]
        hosts = self._hosts()
        cut = set(hosts.values())
        uncut = dict(self._stream([item for item in wanted if item.id() in cut], {UNCUT: True}))
        scale = length_scale(list_units(self.reader)) or 1.0
        # An opening is measured on what it voids, which is kept until then.
        voided: dict[int, Body] = {}
        openings: dict[int, Body] = {}
        done = 0
        for number, (solid, placement) in self._stream(wanted, {}):
            if number in cut and number not in uncut:
                continue  # its net shape is not its gross one
            gross = uncut[number][0] if number in uncut else solid
            body = Body(ruled[number][0], solid, gross, placement, scale)
            if number in hosts:
                openings[number] = body
                continue
            if number in uncut:
                voided[number] = body
            self.entries[number] = _measure(body, ruled[number][1])
            done += 1
            self.on_progress(done, len(wanted))
        for number, body in openings.items():
            body.host = voided.get(hosts[number])
            self.entries[number] = _measure(body, ruled[number][1])
        for number, (_, rules) in ruled.items():
            if number not in self.entries:
                reason = BROKEN if number in self.failed else NO_SHAPE
                self.entries[number] = [
                    _entry(rule, name, reason) for rule in rules for name in rule.measures
                ]

    def _hosts(self) -> dict[int, int]:
        """Return what each opening voids."""
        names = ("RelatingBuildingElement", "RelatedOpeningElement")
        return {two.id(): one.id() for one, two in self.reader.pairs("IfcRelVoidsElement", *names)}

    def _stream(
        self, elements: list[Entity], settings: dict[str, Any]
    ) -> Iterator[tuple[int, tuple[Solid, Any]]]:
        """Yield number, solid and placement of the elements that have a shape; equal meshes are read once."""
        geometry = Geometry(self.reader, {**SETTINGS, **settings}, texts=self.texts)
        solids: dict[bytes, Solid] = {}
        for shape in geometry.stream(elements):
            if shape.mesh.key not in solids:
                solids[shape.mesh.key] = Solid.of(shape.mesh)
            yield shape.element.id(), (solids[shape.mesh.key], np.asarray(shape.placement))
        self.failed |= geometry.failed
        label = "uncut" if settings else "net"
        self.counts |= {f"{label}_shapes": geometry.meshed, f"{label}_failed": len(geometry.failed)}


def _measure(body: Body, rules: list[Rule]) -> list[Entry]:
    """Return the quantities of one element."""
    return [
        _measure_one(body, rule, name, measure) for rule in rules for name, measure in rule.measures.items()
    ]


def _measure_one(body: Body, rule: Rule, name: str, measure: Measure | None) -> Entry:
    if measure is None:
        return _entry(rule, name, NO_RULE)
    try:
        value = finite(float(measure(body)))
    except UnmeasuredError as error:
        return _entry(rule, name, str(error))
    except FAULTS:
        return _entry(rule, name, "the shape cannot be measured")
    if value is None or value <= 0:
        return _entry(rule, name, "the shape has none")
    return Entry(rule.name, name, float(format(value, FULL_PRECISION)))


def _entry(rule: Rule, name: str, reason: str) -> Entry:
    return Entry(rule.name, name, None, reason)
