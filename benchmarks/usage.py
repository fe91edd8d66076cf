"""Who uses the processors: CPU seconds of a stack's processes, by what each of them is."""

from __future__ import annotations

import contextlib
import os
import re
from collections import defaultdict
from pathlib import Path

from functions.local import guard

FUNCTION = re.compile(r"/ministack-lambda-ifcpipe-\w+?-([a-z0-9-]+)-[^-/]+/_worker\.py")


def cpu(pid: int) -> dict[str, float]:
    """Return the CPU seconds of a process, those below it and their ended children, by kind."""
    used: defaultdict[str, float] = defaultdict(float)
    for each in (pid, *guard.descendants(pid)):
        with contextlib.suppress(OSError):
            stat = Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()
            line = Path(f"/proc/{each}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
            used[_kind(line)] += sum(int(field) for field in stat[11:15]) / os.sysconf("SC_CLK_TCK")
    return dict(used)


def _kind(line: str) -> str:
    """Return what a command line is: the emulator, a function, or the children that run operations."""
    if found := FUNCTION.search(line):
        return found[1]
    if "multiprocessing.forkserver" in line:
        return "child processes"
    return "emulated AWS"
