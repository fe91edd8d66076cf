"""What settles jobs that nobody else would: dead letters, and the sweep."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.cdk import grant
from infra.cdk.platform import Platform


class Reap(Construct):
    """A function that reads all dead-letter queues, and one that looks after overdue jobs each minute."""

    def __init__(self, scope: Construct, construct_id: str, *, platform: Platform) -> None:
        """Make both functions."""
        super().__init__(scope, construct_id)
        self._platform = platform
        self.dead_letters = self._dead_letters(
            [pair.dead for pair in (platform.uploads, *platform.queues.values())]
        )
        self.sweep = self._sweep()

    def _function(self, name: str, handler: str) -> lambda_.Function:
        """Make one of the two functions, which may settle jobs."""
        function = self._platform.functions.control(
            Construct(self, name),
            "Function",
            name=f"reap-{handler.replace('_', '-')}",
            handler=f"functions.reap.handler.{handler}",
            memory_mb=256,
            timeout_s=60,
        )
        grant.write_table(function, self._platform.table)
        return function

    def _dead_letters(self, queues: list[sqs.Queue]) -> lambda_.Function:
        """Make the function that fails the jobs of dead letters, and let it read every such queue."""
        function = self._function("DeadLetters", "dead_letters")
        grant.consume(function, queues)
        for queue in queues:
            lambda_.EventSourceMapping(
                queue,
                "Source",
                target=function,
                event_source_arn=queue.queue_arn,
                batch_size=1,
                report_batch_item_failures=True,
                max_concurrency=2,
            )
        return function

    def _sweep(self) -> lambda_.Function:
        """Make the function that requeues jobs whose message vanished, and its schedule."""
        function = self._function("Sweep", "sweep")
        grant.send(function, self._platform.live)
        grant.inspect(function, self._platform.live)
        grant.read_objects(function, self._platform.storage.input)  # is what a job waits for there by now?
        grant.read_objects(function, self._platform.storage.output)
        events.Rule(
            self,
            "EveryMinute",
            description="Looks for jobs whose message or worker vanished",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            targets=[targets.LambdaFunction(function, retry_attempts=0)],
        )
        return function
