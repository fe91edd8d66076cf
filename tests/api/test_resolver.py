"""What every route has in common: keys, scopes, methods, types, sizes, CORS, problems."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any, NoReturn

import pytest

from functions.api.body import MAX_BYTES
from functions.api.local import Context
from functions.api.routes import build
from functions.core.errors import RULES, PipelineError, RetryableError, ThrottledError
from tests.api.conftest import Site

PROBLEM = "application/problem+json"


def event(method: str, path: str, **more: Any) -> dict[str, Any]:
    return {
        "version": "2.0",
        "rawPath": path,
        "rawQueryString": "",
        "headers": {},
        "requestContext": {"stage": "$default", "http": {"method": method, "path": path}},
        "isBase64Encoded": False,
        **more,
    }


@pytest.mark.parametrize(("key", "status"), [(None, 401), ("", 200), ("ifcp_wrong", 403)])
def test_no_key_and_a_wrong_key(site: Site, key: str | None, status: int) -> None:
    assert site.get("/jobs", key=key).status_code == status


def test_an_expired_key_is_refused(site: Site) -> None:
    token = site.keys.create("default", expires_at=site.stack.clock() + timedelta(seconds=60))
    assert site.get("/jobs", key=token).status_code == 200
    site.stack.clock.forward(61)
    assert site.get("/jobs", key=token).status_code == 403


def test_a_function_without_an_authorizer_in_front_answers_401(site: Site) -> None:
    for method, path in (("GET", "/jobs"), ("POST", "/ifcinfo"), ("GET", "/nothing")):
        assert site.api.resolve(event(method, path), Context())["statusCode"] == 401


def test_a_key_that_reads_cannot_write(site: Site) -> None:
    job = site.submit()
    reader = site.keys.create("default", scopes=["read"])
    assert site.get(f"/jobs/{job.job_id}", key=reader).status_code == 200
    refused = site.post(f"/jobs/{job.job_id}/cancel", key=reader)
    assert (refused.status_code, refused.json()["type"]) == (403, "forbidden")
    assert site.get("/jobs", key=site.keys.create("default", scopes=["write"])).status_code == 403


def test_an_unknown_path_is_404_and_a_wrong_method_405(site: Site) -> None:
    unknown = site.get("/nothing/here")
    assert (unknown.status_code, unknown.json()["type"]) == (404, "not-found")
    wrong = site.call("DELETE", "/jobs")
    assert (wrong.status_code, wrong.json()["type"], wrong.headers["allow"]) == (405, "method", "GET")
    assert site.get("/ifcinfo").headers["allow"] == "POST"


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", "image/png"])
def test_a_body_of_another_type_is_415(site: Site, content_type: str) -> None:
    answer = site.post("/ifcinfo", content=b"filename=a.ifc", headers={"Content-Type": content_type})
    assert (answer.status_code, answer.json()["type"]) == (415, "media-type")


def test_a_body_over_the_limit_is_413(site: Site) -> None:
    answer = site.post("/ifcinfo", {"filename": "a" * MAX_BYTES})
    assert (answer.status_code, answer.json()["type"]) == (413, "too-large")
    assert "POST /uploads" in answer.json()["detail"]
    huge = site.post("/ifcinfo", content=b" " * 10_000_001)
    assert huge.status_code == 413


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"\xff\xfe",
        b"[]",
        b"null",
        b'"text"',
        b'{"filename": NaN}',
        b'{"filename": "\\ud800.ifc"}',
        b'{"filename": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"filename": ' + b"1" * 10_000 + b"}",
        b'{"filename": 1e999}',
        b'{"filename": 7}',
        b"",
    ],
)
def test_a_malformed_body_is_422(site: Site, content: bytes) -> None:
    answer = site.post("/ifcinfo", content=content)
    assert (answer.status_code, answer.json()["type"]) == (422, "invalid-input")
    assert answer.headers["content-type"] == PROBLEM


def test_all_wrong_fields_are_named(site: Site) -> None:
    answer = site.post("/ifcinfo", {"filenam": "a.ifc", "output_filename": 3}).json()
    assert answer["detail"] == "filenam: not a field; do you mean filename?"
    assert answer["field"] == "filenam"
    assert {fault["field"] for fault in answer["errors"]} == {"filename", "filenam", "output_filename"}


def test_a_query_that_is_no_number_names_its_parameter(site: Site) -> None:
    for query in ("limit=many", "limit=0", "limit=1&limit=2", "limit=101"):
        answer = site.get(f"/jobs?{query}")
        assert (answer.status_code, answer.json()["field"]) == (422, "limit")


def test_a_query_with_a_name_that_is_not_known_names_it(site: Site) -> None:
    answer = site.get("/jobs?limit=3&statsu=failed")
    assert (answer.status_code, answer.json()["field"]) == (422, "statsu")
    assert answer.json()["detail"] == "statsu: not a field; do you mean status?"
    assert site.post("/ifcinfo?priority=1", {"filename": "a.ifc"}).json()["field"] == "priority"
    assert site.get("/health?cache=no").status_code == 200


@pytest.mark.parametrize("content", [b"garbage", b"\xff", b"[1]"])
def test_a_body_that_nobody_asked_for_changes_nothing(site: Site, content: bytes) -> None:
    answer = site.call("GET", "/jobs?limit=0", content=content)
    assert (answer.status_code, answer.json()["field"]) == (422, "limit")


def test_browsers_may_call(site: Site) -> None:
    preflight = site.call("OPTIONS", "/ifcinfo", key=None, headers={"Origin": "https://example.com"})
    assert preflight.status_code == 204
    assert "X-API-Key" in preflight.headers["access-control-allow-headers"]
    assert "POST" in preflight.headers["access-control-allow-methods"]
    for answer in (site.get("/jobs"), site.get("/jobs", key=None), site.get("/nothing")):
        assert answer.headers["access-control-allow-origin"] == "*"


def failing(error: Exception) -> Callable[[], NoReturn]:
    def services() -> NoReturn:
        raise error

    return services


AUTHORIZED = {
    "requestContext": {
        "stage": "$default",
        "http": {"method": "GET", "path": "/jobs"},
        "authorizer": {"lambda": {"tenant": "default", "scopes": "read write", "key_id": "k"}},
    }
}


@pytest.mark.parametrize("kind", RULES, ids=lambda kind: kind.__name__)
def test_every_error_is_its_problem(kind: type[PipelineError]) -> None:
    api = build(failing(kind("the words", field="a.0.b", where="line 3")))
    answer = api.resolve(event("GET", "/jobs", **AUTHORIZED), Context())
    rule = RULES[kind]
    assert answer["statusCode"] == rule.status
    assert answer["headers"]["Content-Type"] == PROBLEM
    for word in (rule.slug, rule.title, "the words", "a.0.b", "line 3"):
        assert word in answer["body"]


@pytest.mark.parametrize("kind", [RetryableError, ThrottledError])
def test_a_passing_fault_says_when_to_come_back(kind: type[PipelineError]) -> None:
    answer = build(failing(kind("later"))).resolve(event("GET", "/jobs", **AUTHORIZED), Context())
    assert int(answer["headers"]["Retry-After"]) > 0


def test_an_unforeseen_fault_shows_nothing_of_ours(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.CRITICAL)
    api = build(failing(ZeroDivisionError("/srv/secret/path.py")))
    answer = api.resolve(event("GET", "/jobs", **AUTHORIZED), Context())
    assert answer["statusCode"] == 500
    assert "secret" not in answer["body"]
    assert '"type": "internal"' in answer["body"]


def test_concurrent_calls_keep_apart(site: Site) -> None:
    ours, theirs = site.submit("a.ifc"), site.submit("b.ifc", key=site.other_key)

    def look(index: int) -> tuple[int, int]:
        mine, key = ((ours, site.key), (theirs, site.other_key))[index % 2]
        other = (theirs, ours)[index % 2]
        return (
            site.get(f"/jobs/{mine.job_id}", key=key).status_code,
            site.get(f"/jobs/{other.job_id}", key=key).status_code,
        )

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(look, range(40))) == {(200, 404)}
