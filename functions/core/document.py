"""JSON that somebody else wrote: as RFC 8259 has it, of bounded depth, and every text really text."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NoReturn

from functions.core.errors import InputError

MAX_DEPTH = 32


def read_document(text: str, *, what: str, field: str | None = None) -> Any:  # noqa: ANN401 - any JSON
    """Read JSON. NaN, infinities, lone surrogates and deep nesting are InputErrors about `what`."""
    with _refusing(what, field):
        value = _DECODER.decode(text)
        _check(value)
        return value


def read_start(text: str, *, what: str, field: str | None = None) -> tuple[Any, int]:
    """Read the JSON that a text starts with, as strictly; return it and where it ends."""
    with _refusing(what, field):
        value, end = _DECODER.raw_decode(text)
        _check(value)
        return value, end


@contextmanager
def _refusing(what: str, field: str | None) -> Iterator[None]:
    """Say of what each error is, and where."""
    try:
        yield
    except RecursionError:
        raise InputError(f"{what} is nested deeper than {MAX_DEPTH} levels", field=field) from None
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}"
        raise InputError(f"{what} is not JSON: {error.msg}", field=field, where=where) from None
    except InputError as error:
        raise InputError(f"{what}: {error.message}", field=field) from None
    except ValueError:
        raise InputError(f"{what} has a number with too many digits", field=field) from None


def _check(value: Any) -> None:  # noqa: ANN401 - any JSON
    """Walk all values without recursion."""
    todo: list[tuple[Any, int]] = [(value, 1)]
    while todo:
        item, depth = todo.pop()
        if depth > MAX_DEPTH:
            raise RecursionError
        if isinstance(item, dict):
            todo.extend((child, depth + 1) for pair in item.items() for child in pair)
        elif isinstance(item, list):
            todo.extend((child, depth + 1) for child in item)
        elif isinstance(item, str) and not _is_text(item):
            raise InputError("a lone surrogate is no character")


def _is_text(value: str) -> bool:
    return value.isascii() or not any("\ud800" <= character <= "\udfff" for character in value)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise InputError(f"the number {text[:40]} is too large")
    return number


def _refuse(constant: str) -> NoReturn:
    raise InputError(f"{constant} is not JSON")


_DECODER = json.JSONDecoder(parse_constant=_refuse, parse_float=_finite)
