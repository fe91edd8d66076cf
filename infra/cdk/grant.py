"""Permissions, spelled out: what a function may do with the table, the buckets, the queues, the bus."""

from __future__ import annotations

from collections.abc import Iterable

from aws_cdk import Stack
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_sqs as sqs

from functions.aws.table import TABLE
from infra.cdk.storage import Storage


def get_item(grantee: iam.IGrantable, table: dynamodb.Table) -> None:
    """Allow to read one item at a time."""
    _allow(grantee, ["dynamodb:GetItem"], [table.table_arn])


def write_table(grantee: iam.IGrantable, table: dynamodb.Table) -> None:
    """Allow to read the table with its indexes and to write items.

    Nobody may scan it, nor delete from it: items expire.
    """
    _allow(
        grantee,
        ["dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query"],
        [table.table_arn, *(f"{table.table_arn}/index/{name}" for name in TABLE["indexes"])],
    )
    _allow(grantee, ["dynamodb:PutItem", "dynamodb:UpdateItem"], [table.table_arn])


def read_stream(grantee: iam.IGrantable, table: dynamodb.Table) -> None:
    """Allow to read the changes of the table."""
    _allow(
        grantee,
        [
            "dynamodb:DescribeStream",
            "dynamodb:GetRecords",
            "dynamodb:GetShardIterator",
            "dynamodb:ListStreams",
        ],
        [str(table.table_stream_arn)],
    )


def read_objects(grantee: iam.IGrantable, bucket: s3.Bucket) -> None:
    """Allow to read objects. Without the right to list, a missing object would be answered 403, not 404."""
    _allow(grantee, ["s3:GetObject", "s3:GetObjectVersion"], [bucket.arn_for_objects("*")])
    _allow(grantee, ["s3:ListBucket"], [bucket.bucket_arn])


def write_objects(grantee: iam.IGrantable, bucket: s3.Bucket) -> None:
    """Allow to write objects, in parts too. Nobody may delete one: lifecycle rules do."""
    _allow(
        grantee,
        ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"],
        [bucket.arn_for_objects("*")],
    )


def send(grantee: iam.IGrantable, queues: Iterable[sqs.IQueue]) -> None:
    """Allow to send messages."""
    _allow(grantee, ["sqs:SendMessage"], [queue.queue_arn for queue in queues])


def inspect(grantee: iam.IGrantable, queues: Iterable[sqs.IQueue]) -> None:
    """Allow to ask how deep queues are."""
    _allow(grantee, ["sqs:GetQueueAttributes"], [queue.queue_arn for queue in queues])


def consume(grantee: iam.IGrantable, queues: Iterable[sqs.IQueue]) -> None:
    """Allow to receive messages, to hold them longer, to delete them."""
    _allow(
        grantee,
        [
            "sqs:ReceiveMessage",
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
        ],
        [queue.queue_arn for queue in queues],
    )


def run_jobs(grantee: iam.IGrantable, storage: Storage, table: dynamodb.Table) -> None:
    """Allow what every worker does: read inputs (outputs of other jobs too), write outputs, keep records."""
    write_table(grantee, table)
    read_objects(grantee, storage.input)
    read_objects(grantee, storage.output)
    write_objects(grantee, storage.output)


def note_execution(grantee: iam.IGrantable, table: dynamodb.Table) -> None:
    """Allow to note on a job's record what it was started by."""
    _allow(grantee, ["dynamodb:UpdateItem"], [table.table_arn])


def run_tasks(grantee: iam.IGrantable, task: ecs.FargateTaskDefinition, cluster: str) -> None:
    """Allow to run one task, in the cluster of that name, to its end, as Step Functions does it.

    https://docs.aws.amazon.com/step-functions/latest/dg/connect-ecs.html. A revision's number is left open:
    an execution that has begun keeps the one it knows. Tasks have no ids before they run.
    """
    stack = Stack.of(task)
    definitions = stack.format_arn(
        service="ecs", resource="task-definition", resource_name=f"{task.family}:*"
    )
    _allow(grantee, ["ecs:RunTask"], [definitions])
    tasks = stack.format_arn(service="ecs", resource="task", resource_name=f"{cluster}/*")
    _allow(grantee, ["ecs:StopTask", "ecs:DescribeTasks"], [tasks])
    roles = [task.task_role.role_arn, task.obtain_execution_role().role_arn]
    _allow(grantee, ["iam:PassRole"], roles)
    rule = stack.format_arn(
        service="events", resource="rule", resource_name="StepFunctionsGetEventsForECSTaskRule"
    )
    _allow(grantee, ["events:PutTargets", "events:PutRule", "events:DescribeRule"], [rule])


def invoke(grantee: iam.IGrantable, function: lambda_.IFunction) -> None:
    """Allow to call a function."""
    _allow(grantee, ["lambda:InvokeFunction"], [function.function_arn])


def stop_executions(grantee: iam.IGrantable, executions: str) -> None:
    """Allow to stop the executions of the state machine."""
    _allow(grantee, ["states:StopExecution"], [executions])


def _allow(grantee: iam.IGrantable, actions: list[str], resources: list[str]) -> None:
    """Add a statement to the policy of the grantee's role; none, if there is nothing to allow."""
    if resources:
        grantee.grant_principal.add_to_principal_policy(
            iam.PolicyStatement(actions=actions, resources=resources)
        )
