"""The notify function: each change of a job's state, from the table's stream, is an event on the bus.

`Job Queued`, `Job Started`, `Job Finished` and so on, with the body that clients poll. Whoever listens may
hear an event twice, as of every bus.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.aws.records import to_job
from functions.aws.services import services
from functions.aws.telemetry import logger
from functions.core.job import Job


def handler(event: dict[str, Any], context: object) -> None:
    """Publish a batch of stream records; an error brings the whole batch again."""
    changed = [changed_job(record["dynamodb"]) for record in event["Records"]]
    told = [(f"Job {job.status.value.capitalize()}", describe(job)) for job in changed if job is not None]
    services().events.publish(told)
    logger.info("events published", count=len(told))


def changed_job(change: Mapping[str, Any]) -> Job | None:
    """Return the job whose state a stream record changed; None for a renewal, progress or anything else."""
    new, old = change.get("NewImage", {}), change.get("OldImage", {})
    if new.get("sk") != {"S": "JOB"} or new.get("status") == old.get("status"):
        return None
    return to_job(new)


def describe(job: Job) -> dict[str, Any]:
    """Return the detail of an event."""
    return {**job.status_body(), "operation": job.operation, "tenant": job.tenant, "attempt": job.attempt}
