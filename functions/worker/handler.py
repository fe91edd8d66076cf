"""The worker as a Lambda function: one message, one job."""

from __future__ import annotations

import os
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from aws_lambda_powertools.utilities.batch import BatchProcessor, EventType, process_partial_response
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext
from pydantic import ValidationError

from functions.aws.services import services
from functions.aws.telemetry import logger
from functions.core.errors import PipelineError, RetryableError
from functions.core.message import Message
from functions.ifc import process
from functions.worker.runner import execute

# While the function initialises, the fork server imports ifcopenshell in its own time, and the operation
# that the function is named after.
process.warm([os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").rpartition("-worker-")[2]])


def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Run the jobs of a batch (of one); return the messages that must come again."""
    processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)
    return dict(process_partial_response(event, _run_record, processor, context))


def _run_record(record: SQSRecord, lambda_context: LambdaContext) -> None:
    """Run one job; raises to have its message come again."""
    try:
        message = Message.model_validate_json(record.body)
    except ValidationError:
        # Not ours, and never will be: after its receives it lies with the dead letters.
        logger.error("message is malformed", message_id=record.message_id, queue=record.event_source_arn)
        raise
    made = services()
    queue = record.event_source_arn.rpartition(":")[2]
    operation = queue.removeprefix(made.settings.queue_url_prefix.rpartition("/")[2])

    def extend(seconds: int) -> None:
        made.queues.extend(operation, record.receipt_handle, seconds=seconds)

    left = timedelta(milliseconds=lambda_context.get_remaining_time_in_millis())
    verdict = execute(
        made,
        message.job_id,
        owner=f"{lambda_context.function_name}/{lambda_context.aws_request_id}/{uuid.uuid4().hex[:8]}",
        extend=extend,
        deadline=datetime.now(UTC) + left,
        heavy=False,
    )
    if verdict.retry_s is not None:
        try:
            extend(verdict.retry_s)
        except PipelineError as error:
            logger.warning("message not hidden", job_id=message.job_id, reason=error.message)
        raise RetryableError("the message comes again")
