"""A child process that never outlives its parent and takes its own children along.

`python -P guard.py FOLDER SCRIPT` runs a script and watches its standard input, which the
parent holds open. When the parent is gone, however it died, the pipe closes: another process, of
`python -P guard.py FOLDER`, ends this one with everything below it and removes the folder.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path


def children() -> dict[int, list[int]]:
    """Return the children of every process of this machine."""
    found: dict[int, list[int]] = {}
    for pid, parent in _processes():
        found.setdefault(parent, []).append(pid)
    return found


def descendants(pid: int) -> list[int]:
    """Return every process below `pid`, parents first."""
    tree = children()
    found: list[int] = []
    todo = [pid]
    while todo:
        below = tree.get(todo.pop(0), [])
        found += below
        todo += below
    return found


def kill(pids: list[int]) -> None:
    """End processes at once; those already gone are fine."""
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def end(pid: int) -> None:
    """End a process and everything below it but this one at once, whatever they are doing.

    All are held before the first is ended: none can have a child that was not seen.
    """
    held: set[int] = set()
    while fresh := {pid, *descendants(pid)} - held - {os.getpid()}:
        for each in fresh:
            with contextlib.suppress(ProcessLookupError):
                os.kill(each, signal.SIGSTOP)
        held |= fresh
    kill(sorted(held))


def alive(pid: int) -> bool:
    """Return whether a process runs; a zombie does not."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:  # gone since, or a system without such files
        return not Path("/proc/self").exists()


def born(pid: int) -> str | None:
    """Return when a process began, in the system's own terms: a number is given to another one some day."""
    stat = Path(f"/proc/{pid}/stat")
    with contextlib.suppress(OSError):
        return stat.read_text().rpartition(")")[2].split()[19]  # field 22 of proc(5), in ticks since the boot
    if Path("/proc/self").exists():
        return None
    command = ["/bin/ps", "-o", "lstart=", "-p", str(pid)]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout.strip() or None


def _processes() -> Iterator[tuple[int, int]]:
    """Yield (pid, parent) of all processes: from /proc, or from `ps` where there is none."""
    proc = Path("/proc")
    if not (proc / "self").exists():
        listing = subprocess.run(
            ["/bin/ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
        )
        for line in listing.stdout.splitlines():
            pid, parent = line.split()
            yield int(pid), int(parent)
        return
    for entry in proc.iterdir():
        if entry.name.isdigit():
            with contextlib.suppress(OSError):
                yield int(entry.name), int((entry / "stat").read_text().rpartition(")")[2].split()[1])


def _watch(folder: str) -> None:
    """Wait for the parent's end of the pipe to close, then have nothing left behind.

    By another process: the script's threads write into the folder for as long as this one lives.
    """
    while os.read(0, 1024):
        pass
    subprocess.Popen([sys.executable, "-P", __file__, folder], stdin=subprocess.DEVNULL)


def _bury(pid: int, folder: str) -> None:
    """End a process with everything below it, and remove its folder when it is gone."""
    end(pid)
    while alive(pid):
        time.sleep(0.01)
    shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Run the script under watch; without one, end the guard that has started this process."""
    folder, *script = sys.argv[1:]
    if not script:
        _bury(os.getppid(), folder)
        return
    threading.Thread(target=_watch, args=(folder,), daemon=True).start()
    sys.argv = script
    runpy.run_path(script[0], run_name="__main__")


if __name__ == "__main__":
    main()
