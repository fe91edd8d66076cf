"""The inside of a job's child process: limits, one run, and reports as lines of JSON.

Everything it says goes through one pipe: `{"progress": [stage, done, total]}`, `{"warning": text}` and at
last `{"result": {...}}` or `{"error": {...}, "traceback": text}`, both with `cpu_s` and `peak_bytes`.
"""

from __future__ import annotations

import ctypes
import errno
import importlib
import json
import os
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing import forkserver, parent_process
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, NoReturn

from functions.core.compute import FargateSize, LambdaSize
from functions.core.errors import LimitError, MemoryLimitError, PipelineError
from functions.core.operation import Files, Operation
from functions.ifc import faults, watch

MAX_RESULT_BYTES = 4_000_000
MAX_WARNINGS = 500
MAX_WARNING_CHARS = 2_000
MAX_TRACEBACK_CHARS = 20_000
PROGRESS_INTERVAL_S = 0.1
PRELOAD = "IFCPIPE_PRELOAD"  # tells the fork server the operations that it serves
PR_SET_PDEATHSIG = 1
# What the worker, the fork server and the libraries take of a function's memory. A job that reached the
# whole of it would be ended together with the process that polls.
RESERVED_BYTES = 300_000_000


@dataclass(frozen=True, kw_only=True)
class FileSpec:
    """The files of one run, as the parent names them; `max_input_bytes` of None: the operation's own."""

    inputs: Mapping[str, Path]
    outputs: Path
    scratch: Path
    robust: bool = False
    max_input_bytes: int | None = None


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What one run may use: wall-clock seconds, also for one shape, and bytes of address space on top of the
    libraries.
    """

    wall_s: float = 3600.0
    shape_s: float = 60.0
    address_space_bytes: int | None = None

    @classmethod
    def of(cls, size: LambdaSize | FargateSize) -> Limits:
        """Return what a function or a task leaves to a child."""
        memory = size.memory_mb * 1_000_000
        space = max(memory - RESERVED_BYTES, memory // 2)
        return cls(wall_s=float(size.timeout_s), address_space_bytes=space)


@dataclass(frozen=True, kw_only=True)
class Task:
    """One run: what, of which request, on which files, within which address space, heeding which lessons."""

    operation: Operation
    request: Mapping[str, Any]
    files: FileSpec
    address_space_bytes: int | None
    lessons: watch.Lessons


def main(task: Task, reports: Connection, output: Connection) -> NoReturn:
    """Run a task in this process and report; never returns, so no destructor runs and no exit hook.

    A native library that crashes while it cleans up would otherwise turn a good result into a crash.
    """
    _die_with_parent()
    _redirect(output)
    reporter = Reporter(reports.fileno())
    try:
        importlib.import_module("functions.ifc.preload")  # no work, where the fork server has done it
        _confine(task)
        final = _run(task, reporter)
    except BaseException as error:  # noqa: BLE001 - the last resort: whatever it is, the parent must hear of it
        resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        final = _describe(error, task.operation.name)
    reporter.send({**final, **_usage()})
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):
            stream.flush()
    os._exit(0)


class Reporter:
    """Writes reports to the parent, few enough of them that a chatty operation does not drown it."""

    def __init__(self, fileno: int, *, clock: Callable[[], float] = time.monotonic) -> None:
        """Write to an open file descriptor."""
        self._fileno = fileno
        self._clock = clock
        self._next_progress = 0.0
        self._seen: dict[str, None] = {}

    def send(self, report: Mapping[str, Any]) -> None:
        """Write one report as one line."""
        rest = memoryview(json.dumps(report, allow_nan=False).encode() + b"\n")
        while rest:
            rest = rest[os.write(self._fileno, rest) :]

    def progress(self, stage: str, done: int, total: int) -> None:
        """Report progress, at most ten times a second, and the end of every stage."""
        now = self._clock()
        if now >= self._next_progress or done >= total:
            self._next_progress = now + PROGRESS_INTERVAL_S
            self.send({"progress": [str(stage), int(done), int(total)]})

    def work(self, work: watch.Work | None) -> None:
        """Report what native code works on now."""
        self.send({"work": work and [work.stream, work.engine, work.numbers]})

    def warn(self, message: str) -> None:
        """Report a warning once; after very many, report that there are more."""
        text = str(message)[:MAX_WARNING_CHARS]
        if text in self._seen or len(self._seen) > MAX_WARNINGS:
            return
        self._seen[text] = None
        more = len(self._seen) > MAX_WARNINGS
        self.send({"warning": f"More than {MAX_WARNINGS} warnings; the rest is left out." if more else text})


def _run(task: Task, reporter: Reporter) -> dict[str, Any]:
    """Import the implementation, run it, and return its result as a report."""
    operation, spec = task.operation, task.files
    request = operation.parse(task.request)
    limit = operation.max_input_bytes if spec.max_input_bytes is None else spec.max_input_bytes
    files = Files(
        inputs=spec.inputs,
        outputs=spec.outputs,
        scratch=spec.scratch,
        robust=spec.robust,
        max_input_bytes=limit,
        on_progress=reporter.progress,
        on_warning=reporter.warn,
    )
    watch.begin(reporter.work, task.lessons)
    result = operation.load()(request, files)
    if not isinstance(result, operation.result):
        raise PipelineError(f"{operation.name} returned a {type(result).__name__}, not its result")
    for message in faults.logged():
        reporter.warn(message)
    body = result.model_dump_json()  # NaN, which JSON does not know, becomes null
    if len(body) > MAX_RESULT_BYTES:
        raise PipelineError(f"A result of over {MAX_RESULT_BYTES} bytes belongs in an output")
    return {"result": json.loads(body)}


def _describe(error: BaseException, name: str) -> dict[str, Any]:
    """Turn any exception into a report: a typed error for the user, the stack for the log."""
    if isinstance(error, PipelineError):
        typed = error
    elif isinstance(error, MemoryError) or "bad_alloc" in str(error):
        typed = MemoryLimitError(f"{name} needs more memory than its limit")
    elif isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        typed = LimitError(f"{name} needs more disk than there is")
    else:
        unexpected = PipelineError(f"{name} stopped on an unexpected {type(error).__name__}")
        typed = faults.explain(error) or unexpected
    stack = "".join(traceback.format_exception(error))
    return {"error": typed.to_dict(), "traceback": stack[-MAX_TRACEBACK_CHARS:]}


def _usage() -> dict[str, Any]:
    """Return the CPU seconds and the peak of resident bytes of this process and its own children."""
    own = resource.getrusage(resource.RUSAGE_SELF)
    below = resource.getrusage(resource.RUSAGE_CHILDREN)
    seconds = own.ru_utime + own.ru_stime + below.ru_utime + below.ru_stime
    return {"cpu_s": round(seconds, 4), "peak_bytes": max(own.ru_maxrss, below.ru_maxrss) * 1024}


def _die_with_parent() -> None:
    """Lead an own session, and let the kernel kill it once the process that asked for the job is gone.

    The fork server, our real parent, lives as long as anybody holds its `alive` pipe; a child inherits
    it, so it must let go first. Then: parent dies -> fork server exits -> the kernel sends SIGKILL here.
    """
    os.setsid()
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    alive = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_alive_fd", None)
    if alive is not None:
        os.close(alive)
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    parent = parent_process()
    if parent is not None and not parent.is_alive():
        os._exit(1)


def _redirect(output: Connection) -> None:
    """Send stdout and stderr, native ones too, to the parent's pipe; a Lambda's own stdout is its result."""
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(output.fileno(), 1)
    os.dup2(output.fileno(), 2)
    output.close()


def _confine(task: Task) -> None:
    """Set the limits, and make scratch the place for everything temporary."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    scratch = str(task.files.scratch)
    os.chdir(scratch)
    os.environ["TMPDIR"] = tempfile.tempdir = scratch
    if task.address_space_bytes is not None:
        pages = int(Path("/proc/self/statm").read_text().split()[0])
        limit = pages * resource.getpagesize() + task.address_space_bytes
        resource.setrlimit(resource.RLIMIT_AS, (limit, resource.RLIM_INFINITY))
