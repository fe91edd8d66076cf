"""One job, from its claim to its end: the same in Lambda, in Fargate and on a machine of your own."""

from __future__ import annotations

import errno
import tempfile
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from threading import Event
from typing import Any

from functions.aws.services import Services
from functions.aws.telemetry import logger
from functions.core import registry
from functions.core.compute import Compute, larger, size_of
from functions.core.errors import (
    Cancelled,
    ConflictError,
    LimitError,
    MemoryLimitError,
    NotFoundError,
    PipelineError,
    Retry,
    TimeLimitError,
)
from functions.core.job import OUTGREW, STOPPED, UNAVAILABLE, Job
from functions.core.retry import back_off
from functions.ifc import local, scratch
from functions.ifc.process import Limits
from functions.worker import inputs, outputs
from functions.worker.inputs import Input
from functions.worker.lease import Lease
from functions.worker.meter import count
from functions.worker.report import make_result
from functions.worker.verdict import ACK, Verdict

MARGIN_S = 15.0  # what storing outputs and settling the job may take before the deadline
SERVER_ERROR = 500


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, kw_only=True)
class Attempt:
    """One attempt at a claimed job."""

    services: Services
    job: Job
    lease: Lease
    deadline: datetime | None
    heavy: bool
    now: Callable[[], datetime]
    started: float = field(default_factory=time.monotonic)

    @property
    def fields(self) -> dict[str, Any]:
        """What every log line about the attempt says."""
        return {"job_id": self.job.job_id, "operation": self.job.operation, "attempt": self.job.attempt}

    @property
    def seconds(self) -> float:
        """How long the attempt has been running."""
        return time.monotonic() - self.started


def execute(
    services: Services,
    job_id: str,
    *,
    owner: str,
    extend: Callable[[int], None] | None = None,
    deadline: datetime | None = None,
    stop: Event | None = None,
    heavy: bool = True,
    now: Callable[[], datetime] = _now,
) -> Verdict:
    """Claim a job, run it, settle it, and say what becomes of its message. Never raises.

    `owner` is unique to this call. `extend` hides the message for so many seconds more. `deadline` is
    when this process is ended from outside; `stop` asks it to hand the job back. Without `heavy` the worker
    is a function, and passes on what needs a task.
    """
    lease_s = services.settings.lease_seconds
    try:
        job = services.jobs.claim(job_id, owner=owner, lease_s=lease_s)
    except PipelineError as error:
        logger.warning("job not claimed", job_id=job_id, reason=error.message)
        # It may have been claimed and only the answer lost: then nobody can claim it before that lease ends.
        return Verdict(lease_s + back_off(1))
    if job is None:
        logger.info("job is not to be run now", job_id=job_id)
        return ACK
    with Lease(services.jobs, job, lease_s=lease_s, extend=extend, stop=stop) as lease:
        attempt = Attempt(services=services, job=job, lease=lease, deadline=deadline, heavy=heavy, now=now)
        if not heavy and job.compute is not None and job.compute.heavy:
            lease.close()
            reason = f"{STOPPED}: the job needs a task"
            return _settled(attempt, partial(_pass_on, attempt, job.compute, reason))
        return _try(attempt)


def _try(attempt: Attempt) -> Verdict:
    """Run a claimed job and settle it, whatever happens."""
    job = attempt.job
    logger.info("job started", **attempt.fields, tenant=job.tenant, owner=job.owner, request=job.request)
    count(job.operation, "JobsStarted")
    try:
        result, compute = _run(attempt)
        attempt.lease.close()
        attempt.services.jobs.finish(job, result, compute=compute)
    except Exception as error:  # noqa: BLE001 - the one place where any error becomes a job's state
        attempt.lease.close()
        return _settled(attempt, partial(_decide, attempt, error))
    seconds = round(attempt.seconds, 3)
    logger.info("job finished", **attempt.fields, seconds=seconds, outcome=result["message"])
    count(job.operation, "JobsFinished", seconds=seconds)
    return ACK


def _run(attempt: Attempt) -> tuple[dict[str, Any], Compute | None]:
    """Fetch, run, store; return the result to be kept, and the compute that it ran in."""
    services, job = attempt.services, attempt.job
    if job.cancel_requested:
        raise Cancelled("The job was cancelled before it ran")
    if job.tries > services.settings.max_attempts:
        raise LimitError(f"The worker died {job.tries - 1} times while it ran this job")
    operation = registry.operation(job.operation)
    request = operation.parse(job.request)
    size = size_of(job.compute, operation)
    with tempfile.TemporaryDirectory(dir=scratch.home(), ignore_cleanup_errors=True) as name:
        folder = Path(name)
        fetched = inputs.fetch(services, job, operation, folder=folder / "inputs")
        (folder / "run").mkdir()
        execution = local.execute(
            operation,
            job.request,
            inputs.paths(fetched),
            folder=folder / "run",
            limits=_limits(attempt, Limits.of(size)),
            on_progress=attempt.lease.report,
            should_stop=attempt.lease.should_stop,
        )
        if attempt.lease.lost or attempt.lease.cancelled:  # another worker's outputs have the same keys
            raise Cancelled("The job was cancelled while it ran")
        stored = outputs.store(services, job, execution)
    if stored:
        outputs.copy_named(services, job, request, stored[0])
    compute = job.compute or _light(attempt, fetched)
    result = make_result(
        job,
        operation,
        execution,
        inputs=fetched,
        outputs=stored,
        bucket=services.settings.output_bucket,
        compute=compute,
        seconds=attempt.seconds,
    )
    return result, compute


def _light(attempt: Attempt, fetched: Sequence[Input]) -> Compute | None:
    """Return the compute of a light job that was sent without one, as it is known by now."""
    refs = tuple(item.ref for item in fetched)
    compute = attempt.services.sizing.compute(attempt.job.model_copy(update={"inputs": refs}))
    return None if compute is None or compute.heavy else compute


def _limits(attempt: Attempt, limits: Limits) -> Limits:
    """Return the limits of the compute, shortened to what is left before the deadline."""
    if attempt.deadline is None:
        return limits
    left = (attempt.deadline - attempt.now()).total_seconds()
    return replace(limits, wall_s=max(1.0, min(limits.wall_s, left - min(MARGIN_S, left / 10))))


def _settled(attempt: Attempt, settle: Callable[[], Verdict]) -> Verdict:
    """Bring the job into its next state, unless somebody else has or the table is away."""
    if attempt.lease.lost:
        logger.warning("job went to another worker", **attempt.fields)
        return ACK
    try:
        return settle()
    except (ConflictError, NotFoundError) as conflict:
        logger.warning("job was settled by somebody else", **attempt.fields, reason=conflict.message)
        return ACK
    except PipelineError as fault:
        # The lease runs out by itself; the message comes again after that, and the next claim takes over.
        logger.error("job not settled", **attempt.fields, reason=fault.message)
        return Verdict(attempt.services.settings.lease_seconds + back_off(attempt.job.attempt))


def _decide(attempt: Attempt, error: Exception) -> Verdict:
    """Apply the table of core/errors.py."""
    jobs, job = attempt.services.jobs, attempt.job
    if isinstance(error, Cancelled):
        return _stop(attempt)
    typed = _typed(error, job.operation)
    retry = typed.rule.retry
    if retry is Retry.LATER:
        return _again(attempt, f"{UNAVAILABLE}: {typed.message}")
    if retry is Retry.AGAIN and job.tries < attempt.services.settings.max_attempts:
        logger.warning("attempt failed", **attempt.fields, **_log(typed, error))
        return _again(attempt, f"{typed.rule.slug}: {typed.message}")
    if isinstance(typed, MemoryLimitError | TimeLimitError) and (bigger := _bigger(attempt, typed)):
        logger.warning("attempt failed", **attempt.fields, **_log(typed, error))
        return _pass_on(attempt, bigger, f"{OUTGREW}: {typed.message}")
    users = typed.rule.status < SERVER_ERROR
    jobs.fail(job, typed.to_dict(), traceback=None if users else _trace(typed, error))
    logger.warning("job failed", **attempt.fields, seconds=round(attempt.seconds, 3), **_log(typed, error))
    count(job.operation, "JobsFailed", seconds=attempt.seconds)
    return ACK


def _stop(attempt: Attempt) -> Verdict:
    """Cancel a job that somebody wants cancelled; hand back one whose worker alone is stopped.

    A task is stopped when its job is cancelled, too, and then only the record tells.
    """
    jobs, job, lease = attempt.services.jobs, attempt.job, attempt.lease
    if lease.stopped and not (lease.cancelled or job.cancel_requested):
        lease.renew()
    if lease.lost:
        raise ConflictError("the lease is lost")
    if lease.cancelled or job.cancel_requested or not lease.stopped:
        jobs.end_cancelled(job)
        logger.info("job cancelled", **attempt.fields)
        return ACK
    jobs.hand_back(job, reason=STOPPED)
    logger.info("job handed back", **attempt.fields, reason=STOPPED)
    return Verdict(0)


def _bigger(attempt: Attempt, error: PipelineError) -> Compute | None:
    """Return the next larger compute for a job that outgrew its own; more time than a task's there is not."""
    job, current = attempt.job, attempt.job.compute
    if isinstance(error, TimeLimitError) and current is not None and current.heavy:
        return None
    why = "not enough time" if isinstance(error, TimeLimitError) else "out of memory"
    longest_s = attempt.services.settings.max_task_seconds
    return larger(current, registry.operation(job.operation), why=why, longest_s=longest_s)


def _pass_on(attempt: Attempt, compute: Compute, reason: str) -> Verdict:
    """Hand the job back to run in another compute; its message goes on to the queue of heavy jobs."""
    job = attempt.services.jobs.hand_back(attempt.job, reason=reason, compute=compute)
    logger.info("job needs a larger compute", **attempt.fields, reason=reason, compute=compute.reason)
    if attempt.heavy and attempt.job.queue == job.queue:
        return Verdict(0)
    attempt.services.submission.send(job)
    return ACK


def _again(attempt: Attempt, reason: str) -> Verdict:
    """Hand the job back, and its message for a while."""
    attempt.services.jobs.hand_back(attempt.job, reason=reason)
    delay = back_off(attempt.job.attempt)
    logger.info("job handed back", **attempt.fields, reason=reason, delay_s=delay)
    count(attempt.job.operation, "JobsRetried")
    return Verdict(delay)


def _typed(error: Exception, operation: str) -> PipelineError:
    """Return the error as one of ours; the text of a foreign one may hold paths, so its type must do."""
    if isinstance(error, PipelineError):
        return error
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return LimitError("The worker's disk is full: the inputs and outputs of the job are too large for it")
    return PipelineError(f"{operation} stopped on an unexpected {type(error).__name__}")


def _trace(typed: PipelineError, error: Exception) -> str:
    text = typed.traceback_text or "".join(traceback.format_exception(error))
    return f"{typed.output_tail}\n{text}" if typed.output_tail else text


def _log(typed: PipelineError, error: Exception) -> dict[str, Any]:
    return {"error": typed.rule.slug, "reason": typed.message, "stack": _trace(typed, error)}
