"""Whether a model conforms to its schema: attributes, GlobalIds, references, and what the parser left out."""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import dataclass
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.validate
import numpy as np

from functions.ifc import faults
from functions.ifc.identity import replaced
from functions.ifc.validation.issues import WARNING, Issue, Issues
from functions.ifc.validation.rules import describe

# Strings and comments, which may hold anything; then what a definition or a reference looks like. Of a
# number that is longer than any, 18 digits are enough to see that nothing has it.
TOKEN = re.compile(rb"'[^']*'|/\*.*?\*/|#(\d{1,18})\d*(\s*=\s*(\w*))?", re.DOTALL)
LINED = re.compile(rb"\n|'[^']*'|/\*.*?\*/|#(\d{1,18})\d*\s*=", re.DOTALL)
INSTANCE = re.compile(r" (?:for|of) instance #\d+")
# References to nothing are found in the text, those inside of unknown entities too.
DANGLING = re.compile(r"Instance reference #\d+ used by")
UNIQUE = re.compile(r"Rule (Ifc\w+\.UR\d)")
VIOLATED = re.compile(r"Violated by:\s*#(\d+)=")
HEADER = re.compile(r"Attribute '(\w+)' has invalid type: Expected: (.*) Current value type: (.*)")
USER = re.compile(r"(?:^\[|\)) \d+\. #(\d+)=")
VALUE = re.compile(r"With attribute: <attribute (.*?)> Value: (.*) Not valid")
MAX_NAMED = 5
LOGGED = {"attribute values, found": "number of attributes", "enumeration literal": "enumeration item"}
FAULTS = {
    "Attribute not optional": "a mandatory attribute is not set",
    "Attribute is derived in subtype": "a derived attribute has a value",
    "Invalid attribute value": "the value cannot be read",
}


# The library's own, which takes nothing but text.
_VALIDATE_GUID = ifcopenshell.validate.validate_guid


@dataclass(frozen=True)
class Text:
    """What is at fault in the text of a file, by instance: the numbers that it refers to and nothing has, and
    the class, in capitals, of one that was not read.
    """

    dangling: dict[int, tuple[int, ...]]
    unknown: dict[int, str]


def read_text(path: Path, model: ifcopenshell.file) -> Text:
    """Read which instances a text refers to without defining them, and which the model does not have."""
    with path.open("rb") as stream, closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data:
        start = max(data.find(b"DATA"), 0)
        defined, used = array("Q"), array("Q")
        for found in TOKEN.finditer(data, start):
            if found[1] is not None:
                (used if found[2] is None else defined).append(int(found[1]))
        missing = frozenset(np.setdiff1d(used, defined).tolist())
        names = model.entity_names()
        unread = frozenset(defined) - frozenset(names) if len(names) < len(defined) else frozenset()
        return _locate(data, start, missing, unread)


def _locate(data: mmap, start: int, missing: frozenset[int], unread: frozenset[int]) -> Text:
    """Return which instances refer to missing ones, and the entities of those that were not read."""
    places: dict[int, dict[int, None]] = {}
    unknown: dict[int, str] = {}
    owner = 0
    for found in TOKEN.finditer(data, start) if missing or unread else ():
        if found[1] is None:
            continue
        number = int(found[1])
        if found[2] is None:
            if number in missing:
                places.setdefault(owner, {})[number] = None
            continue
        owner = number
        if number in unread:
            unknown[number] = found[3].decode("ascii", "replace").upper()
    return Text(
        dangling={number: tuple(targets) for number, targets in sorted(places.items())},
        unknown=dict(sorted(unknown.items())),
    )


def find_lines(path: Path, numbers: set[int]) -> dict[int, int]:
    """Return the lines that some instances stand on."""
    lines: dict[int, int] = {}
    if not numbers:
        return lines
    with path.open("rb") as stream, closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data:
        line = 1
        for found in LINED.finditer(data):
            if found[1] is not None:
                if int(found[1]) in numbers:
                    lines.setdefault(int(found[1]), line)
            else:
                line += found[0].count(b"\n")
    return lines


def check_text(text: Text, model: ifcopenshell.file) -> Iterator[Issue]:
    """Yield references to nothing, and entities that the schema does not have."""
    for number, name in text.unknown.items():
        yield Issue(
            kind="schema",
            rule="unknown entity",
            message=f"{name} is no entity of {model.schema_identifier}: it and what refers to it is not read",
            instance=number,
        )
    for number, targets in text.dangling.items():
        named = ", ".join(f"#{target}" for target in targets[:MAX_NAMED])
        message = f"refers to {named}{', ...' if len(targets) > MAX_NAMED else ''}, which is not in the file"
        if number in text.unknown:
            yield Issue(kind="reference", rule="dangling reference", message=message, instance=number)
        else:
            yield describe(model.by_id(number), kind="reference", rule="dangling reference", message=message)


def check_schema(model: ifcopenshell.file, issues: Issues) -> None:
    """Check all attributes, inverses, GlobalIds and unique rules, and what the parser has to say."""
    for issue in _parse(model):
        issues.add(issue)
    with replaced(ifcopenshell.validate, "validate_guid", _validate_guid):
        ifcopenshell.validate.validate(model, _Listener(issues))
    ifcopenshell.get_log()  # it says the same again


def _validate_guid(guid: object) -> str | None:
    """Return what is wrong with a GlobalId, whatever stands in its place."""
    return _VALIDATE_GUID(guid) if isinstance(guid, str) else f"{guid!r} is no text"


def _parse(model: ifcopenshell.file) -> Iterator[Issue]:
    """Read all instances, and yield what the native parser says about each."""
    ifcopenshell.get_log()
    for instance in model:
        with suppress(RuntimeError, IndexError, ValueError):  # the schema check says what cannot be read
            instance.get_argument(0)  # parses them all
        log = ifcopenshell.get_log()
        for line in log.splitlines() if log else ():
            found = faults.LINE.match(line)
            if found is None or found["level"] not in {"error", "warning"} or DANGLING.search(found["text"]):
                continue
            text = INSTANCE.sub("", faults.OFFSET.sub("", found["text"]))
            rule = next((rule for start, rule in LOGGED.items() if start in text), "value that is not read")
            yield describe(instance, kind="syntax", rule=rule, message=text)


class _Listener(ifcopenshell.validate.json_logger):
    """Takes what ifcopenshell.validate says, and makes findings of it."""

    def __init__(self, issues: Issues) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.issues = issues

    def log(self, _: str, message: str, *args: Any) -> None:  # noqa: ANN401 - what is formatted
        """Take one message."""
        text = " ".join((message % args if args else message).split())
        instance: Any = self.state.get("instance")
        header = HEADER.search(text)
        if header:
            attribute, expected, found = header.groups()
            self.issues.add(
                Issue(
                    kind="header",
                    rule=f"header: {attribute}",
                    message=f"{attribute} must be {expected}, and is {found}",
                    attribute=attribute,
                )
            )
        elif instance is not None:
            self.issues.add(_found(text, instance, self.state.get("attribute")))


def _found(text: str, instance: Any, attribute: str | None) -> Issue:  # noqa: ANN401
    """Return one message of ifcopenshell.validate about an instance as a finding."""
    unique = UNIQUE.search(text)
    if unique:
        other = VIOLATED.search(text)
        twin = f" #{other[1]}" if other else " another instance"
        kind = "global_id" if unique[1] == "IfcRoot.UR1" else "schema"
        message = f"its GlobalId is also that of{twin}" if kind == "global_id" else f"the same as{twin}"
        return describe(instance, kind=kind, rule=unique[1], message=message)
    if "IfcGloballyUniqueId" in text:
        reason = text.partition("Violated by: ")[2] or "it is not one"
        return describe(
            instance, kind="global_id", rule="IfcGloballyUniqueId", message=reason, attribute="GlobalId"
        )
    if text.startswith("Entity ") and text.endswith(" is abstract"):
        return describe(instance, kind="schema", rule="abstract entity", message=text)
    if text.startswith("With inverse:"):
        rule, message = "cardinality of an inverse", _count_users(text)
    else:
        rule = next((word for start, word in FAULTS.items() if start in text), "type of an attribute")
        message = VALUE.sub(r"\2 is not valid for \1", text) if rule not in FAULTS.values() else rule
    name = attribute.rpartition(".")[2] if attribute else None
    return describe(instance, kind="schema", rule=rule, message=message, attribute=name)


def _count_users(text: str) -> str:
    """Return what the schema says of an inverse, and which instances there are instead."""
    declaration, _, value = text.removeprefix("With inverse: ").partition(" Value: ")
    users = USER.findall(value)
    named = ", ".join(f"#{user}" for user in users[:MAX_NAMED])
    return f"{declaration}: there are {len(users)}{f' ({named})' if users else ''}"


def check_gate(warnings: list[str]) -> Iterator[Issue]:
    """Yield what the gate had to repair before the model could be read."""
    for warning in warnings:
        if " instances were not read" not in warning:  # named one by one by `check_text`
            yield Issue(kind="syntax", rule="repaired", message=warning, severity=WARNING)
