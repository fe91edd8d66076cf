"""Workers that poll queues from this machine: in the foreground, in the background, or as our children."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

from functions.core.errors import ConflictError, PipelineError
from functions.local import guard, state
from functions.local.state import Record

MODULE = "functions.worker.poll"
STOP_SECONDS = 10
END_SECONDS = 60  # a stack ends its emulator, its functions and their children first, on a busy machine too


@dataclass(frozen=True)
class Child:
    """One polling process. It ends with us, however we end, unless it was started `detached`."""

    process: subprocess.Popen[bytes]

    @classmethod
    def start(
        cls,
        operations: Sequence[str],
        *,
        name: str,
        env: Mapping[str, str],
        log: Path | None = None,
        concurrency: int = 1,
        detached: bool = False,
    ) -> Self:
        """Start polling the queues of some operations; without a log it writes where we do."""
        with nullcontext() if log is None else log.open("ab") as file:
            process = subprocess.Popen(
                command(operations, concurrency=concurrency, name=name, tied=not detached),
                stdin=subprocess.DEVNULL if detached else subprocess.PIPE,
                stdout=file,
                stderr=None if log is None else subprocess.STDOUT,
                env={**os.environ, **env},
                start_new_session=True,
            )
        return cls(process)

    def stop(self) -> None:
        """Let the worker hand its jobs back, then end it and everything below."""
        below = guard.descendants(self.process.pid)
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        guard.kill(below)
        self._let_go()

    def end(self) -> None:
        """End the worker and everything below at once: its jobs are gone with their stack."""
        guard.end(self.process.pid)
        self.process.wait()
        self._let_go()

    def _let_go(self) -> None:
        if self.process.stdin:
            self.process.stdin.close()


def command(operations: Sequence[str], *, concurrency: int, name: str, tied: bool) -> list[str]:
    """Return the command line of a polling worker; a tied one ends with its standard input."""
    heartbeat = state.path(name).with_suffix(".heartbeat")
    options = ["--concurrency", str(concurrency), "--name", name, "--heartbeat", str(heartbeat.resolve())]
    return [sys.executable, "-m", MODULE, *operations, *options, *(["--tied"] if tied else [])]


def run(name: str, operations: Sequence[str], *, concurrency: int, env: Mapping[str, str]) -> int:
    """Poll in the foreground until interrupted; returns the worker's exit code."""
    with _registered(name, operations, pid=os.getpid()):
        child = Child.start(operations, name=name, env=env, concurrency=concurrency)
        try:
            return child.process.wait()
        finally:
            child.stop()


def start(name: str, operations: Sequence[str], *, concurrency: int, env: Mapping[str, str]) -> Record:
    """Poll in the background; `down NAME` ends it."""
    _refuse_second(name)
    log = state.path(name).with_suffix(".log")
    log.parent.mkdir(mode=0o700, exist_ok=True)
    child = Child.start(operations, name=name, env=env, log=log, concurrency=concurrency, detached=True)
    record = _record(name, operations, child.process.pid)
    state.write(record)
    return record


def stats(record: Record) -> dict[str, Any]:
    """Return what a worker last said of itself: uptime, active and processed tasks."""
    try:
        found: dict[str, Any] = json.loads(state.path(record.name).with_suffix(".heartbeat").read_text())
    except (OSError, ValueError):
        return {}
    return found


@contextmanager
def _registered(name: str, operations: Sequence[str], *, pid: int) -> Iterator[None]:
    """Have a record while it runs."""
    _refuse_second(name)
    state.write(_record(name, operations, pid))
    try:
        yield
    finally:
        state.remove(name)


def _refuse_second(name: str) -> None:
    if state.read(name) is not None:
        raise ConflictError(f"{name!r} runs already: choose another --name", field="--name")


def _record(name: str, operations: Sequence[str], pid: int) -> Record:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return Record(
        name=name,
        kind="worker",
        pid=pid,
        born=guard.born(pid),
        started_at=now,
        operations=tuple(operations),
    )


def end(record: Record, *, seconds: float = END_SECONDS) -> None:
    """End a stack or a worker that another command started, and wait until it is gone."""
    if record.alive:
        os.kill(record.pid, signal.SIGTERM)
    until = time.monotonic() + seconds
    while record.alive:
        if time.monotonic() > until:
            raise PipelineError(f"process {record.pid} does not end")
        time.sleep(0.05)
    state.remove(record.name)
