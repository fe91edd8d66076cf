"""The worker of one operation that fits a Lambda function."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from functions.core import LambdaSize, Operation
from functions.core.compute import HEAVY
from infra.cdk import grant
from infra.cdk.platform import Platform


class Worker(Construct):
    """A function in the operation's own size that reads the operation's queue, one message at a time."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        platform: Platform,
        operation: Operation,
        size: LambdaSize,
        concurrency: float,
    ) -> None:
        """Make the function, its role and the event source mapping."""
        super().__init__(scope, construct_id)
        own = platform.queues[operation.name].queue
        self.function = platform.functions.worker(
            self, "Function", name=f"worker-{operation.name}", size=size
        )
        grant.run_jobs(self.function, platform.storage, platform.table)
        grant.consume(self.function, [own])
        grant.send(self.function, [platform.queues[HEAVY].queue])  # a job that outgrew the function
        lambda_.EventSourceMapping(
            self,
            "Source",
            target=self.function,
            event_source_arn=own.queue_arn,
            batch_size=1,
            report_batch_item_failures=True,
            # Never reserved concurrency: the poller would receive what the function then refuses, and
            # messages would go to the dead letters unseen.
            max_concurrency=concurrency,
        )
