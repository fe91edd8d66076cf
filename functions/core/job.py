"""A job: its record, its states, the one table of transitions, and its id.

waiting ──release──> queued ──claim──> started ──finish──> finished
   │                   ^  │               │ ├────fail────> failed ────┐
   │                   │  │               │ └──cancel───> cancelled ──┤
   │                   │  └─cancel, fail  └──hand_back──> queued      │
   └─cancel, fail      └───────────────requeue────────────────────────┘

A failed or cancelled job that still waits for something goes back to waiting by `reopen`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions.core.compute import HEAVY, Compute


class Status(StrEnum):
    """The states that clients see."""

    WAITING = "waiting"
    QUEUED = "queued"
    STARTED = "started"
    FINISHED = "finished"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def ended(self) -> bool:
        """Whether no worker will touch the job again by itself."""
        return self in ENDED


# How the reason of a hand-back begins when it says nothing against the job: the worker was stopped,
# something it needs was away, or the job gets a larger compute. Such an attempt does not count.
STOPPED = "worker stopped"
UNAVAILABLE = "unavailable"
OUTGREW = "outgrew its compute"
SPARED = (STOPPED, UNAVAILABLE, OUTGREW)

ENDED = frozenset({Status.FINISHED, Status.FAILED, Status.CANCELLED})


class Edge(StrEnum):
    """The events that change a job's state."""

    RELEASE = "release"
    CLAIM = "claim"
    HAND_BACK = "hand_back"
    FINISH = "finish"
    FAIL = "fail"
    CANCEL = "cancel"
    REQUEUE = "requeue"
    REOPEN = "reopen"


@dataclass(frozen=True)
class Transition:
    """From which states an edge leads to which."""

    sources: frozenset[Status]
    target: Status


def _edge(target: Status, *sources: Status) -> Transition:
    return Transition(frozenset(sources), target)


# Claim leads from `started` too: a worker that died leaves a lease that runs out, and the next claim
# takes over. The lease itself is a condition of the update (functions/aws/jobs.py).
TRANSITIONS: Mapping[Edge, Transition] = {
    Edge.RELEASE: _edge(Status.QUEUED, Status.WAITING),
    Edge.CLAIM: _edge(Status.STARTED, Status.QUEUED, Status.STARTED),
    Edge.HAND_BACK: _edge(Status.QUEUED, Status.STARTED),
    Edge.FINISH: _edge(Status.FINISHED, Status.STARTED),
    Edge.FAIL: _edge(Status.FAILED, Status.WAITING, Status.QUEUED, Status.STARTED),
    Edge.CANCEL: _edge(Status.CANCELLED, Status.WAITING, Status.QUEUED, Status.STARTED),
    Edge.REQUEUE: _edge(Status.QUEUED, Status.FAILED, Status.CANCELLED),
    Edge.REOPEN: _edge(Status.WAITING, Status.FAILED, Status.CANCELLED),
}


class InputRef(BaseModel):
    """One input of a job: which field names it, how, and what it resolved to.

    A stored object has bucket, key and (once it exists) version, ETag and size in bytes. An output of
    another job has `job_id` and `output` instead, and gets its place when that job has finished.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: str
    reference: str
    bucket: str | None = None
    key: str | None = None
    version_id: str | None = None
    etag: str | None = None
    size: int | None = None
    sha256: str | None = None
    job_id: str | None = None
    output: str | None = None

    @property
    def name(self) -> str:
        """The file's own name, without folders."""
        return (self.output or self.key or self.reference).rstrip("/").rpartition("/")[2]

    def identity(self) -> dict[str, Any]:
        """What makes two inputs the same: content where it is known, else the exact place.

        The name counts because outputs are named after it.
        """
        if self.job_id:
            return {"field": self.field, "job_id": self.job_id, "output": self.output}
        if self.sha256:
            content: dict[str, Any] = {"sha256": self.sha256}
        elif self.etag:
            content = {"etag": self.etag, "size": self.size}
        else:
            content = {"bucket": self.bucket, "key": self.key, "version_id": self.version_id}
        return {"field": self.field, "name": self.name, **content}


class Output(BaseModel):
    """One stored output: name, place, size in bytes, SHA-256 in hex."""

    model_config = ConfigDict(frozen=True)

    name: str
    key: str
    size: int
    sha256: str
    content_type: str


class Progress(BaseModel):
    """How far a stage has come."""

    model_config = ConfigDict(frozen=True)

    stage: str
    done: int
    total: int


class Event(BaseModel):
    """One thing that happened to a job."""

    model_config = ConfigDict(frozen=True)

    at: datetime
    event: str
    detail: str | None = None


class Job(BaseModel):
    """The record of a job. Times are UTC; `pending` holds what a waiting job still waits for.

    `awaited` says that other jobs may wait for this one: it is set before they are stored, and stays.
    `compute` is there once the sizes of the inputs are known and the job was sent to its queue, or at the
    latest when it has finished; `execution` names what a heavy job was last started by.
    """

    model_config = ConfigDict(frozen=True)

    job_id: str
    tenant: str
    operation: str
    version: int
    status: Status
    request: dict[str, Any]
    inputs: tuple[InputRef, ...] = ()
    after: tuple[str, ...] = ()
    pending: frozenset[str] = frozenset()
    awaited: bool = False
    source: str | None = None
    compute: Compute | None = None
    execution: str | None = None
    attempt: int = 0
    owner: str | None = None
    lease_until: datetime | None = None
    cancel_requested: bool = False
    progress: Progress | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None
    traceback: str | None = None
    created_at: datetime
    changed_at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    events: tuple[Event, ...] = ()

    @property
    def queue(self) -> str:
        """The queue that carries the job: its operation's, or that of all heavy jobs."""
        return HEAVY if self.compute is not None and self.compute.heavy else self.operation

    def output(self, name: str | None) -> dict[str, Any] | None:
        """Return one of the outputs as the result lists it, the main one without a name."""
        if self.result is None:
            return None
        wanted = name or self.result.get("output")
        outputs: list[dict[str, Any]] = self.result.get("outputs", [])
        return next((item for item in outputs if wanted in {None, item["name"]}), None)

    @property
    def seconds(self) -> float | None:
        """How long the last attempt ran, in seconds, once it has ended."""
        if self.started_at is None or self.ended_at is None:
            return None
        return round((self.ended_at - self.started_at).total_seconds(), 3)

    @property
    def tries(self) -> int:
        """How many attempts count since the last requeue: not those handed back blamelessly."""
        spared = 0
        for event in self.events:
            if event.event == Edge.REQUEUE:
                spared = 0
            elif event.event == Edge.HAND_BACK and (event.detail or "").startswith(SPARED):
                spared += 1
        return max(0, self.attempt - spared)

    def status_body(self) -> dict[str, Any]:
        """Return exactly the fields that clients poll."""
        return {
            "job_id": self.job_id,
            "status": self.status.value,
            "progress": self.progress.model_dump() if self.progress else None,
            "result": self.result,
            "error": self.error["detail"] if self.error else None,
            "execution_time_seconds": self.seconds,
            "created_at": stamp(self.created_at),
            "started_at": stamp(self.started_at) if self.started_at else None,
            "ended_at": stamp(self.ended_at) if self.ended_at else None,
        }


def job_id(
    *,
    tenant: str,
    operation: str,
    version: int,
    inputs: Iterable[InputRef],
    request: Mapping[str, Any],
    after: Iterable[str] = (),
    nonce: str | None = None,
) -> str:
    """Return the id that the same work always has: 32 hex digits (128 bits of a SHA-256).

    `request` is the validated request as JSON types, without the fields that `inputs` stand for.
    """
    fields = {ref.field for ref in inputs}
    content = {
        "tenant": tenant,
        "operation": operation,
        "version": version,
        "inputs": sorted((ref.identity() for ref in inputs), key=lambda item: str(item["field"])),
        "request": {key: value for key, value in request.items() if key not in fields},
        "after": sorted(after),
        "nonce": nonce,
    }
    canonical = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode()).hexdigest()[:32]


def stamp(when: datetime) -> str:
    """Return a time as fixed-width ISO 8601 in UTC, so that text order is time order."""
    return when.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class JobStatus(BaseModel):
    """The body of `GET /jobs/{job_id}/status`, field by field what today's clients poll."""

    job_id: str
    status: Status
    progress: Progress | None = None
    result: dict[str, Any] | None = Field(None, description="Set when the job has finished.")
    error: str | None = Field(None, description="Set when the job has failed.")
    execution_time_seconds: float | None = None
    created_at: str
    started_at: str | None = None
    ended_at: str | None = None
