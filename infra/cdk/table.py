"""The table of jobs: the truth about every job; queues are only transport."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_dynamodb as dynamodb
from constructs import Construct

from functions.aws.table import TABLE
from infra.cdk.options import Options


class JobTable(Construct):
    """One table, on demand, with a stream of its changes."""

    def __init__(self, scope: Construct, construct_id: str, *, options: Options) -> None:
        """Make the table as `functions/aws` reads and writes it."""
        super().__init__(scope, construct_id)
        self.table = dynamodb.Table(
            self,
            "Table",
            table_name=options.stack if options.local else None,
            partition_key=_key(TABLE["partition"]),
            sort_key=_key(TABLE["sort"]),
            billing_mode=dynamodb.BillingMode.PAY_PER_REQUEST,
            encryption=None if options.local else dynamodb.TableEncryption.AWS_MANAGED,
            point_in_time_recovery_specification=None
            if options.local
            else dynamodb.PointInTimeRecoverySpecification(point_in_time_recovery_enabled=True),
            time_to_live_attribute=TABLE["ttl"],
            stream=dynamodb.StreamViewType[TABLE["stream"]],
            deletion_protection=options.lasting,
            removal_policy=RemovalPolicy.RETAIN if options.lasting else RemovalPolicy.DESTROY,
        )
        for name, (partition, sort) in TABLE["indexes"].items():
            self.table.add_global_secondary_index(
                index_name=name, partition_key=_key(partition), sort_key=_key(sort)
            )


def _key(name: str) -> dynamodb.Attribute:
    """Return a key attribute; all keys are text."""
    return dynamodb.Attribute(name=name, type=dynamodb.AttributeType.STRING)
