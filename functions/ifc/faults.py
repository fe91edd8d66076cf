"""What ifcopenshell says when something is wrong with a model, in words for the user.

A lazily opened model is parsed while an operation already runs, so its faults come late: as an
exception in the middle of the run (`explain`), or only as lines of ifcopenshell's log (`logged`).
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from functions.core.errors import ModelError

# Texts of the native parser, ifcopenshell 0.9: src/ifcparse/IfcParse.cpp.
SYNTAX = re.compile(r"token (?P<token>.*?) at offset (?P<offset>\d+) invalid|Syntax error during parse", re.S)
OFFSET = re.compile(r"\s*at offset (\d+)")
LINE = re.compile(r"^\[(?P<level>\w+)\] (?:\[\w+\] )?(?:\[[-\d: ]+\] )?(?P<text>.*)$")
# What differs between two messages of one kind: numbers, GlobalIds, names.
NUMBER = re.compile(r"#?\b\d+\b|'[^']*'|(?<![\w$])[0-3][\w$]{21}(?![\w$])")
LINE_END = b"\n"
MAX_KINDS = 20
MAX_CHARS = 200


class Opened(NamedTuple):
    """What was parsed, and the model that it is, or is an excerpt of: lines that are in it stand in both."""

    parsed: Path
    model: Path


# The models that the gate has opened in this process, which runs one job.
OPENED: list[Opened] = []
# What stands in messages about things that are no fault: an element may well be without a style, or without
# a shape; those that should have one are counted by the geometry stream. Of GlobalIds ifcopenshell 0.9 says
# one of every instance that is made anew, as it looks for the GlobalId before it is set, and the other where
# a shape has none.
HARMLESS = (
    "No material and surface styles",
    "No representations encountered",
    "Requested type <string> does not match actual type <null> at index 0",
    "basic_string::substr: __pos (which is 2) > this->size() (which is 0)",
)
# What stands in messages that mean nothing here, as a model is opened without what they miss.
EXPECTED: list[str] = []


def explain(error: BaseException) -> ModelError | None:
    """Return the ModelError that a native parser's exception stands for, or None for any other one."""
    if type(error).__module__ not in {"builtins", "ifcopenshell"}:
        return None
    found = SYNTAX.search(str(error))
    if not found:
        return None
    if found["offset"] is None:
        return ModelError("The model is not valid STEP: it cannot be parsed")
    token = found["token"][:40]
    return ModelError(
        f"The model is not valid STEP: {token!a} is no value", where=_place(int(found["offset"]))
    )


def _place(offset: int) -> str | None:
    """Return the line of an offset; the byte while it is not clear in which of several models.

    Nothing where that is not clear of an excerpt: its bytes are none of the model's.
    """
    if len(OPENED) != 1:
        whole = all(parsed == model for parsed, model in OPENED)
        return f"byte {offset}" if whole else None
    parsed, model = OPENED[0]
    text = parsed.read_bytes()
    if parsed != model:
        begin = text.rfind(LINE_END + b"#", 0, offset + 1)
        head = text[begin : text.find(b"=", begin) + 1]
        text = model.read_bytes()
        offset += text.find(head) - begin
    return f"line {text.count(LINE_END, 0, offset) + 1}"


def logged() -> Iterator[str]:
    """Yield the errors and warnings in ifcopenshell's log, a line a kind with its count; empties the log."""
    module = sys.modules.get("ifcopenshell")
    if module is None:
        return
    kinds: dict[str, tuple[str, int]] = {}
    for text, more in _entries(module.get_log()):
        kind = NUMBER.sub("#", text.removesuffix(" for:"))
        shown = f"{text} {more}"[:MAX_CHARS] if more else text.removesuffix(" for:")
        first, count = kinds.get(kind, (shown, 0))
        kinds[kind] = (first, count + 1)
    for first, count in list(kinds.values())[:MAX_KINDS]:
        yield f"{first} ({count} times alike)" if count > 1 else first
    if len(kinds) > MAX_KINDS:
        yield f"{len(kinds) - MAX_KINDS} more kinds of messages from the parser and the geometry kernel"


def _entries(log: str) -> Iterator[tuple[str, str]]:
    """Yield the first line of each error and warning, and the lines without a level that it goes on in."""
    entries: list[tuple[str, str, list[str]]] = []
    for line in log.splitlines():
        found = LINE.match(line)
        if found:
            entries.append((found["level"], OFFSET.sub("", found["text"])[:MAX_CHARS], []))
        elif entries:
            entries[-1][2].append(line.strip())
    for level, text, more in entries:
        if level in {"error", "warning"} and not any(part in text for part in (*HARMLESS, *EXPECTED)):
            yield text, " ".join(filter(None, more))
