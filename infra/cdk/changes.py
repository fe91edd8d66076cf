"""What follows from a change of a job: dependants are released, the bus is told."""

from __future__ import annotations

from typing import Any

from aws_cdk import Duration
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from functions.core.job import ENDED
from infra.cdk import grant
from infra.cdk.platform import Platform

JOB = {"sk": {"S": ["JOB"]}}
CHANGED: dict[str, Any] = {"eventName": ["INSERT", "MODIFY"], "dynamodb": {"Keys": JOB}}
HAS_ENDED: dict[str, Any] = {
    "eventName": ["INSERT", "MODIFY"],
    "dynamodb": {"Keys": JOB, "NewImage": {"status": {"S": sorted(status.value for status in ENDED)}}},
}


class Changes(Construct):
    """`release` and `notify`, each with its own reader of the table's stream."""

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        """Make both functions and the queue for records that neither could handle."""
        super().__init__(scope, construct_id)
        self._platform = platform
        self.dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"{platform.options.stack}-changes-dead",
            retention_period=Duration.days(14),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=not platform.options.local,
        )
        self.release = self._reader("release", HAS_ENDED)
        grant.write_table(self.release, platform.table)
        grant.send(self.release, platform.live)
        self.notify = self._reader("notify", CHANGED)
        platform.bus.grant_put_events_to(self.notify)

    def _reader(self, name: str, pattern: dict[str, Any]) -> lambda_.Function:
        """Make a function that sees the changes of jobs that fit the pattern."""
        platform = self._platform
        scope = Construct(self, name.capitalize())
        function = platform.functions.control(
            scope,
            "Function",
            name=name,
            handler=f"functions.{name}.handler.handler",
            memory_mb=256,
            timeout_s=60,
        )
        grant.read_stream(function, platform.table)
        grant.send(function, [self.dead])
        lambda_.EventSourceMapping(
            scope,
            "Source",
            target=function,
            event_source_arn=platform.table.table_stream_arn,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=10,  # as many as one PutEvents takes
            filters=[lambda_.FilterCriteria.filter(pattern)],
            bisect_batch_on_error=True,
            report_batch_item_failures=True,
            retry_attempts=5,
            max_record_age=Duration.hours(6),
            on_failure=sources.SqsDlq(self.dead),
        )
        return function
