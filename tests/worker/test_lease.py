"""The heartbeat, beat by beat."""

from __future__ import annotations

from datetime import timedelta
from threading import Event

import pytest

from functions.core.errors import ConflictError, RetryableError
from functions.core.job import Job
from functions.worker.lease import Lease
from tests.worker.stage import Stage


def claimed(stage: Stage) -> Job:
    job = stage.services.jobs.claim(stage.echo().job_id, owner="me", lease_s=60)
    assert job is not None
    return job


def test_a_beat_prolongs_the_lease_and_hides_the_message_beyond_it(stage: Stage) -> None:
    job, hidden = claimed(stage), list[int]()
    lease = Lease(stage.services.jobs, job, lease_s=60, extend=hidden.append)
    stage.clock.forward(20)
    lease.renew()
    assert stage.job(job).lease_until == stage.clock.time + timedelta(seconds=60)
    assert hidden == [120]
    assert not lease.should_stop()


def test_progress_travels_with_the_beat_once(stage: Stage) -> None:
    job = claimed(stage)
    lease = Lease(stage.services.jobs, job, lease_s=60)
    lease.report("tessellate", 1, 10)
    lease.report("tessellate", 5, 10)
    lease.renew()
    found = stage.job(job).progress
    assert found is not None
    assert (found.stage, found.done, found.total) == ("tessellate", 5, 10)


def test_a_wish_to_cancel_comes_back_with_the_beat(stage: Stage) -> None:
    job = claimed(stage)
    lease = Lease(stage.services.jobs, job, lease_s=60)
    stage.services.jobs.cancel(job.job_id)
    lease.renew()
    assert lease.cancelled
    assert lease.should_stop()


def test_a_lease_that_another_has_is_lost(stage: Stage) -> None:
    job = claimed(stage)
    lease = Lease(stage.services.jobs, job, lease_s=60, extend=lambda _: pytest.fail("not ours any more"))
    stage.clock.forward(61)
    stage.services.jobs.claim(job.job_id, owner="other", lease_s=60)
    lease.renew()
    assert lease.lost
    assert lease.should_stop()


def test_one_missed_beat_loses_nothing(stage: Stage) -> None:
    def unreachable(_: int) -> None:
        raise RetryableError("the queue: AWS could not be reached")

    lease = Lease(stage.services.jobs, claimed(stage), lease_s=60, extend=unreachable)
    lease.renew()
    assert not lease.should_stop()


def test_a_worker_asked_to_stop_stops_the_run(stage: Stage) -> None:
    stop = Event()
    lease = Lease(stage.services.jobs, claimed(stage), lease_s=60, stop=stop)
    stop.set()
    assert lease.should_stop()
    assert not lease.cancelled


def test_a_message_that_is_gone_costs_no_lease(stage: Stage) -> None:
    def purged(_: int) -> None:
        raise ConflictError("the message of echo is no longer in flight")

    job = claimed(stage)
    lease = Lease(stage.services.jobs, job, lease_s=60, extend=purged)
    stage.clock.forward(20)
    lease.renew()
    assert not lease.should_stop()
    assert stage.job(job).lease_until == stage.clock.time + timedelta(seconds=60)
