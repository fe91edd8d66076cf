"""The ASGI application: requests become API Gateway's events."""

from __future__ import annotations

import asyncio
import base64
from collections.abc import MutableMapping
from typing import Any

from functions.api.local import create, to_event
from functions.aws.keys import keys
from functions.aws.services import services
from tests.api.conftest import Site


def scope(**more: Any) -> dict[str, Any]:
    return {"type": "http", "method": "GET", "path": "/jobs", "headers": [], "query_string": b"", **more}


def test_headers_and_parameters_are_joined_as_api_gateway_does() -> None:
    headers = [(b"X-One", b"1"), (b"x-one", b"2")]
    event = to_event(scope(headers=headers, query_string=b"a=1&a=2&b=%20x&c="), b"")
    assert event["headers"] == {"x-one": "1,2"}
    assert event["queryStringParameters"] == {"a": "1,2", "b": " x", "c": ""}
    assert (event["body"], event["isBase64Encoded"]) == (None, False)


def test_what_is_no_text_travels_as_base64() -> None:
    assert to_event(scope(), "日本".encode())["body"] == "日本"
    event = to_event(scope(), b"\xff")
    assert (base64.b64decode(event["body"]), event["isBase64Encoded"]) == (b"\xff", True)


def test_the_application_of_a_stage_is_made_from_its_environment(site: Site) -> None:
    keys.cache_clear()
    services.cache_clear()
    try:
        site.app = create()
        assert site.get("/jobs").json() == {"jobs": [], "next": None}
        assert site.get("/jobs", key="wrong").status_code == 403
    finally:
        keys.cache_clear()
        services.cache_clear()


def test_the_server_starts_and_stops(site: Site) -> None:
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[str] = []

    async def receive() -> MutableMapping[str, Any]:
        return incoming.pop(0)

    async def send(message: MutableMapping[str, Any]) -> None:
        sent.append(message["type"])

    asyncio.run(site.app({"type": "lifespan"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete"]
