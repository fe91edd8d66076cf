"""Jobs: ids from content, the table of transitions, the status body."""

from __future__ import annotations

import json
import random
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.job import ENDED, TRANSITIONS, Edge, InputRef, Job, JobStatus, Status, job_id, stamp

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(), child, max_size=3),
    max_leaves=8,
)
REQUESTS = st.dictionaries(st.text(min_size=1), JSON, max_size=5)
START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
REF = InputRef(field="file", reference="a.ifc", bucket="b", key="in/a.ifc", version_id="1", etag="e", size=3)


def make_id(**changes: Any) -> str:
    values: dict[str, Any] = {
        "tenant": "default",
        "operation": "ifcinfo",
        "version": 1,
        "inputs": [REF],
        "request": {"file": "a.ifc", "format": "json"},
    }
    return job_id(**{**values, **changes})


def shuffled(value: Any, dice: random.Random) -> Any:
    """Return equal JSON whose dictionaries are in another order."""
    if isinstance(value, dict):
        keys = list(value)
        dice.shuffle(keys)
        return {key: shuffled(value[key], dice) for key in keys}
    return [shuffled(item, dice) for item in value] if isinstance(value, list) else value


@given(REQUESTS, st.randoms(use_true_random=False))
def test_the_same_work_has_the_same_id_in_any_order(request: dict[str, Any], dice: random.Random) -> None:
    first = make_id(request=request)
    assert make_id(request=shuffled(request, dice)) == first
    assert make_id(request=json.loads(json.dumps(request))) == first
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


@given(REQUESTS, REQUESTS)
def test_another_request_has_another_id(one: dict[str, Any], other: dict[str, Any]) -> None:
    same = json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)
    refs: list[InputRef] = []
    assert (make_id(request=one, inputs=refs) == make_id(request=other, inputs=refs)) == same


@pytest.mark.parametrize(
    "changes",
    [
        {"tenant": "acme"},
        {"operation": "ifccsv"},
        {"version": 2},
        {"nonce": "again"},
        {"nonce": ""},
        {"after": ["f" * 32]},
        {"inputs": []},
        {"inputs": [REF.model_copy(update={"etag": "f"})]},
        {"inputs": [REF.model_copy(update={"size": 4})]},
        {"inputs": [REF.model_copy(update={"key": "in/b.ifc"})]},
        {"inputs": [REF.model_copy(update={"field": "other"})]},
        {"request": {"file": "a.ifc", "format": "csv"}},
    ],
)
def test_whatever_changes_the_work_changes_the_id(changes: dict[str, Any]) -> None:
    assert make_id(**changes) != make_id()


@pytest.mark.parametrize(
    "changes",
    [
        {"request": {"file": "s3://b/in/a.ifc", "format": "json"}},
        {"inputs": [REF.model_copy(update={"version_id": "2"})]},
        {"inputs": [REF.model_copy(update={"bucket": "c", "key": "elsewhere/a.ifc"})]},
        {"after": []},
    ],
)
def test_the_same_content_under_the_same_name_is_the_same_work(changes: dict[str, Any]) -> None:
    assert make_id(**changes) == make_id()


def test_an_input_that_is_not_there_yet_is_its_place() -> None:
    missing = REF.model_copy(update={"etag": None, "size": None, "version_id": None})
    elsewhere = missing.model_copy(update={"bucket": "c"})
    assert make_id(inputs=[missing]) != make_id(inputs=[elsewhere])


def test_an_output_of_another_job_is_that_job_and_its_name() -> None:
    one = InputRef(field="file", reference="job:a/x", job_id="a", output="x")
    assert make_id(inputs=[one]) == make_id(inputs=[one.model_copy(update={"bucket": "b", "key": "k"})])
    assert make_id(inputs=[one]) != make_id(inputs=[one.model_copy(update={"output": "y"})])
    assert one.name == "x"


def test_the_order_of_parents_does_not_matter() -> None:
    assert make_id(after=["a", "b"]) == make_id(after=["b", "a"])


@pytest.mark.parametrize("edge", Edge)
def test_every_edge_leads_from_live_states_except_those_that_start_over(edge: Edge) -> None:
    transition = TRANSITIONS[edge]
    assert transition.sources
    assert bool(transition.sources & ENDED) == (edge in {Edge.REQUEUE, Edge.REOPEN})
    assert Status.FINISHED not in transition.sources


def test_every_state_can_be_reached_and_left() -> None:
    assert {transition.target for transition in TRANSITIONS.values()} == set(Status)
    left = frozenset().union(*(transition.sources for transition in TRANSITIONS.values()))
    assert left == set(Status) - {Status.FINISHED}
    assert {status for status in Status if status.ended} == ENDED


def make(**changes: object) -> Job:
    values: dict[str, object] = {
        "job_id": "a" * 32,
        "tenant": "default",
        "operation": "ifcinfo",
        "version": 1,
        "status": "queued",
        "request": {},
        "created_at": START,
        "changed_at": START,
    }
    return Job.model_validate({**values, **changes})


def test_the_status_body_has_exactly_the_fields_that_clients_poll() -> None:
    job = make(
        status="failed",
        started_at=START + timedelta(seconds=1),
        ended_at=START + timedelta(seconds=2.8),
        error={"type": "invalid-model", "detail": "no trailer"},
        progress={"stage": "read", "done": 1, "total": 2},
    )
    body = job.status_body()
    assert list(body) == list(JobStatus.model_fields)
    assert JobStatus.model_validate(body).error == "no trailer"
    assert body["execution_time_seconds"] == 1.8
    assert body["ended_at"] == "2026-01-02T03:04:07.800Z"
    assert json.loads(json.dumps(body)) == body
    assert make().status_body()["execution_time_seconds"] is None


def test_attempts_count_unless_they_were_handed_back_blamelessly() -> None:
    def events(*pairs: tuple[str, str | None]) -> list[dict[str, object]]:
        return [{"at": START, "event": event, "detail": detail} for event, detail in pairs]

    history = [
        ("claim", None),
        ("hand_back", "worker stopped: SIGTERM"),
        ("claim", None),
        ("hand_back", "crash"),
    ]
    assert make(attempt=2, events=events(*history)).tries == 1
    assert make(attempt=1, events=events(*history, ("requeue", None), ("claim", None))).tries == 1
    assert make(attempt=0).tries == 0


@given(st.datetimes(datetime(1970, 1, 2), datetime(2100, 1, 1)), st.integers(-12, 14))
def test_stamps_are_utc_and_sort_as_text(when: datetime, hours: int) -> None:
    local = when.replace(tzinfo=timezone(timedelta(hours=hours)))
    text = stamp(local)
    assert len(text) == len("2026-01-02T03:04:05.678Z")
    assert abs(datetime.fromisoformat(text) - local) < timedelta(milliseconds=1)
    assert stamp(local + timedelta(milliseconds=1)) > text
