"""The emulator's poller, tuned."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from functions.local import engine


def queue(name: str, *messages: str) -> dict[str, Any]:
    return {"attributes": {"QueueArn": f"arn:aws:sqs:eu:1:{name}"}, "messages": list(messages)}


def test_only_mappings_of_queues_that_hold_something_are_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    sqs = pytest.importorskip("ministack.services.sqs")
    queues = {("1", "eu", name): queue(name, *messages) for name, *messages in (("full", "m"), ("empty",))}
    monkeypatch.setattr(sqs, "_queues", SimpleNamespace(_data=queues))
    sources = [
        "arn:aws:sqs:eu:1:full",
        "arn:aws:sqs:eu:1:empty",
        "arn:aws:sqs:eu:1:gone",
        "arn:aws:dynamodb:t",
    ]
    found = engine._iterate_busy(lambda: (("1", "eu", {"EventSourceArn": source}) for source in sources))
    assert [mapping["EventSourceArn"] for _, _, mapping in found] == [sources[0], sources[3]]
