"""A stage in moto, for every test that needs job records, buckets or queues.

Tests of any folder ask for the fixture `stack` (a Stack with services, a clock and the clients), or for
`make_services` when they bring their own clock.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import boto3
import pytest
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID
from moto.sqs.models import sqs_backends

from functions.aws.clients import Clients, connect
from functions.aws.services import Services, compose
from functions.aws.settings import Settings
from functions.aws.table import create_arguments
from functions.core.job import InputRef, Job, Status
from functions.core.registry import operations

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
QUEUES = ("uploads", "heavy", "echo", "ifcinfo", "ifcconvert", "ifccsv")
ENVIRONMENT = {
    "STAGE": "test",
    "TABLE_NAME": "ifcpipe-test",
    "INPUT_BUCKET": "ifcpipe-test-input",
    "OUTPUT_BUCKET": "ifcpipe-test-output",
    "QUEUE_URL_PREFIX": "https://sqs.us-east-1.amazonaws.com/123456789012/ifcpipe-test-",
    "EVENT_BUS_NAME": "ifcpipe-test",
}
INPUT = InputRef(
    field="file", reference="house.ifc", bucket=ENVIRONMENT["INPUT_BUCKET"], key="house.ifc", version_id="v1"
)
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "testing",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "us-east-1",
}


@dataclass
class Clock:
    """A clock that only the test moves."""

    time: datetime = START

    def __call__(self) -> datetime:
        return self.time

    def forward(self, seconds: float) -> None:
        self.time += timedelta(seconds=seconds)


@dataclass
class Stack:
    """A stage: its services, its clock, and the clients for what a test does from outside."""

    services: Services
    clients: Clients
    clock: Clock = field(default_factory=Clock)

    def put(self, key: str, body: bytes = b"content", **arguments: object) -> str:
        """Upload an object to the input bucket and return its version id."""
        answer = self.clients.s3.put_object(
            Bucket=self.services.settings.input_bucket, Key=key, Body=body, **arguments
        )
        return str(answer["VersionId"])


def make_job(number: int = 1, **changes: object) -> Job:
    """Return a queued ifcinfo job with an id of its own; `changes` are fields of Job."""
    values: dict[str, object] = {
        "job_id": f"{number:032x}",
        "tenant": "default",
        "operation": "ifcinfo",
        "version": 1,
        "status": Status.QUEUED,
        "request": {"file": "house.ifc"},
        "inputs": (INPUT,),
        "created_at": START,
        "changed_at": START,
    }
    return Job.model_validate({**values, **changes})


def build(clients: Clients, settings: Settings, *, make_queue: Callable[[str], object] | None = None) -> None:
    """Create the table, the buckets, the queues and the bus of a stage."""
    make_queue = make_queue or (lambda name: clients.sqs.create_queue(QueueName=name))
    clients.dynamodb.create_table(**create_arguments(settings.table_name))
    for bucket in (settings.input_bucket, settings.output_bucket):
        clients.s3.create_bucket(Bucket=bucket)
        clients.s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    for name in sorted({*QUEUES, *operations()}):
        for url in (settings.queue_url(name), settings.dead_letter_url(name)):
            make_queue(url.rpartition("/")[2])
    clients.events.create_event_bus(Name=settings.event_bus_name)


MakeServices = Callable[..., Services]


@pytest.fixture(scope="session")
def boto_session() -> boto3.session.Session:
    """One session for all tests: it has parsed the service models."""
    return boto3.session.Session(
        aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
        region_name=CREDENTIALS["AWS_DEFAULT_REGION"],
    )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch, boto_session: boto3.session.Session) -> Iterator[Clients]:
    """A built stage in moto; its environment variables are set, so `services()` works as well."""
    monkeypatch.delenv("AWS_ENDPOINT_URL", raising=False)
    for name, value in {**ENVIRONMENT, **CREDENTIALS}.items():
        monkeypatch.setenv(name, value)
    with mock_aws():
        clients = connect(session=boto_session)
        # Not by requests: two dozen of them would take longer than most of the tests.
        queues = sqs_backends[DEFAULT_ACCOUNT_ID][CREDENTIALS["AWS_DEFAULT_REGION"]]
        build(clients, Settings.from_environment(ENVIRONMENT), make_queue=queues.create_queue)
        yield clients


@pytest.fixture
def make_services(aws: Clients) -> MakeServices:
    """Return `make_services(now=clock, lease_seconds=..., ...)`: services over one stage in moto."""

    def make(*, now: Callable[[], datetime] | None = None, **settings: object) -> Services:
        chosen = Settings.from_environment(ENVIRONMENT).model_copy(update=settings)
        return compose(chosen, aws, now=now or Clock())

    return make


@pytest.fixture
def stack(aws: Clients, make_services: MakeServices) -> Stack:
    """A stage in moto with a clock that the test moves."""
    clock = Clock()
    return Stack(services=make_services(now=clock), clients=aws, clock=clock)
