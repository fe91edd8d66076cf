"""What pydantic found wrong with a value, in words of ours: which field, and what is wrong with it."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

OWN = "Value error, "  # what pydantic puts in front of what a validator of ours says


class Fault(NamedTuple):
    """One thing that is wrong: the dotted field, empty for the whole, and what is wrong there."""

    field: str
    message: str


def read_faults(
    found: Sequence[Mapping[str, Any]], value: object, *, names: Sequence[str] = ()
) -> list[Fault]:
    """Return pydantic's errors about `value`, those about unknown fields first: `names` are the known ones.

    A misspelt field is missing under its right name, too: what is there says more.
    """
    ordered = sorted(found, key=lambda item: item["type"] != "extra_forbidden")
    return [_read(item, value, names) for item in ordered]


def _read(item: Mapping[str, Any], value: object, names: Sequence[str]) -> Fault:
    missing = item["type"] == "missing"
    field = ".".join(_steps(item["loc"], value, missing=missing))
    if item["type"] == "extra_forbidden":
        place = item["loc"]
        return Fault(field, refuse_name(str(place[-1]), names if len(place) == 1 else ()))
    return Fault(field, str(item["msg"]).removeprefix(OWN))


def _steps(place: Sequence[int | str], value: object, *, missing: bool) -> Iterator[str]:
    """Yield the steps to a place in a value, without the types that pydantic tried on the way."""
    for number, step in enumerate(place, 1):
        inner: object = None
        if isinstance(value, Mapping) and step in value:
            inner = value[step]
        elif isinstance(value, list | tuple) and isinstance(step, int):
            inner = value[step] if step < len(value) else None
        elif not (missing and number == len(place)):
            continue
        value = inner
        yield str(step)


def refuse_name(name: str, names: Sequence[str]) -> str:
    """Say that a name is none of those that are known, and which one may be meant."""
    near = difflib.get_close_matches(name, names, n=1)
    return f"not a field; do you mean {near[0]}?" if near else "not a field"
