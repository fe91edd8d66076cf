"""The Lambda authorizer of the HTTP API: an API key becomes tenant and scopes (simple responses)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from functions.aws.keys import Key, keys
from functions.aws.telemetry import logger
from functions.core.errors import ForbiddenError

HEADER = "x-api-key"


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Answer whether a request may pass. API Gateway says 401 itself without a key, 403 when this says no."""
    return authorize(event, verify=keys().verify)


def authorize(event: Mapping[str, Any], *, verify: Callable[[str], Key]) -> dict[str, Any]:
    """Return the simple response for one request of payload format 2.0."""
    try:
        key = verify(read_token(event))
    except ForbiddenError as error:
        logger.warning("key refused", reason=error.message)
        return {"isAuthorized": False}
    context = {"tenant": key.tenant, "scopes": " ".join(key.scopes), "key_id": key.key_id}
    return {"isAuthorized": True, "context": context}


def read_token(event: Mapping[str, Any]) -> str:
    """Return the key that a request carries: the identity source, else the header; empty without one."""
    for source in event.get("identitySource") or ():
        return str(source)
    headers = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    return str(headers.get(HEADER, ""))
