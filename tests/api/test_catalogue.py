"""The catalogue shows every operation of the registry."""

from __future__ import annotations

import schemathesis

from functions.api.openapi import document
from functions.core.registry import operations
from tests.api.conftest import Site

SCHEMA = schemathesis.openapi.from_dict(document())


def test_every_operation_is_listed_with_schemas_and_sizing(site: Site) -> None:
    answer = site.get("/operations")
    SCHEMA["/operations"]["GET"].validate_response(answer)
    listed = answer.json()["operations"]
    assert [item["name"] for item in listed] == list(operations())
    info = next(item for item in listed if item["name"] == "ifcinfo")
    assert info["files"] == {"filename": [".ifc", ".ifczip"]}
    assert info["compute"]["kind"] == "lambda"
    assert info["compute"]["memory_mb"] > 0
    assert info["request_schema"]["properties"]["filename"]
    assert info["result_schema"]["properties"]["message"]


def test_one_operation_is_shown(site: Site) -> None:
    answer = site.get("/operations/ifcinfo")
    SCHEMA["/operations/{name}"]["GET"].validate_response(answer)
    assert answer.json()["name"] == "ifcinfo"


def test_an_unknown_operation_is_404_and_names_those_there_are(site: Site) -> None:
    answer = site.get("/operations/ifcnothing")
    assert (answer.status_code, answer.json()["type"]) == (404, "not-found")
    assert "ifcinfo" in answer.json()["detail"]
