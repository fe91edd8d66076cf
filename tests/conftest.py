"""What all tests share."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]

from functions.core.registry import operations
from functions.ifc.process import warm

pytest_plugins = ["tests.aws.stack", "tests.worker.stage"]

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
# Folders whose tests share what is dear to make: a stack, the image's content, the synthesised template.
WHOLE = {"e2e", "infra", "layers"}

# A shell that starts the tests in the background has them ignore Ctrl-C, and so would all that they start.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# How long an example takes says more about what else the machine does than about the example. And what passes
# once passes again: to look for new examples, `pytest -m hypothesis --hypothesis-profile search`.
settings.register_profile("search", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("shared", settings.get_profile("search"), derandomize=True)
settings.load_profile("shared")


class Scheduling(LoadScopeScheduling):  # type: ignore[misc]
    """Keeps in one process what shares fixtures: the tests of such a folder, elsewhere those of a file."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        folder = file.split("/")[1]
        return folder if folder in WHOLE else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Scheduling:
    """Distribute tests so, when they run in several processes."""
    return Scheduling(config, log)


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
