"""Lists of jobs: newest first, filtered, page by page; the sweep's index; counts."""

from __future__ import annotations

import base64
import json
from datetime import timedelta

import pytest

from functions.aws import queries
from functions.aws.clients import count_requests
from functions.aws.jobs import Jobs
from functions.core.errors import InputError
from functions.core.job import InputRef, Job, Status
from functions.core.reference import Stored
from tests.aws.stack import INPUT, START, Stack, make_job

HOUSE = Stored(INPUT.bucket or "", INPUT.key or "")


@pytest.fixture
def jobs(stack: Stack) -> Jobs:
    return stack.services.jobs


def fill(jobs: Jobs, count: int, **changes: object) -> list[Job]:
    """Create jobs a second apart and return them newest first."""
    made = []
    for number in range(1, count + 1):
        at = START + timedelta(seconds=number)
        made.append(jobs.create(make_job(number, created_at=at, changed_at=at, **changes))[0])
    return made[::-1]


def numbers(found: list[Job]) -> list[int]:
    return [int(job.job_id, 16) for job in found]


def walk(jobs: Jobs, *, limit: int, **query: object) -> list[list[int]]:
    """Return the pages of a list."""
    pages, cursor = [], None
    while True:
        page = jobs.list("default", limit=limit, cursor=cursor, **query)  # type: ignore[arg-type]
        pages.append(numbers(page.jobs))
        cursor = page.cursor
        if cursor is None:
            return pages


def test_jobs_are_listed_newest_first_page_by_page(jobs: Jobs) -> None:
    made = fill(jobs, 7)
    assert walk(jobs, limit=3) == [[7, 6, 5], [4, 3, 2], [1]]
    assert walk(jobs, limit=7) == [[7, 6, 5, 4, 3, 2, 1]]
    assert walk(jobs, limit=1) == [[7], [6], [5], [4], [3], [2], [1]]
    assert jobs.list("default").jobs == made


def test_a_tenant_sees_its_own_jobs_alone(jobs: Jobs) -> None:
    fill(jobs, 2)
    jobs.create(make_job(9, tenant="acme"))
    assert numbers(jobs.list("acme").jobs) == [9]
    assert numbers(jobs.list("default").jobs) == [2, 1]
    assert jobs.list("acm").jobs == []
    assert jobs.list("acme", input=HOUSE).jobs != []
    assert numbers(jobs.list("default", input=HOUSE).jobs) == [2, 1]


def test_a_list_by_status_has_the_latest_change_first(stack: Stack, jobs: Jobs) -> None:
    fill(jobs, 5)
    stack.clock.forward(100)
    for number in (3, 1):
        stack.clock.forward(1)
        jobs.cancel(make_job(number).job_id)
    assert walk(jobs, limit=1, status=Status.CANCELLED) == [[1], [3]]
    assert walk(jobs, limit=2, status=Status.QUEUED) == [[5, 4], [2]]
    assert walk(jobs, limit=2, status=Status.FINISHED) == [[]]


def test_a_list_by_operation_finds_a_rare_one(jobs: Jobs, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(jobs, 12)
    jobs.create(make_job(99, operation="ifccsv", created_at=START - timedelta(days=1)))
    assert walk(jobs, limit=2, operation="ifccsv") == [[99]]
    assert walk(jobs, limit=6, operation="ifcinfo", status=Status.QUEUED)[0] == [12, 11, 10, 9, 8, 7]
    # A request sees so many jobs, a page makes so many requests: then it is short, and goes on.
    monkeypatch.setattr(queries, "CHUNK", 4)
    monkeypatch.setattr(queries, "MAX_READS", 2)
    assert walk(jobs, limit=2, operation="ifccsv") == [[], [99]]


def test_a_list_by_input_follows_the_jobs_that_read_it(jobs: Jobs) -> None:
    fill(jobs, 5)
    other = InputRef(field="file", reference="b", bucket="b", key="b")
    jobs.create(make_job(6, inputs=(other,), operation="ifccsv"))
    jobs.cancel(make_job(4).job_id)
    assert walk(jobs, limit=2, input=HOUSE) == [[5, 4], [3, 2], [1]]
    assert walk(jobs, limit=9, input=HOUSE, status=Status.QUEUED) == [[5, 3, 2, 1]]
    assert walk(jobs, limit=9, input=Stored("b", "b"), operation="ifccsv") == [[6]]
    assert walk(jobs, limit=9, input=Stored("b", "b"), operation="ifcinfo") == [[]]


def test_a_record_that_expired_is_left_out_of_a_list_by_input(stack: Stack, jobs: Jobs) -> None:
    fill(jobs, 3)
    key = {"pk": {"S": f"JOB#{make_job(2).job_id}"}, "sk": {"S": "JOB"}}
    stack.clients.dynamodb.delete_item(TableName=stack.services.settings.table_name, Key=key)
    assert walk(jobs, limit=2, input=HOUSE) == [[3, 1]]


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "====",
        "é",
        "AAAA",
        encode([]),
        base64.urlsafe_b64encode(b"[" * 100_000).decode(),
        encode({}),
        encode(["", "a", "b"]),
        encode("abc"),
        encode(['["default", null, null, null]', 1, "b"]),
        encode(['["default", null, null, null]', "", "b"]),
        encode(['["default", null, null, null]', "a", "b" * 5000]),
        encode(['["acme", null, null, null]', "a" * 32, "2026"]),
    ],
)
def test_a_cursor_of_somebodys_own_making_is_refused(jobs: Jobs, cursor: str) -> None:
    fill(jobs, 1)
    with pytest.raises(InputError) as caught:
        jobs.list("default", cursor=cursor)
    assert caught.value.field == "after"


def test_a_cursor_serves_its_own_list_alone(jobs: Jobs) -> None:
    fill(jobs, 3)
    jobs.create(make_job(9, tenant="acme"))
    cursor = jobs.list("default", limit=1).cursor
    for tenant, query in (
        ("acme", {}),
        ("default", {"status": Status.QUEUED}),
        ("default", {"operation": "ifcinfo"}),
        ("default", {"input": HOUSE}),
    ):
        with pytest.raises(InputError, match="another list"):
            jobs.list(tenant, cursor=cursor, **query)
    assert numbers(jobs.list("default", cursor=cursor).jobs) == [2, 1]


def test_overdue_jobs_come_earliest_first_and_only_before_the_time(stack: Stack, jobs: Jobs) -> None:
    fill(jobs, 4)
    jobs.create(make_job(8, status="waiting", pending={"job:a"}, tenant="acme"))
    before = START + timedelta(seconds=3)
    assert numbers(list(jobs.overdue(Status.QUEUED, before=before))) == [1, 2]
    assert numbers(list(jobs.overdue(Status.WAITING, before=before))) == [8]
    jobs.claim(make_job(1).job_id, owner="one", lease_s=60)
    assert numbers(list(jobs.overdue(Status.QUEUED, before=before))) == [2]
    assert list(jobs.overdue(Status.STARTED, before=START + timedelta(seconds=60))) == []
    assert numbers(list(jobs.overdue(Status.STARTED, before=START + timedelta(seconds=61)))) == [1]


def test_the_longest_queued_job_is_found_though_the_sweep_postponed_it(jobs: Jobs) -> None:
    assert jobs.oldest_queued("ifcinfo") is None
    fill(jobs, 3)
    jobs.postpone(make_job(1).job_id, until=START + timedelta(days=1))
    assert jobs.oldest_queued("ifcinfo") == START + timedelta(seconds=1)
    assert jobs.oldest_queued("ifccsv") is None


def test_the_search_for_the_longest_waiting_job_ends_in_a_long_queue(
    jobs: Jobs, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "PAGE", 2)
    monkeypatch.setattr(queries, "MAX_PAGES", 3)
    fill(jobs, 9)
    jobs.create(make_job(10, operation="ifccsv", changed_at=START + timedelta(seconds=10)))
    sends = count_requests(stack.clients.dynamodb)
    assert jobs.oldest_queued("ifccsv") is None
    assert sum(sends.values()) == 3
    assert jobs.oldest_queued("ifcinfo") == START + timedelta(seconds=1)


def test_jobs_are_counted_by_operation_and_state_since_a_time(stack: Stack, jobs: Jobs) -> None:
    fill(jobs, 5)
    jobs.create(make_job(6, operation="ifccsv"))
    jobs.create(make_job(7, tenant="acme", status="failed"))
    jobs.cancel(make_job(1).job_id)
    stack.clock.forward(3600)
    for number in (2, 3, 6):
        run = jobs.claim(make_job(number).job_id, owner="one", lease_s=60)
        assert run is not None
        if number != 3:
            jobs.finish(run, {})
    jobs.fail(make_job(4).job_id, {})
    assert jobs.count("default", since=stack.clock.time) == {
        "ifcinfo": {Status.STARTED: 1, Status.FINISHED: 1, Status.FAILED: 1},
        "ifccsv": {Status.FINISHED: 1},
    }
    assert jobs.count("default", since=START)["ifcinfo"][Status.CANCELLED] == 1
