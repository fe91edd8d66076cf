"""The OpenAPI 3.1 document of the API, made from the routes.

`docs/openapi.json` is its copy, written by `ifcpipe docs`.
"""

from __future__ import annotations

import json
from functools import cache
from typing import Any, NoReturn

from functions.api.resolver import Api

TITLE = "ifcpipe"
VERSION = "1.0.0"
DESCRIPTION = """\
Work on IFC building models: upload a model or name one that is stored, say which operations you want,
poll the jobs, fetch the outputs. Requests answer at once; the work happens behind queues.

Every error is a problem as RFC 9457 has it (`application/problem+json`), `type` being a word that clients
can rely on. API Gateway answers requests that never reach the service by itself, as `application/json`:
401 without a key, 403 with a wrong one, 429 when the stage's rate is exceeded.
"""
TAGS = {
    "uploads": "Send files, straight to the bucket.",
    "submit": "One route an operation, with its own typed body.",
    "workflows": "Several jobs that depend on one another.",
    "jobs": "Look, wait, fetch, cancel, requeue.",
    "operations": "What there is to do.",
    "service": "Health and queues.",
}
# Powertools adds its own bodies for invalid requests, which are not what this API answers.
FOREIGN = ("HTTPValidationError", "ValidationError", "ResponseValidationError")


@cache
def document() -> dict[str, Any]:
    """Return the document, its keys in a stable order."""
    from functions.api.routes import build  # noqa: PLC0415 - routes serve this document

    return describe_api(build(_no_services))


def render() -> str:
    """Return the text of the committed copy."""
    return json.dumps(document(), indent=2, ensure_ascii=False) + "\n"


def describe_api(api: Api) -> dict[str, Any]:
    """Return the document of a router."""
    # Only the document needs these models: the handler's cold start does without them.
    from aws_lambda_powertools.event_handler.openapi.models import (  # noqa: PLC0415
        APIKey,
        APIKeyIn,
        License,
        Server,
        Tag,
    )

    schema = api.get_openapi_schema(
        title=TITLE,
        version=VERSION,
        openapi_version="3.1.0",
        description=DESCRIPTION,
        # Where the document is: the local API lies below a path, the one in AWS does not.
        servers=[Server.model_validate({"url": "."})],
        tags=[Tag(name=name, description=text) for name, text in TAGS.items()],
        license_info=License.model_validate({"name": "MIT", "identifier": "MIT"}),
        security_schemes={
            "ApiKey": APIKey.model_validate({"name": "X-API-Key", "in": APIKeyIn.header}),
        },
        security=[{"ApiKey": []}],
    )
    found: dict[str, Any] = json.loads(schema.model_dump_json(by_alias=True, exclude_none=True))
    for name in FOREIGN:
        found["components"]["schemas"].pop(name, None)
    for method in (method for path in found["paths"].values() for method in path.values()):
        if not {"parameters", "requestBody"} & set(method):
            method["responses"].pop("422", None)
        for parameter in method.get("parameters", ()):
            parameter["schema"] = _without_null(parameter["schema"])
    ordered: dict[str, Any] = _sorted(found)
    return ordered


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a parameter: one that is left out is not sent as null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}


def _sorted(value: Any) -> Any:  # noqa: ANN401 - any JSON
    """Return JSON with sorted keys, so that the document is the same on every run."""
    if isinstance(value, dict):
        return {name: _sorted(value[name]) for name in sorted(value)}
    if isinstance(value, list):
        return [_sorted(item) for item in value]
    return value


def _no_services() -> NoReturn:
    raise LookupError("the document is made without services")
