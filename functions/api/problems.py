"""Errors as RFC 9457 problems: the one place where an error becomes an answer.

`type` is the slug of the error class in `functions.core.errors.RULES`, the same word that a failed job
carries. `detail` is written for the caller; what is not ours to show is logged instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from functions.aws.telemetry import logger
from functions.core import fault
from functions.core.errors import (
    RULES,
    InputError,
    MethodError,
    PipelineError,
    RetryableError,
    UnauthorizedError,
)

CONTENT_TYPE = "application/problem+json"
RETRY_AFTER_S = 2
SERVER_FAULT = 500
MAX_FAULTS = 20

Answer = Response[str]


class Fault(BaseModel):
    """One thing that is wrong with a request."""

    field: str | None
    detail: str


class Problem(BaseModel):
    """A problem as RFC 9457 has it; `field` names the part of the request at fault, dotted."""

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None
    where: str | None = Field(None, description="Where in a file: `line 12` or `byte 4711`.")
    errors: list[Fault] | None = Field(None, description="All faults, when there are several.")


def answer_error(error: PipelineError, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Return the problem of one of our own errors."""
    status = RULES[type(error)].status
    if status == SERVER_FAULT:
        logger.exception("request failed", exc_info=error)
    return _answer({**error.to_dict(), "status": status}, {**_headers_of(error), **(headers or {})})


def answer_fault(error: Exception) -> Answer:
    """Return the problem of anything unforeseen: it says nothing but that the fault is ours."""
    logger.exception("request failed unexpectedly", exc_info=error)
    ours = PipelineError("something went wrong on our side; it has been logged")
    return _answer({**ours.to_dict(), "status": SERVER_FAULT}, {})


def answer_invalid(error: RequestValidationError, body: object, *, names: Sequence[str]) -> Answer:
    """Return the problem of a request that does not fit its schema, naming the first field.

    `body` is what was sent, read as JSON, and `names` are the fields that it may have.
    """
    faults = _faults(error.errors(), body, names)[:MAX_FAULTS]
    first = faults[0]
    detail = f"{first['field']}: {first['detail']}" if first["field"] else str(first["detail"])
    problem = InputError(detail, field=first["field"]).to_dict()
    body = {**problem, "status": RULES[InputError].status}
    return _answer({**body, "errors": faults} if len(faults) > 1 else body, {})


def answer_method(path: str, allowed: Sequence[str]) -> Answer:
    """Return the problem of a path that has other methods than the one asked for."""
    methods = ", ".join(sorted(allowed))
    return answer_error(MethodError(f"{path[:200]} takes {methods}"), headers={"Allow": methods})


def write(body: Mapping[str, Any]) -> str:
    """Return JSON as UTF-8 can carry it: names that were refused may hold what is no character."""
    return json.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8", "replace").decode()


def _faults(
    found: Sequence[Mapping[str, Any]], body: object, names: Sequence[str]
) -> list[dict[str, str | None]]:
    """Return pydantic's errors without the part of the request that each starts with."""
    if [(item["type"], item["loc"]) for item in found] == [("missing", ("body",))]:
        return [{"field": None, "detail": "the request has no body; a JSON object is needed"}]
    outside = [
        fault.Fault(".".join(map(str, item["loc"][1:])), str(item["msg"]))
        for item in found
        if item["loc"][0] != "body"
    ]
    inside = [{**item, "loc": item["loc"][1:]} for item in found if item["loc"][0] == "body"]
    faults = [*outside, *fault.read_faults(inside, body, names=names)]
    return [{"field": field or None, "detail": message} for field, message in faults]


def _headers_of(error: PipelineError) -> dict[str, str]:
    if isinstance(error, RetryableError):
        return {"Retry-After": str(RETRY_AFTER_S)}
    if isinstance(error, UnauthorizedError):
        return {"WWW-Authenticate": 'ApiKey header="X-API-Key"'}
    return {}


def _answer(body: Mapping[str, Any], headers: Mapping[str, str]) -> Answer:
    return Response(
        status_code=body["status"],
        content_type=CONTENT_TYPE,
        body=write(body),
        headers=dict(headers),
    )
