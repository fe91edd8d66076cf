"""One local stack for all end-to-end tests, with leases short enough to be waited for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from functions.client import Client
from functions.local.stack import Stack

ROOT = Path(__file__).resolve().parents[2]
HERE = Path(__file__).resolve().parent
LEASE_S = 6  # a beat that is seconds late costs no lease


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder."""
    for item in items:
        if HERE in item.path.parents:
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """A running stack; its API key may do everything."""
    parameters = {
        "LeaseSeconds": str(LEASE_S),
        "DefaultOperations": json.dumps({"incoming/": ["ifcinfo"]}),
    }
    with Stack(parameters=parameters) as stack:
        yield stack.start()


@pytest.fixture
def client(stack: Stack) -> Iterator[Client]:
    with Client(stack.url, stack.key) as client:
        yield client


@pytest.fixture(scope="session")
def house() -> Path:
    return ROOT / "examples" / "house-architecture.ifc"


@pytest.fixture
def put(stack: Stack) -> Callable[..., None]:
    """Put an object into the input bucket, as somebody with AWS's own tools does."""
    s3, bucket = stack.client("s3"), stack.environment["INPUT_BUCKET"]

    def put(key: str, body: bytes, **metadata: str) -> None:
        s3.put_object(Bucket=bucket, Key=key, Body=body, Metadata=metadata)

    return put


@pytest.fixture
def settle(stack: Stack) -> Callable[[], None]:
    """Run the sweep once, as its schedule does."""

    def settle() -> None:
        answer = stack.client("lambda").invoke(FunctionName="ifcpipe-local-reap-sweep", Payload=b"{}")
        assert "FunctionError" not in answer, answer["Payload"].read()

    return settle


def command_of(pid: int) -> str:
    """Return the command line of a process; none when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().decode()
    except OSError:
        return ""


def distinct(model: bytes, name: str) -> bytes:
    """Return the same model with other content, so that no earlier job answers for it."""
    return model.replace(b"DATA;", f"DATA;\n/* {name} */".encode(), 1)


@pytest.fixture
def environment(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a worker on this machine needs in its environment."""
    monkeypatch.setattr(os, "environ", {**os.environ, **stack.environment})
    return {**os.environ}
