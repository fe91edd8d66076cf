"""A task that stopped without settling its job: what becomes of the job, and whether a task is tried again.

The state machine asks when a task has ended in any other way than by exit code 0. What it gets of a task that
ran is the error `States.TaskFailed` with the task's description as its cause, in JSON:
https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, Field

from functions.aws.services import Services
from functions.aws.telemetry import logger
from functions.core import registry
from functions.core.compute import larger
from functions.core.errors import (
    ConflictError,
    CrashError,
    MemoryLimitError,
    NotFoundError,
    PipelineError,
    TimeLimitError,
)
from functions.core.job import OUTGREW, STOPPED, Job, Status
from functions.core.retry import back_off

MOST_STARTS = 4  # tasks of one job that may fail to start, one after the other
MOST_ATTEMPTS = 50
OWN_MINUTES = timedelta(minutes=10)  # what starting a task takes at most; so long the sweep leaves it alone
KILLED = 128 + 9  # by the kernel, as it does when a container's memory is used up


class Failure(BaseModel):
    """What the Catch of a state hands over."""

    error: str = Field("", alias="Error")
    cause: str = Field("", alias="Cause")


class Stopped(BaseModel):
    """What the state machine tells: which job, which execution, what happened, how often before."""

    job_id: str
    execution: str
    failure: Failure
    starts: int = 0


class Answer(BaseModel):
    """What the state machine does next; `spot` is whether the next task may be interrupted again."""

    again: bool
    wait_s: int = Field(0, ge=0)
    starts: int = 0
    spot: bool = True


class How(StrEnum):
    """The ways in which a task can end."""

    UNSTARTED = "unstarted"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    SPOT = "spot"
    LATER = "later"
    CRASH = "crash"


@dataclass(frozen=True)
class _End:
    how: How
    detail: str


def settle(services: Services, stopped: Stopped, *, now: datetime) -> Answer:
    """Settle the job of a stopped task as far as its worker has not, and say whether to start another."""
    end = read_end(stopped.failure)
    try:
        job = services.jobs.get(stopped.job_id)
        answer = _decide(services, job, stopped, end)
        if answer.again:  # the message is gone: the sweep must not take that for a loss
            later = now + timedelta(seconds=answer.wait_s) + OWN_MINUTES
            services.jobs.postpone(job.job_id, until=later)
    except (ConflictError, NotFoundError) as error:
        logger.info("job was settled by somebody else", job_id=stopped.job_id, reason=error.message)
        return Answer(again=False)
    logger.warning("task stopped", job_id=job.job_id, how=end.how, detail=end.detail, again=answer.again)
    return answer


def read_end(failure: Failure) -> _End:
    """Return how a task ended."""
    if failure.error == "States.Timeout":
        return _End(How.TIMEOUT, "the task ran out of time")
    task = _description(failure.cause)
    if failure.error != "States.TaskFailed" or task is None:
        return _End(How.UNSTARTED, f"{failure.error}: {failure.cause}"[:300])
    container: dict[str, Any] = next(iter(task.get("Containers") or ()), {})
    code = container.get("ExitCode")
    reason = f"{task.get('StoppedReason') or ''} {container.get('Reason') or ''}".strip()
    detail = reason if code is None else f"exit code {code} {reason}".strip()
    if code == KILLED or "OutOfMemory" in reason:
        return _End(How.MEMORY, detail)
    if task.get("StopCode") in {"SpotInterruption", "TerminationNotice"}:
        return _End(How.SPOT, detail)
    if code == os.EX_TEMPFAIL:
        return _End(How.LATER, detail)
    return _End(How.UNSTARTED if code is None else How.CRASH, detail)


def _description(cause: str) -> dict[str, Any] | None:
    try:
        found = json.loads(cause)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _decide(services: Services, job: Job, stopped: Stopped, end: _End) -> Answer:
    spot = end.how is not How.SPOT
    if job.status is Status.STARTED and _owned(job, stopped.execution):
        return _dead(services, job, end).model_copy(update={"spot": spot})
    if job.status is not Status.QUEUED or job.execution != stopped.execution:
        return Answer(again=False)
    if end.how in {How.LATER, How.SPOT}:  # its worker has handed it back
        if job.attempt >= MOST_ATTEMPTS:
            return _fail(services, job, PipelineError(f"{job.attempt} attempts brought no result"))
        outgrown = (job.events[-1].detail or "").startswith((OUTGREW, STOPPED))
        return Answer(again=True, wait_s=1 if outgrown else back_off(job.attempt), spot=spot)
    starts = stopped.starts + 1
    if starts >= MOST_STARTS:
        return _fail(services, job, PipelineError(f"No task could be started: {end.detail}"))
    return Answer(again=True, wait_s=back_off(starts), starts=starts)


def _dead(services: Services, job: Job, end: _End) -> Answer:
    """Settle a job whose task died while it ran: its lease need not be waited for."""
    if job.cancel_requested:
        services.jobs.end_cancelled(job)
        return Answer(again=False)
    if end.how is How.TIMEOUT:
        return _fail(services, job, TimeLimitError("The job ran longer than its time limit"))
    if end.how is How.MEMORY:
        return _grow(services, job)
    if end.how in {How.SPOT, How.UNSTARTED}:
        services.jobs.hand_back(job, reason=f"{STOPPED}: {end.detail}")
        return Answer(again=True, wait_s=1)
    return _retry(services, job, end)


def _grow(services: Services, job: Job) -> Answer:
    """Have the job run again one size up, if there is one."""
    operation, longest_s = registry.operation(job.operation), services.settings.max_task_seconds
    bigger = larger(job.compute, operation, why="out of memory", longest_s=longest_s)
    if bigger is None:
        return _fail(services, job, MemoryLimitError(f"{job.operation} needs more memory than its limit"))
    reason = f"{OUTGREW}: the task was killed for the memory that it took"
    services.jobs.hand_back(job, reason=reason, compute=bigger)
    return Answer(again=True, wait_s=1)


def _retry(services: Services, job: Job, end: _End) -> Answer:
    """Have the job run again, if it has attempts left."""
    if job.tries >= services.settings.max_attempts:
        died = f"The task died {job.tries} times while it ran this job; at last with {end.detail}"
        return _fail(services, job, CrashError(died))
    services.jobs.hand_back(job, reason=f"native-crash: the task died with {end.detail}")
    return Answer(again=True, wait_s=back_off(job.attempt))


def _owned(job: Job, execution: str) -> bool:
    return (job.owner or "").startswith(f"task/{execution}/")


def _fail(services: Services, job: Job, error: PipelineError) -> Answer:
    services.jobs.fail(job, error.to_dict())
    return Answer(again=False)
