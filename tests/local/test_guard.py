"""The process that never outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from functions.local import guard
from tests.patience import until

# Starts a grandchild, says who it is, and never ends by itself; what is removed of its folder it makes again.
SCRIPT = """
import itertools, os, subprocess, sys, threading, time
def write():
    for number in itertools.count():
        os.makedirs(os.path.join(os.path.dirname(__file__), "state", str(number % 5000)), exist_ok=True)
threading.Thread(target=write, daemon=True).start()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
time.sleep(600)
"""
# A parent that starts the guard and waits to be killed.
PARENT = """
import subprocess, sys
command = [sys.executable, "-P", *sys.argv[1:]]
process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
print(process.pid, process.stdout.readline(), flush=True)
process.wait()
"""


def test_nothing_is_left_when_the_parent_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "state"
    folder.mkdir()
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    command = [sys.executable, "-c", PARENT, guard.__file__, str(folder), str(script)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        child, grandchild = (int(part) for part in parent.stdout.readline().split())
        assert guard.alive(child) and guard.alive(grandchild)
        assert guard.descendants(parent.pid) == [child, grandchild]
        parent.send_signal(signal.SIGKILL)
    until(lambda: not guard.alive(child) and not guard.alive(grandchild))
    until(lambda: not folder.exists())


def test_a_tree_that_keeps_growing_is_ended_whole(tmp_path: Path) -> None:
    """A process that has a new child every few milliseconds, and does not listen to SIGTERM.

    It would go on for longer than anybody is kept from ending it.
    """
    born = tmp_path / "born"
    growing = """
import signal, subprocess, sys, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with open(sys.argv[1], "w") as born:
    for _ in range(3000):
        print(subprocess.Popen(["sleep", "600"]).pid, file=born, flush=True)
        time.sleep(0.003)
"""
    with subprocess.Popen([sys.executable, "-c", growing, str(born)]) as process:
        until(lambda: born.exists() and born.read_text().count("\n") > 3)
        guard.end(process.pid)
    children = [int(line) for line in born.read_text().split()]
    assert 3 < len(children) < 3000
    until(lambda: not any(guard.alive(pid) for pid in children))


def test_a_process_that_has_ended_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not guard.alive(process.pid)  # a zombie
    process.wait()
    assert not guard.alive(process.pid)
    guard.kill([process.pid])
    assert guard.alive(os.getpid())


def test_a_process_that_is_forgotten_while_it_is_looked_at_is_not_alive(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    monkeypatch.setattr(os, "kill", lambda pid, number: None)  # it was a zombie then
    assert not guard.alive(process.pid)
