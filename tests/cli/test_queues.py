"""Commands about queues."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager

import httpx
import pytest

from functions.cli import queues
from functions.cli.session import Session
from functions.client import Client


def test_a_job_that_ends_while_its_queue_is_purged_stops_nothing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "GET":
            return httpx.Response(200, json={"jobs": [{"job_id": name} for name in "abc"], "next": None})
        if request.url.path == "/jobs/b/cancel":
            return httpx.Response(409, json={"type": "conflict", "detail": "Job b is finished already"})
        return httpx.Response(202, json={"status": "cancelled"})

    @contextmanager
    def connect(_: str) -> Iterator[Session]:
        with Client("https://api.test", transport=httpx.MockTransport(answer)) as client:
            yield Session(client, "https://api.test", None)

    monkeypatch.setattr(queues, "connect", connect)
    queues.purge("ifcinfo", yes=True, json_=True)
    assert json.loads(capsys.readouterr().out) == {"operation": "ifcinfo", "cancelled": ["a", "c"]}
