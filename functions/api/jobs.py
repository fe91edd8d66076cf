"""Jobs over HTTPS: list, look, wait, fetch outputs, cancel, requeue."""

from __future__ import annotations

import re
from functools import partial
from typing import Annotated, Any
from urllib.parse import unquote

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import BaseModel, Field

from functions.api.answer import ON_POST, answer, describe, redirect
from functions.api.problems import Answer
from functions.api.resolver import Api
from functions.api.status import presign, read_status
from functions.aws.telemetry import logger
from functions.core import registry
from functions.core.compute import Compute
from functions.core.errors import ConflictError, InputError, NotFoundError, PipelineError
from functions.core.job import Event, InputRef, Job, JobStatus, Status, stamp
from functions.core.reference import OutputOf, Stored, read_reference

JOB_ID = re.compile(r"[0-9a-f]{32}")
MAX_WAIT_S = 25
# What stays of an invocation for answering after a long poll.
MARGIN_S = 2.0
FIRST_PAUSE_S = 0.2
LAST_PAUSE_S = 2.0

JobId = Annotated[str, Path(description="The id that the job was submitted under.")]


class JobItem(BaseModel):
    """A job in a list."""

    job_id: str
    operation: str
    status: Status
    error: str | None
    execution_time_seconds: float | None
    created_at: str
    started_at: str | None
    ended_at: str | None
    inputs: list[str] = Field(description="The files, as the request named them.")


class JobPage(BaseModel):
    """Jobs, newest first; `next` is the cursor for `after`, null on the last page."""

    jobs: list[JobItem]
    next: str | None


class JobDetail(JobStatus):
    """Everything about a job."""

    operation: str
    version: int = Field(description="Version of the operation's contract.")
    request: dict[str, Any]
    inputs: list[InputRef]
    after: list[str]
    pending: list[str] = Field(description="What a waiting job still waits for.")
    source: str | None
    compute: Compute | None = Field(description="What it runs in, and why; null while inputs miss.")
    attempt: int
    cancel_requested: bool
    changed_at: str
    queued_seconds: float | None = Field(description="From created to started.")
    problem: dict[str, Any] | None = Field(description="The error in full, as a problem.")
    traceback: str | None = Field(description="For keys with the scope `traceback`.")
    events: list[Event]


class Cancelling(BaseModel):
    """A job that was cancelled, or that was asked to stop."""

    job_id: str
    status: Status
    cancel_requested: bool


class Requeued(BaseModel):
    """A job that starts over."""

    job_id: str
    status: Status
    requeued: bool


class JobRoutes:
    """The routes under /jobs."""

    def __init__(self, api: Api) -> None:
        """Keep the router, and register."""
        self._api = api
        add = partial(api.add, tag="jobs")
        running = describe(Cancelling, *ON_POST, status=202, text="Cancelled, or asked to stop")
        queued = describe(Requeued, *ON_POST, status=202, text="Queued")
        link = describe(None, 404, 409, status=302, text="A presigned link in `Location`")
        add("GET", "/jobs", self.list, summary="List jobs", responses=describe(JobPage))
        add("GET", "/jobs/<job_id>", self.show, summary="Show a job", responses=describe(JobDetail, 404))
        add(
            "GET",
            "/jobs/<job_id>/status",
            self.status,
            summary="Poll a job",
            responses=describe(JobStatus, 404),
        )
        add("GET", "/jobs/<job_id>/outputs/<name>", self.output, summary="Fetch an output", responses=link)
        add("POST", "/jobs/<job_id>/cancel", self.cancel, summary="Cancel a job", responses=running)
        add("POST", "/jobs/<job_id>/requeue", self.requeue, summary="Run a job again", responses=queued)

    def list(
        self,
        status: Annotated[Status | None, Query(description="Only jobs in this state.")] = None,
        operation: Annotated[str | None, Query(description="Only jobs of this operation.")] = None,
        input: Annotated[str | None, Query(description="Only jobs that read this file.")] = None,
        after: Annotated[str | None, Query(description="The cursor `next` of the page before.")] = None,
        limit: Annotated[int, Query(ge=1, le=100, description="Jobs on a page.")] = 50,
    ) -> Answer:
        """Newest first, a page at a time."""
        if operation is not None:
            registry.operation(operation, field="operation")
        page = self._api.services.jobs.list(
            self._api.caller.tenant,
            status=status,
            operation=operation,
            input=self._place(input),
            cursor=after,
            limit=limit,
        )
        return answer({"jobs": [_item(job) for job in page.jobs], "next": page.cursor})

    def show(self, job_id: JobId) -> Answer:
        """Request, inputs, attempts, events, timings, provenance, outputs with presigned links."""
        job = self.find(job_id)
        compute = self._api.services.sizing.compute(job)
        body = {
            **read_status(self._api.services, job),
            **_detail(job),
            "compute": compute.model_dump(mode="json") if compute else None,
        }
        return answer({**body, "traceback": job.traceback if self._api.caller.can("traceback") else None})

    def status(
        self,
        job_id: JobId,
        wait: Annotated[
            float, Query(ge=0, le=MAX_WAIT_S, description="Wait up to so many seconds for a change.")
        ] = 0,
    ) -> Answer:
        """With `wait`, the answer comes as soon as anything in it changes, or when the time is over."""
        job = self.find(job_id)
        if wait and not job.status.ended:
            job = self._changed(job, min(wait, self._api.remaining_s - MARGIN_S))
        return answer(read_status(self._api.services, job))

    def output(
        self, job_id: JobId, name: Annotated[str, Path(description="A name from `result.outputs`.")]
    ) -> Answer:
        """Redirect to a presigned link, good for an hour."""
        job = self.find(job_id)
        if job.result is None:
            raise ConflictError(f"job {job.job_id} is {job.status.value}; it has no outputs")
        # API Gateway decodes the path, other servers don't: a name is found either way.
        for output in job.result.get("outputs", ()):
            if output["name"] in {name, unquote(name)}:
                return redirect(presign(self._api.services, output))
        raise NotFoundError(f"job {job.job_id} has no output of that name")

    def cancel(self, job_id: JobId) -> Answer:
        """A job that has not started is cancelled at once; a running one is asked to stop."""
        job = self._api.services.jobs.cancel(self.find(job_id).job_id)
        if job.execution is not None:
            self._stop(job.job_id, job.execution)
        body = {
            "job_id": job.job_id,
            "status": job.status.value,
            "cancel_requested": job.cancel_requested or job.status is Status.CANCELLED,
        }
        return answer(body, status=202)

    def _stop(self, job_id: str, execution: str) -> None:
        """Stop what a heavy job was started by; should that fail, its worker sees the wish to cancel."""
        try:
            self._api.services.executions.stop(execution, cause=f"job {job_id} was cancelled")
        except PipelineError as error:
            logger.warning("execution not stopped", job_id=job_id, reason=error.message)

    def requeue(self, job_id: JobId) -> Answer:
        """The attempts so far stay in the job's events."""
        job = self._api.services.jobs.requeue(self.find(job_id).job_id)
        self._api.services.submission.send(job)
        return answer({"job_id": job.job_id, "status": job.status.value, "requeued": True}, status=202)

    def _place(self, reference: str | None) -> Stored | None:
        """Return the stored object that a filter names, as a request would name it."""
        if reference is None:
            return None
        settings = self._api.services.settings
        try:
            place = read_reference(
                reference,
                tenant=self._api.caller.tenant,
                input_bucket=settings.input_bucket,
                output_bucket=settings.output_bucket,
            )
        except PipelineError as error:
            raise error.at("input") from None
        if isinstance(place, OutputOf):
            raise InputError("input: a stored file is needed, not an output of a job", field="input")
        return place

    def find(self, job_id: str) -> Job:
        """Return one of the caller's jobs; whether another tenant has it is not the caller's business."""
        missing = NotFoundError("there is no job of that id")
        if not JOB_ID.fullmatch(job_id):
            raise missing
        try:
            job = self._api.services.jobs.get(job_id)
        except NotFoundError:
            raise missing from None
        if job.tenant != self._api.caller.tenant:
            raise missing
        return job

    def _changed(self, job: Job, wait_s: float) -> Job:
        """Poll until what the client sees changes or the time is over; pauses grow."""
        seen, pause = job.status_body(), FIRST_PAUSE_S
        end = self._api.clock() + wait_s
        while (left := end - self._api.clock()) > 0 and job.status_body() == seen:
            self._api.sleep(min(pause, left))
            pause = min(pause * 1.5, LAST_PAUSE_S)
            job = self._api.services.jobs.get(job.job_id)
        return job


def _item(job: Job) -> dict[str, Any]:
    """Return a job as a list shows it."""
    body = {**job.status_body(), "operation": job.operation}
    shown = {name: body[name] for name in JobItem.model_fields if name != "inputs"}
    return {**shown, "inputs": [ref.reference for ref in job.inputs]}


def _detail(job: Job) -> dict[str, Any]:
    """Return what the status body lacks, but for the traceback."""
    queued = (job.started_at - job.created_at).total_seconds() if job.started_at else None
    return {
        "operation": job.operation,
        "version": job.version,
        "request": job.request,
        "inputs": [ref.model_dump(mode="json") for ref in job.inputs],
        "after": list(job.after),
        "pending": sorted(job.pending),
        "source": job.source,
        "attempt": job.attempt,
        "cancel_requested": job.cancel_requested,
        "changed_at": stamp(job.changed_at),
        "queued_seconds": queued,
        "problem": job.error,
        "events": [event.model_dump(mode="json") for event in job.events],
    }
