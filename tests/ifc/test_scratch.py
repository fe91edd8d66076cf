"""A worker that is killed leaves nothing behind for good."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from functions.ifc import scratch

HOLD = """
from functions.ifc import process, scratch
(scratch.home() / "model.ifc").write_text("walls")
process.warm()
print(scratch.home(), flush=True)
input()
"""


@pytest.fixture
def holder(tmp_path: Path) -> subprocess.Popen[str]:
    """Another process with a folder of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", HOLD],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def test_the_folder_of_a_killed_process_is_removed_and_of_a_living_one_not(
    holder: subprocess.Popen[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().strip())
        scratch.sweep()
        assert (folder / "model.ifc").read_text() == "walls"
        holder.send_signal(signal.SIGKILL)
        holder.wait()
    scratch.sweep()
    assert list(tmp_path.iterdir()) == []


def test_a_process_that_ends_leaves_nothing(holder: subprocess.Popen[str], tmp_path: Path) -> None:
    with holder:
        assert holder.stdout is not None
        folder = Path(holder.stdout.readline().strip())
        assert folder.parent == tmp_path
        holder.communicate("\n", timeout=30)
    assert holder.returncode == 0
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_was_tidied_away_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scratch, "_homes", [])
    first = scratch.home()
    assert scratch.home() == first
    first.rmdir()
    assert scratch.home().is_dir()
