"""The Lambda function behind the HTTP API."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from functions.api.routes import build
from functions.aws.services import services
from functions.aws.telemetry import logger, tracer

api = build(services)


@logger.inject_lambda_context(clear_state=True)
@tracer.capture_lambda_handler(capture_response=False)
def handler(event: Mapping[str, Any], context: Any) -> dict[str, Any]:  # noqa: ANN401 - AWS's own
    """Answer one request of payload format 2.0."""
    answer = api.resolve(event, context)
    asked = event["requestContext"]["http"]
    logger.info("request answered", method=asked["method"], path=asked["path"], status=answer["statusCode"])
    return answer
