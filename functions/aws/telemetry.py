"""Logger, metrics and tracer, made once for all functions."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from aws_lambda_powertools import Logger, Metrics, Tracer
from aws_lambda_powertools.tracing.base import BaseProvider

SERVICE = "ifcpipe"


class Silence:
    """Stands in for X-Ray where nobody listens: importing its SDK takes 0.2 seconds of every start."""

    @contextmanager
    def in_subsegment(self, name: str, **_: object) -> Iterator[Silence]:
        """Yield a subsegment that records nothing."""
        yield self

    def put_annotation(self, key: str, value: object) -> None:
        """Record nothing."""

    def put_metadata(self, key: str, value: object, *_: object, **__: object) -> None:
        """Record nothing."""

    def add_exception(self, *_: object, **__: object) -> None:
        """Record nothing."""


def make_tracer(env: Mapping[str, str]) -> Tracer:
    """Return a tracer: X-Ray's in Lambda, whose daemon the environment names, else one that is off."""
    if "AWS_XRAY_DAEMON_ADDRESS" not in env:
        silence: BaseProvider = cast("BaseProvider", Silence())
        return Tracer(service=SERVICE, disabled=True, provider=silence)
    # Patching every library that Powertools knows would import them all: botocore is the one we call.
    return Tracer(service=SERVICE, patch_modules=("botocore",))


logger = Logger(
    service=os.environ.get("POWERTOOLS_SERVICE_NAME") or SERVICE, level=os.environ.get("LOG_LEVEL") or "INFO"
)
metrics = Metrics(namespace=SERVICE, service=SERVICE)
tracer = make_tracer(os.environ)
