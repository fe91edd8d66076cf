"""Health and queues."""

from __future__ import annotations

from typing import Any

import pytest
import schemathesis

from functions.api.health import STUCK_S, State, judge
from functions.api.openapi import document
from functions.aws.queues import Depth
from functions.core.registry import operations
from tests.api.conftest import Site

SCHEMA = schemathesis.openapi.from_dict(document())


def health(site: Site, status: int) -> dict[str, Any]:
    answer = site.get("/health", key=None)
    assert answer.status_code == status
    SCHEMA["/health"]["GET"].validate_response(answer)
    return dict(answer.json())


def info(site: Site) -> dict[str, Any]:
    answer = site.get("/queues")
    SCHEMA["/queues"]["GET"].validate_response(answer)
    return dict(next(item for item in answer.json()["queues"] if item["operation"] == "ifcinfo"))


def test_health_needs_no_key_and_names_every_queue(site: Site) -> None:
    body = health(site, 200)
    assert (body["status"], body["api"], body["table"]) == ("healthy", "healthy", "healthy")
    assert body["queues"] == dict.fromkeys(("uploads", *operations(), "heavy"), "idle")


def test_waiting_work_that_nobody_starts_is_stuck(site: Site) -> None:
    site.submit()
    site.stack.clock.forward(STUCK_S + 1)
    body = health(site, 503)
    assert (body["status"], body["queues"]["ifcinfo"]) == ("unhealthy", "stuck")


def test_work_that_has_just_come_is_healthy(site: Site) -> None:
    site.submit()
    assert health(site, 200)["queues"]["ifcinfo"] == "healthy"


def test_a_queue_that_is_gone_is_unhealthy(site: Site) -> None:
    url = site.stack.services.settings.queue_url("ifcinfo")
    site.stack.clients.sqs.delete_queue(QueueUrl=url)
    assert health(site, 503)["queues"]["ifcinfo"] == "unreachable"


def test_a_table_that_is_gone_is_unhealthy(site: Site) -> None:
    site.stack.clients.dynamodb.delete_table(TableName=site.stack.services.settings.table_name)
    body = health(site, 503)
    assert (body["status"], body["table"]) == ("unhealthy", "unreachable")


def test_whoever_asks_often_gets_the_same_answer(site: Site) -> None:
    health(site, 200)
    site.stack.clients.dynamodb.delete_table(TableName=site.stack.services.settings.table_name)
    health(site, 200)
    site.api.sleep(5)
    health(site, 503)


@pytest.mark.parametrize(
    ("depth", "age_s", "state"),
    [
        (Depth(0, 0, 0), None, State.IDLE),
        (Depth(0, 3, 0), None, State.HEALTHY),
        (Depth(2, 0, 0), 5, State.HEALTHY),
        (Depth(2, 0, 0), None, State.HEALTHY),
        (Depth(500, 20, 0), 9_999, State.BACKLOG),
        (Depth(2, 0, 0), STUCK_S + 1, State.STUCK),
        (Depth(500, 0, 0), 5, State.BACKLOG),
    ],
)
def test_the_state_of_a_queue(depth: Depth, age_s: float | None, state: State) -> None:
    assert judge("ifcinfo", depth, age_s=age_s) is state


def test_queues_count_waiting_work_and_todays_jobs(site: Site) -> None:
    jobs = [site.submit(f"{index}.ifc") for index in range(4)]
    site.finish(jobs[0], "x.json")
    site.stack.services.jobs.fail(jobs[1].job_id, {"type": "internal", "detail": "broken"})
    site.start(jobs[2])
    site.stack.clock.forward(30)
    site.stack.services.queues.receive("ifcinfo", wait_s=0, visibility_s=60)
    found = info(site)
    assert (found["started"], found["finished"], found["failed"]) == (1, 1, 1)
    assert (found["waiting"], found["in_flight"], found["dead_letters"]) == (3, 1, 0)
    assert found["oldest_age_seconds"] == 30.0


def test_yesterdays_jobs_and_other_tenants_are_not_counted(site: Site) -> None:
    site.finish(site.submit("a.ifc", key=site.other_key), "x.json")
    assert info(site)["finished"] == 0
    site.finish(site.submit("b.ifc"), "x.json")
    assert info(site)["finished"] == 1
    site.stack.clock.forward(24 * 3600)
    assert info(site)["finished"] == 0


def test_dead_letters_are_counted(site: Site) -> None:
    url = site.stack.services.settings.dead_letter_url("ifcinfo")
    site.stack.clients.sqs.send_message(QueueUrl=url, MessageBody="{}")
    assert info(site)["dead_letters"] == 1
