"""A job as an item of the table, and back."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from functions.aws.records import text, to_item, to_job
from functions.aws.table import TABLE, attributes
from functions.core.job import Event, InputRef, Job, Progress, Status
from tests.aws.stack import make_job

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(), child, max_size=3),
    max_leaves=8,
)
TIMES = st.datetimes(datetime(2020, 1, 1), datetime(2090, 1, 1), timezones=st.just(UTC)).map(
    lambda when: when.replace(microsecond=when.microsecond // 1000 * 1000)
)
FIELDS = st.sampled_from(["file", "sets.0.a.1.file", "a b", "日本", "status", "#x"])
INPUTS = st.lists(
    st.builds(InputRef, field=FIELDS, reference=TEXT, bucket=TEXT, key=TEXT, size=st.none() | st.integers(0)),
    unique_by=lambda ref: ref.field,
    max_size=4,
).map(tuple)
MAYBE = st.none() | st.dictionaries(TEXT, JSON, max_size=3)
RECORDS = st.builds(
    make_job,
    st.integers(0, 2**64),
    tenant=TEXT.filter(bool),
    status=st.sampled_from(Status),
    request=st.dictionaries(st.text(), JSON, max_size=4),
    inputs=INPUTS,
    after=st.lists(TEXT, max_size=3),
    pending=st.frozensets(TEXT.filter(bool), max_size=3),
    awaited=st.booleans(),
    source=st.none() | TEXT,
    attempt=st.integers(0, 1000),
    owner=st.none() | TEXT,
    lease_until=st.none() | TIMES,
    cancel_requested=st.booleans(),
    progress=st.none() | st.builds(Progress, stage=TEXT, done=st.integers(), total=st.integers()),
    result=MAYBE,
    error=MAYBE,
    traceback=st.none() | TEXT,
    created_at=TIMES,
    changed_at=TIMES,
    started_at=st.none() | TIMES,
    ended_at=st.none() | TIMES,
    events=st.lists(st.builds(Event, at=TIMES, event=TEXT, detail=st.none() | TEXT.filter(bool)), min_size=1),
)


@given(RECORDS)
def test_every_job_survives_the_table(job: Job) -> None:
    item = to_item(job, ttl_days=90)
    assert to_job(json.loads(json.dumps(item))) == job


@given(RECORDS)
def test_every_job_is_in_the_indexes_and_only_live_ones_are_due(job: Job) -> None:
    item = to_item(job, ttl_days=90)
    missing = [name for name in attributes() if name not in item]
    assert missing == (["due"] if job.status.ended else [])
    assert (TABLE["ttl"] in item) == job.status.ended
    assert all(set(item[name]) == {"S"} for name in attributes() if name in item)
    assert item["status_at"]["S"].startswith(f"{job.status}#")


def test_a_new_job_says_when_it_was_created() -> None:
    (event,) = to_job(to_item(make_job(), ttl_days=90)).events
    assert (event.event, event.at) == ("created", make_job().created_at)


def test_what_utf_8_cannot_carry_is_escaped() -> None:
    assert text("a\ud800b") == {"S": "a\\ud800b"}


def test_later_jobs_sort_later() -> None:
    early = make_job()
    late = make_job(changed_at=early.changed_at + timedelta(milliseconds=1))
    first, second = (to_item(job, ttl_days=1)["status_at"]["S"] for job in (early, late))
    assert first < second
