"""Runs one operation in a child process with limits, so that native code can only end its own job.

Children are forked from a fork server that has ifcopenshell imported already. The caller's process imports
neither it nor numpy, and only ever reads JSON from a child. Safe to call from several threads at a time.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing import connection, forkserver
from multiprocessing.context import ForkServerProcess as Child
from typing import Any

from functions.core.errors import Cancelled, CrashError, MemoryLimitError, PipelineError, TimeLimitError
from functions.core.operation import Operation, Result
from functions.ifc import child, scratch
from functions.ifc.child import FileSpec, Limits, Task
from functions.ifc.watch import Lessons, Work

__all__ = ["FatalError", "FileSpec", "Limits", "Outcome", "StuckError", "run_in_child", "warm"]

TAIL_BYTES = 16_000
MAX_REPORT_BYTES = 2 * child.MAX_RESULT_BYTES
TICK_S = 0.1
DEATH_S = 10.0
READ_BYTES = 65_536
DRAIN_READS = 1_000

_CONTEXT = multiprocessing.get_context("forkserver")
# multiprocessing polls every living child whenever one is started, and an exit code can be read only
# once: starting and reaping must not overlap. `__main__` is hidden under the same lock.
_LOCK = threading.Lock()
_wanted: dict[str, None] = {}


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What a run left: result, warnings, CPU and wall-clock seconds, peak of resident bytes, last output."""

    result: Result
    warnings: tuple[str, ...]
    cpu_s: float
    wall_s: float
    peak_bytes: int
    output_tail: str


class StuckError(TimeLimitError):
    """Native code is at one shape for too long."""

    def __init__(self, message: str, work: Work) -> None:
        """Keep what it works on."""
        super().__init__(message)
        self.work = work


class FatalError(CrashError):
    """Native code died of a shape."""

    def __init__(self, message: str, work: Work) -> None:
        """Keep what it worked on."""
        super().__init__(message)
        self.work = work


def _ignore(*_: object) -> None:
    """Listen to nothing."""


def _never() -> bool:
    """Keep running."""
    return False


def warm(operations: Iterable[str] = ()) -> None:
    """Start the fork server, which imports ifcopenshell in its own time; does not wait for it.

    `operations` are the names of those that this process will run: what they import is imported once.
    """
    with _LOCK:
        _wanted.update(dict.fromkeys(operations))
        _serve()


def run_in_child(
    operation: Operation,
    request: Mapping[str, Any],
    files: FileSpec,
    *,
    limits: Limits,
    lessons: Lessons = Lessons(),  # noqa: B008 - it is frozen
    on_progress: Callable[[str, int, int], None] = _ignore,
    on_warning: Callable[[str], None] = _ignore,
    should_stop: Callable[[], bool] = _never,
) -> Outcome:
    """Run `operation` on `request` in a fresh process and return its outcome.

    Raises the PipelineError that the run raised, or TimeLimitError, MemoryLimitError, CrashError (native
    code died), Cancelled (`should_stop` said so); each with `output_tail` and `traceback_text` for the log.
    A StuckError or a FatalError says which shapes were being made: see `functions.ifc.watch`.
    Whatever happens, also an exception of a callback, the child and its whole group are dead afterwards.
    """
    task = Task(
        operation=operation,
        request=dict(request),
        files=files,
        address_space_bytes=limits.address_space_bytes,
        lessons=lessons,
    )
    started = time.monotonic()
    run = _Run(task, on_progress=on_progress, on_warning=on_warning)
    try:
        try:
            run.watch(deadline=started + limits.wall_s, shape_s=limits.shape_s, should_stop=should_stop)
        finally:
            run.end()
        return run.outcome(operation, wall_s=time.monotonic() - started)
    except PipelineError as error:
        error.output_tail = run.output_tail
        raise


class _Source:
    """The reading end of a pipe; reading never blocks."""

    def __init__(self, pipe: connection.Connection) -> None:
        os.set_blocking(pipe.fileno(), False)
        self._pipe = pipe

    def fileno(self) -> int:
        return self._pipe.fileno()

    @property
    def open(self) -> bool:
        """Whether somebody may still write."""
        return not self._pipe.closed

    def read(self) -> bytes:
        """Return what is there, at most `READ_BYTES`; closes itself at the end."""
        if self._pipe.closed:
            return b""
        try:
            data = os.read(self._pipe.fileno(), READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            self.close()
        return data

    def close(self) -> None:
        self._pipe.close()


class _Run:
    """One child process and what has been heard of it."""

    def __init__(
        self, task: Task, *, on_progress: Callable[[str, int, int], None], on_warning: Callable[[str], None]
    ) -> None:
        """Fork the child."""
        self._on_progress = on_progress
        self._on_warning = on_warning
        self.final: dict[str, Any] | None = None
        self.warnings: list[str] = []
        self.exitcode: int | None = None
        self._work: Work | None = None
        self._heard = 0.0
        self._unread = bytearray()
        self._tail = bytearray()
        reports, reports_end = _CONTEXT.Pipe(duplex=False)
        output, output_end = _CONTEXT.Pipe(duplex=False)
        self._reports, self._output = _Source(reports), _Source(output)
        try:
            with reports_end, output_end:
                self._process = _start(task, reports_end, output_end)
        except BaseException:
            self._reports.close()
            self._output.close()
            raise

    @property
    def output_tail(self) -> str:
        """The last of what the child wrote to stdout and stderr."""
        return self._tail.decode("utf-8", "replace")

    def watch(self, *, deadline: float, shape_s: float, should_stop: Callable[[], bool]) -> None:
        """Listen until the child has reported its end, or is gone."""
        ask = 0.0
        while self.final is None:
            sources = [source.fileno() for source in (self._reports, self._output) if source.open]
            ready = connection.wait([*sources, self._process.sentinel], TICK_S)
            now = time.monotonic()  # judged is what was so then: all that was told by then is heard below
            self._listen()
            if self.final is not None or self._process.sentinel in ready:
                return
            if now >= deadline:
                raise TimeLimitError("The job ran longer than its time limit")
            if self._work and not self._unread and now >= self._heard + shape_s:
                raise StuckError(f"One shape takes longer than {shape_s:g} s", self._work)
            if now >= ask:
                ask = now + TICK_S
                if should_stop():
                    raise Cancelled("The job was cancelled while it ran")

    def end(self) -> None:
        """Kill what is left of the child and of all that it started, hear its last words, free its pipes."""
        self._on_progress = self._on_warning = _ignore  # a listener that failed must not do so again
        try:
            _kill(self._process)
            connection.wait([self._process.sentinel], DEATH_S)
            with suppress(PipelineError):
                for _ in range(DRAIN_READS):
                    if not self._listen():
                        break
        finally:
            self._reports.close()
            self._output.close()
            with _LOCK:
                self._process.join(0)
                self.exitcode = self._process.exitcode
                with suppress(ValueError):  # not dead after all this time: stuck in the kernel
                    self._process.close()

    def outcome(self, operation: Operation, *, wall_s: float) -> Outcome:
        """Return the outcome of an ended child, or raise what it stands for."""
        if self.final is None:
            raise _death(operation.name, self.exitcode, self.output_tail, self._work)
        if "error" in self.final:
            error = PipelineError.from_dict(self.final["error"])
            error.traceback_text = self.final["traceback"]
            raise error
        return Outcome(
            result=operation.result.model_validate(self.final["result"]),
            warnings=tuple(self.warnings),
            cpu_s=self.final["cpu_s"],
            wall_s=round(wall_s, 4),
            peak_bytes=self.final["peak_bytes"],
            output_tail=self.output_tail,
        )

    def _listen(self) -> bool:
        """Take in what the child has written; return whether there was anything."""
        output = self._output.read()
        self._tail = (self._tail + output)[-TAIL_BYTES:]
        reports = self._reports.read()
        self._unread += reports
        *lines, self._unread = self._unread.split(b"\n")
        if len(self._unread) > MAX_REPORT_BYTES:
            raise PipelineError("The job reports more than it may")
        for line in lines:
            try:
                report = json.loads(line)
            except ValueError:
                raise PipelineError("The job's reports cannot be read") from None
            self._take(report)
        return bool(output or reports)

    def _take(self, report: dict[str, Any]) -> None:
        """Pass on one report."""
        if "progress" in report:
            self._on_progress(*report["progress"])
        elif "warning" in report:
            self.warnings.append(report["warning"])
            self._on_warning(report["warning"])
        elif "work" in report:
            self._work, self._heard = _work(report["work"]), time.monotonic()
        else:
            self.final = report


def _start(task: Task, reports: connection.Connection, output: connection.Connection) -> Child:
    """Start a child; once more when the fork server has died meanwhile and left a dead socket behind."""
    with _LOCK:
        for last in (False, True):
            _serve()
            process = _CONTEXT.Process(target=child.main, args=(task, reports, output), daemon=True)
            try:
                with _hidden_main():
                    process.start()
            except (OSError, EOFError):
                if last:
                    raise
            else:
                return process
    raise AssertionError("unreachable")


def _serve() -> None:
    """Have the fork server running, with the import path of this process.

    The environment is changed only to start one: other threads may be reading it in C. Strings hash alike in
    every child, so that a library that goes through a set of them goes the same way every time.
    """
    if _serving():
        return
    _CONTEXT.set_forkserver_preload(["functions.ifc.preload"])
    # Else multiprocessing makes a folder of its own for the server's socket, which a kill leaves behind.
    multiprocessing.process.current_process()._config["tempdir"] = str(scratch.home())  # type: ignore[attr-defined]
    path = os.pathsep.join(entry or os.getcwd() for entry in sys.path)  # noqa: PTH109
    environment = {"PYTHONPATH": path, "PYTHONHASHSEED": "0", child.PRELOAD: " ".join(_wanted)}
    with _changed(environment), _hidden_main():
        forkserver.ensure_running()


@contextmanager
def _changed(variables: Mapping[str, str]) -> Iterator[None]:
    """Have other environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def _serving() -> bool:
    """Whether the fork server lives; looks without reaping it, which is multiprocessing's to do."""
    pid = getattr(getattr(forkserver, "_forkserver", None), "_forkserver_pid", None)
    if pid is None:
        return False
    try:
        return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is None
    except ChildProcessError:
        return False


@contextmanager
def _hidden_main() -> Iterator[None]:
    """Keep children from importing `__main__` again: in a Lambda that is the runtime's endless loop."""
    main: dict[str, object] = sys.modules["__main__"].__dict__
    hidden: dict[str, object] = {name: main.pop(name) for name in ("__file__", "__spec__") if name in main}
    main["__spec__"] = None
    try:
        yield
    finally:
        del main["__spec__"]
        main.update(hidden)


def _kill(process: Child) -> None:
    """Kill the process group of a child; before the child leads one, the child alone."""
    pid = process.pid
    assert pid is not None  # noqa: S101 - it has been started
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        if not connection.wait([process.sentinel], 0):  # alive, so the number is still its own
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _work(told: Sequence[Any] | None) -> Work | None:
    """Return what a child has told of its work; nothing where no shape is left to be made."""
    return Work(told[0], told[1], tuple(told[2])) if told and told[2] else None


def _death(name: str, exitcode: int | None, output: str, work: Work | None) -> PipelineError:
    """Return what the death of a child means that has reported no result."""
    if exitcode is None or exitcode >= 0:
        return CrashError(f"{name} ended without a result (exit code {exitcode})")
    number = -exitcode
    word = signal.Signals(number).name if number in signal.valid_signals() else f"signal {number}"
    if number == signal.SIGKILL:
        return MemoryLimitError(f"{name} was killed by the system ({word}), as it does when memory runs out")
    if number == signal.SIGABRT and "bad_alloc" in output:
        return MemoryLimitError(f"{name} needs more memory than its limit")
    message = f"{name} crashed in native code ({word})"
    return CrashError(message) if work is None else FatalError(message, work)
