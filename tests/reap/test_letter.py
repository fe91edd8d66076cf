"""Dead letters."""

from __future__ import annotations

import pytest

from functions.core.arrival import Arrival
from functions.core.job import Job, Status
from functions.core.message import Message
from functions.core.upload import Step
from functions.reap.handler import dead_letters
from functions.reap.letter import settle
from functions.reap.overdue import Sweep
from functions.worker.runner import execute
from tests.worker.stage import Context, Stage, bridge, sqs_event


def bury(stage: Stage, job: Job) -> Job:
    settle(stage.services, Message(job_id=job.job_id).model_dump_json(), now=stage.clock())
    return stage.job(job)


def hand_back(stage: Stage, job: Job, *reasons: str) -> None:
    for reason in reasons:
        held = stage.services.jobs.claim(job.job_id, owner="worker", lease_s=60)
        assert held is not None
        stage.services.jobs.hand_back(held, reason=reason)


def test_a_job_that_no_worker_could_start_fails(stage: Stage) -> None:
    failed = bury(stage, stage.echo())
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error["detail"].startswith("No worker could start the job")


def test_a_job_that_was_handed_back_again_and_again_fails_with_the_last_reason(stage: Stage) -> None:
    job = stage.echo()
    hand_back(stage, job, *["unavailable: first"] * 49, "unavailable: the table was away")
    error = bury(stage, job).error
    assert error is not None
    assert "50 attempts brought no result" in error["detail"]
    assert error["detail"].endswith("the table was away")


@pytest.mark.parametrize("reason", ["unavailable: the bucket was away", "worker stopped"])
def test_a_job_that_only_had_bad_luck_stays_queued_and_the_sweep_sends_it(stage: Stage, reason: str) -> None:
    job = stage.echo()
    stage.messages("echo")
    hand_back(stage, job, *[reason] * 6)
    assert bury(stage, job).status is Status.QUEUED
    stage.clock.forward(200)
    assert Sweep(stage.services, now=stage.clock, has_time=lambda: True).run() == {"sent": 1}
    execute(stage.services, job.job_id, owner="worker")
    assert stage.job(job).status is Status.FINISHED


def test_a_job_whose_worker_is_alive_is_left_alone(stage: Stage) -> None:
    job = stage.echo()
    stage.services.jobs.claim(job.job_id, owner="worker", lease_s=60)
    assert bury(stage, job).status is Status.STARTED
    stage.clock.forward(61)
    assert bury(stage, job).status is Status.FAILED


def test_a_job_that_has_ended_or_waits_is_left_alone(stage: Stage) -> None:
    cancelled = stage.services.jobs.cancel(stage.echo().job_id)
    assert bury(stage, cancelled).status is Status.CANCELLED
    (waiting,) = stage.submit(Step(operation="echo", request={"filename": "late.ifc"}), wait_for_missing=True)
    assert bury(stage, waiting).status is Status.WAITING


def test_letters_of_nobody_are_dropped(live: Stage) -> None:
    bodies = ("", "nonsense", "[" * 50_000, Message(job_id="f" * 32).model_dump_json())
    answer = dead_letters(sqs_event(*bodies, queue="ifcpipe-test-echo-dead"), Context())
    assert answer == {"batchItemFailures": []}


def test_an_upload_that_intake_could_not_take_becomes_a_failed_job(live: Stage) -> None:
    arrival = Arrival(bucket="input", key="tenants/acme/house.ifc", version_id="v1")
    dead_letters(sqs_event(bridge(arrival), queue="ifcpipe-test-uploads-dead"), Context())
    (job,) = live.services.jobs.list("acme").jobs
    assert (job.operation, job.status, job.source) == ("upload", Status.FAILED, arrival.uri)
    assert job.error is not None
    assert "upload it again" in job.error["detail"]


def test_a_letter_that_cannot_be_settled_now_comes_again(live: Stage) -> None:
    live.clients.dynamodb.delete_table(TableName=live.services.settings.table_name)
    answer = dead_letters(sqs_event(Message(job_id="f" * 32).model_dump_json()), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
