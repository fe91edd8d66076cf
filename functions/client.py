"""A small client of the HTTPS API: upload, submit, wait with back-off, download and verify.

    with Client(url, key) as client:
        upload = client.upload(Path("house.ifc"), [{"operation": "ifcinfo"}])
        for status in client.wait([job["job_id"] for job in upload.jobs]).values():
            client.download(status["job_id"], Path("out"))

Every error the API answers comes out as the class of `functions.core.errors` that it was.
"""

from __future__ import annotations

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Self
from urllib.parse import quote

import httpx

from functions.core.errors import (
    ForbiddenError,
    InputError,
    NotFoundError,
    PipelineError,
    RetryableError,
    TimeLimitError,
    UnauthorizedError,
)

PASSING = frozenset({429, 502, 503, 504})
TRIES = 5
LONGEST_PAUSE = 10.0
LONG_POLL = 20
CHUNK = 1 << 20
ENDED = frozenset({"finished", "failed", "cancelled"})

# What API Gateway says in one word before the service is reached.
GATEWAY = {401: "the API wants a key", 403: "the API key is wrong, expired or revoked"}

Report = Callable[[int, int], None]
Status = dict[str, Any]


@dataclass(frozen=True)
class Upload:
    """A stored file: its id, the reference that requests name it by, and the jobs it was uploaded for."""

    upload_id: str
    reference: str
    jobs: tuple[dict[str, Any], ...]


def _nothing(*_: object) -> None:
    """Report to nobody."""


class Client:
    """The API at `url`, with a key. `sleep` and `clock` are there for tests."""

    def __init__(
        self,
        url: str,
        key: str | None = None,
        *,
        transport: httpx.BaseTransport | None = None,
        sleep: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open the connections; the key goes to the API only, never along to a presigned URL."""
        self._url = url.rstrip("/")
        timeout = httpx.Timeout(60, connect=10)
        self._http = httpx.Client(transport=transport, timeout=timeout)
        self._headers = {"X-API-Key": key} if key else {}
        self._sleep, self._clock = sleep, clock

    def __enter__(self) -> Self:
        """Use as a context manager."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the connections."""
        self._http.close()

    # -- what there is ---------------------------------------------------------------------------------

    def operations(self) -> list[dict[str, Any]]:
        """Return the catalogue of operations."""
        return list(self._get("/operations")["operations"])

    def operation(self, name: str) -> dict[str, Any]:
        """Return one operation with its JSON Schemas."""
        return self._get(f"/operations/{quote(name, safe='')}")

    def queues(self) -> list[dict[str, Any]]:
        """Return every operation's queue: waiting, in flight, oldest age, dead letters, counts."""
        return list(self._get("/queues")["queues"])

    def health(self) -> dict[str, Any]:
        """Return the health of the API, the table and each queue, healthy or not."""
        try:
            answer = self._http.get(f"{self._url}/health")
        except httpx.TransportError as error:
            raise RetryableError(f"{self._url} cannot be reached: {error}") from None
        return self._read(answer)

    # -- work ------------------------------------------------------------------------------------------

    def upload(
        self, path: Path, operations: Sequence[Mapping[str, Any]] = (), *, on_progress: Report = _nothing
    ) -> Upload:
        """Store a file and ask for operations on it; they are checked before a byte is sent.

        `on_progress(sent, total)` counts bytes. Raises an InputError that names the field at fault.
        """
        if not path.is_file():
            raise NotFoundError(f"Input file {path} not found")
        size = path.stat().st_size
        wanted = {
            "filename": path.name,
            "size": size or None,
            "sha256": _sha256(path),
            "operations": [dict(step) for step in operations],
        }
        record = self._post("/uploads", wanted)
        if record.get("parts"):
            self._send_parts(path, record, on_progress)
        elif record.get("url"):
            self._send_form(path, record, on_progress)
        else:  # the same content is there already
            on_progress(size, size)
        return Upload(str(record["upload_id"]), str(record["reference"]), tuple(record["jobs"]))

    def submit(self, operation: str, request: Mapping[str, Any]) -> Status:
        """Ask for one operation on files that are stored already."""
        return self._post(f"/{quote(operation, safe='')}", dict(request))

    def workflow(self, steps: Iterable[Mapping[str, Any]]) -> list[Status]:
        """Ask for several operations; later steps may wait for earlier ones and use their outputs."""
        return list(self._post("/workflows", {"steps": [dict(step) for step in steps]})["jobs"])

    def job(self, job_id: str) -> dict[str, Any]:
        """Return everything about a job."""
        return self._get(f"/jobs/{quote(job_id, safe='')}")

    def status(self, job_id: str, *, wait: int = 0) -> Status:
        """Return a job's status; with `wait` the answer comes when it changes, or after so many seconds."""
        return self._get(f"/jobs/{quote(job_id, safe='')}/status", {"wait": wait} if wait else None)

    def wait(
        self,
        job_ids: Iterable[str],
        *,
        timeout: float = 3600,
        on_progress: Callable[[Status], None] = _nothing,
    ) -> dict[str, Status]:
        """Wait until all jobs have ended and return their last status by id.

        One job is waited for by long-polling, several by asking in turn with growing pauses. Raises a
        TimeLimitError after `timeout` seconds.
        """
        ended: dict[str, Status] = {}
        pending = list(dict.fromkeys(job_ids))
        until = self._clock() + timeout
        pause = 0.05
        while pending:
            left = until - self._clock()
            if left <= 0:
                raise TimeLimitError(f"{len(pending)} jobs have not ended within {timeout:.0f} seconds")
            changed = self._look(pending, ended, on_progress, wait=_long_poll(pending, left))
            pause = 0.05 if changed else min(pause * 1.5, LONGEST_PAUSE / 5)
            if pending:
                self._pause(min(pause, left))
        return ended

    def cancel(self, job_id: str) -> Status:
        """Cancel a job."""
        return self._post(f"/jobs/{quote(job_id, safe='')}/cancel")

    def requeue(self, job_id: str) -> Status:
        """Put a failed or cancelled job back into its queue."""
        return self._post(f"/jobs/{quote(job_id, safe='')}/requeue")

    def jobs(self, *, limit: int | None = None, **filters: str | None) -> Iterator[dict[str, Any]]:
        """Yield jobs, newest first, page by page; filters are `status`, `operation` and `input`."""
        query: dict[str, Any] = {name: value for name, value in filters.items() if value}
        query["limit"] = min(limit or 50, 50)
        seen = 0
        while True:
            page = self._get("/jobs", query)
            for job in page["jobs"]:
                if limit is not None and seen >= limit:
                    return
                seen += 1
                yield job
            cursor = page.get("next")
            if not cursor:
                return
            query["after"] = cursor

    def download(self, job_id: str, folder: Path, *, on_progress: Report = _nothing) -> list[Path]:
        """Store all outputs of a finished job in a folder; each is checked against its SHA-256."""
        result = self.status(job_id).get("result") or {}
        outputs = result.get("outputs") or []
        folder.mkdir(parents=True, exist_ok=True)
        total = sum(int(item["size"]) for item in outputs)
        done = 0
        stored = []
        for item in outputs:
            target = folder / Path(str(item["name"])).name
            base = done
            self._fetch(job_id, item, target, lambda got, base=base: on_progress(base + got, total))  # type: ignore[misc]
            done += int(item["size"])
            stored.append(target)
        return stored

    # -- bytes -----------------------------------------------------------------------------------------

    def _send_form(self, path: Path, record: Mapping[str, Any], on_progress: Report) -> None:
        """Send a file as the presigned form; the file is streamed, the form counts it."""
        size = path.stat().st_size
        fields = dict(record.get("fields") or {})

        def send() -> httpx.Response:
            with path.open("rb") as file:
                counted = _Counted(file, size, on_progress)
                files = {"file": (path.name, counted, "application/octet-stream")}
                return self._http.post(record["url"], data=fields, files=files)  # type: ignore[arg-type]

        _check_storage(self._persist(send))
        on_progress(size, size)

    def _send_parts(self, path: Path, record: Mapping[str, Any], on_progress: Report) -> None:
        """Send a file part by part, then say that it is complete."""
        size = path.stat().st_size
        parts = record["parts"]
        part_size = int(record.get("part_size") or -(-size // len(parts)))
        sent = 0
        with path.open("rb") as file:
            for part in parts:
                url = part["url"] if isinstance(part, dict) else part
                body = file.read(part_size)
                self._send_part(str(url), body)
                sent += len(body)
                on_progress(sent, size)
        self._request("POST", str(record["complete_url"]))

    def _send_part(self, url: str, body: bytes) -> None:
        """Send one part; a passing fault is tried again."""
        answer = self._persist(lambda: self._http.put(url, content=body))
        _check_storage(answer)

    def _fetch(
        self, job_id: str, item: Mapping[str, Any], target: Path, on_bytes: Callable[[int], None]
    ) -> None:
        """Stream one output to disk under a temporary name, and keep it only when its SHA-256 is right."""
        path = f"/jobs/{quote(job_id, safe='')}/outputs/{quote(str(item['name']), safe='')}"
        location = self._request("GET", path).headers["location"]
        draft = target.with_name(f".{target.name}.part")
        digest = hashlib.sha256()
        with self._http.stream("GET", location) as answer, draft.open("wb") as file:
            if answer.is_error:
                answer.read()
            _check_storage(answer)
            got = 0
            for chunk in answer.iter_bytes(CHUNK):
                file.write(chunk)
                digest.update(chunk)
                got += len(chunk)
                on_bytes(got)
        if digest.hexdigest() != item["sha256"]:
            draft.unlink()
            raise PipelineError(f"{item['name']} arrived damaged: its SHA-256 is not the stored one")
        draft.replace(target)

    # -- requests --------------------------------------------------------------------------------------

    def _look(
        self,
        pending: list[str],
        ended: dict[str, Status],
        on_progress: Callable[[Status], None],
        *,
        wait: int,
    ) -> bool:
        """Ask for every pending job once, and move those that have ended. Returns whether one did."""
        before = len(pending)
        for job_id in tuple(pending):
            status = self.status(job_id, wait=wait)
            on_progress(status)
            if status["status"] in ENDED:
                ended[job_id] = status
                pending.remove(job_id)
        return len(pending) != before

    def _get(self, path: str, query: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._read(self._request("GET", path, params=query))

    def _post(self, path: str, body: Mapping[str, Any] | None = None) -> dict[str, Any]:
        return self._read(self._request("POST", path, json=body))

    def _read(self, answer: httpx.Response) -> dict[str, Any]:
        """Return the JSON object of an answer; whatever else answers under the URL is not the API."""
        try:
            body = answer.json()
        except ValueError:
            body = None
        if not isinstance(body, dict):
            raise PipelineError(f"{self._url} is not the API: it answered {answer.status_code} without JSON")
        return body

    def _request(self, method: str, path: str, **more: Any) -> httpx.Response:  # noqa: ANN401 - httpx's own
        """Send one request to the API; passing faults are tried again, errors come out typed."""
        url = path if path.startswith("http") else self._url + path
        answer = self._persist(lambda: self._http.request(method, url, headers=self._headers, **more))
        if answer.is_error:
            raise problem(answer)
        return answer

    def _persist(self, send: Callable[[], httpx.Response]) -> httpx.Response:
        """Send until an answer is final. Equal work has an equal id, so sending twice makes no second job."""
        for attempt in range(TRIES):
            last = attempt == TRIES - 1
            try:
                answer = send()
            except httpx.TransportError as error:
                if last:
                    raise RetryableError(f"{self._url} cannot be reached: {error}") from None
            else:
                if last or answer.status_code not in PASSING:
                    return answer
            self._pause(0.2 * 2**attempt)
        raise AssertionError("the last attempt returns or raises")

    def _pause(self, seconds: float) -> None:
        """Sleep about that long, so that many clients do not come back together."""
        self._sleep(seconds * random.uniform(0.75, 1.25))  # noqa: S311 - jitter, no secret


def problem(answer: httpx.Response) -> PipelineError:
    """Return the error that an answer describes (RFC 9457), or one that its status code means."""
    try:
        body = answer.json()
    except ValueError:
        body = {}
    if not isinstance(body, dict):
        body = {}
    slug = str(body.get("type", "")).rstrip("/").rpartition("/")[2]
    detail = str(body.get("detail") or body.get("message") or f"HTTP {answer.status_code}")
    error = PipelineError.from_dict({**body, "type": slug, "detail": detail})
    if type(error) is not PipelineError or slug == "internal":
        return error
    plain = {401: UnauthorizedError, 403: ForbiddenError, 404: NotFoundError, 422: InputError}
    detail = GATEWAY.get(answer.status_code, detail) if not slug else detail
    if answer.status_code in PASSING:
        return RetryableError(detail)
    return plain.get(answer.status_code, PipelineError)(detail)


class _Counted:
    """A file that reports how much of it was read; httpx reads it in chunks."""

    def __init__(self, file: BinaryIO, size: int, on_progress: Report) -> None:
        self._file, self._size, self._report = file, size, on_progress

    def read(self, count: int = -1) -> bytes:
        """Read on."""
        chunk = self._file.read(count)
        self._report(self._file.tell(), self._size)
        return chunk

    def seek(self, offset: int, whence: int = 0) -> int:
        """Move; httpx measures the file so."""
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        """Return the position."""
        return self._file.tell()

    def fileno(self) -> int:
        """Return the descriptor; httpx takes the size from it."""
        return self._file.fileno()


def _long_poll(pending: Sequence[str], left: float) -> int:
    """Return how long the server may hold the answer: only a single job is worth holding for."""
    return max(1, min(LONG_POLL, int(left))) if len(pending) == 1 else 0


def _check_storage(answer: httpx.Response) -> None:
    """Raise when the storage refused; its body is XML and says why in <Message>."""
    if answer.is_success:
        return
    message = answer.text.partition("<Message>")[2].partition("</Message>")[0]
    raise PipelineError(f"the storage refused: {message or answer.status_code}")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
