"""Sizing: what a job runs in, from the sizes of its inputs. Intake, API and all that sends a job share it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from functions.aws.jobs import Jobs
from functions.aws.settings import Settings
from functions.core import registry
from functions.core.compute import Compute, choose, megabytes
from functions.core.errors import NotFoundError, UnknownOperationError
from functions.core.job import InputRef, Job


@dataclass(frozen=True, kw_only=True)
class Sizing:
    """Chooses the compute of jobs, within what the stage allows."""

    jobs: Jobs
    settings: Settings

    def compute(self, job: Job, *, parents: Mapping[str, Job] | None = None) -> Compute | None:
        """Return what a job runs in; None while its inputs are not there, or when nothing will run it.

        `parents` are jobs that the caller has read already.
        """
        if job.compute is not None or job.pending or job.status.ended:
            return job.compute
        try:
            operation = registry.operation(job.operation)
        except UnknownOperationError:
            return None
        sizes = [(ref.name, self._size(ref, parents or {})) for ref in job.inputs]
        known = [(name, size) for name, size in sizes if size is not None]
        return choose(
            operation,
            input_mb=megabytes(known) if len(known) == len(sizes) else None,
            factor=operation.factor(operation.parse(job.request)),
            longest_s=self.settings.max_task_seconds,
        )

    def _size(self, ref: InputRef, parents: Mapping[str, Job]) -> int | None:
        """Return the size of an input in bytes, of an output of another job as its result says."""
        if ref.job_id is None or ref.size is not None:
            return ref.size
        try:
            parent = parents.get(ref.job_id) or self.jobs.get(ref.job_id)
        except NotFoundError:
            return None
        output = parent.output(ref.output)
        return int(output["size"]) if output else None
