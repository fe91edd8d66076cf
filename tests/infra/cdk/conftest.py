"""The templates, synthesised once a session: it takes seconds each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App

from functions.core import FargateSize, LambdaSize, Operation, Request
from functions.core.registry import operations
from infra.cdk.app import build
from infra.cdk.local import synthesise
from infra.cdk.options import Options

Template = dict[str, Any]
# The layer needs pip and a registry: test_requirements.py looks at what goes into it.
NO_BUNDLING: dict[str, list[str]] = {"aws:cdk:bundling-stacks": []}


@dataclass(frozen=True)
class Resources:
    """A template, and how tests look into it."""

    template: Template
    folder: Path | None = None

    def of(self, kind: str) -> dict[str, Template]:
        """Return the resources of a type, by logical id."""
        return {
            name: resource
            for name, resource in self.template["Resources"].items()
            if resource["Type"] == f"AWS::{kind}"
        }

    def named(self, kind: str, field: str) -> dict[str, Template]:
        """Return the properties of the resources of a type by one of them, a name."""
        return {
            item["Properties"][field]: item["Properties"]
            for item in self.of(kind).values()
            if field in item["Properties"]
        }

    def id(self, kind: str, field: str, value: str) -> str:
        """Return the logical id of the resource with that name."""
        return next(name for name, item in self.of(kind).items() if item["Properties"].get(field) == value)


def dropped_in(name: str, compute: LambdaSize | FargateSize) -> Operation:
    """An operation as a new folder would bring it."""
    return Operation(package=f"functions.operations.{name}", request=Request, compute=compute)


@pytest.fixture(scope="session")
def known() -> Mapping[str, Operation]:
    """All operations, a light one more, and one that runs in tasks alone."""
    return {
        **operations(),
        "dropin": dropped_in(
            "dropin", LambdaSize(memory_mb=3000, timeout_s=120, disk_mb=4096, concurrency=7)
        ),
        "tasks": dropped_in("tasks", FargateSize(cpu=2048, memory_mb=8192, timeout_s=3600, disk_gb=40)),
    }


@pytest.fixture(scope="session")
def synth(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Resources]:
    """Synthesise the AWS flavour with some options, checked by cdk-nag as every synthesis is."""

    def run(known: Mapping[str, Operation], **options: Any) -> Resources:
        folder = tmp_path_factory.mktemp("cdk")
        app = App(outdir=str(folder), context=NO_BUNDLING, analytics_reporting=False)
        stack = build(app, options=Options(**options), known=known)
        return Resources(app.synth().get_stack_by_name(stack.stack_name).template, folder)

    return run


@pytest.fixture(scope="session")
def aws(synth: Callable[..., Resources], known: Mapping[str, Operation]) -> Resources:
    """The stage `dev` on AWS."""
    return synth(known, stage="dev")


@pytest.fixture(scope="session")
def prod(synth: Callable[..., Resources]) -> Resources:
    """A lasting stage with tokens instead of keys and a person to tell."""
    return synth(
        {},
        stage="prod",
        jwt_issuer="https://login.example.org",
        jwt_audience=("ifcpipe",),
        alarm_email="someone@example.org",
    )


@pytest.fixture(scope="session")
def local(known: Mapping[str, Operation]) -> Resources:
    """The local flavour with the two dropped-in operations."""
    return Resources(synthesise(known))
