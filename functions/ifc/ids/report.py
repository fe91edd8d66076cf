"""The JSON report of an audit, in the layout of ifctester 0.9, written in one pass.

The text of an element is made once, however many specifications it stands in, and that of a type once for
all its elements. `failing` is ours: what fails in a specification, by GlobalId.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from json.encoder import encode_basestring
from typing import TextIO

import ifcopenshell

from functions.ifc.ids.audit import Check, Outcome
from functions.ifc.ids.facts import Facts
from functions.ifc.ids.verdicts import Totals, describe, describe_check, passed
from functions.ifc.reader import clean

Element = ifcopenshell.entity_instance
NAMES = ("name", "Name"), ("description", "Description"), ("global_id", "GlobalId"), ("tag", "Tag")


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
    """The JSON of elements, by instance number: what stands before, in and behind the text of a type."""

    def __init__(self, facts: Facts) -> None:
        self._facts = facts
        self._known: dict[int, tuple[str, str, str]] = {}
        self._types: dict[int, str] = {}

    def of(self, element: Element) -> str:
        """Return an element without its opening brace."""
        before, kind, behind = self._known.get(element.id()) or self._make(element)
        return f"{before}{kind}{behind}"

    def global_id(self, element: Element) -> str | None:
        return read_text(self._facts.reader.read(element, "GlobalId"))

    def _make(self, element: Element) -> tuple[str, str, str]:
        facts, number = self._facts, element.id()
        kind = facts.type_of(element)
        predefined = _quote(facts.predefined_type(element))
        named = [f', "{key}": {_quote(facts.reader.read(element, name))}' for key, name in NAMES]
        made = self._known[number] = (
            f'"element": {_quote(facts.text(element))}, "element_type": ',
            "null" if kind is None else self._type(kind),
            f', "class": "{element.is_a()}", "predefined_type": {predefined}, "id": {number}'
            f"{''.join(named)}}}",
        )
        return made

    def _type(self, kind: Element) -> str:
        number = kind.id()
        if number not in self._types:
            self._types[number] = _quote(self._facts.text(kind))
        return self._types[number]


def read_text(value: object) -> str | None:
    """Return an attribute as text for JSON. Some classes have a Name that is an object, or a list."""
    return None if value is None else clean(value if isinstance(value, str) else str(value))


def _quote(value: object) -> str:
    """Return an attribute as a JSON string."""
    text = read_text(value)
    return "null" if text is None else encode_basestring(text)


def _write_specification(stream: TextIO, outcome: Outcome, texts: _Texts) -> None:
    elements = outcome.applicable
    failing = [
        {"global_id": texts.global_id(element), "id": number, "class": element.is_a()}
        for number, element in outcome.failing.items()
    ]
    stream.write(dump({**describe(outcome), "failing": failing})[:-1])
    _write_list(stream, "applicable_entities", ("{" + texts.of(one) for one in elements.values()))
    stream.write(', "requirements": [')
    for number, check in enumerate(outcome.checks):
        stream.write(",\n " if number else "\n ")
        stream.write(dump(describe_check(check, outcome))[:-1])
        # Nothing is asked of what should not be there.
        asked = {} if outcome.specification.maxOccurs == 0 else elements
        passing = (one for number, one in asked.items() if number not in check.failures)
        _write_list(stream, "passed_entities", ("{" + texts.of(one) for one in passing))
        _write_list(stream, "failed_entities", _failures(check, elements, texts))
        stream.write("}")
    stream.write("]}")


def _write_list(stream: TextIO, name: str, items: Iterator[str]) -> None:
    stream.write(f', "{name}": [')
    stream.write(next(items, ""))
    stream.writelines(f", {item}" for item in items)
    stream.write("]")


def _failures(check: Check, elements: Mapping[int, Element], texts: _Texts) -> Iterator[str]:
    reasons = {reason: _quote(reason) for reason in set(check.failures.values())}
    for number, reason in check.failures.items():
        yield f'{{"reason": {reasons[reason]}, {texts.of(elements[number])}'
