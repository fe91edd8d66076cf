"""What a step must keep to beyond its contract: versions, outputs of other jobs, kinds and sizes of files."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import PurePosixPath

from functions.core.errors import InputError, NotFoundError, TooLargeError
from functions.core.job import InputRef, Job
from functions.core.operation import Operation, Request
from functions.core.reference import check_name


def version_of(request: Request, field: str) -> str | None:
    """Return the version that the request asks for, for one of its file fields."""
    if request.input_version_ids and field in request.input_version_ids:
        return request.input_version_ids[field]
    first = next((use.field for use in request.files()), None)
    return request.input_version_id if field == first else None


def check_versions(request: Request, inputs: Sequence[InputRef]) -> None:
    """Refuse a version that no stored file of the request can have; it would be dropped in silence."""
    known = {ref.field: ref.version_id for ref in inputs}
    asked = {
        f"input_version_ids.{name}": (name, version)
        for name, version in (request.input_version_ids or {}).items()
    }
    if request.input_version_id is not None:
        asked["input_version_id"] = (inputs[0].field if inputs else "", request.input_version_id)
    for place, (name, version) in asked.items():
        if known.get(name) != version:
            raise InputError(
                f"{place}: no stored file that the request names has a version there", field=place
            )


def check_output(parent: Job, output: str | None) -> None:
    """Refuse a reference to an output that a finished job does not have."""
    if parent.result is None:
        return
    names = [str(item["name"]) for item in parent.result.get("outputs", [])]
    if not names or (output is not None and output not in names):
        there = ", ".join(names) or "none"
        raise NotFoundError(f"job {parent.job_id} has no output {output!r}; there are: {there}")


def check_file(operation: Operation, ref: InputRef, suffixes: tuple[str, ...]) -> None:
    """Refuse a file that the operation does not read: of another kind, or too large."""
    check_name(ref.name)
    if ref.job_id is None and PurePosixPath(ref.name).suffix.lower() not in suffixes:
        raise InputError(f"{ref.name!r} is not one of {', '.join(suffixes)}")
    if ref.size is not None and ref.size > operation.max_input_bytes:
        raise TooLargeError(
            f"{ref.name!r} has {ref.size:,} bytes; {operation.name} takes {operation.max_input_bytes:,}"
        )
