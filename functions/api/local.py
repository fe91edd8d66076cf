"""The same API as an ASGI application, for `ifcpipe serve` and for tests in process.

A request becomes the event that API Gateway would send, goes through the same authorizer, and then to
the same router, each in a thread of its own.
"""

from __future__ import annotations

import asyncio
import base64
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from functions.api import problems
from functions.api.authorizer import HEADER, authorize
from functions.api.resolver import CORS, OPEN, Api
from functions.api.routes import build
from functions.aws.keys import Key, keys
from functions.aws.services import services
from functions.core.errors import ForbiddenError, PipelineError, TooLargeError, UnauthorizedError

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
# What API Gateway allows.
MAX_BODY_BYTES = 10_000_000
TIMEOUT_S = 30


class Context:
    """What the API reads of a Lambda context."""

    function_name = "api"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:local:000000000000:function:api"

    def __init__(self) -> None:
        """Start the clock of one invocation."""
        self.aws_request_id = uuid.uuid4().hex
        self._end = time.monotonic() + TIMEOUT_S

    def get_remaining_time_in_millis(self) -> int:
        """Return what is left of API Gateway's 30 seconds."""
        return max(0, round((self._end - time.monotonic()) * 1000))


class Local:
    """The ASGI application over a router and the keys that may call it."""

    def __init__(self, api: Api, *, verify: Callable[[str], Key]) -> None:
        """Keep the router, and what verifies a key."""
        self._api = api
        self._verify = verify

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            answer = await self._answer(scope, receive)
            await _send(answer, send)

    async def _answer(self, scope: Scope, receive: Receive) -> Mapping[str, Any]:
        try:
            event = to_event(scope, await _read(receive))
            await asyncio.to_thread(self._authorize, event)
        except PipelineError as error:
            return _problem(error)
        return await asyncio.to_thread(self._api.resolve, event, Context())

    def _authorize(self, event: dict[str, Any]) -> None:
        """Do what API Gateway does with the authorizer's answer."""
        if event["rawPath"] in OPEN or event["requestContext"]["http"]["method"] == "OPTIONS":
            return
        if not event["headers"].get(HEADER):
            raise UnauthorizedError("an API key is needed, in the header X-API-Key")
        said = authorize(event, verify=self._verify)
        if not said["isAuthorized"]:
            raise ForbiddenError("the API key is not valid")
        event["requestContext"]["authorizer"] = {"lambda": said["context"]}


def create() -> Local:
    """Return the application of the stage that the environment names: `uvicorn --factory`."""
    return Local(build(services), verify=keys().verify)


def to_event(scope: Scope, body: bytes) -> dict[str, Any]:
    """Return the event of payload format 2.0 for an ASGI request."""
    headers: dict[str, str] = {}
    for raw_name, raw_value in scope["headers"]:
        name, value = raw_name.decode("latin-1").lower(), raw_value.decode("latin-1")
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    query = scope.get("query_string", b"").decode("latin-1")
    parameters: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
    text, is_base64 = _text(body)
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": scope["path"],
        "rawQueryString": query,
        "headers": headers,
        "queryStringParameters": parameters,
        "requestContext": {
            "stage": "$default",
            "requestId": uuid.uuid4().hex,
            "http": {"method": scope["method"], "path": scope["path"], "protocol": "HTTP/1.1"},
        },
        "body": text,
        "isBase64Encoded": is_base64,
    }


def _text(body: bytes) -> tuple[str | None, bool]:
    """Return a body as text, or as base64 when it is none."""
    if not body:
        return None, False
    try:
        return body.decode("utf-8"), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


async def _read(receive: Receive) -> bytes:
    """Read a body of at most what API Gateway takes."""
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if len(body) > MAX_BODY_BYTES:
            raise TooLargeError(f"the body is larger than {MAX_BODY_BYTES:,} bytes")
        if not message.get("more_body", False):
            return body


async def _send(answer: Mapping[str, Any], send: Send) -> None:
    headers = [(name.lower().encode(), str(value).encode()) for name, value in answer["headers"].items()]
    body = answer["body"] or ""
    data = base64.b64decode(body) if answer.get("isBase64Encoded") else body.encode()
    await send({"type": "http.response.start", "status": answer["statusCode"], "headers": headers})
    await send({"type": "http.response.body", "body": data})


async def _live(receive: Receive, send: Send) -> None:
    """Answer the server's start and stop."""
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return


def _problem(error: PipelineError) -> Mapping[str, Any]:
    response = problems.answer_error(error)
    return {
        "statusCode": response.status_code,
        "headers": {**CORS, **response.headers},
        "body": response.body,
    }
