"""Objects arrive, in order and out of it, once and twice, with right and wrong requests."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import pytest

from functions.aws import services as services_module
from functions.aws.clients import count_requests
from functions.aws.keys import Keys
from functions.core.arrival import Arrival
from functions.core.job import Job, Status
from functions.core.message import Message
from functions.core.upload import Step
from functions.intake import steps
from functions.intake.handler import handler
from functions.worker.handler import handler as worker
from tests.worker.stage import Context, Stage, bridge, sqs_event

LONG = "/".join(["x" * 100] * 10) + "/y.ifc"  # 1,015 bytes


def take(stage: Stage, arrival: Arrival) -> None:
    """Let intake take an object, its event through the queue and all."""
    stage.send("uploads", bridge(arrival))
    assert stage.deliver("uploads", handler) == [{"batchItemFailures": []}]


def jobs(stage: Stage, tenant: str = "default") -> list[Job]:
    return stage.services.jobs.list(tenant).jobs


def sent(stage: Stage, name: str = "echo") -> list[str]:
    return [Message.model_validate_json(body).job_id for body in stage.messages(name)]


def named(operations: str) -> dict[str, Any]:
    return {"Metadata": {"operations": operations}}


def manifest(*items: dict[str, Any]) -> bytes:
    return json.dumps({"steps": list(items)}).encode()


def statuses(found: Iterable[Job]) -> dict[str, Status]:
    return {job.operation: job.status for job in found}


def test_an_upload_goes_all_the_way_to_its_output(live: Stage) -> None:
    take(live, live.put("in/house.ifc", b"walls", **named("echo")))
    (job,) = jobs(live)
    live.deliver("echo", worker)
    done = live.job(job)
    assert done.status is Status.FINISHED
    assert done.result is not None
    assert live.output(done.result["outputs"][0]["key"]) == b"walls"


def test_metadata_names_operations_with_requests(live: Stage) -> None:
    arrival = live.put("house.ifc", **named('echo:{"mark": "x"}, echo'))
    take(live, arrival)
    found = jobs(live)
    assert sorted(job.request["mark"] for job in found) == ["", "x"]
    assert {job.inputs[0].version_id for job in found} == {arrival.version_id}
    assert {job.source for job in found} == {arrival.uri}
    assert sorted(sent(live)) == sorted(job.job_id for job in found)


def test_the_same_event_twice_makes_no_second_job_and_loses_no_message(live: Stage) -> None:
    arrival = live.put("house.ifc", **named("echo"))
    take(live, arrival)
    take(live, arrival)
    (job,) = jobs(live)
    assert set(sent(live)) == {job.job_id}


def test_an_event_after_the_job_has_ended_sends_nothing(live: Stage) -> None:
    arrival = live.put("house.ifc", **named("echo"))
    take(live, arrival)
    live.deliver("echo", worker)
    take(live, arrival)
    assert sent(live) == []
    assert [job.status for job in jobs(live)] == [Status.FINISHED]


def test_events_of_two_versions_out_of_order_make_a_job_each(live: Stage) -> None:
    old = live.put("house.ifc", b"old", **named("echo"))
    new = live.put("house.ifc", b"new", **named("echo"))
    take(live, new)
    take(live, old)
    assert {job.inputs[0].version_id for job in jobs(live)} == {old.version_id, new.version_id}


def test_an_object_that_is_gone_already_is_ignored(live: Stage) -> None:
    arrival = live.put("house.ifc", **named("echo"))
    live.clients.s3.delete_object(Bucket=arrival.bucket, Key=arrival.key, VersionId=arrival.version_id)
    take(live, arrival)
    assert jobs(live) == []


def test_an_object_that_asks_for_nothing_makes_nothing(live: Stage) -> None:
    take(live, live.put("house.ifc"))
    take(live, live.put("house.ifc", **named("  ")))
    assert jobs(live) == []


def test_a_folder_made_in_the_console_is_ignored(live: Stage) -> None:
    take(live, live.put("in/new/", b"", **named("echo")))
    assert jobs(live) == []


def test_an_object_of_another_bucket_is_ignored(live: Stage) -> None:
    bucket = live.services.settings.output_bucket
    live.clients.s3.put_object(Bucket=bucket, Key="output/x.ifc", Metadata={"operations": "echo"})
    take(live, Arrival(bucket=bucket, key="output/x.ifc"))
    assert jobs(live) == []


def test_the_stages_default_for_a_prefix_is_last(live: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEFAULT_OPERATIONS", '{"in/": ["echo"], "": ["ifcinfo"]}')
    services_module.services.cache_clear()
    take(live, live.put("in/a.ifc"))
    assert statuses(jobs(live)) == {"echo": Status.QUEUED}
    take(live, live.put("in/b.ifc", **named("ifcinfo")))
    take(live, live.put("tenants/acme/in/c.ifc"))
    assert sorted(job.operation for job in jobs(live)) == ["echo", "ifcinfo"]
    assert statuses(jobs(live, "acme")) == {"echo": Status.QUEUED}


def test_an_unknown_operation_is_a_failed_job_and_stops_no_other(live: Stage) -> None:
    take(live, live.put("house.ifc", **named("ifcmagic, echo, sorcery")))
    found = jobs(live)
    assert statuses(found) == {
        "ifcmagic": Status.FAILED,
        "echo": Status.QUEUED,
        "sorcery": Status.FAILED,
    }
    problems = {job.operation: job.error for job in found if job.error}
    assert problems["sorcery"] is not None
    assert problems["sorcery"]["type"] == "unknown-operation"
    assert problems["sorcery"]["field"] == "steps.2.operation"
    assert "echo" in problems["sorcery"]["detail"]


def test_a_wrong_request_names_its_field_as_the_uploader_numbered_it(live: Stage) -> None:
    take(live, live.put("house.ifc", **named('nothing, echo:{"behaviour": "dance"}')))
    (problem,) = [job.error for job in jobs(live) if job.operation == "echo"]
    assert problem is not None
    assert problem["field"] == "steps.1.request.behaviour"
    assert problem["detail"].startswith("steps.1.request.behaviour: ")


@pytest.mark.parametrize(
    "text", ["echo:{", '[{"operation": 5}]', "echo,,echo", "[" * 900, 'echo:{"a":1} echo']
)
def test_malformed_metadata_is_a_failed_job(live: Stage, text: str) -> None:
    arrival = live.put("house.ifc", **named(text))
    take(live, arrival)
    take(live, arrival)
    (job,) = jobs(live)
    assert (job.operation, job.status, job.source) == ("upload", Status.FAILED, arrival.uri)
    assert job.error is not None
    assert job.error["type"] == "invalid-input"
    assert sent(live) == []


@pytest.mark.parametrize("key", ["a/../secret.ifc", "a//b.ifc", "/abs.ifc", "bell\a.ifc", "a/./b.ifc"])
def test_a_bad_key_is_a_failed_job_that_says_why(live: Stage, key: str) -> None:
    take(live, Arrival(bucket=live.services.settings.input_bucket, key=key, size=1))
    (job,) = jobs(live)
    assert job.status is Status.FAILED
    assert job.error is not None
    assert "key" in job.error["detail"]
    assert job.error["field"] == "key"


def test_a_file_of_the_wrong_kind_is_a_failed_job(live: Stage) -> None:
    take(live, live.put("house.exe", **named("echo")))
    (job,) = jobs(live)
    assert job.error is not None
    assert ".ifc" in job.error["detail"]


def test_strange_but_right_keys_are_taken(live: Stage) -> None:
    for key in ("a b+c/日本 #1.ifc", "a%20b.ifc", "tenants/acme/中国.ifc", LONG):
        take(live, live.put(key, b"walls", **named("echo")))
    live.deliver("echo", worker, times=4)
    found = [*jobs(live), *jobs(live, "acme")]
    assert [job.status for job in found] == [Status.FINISHED] * 4


def test_a_file_name_too_long_for_a_disk_is_a_clear_problem(live: Stage) -> None:
    take(live, live.put("x" * 1020 + ".ifc", b"walls", **named("echo")))
    (job,) = jobs(live)
    assert job.status is Status.FAILED
    assert job.error is not None
    assert (job.error["type"], job.error["field"]) == ("invalid-input", "steps.0.request.filename")
    assert "200 bytes: rename the file" in job.error["detail"]


def test_a_manifest_runs_steps_over_files_beside_it(live: Stage) -> None:
    live.put("plan/a.ifc", b"a")
    live.put("plan/b.ifc", b"b")
    body = manifest(
        {"operation": "echo", "name": "first", "request": {"filename": "a.ifc", "other": "b.ifc"}},
        {"operation": "echo", "request": {"filename": "step:first/a.echo.ifc"}},
    )
    take(live, live.put("plan/all.job.json", body))
    waiting, queued = sorted(jobs(live), key=lambda job: job.status, reverse=True)
    assert (waiting.status, queued.status) == (Status.WAITING, Status.QUEUED)
    assert waiting.after == (queued.job_id,)
    assert [ref.key for ref in queued.inputs] == ["plan/a.ifc", "plan/b.ifc"]


def test_a_manifest_may_come_before_its_files(live: Stage) -> None:
    body = manifest({"operation": "echo", "request": {"filename": "a.ifc", "other": "b.ifc"}})
    take(live, live.put("plan/all.job.json", body))
    (job,) = jobs(live)
    assert job.status is Status.WAITING
    first = live.put("plan/b.ifc", b"b", **named("ifcinfo"))
    take(live, first)
    assert live.job(job).status is Status.WAITING
    take(live, live.put("plan/a.ifc", b"a"))
    take(live, first)
    assert live.job(job).status is Status.QUEUED
    assert [item.job_id for item in jobs(live)] == [
        job.job_id
    ]  # the manifest's word counts, not the object's
    live.deliver("echo", worker)
    done = live.job(job)
    assert done.result is not None
    assert live.output(done.result["outputs"][0]["key"]) == b"ab"


def test_a_new_version_of_a_file_that_a_manifest_waited_for_is_a_new_upload(live: Stage) -> None:
    body = manifest({"operation": "echo", "request": {"filename": "a.ifc"}})
    take(live, live.put("all.job.json", body))
    take(live, live.put("a.ifc", b"one"))
    live.deliver("echo", worker)
    take(live, live.put("a.ifc", b"two", **named("echo")))
    assert [job.status for job in jobs(live)] == [Status.QUEUED, Status.FINISHED]


def test_a_manifest_with_a_wrong_step_starts_none_and_names_the_step(live: Stage) -> None:
    live.put("a.ifc")
    body = manifest(
        {"operation": "echo", "request": {"filename": "a.ifc"}},
        {"operation": "ifcmagic", "request": {"filename": "a.ifc"}},
    )
    take(live, live.put("all.job.json", body))
    (job,) = jobs(live)
    assert (job.operation, job.status) == ("ifcmagic", Status.FAILED)
    assert job.error is not None
    assert job.error["field"] == "steps.1.operation"


def test_a_wrong_step_too_large_for_a_record_is_told_all_the_same(live: Stage) -> None:
    body = manifest({"operation": "ifcmagic", "request": {"filename": "x" * 100_000}})
    take(live, live.put("all.job.json", body))
    (job,) = jobs(live)
    assert (job.operation, job.status, job.request) == ("ifcmagic", Status.FAILED, {})
    assert job.error is not None
    assert job.error["type"] == "unknown-operation"


@pytest.mark.parametrize(
    "body", [b"", b"{", b"\xff\xfe", b'{"steps": []}', b'{"steps": [{"x": 1}]}', b" " * 300_000]
)
def test_a_malformed_manifest_is_a_failed_job(live: Stage, body: bytes) -> None:
    take(live, live.put("all.job.json", body))
    (job,) = jobs(live)
    assert (job.operation, job.status) == ("upload", Status.FAILED)


def test_an_announced_upload_has_the_jobs_of_its_record_alone(live: Stage) -> None:
    key = "uploads/123/house.ifc"
    (job,) = live.submit(
        Step(operation="echo", request={"filename": key}), wait_for_missing=True, source="upload"
    )
    live.services.jobs.mark_upload(live.services.settings.input_bucket, key)
    arrival = live.put(key, b"walls", **named("ifcinfo"))
    take(live, arrival)
    take(live, arrival)
    assert [item.job_id for item in jobs(live)] == [job.job_id]
    released = live.job(job)
    assert released.status is Status.QUEUED
    ref = released.inputs[0]
    assert (ref.version_id, ref.etag, ref.size) == (arrival.version_id, arrival.etag, 5)


def test_an_event_that_does_not_tell_the_version_is_no_reason_not_to_know_it(live: Stage) -> None:
    (job,) = live.submit(Step(operation="echo", request={"filename": "late.ifc"}), wait_for_missing=True)
    arrival = live.put("late.ifc", b"walls")
    bare = Arrival(bucket=arrival.bucket, key=arrival.key)
    take(live, bare)
    take(live, bare)
    ref = live.job(job).inputs[0]
    assert (ref.version_id, ref.etag, ref.size) == (arrival.version_id, arrival.etag, 5)
    assert [item.job_id for item in jobs(live)] == [job.job_id]


def test_a_cancelled_job_does_not_come_back_with_its_object(live: Stage) -> None:
    (job,) = live.submit(
        Step(operation="echo", request={"filename": "late.ifc"}), wait_for_missing=True, source="upload"
    )
    live.services.jobs.cancel(job.job_id)
    take(live, live.put("late.ifc"))
    assert live.job(job).status is Status.CANCELLED
    assert sent(live) == []


def test_a_message_that_is_no_event_is_left_to_the_dead_letters(live: Stage) -> None:
    live.put("house.ifc", **named("echo"))
    arrival = Arrival(bucket=live.services.settings.input_bucket, key="house.ifc")
    answer = handler(sqs_event("nonsense", bridge(arrival)), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}
    assert len(jobs(live)) == 1


def test_a_passing_fault_brings_the_message_again(live: Stage) -> None:
    arrival = live.put("house.ifc", **named("echo"))
    live.clients.dynamodb.delete_table(TableName=live.services.settings.table_name)
    answer = handler(sqs_event(bridge(arrival)), Context())
    assert answer == {"batchItemFailures": [{"itemIdentifier": "message-0"}]}


def test_an_upload_costs_intake_four_requests(stage: Stage) -> None:
    arrival = stage.put("house.ifc", **named("echo"))
    requests = count_requests(*stage.clients.all())
    steps.take(stage.services, arrival)
    assert requests == {
        "dynamodb.Query": 1,
        "s3.HeadObject": 1,
        "dynamodb.TransactWriteItems": 1,
        "sqs.SendMessage": 1,
    }


def test_a_drop_under_a_name_that_no_tenant_can_have_does_not_disturb_the_keys(live: Stage) -> None:
    keys = Keys(live.clients.dynamodb, live.services.settings.table_name)
    keys.create("acme")
    take(live, live.put("tenants/#keys/house.ifc", **named("echo")))
    assert [key.tenant for key in keys.list()] == ["acme"]
    assert [job.tenant for job in jobs(live)] == ["default"]


@pytest.mark.parametrize("text", ['echo:{"mark": NaN}', "echo:" + '{"a":' * 40 + "1" + "}" * 40])
def test_metadata_that_is_no_json_of_ours_is_a_failed_job(live: Stage, text: str) -> None:
    take(live, live.put("house.ifc", **named(text)))
    (job,) = jobs(live)
    assert job.error is not None
    assert (job.operation, job.error["type"]) == ("upload", "invalid-input")
