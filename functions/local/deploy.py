"""Deploys the committed template into an emulated AWS: code, parameters, stack, first API key."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from functions.core import LambdaSize, Operation, registry
from functions.core.compute import HEAVY
from functions.core.errors import PipelineError
from functions.local import asset
from functions.local.emulator import ACCOUNT, REGION, Emulator

STAGE = "local"
TEMPLATE = Path(__file__).resolve().parents[2] / "infra" / "cdk" / "local.template.json"
ASSETS = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
DEPLOY_SECONDS = 120
Report = Callable[[str], None]


@dataclass(frozen=True)
class Deployment:
    """What was deployed: where the API answers, and the environment its functions have."""

    url: str
    environment: Mapping[str, str]


def deploy(
    aws: Emulator,
    *,
    template: Path = TEMPLATE,
    parameters: Mapping[str, str] | None = None,
    report: Report = lambda _: None,
) -> Deployment:
    """Deploy into a running emulator. `parameters` are the template's, `LeaseSeconds` say."""
    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - the emulator takes any
        region_name=REGION,
    )
    body = _read(template)
    report("packing the code")
    key = _put_code(session, aws)
    report("deploying the stack")
    stack = f"ifcpipe-{STAGE}"
    values = {"CodeBucket": ASSETS, "CodeKey": key, **(parameters or {})}
    outputs = _create(session, aws, stack=stack, body=body, values=values)
    _spread(session, aws)
    _allow_pages(session, aws, body)
    return Deployment(_api_url(session, aws, outputs), _environment(session, aws, stack))


def workers() -> int:
    """How many jobs of one operation run at a time: as many as there are processors, at least two."""
    return max(2, os.cpu_count() or 2)


def _read(template: Path) -> dict[str, Any]:
    try:
        body: dict[str, Any] = json.loads(template.read_text())
    except FileNotFoundError:
        raise PipelineError(f"{template} is missing: write it with 'ifcpipe synth'") from None
    names = {str(item.get("Properties", {}).get("QueueName")) for item in body["Resources"].values()}
    needed = [HEAVY, *(name for name, item in registry.operations().items() if _has_queue(item))]
    unknown = [name for name in needed if f"ifcpipe-{STAGE}-{name}" not in names]
    if unknown:
        raise PipelineError(
            f"the template does not know {', '.join(unknown)}: write it anew with 'ifcpipe synth'"
        )
    return body


def _has_queue(operation: Operation) -> bool:
    """Whether an operation has a function, and so a queue of its own."""
    return isinstance(operation.compute, LambdaSize)


def _put_code(session: boto3.Session, aws: Emulator) -> str:
    """Store the code asset and the version of the bootstrap stack that templates ask for."""
    content, digest = asset.build()
    s3 = session.client("s3", endpoint_url=aws.url)
    s3.create_bucket(Bucket=ASSETS, CreateBucketConfiguration={"LocationConstraint": REGION})
    s3.put_object(Bucket=ASSETS, Key=f"{digest}.zip", Body=content)
    ssm = session.client("ssm", endpoint_url=aws.url)
    ssm.put_parameter(Name="/cdk-bootstrap/hnb659fds/version", Value="21", Type="String", Overwrite=True)
    return f"{digest}.zip"


def _create(
    session: boto3.Session, aws: Emulator, *, stack: str, body: dict[str, Any], values: Mapping[str, str]
) -> dict[str, str]:
    """Create the stack, wait for it, and return its outputs.

    The template goes through the bucket, as the CDK sends it: in a request it may have 51,200 bytes.
    """
    name = f"{stack}.template.json"
    session.client("s3", endpoint_url=aws.url).put_object(Bucket=ASSETS, Key=name, Body=json.dumps(body))
    cloudformation = session.client("cloudformation", endpoint_url=aws.url)
    try:
        cloudformation.create_stack(
            StackName=stack,
            TemplateURL=f"{aws.url}/{ASSETS}/{name}",
            Capabilities=["CAPABILITY_NAMED_IAM", "CAPABILITY_AUTO_EXPAND"],
            Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()],
        )
    except ClientError as error:
        raise PipelineError(f"the stack was refused: {error}") from None
    until = time.monotonic() + DEPLOY_SECONDS
    while time.monotonic() < until:
        found = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]
        if found["StackStatus"] == "CREATE_COMPLETE":
            return {item["OutputKey"]: item["OutputValue"] for item in found.get("Outputs", [])}
        if not found["StackStatus"].endswith("IN_PROGRESS"):
            break
        time.sleep(0.05)
    raise PipelineError(f"the stack was not created: {_reason(cloudformation, stack)}")


def _reason(cloudformation: Any, stack: str) -> str:  # noqa: ANN401 - boto3 has no types
    """Return why a stack failed."""
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    faults = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', 'no reason')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ]
    return "; ".join(faults) or "no reason given"


def _spread(session: boto3.Session, aws: Emulator) -> None:
    """Let each queue have as many function processes as there are processors: more would only wait.

    Not by the template's parameter: the emulator keeps that as text and then cannot compare it.
    """
    client = session.client("lambda", endpoint_url=aws.url)
    for mapping in client.list_event_source_mappings()["EventSourceMappings"]:
        if ":sqs:" in mapping["EventSourceArn"]:
            scaling = {"MaximumConcurrency": workers()}
            client.update_event_source_mapping(UUID=mapping["UUID"], ScalingConfig=scaling)


def _allow_pages(session: boto3.Session, aws: Emulator, body: Mapping[str, Any]) -> None:
    """Let pages of other origins call the API, as the template says.

    Said once more, because the emulator keeps the template's own words (`AllowOrigins`) where it then looks
    for those of the API (`allowOrigins`), and refuses every preflight request.
    """
    client = session.client("apigatewayv2", endpoint_url=aws.url)
    chosen = {
        item["Properties"]["Name"]: item["Properties"].get("CorsConfiguration")
        for item in body["Resources"].values()
        if item["Type"] == "AWS::ApiGatewayV2::Api"
    }
    for api in client.get_apis()["Items"]:
        if cors := chosen.get(api["Name"]):
            client.update_api(ApiId=api["ApiId"], CorsConfiguration=cors)


def _api_url(session: boto3.Session, aws: Emulator, outputs: Mapping[str, str]) -> str:
    """Return where the HTTP API answers: by path, because *.localhost resolves on few machines."""
    apis = session.client("apigatewayv2", endpoint_url=aws.url).get_apis()["Items"]
    if not apis:
        raise PipelineError(f"the stack has no HTTP API; its outputs are {', '.join(outputs)}")
    return f"{aws.url}/_aws/execute-api/{apis[0]['ApiId']}/%24default"  # a bare $ would not survive a shell


def _environment(session: boto3.Session, aws: Emulator, stack: str) -> dict[str, str]:
    """Return the environment of the API's function: the names of everything that was made."""
    client = session.client("lambda", endpoint_url=aws.url)
    found = client.get_function_configuration(FunctionName=f"{stack}-api")
    return {**found["Environment"]["Variables"], **aws.environment()}
