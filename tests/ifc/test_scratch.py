"""A worker that is killed leaves nothing behind for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.ifc import scratch
from tests.patience import PATIENCE_S

HOLD = """
from functions.ifc import process, scratch
(scratch.home() / "model.ifc").write_text("walls")
process.warm()
print(scratch.home(), flush=True)
input()
"""


def hold(folder: Path) -> subprocess.Popen[str]:
    """Start another process with a folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "TMPDIR": str(folder)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.fixture
def short() -> Iterator[Path]:
    """A folder for temporary files that a socket can lie in, whatever pytest's own is called."""
    with tempfile.TemporaryDirectory(prefix="t", dir="/tmp") as name:
        yield Path(name)


@pytest.fixture
def holder(short: Path) -> subprocess.Popen[str]:
    """Another process with a folder of its own."""
    return hold(short)


def test_a_folder_for_temporary_files_may_have_a_long_name(tmp_path: Path) -> None:
    long = tmp_path / ("x" * 100)
    long.mkdir()
    with hold(long) as process:
        assert process.stdout is not None
        folder = Path(process.stdout.readline().strip())
        assert (folder / "model.ifc").is_file()
        process.communicate("\n", timeout=PATIENCE_S)
    assert process.returncode == 0
    assert not folder.exists()


def test_the_folder_of_a_killed_process_is_removed_and_of_a_living_one_not(
    holder: subprocess.Popen[str], short: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(short))
    with holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().strip())
        scratch.sweep()
        assert (folder / "model.ifc").read_text() == "walls"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    scratch.sweep()
    assert list(short.iterdir()) == []


def test_a_process_that_ends_leaves_nothing(holder: subprocess.Popen[str], short: Path) -> None:
    with holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().strip())
        assert folder.parent == short
        holder.communicate("\n", timeout=PATIENCE_S)
    assert holder.returncode == 0
    assert list(short.iterdir()) == []


def test_a_folder_that_was_tidied_away_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_homes", [])
    first = scratch.home()
    assert scratch.home() == first
    first.rmdir()
    assert scratch.home().is_dir()
