"""Answers: JSON bodies, and how the OpenAPI document describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aws_lambda_powertools.event_handler import Response
from pydantic import BaseModel

from functions.api.problems import CONTENT_TYPE, Answer, Problem, write
from functions.core.errors import RULES

TITLES = {rule.status: rule.title for rule in reversed(RULES.values())}
# What a route with a body may answer.
ON_POST = (404, 409, 413, 415)
# What any route with a key may answer. API Gateway makes its own 401, 403 and 429 in front of ours.
COMMON = (401, 403, 429, 500, 503)


def answer(body: Mapping[str, Any], *, status: int = 200, headers: Mapping[str, str] | None = None) -> Answer:
    """Return a JSON answer."""
    return Response(
        status_code=status,
        content_type="application/json",
        body=write(body),
        headers={"Cache-Control": "no-store", **(headers or {})},
    )


def redirect(url: str) -> Answer:
    """Return a redirect that nobody keeps."""
    headers = {"Location": url, "Cache-Control": "no-store"}
    return Response(status_code=302, body="", headers=headers)


def describe(
    model: type[BaseModel] | None,
    *errors: int,
    status: int = 200,
    text: str = "OK",
    also: Mapping[int, str] | None = None,
    is_open: bool = False,
) -> Any:  # noqa: ANN401 - Powertools' response dictionaries
    """Return the `responses` of a route: its answers with their model, and its problems.

    `also` adds statuses with the same model. Every problem has the same schema.
    """
    content: dict[str, Any] = {"application/json": {"model": model}} if model else {}
    described = {code: {"description": words, "content": content} for code, words in (also or {}).items()}
    described[status] = {"description": text, "content": content}
    problem = {CONTENT_TYPE: {"model": Problem}}
    for code in sorted({*errors, 422, *(() if is_open else COMMON)}):
        described.setdefault(code, {"description": TITLES[code], "content": problem})
    return described
