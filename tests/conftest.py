"""What all tests share."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

from functions.core.registry import operations
from functions.ifc.process import warm

pytest_plugins = ["tests.aws.stack", "tests.worker.stage"]

TESTS = Path(__file__).resolve().parent
ROOT = TESTS.parent
# Folders whose tests share what is dear to make: a stack, the image's content, the synthesised template.
WHOLE = {"e2e", "infra", "layers"}

# How long an example takes says more about what else the machine does than about the example.
settings.register_profile("shared", deadline=None)
settings.load_profile("shared")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep in one process what shares fixtures: the tests of such a folder, elsewhere those of a file."""
    for item in items:
        place = item.path.relative_to(TESTS)
        group = place.parts[0] if place.parts[0] in WHOLE else place.as_posix()
        item.add_marker(pytest.mark.xdist_group(group))


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
