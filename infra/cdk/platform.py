"""What every part of the pipeline is given: options, buckets, table, queues, bus, functions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_events as events
from aws_cdk import aws_sqs as sqs

from infra.cdk.function import Functions
from infra.cdk.options import Options
from infra.cdk.queue import JobQueue
from infra.cdk.storage import Storage


@dataclass(frozen=True, kw_only=True)
class Platform:
    """The shared resources. `queues` has one for each operation with a function and one for all heavy
    jobs, `uploads` is that of the input bucket."""

    options: Options
    functions: Functions
    storage: Storage
    table: dynamodb.Table
    bus: events.EventBus
    uploads: JobQueue
    queues: Mapping[str, JobQueue]

    @property
    def live(self) -> list[sqs.IQueue]:
        """The queues that carry jobs."""
        return [pair.queue for pair in self.queues.values()]

    @property
    def dead(self) -> list[sqs.IQueue]:
        """The dead-letter queues of the operations."""
        return [pair.dead for pair in self.queues.values()]
