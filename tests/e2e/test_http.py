"""The API over plain HTTP, as curl sees it through API Gateway."""

from __future__ import annotations

import httpx
import pytest

from functions.local.stack import Stack
from tests.patience import PATIENCE_S


def get(stack: Stack, path: str, key: str | None = None) -> httpx.Response:
    headers = {"X-API-Key": key} if key else {}
    return httpx.get(stack.url + path, headers=headers, timeout=PATIENCE_S)


def test_health_needs_no_key(stack: Stack) -> None:
    answer = get(stack, "/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "healthy"
    assert set(answer.json()["queues"]) >= {"uploads", "ifcinfo", "ifcconvert", "ifccsv"}


@pytest.mark.parametrize("path", ["/jobs", "/operations", "/queues", "/nowhere"])
def test_everything_else_does(stack: Stack, path: str) -> None:
    assert get(stack, path).status_code == 401
    assert get(stack, path, "ifcp_0123456789abcdef_" + "0" * 64).status_code == 403


def test_an_unknown_job_is_not_found(stack: Stack) -> None:
    answer = get(stack, "/jobs/" + "0" * 32, stack.key)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "not-found"


def test_the_documentation_is_shipped(stack: Stack) -> None:
    page = get(stack, "/docs")
    assert page.status_code == 200
    assert "swagger" in page.text.lower()
    assert "https://cdn" not in page.text
    document = get(stack, "/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert {"/ifcinfo", "/ifcconvert", "/ifccsv", "/uploads", "/jobs/{job_id}/status"} <= set(
        document["paths"]
    )


def test_json_that_is_none_is_refused(stack: Stack) -> None:
    headers = {"X-API-Key": stack.key, "Content-Type": "application/json"}
    answer = httpx.post(stack.url + "/ifcinfo", content=b"{", headers=headers, timeout=PATIENCE_S)
    assert answer.status_code == 422
    assert answer.json()["type"] == "invalid-input"
