"""A claimed job's lease, renewed by a thread for as long as the job runs."""

from __future__ import annotations

from collections.abc import Callable
from threading import Event, Thread
from typing import Self

from functions.aws.jobs import Jobs
from functions.aws.telemetry import logger
from functions.core.errors import ConflictError, NotFoundError, PipelineError
from functions.core.job import Job, Progress


class Lease:
    """Renews a lease every third of its length, and the message's visibility with it.

    Each renewal carries the latest progress out and brings a wish to cancel in. A job shorter than a
    third of the lease pays no request for any of it. The visibility outlives the lease, so that the
    message of a worker that died comes back when the job can be claimed again, not before.
    """

    def __init__(
        self,
        jobs: Jobs,
        job: Job,
        *,
        lease_s: int,
        extend: Callable[[int], None] | None = None,
        stop: Event | None = None,
    ) -> None:
        """Take over the lease that claiming the job has made."""
        self.lost = False
        self.cancelled = False
        self._jobs, self._job, self._lease_s, self._extend = jobs, job, lease_s, extend
        self._stop = stop or Event()
        self._closed = Event()
        self._progress: Progress | None = None
        self._thread = Thread(target=self._beat, name=f"lease-{job.job_id[:8]}", daemon=True)

    def __enter__(self) -> Self:
        """Start renewing."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop renewing."""
        self.close()

    @property
    def stopped(self) -> bool:
        """Whether the worker itself is asked to stop."""
        return self._stop.is_set()

    def report(self, stage: str, done: int, total: int) -> None:
        """Keep the progress for the next renewal."""
        self._progress = Progress(stage=stage, done=done, total=total)

    def should_stop(self) -> bool:
        """Return whether the run is to be stopped, for whichever reason."""
        return self.lost or self.cancelled or self.stopped

    def close(self) -> None:
        """Stop renewing, before the job is settled: a renewal after that would be a lost lease."""
        self._closed.set()
        self._thread.join()

    def _beat(self) -> None:
        while not self._closed.wait(self._lease_s / 3) and not self.lost:
            self.renew()

    def renew(self) -> None:
        """Renew once. A passing fault is left to the next time, as the lease lasts for three."""
        sent, self._progress = self._progress, None
        try:
            self.cancelled |= self._jobs.renew(self._job, lease_s=self._lease_s, progress=sent)
        except (ConflictError, NotFoundError):
            self.lost = True
            logger.warning("lease lost", job_id=self._job.job_id, attempt=self._job.attempt)
            return
        except PipelineError as error:
            logger.warning("lease not renewed", job_id=self._job.job_id, reason=error.message)
        if self._extend is not None:
            self._hide(self._extend)

    def _hide(self, extend: Callable[[int], None]) -> None:
        """Keep the message hidden. It may be gone (a queue was purged): the lease is what counts."""
        try:
            extend(visibility(self._lease_s))
        except PipelineError as error:
            logger.warning("message not hidden", job_id=self._job.job_id, reason=error.message)


def visibility(lease_s: int) -> int:
    """Return for how many seconds the message of a leased job is hidden."""
    return 2 * lease_s
