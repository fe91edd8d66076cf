"""Malformed files and strange keys, uploaded like any other: a typed failed job or a correct result each."""

from __future__ import annotations

import json
from pathlib import Path

from botocore.exceptions import ClientError

from functions.core.arrival import Arrival
from functions.core.job import Status
from functions.intake.handler import handler as intake
from functions.worker.handler import handler as worker
from tests.worker.stage import Stage, bridge

USERS = {"invalid-input", "invalid-model", "unsupported", "too-large"}


def take(stage: Stage, arrival: Arrival) -> None:
    stage.send("uploads", bridge(arrival))
    assert stage.deliver("uploads", intake) == [{"batchItemFailures": []}]


def test_every_malformed_file_ends_in_a_typed_problem_or_a_result(live: Stage, corpus: Path) -> None:
    """Those of which one or the other is certain: the contract and end-to-end tests have them all."""
    manifest = json.loads((corpus / "bad/manifest.json").read_text())
    expected = {
        item["file"]: item["expect"] for item in manifest if item["kind"] == "ifc" and item["expect"] != "any"
    }
    for name in expected:
        body = (corpus / "bad" / name).read_bytes()
        take(live, live.put(f"in/{name}", body, Metadata={"operations": "ifcinfo"}))
    while live.deliver("ifcinfo", worker):
        pass
    found = live.services.jobs.list("default", limit=200).jobs
    assert len(found) == len(expected) > 20
    for job in found:
        name = str(job.source).rpartition("/")[2]
        if job.status is Status.FAILED:
            assert job.error is not None
            assert job.error["type"] in USERS, name
            assert expected[name] == "reject", name
        else:
            assert job.status is Status.FINISHED, name
            assert expected[name] == "accept", name


def test_every_strange_key_ends_in_a_clear_problem_or_a_job(live: Stage, corpus: Path) -> None:
    keys = json.loads((corpus / "bad/s3_keys.json").read_text())
    for key in keys:
        try:
            arrival = live.put(key, b"walls", Metadata={"operations": "echo"})
        except ClientError:  # S3 itself refuses it; the event is a forgery then, and harmless
            arrival = Arrival(bucket=live.services.settings.input_bucket, key=key)
        take(live, arrival)
    while live.deliver("echo", worker):
        pass
    found = {job.source: job for job in live.services.jobs.list("default", limit=200).jobs}
    gone = 0
    for key in keys:
        job = found.get(Arrival(bucket=live.services.settings.input_bucket, key=key).uri)
        if job is None:
            gone += 1
        elif job.status is not Status.FINISHED:
            assert job.error is not None, key
            assert job.error["type"] in USERS, key
    assert gone <= 1, "all but what was never stored must be heard of"
