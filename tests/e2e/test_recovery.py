"""Workers killed while they work: the job is finished all the same, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from functions.client import ENDED, Client
from functions.local import guard
from functions.local.stack import Stack
from tests.e2e.conftest import LEASE_S, command_of, distinct
from tests.patience import PATIENCE_S, until


@pytest.fixture
def heavy(house: Path, tmp_path: Path) -> Callable[[], Path]:
    """Make a model, another one each time, that takes long enough to be hit while it is worked on."""
    points = "".join(
        f"#{9_000_000 + number}=IFCCARTESIANPOINT(({number}.,0.,0.));\n" for number in range(400_000)
    )

    def make() -> Path:
        path = tmp_path / "heavy.ifc"
        body = distinct(house.read_bytes(), f"{tmp_path.name} {time.time_ns()}")
        head, data, rest = body.partition(b"DATA;")
        path.write_bytes(head + data + b"\n" + points.encode() + rest)
        return path

    return make


def workers(stack: Stack, operation: str) -> list[int]:
    """Return the processes of an operation's Lambda function."""
    name = f"ministack-lambda-ifcpipe-local-worker-{operation}-"
    return [pid for pid in guard.descendants(stack.emulator.pid) if name in command_of(pid)]


def submit(client: Client, model: Path) -> str:
    return str(client.upload(model, [{"operation": "ifccsv"}]).jobs[0]["job_id"])


@contextmanager
def at_work(client: Client, heavy: Callable[[], Path], stack: Stack) -> Iterator[tuple[str, int]]:
    """Yield the id of a job at work and its process, which stands still meanwhile.

    A job may have ended before anybody sees its process; then another one is sent.
    """
    job_id, child = next(filter(None, (_catch(client, submit(client, heavy()), stack) for _ in range(10))))
    try:
        yield job_id, child
    finally:
        with suppress(ProcessLookupError):
            os.kill(child, signal.SIGCONT)


def _catch(client: Client, job_id: str, stack: Stack) -> tuple[str, int] | None:
    """Stop the process that runs a job; None where the job has ended before."""
    while client.status(job_id)["status"] not in ENDED:
        for worker in workers(stack, "ifccsv"):
            for child in _jobs_below(worker):
                with suppress(ProcessLookupError):
                    os.kill(child, signal.SIGSTOP)
                    if guard.alive(child):
                        return job_id, child
    return None


def _jobs_below(parent: int) -> list[int]:
    """Return the job processes below a worker: children of its fork server."""
    return [pid for server in guard.children().get(parent, []) for pid in guard.children().get(server, [])]


def test_a_killed_lambda_is_made_good(
    client: Client, heavy: Callable[[], Path], stack: Stack, settle: Callable[[], None]
) -> None:
    with at_work(client, heavy, stack) as (job_id, _):
        guard.kill(workers(stack, "ifccsv"))
    time.sleep(LEASE_S)  # what the dead worker's lease lasts: nobody may take the job before

    def recovered() -> bool:
        settle()
        return bool(client.status(job_id)["status"] == "finished")

    until(recovered)
    job = client.job(job_id)
    assert job["attempt"] == 2
    assert [event["event"] for event in job["events"]].count("finish") == 1


def test_a_crash_of_native_code_is_tried_again(
    client: Client, heavy: Callable[[], Path], stack: Stack
) -> None:
    with at_work(client, heavy, stack) as (job_id, child):
        os.kill(child, signal.SIGSEGV)
    assert client.wait([job_id], timeout=PATIENCE_S)[job_id]["status"] == "finished"
    assert client.job(job_id)["attempt"] == 1


def test_a_job_killed_for_its_memory_goes_on_in_a_task(
    client: Client, heavy: Callable[[], Path], stack: Stack
) -> None:
    before = workers(stack, "ifccsv")
    with at_work(client, heavy, stack) as (job_id, child):
        os.kill(child, signal.SIGKILL)
    assert client.wait([job_id], timeout=PATIENCE_S)[job_id]["status"] == "finished"
    job = client.job(job_id)
    assert (job["attempt"], job["compute"]["kind"]) == (2, "fargate")
    assert job["compute"]["reason"] == "out of memory in a function"
    assert job["result"]["provenance"]["compute"]["kind"] == "fargate"
    assert set(before) <= set(workers(stack, "ifccsv"))


@contextmanager
def paused(stack: Stack, operation: str) -> Iterator[None]:
    """Take a queue away from Lambda for a while, so that a worker of ours gets its messages."""
    client = stack.client("lambda")
    name = f"ifcpipe-local-worker-{operation}"
    mapping = client.list_event_source_mappings(FunctionName=name)["EventSourceMappings"][0]["UUID"]
    client.update_event_source_mapping(UUID=mapping, Enabled=False)
    try:
        yield
    finally:
        client.update_event_source_mapping(UUID=mapping, Enabled=True)


@contextmanager
def poller(stack: Stack, operation: str) -> Iterator[subprocess.Popen[bytes]]:
    """Run a polling worker."""
    process = subprocess.Popen(
        [sys.executable, "-m", "functions.worker.poll", operation],
        env={**os.environ, **stack.environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process
    finally:
        below = guard.descendants(process.pid)
        process.kill()
        process.wait()
        guard.kill(below)


@pytest.mark.parametrize("after", [0.0, 0.3, 0.8])
def test_a_killed_poller_is_made_good(
    client: Client, heavy: Callable[[], Path], stack: Stack, settle: Callable[[], None], after: float
) -> None:
    with paused(stack, "ifccsv"):
        job_id = submit(client, heavy())
        with poller(stack, "ifccsv") as process:
            until(lambda: client.status(job_id)["status"] in {"started", "finished"})
            time.sleep(after)  # the points of the job's life at which it is hit
            process.send_signal(signal.SIGKILL)
            process.wait()
        with poller(stack, "ifccsv"):

            def recovered() -> bool:
                settle()
                return bool(client.status(job_id)["status"] == "finished")

            until(recovered)
    events = [event["event"] for event in client.job(job_id)["events"]]
    assert events.count("finish") == 1


def test_a_stopped_poller_hands_its_job_back(client: Client, heavy: Callable[[], Path], stack: Stack) -> None:
    with paused(stack, "ifccsv"):
        job_id = submit(client, heavy())
        with poller(stack, "ifccsv") as process:
            until(lambda: client.status(job_id)["status"] in {"started", "finished"})
            process.terminate()
            process.wait(PATIENCE_S)  # the job's message is seen again after its record
            assert client.status(job_id)["status"] in {"queued", "finished"}
        with poller(stack, "ifccsv"):
            assert client.wait([job_id], timeout=PATIENCE_S)[job_id]["status"] == "finished"


def test_a_lost_message_is_sent_again(
    client: Client, house: Path, tmp_path: Path, stack: Stack, settle: Callable[[], None]
) -> None:
    model = tmp_path / "lost.ifc"
    model.write_bytes(distinct(house.read_bytes(), "lost"))
    with paused(stack, "ifcinfo"):
        job_id = client.upload(model, [{"operation": "ifcinfo"}]).jobs[0]["job_id"]
        until(lambda: client.status(job_id)["status"] == "queued")
        url = stack.environment["QUEUE_URL_PREFIX"] + "ifcinfo"
        message = until(lambda: stack.client("sqs").receive_message(QueueUrl=url).get("Messages"))
        stack.client("sqs").delete_message(QueueUrl=url, ReceiptHandle=message[0]["ReceiptHandle"])

    def recovered() -> bool:
        settle()
        return bool(client.status(job_id)["status"] == "finished")

    until(recovered)
    assert client.job(job_id)["attempt"] == 1
