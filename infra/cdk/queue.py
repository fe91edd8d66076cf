"""A queue with its dead-letter queue."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.cdk.options import Options

VISIBILITY_FACTOR = 6  # of the function's timeout, as Lambda's guide for SQS event sources asks
RECEIVES = 6  # more than the attempts of a job: a receive that a throttle cost is not an attempt


class JobQueue(Construct):
    """`<stack>-<name>` and `<stack>-<name>-dead`, encrypted and reached over TLS alone."""

    def __init__(
        self, scope: Construct, construct_id: str, *, options: Options, name: str, timeout_s: int
    ) -> None:
        """Make both; `timeout_s` is that of the function that reads the queue."""
        super().__init__(scope, construct_id)
        self.dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"{options.stack}-{name}-dead",
            retention_period=Duration.days(14),
            # Read by `reap`, whose timeout is a minute.
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * 60),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=not options.local,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{options.stack}-{name}",
            retention_period=Duration.days(14),
            visibility_timeout=Duration.seconds(VISIBILITY_FACTOR * timeout_s),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=not options.local,
            dead_letter_queue=sqs.DeadLetterQueue(max_receive_count=RECEIVES, queue=self.dead),
        )
