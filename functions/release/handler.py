"""The release function: a job ended, so the jobs that waited for it are sent, or fail with it.

It reads the table's stream. Of several parents that finish at once exactly one takes the last pending
entry away, because that is one conditional update; every record may come twice.
"""

from __future__ import annotations

from typing import Any, cast

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from functions.aws.records import to_job
from functions.aws.services import Services, services
from functions.aws.table import job_token
from functions.aws.telemetry import logger
from functions.core.errors import ConflictError, NotFoundError
from functions.core.job import Job, Status


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Settle the dependants of every job that ended; return the records that must come again."""
    processor = BatchProcessor(EventType.DynamoDBStreams, raise_on_entire_batch_failure=False)
    failed = dict(process_partial_response(event, _settle_record, processor))
    logger.info(
        "changes settled",
        count=len(event["Records"]),
        failed=len(cast("list[object]", failed["batchItemFailures"])),
    )
    return failed


def _settle_record(record: DynamoDBRecord) -> None:
    """Settle the dependants of one record's job, if it is a job, has ended, and may have any."""
    image = record.raw_event["dynamodb"].get("NewImage", {})
    if image.get("sk") != {"S": "JOB"}:
        return
    job = to_job(image)
    if job.status.ended and job.awaited:
        settle(services(), job)


def settle(services: Services, parent: Job) -> None:
    """Release the jobs that waited for one that finished; fail those of one that did not.

    A record may be read late, when the job that failed has been requeued: its dependants wait for it again.
    """
    waiting = services.jobs.waiting_for(job_token(parent.job_id))
    if waiting and parent.status is not Status.FINISHED:
        parent = services.jobs.get(parent.job_id)
    if not parent.status.ended:
        logger.info("job runs again", job_id=parent.job_id, status=parent.status)
        return
    for job_id, entry in waiting:
        try:
            if parent.status is Status.FINISHED:
                _release(services, job_id, entry, parent)
            else:
                _fail(services, job_id, parent)
        except (ConflictError, NotFoundError) as error:
            logger.info("dependant is settled already", job_id=job_id, reason=error.message)


def _release(services: Services, job_id: str, entry: str, parent: Job) -> None:
    freed = services.jobs.satisfy(job_id, entry)
    if freed is not None:
        services.submission.send(freed, parents={parent.job_id: parent})
        logger.info("job released", job_id=job_id, operation=freed.operation, pending=entry)


def _fail(services: Services, job_id: str, parent: Job) -> None:
    """Fail a dependant, whose own stream record then fails those that wait for it."""
    detail = f": {parent.error['detail']}" if parent.error else ""
    reason = f"{parent.operation} job {parent.job_id}, which this one waits for, was {parent.status}{detail}"
    if parent.status is Status.FAILED:
        reason = reason.replace(" was failed", " failed", 1)
    services.jobs.fail(job_id, ConflictError(reason, field="after").to_dict())
    logger.warning("job failed with its parent", job_id=job_id, parent=parent.job_id)
