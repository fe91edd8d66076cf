"""The body that clients poll, with a presigned link on every output."""

from __future__ import annotations

from typing import Any

from functions.aws.services import Services
from functions.core.job import Job


def read_status(services: Services, job: Job) -> dict[str, Any]:
    """Return the status body of a job; the outputs of a finished one have a `url`."""
    body = job.status_body()
    if body["result"] and body["result"].get("outputs"):
        outputs = [{**output, "url": presign(services, output)} for output in body["result"]["outputs"]]
        body["result"] = {**body["result"], "outputs": outputs}
    return body


def presign(services: Services, output: dict[str, Any]) -> str:
    """Return a link to one output, good for an hour, that downloads under the output's name."""
    bucket = services.settings.output_bucket
    return services.storage.presign_get(bucket, output["key"], filename=output["name"])
