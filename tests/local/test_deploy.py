"""Deploying the committed template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from functions.core.errors import PipelineError
from functions.core.registry import operations
from functions.local import deploy
from functions.local.emulator import Emulator
from functions.local.stack import connect


@pytest.fixture
def aws() -> Iterator[Emulator]:
    with Emulator() as aws:
        yield aws


def test_everything_is_there_afterwards(aws: Emulator) -> None:
    said: list[str] = []
    found = deploy.deploy(aws, parameters={"LeaseSeconds": "7"}, report=said.append)
    assert found.url.startswith(f"{aws.url}/_aws/execute-api/")
    assert found.environment["LEASE_SECONDS"] == "7"
    assert found.environment["AWS_ENDPOINT_URL"] == aws.url
    queues = connect("sqs", aws.environment()).list_queues()["QueueUrls"]
    for name in ("uploads", *operations()):
        assert found.environment["QUEUE_URL_PREFIX"] + name in queues
    mappings = connect("lambda", aws.environment()).list_event_source_mappings()["EventSourceMappings"]
    limits = {
        mapping["ScalingConfig"]["MaximumConcurrency"]
        for mapping in mappings
        if ":sqs:" in mapping["EventSourceArn"]
    }
    assert limits == {deploy.workers()}
    assert said


def test_pages_of_other_origins_may_call_the_api(aws: Emulator) -> None:
    url = deploy.deploy(aws).url
    asked = {"Origin": "https://viewer.example", "Access-Control-Request-Method": "POST"}
    answer = httpx.options(f"{url}/ifcinfo", headers=asked)
    assert answer.is_success
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "X-API-Key" in answer.headers["access-control-allow-headers"]


def test_a_template_may_be_larger_than_a_request(aws: Emulator, tmp_path: Path) -> None:
    body = json.loads(deploy.TEMPLATE.read_text())
    body["Metadata"] = {"Notes": "x" * 51_200}
    large = tmp_path / "large.json"
    large.write_text(json.dumps(body))
    assert deploy.deploy(aws, template=large).url


def test_a_missing_template_says_how_to_make_it(aws: Emulator, tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="ifcpipe synth"):
        deploy.deploy(aws, template=tmp_path / "none.json")


def test_a_template_that_does_not_know_an_operation_is_stale(aws: Emulator, tmp_path: Path) -> None:
    body = json.loads(deploy.TEMPLATE.read_text())
    body["Resources"] = {
        name: item
        for name, item in body["Resources"].items()
        if item.get("Properties", {}).get("QueueName") != "ifcpipe-local-ifcinfo"
    }
    stale = tmp_path / "stale.json"
    stale.write_text(json.dumps(body))
    with pytest.raises(PipelineError, match="does not know ifcinfo"):
        deploy.deploy(aws, template=stale)


def test_a_failed_stack_says_why(aws: Emulator, tmp_path: Path) -> None:
    body = json.loads(deploy.TEMPLATE.read_text())
    body["Resources"]["Odd"] = {"Type": "AWS::Nowhere::Thing", "Properties": {}}
    odd = tmp_path / "odd.json"
    odd.write_text(json.dumps(body))
    with pytest.raises(PipelineError, match="AWS::Nowhere::Thing"):
        deploy.deploy(aws, template=odd)
