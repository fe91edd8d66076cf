"""The same identities on every run: GlobalIds out of content instead of chance, times out of the header.

Libraries make GlobalIds of random numbers and write the time of day into owner histories. The same input
must give the same bytes, so while a recipe runs both are derived from what it works on; and its iterators
run in one thread, as several yield their shapes in an order of chance.
"""

from __future__ import annotations

import datetime as datetime_module
import hashlib
import multiprocessing
import time
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime, tzinfo
from typing import Any, Self

import ifcopenshell
import ifcopenshell.guid


def global_id(*parts: str) -> str:
    """Return the GlobalId of something that is described by `parts`."""
    digest = hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).digest()
    return ifcopenshell.guid.compress(uuid.UUID(bytes=digest[:16], version=4).hex)


def free_global_id(model: ifcopenshell.file, *parts: str) -> str:
    """Return a GlobalId for something new that is described by `parts`: one that the model has not.

    It has the first one where the same was made before.
    """
    found, attempt = global_id(*parts), 0
    while _has(model, found):
        attempt += 1
        found = global_id(*parts, str(attempt))
    return found


def _has(model: ifcopenshell.file, found: str) -> bool:
    try:
        model.by_guid(found)
    except RuntimeError:
        return False
    return True


@contextmanager
def steady(seed: str, *, moment: float) -> Iterator[None]:
    """Let ifcopenshell make GlobalIds out of `seed`, and the time of day be `moment` (Unix seconds)."""
    count = 0

    def make() -> uuid.UUID:
        nonlocal count
        count += 1
        return uuid.UUID(bytes=hashlib.sha256(f"{seed}/{count}".encode()).digest()[:16], version=4)

    class Still(datetime):
        """A clock that stands."""

        @classmethod
        def now(cls, tz: tzinfo | None = None) -> Self:
            return cls.fromtimestamp(moment, tz or UTC)

    with ExitStack() as stack:
        stack.enter_context(replaced(ifcopenshell.guid, "uuid4", make))
        stack.enter_context(replaced(datetime_module, "datetime", Still))
        stack.enter_context(replaced(time, "time", lambda: moment))
        stack.enter_context(replaced(multiprocessing, "cpu_count", lambda: 1))
        yield


@contextmanager
def replaced(module: Any, name: str, value: object) -> Iterator[None]:  # noqa: ANN401 - a module
    """Replace a function for a while; `unittest.mock` would take 50 ms to import."""
    original = getattr(module, name)
    setattr(module, name, value)
    try:
        yield
    finally:
        setattr(module, name, original)


def written_at(model: ifcopenshell.file) -> float:
    """Return the time stamp of a model's header as Unix seconds; 0 when it is none."""
    header: Any = model.header
    try:
        moment = datetime.fromisoformat(str(header.file_name.time_stamp))
    except (ValueError, RuntimeError):
        return 0.0
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
