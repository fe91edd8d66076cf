"""What the command line reads: operations, JSON requests, and the local files that requests name."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.core import registry
from functions.core.errors import InputError, NotFoundError
from functions.core.upload import Step, read_operations

if TYPE_CHECKING:
    from functions.core.operation import Operation

ELSEWHERE = ("job:", "step:", "s3://")


def read_json(text: str, *, field: str = "JSON") -> dict[str, Any]:
    """Read a JSON object: given as it is, as `@file`, or as `-` from standard input."""
    if text == "-":
        body, source = sys.stdin.read(), "standard input"
    elif text.startswith("@"):
        path = Path(text[1:])
        if not path.is_file():
            raise NotFoundError(f"Input file {path} not found", field=field)
        body, source = path.read_text(encoding="utf-8-sig"), str(path)
    else:
        body, source = text, "the request"
    try:
        value = json.loads(body)
    except ValueError as error:
        raise InputError(f"{source} is not JSON: {error}", field=field) from None
    if not isinstance(value, dict):
        raise InputError(f'{source} must be a JSON object, like {{"input": "house.ifc"}}', field=field)
    return value


def read_steps(texts: list[str]) -> list[Step]:
    """Read `NAME` or `NAME:JSON` of every `--op`; unknown names are refused here already."""
    steps = [step for text in texts for step in read_operations(text)]
    for step in steps:
        registry.operation(step.operation, field="--op")
    return steps


def local_files(operation: Operation, request: Mapping[str, Any]) -> Iterator[tuple[str, str, Path]]:
    """Yield (field, reference, path) for every file of a request that could be a local one."""
    for field, reference, _ in operation.parse(request).files():
        if not reference.startswith(ELSEWHERE):
            yield field, reference, Path(reference)


def replace(request: Mapping[str, Any], field: str, value: str) -> dict[str, Any]:
    """Return the request with one dotted field changed."""
    copy: dict[str, Any] = json.loads(json.dumps(request))
    *path, last = field.split(".")
    place: Any = copy
    for step in path:
        place = place[int(step)] if isinstance(place, list) else place[step]
    place[int(last) if isinstance(place, list) else last] = value
    return copy
