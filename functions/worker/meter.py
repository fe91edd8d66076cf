"""The worker's metrics, in CloudWatch's embedded format: one line a count, by operation."""

from __future__ import annotations

from aws_lambda_powertools.metrics import EphemeralMetrics, MetricUnit

from functions.aws.telemetry import SERVICE


def count(operation: str, name: str, *, seconds: float | None = None) -> None:
    """Count `JobsStarted`, `JobsFinished`, `JobsFailed` or `JobsRetried`, with `JobDuration` in seconds.

    Each line is its own set of metrics, since several jobs may run in one process.
    """
    metrics = EphemeralMetrics(namespace=SERVICE, service=SERVICE)
    metrics.add_dimension("operation", operation)
    metrics.add_metric(name, MetricUnit.Count, 1)
    if seconds is not None:
        metrics.add_metric("JobDuration", MetricUnit.Seconds, round(seconds, 3))
    metrics.flush_metrics()
