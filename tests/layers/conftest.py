"""The image's content, built once a session, and an AWS for its functions to talk to."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest

from functions.aws.table import create_arguments
from functions.core.registry import operations
from functions.local.emulator import ACCOUNT, REGION, Emulator
from tests.layers.dockerfile import Builder
from tests.layers.runtime import Function

STACK = "ifcpipe-local"  # the names that the events of events/ carry
BOOTSTRAP = ("awslambdaric", "runtime_client*", "snapshot_restore_py*", "simplejson")


@pytest.fixture(scope="session")
def builder(tmp_path_factory: pytest.TempPathFactory) -> Builder:
    """Builds stages of the Dockerfile; the packages are installed once."""
    return Builder(tmp_path_factory.mktemp("image"))


@pytest.fixture(scope="session")
def bootstrap(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the Lambda base image brings along, and nothing else of the virtual environment."""
    folder = tmp_path_factory.mktemp("bootstrap")
    for pattern in BOOTSTRAP:
        for path in Path(sysconfig.get_path("platlib")).glob(pattern):
            (folder / path.name).symlink_to(path)
    return folder


@dataclass(frozen=True)
class Stage:
    """Bare resources in an emulator: no function of theirs takes anything away."""

    emulator: Emulator

    @property
    def environment(self) -> dict[str, str]:
        """The environment of the functions."""
        return {
            **self.emulator.environment(),
            "STAGE": "local",
            "TABLE_NAME": STACK,
            "INPUT_BUCKET": f"{STACK}-input",
            "OUTPUT_BUCKET": f"{STACK}-output",
            "QUEUE_URL_PREFIX": f"{self.emulator.url}/{ACCOUNT}/{STACK}-",
            "EVENT_BUS_NAME": STACK,
            "DEFAULT_OPERATIONS": '{"": ["ifcinfo"]}',
            "POWERTOOLS_TRACE_DISABLED": "true",
        }

    def client(self, service: str) -> Any:
        """Return a client of the emulator."""
        return boto3.client(
            service,
            endpoint_url=self.emulator.url,
            region_name=REGION,
            aws_access_key_id="test",
            aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        )

    def create(self) -> None:
        """Make buckets, table, queues and bus."""
        s3 = self.client("s3")
        for name in ("INPUT_BUCKET", "OUTPUT_BUCKET"):
            bucket = self.environment[name]
            s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
            s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
        self.client("dynamodb").create_table(**create_arguments(STACK))
        sqs = self.client("sqs")
        for name in ("uploads", "heavy", *operations()):
            for end in ("", "-dead"):
                sqs.create_queue(QueueName=f"{STACK}-{name}{end}")
        self.client("events").create_event_bus(Name=STACK)


@pytest.fixture(scope="session")
def stage() -> Iterator[Stage]:
    """The stage `local`."""
    with Emulator() as emulator:
        made = Stage(emulator)
        made.create()
        yield made


@pytest.fixture(scope="session")
def start(builder: Builder, bootstrap: Path, stage: Stage) -> Callable[..., Function]:
    """Start a handler in the image's content."""

    def run(handler: str, **environment: str) -> Function:
        root = builder.build("lambda").root
        assert root is not None
        return Function(
            handler,
            root=root / "var/task",
            bootstrap=bootstrap,
            environment={**stage.environment, **environment},
        )

    return run
