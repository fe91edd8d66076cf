"""A stage whose functions run in process: what Lambda's event source mappings do, done by hand.

Tests of any folder ask for `stage`: the stage in moto of tests/aws/stack.py with the operation `echo`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from threading import RLock
from typing import Any

import pytest
from moto.dynamodb.responses import DynamoHandler

from functions.aws import services as services_module
from functions.aws.clients import Clients
from functions.aws.records import to_item
from functions.aws.services import Services
from functions.core import registry
from functions.core.arrival import Arrival
from functions.core.job import Job
from functions.core.upload import Step
from tests.aws.stack import Clock, Stack
from tests.worker import echo

Handler = Callable[[dict[str, Any], Any], Any]


@dataclass
class Context:
    """What Lambda tells a handler."""

    function_name: str = "ifcpipe-test-function"
    function_version: str = "$LATEST"
    memory_limit_in_mb: int = 512
    aws_request_id: str = "request"
    left_ms: int = 60_000

    @property
    def invoked_function_arn(self) -> str:
        return f"arn:aws:lambda:us-east-1:123456789012:function:{self.function_name}"

    def get_remaining_time_in_millis(self) -> int:
        return self.left_ms


def context(**fields: Any) -> Any:
    """Return the context of one invocation."""
    return Context(**fields)


@dataclass
class Stage:
    """A stage, and what its event sources would do."""

    services: Services
    clients: Clients
    clock: Clock = field(default_factory=Clock)
    context: Context = field(default_factory=Context)

    def put(self, key: str, body: bytes = b"content", **arguments: Any) -> Arrival:
        """Upload an object and return what its event says."""
        bucket = self.services.settings.input_bucket
        answer = self.clients.s3.put_object(Bucket=bucket, Key=key, Body=body, **arguments)
        etag = answer["ETag"].strip('"')
        return Arrival(bucket=bucket, key=key, version_id=answer["VersionId"], etag=etag, size=len(body))

    def submit(self, *steps: Step, tenant: str = "default", **arguments: Any) -> list[Job]:
        """Submit steps and return their jobs."""
        return [item.job for item in self.services.submission.submit(tenant, steps, **arguments)]

    def echo(self, key: str = "house.ifc", body: bytes = b"content", **request: Any) -> Job:
        """Store a file and submit an echo of it."""
        self.put(key, body)
        (job,) = self.submit(Step(operation="echo", request={"filename": key, **request}))
        return job

    def job(self, job: Job | str) -> Job:
        """Return a job as it is now."""
        return self.services.jobs.get(job if isinstance(job, str) else job.job_id)

    def messages(self, name: str) -> list[str]:
        """Take all visible messages from a queue and return their bodies."""
        bodies = []
        while (delivery := self.services.queues.receive(name, wait_s=0, visibility_s=60)) is not None:
            self.services.queues.delete(name, delivery.receipt)
            bodies.append(delivery.body)
        return bodies

    def deliver(self, name: str, handler: Handler, *, times: int = 1) -> list[dict[str, Any]]:
        """Hand visible messages of a queue to a handler, as Lambda does; returns its answers."""
        answers = []
        for _ in range(times):
            delivery = self.services.queues.receive(name, wait_s=0, visibility_s=60)
            if delivery is None:
                break
            event = sqs_event(delivery.body, queue=f"ifcpipe-test-{name}", receipt=delivery.receipt)
            answer = handler(event, self.context)
            if not answer["batchItemFailures"]:
                self.services.queues.delete(name, delivery.receipt)
            answers.append(answer)
        return answers

    def send(self, name: str, body: str) -> None:
        """Put any body into a queue."""
        self.clients.sqs.send_message(QueueUrl=self.services.settings.queue_url(name), MessageBody=body)

    def output(self, key: str) -> bytes:
        """Return a stored output."""
        bucket = self.services.settings.output_bucket
        return bytes(self.clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read())


def sqs_event(*bodies: str, queue: str = "ifcpipe-test-echo", receipt: str = "receipt") -> dict[str, Any]:
    """Return what Lambda gets for messages of a queue."""
    return {
        "Records": [
            {
                "messageId": f"message-{number}",
                "receiptHandle": receipt,
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1"},
                "messageAttributes": {},
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
                "awsRegion": "us-east-1",
            }
            for number, body in enumerate(bodies)
        ]
    }


def bridge(arrival: Arrival) -> str:
    """Return what EventBridge puts into the queue of uploads about an object."""
    found = {"key": arrival.key, "size": arrival.size, "etag": arrival.etag}
    if arrival.version_id:
        found["version-id"] = arrival.version_id
    detail = {"bucket": {"name": arrival.bucket}, "object": found, "reason": "PutObject"}
    return json.dumps({"detail-type": "Object Created", "source": "aws.s3", "detail": detail})


def stream_event(*jobs: Job, before: Job | None = None) -> dict[str, Any]:
    """Return what Lambda gets from the table's stream when jobs have changed."""
    old = {"OldImage": to_item(before, ttl_days=90)} if before else {}
    return {
        "Records": [
            {
                "eventName": "MODIFY",
                "eventSource": "aws:dynamodb",
                "dynamodb": {
                    "NewImage": to_item(job, ttl_days=90),
                    **old,
                    "SequenceNumber": str(1000 + number),
                },
            }
            for number, job in enumerate(jobs)
        ]
    }


@pytest.fixture
def atomic(monkeypatch: pytest.MonkeyPatch) -> None:
    """DynamoDB changes an item by one request at a time; moto, among threads, does not by itself."""
    lock, plain = RLock(), DynamoHandler.call_action

    def locked(handler: DynamoHandler) -> Any:
        with lock:
            return plain(handler)

    monkeypatch.setattr(DynamoHandler, "call_action", locked)


@pytest.fixture
def echo_operation(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the registry have the operation `echo`, whose code lies with the tests."""
    found = {**registry.operations(), "echo": echo.operation}
    monkeypatch.setattr(registry, "operations", lambda: found)


@pytest.fixture
def stage(atomic: None, echo_operation: None, stack: Stack) -> Stage:
    """A stage whose clock only the test moves."""
    return Stage(services=stack.services, clients=stack.clients, clock=stack.clock)


@pytest.fixture
def lease_seconds() -> int:
    """How long the leases of `live` last: a beat comes soon, and one that is seconds late costs no lease."""
    return 6


@pytest.fixture
def live(
    atomic: None, echo_operation: None, aws: Clients, monkeypatch: pytest.MonkeyPatch, lease_seconds: int
) -> Iterator[Stage]:
    """A stage with the true clock, which handlers find by themselves."""
    monkeypatch.setenv("LEASE_SECONDS", str(lease_seconds))
    services_module.services.cache_clear()
    made = services_module.services()
    yield Stage(services=made, clients=aws)
    services_module.services.cache_clear()
