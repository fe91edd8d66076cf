"""The reaping functions: for dead letters, for tasks that stopped, and a sweep on a schedule."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from functions.aws.services import services
from functions.reap import stop
from functions.reap.letter import settle
from functions.reap.overdue import Sweep

MARGIN_MS = 5_000


def dead_letters(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Settle the jobs of messages that were received too often; return those to be tried again."""
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, _settle_record, processor))


def sweep(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Look after overdue jobs for as long as there is time; return what was done, by name."""

    def has_time() -> bool:
        return context.get_remaining_time_in_millis() > MARGIN_MS

    return Sweep(services(), now=lambda: datetime.now(UTC), has_time=has_time).run()


def tasks(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Settle the job of a task that stopped; tell the state machine whether to start another one."""
    stopped = stop.Stopped.model_validate(event)
    return stop.settle(services(), stopped, now=datetime.now(UTC)).model_dump()


def _settle_record(record: SQSRecord) -> None:
    settle(services(), record.body, now=datetime.now(UTC))
