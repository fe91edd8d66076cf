"""What is kept of a finished job: the result that clients read, and where it came from."""

from __future__ import annotations

import json
from collections.abc import Sequence
from itertools import accumulate
from typing import Any

from functions.core.compute import Compute, FargateSize, LambdaSize, size_of
from functions.core.job import Job, Output
from functions.core.operation import Operation
from functions.ifc.local import Execution
from functions.worker.cost import estimate_cost
from functions.worker.inputs import Input

# A result has 200 KB of JSON (functions/aws/records.py), of which the request and the inputs may take 90.
# What is larger belongs in an output.
MAX_WARNINGS = 100
MAX_WARNINGS_BYTES = 30_000
MAX_STATISTICS_BYTES = 40_000
MAX_MESSAGE_CHARACTERS = 1_000


def make_result(
    job: Job,
    operation: Operation,
    execution: Execution,
    *,
    inputs: Sequence[Input],
    outputs: Sequence[Output],
    bucket: str,
    seconds: float,
    compute: Compute | None = None,
) -> dict[str, Any]:
    """Return the stored result; the first output is the main one.

    Durations are seconds, the peak of memory is MB (10^6 bytes); beside them stands what was predicted.
    """
    main = outputs[0] if outputs else None
    size = size_of(compute, operation)
    predicted = compute.predicted if compute else None
    return {
        **_bounded(execution),
        "output": main.name if main else None,
        "output_path": f"s3://{bucket}/{main.key}" if main else None,
        "outputs": [output.model_dump() for output in outputs],
        "db_id": job.job_id,
        "provenance": {
            "inputs": [_describe(item) for item in inputs],
            "tools": dict(execution.tools),
            "operation": {"name": operation.name, "version": operation.version},
            "request": job.request,
            "compute": describe_compute(size),
            "predicted": predicted.model_dump() if predicted else None,
            "duration_s": round(seconds, 3),
            "cpu_s": round(execution.cpu_s, 3),
            "peak_mb": round(execution.peak_bytes / 1_000_000, 1),
            "cost_usd": estimate_cost(size, seconds=seconds),
        },
    }


def describe_compute(size: LambdaSize | FargateSize) -> dict[str, Any]:
    """Return what the job ran in."""
    if isinstance(size, LambdaSize):
        return {"kind": "lambda", "memory_mb": size.memory_mb}
    return {"kind": "fargate", "memory_mb": size.memory_mb, "cpu": size.cpu}


def _describe(item: Input) -> dict[str, Any]:
    fields = {"field", "bucket", "key", "version_id", "size", "sha256", "job_id"}
    return item.ref.model_dump(include=fields, exclude_none=True)


def _bounded(execution: Execution) -> dict[str, Any]:
    """Return the result with no more warnings and statistics than a record holds, and saying so."""
    result = dict(execution.result)
    warnings = list(execution.warnings)
    if len(json.dumps(execution.statistics)) > MAX_STATISTICS_BYTES:
        result["statistics"] = {}
        warnings.insert(0, "The statistics are too large for the job's record and were left out.")
    kept = _fitting(warnings)
    if len(kept) < len(warnings):
        kept.append(f"{len(warnings) - len(kept)} more warnings were left out.")
    return {**result, "message": result["message"][:MAX_MESSAGE_CHARACTERS], "warnings": kept}


def _fitting(warnings: Sequence[str]) -> list[str]:
    """Return the first warnings that fit, as the JSON that a record keeps."""
    sizes = accumulate(len(json.dumps(warning)) for warning in warnings[:MAX_WARNINGS])
    return [warning for warning, size in zip(warnings, sizes, strict=False) if size <= MAX_WARNINGS_BYTES]
