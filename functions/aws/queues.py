"""Queues: transport of job ids, never the truth about a job."""

from __future__ import annotations

from dataclasses import dataclass

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.errors import code, translated
from functions.aws.settings import Settings
from functions.core.errors import ConflictError
from functions.core.message import Message

GONE = frozenset(
    {
        "AWS.SimpleQueueService.MessageNotInflight",
        "InvalidParameterValue",
        "MessageNotInflight",
        "ReceiptHandleIsInvalid",
    }
)
BATCH = 10
MAX_VISIBILITY_S = 12 * 3600


@dataclass(frozen=True)
class Depth:
    """How many messages wait, are with a worker, and are delayed. SQS counts are approximate."""

    waiting: int
    in_flight: int
    delayed: int


@dataclass(frozen=True)
class Delivery:
    """A received message: body, receipt, and how often it has been received."""

    body: str
    receipt: str
    receives: int


class Queues:
    """The queues of a stage, by operation name."""

    def __init__(self, client: BaseClient, settings: Settings) -> None:
        """Keep the SQS client and the settings that know the URLs."""
        self._client = client
        self._settings = settings

    def send(self, operation: str, job_id: str, *, delay_s: int = 0) -> None:
        """Send a job id to an operation's queue, delayed by up to 900 seconds."""
        body = Message(job_id=job_id).model_dump_json()
        delay = min(max(delay_s, 0), 900)
        with translated(f"the queue of {operation}"):
            self._client.send_message(
                QueueUrl=self._settings.queue_url(operation), MessageBody=body, DelaySeconds=delay
            )

    def extend(self, operation: str, receipt: str, *, seconds: int) -> None:
        """Hide a message for `seconds` from now; a ConflictError when it is no longer ours to hide."""
        with translated(f"the queue of {operation}"):
            try:
                self._client.change_message_visibility(
                    QueueUrl=self._settings.queue_url(operation),
                    ReceiptHandle=receipt,
                    VisibilityTimeout=min(max(seconds, 0), MAX_VISIBILITY_S),
                )
            except ClientError as error:
                if code(error) in GONE:
                    raise ConflictError(f"the message of {operation} is no longer in flight") from error
                raise

    def receive(self, operation: str, *, wait_s: int, visibility_s: int) -> Delivery | None:
        """Wait up to 20 seconds for one message, hidden from others for `visibility_s`."""
        with translated(f"the queue of {operation}"):
            found = self._client.receive_message(
                QueueUrl=self._settings.queue_url(operation),
                MaxNumberOfMessages=1,
                WaitTimeSeconds=min(max(wait_s, 0), 20),
                VisibilityTimeout=visibility_s,
                MessageSystemAttributeNames=["ApproximateReceiveCount"],
            ).get("Messages", [])
        if not found:
            return None
        message = found[0]
        receives = int(message.get("Attributes", {}).get("ApproximateReceiveCount", 1))
        return Delivery(body=message["Body"], receipt=message["ReceiptHandle"], receives=receives)

    def delete(self, operation: str, receipt: str) -> None:
        """Acknowledge a message; one that is no longer ours comes again, and the job's record stops it."""
        with translated(f"the queue of {operation}"):
            try:
                self._client.delete_message(
                    QueueUrl=self._settings.queue_url(operation), ReceiptHandle=receipt
                )
            except ClientError as error:
                if code(error) not in GONE:
                    raise

    def purge(self, operation: str) -> None:
        """Drop all messages of an operation. Their jobs stay queued: the sweep sends them again."""
        with translated(f"the queue of {operation}"):
            self._client.purge_queue(QueueUrl=self._settings.queue_url(operation))

    def depth(self, name: str) -> Depth:
        """Return how full a queue is: an operation, `uploads`, or either with `-dead` behind it."""
        with translated(f"the queue {name}"):
            found = self._client.get_queue_attributes(
                QueueUrl=self._settings.queue_url(name),
                AttributeNames=[
                    "ApproximateNumberOfMessages",
                    "ApproximateNumberOfMessagesNotVisible",
                    "ApproximateNumberOfMessagesDelayed",
                ],
            )["Attributes"]
        return Depth(
            waiting=int(found["ApproximateNumberOfMessages"]),
            in_flight=int(found["ApproximateNumberOfMessagesNotVisible"]),
            delayed=int(found["ApproximateNumberOfMessagesDelayed"]),
        )
