"""The worker as a loop over queues, for the local stack and for any machine of your own.

    python -m functions.worker.poll ifcinfo heavy --concurrency 2 --name one --heartbeat one.json

`heavy` is the queue of the jobs of all operations that outgrow a function.
One thread an operation waits for messages; each job runs in a thread of its own, at most `concurrency` at a
time. Nothing that a message or a queue does ends the loop.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from threading import Event, Lock, Semaphore, Thread, current_thread

from pydantic import ValidationError

from functions.aws.queues import Delivery
from functions.aws.services import Services, services
from functions.aws.telemetry import logger
from functions.core import registry
from functions.core.compute import HEAVY
from functions.core.errors import PipelineError
from functions.core.message import Message
from functions.ifc import process
from functions.worker.lease import visibility
from functions.worker.runner import execute
from functions.worker.task import stop_on_signals
from functions.worker.verdict import Verdict

WAIT_S = 5  # a long poll; also what stopping may have to wait for
HEARTBEAT_S = 2.0
GRACE_S = 8.0
LONGEST_PAUSE_S = 30.0  # while a queue cannot be read


@dataclass(frozen=True)
class Stats:
    """What a worker says about itself. Uptime is in seconds."""

    worker: str
    pid: int
    operations: tuple[str, ...]
    concurrency: int
    uptime: float
    active_tasks: int
    processed_tasks: int
    stopping: bool


class Poller:
    """Takes messages of some operations and runs their jobs, until it is stopped."""

    def __init__(
        self,
        services: Services,
        operations: Iterable[str],
        *,
        concurrency: int = 1,
        name: str = "worker",
        wait_s: int = WAIT_S,
        heartbeat: Path | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare a worker; `heartbeat` is a file to write its stats to."""
        self._services = services
        self._operations = tuple(operations)
        self._concurrency = concurrency
        self._name = name
        self._wait_s = wait_s
        self._heartbeat = heartbeat
        self._clock = clock
        self._started = clock()
        self._stop = Event()
        self._slots = Semaphore(concurrency)
        self._lock = Lock()
        self._active = 0
        self._processed = 0
        self._jobs: set[Thread] = set()

    def run(self, stop: Event | None = None) -> None:
        """Poll until `stop` is set or `stop()` called, then hand back what runs and return."""
        if known := [name for name in self._operations if name != HEAVY]:  # those are rare, and may be any
            process.warm(known)
        logger.info("worker started", worker=self._name, operations=self._operations)
        threads: dict[str, Thread] = {}
        asked = stop or self._stop
        while not (self._stop.is_set() or asked.is_set()):
            for operation in self._operations:
                if operation not in threads or not threads[operation].is_alive():
                    threads[operation] = Thread(target=self._poll, args=(operation,), daemon=True)
                    threads[operation].start()
            self._write()
            asked.wait(HEARTBEAT_S)
        self.stop()
        self._join(threads.values())
        if self._heartbeat is not None:
            self._heartbeat.unlink(missing_ok=True)
        logger.info("worker stopped", worker=self._name, processed_tasks=self._processed)

    def stop(self) -> None:
        """Ask the worker to stop: running jobs are handed back and their messages made visible."""
        self._stop.set()

    def stats(self) -> Stats:
        """Return what the worker does now."""
        with self._lock:
            return Stats(
                worker=self._name,
                pid=os.getpid(),
                operations=self._operations,
                concurrency=self._concurrency,
                uptime=round(self._clock() - self._started, 1),
                active_tasks=self._active,
                processed_tasks=self._processed,
                stopping=self._stop.is_set(),
            )

    def _poll(self, operation: str) -> None:
        """Receive messages of one operation for as long as there are free slots."""
        failures = 0
        while not self._stop.is_set():
            if not self._slots.acquire(timeout=1):
                continue
            self._slots.release()  # only waited for: an empty queue must not hold a slot
            try:
                delivery = self._receive(operation)
                failures = 0
            except PipelineError as error:
                failures += 1
                logger.warning("queue not read", operation=operation, reason=error.message)
                self._stop.wait(min(LONGEST_PAUSE_S, 0.25 * 2 ** min(failures, 10)))
                continue
            if delivery is not None:
                self._dispatch(operation, delivery)

    def _receive(self, operation: str) -> Delivery | None:
        lease_s = self._services.settings.lease_seconds
        return self._services.queues.receive(operation, wait_s=self._wait_s, visibility_s=visibility(lease_s))

    def _dispatch(self, operation: str, delivery: Delivery) -> None:
        """Run a message's job in a thread as soon as there is a slot; keep the message hidden till then."""
        lease_s = self._services.settings.lease_seconds
        hidden = self._clock()
        while not self._stop.is_set() and not self._slots.acquire(timeout=0.5):
            if self._clock() - hidden > lease_s / 3:
                self._settle(operation, delivery, Verdict(visibility(lease_s)))
                hidden = self._clock()
        if self._stop.is_set():  # a slot that was taken meanwhile is of no use to anybody
            self._settle(operation, delivery, Verdict(0))
            return
        thread = Thread(target=self._work, args=(operation, delivery), daemon=True)
        with self._lock:
            self._jobs.add(thread)
            self._active += 1
        thread.start()

    def _work(self, operation: str, delivery: Delivery) -> None:
        """Run one job and settle its message."""
        try:
            self._settle(operation, delivery, self._execute(operation, delivery))
        finally:
            with self._lock:
                self._jobs.discard(current_thread())
                self._active -= 1
                self._processed += 1
            self._slots.release()

    def _execute(self, operation: str, delivery: Delivery) -> Verdict:
        try:
            message = Message.model_validate_json(delivery.body)
        except ValidationError:
            # Not ours, and never will be: after its receives it lies with the dead letters.
            logger.error("message is malformed", operation=operation, receives=delivery.receives)
            return Verdict(1)
        return execute(
            self._services,
            message.job_id,
            owner=f"{self._name}/{uuid.uuid4().hex[:8]}",
            extend=partial(self._extend, operation, delivery.receipt),
            stop=self._stop,
        )

    def _extend(self, operation: str, receipt: str, seconds: int) -> None:
        self._services.queues.extend(operation, receipt, seconds=seconds)

    def _settle(self, operation: str, delivery: Delivery, verdict: Verdict) -> None:
        """Delete a message or hide it; when that fails it comes again, and finds the job ended."""
        try:
            if verdict.retry_s is None:
                self._services.queues.delete(operation, delivery.receipt)
            else:
                self._extend(operation, delivery.receipt, verdict.retry_s)
        except PipelineError as error:
            logger.warning("message not settled", operation=operation, reason=error.message)

    def _join(self, threads: Iterable[Thread]) -> None:
        """Wait for jobs to be handed back and for the last long polls to end."""
        end = self._clock() + GRACE_S
        with self._lock:
            running = list(self._jobs)
        for thread in [*running, *threads]:
            thread.join(max(0.0, end - self._clock()))

    def _write(self) -> None:
        """Write the stats whole or not at all: somebody may be reading."""
        if self._heartbeat is None:
            return
        try:
            fresh = self._heartbeat.with_suffix(".new")
            fresh.write_text(json.dumps(asdict(self.stats())))
            fresh.replace(self._heartbeat)
        except OSError as error:
            logger.warning("heartbeat not written", worker=self._name, reason=error.strerror)


def main(arguments: Sequence[str]) -> int:
    """Poll the named operations, or all of them, until a signal comes."""
    parser = argparse.ArgumentParser(prog="python -m functions.worker.poll", description=__doc__)
    parser.add_argument("operations", nargs="*", metavar="OPERATION")
    parser.add_argument("--concurrency", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--name", default=f"{os.uname().nodename}-{os.getpid()}")
    parser.add_argument("--heartbeat", type=Path)
    parser.add_argument("--wait", type=int, default=WAIT_S, help="seconds of a long poll")
    parser.add_argument(
        "--tied", action="store_true", help="stop when standard input ends, as at a parent's death"
    )
    given = parser.parse_args(arguments)
    unknown = set(given.operations) - {HEAVY, *registry.operations()}
    if unknown:
        parser.error(f"no such operation: {', '.join(sorted(unknown))}")
    poller = Poller(
        services(),
        given.operations or [*registry.operations(), HEAVY],
        concurrency=given.concurrency,
        name=given.name,
        wait_s=given.wait,
        heartbeat=given.heartbeat,
    )
    stop = stop_on_signals()
    if given.tied:
        Thread(target=_await_end, args=(sys.stdin.fileno(), stop), daemon=True).start()
    poller.run(stop)
    return 0


def _await_end(pipe: int, stop: Event) -> None:
    """Set `stop` when nobody holds the other end of a pipe any more, however they died."""
    while os.read(pipe, 1024):
        pass
    stop.set()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
