"""The rules of AWS Solutions (cdk-nag) that are acknowledged, each with its reason; all others must hold.

An acknowledgement names its constructs as narrowly as it can, and of a wildcard the exact resource.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from aws_cdk import Acknowledgment, CfnElement, Stack, Validations
from constructs import IConstruct

FUNCTION = r"(Intake|Changes/\w+|Reap/\w+|Api/(Api|Authorizer)|Heavy/Settle|Operation-\w+/Worker)"
ANY = "IAM5[Resource::*]"

# (path below the stack, rule, reason)
RULES = (
    (f"{FUNCTION}/Role", ANY, "X-Ray's PutTraceSegments and PutTelemetryRecords know no resources"),
    (
        f"{FUNCTION}/Function",
        "L1",
        "Python 3.13 is the version of the worker's image; the control plane shares its lock and its code",
    ),
    ("Changes/Dead", "SQS3", "It is a dead-letter queue: that of the two readers of the table's stream"),
    (
        r"Api/Http/GET--(health|openapi\.json|docs)",
        "APIG4",
        "Open on purpose: health for monitors, the API's description and its documentation hold no data",
    ),
    ("Heavy/Task/ExecutionRole", ANY, "ecr:GetAuthorizationToken knows no resources"),
    ("Heavy/Machine/Role", ANY, "X-Ray and log delivery know no resources"),
    ("Heavy/Task", "ECS2", "The variables are names of resources; there is no secret among them"),
)
OBJECTS = "Any object of the bucket: keys are chosen by callers, and the code keeps tenants apart"
# (path, what of an ARN follows the account, reason); `{}` is region and account
WIDE = (
    (
        "Heavy/Machine/Role",
        "ecs:{}:task-definition/{stack}-heavy:*",
        "Any revision of this one task definition: each deployment makes a new one",
    ),
    ("Heavy/Machine/Role", "ecs:{}:task/{stack}/*", "Tasks of this one cluster have no ids before they run"),
    (
        "Api/Api/Role",
        "states:{}:execution:{stack}-heavy:*",
        "Any execution of this one state machine: a cancelled job's is known from its record",
    ),
)
REGION = "<AWS::Region>:<AWS::AccountId>"


def acknowledge(stack: Stack) -> None:
    """Record the acknowledgements on the constructs that they are about."""
    buckets = [_logical_id(stack, f"Storage/{name}") for name in ("Input", "Output")]
    for construct, path in _constructs(stack):
        for pattern, rule, reason in RULES:
            if re.fullmatch(pattern, path):
                _acknowledge(construct, rule, reason)
        for pattern, resource, reason in WIDE:
            if re.fullmatch(pattern, path):
                name = resource.format(REGION, stack=stack.stack_name)
                _acknowledge(construct, f"IAM5[Resource::arn:<AWS::Partition>:{name}]", reason)
        if re.fullmatch(rf"{FUNCTION}/Role|Heavy/Task/TaskRole", path):
            for bucket in buckets:
                _acknowledge(construct, f"IAM5[Resource::<{bucket}.Arn>/*]", OBJECTS)


def _constructs(stack: Stack) -> Iterator[tuple[IConstruct, str]]:
    """Yield every construct of the stack with its path below it."""
    for construct in stack.node.find_all():
        yield construct, construct.node.path.removeprefix(f"{stack.node.path}/")


def _acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{rule}", reason=reason))


def _logical_id(stack: Stack, path: str) -> str:
    """Return the logical id of the resource that a construct is about."""
    construct: IConstruct = stack
    for name in path.split("/"):
        construct = construct.node.find_child(name)
    resource = construct.node.default_child
    if not isinstance(resource, CfnElement):
        raise LookupError(f"{path} has no resource of its own")
    return stack.get_logical_id(resource)
