"""Nobody pays for X-Ray where it does not run."""

from __future__ import annotations

import subprocess
import sys

from functions.aws.telemetry import make_tracer


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
