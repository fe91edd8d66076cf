"""Reading the body of a request: JSON as RFC 8259 has it, of bounded size and depth."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from functions.core.document import read_document
from functions.core.errors import InputError, MediaTypeError, TooLargeError

# A record of a job is at most 400 KB and holds the request; larger lists belong in a file.
MAX_BYTES = 256_000
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
    value = read_document(text, what="the body")
    if not isinstance(value, dict):
        raise InputError("the body must be a JSON object")
    return value


def _decode(body: str) -> str:
    try:
        return base64.b64decode(body, validate=True).decode("utf-8")
    except (binascii.Error, ValueError):
        raise InputError("the body is not UTF-8") from None
