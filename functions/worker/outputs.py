"""A run's outputs: stored under the job's id, and once more under the name that the caller gave."""

from __future__ import annotations

from functions.aws.services import Services
from functions.core.job import Job, Output
from functions.core.operation import Request
from functions.core.reference import tenant_prefix
from functions.ifc.local import Execution


def store(services: Services, job: Job, execution: Execution) -> list[Output]:
    """Upload every output under `jobs/<job_id>/`; S3 checks the SHA-256."""
    bucket = services.settings.output_bucket
    stored = []
    for made in execution.outputs:
        key = f"jobs/{job.job_id}/{made.name}"
        size, sha256 = services.storage.upload(
            made.path, bucket, key, content_type=made.content_type, name=made.name
        )
        stored.append(
            Output(name=made.name, key=key, size=size, sha256=sha256, content_type=made.content_type)
        )
    return stored


def copy_named(services: Services, job: Job, request: Request, main: Output) -> None:
    """Copy the main output to `output/<operation>/<name>`, or to the folder that the caller named with it."""
    wanted = request.output_name()
    if not wanted:
        return
    place = wanted if "/" in wanted else f"output/{job.operation}/{wanted}"
    key = tenant_prefix(job.tenant) + place
    services.storage.copy(services.settings.output_bucket, main.key, key)
