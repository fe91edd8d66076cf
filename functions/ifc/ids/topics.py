"""An audit as BCF topics and as rows of a table."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence

import ifcopenshell

from functions.ifc.ids.audit import Check, Outcome
from functions.ifc.ids.report import read_text
from functions.ifc.ids.verdicts import describe, describe_check
from functions.ifc.placements import Extent, Placements
from functions.ifc.reader import Reader, clean
from functions.ifc.report.bcf import Camera, Topic
from functions.ifc.tables.rows import Row, neutralise
from functions.ifc.units import length_scale, list_units

Element = ifcopenshell.entity_instance
HEADER = (
    "Specification",
    "Result",
    "Requirement",
    "Result of requirement",
    "Class",
    "Name",
    "GlobalId",
    "Tag",
    "Instance",
    "Reason",
)
UNWANTED = "There should be no such element."
MISSING = "There is no such element."
VIEW = (1.0, -1.0, 0.8)  # from where a viewpoint looks at the middle of its elements
NEAREST_M = 5.0
NOBODY = ("", "", "", "", "")


def make_topics(outcomes: Iterable[Outcome], reader: Reader, *, model: str) -> list[Topic]:
    """Return a topic for each requirement that is not met, and for what is missing or should not be there."""
    views = _Views(reader, model)
    topics = []
    for outcome in outcomes:
        name = clean(outcome.specification.name) or "Unnamed specification"
        if not outcome.status and not any(check.failures for check in outcome.checks):
            what = UNWANTED if outcome.applicable else MISSING
            text = f"{what} {'; '.join(describe(outcome)['applicability'])}"
            topics.append(views.topic(name, text, list(outcome.applicable.values())))
        for check in outcome.checks:
            if check.failures:
                topics.append(views.topic(name, _describe(check, outcome), _failing(check, outcome)))
    return topics


def make_rows(outcomes: Sequence[Outcome], reader: Reader) -> Iterator[Row]:
    """Yield the rows of a table: one for each requirement, and one for each failure after it."""
    yield list(HEADER)
    for outcome in outcomes:
        name = clean(outcome.specification.name)
        verdict = "pass" if outcome.status else "fail"
        if not outcome.checks or not outcome.applicable:
            reason = "" if outcome.status else UNWANTED if outcome.applicable else MISSING
            texts = (name, verdict, "", "")
            yield _row(texts, reason)
            unwanted = {} if outcome.status else outcome.applicable
            yield from (_row(texts, UNWANTED, _name(one, reader)) for one in unwanted.values())
            continue
        for check in outcome.checks:
            facts = describe_check(check, outcome)
            texts = (name, verdict, facts["description"], "pass" if check.status else "fail")
            yield _row(texts, f"{facts['total_pass']} of {facts['total_applicable']} pass")
            for number, reason in check.failures.items():
                yield _row(texts, reason, _name(outcome.applicable[number], reader))


def _row(texts: Iterable[str], reason: str, named: Iterable[str] = NOBODY) -> Row:
    return [neutralise(clean(cell)) for cell in (*texts, *named, reason)]


def _name(element: Element, reader: Reader) -> list[str]:
    """Return the cells that say which element it is."""
    names = [read_text(reader.read(element, key)) or "" for key in ("Name", "GlobalId", "Tag")]
    return [element.is_a(), *names, f"#{element.id()}"]


def _describe(check: Check, outcome: Outcome) -> str:
    """Return what is asked, how many fail, and the reasons with how often each is given."""
    facts = describe_check(check, outcome)
    return f"{facts['description']}: {facts['total_fail']} of {facts['total_applicable']} elements fail"


def _failing(check: Check, outcome: Outcome) -> list[Element]:
    return [outcome.applicable[number] for number in check.failures]


class _Views:
    """Makes topics with a camera that looks at the middle of their elements."""

    def __init__(self, reader: Reader, model: str) -> None:
        self._reader = reader
        self._model = model
        self._placements = Placements(self._reader)
        self._scale = length_scale(list_units(self._reader)) or 1.0

    def topic(self, title: str, description: str, elements: list[Element]) -> Topic:
        named = (read_text(self._reader.read(element, "GlobalId")) for element in elements)
        return Topic(
            title=title,
            description=description,
            global_ids=[name for name in named if name],
            camera=self._camera(elements),
            files=(self._model,),
        )

    def _camera(self, elements: Iterable[Element]) -> Camera | None:
        extent = Extent()
        for element in elements:
            frame = self._placements.of(element) if element.is_a("IfcProduct") else None
            if frame is not None:
                extent.add(frame[0], self._scale)
        if not extent.points:
            return None
        distance = max(math.dist(extent.low, extent.high), NEAREST_M)
        middle = [(low + high) / 2 for low, high in zip(extent.low, extent.high, strict=True)]
        length = math.hypot(*VIEW)
        x, y, z = (value / length for value in VIEW)
        eye = (middle[0] + x * distance, middle[1] + y * distance, middle[2] + z * distance)
        return Camera(eye=eye, direction=(-x, -y, -z))
