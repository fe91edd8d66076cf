"""Logger, metrics and tracer, made once for all functions."""

from __future__ import annotations

import os

from aws_lambda_powertools import Logger, Metrics, Tracer

from functions.core.job import Job

SERVICE = "ifcpipe"

logger = Logger(service=SERVICE, level=os.environ.get("LOG_LEVEL") or "INFO", log_uncaught_exceptions=False)
metrics = Metrics(namespace=SERVICE, service=SERVICE)
# Powertools turns the tracer off by itself outside Lambda. Patching every library that it knows would
# import them all: botocore is the one we call.
tracer = Tracer(service=SERVICE, patch_modules=("botocore",))


def log_job(job: Job) -> None:
    """Let every later line of this invocation say which job it is about."""
    logger.append_keys(job_id=job.job_id, operation=job.operation, attempt=job.attempt)
