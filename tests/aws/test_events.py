"""Events reach the bus in requests that EventBridge takes."""

from __future__ import annotations

import json
from typing import Any

import pytest

from functions.aws.clients import count_requests
from functions.core.errors import RetryableError
from tests.aws.stack import Stack


@pytest.fixture
def published(stack: Stack) -> list[dict[str, Any]]:
    """The entries that PutEvents was called with."""
    entries: list[dict[str, Any]] = []

    def note(params: dict[str, Any], **_: object) -> None:
        entries.extend(params["Entries"])

    stack.clients.events.meta.events.register("provide-client-params.eventbridge.PutEvents", note)
    return entries


def test_each_detail_is_an_event_on_the_bus(stack: Stack, published: list[dict[str, Any]]) -> None:
    sent = count_requests(stack.clients.events)
    stack.services.events.publish(
        ("Job Finished", {"job_id": f"{number}", "name": "日本"}) for number in range(23)
    )
    assert [json.loads(entry["Detail"])["job_id"] for entry in published] == [str(n) for n in range(23)]
    assert {entry["EventBusName"] for entry in published} == {"ifcpipe-test"}
    assert {(entry["Source"], entry["DetailType"]) for entry in published} == {("ifcpipe", "Job Finished")}
    assert sent["eventbridge.PutEvents"] == 3


def test_large_details_travel_in_requests_of_their_own(stack: Stack, published: list[dict[str, Any]]) -> None:
    sent = count_requests(stack.clients.events)
    stack.services.events.publish([("Job Finished", {"text": "x" * 100_000})] * 5)
    assert len(published) == 5
    assert sent["eventbridge.PutEvents"] == 3


def test_nothing_to_say_is_no_request(stack: Stack) -> None:
    sent = count_requests(stack.clients.events)
    stack.services.events.publish([])
    assert sent == {}


def test_an_event_that_was_not_accepted_is_tried_again(stack: Stack) -> None:
    def fail(parsed: dict[str, Any], **_: object) -> None:
        parsed["FailedEntryCount"] = 1

    stack.clients.events.meta.events.register("after-call.eventbridge.PutEvents", fail)
    with pytest.raises(RetryableError, match="not accepted"):
        stack.services.events.publish([("Job Finished", {})])
