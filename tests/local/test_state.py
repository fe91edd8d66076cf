"""The records of what runs."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from functions.core.errors import InputError
from functions.local import guard, state
from functions.local.state import Record


def record(name: str = "local", pid: int | None = None) -> Record:
    pid = pid or os.getpid()
    began = guard.born(pid)
    return Record(name=name, kind="stack", pid=pid, born=began, started_at="2026-01-01T00:00:00", key="k")


def test_what_was_written_is_read(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    path = state.write(record(), folder)
    assert state.read("local", folder) == record()
    assert path.stat().st_mode & 0o077 == 0
    assert folder.stat().st_mode & 0o077 == 0
    state.remove("local", folder)
    assert state.read("local", folder) is None


def test_a_record_of_a_dead_process_is_forgotten(tmp_path: Path) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    path = state.write(record(pid=process.pid), tmp_path)
    assert state.read("local", tmp_path) is None
    assert not path.exists()


def test_a_process_that_was_given_the_number_of_a_dead_one_is_not_taken_for_it(tmp_path: Path) -> None:
    state.write(record().model_copy(update={"born": "1"}), tmp_path)
    assert state.read("local", tmp_path) is None


def test_records_come_by_name_and_broken_ones_not_at_all(tmp_path: Path) -> None:
    for name in ("b", "a"):
        state.write(record(name), tmp_path)
    (tmp_path / "c.json").write_text("{")
    assert [found.name for found in state.records(tmp_path)] == ["a", "b"]


@pytest.mark.parametrize("name", ["", "../x", "a/b", ".hidden", "x" * 80])
def test_a_name_is_no_path(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError):
        state.path(name, tmp_path)
