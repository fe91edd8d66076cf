"""What the command line reads: operations, JSON requests, and the local files that requests name."""

from __future__ import annotations

import json
import re
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
URL = re.compile(r"([a-z][a-z0-9+]+):/+", re.IGNORECASE)


def read_json(text: str, *, field: str = "JSON") -> dict[str, Any]:
    """Read a JSON object: given as it is, as `@file`, or as `-` from standard input."""
    if text == "-":
        body, source = sys.stdin.read(), "standard input"
    elif text.startswith("@"):
        path = Path(text[1:])
        check_file(path, field=field)
        body, source = path.read_text(encoding="utf-8-sig"), str(path)
    else:
        body, source = text, "the request"
    try:
        value = json.loads(body)
    except ValueError as error:
        hint = "; @FILE reads it from a file" if source == "the request" and Path(body).is_file() else ""
        raise InputError(f"{source} is not JSON: {error}{hint}", field=field) from None
    if not isinstance(value, dict):
        raise InputError(f'{source} must be a JSON object, like {{"filename": "house.ifc"}}', field=field)
    return value


def read_steps(texts: list[str]) -> list[Step]:
    """Read `NAME` or `NAME:JSON` of every `--op`; unknown names are refused here already."""
    try:
        steps = [step for text in texts for step in read_operations(text)]
    except InputError as error:
        error.field = "--op"
        raise
    for step in steps:
        registry.operation(step.operation, field="--op")
    return steps


def local_files(
    operation: Operation, request: Mapping[str, Any], *, elsewhere: tuple[str, ...] = ELSEWHERE
) -> Iterator[tuple[str, str, Path]]:
    """Yield (field, reference, path) for every file of a request that could be a local one."""
    for field, reference, _ in operation.parse(request).files():
        if not reference.startswith(elsewhere):
            yield field, reference, Path(reference)


def check_file(path: Path, *, field: str) -> None:
    """Raise an error that says why a path is no file that can be read."""
    if path.is_file():
        return
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the files in it", field=field)
    if url := URL.match(str(path)):
        raise InputError(f"{url[1]} addresses are not read: give a file of this machine", field=field)
    if str(path) in registry.operations():
        raise InputError(f"{path} is an operation: every operation has its own --op", field=field)
    raise NotFoundError(f"Input file {path} not found", field=field)
