"""A job as an item of the table, and back.

Everything with a structure is stored as JSON text: no Decimal, no empty key, no reserved word inside.
Inputs are a map by field, so that two that arrive at the same time cannot overwrite each other.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any

from functions.aws.table import Attribute, Item, job_key
from functions.core.arrival import Arrival
from functions.core.compute import Compute
from functions.core.errors import InputError, PipelineError, TooLargeError
from functions.core.job import Event, InputRef, Job, Progress, Status, stamp

# An item has 400 KB at most: 64 request and inputs, 200 result, 20 traceback, 40 error and events.
MAX_REQUEST_BYTES = 64_000
MAX_RESULT_BYTES = 200_000
MAX_TRACEBACK_BYTES = 20_000
MAX_ERROR_CHARACTERS = 4_000
MAX_DETAIL_CHARACTERS = 300


def text(value: str) -> Attribute:
    """Return a string attribute; what UTF-8 cannot carry is escaped."""
    return {"S": value.encode("utf-8", "backslashreplace").decode()}


def number(value: int) -> Attribute:
    """Return a number attribute."""
    return {"N": str(value)}


def packed(value: object) -> Attribute:
    """Return JSON as a string attribute. NaN and infinity are no JSON: a ValueError."""
    return {"S": json.dumps(value, allow_nan=False, separators=(",", ":"))}


def time(when: datetime) -> Attribute:
    """Return a time as a string attribute."""
    return {"S": stamp(when)}


def expiry(ended: datetime, *, ttl_days: int) -> Attribute:
    """Return when DynamoDB may delete a record, in epoch seconds."""
    return number(int((ended + timedelta(days=ttl_days)).timestamp()))


def event(at: datetime, name: str, detail: str | None = None) -> Attribute:
    """Return an entry of the list of events."""
    short = detail[:MAX_DETAIL_CHARACTERS] if detail else None
    return packed({"at": stamp(at), "event": name, "detail": short})


def input_attribute(ref: InputRef) -> Attribute:
    """Return one input."""
    return packed(ref.model_dump(exclude_none=True))


def arrival_attribute(arrival: Arrival) -> Attribute:
    """Return what the arrival of an object adds to the input that it is."""
    return packed(arrival.model_dump(exclude_none=True))


def result_attribute(result: Mapping[str, Any]) -> Attribute:
    """Return a result; a PipelineError when it is too large for a record or is no JSON."""
    try:
        attribute = packed(result)
    except (TypeError, ValueError) as error:
        raise PipelineError("the result cannot be written as JSON") from error
    if len(attribute["S"]) > MAX_RESULT_BYTES:
        raise PipelineError(f"the result is larger than {MAX_RESULT_BYTES // 1000} KB")
    return attribute


def error_attribute(error: Mapping[str, Any]) -> Attribute:
    """Return an error, its texts cut to what a record can hold."""
    return packed({name: _cut(value) for name, value in error.items()})


def traceback_attribute(traceback: str) -> Attribute:
    """Return the end of a traceback: the last lines say what happened."""
    return text(
        traceback.encode("utf-8", "backslashreplace")[-MAX_TRACEBACK_BYTES:].decode("utf-8", "ignore")
    )


def to_item(job: Job, *, ttl_days: int) -> Item:
    """Return the item of a job that is about to be created, with all index attributes."""
    item: Item = {
        **job_key(job.job_id),
        "job_id": text(job.job_id),
        "tenant": text(job.tenant),
        "created_id": text(f"{stamp(job.created_at)}#{job.job_id}"),
        "operation": text(job.operation),
        "version": number(job.version),
        "request": _request(job),
        "inputs": {"M": {ref.field: input_attribute(ref) for ref in job.inputs}},
        "arrivals": {"M": {}},
        "fields": packed([ref.field for ref in job.inputs]),
        "after": packed(job.after),
        "awaited": {"BOOL": job.awaited},
        "attempt": number(job.attempt),
        "cancel_requested": {"BOOL": job.cancel_requested},
        "created_at": time(job.created_at),
        "events": {"L": _events(job)},
        **state(job.status, job.changed_at),
        **_optional(job),
    }
    if job.status.ended:
        item["expires_at"] = expiry(job.ended_at or job.changed_at, ttl_days=ttl_days)
    else:
        item["due"] = time(job.changed_at)
    return item


def state(status: Status, changed: datetime) -> Item:
    """Return the attributes that every edge sets, index attributes among them."""
    return {
        "status": text(status),
        "changed_at": time(changed),
        "status_at": text(f"{status}#{stamp(changed)}"),
    }


def to_job(item: Item) -> Job:
    """Return the job of an item, or of a stream image, which has the same form."""
    values = {name: _value(attribute) for name, attribute in item.items()}
    inputs, arrivals = values["inputs"], values.get("arrivals", {})
    values.setdefault("awaited", True)  # a record from before it was noted: nobody knows
    for name in ("request", "after", "compute", "progress", "result", "error"):
        if name in values:
            values[name] = json.loads(values[name])
    values["inputs"] = [
        json.loads(inputs[field]) | json.loads(arrivals.get(field, "{}"))
        for field in json.loads(values.pop("fields", "[]"))
    ]
    values["events"] = [json.loads(entry) for entry in values.get("events", [])]
    return Job.model_validate({name: values[name] for name in Job.model_fields if name in values})


def _request(job: Job) -> Attribute:
    """Return the request; one that no record can hold is an InputError.

    Only a job that is rejected for just that is stored, without its request.
    """
    try:
        attribute = packed(job.request)
        inputs = sum(len(ref.model_dump_json()) for ref in job.inputs)
        if len(attribute["S"]) + inputs > MAX_REQUEST_BYTES:
            raise TooLargeError(f"the request is larger than {MAX_REQUEST_BYTES // 1000} KB")
    except ValueError as error:
        if not job.status.ended:
            raise InputError("the request has a number that is not finite") from error
    except TooLargeError:
        if not job.status.ended:
            raise
    else:
        return attribute
    return packed({})


def _events(job: Job) -> list[Attribute]:
    entries = job.events or (Event(at=job.created_at, event="created"),)
    return [event(entry.at, entry.event, entry.detail) for entry in entries]


def _optional(job: Job) -> Item:
    """Return the attributes that only some jobs have; an empty set cannot be stored."""
    makers: dict[str, Callable[[Any], Attribute]] = {
        "started_at": time,
        "ended_at": time,
        "lease_until": time,
        "source": text,
        "compute": compute_attribute,
        "execution": text,
        "owner": text,
        "progress": progress_attribute,
        "result": result_attribute,
        "error": error_attribute,
        "traceback": traceback_attribute,
    }
    found = {name: getattr(job, name) for name in makers}
    item = {name: makers[name](value) for name, value in found.items() if value is not None}
    if job.pending:
        item["pending"] = {"SS": sorted(job.pending)}
    return item


def progress_attribute(progress: Progress) -> Attribute:
    """Return how far a job has come."""
    return packed(progress.model_dump())


def compute_attribute(compute: Compute) -> Attribute:
    """Return what a job runs in."""
    return packed(compute.model_dump(mode="json", exclude_none=True))


def _value(attribute: Attribute) -> Any:  # noqa: ANN401 - any type that DynamoDB has
    ((kind, value),) = attribute.items()
    if kind == "N":
        return int(value)
    if kind == "M":
        return {name: _value(child) for name, child in value.items()}
    if kind == "L":
        return [_value(child) for child in value]
    return value


def _cut(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_ERROR_CHARACTERS:
        return value[:MAX_ERROR_CHARACTERS] + " …"
    return value
