"""Log lines name their job, and nobody pays for X-Ray where it does not run."""

from __future__ import annotations

import json
import logging
import subprocess
import sys

import pytest

from functions.aws.telemetry import log_job, logger, make_tracer
from tests.aws.stack import make_job


def test_lines_say_which_job_they_are_about(capsys: pytest.CaptureFixture[str]) -> None:
    log_job(make_job(attempt=2))
    (handler,) = logger.handlers
    assert isinstance(handler, logging.StreamHandler)
    try:
        handler.setStream(sys.stdout)
        logger.info("job started", stage="read")
        line = json.loads(capsys.readouterr().out)
    finally:
        logger.remove_keys(["job_id", "operation", "attempt"])
    assert (line["message"], line["stage"], line["level"]) == ("job started", "read", "INFO")
    assert (line["job_id"], line["operation"], line["attempt"]) == (make_job().job_id, "ifcinfo", 2)


def test_the_tracer_is_off_outside_lambda() -> None:
    tracer = make_tracer({})

    @tracer.capture_lambda_handler
    def handler(event: dict[str, str], _: object) -> str:
        tracer.put_annotation("tenant", event["tenant"])
        return "done"

    assert tracer.disabled
    assert handler({"tenant": "acme"}, None) == "done"


def test_starting_loads_neither_x_ray_nor_a_geometry_stack() -> None:
    code = (
        "import sys, functions.aws.services, functions.aws.telemetry;"
        "print([name for name in ('aws_xray_sdk.core', 'ifcopenshell', 'numpy') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env={})
    assert answer.stdout.strip() == "[]"
