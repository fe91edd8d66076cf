"""The worker's Lambda function, fed as Lambda feeds it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from functions.core.job import Status
from functions.core.message import Message
from functions.worker.handler import handler
from tests.worker.echo.run import LINGER_S
from tests.worker.stage import Stage, context, sqs_event


def test_a_message_becomes_a_finished_job(live: Stage) -> None:
    job = live.echo(body=b"walls")
    assert live.deliver("echo", handler) == [{"batchItemFailures": []}]
    assert live.job(job).status is Status.FINISHED
    assert live.messages("echo") == []


def test_the_same_message_twice_runs_the_job_once(live: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = live.echo(mark=str(mark))
    live.services.queues.send("echo", job.job_id)
    assert live.deliver("echo", handler, times=2) == [{"batchItemFailures": []}] * 2
    assert len(mark.read_text().splitlines()) == 1


def test_a_job_to_be_tried_again_keeps_its_message_hidden(live: Stage) -> None:
    live.echo(behaviour="passing")
    (answer,) = live.deliver("echo", handler)
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    depth = live.services.queues.depth("echo")
    assert (depth.waiting, depth.in_flight) == (0, 1)


def test_a_message_that_is_not_ours_is_left_to_the_dead_letters(live: Stage) -> None:
    for body in ("", "{", '{"version": 2}', '{"version": 1, "job_id": "../x"}', "[" * 10_000):
        answer = handler(sqs_event(body), context())
        assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}


def test_a_bad_message_does_not_hurt_its_neighbour(live: Stage) -> None:
    job = live.echo()
    event = sqs_event("nonsense", Message(job_id=job.job_id).model_dump_json())
    assert handler(event, context()) == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert live.job(job).status is Status.FINISHED


def test_a_message_whose_receipt_is_stale_still_settles_its_job(live: Stage) -> None:
    job = live.echo(behaviour="passing")
    event = sqs_event(Message(job_id=job.job_id).model_dump_json(), receipt="stale")
    assert handler(event, context()) == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert live.job(job).status is Status.QUEUED


def test_a_job_ends_before_lambda_ends_the_function(live: Stage) -> None:
    job = live.echo(behaviour="sleep")
    live.context.left_ms = 1500
    started = datetime.now(UTC)
    live.deliver("echo", handler)
    moved = live.job(job)
    assert (moved.status, moved.queue) == (Status.QUEUED, "heavy")
    assert len(live.messages("heavy")) == 1
    assert (datetime.now(UTC) - started).total_seconds() < LINGER_S / 2
