"""A dead letter: its job fails with the reason, unless it has ended or a worker has it."""

from __future__ import annotations

from datetime import datetime

from pydantic import ValidationError

from functions.aws.services import Services
from functions.aws.telemetry import logger
from functions.core.arrival import read_arrivals
from functions.core.errors import ConflictError, InputError, NotFoundError, PipelineError
from functions.core.job import Edge, Job, Status
from functions.core.message import Message
from functions.core.upload import Step

# A message is received six times; whoever was away for so long as fifty attempts take, stays away.
MOST_ATTEMPTS = 50


def settle(services: Services, body: str, *, now: datetime) -> None:
    """Settle one dead letter: a job's, an upload's that intake could not take, or nobody's."""
    try:
        message = Message.model_validate_json(body)
    except ValidationError:
        _settle_upload(services, body)
        return
    try:
        job = services.jobs.get(message.job_id)
        if _is_dead(job, now=now, max_attempts=services.settings.max_attempts):
            services.jobs.fail(job, PipelineError(_reason(job)).to_dict())
            logger.error("job failed by its dead letter", job_id=job.job_id, operation=job.operation)
        else:
            logger.info("dead letter dropped", job_id=job.job_id, status=job.status)
    except (ConflictError, NotFoundError) as error:
        logger.info("dead letter dropped", job_id=message.job_id, reason=error.message)


def _is_dead(job: Job, *, now: datetime, max_attempts: int) -> bool:
    """Whether nobody works on a job that has not ended. A waiting job needs no message.

    One that was handed back for what says nothing against it stays queued: the sweep sends it again.
    """
    if job.status is Status.STARTED:
        return job.lease_until is None or job.lease_until < now
    spared = 0 < job.attempt < MOST_ATTEMPTS and job.tries < max_attempts
    return job.status is Status.QUEUED and not spared


def _reason(job: Job) -> str:
    """Say how far the job came."""
    if not job.attempt:
        return "No worker could start the job: its message was delivered again and again without a result"
    last = next((event.detail for event in reversed(job.events) if event.event == Edge.HAND_BACK), None)
    text = f"The job's message was delivered again and again; {job.attempt} attempts brought no result"
    return f"{text}; the last was handed back: {last}" if last else text


def _settle_upload(services: Services, body: str) -> None:
    """Record an upload that intake could not take as a failed job; log and drop what nobody can read."""
    try:
        arrivals = read_arrivals(body)
    except InputError as error:
        logger.error("dead letter cannot be read", reason=error.message, size=len(body))
        return
    lost = PipelineError("The upload could not be taken in: upload it again")
    for arrival in arrivals:
        job = services.submission.reject(
            arrival.tenant, Step(operation="upload"), lost, source=arrival.uri, primary=arrival.ref()
        )
        logger.error("upload failed by its dead letter", job_id=job.job_id, object=arrival.uri)
