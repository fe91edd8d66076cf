from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import boto3
import httpx
import pytest
from ministack.services.cloudformation.provisioners import _RESOURCE_HANDLERS

from functions.core import LambdaSize, Operation
from functions.core.registry import operations
from functions.local import deploy as deployer
from functions.local.emulator import REGION, Emulator
from infra.cdk import local as local_module
from infra.cdk.local import TEMPLATE
from tests.infra.cdk.conftest import Resources
from tests.patience import PATIENCE_S


@pytest.fixture(scope="module")
def deployed() -> Iterator[tuple[Emulator, deployer.Deployment]]:
    """The committed template in a real emulator."""
    with Emulator() as emulator:
        yield emulator, deployer.deploy(emulator)


def credentials(emulator: Emulator) -> dict[str, str]:
    """Return what boto3 needs for the emulator."""
    return {
        "endpoint_url": emulator.url,
        "region_name": REGION,
        "aws_access_key_id": "test",
        "aws_secret_access_key": "test",
    }


def status(url: str, **headers: str) -> int:
    """Return what a GET answers."""
    return httpx.get(url, headers=headers, timeout=PATIENCE_S).status_code


def test_the_committed_template_is_what_a_fresh_synthesis_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local_module, "TEMPLATE", tmp_path / "local.template.json")
    local_module.main()
    fresh = (tmp_path / "local.template.json").read_text(encoding="utf-8")
    assert TEMPLATE.read_text(encoding="utf-8") == fresh, "run: make synth"


def test_the_emulator_knows_every_resource_type(local: Resources) -> None:
    types = {resource["Type"] for resource in local.template["Resources"].values()}
    assert types - set(_RESOURCE_HANDLERS) == set()


def test_the_template_does_not_change_with_the_code() -> None:
    text = TEMPLATE.read_text(encoding="utf-8")
    assert re.findall(r"[0-9a-f]{40,}", text) == []
    assert "CDKMetadata" not in text
    assert "/cdk-bootstrap/" not in text


def test_all_functions_run_the_code_that_the_parameters_name(local: Resources) -> None:
    functions = local.named("Lambda::Function", "FunctionName")
    assert {json.dumps(item["Code"], sort_keys=True) for item in functions.values()} == {
        '{"S3Bucket": {"Ref": "CodeBucket"}, "S3Key": {"Ref": "CodeKey"}}'
    }
    assert not any("Layers" in item or "TracingConfig" in item for item in functions.values())


def test_a_dropped_in_operation_has_queue_dead_letters_and_worker(
    local: Resources, known: Mapping[str, Operation]
) -> None:
    queues = local.named("SQS::Queue", "QueueName")
    functions = local.named("Lambda::Function", "FunctionName")
    light = {name for name, operation in known.items() if isinstance(operation.compute, LambdaSize)}
    names = {*light, "heavy"}
    assert {f"ifcpipe-local-{name}{end}" for name in names for end in ("", "-dead")} <= set(queues)
    workers = {name for name in functions if name.startswith("ifcpipe-local-worker-")}
    assert workers == {f"ifcpipe-local-worker-{name}" for name in light}
    assert "dropin" in light
    assert "ifcpipe-local-tasks" not in queues  # `worker.poll` drains the queue of all heavy jobs
    assert not local.of("StepFunctions::StateMachine")
    assert not local.of("Pipes::Pipe")


def test_a_person_s_machine_is_not_flooded(local: Resources) -> None:
    queue = local.id("SQS::Queue", "QueueName", "ifcpipe-local-dropin")
    mapping = next(
        item["Properties"]
        for item in local.of("Lambda::EventSourceMapping").values()
        if item["Properties"]["EventSourceArn"] == {"Fn::GetAtt": [queue, "Arn"]}
    )
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": {"Ref": "MaxConcurrency"}}
    assert local.template["Parameters"]["MaxConcurrency"]["Default"] == 4
    assert local.template["Parameters"]["LeaseSeconds"]["Default"] == "15"


def test_the_template_deploys_and_its_api_answers(deployed: tuple[Emulator, deployer.Deployment]) -> None:
    emulator, deployment = deployed
    client = boto3.client("lambda", **credentials(emulator))
    found = {item["FunctionName"] for item in client.list_functions(MaxItems=200)["Functions"]}
    assert {f"ifcpipe-local-worker-{name}" for name in operations()} <= found
    assert deployment.environment["INPUT_BUCKET"] == "ifcpipe-local-input"
    assert deployment.environment["QUEUE_URL_PREFIX"] == f"{emulator.url}/000000000000/ifcpipe-local-"
    assert status(f"{deployment.url}/health") == 200
    assert status(f"{deployment.url}/jobs") == 401
    assert status(f"{deployment.url}/jobs", **{"X-API-Key": "wrong"}) == 403
