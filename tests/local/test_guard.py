"""The process that never outlives its parent."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from functions.local import guard

# Starts a grandchild, says who it is, and never ends by itself.
SCRIPT = """
import subprocess, sys, time
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


def gone(pid: int) -> bool:
    end = time.monotonic() + 10
    while guard.alive(pid) and time.monotonic() < end:
        time.sleep(0.02)
    return not guard.alive(pid)


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
    assert gone(child) and gone(grandchild)
    assert not folder.exists()


def test_a_process_that_has_ended_is_not_alive() -> None:
    process = subprocess.Popen([sys.executable, "-c", ""])
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
    assert not guard.alive(process.pid)  # a zombie
    process.wait()
    assert not guard.alive(process.pid)
    guard.kill([process.pid])
    assert guard.alive(os.getpid())
