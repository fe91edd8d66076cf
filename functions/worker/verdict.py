"""What becomes of a job's message: it is done, or it comes again after a while."""

from __future__ import annotations

import random
from dataclasses import dataclass

FIRST_S = 10
LONGEST_S = 900


@dataclass(frozen=True)
class Verdict:
    """`retry_s` is how many seconds the message shall be hidden; None: it is done with."""

    retry_s: int | None = None

    @property
    def retry(self) -> bool:
        """Whether the message must come again."""
        return self.retry_s is not None


ACK = Verdict()


def back_off(tries: int) -> int:
    """Return the seconds before the next try after `tries` tries: doubling, capped, half of it random.

    The jitter keeps jobs that failed together from coming back together.
    """
    ceiling = min(LONGEST_S, FIRST_S << min(max(tries - 1, 0), 16))
    return ceiling // 2 + random.randint(0, ceiling - ceiling // 2)  # noqa: S311 - no secret
