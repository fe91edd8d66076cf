"""How long to wait before something is tried again."""

from __future__ import annotations

import random

FIRST_S = 10
LONGEST_S = 900


def back_off(tries: int) -> int:
    """Return the seconds before the next try after `tries` tries: doubling, capped, half of it random.

    The jitter keeps jobs that failed together from coming back together.
    """
    ceiling = min(LONGEST_S, FIRST_S << min(max(tries - 1, 0), 16))
    return ceiling // 2 + random.randint(0, ceiling - ceiling // 2)  # noqa: S311 - no secret
