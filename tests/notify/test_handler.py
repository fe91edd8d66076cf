"""Changes of jobs, as the outside world hears of them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.aws.events import Events
from functions.core.errors import RetryableError
from functions.core.job import Job
from functions.notify import handler as notify
from tests.worker.stage import Context, Stage, stream_event


class Bus:
    """An EventBridge client that remembers."""

    def __init__(self, *, failing: bool = False) -> None:
        self.requests: list[list[dict[str, Any]]] = []
        self.failing = failing

    def put_events(self, *, Entries: list[dict[str, Any]]) -> dict[str, int]:
        self.requests.append(Entries)
        return {"FailedEntryCount": int(self.failing)}


@pytest.fixture
def bus(live: Stage, monkeypatch: pytest.MonkeyPatch) -> Bus:
    bus = Bus()
    heard = replace(live.services, events=Events(bus, "ifcpipe-test"))
    monkeypatch.setattr(notify, "services", lambda: heard)
    return bus


def started(stage: Stage, job: Job) -> Job:
    held = stage.services.jobs.claim(job.job_id, owner="worker", lease_s=60)
    assert held is not None
    return held


def test_a_change_of_state_is_one_event_with_the_body_that_clients_poll(live: Stage, bus: Bus) -> None:
    queued = live.echo()
    held = started(live, queued)
    notify.handler(stream_event(held, before=queued), Context())
    ((entry,),) = bus.requests
    assert (entry["DetailType"], entry["Source"]) == ("Job Started", "ifcpipe")
    detail = json.loads(entry["Detail"])
    assert detail == {**held.status_body(), "operation": "echo", "tenant": "default", "attempt": 1}


def test_progress_and_renewals_are_not_told(live: Stage, bus: Bus) -> None:
    held = started(live, live.echo())
    live.services.jobs.renew(held, lease_s=60)
    notify.handler(stream_event(live.job(held), before=held), Context())
    assert bus.requests == []


def test_records_of_other_items_and_expired_jobs_are_not_told(live: Stage, bus: Bus) -> None:
    event = {
        "Records": [
            {"eventName": "REMOVE", "dynamodb": {"OldImage": {"sk": {"S": "JOB"}}}},
            {"eventName": "INSERT", "dynamodb": {"NewImage": {"sk": {"S": "KEY"}}}},
        ]
    }
    notify.handler(event, Context())
    assert bus.requests == []


def test_a_batch_of_one_kind_is_one_request(live: Stage, bus: Bus) -> None:
    jobs = [live.echo(f"{number}.ifc") for number in range(5)]
    notify.handler(stream_event(*jobs), Context())
    (entries,) = bus.requests
    assert {entry["DetailType"] for entry in entries} == {"Job Queued"}
    assert {json.loads(entry["Detail"])["job_id"] for entry in entries} == {job.job_id for job in jobs}


def test_a_batch_of_several_kinds_is_one_request_in_their_order(live: Stage, bus: Bus) -> None:
    queued = live.echo("one.ifc")
    held = started(live, queued)
    later = live.echo("two.ifc")
    notify.handler(stream_event(queued, held, later), Context())
    (entries,) = bus.requests
    assert [entry["DetailType"] for entry in entries] == ["Job Queued", "Job Started", "Job Queued"]


def test_an_event_that_the_bus_does_not_take_comes_again(live: Stage, bus: Bus) -> None:
    bus.failing = True
    with pytest.raises(RetryableError):
        notify.handler(stream_event(live.echo()), Context())
