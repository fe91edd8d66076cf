"""The sample events: each is what its handler takes."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from functions.aws.records import to_job
from functions.core.arrival import read_arrivals
from functions.core.job import Status
from tests.conftest import ROOT
from tests.worker.stage import Context, Stage

EVENTS = ROOT / "events"
INDEX: dict[str, str] = json.loads((EVENTS / "index.json").read_text())


def sample(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((EVENTS / name).read_text())
    return found


def load(handler: str) -> Callable[[dict[str, Any], Context], Any]:
    module, _, name = handler.rpartition(".")
    found: Callable[[dict[str, Any], Context], Any] = getattr(importlib.import_module(module), name)
    return found


def test_every_sample_has_a_handler_and_a_line_in_the_readme() -> None:
    files = {path.name for path in EVENTS.glob("*.json")} - {"index.json"}
    assert files == set(INDEX)
    readme = Path(EVENTS / "README.md").read_text()
    for name, handler in INDEX.items():
        assert f"| `{name}` |" in readme
        assert callable(load(handler))
        assert f"`{handler}`" in readme


@pytest.mark.parametrize("name", [name for name in INDEX if not name.startswith(("api-", "authorizer"))])
def test_a_handler_takes_its_sample_though_nothing_of_it_is_there(live: Stage, name: str) -> None:
    answer = load(INDEX[name])(sample(name), Context())
    assert answer in ({"batchItemFailures": []}, {}, None)


def test_both_uploads_tell_of_the_same_object() -> None:
    bodies = [
        sample(name)["Records"][0]["body"] for name in ("upload-eventbridge.json", "upload-notification.json")
    ]
    first, second = (read_arrivals(body) for body in bodies)
    assert first == second
    assert first[0].key == "incoming/a b+c/日本 #1.ifc"
    assert read_arrivals(sample("upload-test.json")["Records"][0]["body"]) == []


@pytest.mark.parametrize("status", [Status.STARTED, Status.FINISHED, Status.FAILED])
def test_records_of_the_stream_hold_a_job(status: Status) -> None:
    change = sample(f"job-{status}.json")["Records"][0]["dynamodb"]
    job, before = to_job(change["NewImage"]), to_job(change["OldImage"])
    assert job.status is status
    assert before.status is not status
    assert (job.result is not None, job.error is not None) == (
        status is Status.FINISHED,
        status is Status.FAILED,
    )


def test_the_samples_of_the_api_are_answered(live: Stage) -> None:
    assert load(INDEX["api-health.json"])(sample("api-health.json"), Context())["statusCode"] == 200
    missing = load(INDEX["api-ifcinfo.json"])(sample("api-ifcinfo.json"), Context())
    assert missing["statusCode"] == 404
    assert "house.ifc" in missing["body"]
    assert load(INDEX["api-status.json"])(sample("api-status.json"), Context())["statusCode"] == 404
    refused = load(INDEX["authorizer.json"])(sample("authorizer.json"), Context())
    assert refused == {"isAuthorized": False}
