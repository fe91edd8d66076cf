"""The sweep: the table is the truth and queues are transport, so jobs are found whose message was lost.

What it does twice does no harm: a second message finds its job taken or ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from itertools import islice

from functions.aws.services import Services
from functions.aws.telemetry import logger
from functions.core import registry
from functions.core.arrival import Arrival
from functions.core.compute import HEAVY
from functions.core.errors import (
    ConflictError,
    InputError,
    LimitError,
    NotFoundError,
    PipelineError,
    UnknownOperationError,
)
from functions.core.job import Job, Status

LONG = timedelta(hours=1)  # queued for so long, a job is sent again though no message is missing
SLOW_START = timedelta(minutes=10)  # a Fargate task's message is gone before the task is there
SOONEST, LATEST = timedelta(minutes=15), timedelta(days=1)  # between two looks at a waiting job
PATIENCE = timedelta(days=7)
MOST = 5_000  # late jobs that one run holds in its memory; the oldest come first


class Sweep:
    """One run over the overdue jobs of all tenants, worst first, while `has_time` says so."""

    def __init__(
        self, services: Services, *, now: Callable[[], datetime], has_time: Callable[[], bool]
    ) -> None:
        """Prepare a run. A message gets two leases' time before it counts as late."""
        self._services = services
        self._now = now
        self._has_time = has_time
        self._late = timedelta(seconds=2 * services.settings.lease_seconds)
        self._running: Counter[str] = Counter()
        self._done: Counter[str] = Counter()

    def run(self) -> dict[str, int]:
        """Look after every overdue job; return how many were sent, failed, cancelled."""
        now = self._now()
        looks: tuple[tuple[Status, Iterable[Job], Callable[[Job], None]], ...] = (
            (Status.STARTED, self._dead(now), self._abandoned),
            (Status.QUEUED, self._lost(now), self._queued),
            (Status.WAITING, self._overdue(Status.WAITING, now - self._late), self._waiting),
        )
        for status, found, look in looks:
            for job in found:
                try:
                    current = self._services.jobs.get(job.job_id)  # the index may be a moment late
                    if current.status is status:
                        look(current)
                except (ConflictError, NotFoundError) as error:
                    logger.info("overdue job has moved on", job_id=job.job_id, reason=error.message)
                except PipelineError as error:  # whatever is wrong with one job, the others are looked after
                    logger.error("overdue job not settled", job_id=job.job_id, reason=error.message)
        logger.info("swept", done=dict(self._done))
        return dict(self._done)

    def _overdue(self, status: Status, before: datetime) -> Iterator[Job]:
        """Yield overdue jobs as the index knows them, for as long as there is time."""
        for job in self._services.jobs.overdue(status, before=before):
            if not self._has_time():
                logger.warning("sweep ran out of time", status=status)
                return
            yield job

    def _dead(self, now: datetime) -> Iterator[Job]:
        """Yield the jobs whose lease has run out; count the others, each of which holds a message."""
        for job in self._overdue(Status.STARTED, now + 2 * self._late):
            if job.lease_until is None or job.lease_until < now:
                yield job
            else:
                self._running[job.queue] += 1

    def _lost(self, now: datetime) -> Iterator[Job]:
        """Yield the queued jobs whose message must be taken for lost.

        When there are more late jobs than messages, the oldest are taken: theirs should have come first.
        After very long any job is, should the count be wrong for so long.
        """
        late = list(islice(self._overdue(Status.QUEUED, now - self._late), MOST))
        missing = Counter(job.queue for job in late)
        for queue in missing:
            missing[queue] -= self._messages(queue)
        for job in late:
            age = now - job.changed_at
            if age < SLOW_START and job.queue == HEAVY:
                continue
            if missing[job.queue] > 0 or age > LONG:
                missing[job.queue] -= 1
                yield job

    def _messages(self, queue: str) -> int:
        """Return how many messages there are for jobs that are not running."""
        if queue not in {HEAVY, *registry.operations()}:
            return 0
        try:
            depth = self._services.queues.depth(queue)
        except PipelineError as error:  # for this run no message of it counts as lost; others' may be
            logger.error("queue cannot be counted", queue=queue, reason=error.message)
            return MOST
        running = 0 if queue == HEAVY else self._running[queue]
        return depth.waiting + depth.delayed + max(0, depth.in_flight - running)

    def _abandoned(self, job: Job) -> None:
        """Send a job again whose worker died, or fail it when that happened too often."""
        if job.lease_until is not None and job.lease_until >= self._now():
            return
        if job.cancel_requested:
            self._services.jobs.end_cancelled(job)
            self._tell("cancelled", job)
        elif job.tries >= self._services.settings.max_attempts:
            self._fail(job, LimitError(f"The worker died {job.tries} times while it ran this job"))
        else:
            self._services.jobs.hand_back(job, reason="the worker died: its lease ran out")
            self._send(job)

    def _queued(self, job: Job) -> None:
        """Send a queued job again, and leave it alone for a while; fail one whose operation is gone."""
        try:
            registry.operation(job.operation)
        except UnknownOperationError as error:
            self._fail(job, error)
            return
        late = self._now() - job.changed_at > LONG
        self._send(job)
        self._services.jobs.postpone(job.job_id, until=self._now() + (LONG if late else timedelta()))

    def _waiting(self, job: Job) -> None:
        """Look again for what a job waits for, as the event that tells may have been lost."""
        if not job.pending:  # whoever took the last entry away died before it could queue the job
            self._satisfy(job, "all", None)
            return
        age = self._now() - job.changed_at  # since it was made, or began to wait again
        for entry in sorted(job.pending):
            kind, _, name = entry.partition(":")
            error = self._parent(job, entry, name) if kind == "job" else self._input(job, entry, name)
            if error is None and age > PATIENCE:
                error = InputError(f"The job waited {PATIENCE.days} days in vain for {name}")
            if error is not None:
                self._fail(job, error)
                return
        self._services.jobs.postpone(job.job_id, until=self._now() + min(max(age / 2, SOONEST), LATEST))

    def _parent(self, job: Job, entry: str, parent_id: str) -> PipelineError | None:
        """Satisfy a job whose parent has finished; return why it must fail with its parent."""
        try:
            parent = self._services.jobs.get(parent_id)
        except NotFoundError:
            return ConflictError(f"job {parent_id}, which this one waits for, is gone", field="after")
        if parent.status is Status.FINISHED:
            self._satisfy(job, entry, None)
        elif parent.status.ended:
            reason = f"job {parent_id}, which this one waits for, is {parent.status}"
            return ConflictError(reason, field="after")
        return None

    def _input(self, job: Job, entry: str, field: str) -> PipelineError | None:
        """Satisfy a job whose object is there."""
        ref = next(ref for ref in job.inputs if ref.field == field)
        try:
            found = self._services.storage.head(ref.bucket or "", ref.key or "")
        except NotFoundError:
            return None
        self._satisfy(job, entry, Arrival.model_validate(found, from_attributes=True))
        return None

    def _satisfy(self, job: Job, entry: str, arrival: Arrival | None) -> None:
        freed = self._services.jobs.satisfy(job.job_id, entry, arrival=arrival)
        if freed is not None:
            self._send(freed)

    def _send(self, job: Job) -> None:
        self._services.submission.send(job)
        self._tell("sent", job)

    def _fail(self, job: Job, error: PipelineError) -> None:
        self._services.jobs.fail(job, error.to_dict())
        self._tell("failed", job)

    def _tell(self, what: str, job: Job) -> None:
        self._done[what] += 1
        logger.warning("overdue job looked after", outcome=what, job_id=job.job_id, operation=job.operation)
