"""Workers killed while they work: the job is finished all the same, once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from functions.client import Client
from functions.local import guard
from functions.local.stack import Stack
from tests.e2e.conftest import LEASE_S, command_of, distinct
from tests.patience import PATIENCE_S, until


@pytest.fixture
def heavy(house: Path, tmp_path: Path) -> Path:
    """A model that takes long enough to be hit while it is worked on."""
    path = tmp_path / "heavy.ifc"
    body = distinct(house.read_bytes(), f"{tmp_path.name} {time.time_ns()}")
    points = "".join(
        f"#{9_000_000 + number}=IFCCARTESIANPOINT(({number}.,0.,0.));\n" for number in range(400_000)
    )
    head, data, rest = body.partition(b"DATA;")
    path.write_bytes(head + data + b"\n" + points.encode() + rest)
    return path


def workers(stack: Stack, operation: str) -> list[int]:
    """Return the processes of an operation's Lambda function."""
    name = f"ministack-lambda-ifcpipe-local-worker-{operation}-"
    return [pid for pid in guard.descendants(stack.emulator.pid) if name in command_of(pid)]


def test_a_killed_lambda_is_made_good(
    client: Client, heavy: Path, stack: Stack, settle: Callable[[], None]
) -> None:
    job_id = client.upload(heavy, [{"operation": "ifccsv"}]).jobs[0]["job_id"]
    until(lambda: client.status(job_id)["status"] == "started")
    guard.kill(workers(stack, "ifccsv"))
    time.sleep(LEASE_S)  # what the dead worker's lease lasts: nobody may take the job before

    def recovered() -> bool:
        settle()
        return bool(client.status(job_id)["status"] == "finished")

    until(recovered)
    job = client.job(job_id)
    assert job["attempt"] == 2
    assert [event["event"] for event in job["events"]].count("finish") == 1


def test_a_crash_of_native_code_is_tried_again(client: Client, heavy: Path, stack: Stack) -> None:
    job_id = hit_child(client, heavy, stack, signal.SIGSEGV)
    assert client.wait([job_id], timeout=PATIENCE_S)[job_id]["status"] == "finished"
    assert client.job(job_id)["attempt"] == 1


def test_a_job_killed_for_its_memory_goes_on_in_a_task(client: Client, heavy: Path, stack: Stack) -> None:
    before = workers(stack, "ifccsv")
    job_id = hit_child(client, heavy, stack, signal.SIGKILL)
    assert client.wait([job_id], timeout=PATIENCE_S)[job_id]["status"] == "finished"
    job = client.job(job_id)
    assert (job["attempt"], job["compute"]["kind"]) == (2, "fargate")
    assert job["compute"]["reason"] == "out of memory in a function"
    assert job["result"]["provenance"]["compute"]["kind"] == "fargate"
    assert set(before) <= set(workers(stack, "ifccsv"))


def hit_child(client: Client, model: Path, stack: Stack, number: signal.Signals) -> str:
    """Submit a job and send a signal to the process that runs it; return the job's id."""
    job_id = str(client.upload(model, [{"operation": "ifccsv"}]).jobs[0]["job_id"])
    until(lambda: client.status(job_id)["status"] == "started")
    found = until(lambda: [pid for parent in workers(stack, "ifccsv") for pid in _jobs_below(parent)])
    for child in found:
        os.kill(child, number)
    return job_id


def _jobs_below(parent: int) -> list[int]:
    """Return the job processes below a worker: children of its fork server."""
    return [pid for server in guard.children().get(parent, []) for pid in guard.children().get(server, [])]


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
    client: Client, heavy: Path, stack: Stack, settle: Callable[[], None], after: float
) -> None:
    with paused(stack, "ifccsv"):
        job_id = client.upload(heavy, [{"operation": "ifccsv"}]).jobs[0]["job_id"]
        with poller(stack, "ifccsv") as process:
            until(lambda: client.status(job_id)["status"] == "started")
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


def test_a_stopped_poller_hands_its_job_back(client: Client, heavy: Path, stack: Stack) -> None:
    with paused(stack, "ifccsv"):
        job_id = client.upload(heavy, [{"operation": "ifccsv"}]).jobs[0]["job_id"]
        with poller(stack, "ifccsv") as process:
            until(lambda: client.status(job_id)["status"] == "started")
            process.terminate()
            until(lambda: client.status(job_id)["status"] in {"queued", "finished"})
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
