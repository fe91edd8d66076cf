"""The sweep: the table is the truth and queues are transport, so jobs are found whose message was lost.

What it does twice does no harm: a second message finds its job taken or ended.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

from functions.aws.services import Services
from functions.aws.telemetry import logger
from functions.core.arrival import Arrival
from functions.core.errors import ConflictError, InputError, LimitError, NotFoundError, PipelineError
from functions.core.job import Job, Status
from functions.core.operation import FargateSize
from functions.core.registry import operations

LONG = timedelta(hours=1)  # queued for so long, a job is sent again though its queue is not empty
SLOW_START = timedelta(minutes=10)  # a Fargate task's message is gone before the task is there
SOONEST, LATEST = timedelta(minutes=15), timedelta(days=1)  # between two looks at a waiting job
PATIENCE = timedelta(days=7)


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
        self._slow = {name for name, found in operations().items() if isinstance(found.compute, FargateSize)}
        self._empty: dict[str, bool] = {}
        self._done: Counter[str] = Counter()

    def run(self) -> dict[str, int]:
        """Look after every overdue job; return how many were sent, failed, cancelled."""
        now = self._now()
        looks: tuple[tuple[Status, datetime, Callable[[Job], None]], ...] = (
            (Status.STARTED, now, self._abandoned),
            (Status.QUEUED, now - self._late, self._queued),
            (Status.WAITING, now - self._late, self._waiting),
        )
        for status, before, look in looks:
            for job in self._overdue(status, before):
                try:
                    look(job)
                except (ConflictError, NotFoundError) as error:
                    logger.info("overdue job has moved on", job_id=job.job_id, reason=error.message)
        logger.info("swept", done=dict(self._done))
        return dict(self._done)

    def _overdue(self, status: Status, before: datetime) -> Iterator[Job]:
        """Yield overdue jobs as they are now: the index may be a moment late."""
        for found in self._services.jobs.overdue(status, before=before):
            if not self._has_time():
                logger.warning("sweep ran out of time", status=status)
                return
            if status is Status.QUEUED and not self._is_lost(found):
                continue
            try:
                job = self._services.jobs.get(found.job_id)
            except NotFoundError:
                continue
            if job.status is status:
                yield job

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

    def _is_lost(self, job: Job) -> bool:
        """Whether a queued job's message must be taken for lost: its queue is empty, or it waits too long."""
        age = self._now() - job.changed_at
        if age < SLOW_START and job.operation in self._slow:
            return False
        return age > LONG or self._is_empty(job.operation)

    def _queued(self, job: Job) -> None:
        """Send a queued job again, and leave it alone for a while."""
        late = self._now() - job.changed_at > LONG
        self._send(job)
        self._services.jobs.postpone(job.job_id, until=self._now() + (LONG if late else timedelta()))

    def _is_empty(self, operation: str) -> bool:
        """Whether nothing is in an operation's queue; asked once a run."""
        if operation not in self._empty:
            depth = self._services.queues.depth(operation)
            self._empty[operation] = not (depth.waiting or depth.in_flight or depth.delayed)
        return self._empty[operation]

    def _waiting(self, job: Job) -> None:
        """Look again for what a job waits for, as the event that tells may have been lost."""
        age = self._now() - job.created_at
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
        self._services.queues.send(job.operation, job.job_id)
        self._tell("sent", job)

    def _fail(self, job: Job, error: PipelineError) -> None:
        self._services.jobs.fail(job, error.to_dict())
        self._tell("failed", job)

    def _tell(self, what: str, job: Job) -> None:
        self._done[what] += 1
        logger.warning("overdue job looked after", outcome=what, job_id=job.job_id, operation=job.operation)
