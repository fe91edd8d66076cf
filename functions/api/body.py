"""Reading the body of a request: JSON as RFC 8259 has it, of bounded size and depth."""

from __future__ import annotations

import base64
import binascii
import json
import math
from typing import Any, NoReturn

from functions.core.errors import InputError, MediaTypeError, TooLargeError

# A record of a job is at most 400 KB and holds the request; larger lists belong in a file.
MAX_BYTES = 256_000
MAX_DEPTH = 32
JSON = "application/json"


def check_body(body: str | None, *, content_type: str, is_base64: bool) -> None:
    """Refuse a body that is too large, of a wrong type, or not text."""
    if not body:
        return
    if content_type.partition(";")[0].strip().lower() not in {"", JSON}:
        raise MediaTypeError(f"the body must be {JSON}")
    if is_base64:
        body = _decode(body)
    if len(body) > MAX_BYTES or len(body.encode("utf-8", "surrogatepass")) > MAX_BYTES:
        raise TooLargeError(f"the body is larger than {MAX_BYTES:,} bytes; files go through POST /uploads")


def read_json(text: str) -> dict[str, Any]:
    """Read a JSON object. NaN, infinities, lone surrogates and deep nesting are the caller's errors."""
    try:
        value = json.loads(text, parse_constant=_refuse, parse_float=_finite)
    except RecursionError:
        raise InputError(f"the body is nested deeper than {MAX_DEPTH} levels") from None
    except json.JSONDecodeError as error:
        raise InputError(f"the body is not JSON: {error.msg}", where=f"line {error.lineno}") from None
    except ValueError:
        raise InputError("the body has a number with too many digits") from None
    if not isinstance(value, dict):
        raise InputError("the body must be a JSON object")
    _check_values(value)
    return value


def _check_values(value: dict[str, Any]) -> None:
    """Walk all values without recursion."""
    todo: list[tuple[Any, int]] = [(value, 1)]
    while todo:
        item, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise InputError(f"the body is nested deeper than {MAX_DEPTH} levels")
        if isinstance(item, dict):
            todo.extend((child, depth + 1) for pair in item.items() for child in pair)
        elif isinstance(item, list):
            todo.extend((child, depth + 1) for child in item)
        elif isinstance(item, str) and not _is_text(item):
            raise InputError("the body has a lone surrogate, which is no character")


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InputError(f"the number {text[:40]} is too large")
    return number


def _refuse(constant: str) -> NoReturn:
    raise InputError(f"{constant} is not JSON")


def _decode(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise InputError("the body is not UTF-8") from None
