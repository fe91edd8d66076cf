"""The intake function: SQS messages about new objects become jobs. A part that fails is told by itself."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord

from functions.aws.services import Services, services
from functions.aws.telemetry import logger
from functions.core.arrival import read_arrivals
from functions.core.errors import InputError
from functions.intake.steps import take


def handler(event: dict[str, Any], context: object) -> dict[str, Any]:
    """Take every object of a batch; return the messages that must come again."""
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, _take_record, processor))


def _take_record(record: SQSRecord) -> None:
    """Take the objects that one message tells of; one that fails raises, and all of them come again."""
    try:
        arrivals = read_arrivals(record.body)
    except InputError as error:
        logger.error("message is no storage event", message_id=record.message_id, reason=error.message)
        raise
    made: Services = services()
    for arrival in arrivals:
        take(made, arrival)
