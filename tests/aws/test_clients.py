"""Clients: quick to make, honest about what they send."""

from __future__ import annotations

import pytest

from functions.aws.clients import connect, count_requests
from tests.aws.stack import CREDENTIALS, Stack, make_job


def test_a_light_job_costs_one_request_an_edge(stack: Stack) -> None:
    sent = count_requests(*stack.clients.all())
    jobs = stack.services.jobs
    job, _ = jobs.create(make_job())
    stack.services.queues.send(job.operation, job.job_id)
    run = jobs.claim(job.job_id, owner="one", lease_s=60)
    assert run is not None
    jobs.finish(run, {"success": True})
    assert sent == {"dynamodb.TransactWriteItems": 1, "sqs.SendMessage": 1, "dynamodb.UpdateItem": 2}


def test_an_upload_that_was_announced_is_released_with_one_request(stack: Stack) -> None:
    jobs = stack.services.jobs
    jobs.create(make_job(status="waiting", pending={"input:file"}), {"object:b/k": "input:file"})
    sent = count_requests(*stack.clients.all())
    assert jobs.satisfy(make_job().job_id, "input:file") is not None
    assert sent == {"dynamodb.UpdateItem": 1}


@pytest.mark.parametrize(
    ("env", "region"),
    [
        ({}, "us-east-1"),
        ({"AWS_DEFAULT_REGION": "eu-west-1"}, "eu-west-1"),
        ({"AWS_REGION": "sa-east-1"}, "sa-east-1"),
    ],
)
def test_the_region_comes_from_the_environment(
    monkeypatch: pytest.MonkeyPatch, env: dict[str, str], region: str
) -> None:
    for name, value in CREDENTIALS.items():
        monkeypatch.setenv(name, value)
    assert {client.meta.region_name for client in connect(env).all()} == {region}


def test_an_endpoint_of_the_environment_is_used_by_all(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {**CREDENTIALS, "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}.items():
        monkeypatch.setenv(name, value)
    assert {client.meta.endpoint_url for client in connect().all()} == {"http://127.0.0.1:4566"}
