"""Waiting for what must come about: for the thing itself, and on a busy machine for long."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

# By then anything has happened that a test waits for, however little of the machine is left to it.
PATIENCE_S = 180.0
PAUSE_S = 0.05

T = TypeVar("T")


def until(found: Callable[[], T], *, seconds: float = PATIENCE_S) -> T:
    """Return what `found` returns once that is something."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"not within {seconds:.0f} seconds"
        time.sleep(PAUSE_S)
    return value
