"""Which queue a job goes to, and when that is decided."""

from __future__ import annotations

from dataclasses import replace

import pytest

from functions.aws.clients import count_requests
from functions.core import registry
from functions.core.compute import Cost, Kind, Line
from functions.core.job import Job, Status
from functions.core.upload import Step
from functions.intake.steps import take
from functions.release.handler import settle
from functions.worker.runner import execute
from tests.worker import echo
from tests.worker.stage import Stage


@pytest.fixture
def dear(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let an echo of ten bytes or more be too much for a function."""
    dear = replace(echo.operation)
    dear.__dict__["cost"] = Cost(seconds=Line(0.1, 0.1), megabytes=Line(60, 10_000_000))
    monkeypatch.setattr(registry, "operations", lambda: {**found, "echo": dear})


found = registry.operations()


def held(stage: Stage) -> tuple[int, int]:
    """Return how many messages the light and the heavy queue had."""
    return len(stage.messages("echo")), len(stage.messages("heavy"))


def test_the_choice_and_its_reason_are_on_the_record(stage: Stage) -> None:
    job = stage.echo(body=b"four walls")
    assert held(stage) == (1, 0)
    compute = stage.job(job).compute
    assert compute is not None
    assert (compute.kind, compute.memory_mb) == (Kind.LAMBDA, 512)
    assert compute.reason == "the job fits the operation's function"
    assert compute.predicted is not None
    assert compute.predicted.megabytes == 60


@pytest.mark.usefixtures("dear")
def test_a_dear_job_goes_to_the_heavy_queue(stage: Stage) -> None:
    small, large = stage.echo("small.ifc", b"wall"), stage.echo("large.ifc", b"hundreds of walls")
    assert held(stage) == (1, 1)
    assert stage.job(small).queue == "echo"
    job = stage.job(large)
    assert job.queue == "heavy"
    assert job.compute is not None
    assert "too much for a function" in job.compute.reason


def test_a_conversion_that_takes_longer_than_to_glb_is_heavy_sooner(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow = replace(found["ifcconvert"])
    slow.__dict__["cost"] = Cost(seconds=Line(0, 40_000_000), megabytes=Line(100, 1))
    monkeypatch.setattr(registry, "operations", lambda: {**found, "ifcconvert": slow})
    stage.put("large.ifc", b"four walls")  # ten bytes, of 400 seconds
    requests = [{"input_filename": "large.ifc", "format": name} for name in ("glb", "stp")]
    jobs = stage.submit(*(Step(operation="ifcconvert", request=request) for request in requests))
    assert [job.queue for job in jobs] == ["ifcconvert", "heavy"]
    assert (len(stage.messages("ifcconvert")), len(stage.messages("heavy"))) == (1, 1)
    computes = [job.compute for job in jobs]
    assert [compute.predicted.seconds for compute in computes if compute and compute.predicted] == [400, 600]


def announce(stage: Stage, key: str) -> Job:
    """Submit an echo of a file that is still to come."""
    step = Step(operation="echo", request={"filename": key})
    (made,) = stage.services.submission.submit("default", [step], wait_for_missing=True)
    assert (made.job.status, made.job.compute) == (Status.WAITING, None)
    return made.job


@pytest.mark.usefixtures("dear")
def test_a_job_that_waits_for_its_upload_is_placed_when_it_comes(stage: Stage) -> None:
    job = announce(stage, "large.ifc")
    take(stage.services, stage.put("large.ifc", b"hundreds of walls"))
    assert held(stage) == (0, 1)
    compute = stage.job(job).compute
    assert compute is not None
    assert compute.kind is Kind.FARGATE


@pytest.mark.usefixtures("dear")
def test_a_job_that_reads_an_output_is_placed_when_that_is_there(stage: Stage) -> None:
    first = stage.echo("large.ifc", b"wall")
    stage.put("more.ifc", b"hundreds of walls")
    request = {"filename": f"job:{first.job_id}/large.echo.ifc", "other": "more.ifc"}
    (second,) = stage.submit(Step(operation="echo", request=request))
    stage.messages("echo")
    execute(stage.services, first.job_id, owner="worker")
    settle(stage.services, stage.job(first))
    assert held(stage) == (0, 1)
    assert stage.job(second).queue == "heavy"


def test_a_light_job_costs_no_request_more_for_its_choice(stage: Stage) -> None:
    stage.put("house.ifc")
    requests = count_requests(*stage.clients.all())
    stage.submit(Step(operation="echo", request={"filename": "house.ifc"}))
    assert requests == {"s3.HeadObject": 1, "dynamodb.TransactWriteItems": 1, "sqs.SendMessage": 1}


def test_a_light_job_that_waited_costs_none_either_and_its_record_says_it_at_the_end(stage: Stage) -> None:
    job = announce(stage, "late.ifc")
    arrival = stage.put("late.ifc")
    requests = count_requests(*stage.clients.all())
    take(stage.services, arrival)
    assert requests == {"dynamodb.Query": 1, "dynamodb.UpdateItem": 1, "sqs.SendMessage": 1}
    execute(stage.services, job.job_id, owner="worker")
    assert requests["dynamodb.UpdateItem"] == 3
    compute = stage.job(job).compute
    assert compute is not None
    assert compute.kind is Kind.LAMBDA
    assert compute.predicted is not None
