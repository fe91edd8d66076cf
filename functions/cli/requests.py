"""What the command line reads: operations, JSON requests, and the local files that requests name."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.core import registry
from functions.core.document import read_document
from functions.core.errors import InputError, NotFoundError
from functions.core.upload import Step, read_operations

if TYPE_CHECKING:
    from functions.core.operation import Operation

ELSEWHERE = ("job:", "step:", "s3://")
URL = re.compile(r"([a-z][a-z0-9+]+):/+", re.IGNORECASE)


def read_json(text: str, *, field: str = "JSON") -> dict[str, Any]:
    """Read a JSON object: given as it is, as `@file`, or as `-` from standard input."""
    if text == "-":
        body, source = _decode(sys.stdin.buffer.read(), "standard input", field), "standard input"
    elif text.startswith("@"):
        path = Path(text[1:])
        check_file(path, field=field)
        body, source = _decode(path.read_bytes(), str(path), field), str(path)
    else:
        body, source = text, "the request"
        if _is_file(text):
            raise InputError(f"{source} is not JSON; @FILE reads it from a file", field=field)
    value = read_document(body, what=source, field=field)
    if not isinstance(value, dict):
        raise InputError(f'{source} must be a JSON object, like {{"filename": "house.ifc"}}', field=field)
    return value


def _decode(content: bytes, source: str, field: str) -> str:
    """Return text in UTF-8, with or without a byte order mark."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{source} is not JSON: it is not UTF-8", field=field) from None


def _is_file(text: str) -> bool:
    try:
        return Path(text).is_file()
    except (OSError, ValueError):  # too long for a name, or of characters that none has
        return False


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


def check_outputs(
    names: Iterable[str], folder: Path, *, inputs: Iterable[Path], field: str = "--out"
) -> None:
    """Raise an error when an output would take the place of a folder, or of a file that it is made from."""
    sources = [path for path in inputs if path.is_file()]
    for name in names:
        target = folder / name
        if target.is_dir():
            raise InputError(f"{target} is a folder, and the name of an output", field=field)
        if target.exists() and any(target.samefile(source) for source in sources):
            raise InputError(
                f"{target} would be written over: it is what the output is made from", field=field
            )


def check_file(path: Path, *, field: str) -> None:
    """Raise an error that says why a path is no file that can be read."""
    try:
        found = path.is_file()
    except (OSError, ValueError) as error:
        raise InputError(f"{str(path)[:80]!a} is no path: {error.args[-1]}", field=field) from None
    if found:
        return
    if path.is_dir():
        raise InputError(f"{path} is a folder: name the files in it", field=field)
    if url := URL.match(str(path)):
        raise InputError(f"{url[1]} addresses are not read: give a file of this machine", field=field)
    if str(path) in registry.operations():
        raise InputError(f"{path} is an operation: every operation has its own --op", field=field)
    raise NotFoundError(f"Input file {path} not found", field=field)
