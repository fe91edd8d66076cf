"""Job records: every edge of the state machine is one conditional update of one item."""

from __future__ import annotations

import contextlib
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from botocore.client import BaseClient

from functions.aws import queries
from functions.aws.creation import create, prepare, wait_items
from functions.aws.edges import FREE, OWNED, Step, Update, owned
from functions.aws.items import Items, Refused, unknown
from functions.aws.queries import Page
from functions.aws.records import (
    arrival_attribute,
    compute_attribute,
    error_attribute,
    expiry,
    number,
    progress_attribute,
    result_attribute,
    text,
    time,
    to_job,
    traceback_attribute,
)
from functions.aws.table import Attribute, Item, key, object_token
from functions.core.arrival import Arrival
from functions.core.compute import Compute
from functions.core.errors import ConflictError, RetryableError
from functions.core.job import Edge, Job, Progress, Status
from functions.core.reference import Stored

RACES = 5
MARK_DAYS = 7
# What starting over forgets.
OUTCOME = (
    "result",
    "error",
    "traceback",
    "progress",
    "execution",
    "started_at",
    "ended_at",
    "expires_at",
)
ARRIVAL = ("#arrivals.#field = :arrival",)


def _now() -> datetime:
    return datetime.now(UTC)


def _token() -> str:
    return uuid.uuid4().hex


class Jobs:
    """The job records of a stage."""

    def __init__(
        self,
        client: BaseClient,
        table_name: str,
        *,
        ttl_days: int = 90,
        now: Callable[[], datetime] = _now,
        new_token: Callable[[], str] = _token,
    ) -> None:
        """Keep the DynamoDB client, the table's name, the clock and the source of edge tokens."""
        self._client = client
        self._table = table_name
        self._items = Items(client, table_name)
        self._ttl_days = ttl_days
        self._now = now
        self._new_token = new_token

    # Create and read

    def create(
        self, job: Job, waiters: Mapping[str, str] | None = None, *, marks: Collection[str] = ()
    ) -> tuple[Job, bool]:
        """Store a job with its index items and what it waits for, all or nothing.

        `waiters` maps the tokens that the job waits for to the entries of `pending` they take away; the
        tokens in `marks` are marked as `mark_upload` does. Returns the stored job and whether it is new:
        the same work is created once.
        """
        others = self._others(job, waiters or {}, marks)
        return create(self._client, self._table, job, others, ttl_days=self._ttl_days, get=self.get)

    def check(
        self, job: Job, waiters: Mapping[str, str] | None = None, *, marks: Collection[str] = ()
    ) -> None:
        """Raise the InputError that `create` would raise for a job that no record can hold."""
        prepare(job, self._others(job, waiters or {}, marks), ttl_days=self._ttl_days)

    def get(self, job_id: str) -> Job:
        """Return a job as it is now, or raise a NotFoundError."""
        item = self._items.get(job_id)
        if item is None:
            raise unknown(job_id)
        return to_job(item)

    # Edges

    def claim(self, job_id: str, *, owner: str, lease_s: int) -> Job | None:
        """Start a job under a lease; None when it has ended, waits, is gone, or a live worker has it.

        A job whose cancellation was asked for is claimed like any other: look at `cancel_requested`.
        """
        at = self._now()
        until = time(at + timedelta(seconds=lease_s))
        step = self._step(Edge.CLAIM, at, owner)
        update = step.update(
            sets={"owner": text(owner), "lease_until": until, "due": until, "started_at": time(at)},
            removes=("progress",),
            expressions=("#attempt = #attempt + :one",),
            conditions=(FREE,),
            values={"one": number(1), "now": time(at)},
        )
        try:
            return self._items.take(job_id, step, update)
        except Refused:
            return None

    def renew(self, job: Job, *, lease_s: int, progress: Progress | None = None) -> bool:
        """Prolong the lease and report progress; True when somebody asked to cancel.

        Raises a ConflictError when the lease went to another worker, or the job has ended.
        """
        until = time(self._now() + timedelta(seconds=lease_s))
        sets = {"lease_until": until, "due": until}
        if progress is not None:
            sets["progress"] = progress_attribute(progress)
        update = Update(
            sets=sets,
            conditions=("#status = :started", OWNED),
            values={"started": text(Status.STARTED), **owned(job)},
        )
        try:
            return self._items.update(job.job_id, update).cancel_requested
        except Refused as refused:
            raise self._conflict(job.job_id, refused, "the lease is lost") from None

    def finish(self, job: Job, result: dict[str, Any], *, compute: Compute | None = None) -> Job:
        """End a job with its result, at most 200 KB of JSON; only the worker that holds it can."""
        sets = {"result": result_attribute(result), **_computed(compute)}
        return self._own(job, self._step(Edge.FINISH), sets=sets, removes=("progress",))

    def fail(self, job: str | Job, error: dict[str, Any], *, traceback: str | None = None) -> Job:
        """End a job with an error.

        Given a job that has an owner, only that run of it can fail; given an id, whatever runs.
        """
        sets = {"error": error_attribute(error)}
        if traceback:
            sets["traceback"] = traceback_attribute(traceback)
        step = self._step(Edge.FAIL, detail=str(error.get("type", "")) or None)
        if isinstance(job, Job) and job.owner is not None:
            return self._own(job, step, sets=sets)
        job_id = job.job_id if isinstance(job, Job) else job
        try:
            return self._items.take(job_id, step, step.update(sets=sets))
        except Refused as refused:
            raise self._conflict(job_id, refused, "it cannot fail") from None

    def end_cancelled(self, job: Job) -> Job:
        """End a running job whose cancellation was asked for; only the worker that holds it can."""
        return self._own(job, self._step(Edge.CANCEL))

    def hand_back(self, job: Job, *, reason: str, compute: Compute | None = None) -> Job:
        """Give a job that runs back to its queue and free its lease; the next try runs in `compute`."""
        step = self._step(Edge.HAND_BACK, detail=reason)
        return self._own(job, step, sets=_computed(compute), removes=("progress",))

    def route(self, job_id: str, compute: Compute) -> Job:
        """Note what a queued job shall run in; a ConflictError when it is not queued."""
        update = Update(
            sets=_computed(compute),
            conditions=("#status = :queued",),
            values={"queued": text(Status.QUEUED)},
        )
        try:
            return self._items.update(job_id, update)
        except Refused as refused:
            raise self._conflict(job_id, refused, "it is not routed") from None

    def cancel(self, job_id: str) -> Job:
        """Cancel a job that nobody runs at once, and ask the worker of one that runs.

        A job whose worker is dead (its lease has run out) counts as one that nobody runs.
        """
        for _ in range(RACES):
            at = self._now()
            step = self._step(Edge.CANCEL, at)
            try:
                return self._items.take(
                    job_id, step, step.update(conditions=(FREE,), values={"now": time(at)})
                )
            except Refused as refused:
                job = self._current(job_id, refused)
            if job.status.ended:
                raise ConflictError(f"Job {job_id} is {job.status} already")
            asked = Update(
                sets={"cancel_requested": {"BOOL": True}},
                conditions=("#status = :started",),
                values={"started": text(Status.STARTED)},
            )
            try:
                return self._items.update(job_id, asked)
            except Refused:
                continue  # it was handed back or ended between the two: look again
        raise RetryableError(f"Job {job_id} changes too fast to be cancelled")

    def requeue(self, job_id: str) -> Job:
        """Queue a failed or cancelled job again; its earlier attempts stay in its events."""
        try:
            return self._start_over(job_id, Edge.REQUEUE, "attribute_not_exists(#pending)")
        except Refused as refused:
            job = self._current(job_id, refused)
        if not job.version:
            raise ConflictError(f"Job {job_id} was refused and never became work: submit it again")
        if job.pending and job.status in {Status.FAILED, Status.CANCELLED}:
            raise ConflictError(f"Job {job_id} still waits for {', '.join(sorted(job.pending))}")
        raise ConflictError(f"Job {job_id} is {job.status}: only failed and cancelled jobs can be requeued")

    def reopen(self, job_id: str) -> Job:
        """Let a job that failed or was cancelled while it waited wait on; a ConflictError for any other."""
        try:
            return self._start_over(job_id, Edge.REOPEN, "attribute_exists(#pending)")
        except Refused as refused:
            raise self._conflict(job_id, refused, "it cannot wait again") from None

    # Waiting

    def expect(self, job_id: str) -> None:
        """Note that others wait for a job, before they are stored: whoever ends it must look for them.

        One that has ended before this is seen to have ended by whoever looks at it after storing them.
        """
        update = Update(sets={"awaited": {"BOOL": True}}, conditions=("attribute_exists(#status)",))
        with contextlib.suppress(Refused):
            self._items.update(job_id, update)

    def satisfy(self, job_id: str, pending: str, *, arrival: Arrival | None = None) -> Job | None:
        """Take one entry from what a job waits for; the last one queues it.

        With the entry of an input comes the object that arrived. Returns the job when the caller must send
        it: to exactly one of several that come at the same time, and again to whoever delivers the same
        event twice while the job was never started. An ended job keeps its state, but remembers what has
        come: a requeue finds it complete.
        """
        try:
            return self._release(job_id, pending, arrival)
        except Refused as refused:
            job = self._current(job_id, refused)
        if pending not in job.pending:
            return job if job.status is Status.QUEUED and job.attempt == 0 else None
        left = self._arrived(job_id, pending, arrival)
        if left.pending or left.status is not Status.WAITING:
            return None
        try:
            return self._release(job_id, pending, arrival)
        except Refused:
            return None  # another one released it since, and sends it

    def wait(self, job_id: str, waiters: Mapping[str, str]) -> None:
        """Let a job that is stored already be found by (more) tokens: {token: pending entry}."""
        expires_at = expiry(self._now(), ttl_days=2 * self._ttl_days)
        for item in wait_items(job_id, waiters, expires_at=expires_at):
            self._items.put(item)

    def waiting_for(self, token: str) -> list[tuple[str, str]]:
        """Return (job id, pending entry) of all that wait for a token; ("", "") is an upload's mark."""
        return queries.waiting_for(self._client, self._table, token)

    def mark_upload(self, bucket: str, object_key: str) -> None:
        """Note that an object was announced: its jobs are named already, and it has no default ones."""
        self._items.put(self._mark(object_token(bucket, object_key)))

    # Lists

    def list(
        self,
        tenant: str,
        *,
        status: Status | None = None,
        operation: str | None = None,
        input: Stored | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """Return a page of a tenant's jobs, newest first; an InputError for a cursor not of this list."""
        query = queries.Listing(tenant=tenant, status=status, operation=operation, input=input)
        return queries.page(self._client, self._table, query, cursor=cursor, limit=limit)

    def overdue(self, status: Status, *, before: datetime) -> Iterator[Job]:
        """Yield jobs of all tenants that are due: queued or waiting since, or leased until, `before`."""
        return queries.overdue(self._client, self._table, status, before=before)

    def oldest_queued(self, operation: str) -> datetime | None:
        """Return since when the longest waiting job of an operation has been queued."""
        return queries.oldest_queued(self._client, self._table, operation)

    def count(self, tenant: str, *, since: datetime) -> dict[str, dict[Status, int]]:
        """Return how many jobs of each operation have started (and run) or ended since."""
        return queries.count(self._client, self._table, tenant, since=since)

    def postpone(self, job_id: str, *, until: datetime) -> None:
        """Keep a queued or waiting job from the sweep until then; no matter when it has moved on."""
        update = Update(
            sets={"due": time(until)},
            conditions=("#status IN (:queued, :waiting)",),
            values={"queued": text(Status.QUEUED), "waiting": text(Status.WAITING)},
        )
        with contextlib.suppress(Refused):
            self._items.update(job_id, update)

    # Inside

    def _others(self, job: Job, waiters: Mapping[str, str], marks: Collection[str]) -> Sequence[Item]:
        expires_at = expiry(job.created_at, ttl_days=2 * self._ttl_days)
        return [
            *wait_items(job.job_id, waiters, expires_at=expires_at),
            *(self._mark(token) for token in marks),
        ]

    def _step(self, edge: Edge, at: datetime | None = None, detail: str | None = None) -> Step:
        return Step(
            edge=edge,
            at=at or self._now(),
            token=self._new_token(),
            ttl_days=self._ttl_days,
            detail=detail,
        )

    def _mark(self, token: str) -> Item:
        return {**key(f"WAIT#{token}", "#mark"), "expires_at": expiry(self._now(), ttl_days=MARK_DAYS)}

    def _own(
        self,
        job: Job,
        step: Step,
        *,
        sets: Mapping[str, Attribute] | None = None,
        removes: tuple[str, ...] = (),
    ) -> Job:
        """Take an edge that only the worker that holds the job may take."""
        update = step.update(sets=sets, removes=removes, conditions=(OWNED,), values=owned(job))
        try:
            return self._items.take(job.job_id, step, update)
        except Refused as refused:
            raise self._conflict(job.job_id, refused, "the lease is lost") from None

    def _start_over(self, job_id: str, edge: Edge, condition: str) -> Job:
        """Take an edge from an end back to the beginning, as if nothing had happened but the events."""
        step = self._step(edge)
        update = step.update(
            sets={"attempt": number(0), "cancel_requested": {"BOOL": False}},
            removes=OUTCOME,
            conditions=(condition, "#version > :refused"),
            values={"refused": number(0)},
        )
        return self._items.take(job_id, step, update)

    def _release(self, job_id: str, pending: str, arrival: Arrival | None) -> Job:
        """Queue a job that waits for nothing but this entry."""
        step = self._step(Edge.RELEASE, detail=pending)
        update = step.update(
            removes=("pending",),
            expressions=ARRIVAL if arrival else (),
            conditions=("(attribute_not_exists(#pending) OR #pending = :last)",),
            values={"last": {"SS": [pending]}, **_arrival(arrival)},
            names=_field(pending) if arrival else {},
        )
        return self._items.take(job_id, step, update)

    def _arrived(self, job_id: str, pending: str, arrival: Arrival | None) -> Job:
        """Take an entry away from a job that waits for others too, whatever its state."""
        update = Update(
            expressions=ARRIVAL if arrival else (),
            deletes=("#pending :entry",),
            conditions=("attribute_exists(#status)",),
            values={"entry": {"SS": [pending]}, **_arrival(arrival)},
            names=_field(pending) if arrival else {},
        )
        try:
            return self._items.update(job_id, update)
        except Refused:
            raise unknown(job_id) from None

    def _current(self, job_id: str, refused: Refused) -> Job:
        """Return the job that an update was refused for."""
        if refused.item is None:
            raise unknown(job_id)
        return to_job(refused.item)

    def _conflict(self, job_id: str, refused: Refused, why: str) -> ConflictError:
        job = self._current(job_id, refused)
        return ConflictError(f"Job {job_id} is {job.status}: {why}")


def _arrival(arrival: Arrival | None) -> dict[str, Attribute]:
    return {"arrival": arrival_attribute(arrival)} if arrival else {}


def _field(pending: str) -> dict[str, str]:
    """Return the field whose input an entry stands for."""
    return {"field": pending.removeprefix("input:")}


def _computed(compute: Compute | None) -> dict[str, Attribute]:
    return {"compute": compute_attribute(compute)} if compute else {}
