"""The definition of the one state machine that runs heavy jobs, in the Amazon States Language.

    Begin ─> Claim ─> Size ─> Run ──────────────────────────> Done
               │ not queued    │ ended in any other way
               └─> Done        └─> Settle ─> Next ─> Pause ─> Claim
                                               └─> Done

What a task needs stands in the job's record, where each try reads it anew: an attempt that ran out of
memory has left a larger size there. The job's state is the record's matter. The state machine starts tasks,
waits for them, and asks `functions.reap.stop` when one ended without settling its job.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

GRACE_S = 300  # what a task takes to start and to store its outputs, on top of the job's own limit
State = dict[str, Any]

# Passing faults of the services, each service's own names for them.
ECS_PASSING = [
    "ECS.AmazonECSException",  # no capacity at this moment, among others
    "ECS.ServerException",
    "ECS.ThrottlingException",
    "ECS.LimitExceededException",
]
LAMBDA_PASSING = [
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "States.TaskFailed",  # what the function itself raises: a table that is briefly away
]
REFUSED = "DynamoDB.ConditionalCheckFailedException"


@dataclass(frozen=True, kw_only=True)
class Names:
    """The resources that the definition names; with `spot`, tasks may be interrupted, at a lower price."""

    table: str
    cluster: str
    task: str
    container: str
    settle: str
    subnets: list[str]
    groups: list[str]
    spot: bool
    partition: str = "aws"


def definition(names: Names) -> dict[str, Any]:
    """Return the definition."""
    states: dict[str, State] = {
        "Begin": _begin(),
        "Claim": _claim(names),
        "Size": _size("Market" if names.spot else "Run"),
        "Run": _run(names, "FARGATE"),
        "Settle": _settle(names),
        "Next": _choice({"Variable": "$.settled.again", "BooleanEquals": True, "Next": "Pause"}, "Done"),
        "Pause": {"Type": "Wait", "SecondsPath": "$.settled.wait_s", "Next": "Claim"},
        "Done": {"Type": "Succeed"},
    }
    if names.spot:
        states["Market"] = _choice(
            {"Variable": "$.settled.spot", "BooleanEquals": True, "Next": "RunSpot"}, "Run"
        )
        states["RunSpot"] = _run(names, "FARGATE_SPOT")
    return {"Comment": "Runs heavy jobs, one task each", "StartAt": "Begin", "States": states}


def _begin() -> State:
    """Take the one message that the Pipe sends in a list."""
    first = {"job_id.$": "$[0].job_id", "settled": {"starts": 0, "spot": True}}
    return {"Type": "Pass", "Parameters": first, "Next": "Claim"}


def _claim(names: Names) -> State:
    """Note the execution on the job's record, if the job is still to be run, and read what it runs in.

    The record of a job without a result (functions/aws/records.py) is within the 256 KB that a state may get.
    """
    return {
        "Type": "Task",
        "Resource": f"arn:{names.partition}:states:::dynamodb:updateItem",
        "Parameters": {
            "TableName": names.table,
            "Key": {"pk": {"S.$": "States.Format('JOB#{}', $.job_id)"}, "sk": {"S": "JOB"}},
            "UpdateExpression": "SET #execution = :execution",
            "ConditionExpression": "#status = :queued AND attribute_exists(#compute)",
            "ExpressionAttributeNames": {f"#{name}": name for name in ("execution", "compute", "status")},
            "ExpressionAttributeValues": {
                ":execution": {"S.$": "$$.Execution.Name"},
                ":queued": {"S": "queued"},
            },
            "ReturnValues": "ALL_NEW",
        },
        "ResultSelector": {"compute.$": "States.StringToJson($.Attributes.compute.S)"},
        "ResultPath": "$.found",
        "Retry": [{"ErrorEquals": [REFUSED], "MaxAttempts": 0}, _retry(["States.TaskFailed"], 2, 6)],
        "Catch": [{"ErrorEquals": [REFUSED], "ResultPath": "$.refused", "Next": "Done"}],
        "Next": "Size",
    }


def _size(then: str) -> State:
    """Add to the job's limit what a task takes besides."""
    return {
        "Type": "Pass",
        "Parameters": {
            "job_id.$": "$.job_id",
            "settled.$": "$.settled",
            "compute.$": "$.found.compute",
            "limit_s.$": f"States.MathAdd($.found.compute.timeout_s, {GRACE_S})",
        },
        "Next": then,
    }


def _run(names: Names, provider: str) -> State:
    """Run one task to its end, in the job's own size."""
    override = {
        "Name": names.container,
        "Command.$": "States.Array($.job_id)",
        "Environment": [{"Name": "EXECUTION", "Value.$": "$$.Execution.Name"}],
    }
    network = {"Subnets": names.subnets, "SecurityGroups": names.groups, "AssignPublicIp": "ENABLED"}
    return {
        "Type": "Task",
        "Resource": f"arn:{names.partition}:states:::ecs:runTask.sync",
        "Parameters": {
            "Cluster": names.cluster,
            "TaskDefinition": names.task,
            "CapacityProviderStrategy": [{"CapacityProvider": provider, "Weight": 1}],
            "PlatformVersion": "1.4.0",
            "NetworkConfiguration": {"AwsvpcConfiguration": network},
            "Overrides": {
                "Cpu.$": "States.Format('{}', $.compute.cpu)",
                "Memory.$": "States.Format('{}', $.compute.memory_mb)",
                "EphemeralStorage": {"SizeInGiB.$": "$.compute.disk_gb"},
                "ContainerOverrides": [override],
            },
        },
        "TimeoutSecondsPath": "$.limit_s",
        "ResultPath": "$.task",
        "Retry": [_retry(ECS_PASSING, 15, 8)],
        "Catch": [{"ErrorEquals": ["States.ALL"], "ResultPath": "$.failure", "Next": "Settle"}],
        "Next": "Done",
    }


def _settle(names: Names) -> State:
    """Ask what becomes of a job whose task ended without settling it."""
    return {
        "Type": "Task",
        "Resource": f"arn:{names.partition}:states:::lambda:invoke",
        "Parameters": {
            "FunctionName": names.settle,
            "Payload": {
                "job_id.$": "$.job_id",
                "execution.$": "$$.Execution.Name",
                "failure.$": "$.failure",
                "starts.$": "$.settled.starts",
            },
        },
        "ResultSelector": {
            "again.$": "$.Payload.again",
            "wait_s.$": "$.Payload.wait_s",
            "starts.$": "$.Payload.starts",
            "spot.$": "$.Payload.spot",
        },
        "ResultPath": "$.settled",
        "Retry": [_retry(LAMBDA_PASSING, 2, 6)],
        "Next": "Next",
    }


def _choice(rule: State, default: str) -> State:
    return {"Type": "Choice", "Choices": [rule], "Default": default}


def _retry(errors: list[str], interval_s: int, attempts: int) -> State:
    """Try again, later each time, and not all executions at the same moment."""
    return {
        "ErrorEquals": errors,
        "IntervalSeconds": interval_s,
        "MaxAttempts": attempts,
        "BackoffRate": 2,
        "MaxDelaySeconds": 600,
        "JitterStrategy": "FULL",
    }
