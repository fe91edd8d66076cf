"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from functions.core.registry import operations
from functions.ifc.process import warm

pytest_plugins = ["tests.aws.stack", "tests.worker.stage"]

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session", autouse=True)
def _warm() -> None:
    """Have the fork server import all operations once, as a worker does with its own."""
    warm(operations())


@pytest.fixture(scope="session")
def corpus() -> Path:
    """The test material that is not part of the project."""
    path = Path(os.environ.get("IFCPIPE_CORPUS", ROOT.parent / "shared" / "corpus"))
    if not path.is_dir():
        pytest.skip(f"no corpus at {path}: set IFCPIPE_CORPUS")
    return path
