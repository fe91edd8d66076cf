"""The OpenAPI document: fresh, complete, and kept by the running API under generated requests."""

from __future__ import annotations

import json
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    allow_header_conformance,
    content_type_conformance,
    ignored_auth,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from functions.api.openapi import document
from functions.core.registry import operations
from tests.api.conftest import Site
from tests.conftest import ROOT

# Not `positive_data_acceptance`: that a file exists, or that a name has the right suffix, no schema says.
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
    allow_header_conformance,
    ignored_auth,
]


@pytest.fixture
def schema(site: Site) -> schemathesis.BaseSchema:
    """The document as the running API serves it, over a stage with a finished and a queued job."""
    site.finish(site.submit("done.ifc"), "done.info.json")
    site.submit("house.ifc")
    loaded = schemathesis.openapi.from_asgi("/openapi.json", site.app)
    loaded.config.headers = {"X-API-Key": site.key}
    # A body may be wrong and too large for anybody to look.
    loaded.config.checks.negative_data_rejection.expected_statuses += ["413"]
    return loaded


ROUTES = [(path, method) for path, methods in document()["paths"].items() for method in methods]


def can_be_wrong(path: str, method: str) -> bool:
    """Whether a request can break the schema: any text is a job id."""
    route = document()["paths"][path][method]
    return "requestBody" in route or any(item["in"] != "path" for item in route.get("parameters", ()))


def exercise(schema: schemathesis.BaseSchema, path: str, method: str, mode: GenerationMode) -> int:
    """Send generated requests, check each answer, and return how many were sent."""
    sent = []

    @given(case=schema[path][method.upper()].as_strategy(generation_mode=mode))
    @settings(
        max_examples=20,
        derandomize=True,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def check(case: schemathesis.Case[Any]) -> None:
        sent.append(case.call_and_validate(checks=CHECKS).status_code)

    check()
    return len(sent)


@pytest.mark.parametrize(("path", "method"), ROUTES)
def test_valid_requests_are_answered_as_the_document_says(
    schema: schemathesis.BaseSchema, path: str, method: str
) -> None:
    assert exercise(schema, path, method, GenerationMode.POSITIVE)


@pytest.mark.parametrize(("path", "method"), [route for route in ROUTES if can_be_wrong(*route)])
def test_invalid_requests_are_refused_as_the_document_says(
    schema: schemathesis.BaseSchema, path: str, method: str
) -> None:
    assert exercise(schema, path, method, GenerationMode.NEGATIVE)


def test_the_committed_document_is_fresh() -> None:
    committed = (ROOT / "docs" / "openapi.json").read_text("utf-8")
    assert json.loads(committed) == document(), "run: ifcpipe docs"


def test_every_operation_has_a_route_with_its_own_typed_body() -> None:
    schemas = document()["components"]["schemas"]
    for name, operation in operations().items():
        body = document()["paths"][f"/{name}"]["post"]["requestBody"]["content"]["application/json"]["schema"]
        described = schemas[body["$ref"].rpartition("/")[2]]
        assert set(described["properties"]) == {
            field.alias or name for name, field in operation.request.model_fields.items()
        }
        assert described["additionalProperties"] is False


def test_errors_are_problems_and_powertools_own_bodies_are_gone() -> None:
    for path in document()["paths"].values():
        for method in path.values():
            for status, answer in method["responses"].items():
                if status.startswith(("4", "5")) and "application/json" not in answer.get("content", {}):
                    assert list(answer["content"]) == ["application/problem+json"]
    assert "HTTPValidationError" not in json.dumps(document())


def test_only_health_is_open() -> None:
    open_routes = [
        path for path, methods in document()["paths"].items() if methods.get("get", {}).get("security") == []
    ]
    assert open_routes == ["/health"]
    assert document()["security"] == [{"ApiKey": []}]
