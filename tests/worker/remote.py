"""A stage in the emulator, which other processes see as well."""

from __future__ import annotations

from contextlib import suppress

import pytest

from functions.aws.clients import connect
from functions.aws.services import compose
from functions.aws.settings import Settings
from functions.local.emulator import ACCOUNT, Emulator
from tests.aws.stack import ENVIRONMENT, build
from tests.worker.stage import Stage


def make_stage(emulator: Emulator, monkeypatch: pytest.MonkeyPatch, *, lease_s: int) -> Stage:
    """Return a stage whose leases last `lease_s` seconds; this process has its environment from now on."""
    prefix = f"{emulator.url}/{ACCOUNT}/ifcpipe-test-"
    env = {**emulator.environment(), **ENVIRONMENT, "QUEUE_URL_PREFIX": prefix, "LEASE_SECONDS": str(lease_s)}
    env |= {"AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1"}
    for name, value in env.items():
        monkeypatch.setenv(name, value)
    settings, clients = Settings.from_environment(env), connect(env)
    with suppress(clients.dynamodb.exceptions.ResourceInUseException):
        build(clients, settings)
    return Stage(services=compose(settings, clients), clients=clients)
