"""Long jobs: two hours by the clock, ten minutes for real (`make test-long`), some seconds always."""

from __future__ import annotations

import random
import time
from datetime import UTC, datetime
from threading import Event, Thread

import pytest

from functions.core.compute import Compute, Kind
from functions.core.job import Progress, Status
from functions.reap.overdue import Sweep
from functions.worker.lease import Lease, visibility
from functions.worker.runner import execute
from tests.worker.stage import Stage

TWO_HOURS = 7200
TASK = Compute(kind=Kind.FARGATE, memory_mb=8192, timeout_s=TWO_HOURS, cpu=2048, disk_gb=21, reason="test")


def test_a_job_of_two_hours_keeps_its_lease_and_its_message(stage: Stage) -> None:
    """A beat every third of the lease, some of them lost; the sweep comes now and then."""
    chance = random.Random(0)  # noqa: S311 - chance, not a secret
    lease_s = stage.services.settings.lease_seconds
    job = stage.services.jobs.route(stage.echo().job_id, TASK)
    claimed = stage.services.jobs.claim(job.job_id, owner="long", lease_s=lease_s)
    assert claimed is not None
    hidden_until = stage.clock.time.timestamp() + visibility(lease_s)
    extended: list[int] = []
    lease = Lease(stage.services.jobs, claimed, lease_s=lease_s, extend=extended.append)
    beats, lost_last = TWO_HOURS // (lease_s // 3), False
    for beat in range(beats):
        stage.clock.forward(lease_s / 3)
        assert stage.clock.time.timestamp() < hidden_until, "the message would come again"
        lost_last = not lost_last and chance.random() < 0.2
        if not lost_last:
            lease.report("meshing", beat, beats)
            lease.renew()
            hidden_until = stage.clock.time.timestamp() + extended[-1]
        if beat % 15 == 0:
            swept = Sweep(stage.services, now=stage.clock, has_time=lambda: True).run()
            assert swept == {}, "the sweep took the job for dead"
            other = stage.services.jobs.claim(job.job_id, owner="other", lease_s=lease_s)
            assert other is None, "another worker could take the job"
    assert not lease.lost
    running = stage.job(job)
    assert isinstance(running.progress, Progress)
    assert len(running.events) < 10  # renewals leave no trace of their own
    done = stage.services.jobs.finish(claimed, {"message": "done"})
    assert (done.status, done.attempt, done.seconds) == (Status.FINISHED, 1, TWO_HOURS)


def run_for(stage: Stage, seconds: int) -> None:
    """Run a job that takes so long, with the sweep and a second worker beside it."""
    job = stage.services.jobs.route(stage.echo(behaviour="last", mark=str(seconds)).job_id, TASK)
    ended = Event()
    disturbed = list[dict[str, int]]()

    def disturb() -> None:
        while not ended.wait(0.5):
            sweep = Sweep(stage.services, now=lambda: datetime.now(UTC), has_time=lambda: True)
            disturbed.append(sweep.run())
            execute(stage.services, job.job_id, owner="other")

    thread = Thread(target=disturb)
    thread.start()
    started = time.monotonic()
    execute(stage.services, job.job_id, owner="long")
    ended.set()
    thread.join()
    done = stage.job(job)
    assert (done.status, done.attempt) == (Status.FINISHED, 1)
    assert time.monotonic() - started >= seconds
    assert len(disturbed) > seconds / stage.services.settings.lease_seconds
    assert not any(disturbed)


def test_a_job_of_several_leases_is_run_once(live: Stage) -> None:
    run_for(live, 14)  # of six seconds each


# A machine that is busy for ten minutes will be late by more than a second at some time.
@pytest.mark.parametrize("lease_seconds", [10])
@pytest.mark.long
def test_a_job_of_ten_minutes_is_run_once(live: Stage) -> None:
    run_for(live, 600)
