"""From an uploaded object to jobs: bucket -> EventBridge -> queue -> intake."""

from __future__ import annotations

from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.cdk import grant
from infra.cdk.platform import Platform

TIMEOUT_S = 60


class Intake(Construct):
    """The function that reads the queue `uploads`, and the rule that fills it."""

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        """Make the rule, the function and the event source mapping."""
        super().__init__(scope, construct_id)
        queue = platform.uploads.queue
        events.Rule(
            self,
            "ObjectCreated",
            description="Every object that arrives in the input bucket",
            event_pattern=events.EventPattern(
                source=["aws.s3"],
                detail_type=["Object Created"],
                detail={"bucket": {"name": [platform.storage.input.bucket_name]}},
            ),
            targets=[targets.SqsQueue(queue)],
        )
        self.function = platform.functions.control(
            self,
            "Function",
            name="intake",
            handler="functions.intake.handler.handler",
            memory_mb=512,
            timeout_s=TIMEOUT_S,
        )
        grant.write_table(self.function, platform.table)
        grant.read_objects(self.function, platform.storage.input)
        grant.read_objects(self.function, platform.storage.output)
        grant.send(self.function, platform.live)
        grant.consume(self.function, [queue])
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=self.function,
            event_source_arn=queue.queue_arn,
            batch_size=10,
            report_batch_item_failures=True,
            max_concurrency=10,
        )
