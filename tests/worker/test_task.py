"""`python -m functions.worker.task` as a process of its own, against an emulated AWS."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest

from functions.core.job import STOPPED, Job, Status
from functions.local import guard
from functions.local.emulator import Emulator
from functions.worker.runner import execute
from functions.worker.task import DONE, LATER, USAGE
from tests.conftest import ROOT
from tests.patience import PATIENCE_S, until
from tests.worker.remote import make_stage
from tests.worker.stage import Stage

# The module as it is run, with the tests' own operation in the registry.
DRIVER = """
import runpy, sys
from functions.core import registry
from tests.worker import echo
registry.operations = lambda: {"echo": echo.operation}
sys.argv[0] = "task"
runpy.run_module("functions.worker.task", run_name="__main__", alter_sys=True)
"""


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def remote(emulator: Emulator, echo_operation: None, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A stage that the task's process sees as well, with leases of two seconds."""
    return make_stage(emulator, monkeypatch, lease_s=2)


@contextmanager
def task(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """A running task, killed at the end if it still runs."""
    command = [sys.executable, "-c", DRIVER, *arguments]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def await_status(stage: Stage, job: Job, status: Status) -> None:
    until(lambda: stage.job(job).status is status)


def test_a_task_runs_its_job_and_says_done(remote: Stage) -> None:
    job = remote.echo("done.ifc", b"walls")
    with task(job.job_id) as process:
        assert process.wait(PATIENCE_S) == DONE
    assert remote.job(job).status is Status.FINISHED
    assert remote.output(f"jobs/{job.job_id}/done.echo.ifc") == b"walls"


def test_a_passing_fault_is_left_to_the_state_machine(remote: Stage) -> None:
    job = remote.echo("passing.ifc", behaviour="passing")
    with task(job.job_id) as process:
        assert process.wait(PATIENCE_S) == LATER
    assert remote.job(job).status is Status.QUEUED


def test_a_task_without_a_job_says_so(remote: Stage) -> None:
    for arguments in ([], ["../x"], ["a", "b"]):
        with task(*arguments) as process:
            assert process.wait(PATIENCE_S) == USAGE


def test_sigterm_hands_the_job_back(remote: Stage) -> None:
    job = remote.echo("stopped.ifc", behaviour="sleep")
    with task(job.job_id) as process:
        await_status(remote, job, Status.STARTED)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == LATER
    back = remote.job(job)
    assert (back.status, back.owner, back.tries) == (Status.QUEUED, None, 0)
    assert back.events[-1].detail == STOPPED


def test_a_killed_task_takes_its_child_along_and_another_worker_takes_over(
    remote: Stage, tmp_path: Path
) -> None:
    mark = tmp_path / "mark"
    job = remote.echo("killed.ifc", behaviour="meet", mark=str(mark))
    with task(job.job_id) as process:
        await_status(remote, job, Status.STARTED)
        until(lambda: mark.exists() and bool(mark.read_text()))
        process.kill()
        process.wait()
        assert remote.job(job).status is Status.STARTED
    child = int(mark.read_text().split()[0])
    until(lambda: not guard.alive(child))

    def taken_over() -> bool:
        execute(remote.services, job.job_id, owner="second")
        return remote.job(job).status is Status.FINISHED

    until(taken_over)
    assert remote.job(job).attempt == 2


def test_of_workers_that_claim_at_once_one_gets_the_job(remote: Stage) -> None:
    for round_ in range(10):
        job = remote.echo(f"race-{round_}.ifc")
        with ThreadPoolExecutor(4) as pool:
            claims = [
                pool.submit(remote.services.jobs.claim, job.job_id, owner=str(number), lease_s=60)
                for number in range(4)
            ]
        assert len([claim for claim in claims if claim.result() is not None]) == 1
