"""The JSON report of an audit, in the layout of ifctester 0.9, written in one pass.

The text of an element is made once, however many specifications it stands in. `failing` is ours: what fails
in a specification, by GlobalId.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TextIO

import ifcopenshell

from functions.ifc.ids.audit import Check, Outcome
from functions.ifc.ids.facts import Facts
from functions.ifc.ids.verdicts import Totals, describe, describe_check, passed
from functions.ifc.reader import clean

Element = ifcopenshell.entity_instance


def write_json(
    stream: TextIO, outcomes: Sequence[Outcome], facts: Facts, *, title: str, date: str, name: str
) -> None:
    """Write the report. `name` is the model's file name, `date` the time that the report is of."""
    head = {"title": clean(title), "date": date, "filepath": name, "filename": name, "hide_skipped": False}
    totals = Totals.of(outcomes)
    tail = {
        "status": passed(outcomes),
        **totals.specifications.named("specifications"),
        **totals.requirements.named("requirements"),
        **totals.checks.named("checks"),
        **totals.elements.named("elements"),
    }
    texts = _Texts(facts)
    stream.write(dump(head)[:-1] + ', "specifications": [')
    for number, outcome in enumerate(outcomes):
        stream.write(",\n" if number else "\n")
        _write_specification(stream, outcome, texts)
    stream.write("\n], " + dump(tail)[1:] + "\n")


def dump(value: object) -> str:
    """Return a value as strict JSON."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False, default=str)


class _Texts:
    """The JSON of elements, by instance number; each begins with its brace and ends with it."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[int, str] = {}

    def of(self, element: Element) -> str:
        number = element.id()
        if number not in self._known:
            self._known[number] = dump(describe_element(element, self._facts))
        return self._known[number]

    def global_id(self, element: Element) -> str | None:
        return read_text(self._facts.reader.read(element, "GlobalId"))

    def listed(self, elements: Iterable[Element]) -> str:
        """Return a list of elements."""
        return "[" + ", ".join(self.of(element) for element in elements) + "]"


def describe_element(element: Element, facts: Facts) -> dict[str, Any]:
    """Return what the report says of an element."""
    kind = facts.type_of(element)
    named = ("name", "Name"), ("description", "Description"), ("global_id", "GlobalId"), ("tag", "Tag")
    return {
        "element": clean(facts.text(element)),
        "element_type": None if kind is None else clean(facts.text(kind)),
        "class": element.is_a(),
        "predefined_type": read_text(facts.predefined_type(element)),
        "id": element.id(),
        **{key: read_text(facts.reader.read(element, name)) for key, name in named},
    }


def read_text(value: object) -> str | None:
    """Return an attribute as text for JSON. Some classes have a Name that is an object, or a list."""
    return None if value is None else clean(value if isinstance(value, str) else str(value))


def _write_specification(stream: TextIO, outcome: Outcome, texts: _Texts) -> None:
    failing = [
        {"global_id": texts.global_id(element), "id": number, "class": element.is_a()}
        for number, element in outcome.failing.items()
    ]
    stream.write(dump({**describe(outcome), "failing": failing})[:-1])
    stream.write(', "applicable_entities": ' + texts.listed(outcome.applicable.values()))
    stream.write(', "requirements": [')
    for number, check in enumerate(outcome.checks):
        stream.write(",\n " if number else "\n ")
        stream.write(dump(describe_check(check, outcome))[:-1])
        # Nothing is asked of what should not be there.
        asked = {} if outcome.specification.maxOccurs == 0 else outcome.applicable
        passing = (item for number, item in asked.items() if number not in check.failures)
        stream.write(', "passed_entities": ' + texts.listed(passing))
        stream.write(', "failed_entities": [' + ", ".join(_failures(check, outcome, texts)) + "]}")
    stream.write("]}")


def _failures(check: Check, outcome: Outcome, texts: _Texts) -> Iterator[str]:
    for number, reason in check.failures.items():
        text = texts.of(outcome.applicable[number])
        yield f'{{"reason": {dump(clean(reason))}, {text[1:]}'
