"""The sweep: jobs whose message, worker or event was lost."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from functions.aws.clients import count_requests
from functions.core import FargateSize, registry
from functions.core.errors import InputError, RetryableError
from functions.core.job import Job, Status
from functions.core.message import Message
from functions.core.upload import Step
from functions.reap.handler import sweep
from functions.reap.overdue import Sweep
from functions.worker.runner import execute
from tests.aws.stack import make_job
from tests.worker import echo
from tests.worker.stage import Stage, context

LEASE_S = 60
DAY_S = 86_400


def swept(stage: Stage, *, has_time: Callable[[], bool] = lambda: True) -> dict[str, int]:
    return Sweep(stage.services, now=stage.clock, has_time=has_time).run()


def claim(stage: Stage, job: Job) -> Job:
    held = stage.services.jobs.claim(job.job_id, owner="worker", lease_s=LEASE_S)
    assert held is not None
    return held


def sent(stage: Stage) -> list[str]:
    return [Message.model_validate_json(body).job_id for body in stage.messages("echo")]


def waiting(stage: Stage, **step: object) -> Job:
    (job,) = stage.submit(Step.model_validate({"operation": "echo", **step}), wait_for_missing=True)
    assert job.status is Status.WAITING
    return job


def test_a_dead_workers_job_is_sent_again_and_finishes(stage: Stage) -> None:
    job = stage.echo()
    sent(stage)
    claim(stage, job)
    assert swept(stage) == {}
    stage.clock.forward(LEASE_S + 1)
    assert swept(stage) == {"sent": 1}
    assert stage.job(job).status is Status.QUEUED
    assert sent(stage) == [job.job_id]
    execute(stage.services, job.job_id, owner="other")
    assert stage.job(job).status is Status.FINISHED


def test_a_job_whose_worker_died_too_often_fails(stage: Stage) -> None:
    job = stage.echo()
    for _ in range(2):
        claim(stage, job)
        stage.clock.forward(LEASE_S + 1)
        assert swept(stage)["sent"] == 1
    claim(stage, job)
    stage.clock.forward(LEASE_S + 1)
    assert swept(stage) == {"failed": 1}
    failed = stage.job(job)
    assert failed.error is not None
    assert failed.error["detail"] == "The worker died 3 times while it ran this job"


def test_a_dead_workers_job_that_should_be_cancelled_is(stage: Stage) -> None:
    job = stage.echo()
    claim(stage, job)
    stage.services.jobs.cancel(job.job_id)
    stage.clock.forward(LEASE_S + 1)
    assert swept(stage) == {"cancelled": 1}
    assert stage.job(job).status is Status.CANCELLED


def test_a_worker_that_renewed_its_lease_keeps_its_job(stage: Stage) -> None:
    job = stage.echo()
    held = claim(stage, job)
    stage.clock.forward(LEASE_S - 1)
    stage.services.jobs.renew(held, lease_s=LEASE_S)
    stage.clock.forward(LEASE_S - 1)
    assert swept(stage) == {}
    assert stage.job(job).status is Status.STARTED


def test_a_queued_job_whose_message_vanished_is_sent_again(stage: Stage) -> None:
    job = stage.echo()
    sent(stage)
    assert swept(stage) == {}
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {"sent": 1}
    assert sent(stage) == [job.job_id]


def test_a_message_on_its_way_to_a_fargate_task_is_not_lost(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    heavy = replace(echo.operation, compute=FargateSize())
    monkeypatch.setattr(registry, "operations", lambda: {"echo": heavy})
    job = stage.echo()
    assert len(stage.messages("heavy")) == 1
    stage.clock.forward(300)
    assert swept(stage) == {}
    stage.clock.forward(301)
    assert swept(stage) == {"sent": 1}
    assert job.job_id in stage.messages("heavy")[0]


def test_messages_do_not_multiply_while_a_queue_is_full(stage: Stage) -> None:
    for number in range(3):
        stage.echo(f"{number}.ifc")
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {}
    assert len(sent(stage)) == 3


def test_a_message_that_vanished_is_noticed_beside_others(stage: Stage) -> None:
    lost = stage.echo("lost.ifc")
    sent(stage)
    stage.clock.forward(1)
    others = [stage.echo(f"{number}.ifc") for number in range(2)]
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {"sent": 1}
    assert sorted(sent(stage)) == sorted(job.job_id for job in (lost, *others))


def test_a_message_that_vanished_is_noticed_while_a_worker_holds_another(stage: Stage) -> None:
    lost = stage.echo("lost.ifc")
    sent(stage)
    held = stage.echo("held.ifc")
    assert stage.services.queues.receive("echo", wait_s=0, visibility_s=900) is not None
    stage.clock.forward(2 * LEASE_S + 1)
    claim(stage, held)
    assert swept(stage) == {"sent": 1}
    assert sent(stage) == [lost.job_id]


def test_a_job_whose_message_is_hidden_for_a_retry_is_not_lost(stage: Stage) -> None:
    job = stage.echo()
    assert stage.services.queues.receive("echo", wait_s=0, visibility_s=900) is not None
    stage.services.jobs.hand_back(claim(stage, job), reason="later")
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {}


def test_a_job_that_was_just_sent_again_is_left_alone_for_a_while(stage: Stage) -> None:
    stage.echo()
    sent(stage)
    stage.clock.forward(2 * LEASE_S + 1)
    swept(stage)
    sent(stage)
    stage.clock.forward(LEASE_S)
    assert swept(stage) == {}
    stage.clock.forward(LEASE_S + 1)
    assert swept(stage) == {"sent": 1}


def test_after_an_hour_a_job_is_sent_once_though_its_queue_is_not_empty(stage: Stage) -> None:
    job = stage.echo()
    stage.clock.forward(3601)
    assert swept(stage) == {"sent": 1}
    stage.clock.forward(600)
    assert swept(stage) == {}
    assert sent(stage) == [job.job_id, job.job_id]


def test_a_job_whose_objects_event_was_lost_goes_on(stage: Stage) -> None:
    job = waiting(stage, request={"filename": "late.ifc"})
    arrival = stage.put("late.ifc", b"walls")
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {"sent": 1}
    found = stage.job(job)
    assert found.status is Status.QUEUED
    assert found.inputs[0].version_id == arrival.version_id
    assert sent(stage) == [job.job_id]


def test_a_job_whose_parents_event_was_lost_goes_on(stage: Stage) -> None:
    parent = stage.echo("parent.ifc")
    stage.put("child.ifc")
    job = waiting(stage, request={"filename": "child.ifc"}, after=(parent.job_id,))
    execute(stage.services, parent.job_id, owner="worker")
    sent(stage)
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {"sent": 1}
    assert sent(stage) == [job.job_id]


def test_a_job_that_waits_for_nothing_any_more_goes_on(stage: Stage) -> None:
    """Two events took away an entry each, and whoever came last died before it queued the job."""
    both = [stage.echo(f"{number}.ifc") for number in range(2)]
    stage.put("child.ifc")
    job = waiting(stage, request={"filename": "child.ifc"}, after=tuple(parent.job_id for parent in both))
    for parent in both:
        execute(stage.services, parent.job_id, owner="worker")
        stage.services.jobs._arrived(job.job_id, f"job:{parent.job_id}", None)
    assert stage.job(job).status is Status.WAITING
    sent(stage)
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {"sent": 1}
    assert stage.job(job).status is Status.QUEUED
    assert sent(stage) == [job.job_id]


def test_a_queue_that_cannot_be_counted_keeps_no_other_job_from_being_looked_after(stage: Stage) -> None:
    stage.echo()
    stage.clients.sqs.delete_queue(QueueUrl=stage.services.settings.queue_url("echo"))
    stage.put("info.ifc")
    (lost,) = stage.submit(Step(operation="ifcinfo", request={"filename": "info.ifc"}))
    stage.messages("ifcinfo")
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {"sent": 1}
    assert stage.messages("ifcinfo") == [Message(job_id=lost.job_id).model_dump_json()]


def test_a_job_whose_parents_failure_was_not_heard_fails(stage: Stage) -> None:
    parent = stage.echo("parent.ifc")
    stage.put("child.ifc")
    job = waiting(stage, request={"filename": "child.ifc"}, after=(parent.job_id,))
    stage.services.jobs.fail(claim(stage, parent), InputError("no walls").to_dict())
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {"failed": 1}
    error = stage.job(job).error
    assert error is not None
    assert parent.job_id in error["detail"]


def test_a_job_that_waits_in_vain_is_looked_at_less_often_and_fails_after_a_week(stage: Stage) -> None:
    job = waiting(stage, request={"filename": "never.ifc"})
    stage.clock.forward(2 * LEASE_S + 1)
    assert swept(stage) == {}
    requests = count_requests(*stage.clients.all())
    stage.clock.forward(LEASE_S)
    swept(stage)
    assert requests["s3.HeadObject"] == 0
    stage.clock.forward(8 * DAY_S)
    assert swept(stage) == {"failed": 1}
    error = stage.job(job).error
    assert error is not None
    assert error["detail"] == "The job waited 7 days in vain for filename"


def test_a_sweep_ends_when_its_time_does(stage: Stage) -> None:
    jobs = [stage.echo(f"{number}.ifc") for number in range(5)]
    for job in jobs:
        claim(stage, job)
    sent(stage)
    stage.clock.forward(LEASE_S + 1)
    left = iter([True, True, False, False, False])
    assert swept(stage, has_time=lambda: next(left)) == {"sent": 2}
    assert swept(stage) == {"sent": 3}


def test_the_scheduled_function_sweeps(live: Stage) -> None:
    job = live.echo()
    live.messages("echo")
    live.services.jobs.claim(job.job_id, owner="dead", lease_s=-5)
    assert sweep({}, context()) == {"sent": 1}
    assert sweep({}, context(left_ms=100)) == {}


def test_a_job_of_an_operation_that_is_gone_fails_and_holds_up_no_other(stage: Stage) -> None:
    gone, _ = stage.services.jobs.create(make_job(operation="ifcgone"))
    stage.clock.forward(1)
    job = stage.echo()
    sent(stage)
    stage.clock.forward(3 * LEASE_S)
    assert swept(stage) == {"failed": 1, "sent": 1}
    assert sent(stage) == [job.job_id]
    failed = stage.job(gone)
    assert failed.error is not None
    assert failed.error["type"] == "unknown-operation"


def test_a_queue_that_cannot_be_reached_holds_up_no_other_job(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = stage.echo(mark="1"), stage.echo(mark="2")
    sent(stage)
    claim(stage, first)
    claim(stage, second)
    plain = type(stage.services.queues).send

    def away(self: object, operation: str, job_id: str) -> None:
        if job_id == first.job_id:
            raise RetryableError("the queue of echo: briefly unavailable")
        plain(self, operation, job_id)  # type: ignore[arg-type]

    stage.clock.forward(LEASE_S + 1)
    with monkeypatch.context() as broken:
        broken.setattr(type(stage.services.queues), "send", away)
        assert swept(stage) == {"sent": 1}
    assert sent(stage) == [second.job_id]
    stage.clock.forward(3 * LEASE_S)
    assert first.job_id in {job_id for _ in [swept(stage)] for job_id in sent(stage)}
