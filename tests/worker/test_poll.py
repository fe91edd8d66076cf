"""The polling worker: several jobs at once, nothing that ends it, and a graceful stop."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from typing import Any
from unittest import mock

from functions.aws.queues import Delivery, Queues
from functions.core.errors import RetryableError
from functions.core.job import STOPPED, Status
from functions.worker import poll
from functions.worker.poll import Poller
from tests.patience import PATIENCE_S, until
from tests.worker.echo.run import LINGER_S
from tests.worker.stage import Stage


@contextmanager
def polling(stage: Stage, *operations: str, **options: Any) -> Iterator[Poller]:
    """A worker in a thread of its own, stopped at the end, with all the time to hand its jobs back."""
    poller = Poller(stage.services, operations or ("echo",), wait_s=1, **options)
    thread = Thread(target=poller.run)
    with mock.patch.object(poll, "GRACE_S", PATIENCE_S):
        thread.start()
        try:
            yield poller
        finally:
            poller.stop()
            thread.join(PATIENCE_S)
            assert not thread.is_alive()


def finished(stage: Stage, *job_ids: str) -> bool:
    return all(stage.job(job_id).status is Status.FINISHED for job_id in job_ids)


def test_jobs_run_at_the_same_time(live: Stage, tmp_path: Path) -> None:
    mark = str(tmp_path / "mark")
    first = live.echo("one.ifc", mark=mark, behaviour="meet")
    second = live.echo("two.ifc", mark=mark, behaviour="meet")
    with polling(live, concurrency=2) as poller:
        until(lambda: finished(live, first.job_id, second.job_id))
        until(lambda: poller.stats().active_tasks == 0)
        assert poller.stats().processed_tasks == 2
    assert live.messages("echo") == []


def test_never_more_jobs_run_than_there_are_slots(live: Stage, tmp_path: Path) -> None:
    jobs = [live.echo(f"{number}.ifc", behaviour="sleep") for number in range(3)]
    with polling(live, concurrency=1) as poller:
        until(lambda: any(live.job(job).progress for job in jobs))  # it has run for a while
        assert poller.stats().active_tasks == 1
        assert [live.job(job).status for job in jobs].count(Status.STARTED) == 1
    assert live.services.queues.depth("echo").waiting == 3


def test_what_is_no_message_does_not_end_the_worker(live: Stage) -> None:
    for body in ("poison", "{}", "[" * 5000):
        live.send("echo", body)
    job = live.echo()
    with polling(live):
        until(lambda: finished(live, job.job_id))


def test_a_queue_that_is_not_there_does_not_stop_the_others(live: Stage) -> None:
    job = live.echo()
    with polling(live, "ghost", "echo"):
        until(lambda: finished(live, job.job_id))


class Down(Queues):
    """Queues that cannot be reached at first."""

    failures = 3

    def receive(self, operation: str, *, wait_s: int, visibility_s: int) -> Delivery | None:
        if self.failures:
            self.failures -= 1
            raise RetryableError("AWS could not be reached")
        return super().receive(operation, wait_s=wait_s, visibility_s=visibility_s)


def test_the_worker_outlives_an_endpoint_that_was_down(live: Stage) -> None:
    down = Down(live.clients.sqs, live.services.settings)
    job = live.echo()
    with polling(replace(live, services=replace(live.services, queues=down))):
        until(lambda: finished(live, job.job_id))
    assert down.failures == 0


def test_a_stopped_worker_hands_its_job_back_within_seconds(live: Stage) -> None:
    job = live.echo(behaviour="sleep")
    with polling(live):
        until(lambda: live.job(job).status is Status.STARTED)
        started = time.monotonic()
    assert time.monotonic() - started < LINGER_S / 2
    back = live.job(job)
    assert (back.status, back.events[-1].detail) == (Status.QUEUED, STOPPED)
    assert live.services.queues.depth("echo").waiting == 1


def test_a_crash_in_a_job_is_not_the_workers(live: Stage) -> None:
    crashing, good = live.echo("bad.ifc", behaviour="crash"), live.echo("good.ifc")
    with polling(live):
        until(lambda: finished(live, good.job_id))
        until(
            lambda: any(str(event.detail).startswith("native-crash") for event in live.job(crashing).events)
        )


def test_the_heartbeat_file_says_what_the_worker_does(live: Stage, tmp_path: Path) -> None:
    file = tmp_path / "one.heartbeat"
    live.echo(behaviour="sleep")

    def active() -> bool:
        return file.exists() and json.loads(file.read_text())["active_tasks"] == 1

    with polling(live, name="one", heartbeat=file):
        until(active)
        found = json.loads(file.read_text())
    assert found["worker"] == "one"
    assert found["operations"] == ["echo"]
    assert found["processed_tasks"] == 0
    assert found["uptime"] >= 0
    assert found["pid"] == os.getpid()
    assert not file.exists()
