"""What buildingSMART asks of a file's header beyond its syntax.

Rules: https://buildingsmart.github.io/ifc-header-policy and the checks of the validation service
(https://github.com/buildingSMART/validate, checks/header_policy): a ViewDefinition of the schema, an ISO
8601 time stamp, author and organization, and `company - application - version` as the originating system.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from typing import Any

import ifcopenshell

from functions.ifc.validation.issues import Issue

VIEWS = {
    "IFC2X3": {"coordinationview_v2.0", "spaceboundaryaddonview", "basicfmhandoverview",
               "structuralanalysisview"},
    "IFC4": {"referenceview_v1.2", "ifc4precast"},
    "IFC4X3_ADD2": {"referenceview", "alignment-basedview"},
}  # fmt: skip
VIEW = re.compile(r"ViewDefinition\s*\[([^\[\]]*)\]", re.IGNORECASE)
SYSTEM = re.compile(r"(.+) - (.+) - (.+)", re.DOTALL)
# PEP 440 in short; a comma stands for a point, as some tools write it.
NUMBER = re.compile(
    r"v?\d+([.,]\d+)*([.\-_]?(a|b|c|rc|alpha|beta|pre|post|rev|r|dev)[.\-_]?\d*)*", re.IGNORECASE
)
STAMP = re.compile(
    r"\d{4}-\d{2}-\d{2}T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?(Z|[+-][01]\d:[0-5]\d)?", re.ASCII
)
LISTS = ("author", "organization")
TEXTS = ("name", "preprocessor_version", "originating_system", "authorization")


def check_header(model: ifcopenshell.file) -> Iterator[Issue]:
    """Yield what the header policy finds at fault, at most one finding for each attribute."""
    name, description = model.header.file_name, model.header.file_description
    yield from _check_views(_values(description, "description"), model.schema_identifier)
    yield from _check_stamp(_value(name, "time_stamp"))
    for attribute in LISTS:
        if not any(_values(name, attribute)):
            yield _issue(attribute, f"FILE_NAME.{attribute} is empty")
    for attribute in TEXTS:
        if not isinstance(_value(name, attribute), str):
            yield _issue(attribute, f"FILE_NAME.{attribute} is not set")
    system = _value(name, "originating_system")
    if isinstance(system, str):
        yield from _check_system(system)


def is_stamp(text: object) -> bool:
    """Say whether a text is a time stamp of ISO 8601 with date and time."""
    if not isinstance(text, str) or not STAMP.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _check_views(texts: list[str], schema: str) -> Iterator[Issue]:
    views = [view.strip() for text in texts for found in VIEW.findall(text) for view in found.split(",")]
    known = VIEWS.get(schema, set())
    wrong = [view for view in views if view.lower() not in known]
    if not views:
        yield _issue("description", "FILE_DESCRIPTION names no ViewDefinition [...]")
    elif wrong:
        yield _issue("description", f"{', '.join(wrong)} is no view definition of {schema}")


def _check_stamp(value: object) -> Iterator[Issue]:
    if not is_stamp(value):
        yield _issue("time_stamp", f"{value!r} is no time stamp such as 2026-01-31T12:00:00")


def _check_system(text: str) -> Iterator[Issue]:
    found = SYSTEM.fullmatch(text)
    if not found:
        yield _issue("originating_system", f"{text!r} is not of the form company - application - version")
        return
    for attribute, part in zip(("company_name", "application_name"), found.groups(), strict=False):
        if not part.strip() or part != part.strip() or "-" in part:
            yield _issue(attribute, f"{part!r} is empty, or has a dash or a space at its ends")
    if not NUMBER.fullmatch(found[3]):
        yield _issue("version", f"{found[3]!r} is no version number")


def _issue(attribute: str, message: str) -> Issue:
    return Issue(kind="header", rule=f"header policy: {attribute}", message=message, attribute=attribute)


def _value(record: object, name: str) -> Any:  # noqa: ANN401 - whatever stands there
    try:
        return getattr(record, name)
    except (AttributeError, RuntimeError):
        return None


def _values(record: object, name: str) -> list[str]:
    found = _value(record, name)
    return [item for item in found if isinstance(item, str)] if isinstance(found, tuple | list) else []
