"""The client, against a server of a few lines."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from functions.client import Client
from functions.core.errors import (
    ConflictError,
    ForbiddenError,
    InputError,
    NotFoundError,
    PipelineError,
    RetryableError,
    TimeLimitError,
    UnauthorizedError,
)

URL = "https://api.test"
Answer = Callable[[httpx.Request], httpx.Response]


class Server:
    """Answers requests and remembers them; time passes only when somebody sleeps."""

    def __init__(self, answer: Answer) -> None:
        self.requests: list[httpx.Request] = []
        self.now = 0.0
        self._answer = answer

    def client(self) -> Client:
        transport = httpx.MockTransport(self._handle)
        return Client(URL, "secret", transport=transport, sleep=self._sleep, clock=lambda: self.now)

    def _handle(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self.requests.append(request)
        return self._answer(request)

    def _sleep(self, seconds: float) -> None:
        self.now += seconds


def always(status: int, body: Any = None, **headers: str) -> Answer:
    return lambda _: httpx.Response(status, json=body, headers=headers)


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (422, {"type": "invalid-input", "detail": "no", "field": "filename"}, InputError),
        (404, {"type": "not-found", "detail": "no"}, NotFoundError),
        (409, {"type": "conflict", "detail": "no"}, ConflictError),
        (401, {"message": "Unauthorized"}, UnauthorizedError),
        (403, {"message": "Forbidden"}, ForbiddenError),
        (500, {"type": "internal", "detail": "no"}, PipelineError),
        (418, ["odd"], PipelineError),
    ],
)
def test_an_error_comes_out_as_what_it_was(status: int, body: Any, kind: type[PipelineError]) -> None:
    server = Server(always(status, body))
    with server.client() as client, pytest.raises(PipelineError) as caught:
        client.status("j")
    assert type(caught.value) is kind
    assert len(server.requests) == 1
    if isinstance(body, dict):
        assert caught.value.field == body.get("field")


@pytest.mark.parametrize("call", [lambda client: client.health(), lambda client: client.operations()])
@pytest.mark.parametrize("body", ["<html>a shop</html>", '["a list"]'])
def test_what_is_not_the_api_is_said_to_be_so(call: Callable[[Client], object], body: str) -> None:
    server = Server(lambda _: httpx.Response(200, text=body))
    with server.client() as client, pytest.raises(PipelineError, match="is not the API"):
        call(client)


def test_a_passing_fault_is_tried_again_with_growing_pauses() -> None:
    answers = iter([httpx.Response(503), httpx.Response(429), httpx.Response(200, json={"status": "queued"})])
    server = Server(lambda _: next(answers))
    with server.client() as client:
        assert client.status("j") == {"status": "queued"}
    assert 0.45 * 0.75 < server.now < 0.75


def test_a_lasting_fault_is_given_up() -> None:
    server = Server(always(503))
    with server.client() as client, pytest.raises(RetryableError):
        client.status("j")
    assert len(server.requests) == 5


def test_a_server_that_is_not_there_is_said_to_be_so() -> None:
    def refuse(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    server = Server(refuse)
    with server.client() as client, pytest.raises(RetryableError, match="cannot be reached"):
        client.health()


def test_a_file_is_uploaded_with_its_hash_and_without_the_key(tmp_path: Path) -> None:
    model = tmp_path / "日本.ifc"
    model.write_bytes(b"ISO-10303-21;" * 1000)
    record = {
        "upload_id": "u",
        "reference": "uploads/u/日本.ifc",
        "url": "https://bucket.test/",
        "fields": {"key": "k"},
        "parts": None,
        "jobs": [{"job_id": "j", "operation": "ifcinfo"}],
    }
    server = Server(
        lambda request: (
            httpx.Response(204) if request.url.host == "bucket.test" else httpx.Response(201, json=record)
        )
    )
    seen: list[tuple[int, int]] = []
    with server.client() as client:
        upload = client.upload(model, [{"operation": "ifcinfo"}], on_progress=lambda *at: seen.append(at))
    asked, sent = server.requests
    body = json.loads(asked.content)
    assert body["sha256"] == hashlib.sha256(model.read_bytes()).hexdigest()
    assert (body["size"], body["filename"]) == (13_000, "日本.ifc")
    assert asked.headers["x-api-key"] == "secret"
    assert "x-api-key" not in sent.headers
    assert model.read_bytes() in sent.content
    assert upload.reference == "uploads/u/日本.ifc"
    assert upload.jobs[0]["job_id"] == "j"
    assert seen[-1] == (13_000, 13_000)


def test_a_large_file_goes_in_parts(tmp_path: Path) -> None:
    model = tmp_path / "a.ifc"
    model.write_bytes(b"0123456789")
    record = {
        "upload_id": "u",
        "reference": "uploads/u/a.ifc",
        "url": None,
        "part_size": 4,
        "parts": [{"number": number, "url": f"https://bucket.test/{number}"} for number in (1, 2, 3)],
        "complete_url": "/uploads/u/complete?x=1",
        "jobs": [],
    }
    server = Server(lambda _: httpx.Response(200, json=record))
    with server.client() as client:
        client.upload(model)
    _, *parts, complete = server.requests
    assert [part.content for part in parts] == [b"0123", b"4567", b"89"]
    assert str(complete.url) == f"{URL}/uploads/u/complete?x=1"


def test_what_is_stored_already_is_not_sent(tmp_path: Path) -> None:
    model = tmp_path / "a.ifc"
    model.write_bytes(b"x")
    record: dict[str, Any] = {"upload_id": "u", "reference": "r", "url": None, "parts": None, "jobs": []}
    server = Server(always(201, record))
    with server.client() as client:
        assert client.upload(model).reference == "r"
    assert len(server.requests) == 1


def test_a_file_that_is_not_there_is_not_asked_about() -> None:
    server = Server(always(500))
    with server.client() as client, pytest.raises(NotFoundError):
        client.upload(Path("nothing.ifc"))
    assert not server.requests


def test_a_refusal_of_the_storage_is_told(tmp_path: Path) -> None:
    model = tmp_path / "a.ifc"
    model.write_bytes(b"x")
    record = {"upload_id": "u", "reference": "r", "url": "https://bucket.test/", "fields": {}, "jobs": []}
    refusal = "<Error><Message>Policy expired</Message></Error>"
    server = Server(
        lambda request: (
            httpx.Response(403, text=refusal)
            if request.url.host == "bucket.test"
            else httpx.Response(201, json=record)
        )
    )
    with server.client() as client, pytest.raises(PipelineError, match="Policy expired"):
        client.upload(model)


def test_one_job_is_waited_for_by_long_polling() -> None:
    states = iter(["queued", "started", "finished"])
    server = Server(lambda _: httpx.Response(200, json={"job_id": "j", "status": next(states)}))
    seen: list[str] = []
    with server.client() as client:
        ended = client.wait(["j"], on_progress=lambda body: seen.append(body["status"]))
    assert ended["j"]["status"] == "finished"
    assert seen == ["queued", "started", "finished"]
    assert all(request.url.params["wait"] == "20" for request in server.requests)


def test_several_jobs_are_asked_for_in_turn_ever_more_seldom() -> None:
    left = {"a": 30, "b": 40}

    def answer(request: httpx.Request) -> httpx.Response:
        job = request.url.path.split("/")[2]
        left[job] -= 1
        return httpx.Response(200, json={"job_id": job, "status": "started" if left[job] > 0 else "failed"})

    server = Server(answer)
    with server.client() as client:
        assert set(client.wait(["a", "b", "a"])) == {"a", "b"}
    assert "wait" not in server.requests[0].url.params
    assert server.now > 30  # not thirty times the first pause


def test_waiting_ends() -> None:
    server = Server(always(200, {"job_id": "j", "status": "queued"}))
    with server.client() as client, pytest.raises(TimeLimitError):
        client.wait(["j", "k"], timeout=10)
    assert 8 < server.now < 14


def outputs(content: bytes, stored: bytes) -> Answer:
    sha256 = hashlib.sha256(content).hexdigest()
    item = {"name": "a b.csv", "key": "k", "size": len(content), "sha256": sha256, "content_type": "text/csv"}

    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.host == "bucket.test":
            return httpx.Response(200, content=stored)
        if "outputs" in request.url.path:
            return httpx.Response(302, headers={"location": "https://bucket.test/k?signature"})
        return httpx.Response(200, json={"status": "finished", "result": {"outputs": [item]}})

    return answer


def test_outputs_are_stored_and_the_key_stays_with_the_api(tmp_path: Path) -> None:
    server = Server(outputs(b"data", b"data"))
    with server.client() as client:
        (path,) = client.download("j", tmp_path / "new")
    assert path == tmp_path / "new" / "a b.csv"
    assert path.read_bytes() == b"data"
    assert "x-api-key" not in server.requests[-1].headers


def test_a_damaged_output_is_not_kept(tmp_path: Path) -> None:
    server = Server(outputs(b"data", b"dama"))
    with server.client() as client, pytest.raises(PipelineError, match="damaged"):
        client.download("j", tmp_path)
    assert not list(tmp_path.iterdir())


def test_jobs_come_page_by_page() -> None:
    pages = {None: (["a", "b"], "next"), "next": (["c"], None)}

    def answer(request: httpx.Request) -> httpx.Response:
        found, cursor = pages[request.url.params.get("after")]
        return httpx.Response(200, json={"jobs": [{"job_id": name} for name in found], "next": cursor})

    server = Server(answer)
    with server.client() as client:
        assert [job["job_id"] for job in client.jobs(status="failed")] == ["a", "b", "c"]
        assert [job["job_id"] for job in client.jobs(limit=1)] == ["a"]
    assert server.requests[0].url.params["status"] == "failed"
    assert "operation" not in server.requests[0].url.params


@pytest.mark.parametrize(
    ("call", "method", "path"),
    [
        (lambda client: client.cancel("a/b"), "POST", "/jobs/a%2Fb/cancel"),
        (lambda client: client.requeue("j"), "POST", "/jobs/j/requeue"),
        (lambda client: client.job("j"), "GET", "/jobs/j"),
        (lambda client: client.submit("ifcinfo", {"a": 1}), "POST", "/ifcinfo"),
        (lambda client: client.workflow([{"operation": "x"}]), "POST", "/workflows"),
        (lambda client: client.operations(), "GET", "/operations"),
        (lambda client: client.operation("x"), "GET", "/operations/x"),
        (lambda client: client.queues(), "GET", "/queues"),
    ],
)
def test_every_call_has_its_route(call: Callable[[Client], object], method: str, path: str) -> None:
    server = Server(always(200, {"jobs": [], "operations": [], "queues": []}))
    with server.client() as client:
        call(client)
    assert (server.requests[0].method, server.requests[0].url.raw_path.decode()) == (method, path)
