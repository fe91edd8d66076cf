"""Jobs end, and those that waited for them go on or fail with them."""

from __future__ import annotations

from threading import Barrier, Thread

import pytest

from functions.aws.jobs import Jobs
from functions.core.errors import InputError
from functions.core.job import Job, Status
from functions.core.message import Message
from functions.core.upload import Step
from functions.release.handler import handler, settle
from functions.worker.runner import execute
from tests.worker.stage import Context, Stage, stream_event

DONE: dict[str, list[object]] = {"batchItemFailures": []}


def parents(stage: Stage, count: int = 1) -> list[Job]:
    return [stage.echo(f"{number}.ifc") for number in range(count)]


def child(stage: Stage, *after: Job) -> Job:
    stage.put("child.ifc")
    step = Step(operation="echo", request={"filename": "child.ifc"}, after=tuple(job.job_id for job in after))
    (job,) = stage.submit(step)
    assert job.status is Status.WAITING
    return job


def end(stage: Stage, job: Job, *, well: bool = True) -> Job:
    held = stage.services.jobs.claim(job.job_id, owner="worker", lease_s=60)
    assert held is not None
    if well:
        return stage.services.jobs.finish(held, {"success": True, "message": "done", "outputs": []})
    return stage.services.jobs.fail(held, InputError("no walls").to_dict())


def sent(stage: Stage) -> list[str]:
    return [Message.model_validate_json(body).job_id for body in stage.messages("echo")]


def test_a_finished_job_sets_its_dependant_free(live: Stage) -> None:
    (parent,) = parents(live)
    waiting = child(live, parent)
    sent(live)
    assert handler(stream_event(end(live, parent), before=parent), Context()) == DONE
    assert live.job(waiting).status is Status.QUEUED
    assert sent(live) == [waiting.job_id]


def test_a_record_that_comes_twice_releases_once_and_never_loses_the_message(live: Stage) -> None:
    (parent,) = parents(live)
    waiting = child(live, parent)
    sent(live)
    event = stream_event(end(live, parent))
    handler(event, Context())
    handler(event, Context())
    assert set(sent(live)) == {waiting.job_id}
    execute(live.services, waiting.job_id, owner="worker")
    handler(event, Context())
    assert sent(live) == []
    assert live.job(waiting).status is Status.FINISHED


def test_a_job_waits_for_all_of_its_parents(live: Stage) -> None:
    first, second = parents(live, 2)
    waiting = child(live, first, second)
    handler(stream_event(end(live, first)), Context())
    assert live.job(waiting).status is Status.WAITING
    handler(stream_event(end(live, second)), Context())
    assert live.job(waiting).status is Status.QUEUED


def test_of_two_parents_that_finish_at_once_exactly_one_sends(stage: Stage) -> None:
    for round_ in range(5):
        both = [stage.echo(f"{round_}-{number}.ifc") for number in range(2)]
        waiting = child(stage, *both)
        ended = [end(stage, job) for job in both]
        sent(stage)
        barrier = Barrier(2)

        def go(job: Job, barrier: Barrier = barrier) -> None:
            barrier.wait()
            settle(stage.services, job)

        threads = [Thread(target=go, args=(job,)) for job in ended]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert stage.job(waiting).status is Status.QUEUED
        assert sent(stage) == [waiting.job_id]


def test_a_dependant_fails_with_its_parent_and_names_it(live: Stage) -> None:
    (parent,) = parents(live)
    waiting = child(live, parent)
    handler(stream_event(end(live, parent, well=False)), Context())
    failed = live.job(waiting)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error["field"] == "after"
    assert failed.error["detail"] == (f"echo job {parent.job_id}, which this one waits for, failed: no walls")


def test_a_dependant_fails_with_a_cancelled_parent(live: Stage) -> None:
    (parent,) = parents(live)
    waiting = child(live, parent)
    handler(stream_event(live.services.jobs.cancel(parent.job_id)), Context())
    error = live.job(waiting).error
    assert error is not None
    assert error["detail"].endswith("was cancelled")


def test_a_failure_that_is_read_late_fails_nobody_when_the_job_runs_again(live: Stage) -> None:
    (parent,) = parents(live)
    waiting = child(live, parent)
    late = stream_event(end(live, parent, well=False))
    live.services.jobs.requeue(parent.job_id)
    assert handler(late, Context()) == DONE
    assert live.job(waiting).status is Status.WAITING
    end(live, parent)
    assert handler(late, Context()) == DONE
    assert live.job(waiting).status is Status.QUEUED


def test_failure_runs_down_a_chain_by_the_dependants_own_records(live: Stage) -> None:
    (first,) = parents(live)
    second = child(live, first)
    live.put("third.ifc")
    (third,) = live.submit(Step(operation="echo", request={"filename": "third.ifc"}, after=(second.job_id,)))
    handler(stream_event(end(live, first, well=False)), Context())
    handler(stream_event(live.job(second)), Context())
    assert live.job(third).status is Status.FAILED


def test_a_cancelled_dependant_stays_cancelled(live: Stage) -> None:
    for well in (True, False):
        parent = live.echo(f"{well}.ifc")
        waiting = child(live, parent)
        live.services.jobs.cancel(waiting.job_id)
        sent(live)
        assert handler(stream_event(end(live, parent, well=well)), Context()) == DONE
        assert live.job(waiting).status is Status.CANCELLED
        assert sent(live) == []


def test_nothing_is_asked_about_a_job_that_nobody_waits_for(
    live: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    (parent,) = parents(live)
    ended = stream_event(end(live, parent))
    monkeypatch.setattr(Jobs, "waiting_for", lambda *_: pytest.fail("the table was asked"))
    assert handler(ended, Context()) == DONE


def test_a_record_that_does_not_say_whether_others_wait_is_looked_into(live: Stage) -> None:
    (parent,) = parents(live)
    waiting = child(live, parent)
    event = stream_event(end(live, parent))
    del event["Records"][0]["dynamodb"]["NewImage"]["awaited"]
    assert handler(event, Context()) == DONE
    assert live.job(waiting).status is Status.QUEUED


def test_other_records_change_nothing(live: Stage) -> None:
    (parent,) = parents(live)
    waiting = child(live, parent)
    event = stream_event(parent)
    event["Records"].append({"eventName": "REMOVE", "dynamodb": {"SequenceNumber": "1"}})
    event["Records"].append(
        {"eventName": "INSERT", "dynamodb": {"NewImage": {"sk": {"S": "x"}}, "SequenceNumber": "2"}}
    )
    assert handler(event, Context()) == DONE
    assert live.job(waiting).status is Status.WAITING


def test_a_record_that_cannot_be_settled_now_comes_again_and_hurts_no_other(live: Stage) -> None:
    good, bad = parents(live, 2)
    waiting = child(live, good)
    broken = stream_event(end(live, bad), end(live, good))
    broken["Records"][0]["dynamodb"]["NewImage"]["request"] = {"S": "{"}
    answer = handler(broken, Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "1000"}]}
    assert live.job(waiting).status is Status.QUEUED


def test_a_finished_chain_hands_its_output_on(live: Stage) -> None:
    first, second = live.echo("a.ifc", b"a"), live.echo("b.ifc", b"b")
    request = {"filename": f"job:{first.job_id}", "other": f"job:{second.job_id}/b.echo.ifc"}
    (joined,) = live.submit(Step(operation="echo", request={**request, "output_filename": "ab.ifc"}))
    assert joined.status is Status.WAITING
    for job in (first, second):
        execute(live.services, job.job_id, owner="worker")
        handler(stream_event(live.job(job)), Context())
    execute(live.services, joined.job_id, owner="worker")
    assert live.output(f"jobs/{joined.job_id}/ab.ifc") == b"ab"
