"""Every way of saying what is to be done with an object, and keys as nobody would choose them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from functions.client import Client
from functions.local.stack import Stack
from tests.e2e.conftest import distinct
from tests.patience import until

Put = Callable[..., None]


def jobs_on(client: Client, key: str, *, count: int = 1) -> list[dict[str, Any]]:
    """Return the jobs on an object once there are so many, and they have ended."""

    def found() -> list[dict[str, Any]]:
        jobs = list(client.jobs(input=key))
        ended = [job for job in jobs if job["status"] in {"finished", "failed", "cancelled"}]
        return ended if len(ended) >= count else []

    return list(until(found))


def test_by_metadata(client: Client, house: Path, put: Put) -> None:
    body = distinct(house.read_bytes(), "metadata")
    put("drop/metadata.ifc", body, operations='ifcinfo, ifccsv:{"format": "csv"}')
    jobs = jobs_on(client, "drop/metadata.ifc", count=2)
    assert {job["operation"]: job["status"] for job in jobs} == {"ifcinfo": "finished", "ifccsv": "finished"}


def test_by_the_default_of_a_prefix(client: Client, house: Path, put: Put) -> None:
    put("incoming/house.ifc", distinct(house.read_bytes(), "prefix"))
    assert [(job["operation"], job["status"]) for job in jobs_on(client, "incoming/house.ifc")] == [
        ("ifcinfo", "finished")
    ]


def test_by_a_manifest_that_comes_before_its_model(client: Client, house: Path, put: Put) -> None:
    manifest = {
        "steps": [
            {"name": "table", "operation": "ifccsv", "request": {"filename": "house.ifc"}},
            {"operation": "ifcinfo", "request": {"filename": "house.ifc"}, "after": ["table"]},
        ]
    }
    put("project/house.job.json", json.dumps(manifest).encode())

    def waiting() -> set[str]:
        found = client.jobs(input="project/house.ifc")
        return {job["operation"] for job in found if job["status"] == "waiting"}

    until(lambda: waiting() == {"ifccsv", "ifcinfo"})
    put("project/house.ifc", distinct(house.read_bytes(), "manifest"))
    jobs = {job["operation"]: job for job in jobs_on(client, "project/house.ifc", count=2)}
    assert {job["status"] for job in jobs.values()} == {"finished"}
    assert jobs["ifcinfo"]["started_at"] >= jobs["ifccsv"]["ended_at"]


def test_an_unknown_operation_is_a_failed_job(client: Client, house: Path, put: Put) -> None:
    put("drop/unknown.ifc", house.read_bytes(), operations="ifcinfos")
    (job,) = jobs_on(client, "drop/unknown.ifc")
    assert job["status"] == "failed"
    assert "'ifcinfos' is not an operation; there are: " in job["error"]


def test_the_same_event_twice_makes_one_job(client: Client, house: Path, put: Put, stack: Stack) -> None:
    put("drop/twice.ifc", distinct(house.read_bytes(), "twice"), operations="ifcinfo")
    (job,) = jobs_on(client, "drop/twice.ifc")
    bucket = stack.environment["INPUT_BUCKET"]
    found = stack.client("s3").head_object(Bucket=bucket, Key="drop/twice.ifc")
    detail = {
        "bucket": {"name": bucket},
        "object": {
            "key": "drop/twice.ifc",
            "size": found["ContentLength"],
            "etag": found["ETag"].strip('"'),
            "version-id": found["VersionId"],
        },
    }
    event = {"source": "aws.s3", "detail-type": "Object Created", "detail": detail}
    sqs = stack.client("sqs")
    url = stack.environment["QUEUE_URL_PREFIX"] + "uploads"
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps(event))
    until(lambda: _is_empty(stack, "uploads"))
    assert [item["job_id"] for item in client.jobs(input="drop/twice.ifc")] == [job["job_id"]]
    assert client.job(job["job_id"])["attempt"] == 1


def test_hostile_keys_end_clearly(client: Client, corpus: Path, house: Path, put: Put, stack: Stack) -> None:
    sent = []
    for index, key in enumerate(json.loads((corpus / "bad" / "s3_keys.json").read_text())):
        try:
            put(key, distinct(house.read_bytes(), f"key {index}"), operations="ifcinfo")
            sent.append(key)
        except stack.client("s3").exceptions.ClientError:
            continue  # S3 itself takes no such key
    assert len(sent) > 10
    wanted = {key for key in sent if not key.endswith("/")}  # a folder, as S3's console makes them

    def ended() -> dict[str, Any]:
        jobs = {name: job for job in client.jobs() for name in job["inputs"] if name in wanted}
        open_ = [job for job in jobs.values() if job["status"] not in {"finished", "failed"}]
        return jobs if jobs.keys() == wanted and not open_ else {}

    for job in until(ended).values():
        assert job["status"] == "finished" or job["error"], job
    until(lambda: _is_empty(stack, "uploads") and _is_empty(stack, "ifcinfo"))
    assert _depth(stack, "uploads-dead") == 0
    assert _depth(stack, "ifcinfo-dead") == 0


def _is_empty(stack: Stack, name: str) -> bool:
    return _depth(stack, name) == 0


def _depth(stack: Stack, name: str) -> int:
    """Return how many messages a queue holds, those in flight included."""
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    url = stack.environment["QUEUE_URL_PREFIX"] + name
    found = stack.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return sum(int(found[name]) for name in names)
