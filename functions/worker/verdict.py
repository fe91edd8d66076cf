"""What becomes of a job's message: it is done, or it comes again after a while."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Verdict:
    """`retry_s` is how many seconds the message shall be hidden; None: it is done with."""

    retry_s: int | None = None

    @property
    def retry(self) -> bool:
        """Whether the message must come again."""
        return self.retry_s is not None


ACK = Verdict()
