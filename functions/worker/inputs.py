"""A job's inputs: found by version, or among the outputs of other jobs, and brought to scratch."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from functions.aws.services import Services
from functions.core.errors import NotFoundError, PipelineError, TooLargeError
from functions.core.job import InputRef, Job, Status
from functions.core.operation import Operation
from functions.core.reference import check_name


@dataclass(frozen=True)
class Input:
    """An input on the disk, and the exact object that it is."""

    ref: InputRef
    path: Path


def fetch(services: Services, job: Job, operation: Operation, *, folder: Path) -> list[Input]:
    """Download all inputs of a job, each object once. Errors name the field of the request."""
    fetched: dict[tuple[str | None, ...], Input] = {}
    found = []
    for number, ref in enumerate(job.inputs):
        try:
            place = _resolve(services, job, ref)
            same = (place.bucket, place.key, place.version_id, place.reference)
            if same not in fetched:
                fetched[same] = _download(services, operation, place, folder=folder / str(number))
        except PipelineError as error:
            raise error.at(ref.field) from error
        found.append(Input(ref.model_copy(update=_known(fetched[same].ref)), fetched[same].path))
    return found


def paths(inputs: Iterable[Input]) -> dict[str, Path]:
    """Return the local path of each file field of the request."""
    return {item.ref.field: item.path for item in inputs}


def _resolve(services: Services, job: Job, ref: InputRef) -> InputRef:
    """Return a reference with bucket and key; an output of another job gets them from its result."""
    if ref.job_id is None:
        return ref
    parent = services.jobs.get(ref.job_id)
    if parent.tenant != job.tenant:
        raise NotFoundError(f"job {ref.job_id} not found")
    if parent.status is not Status.FINISHED or parent.result is None:
        raise NotFoundError(f"job {ref.job_id} is {parent.status}: it has no outputs")
    output = parent.output(ref.output)
    if output is None:
        raise NotFoundError(f"job {ref.job_id} has no output {ref.output or ''}".rstrip())
    return ref.model_copy(
        update={
            "bucket": services.settings.output_bucket,
            "key": output["key"],
            "size": output["size"],
            "sha256": output["sha256"],
        }
    )


def _download(services: Services, operation: Operation, ref: InputRef, *, folder: Path) -> Input:
    """Stream one object to the disk, its SHA-256 taken on the way."""
    if ref.bucket is None or ref.key is None:
        raise NotFoundError(f"Input file {ref.reference} not found")
    if ref.size is not None and ref.size > operation.max_input_bytes:
        raise TooLargeError(
            f"{ref.name!r} has {ref.size:,} bytes; {operation.name} takes {operation.max_input_bytes:,}"
        )
    folder.mkdir(parents=True)
    path = folder / check_name(ref.name)
    try:
        sha256 = services.storage.download(
            ref.bucket, ref.key, path, version_id=ref.version_id, expect_sha256=ref.sha256
        )
    except NotFoundError as error:
        raise NotFoundError(f"Input file {ref.reference} not found") from error
    return Input(ref.model_copy(update={"sha256": sha256, "size": path.stat().st_size}), path)


def _known(ref: InputRef) -> dict[str, object]:
    return ref.model_dump(include={"bucket", "key", "version_id", "etag", "size", "sha256"})
