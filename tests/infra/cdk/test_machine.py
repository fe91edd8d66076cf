"""The state machine of heavy jobs, executed: real jobs, real task processes, an emulated table."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.aws import services as services_module
from functions.core.compute import TASKS, Compute, Kind
from functions.core.job import Job, Status
from functions.local.emulator import Emulator
from functions.reap import handler as reap
from functions.reap.overdue import Sweep
from infra.cdk.machine import GRACE_S, Names, definition
from tests.aws.stack import ENVIRONMENT
from tests.conftest import ROOT
from tests.infra.cdk.asl import Aborted, Execution, TaskError
from tests.patience import PATIENCE_S, until
from tests.worker.remote import make_stage
from tests.worker.stage import Stage
from tests.worker.test_task import DRIVER

NAMES = Names(
    table=ENVIRONMENT["TABLE_NAME"],
    cluster="cluster",
    task="task:1",
    container="worker",
    settle="reap-tasks",
    subnets=["subnet-1", "subnet-2"],
    groups=["sg-1"],
    spot=False,
)
TASK = Compute(kind=Kind.FARGATE, memory_mb=8192, timeout_s=3600, cpu=2048, disk_gb=50, reason="test")
LEASE_S = 2


@pytest.fixture(scope="module")
def emulator() -> Iterator[Emulator]:
    with Emulator() as running:
        yield running


@pytest.fixture
def remote(emulator: Emulator, echo_operation: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A stage that other processes see as well, with leases of two seconds."""
    stage = make_stage(emulator, monkeypatch, lease_s=LEASE_S)
    services_module.services.cache_clear()
    yield stage
    services_module.services.cache_clear()


Runs = Callable[["Machine", dict[str, Any]], Any]


@dataclass
class Machine:
    """The state machine over a stage. `runs` say what each task does in turn; the last one goes on."""

    stage: Stage
    runs: list[Runs]
    spot: bool = False
    random: Callable[[float, float], float] = lambda least, most: least
    name: str = "execution-1"
    stopped: Event = field(default_factory=Event)
    tasks: list[dict[str, Any]] = field(default_factory=list)
    limits: list[float | None] = field(default_factory=list)
    execution: Execution | None = None

    def run(self, job: Job) -> list[str]:
        """Run the job as the Pipe starts it, and return the states that were passed."""
        names = Names(**{**NAMES.__dict__, "spot": self.spot})
        self.execution = Execution(
            json.loads(json.dumps(definition(names))),
            {
                "dynamodb:updateItem": self._update,
                "ecs:runTask.sync": self._task,
                "lambda:invoke": self._settle,
            },
            name=self.name,
            random=self.random,
        )
        self.execution.run([{"job_id": job.job_id}])
        return self.execution.path

    @property
    def sizes(self) -> list[tuple[str, str]]:
        """The CPU units and megabytes of the tasks that were asked for."""
        return [(task["Overrides"]["Cpu"], task["Overrides"]["Memory"]) for task in self.tasks]

    @property
    def providers(self) -> list[str]:
        return [task["CapacityProviderStrategy"][0]["CapacityProvider"] for task in self.tasks]

    def _update(self, parameters: dict[str, Any], seconds: float | None) -> Any:
        try:
            return self.stage.clients.dynamodb.update_item(**parameters)
        except ClientError as error:
            raise TaskError(f"DynamoDB.{error.response['Error']['Code']}") from error

    def _task(self, parameters: dict[str, Any], seconds: float | None) -> Any:
        least, most, step = TASKS[int(parameters["Overrides"]["Cpu"])]
        memory = int(parameters["Overrides"]["Memory"])
        assert least <= memory <= most, "Fargate has no such task"
        assert (memory - least) % step == 0, "Fargate has no such task"
        assert 21 <= parameters["Overrides"]["EphemeralStorage"]["SizeInGiB"] <= 200
        self.tasks.append(parameters)
        self.limits.append(seconds)
        return self.runs[min(len(self.tasks), len(self.runs)) - 1](self, parameters)

    def _settle(self, parameters: dict[str, Any], seconds: float | None) -> Any:
        assert parameters["FunctionName"] == NAMES.settle
        payload = json.loads(json.dumps(parameters["Payload"]))
        return {"StatusCode": 200, "Payload": reap.tasks(payload, None)}


def start(parameters: dict[str, Any]) -> subprocess.Popen[bytes]:
    """Start what a container would: the task's module, with the overridden command and environment."""
    (container,) = parameters["Overrides"]["ContainerOverrides"]
    variables = {item["Name"]: item["Value"] for item in container["Environment"]}
    return subprocess.Popen(
        [sys.executable, "-c", DRIVER, *container["Command"]],
        cwd=ROOT,
        env={**os.environ, **variables},
        stdout=subprocess.DEVNULL,
    )


def end(process: subprocess.Popen[bytes], *, stop_code: str = "EssentialContainerExited") -> dict[str, Any]:
    """Return the description of a stopped task, or raise as `.sync` does when its exit code is not 0."""
    code = process.wait(PATIENCE_S)
    code = 128 - code if code < 0 else code
    reason = "Essential container in task exited"
    container = {"Name": "worker", "ExitCode": code}
    task = {"StopCode": stop_code, "StoppedReason": reason, "Containers": [container]}
    if code:
        raise TaskError("States.TaskFailed", json.dumps(task))
    return task


def plain(machine: Machine, parameters: dict[str, Any]) -> Any:
    """Let a task run to its end."""
    return end(start(parameters))


def hit(number: signal.Signals, mark: Path, *, stop_code: str = "EssentialContainerExited") -> Runs:
    """Send a signal to a task once its job runs."""

    def run(machine: Machine, parameters: dict[str, Any]) -> Any:
        process = start(parameters)
        before = len(mark.read_text().splitlines()) if mark.exists() else 0
        until(lambda: mark.exists() and len(mark.read_text().splitlines()) > before)
        process.send_signal(number)
        return end(process, stop_code=stop_code)

    return run


def heavy(stage: Stage, name: str, **request: Any) -> Job:
    """Submit an echo that is to run in a task."""
    job = stage.echo(name, name.encode(), **request)
    return stage.services.jobs.route(job.job_id, TASK)


def test_a_heavy_job_runs_to_its_end_in_a_task_of_its_size(remote: Stage) -> None:
    job = heavy(remote, "plain.ifc")
    machine = Machine(remote, [plain])
    assert machine.run(job) == ["Begin", "Claim", "Size", "Run", "Done"]
    done = remote.job(job)
    assert (done.status, done.attempt, done.execution) == (Status.FINISHED, 1, "execution-1")
    assert done.result is not None
    assert done.result["provenance"]["compute"] == {"kind": "fargate", "memory_mb": 8192, "cpu": 2048}
    assert machine.sizes == [("2048", "8192")]
    assert machine.limits == [3600 + GRACE_S]
    (network,) = machine.tasks[0]["NetworkConfiguration"].values()
    assert network["Subnets"] == NAMES.subnets


def test_a_task_killed_for_its_memory_runs_again_one_size_up(remote: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = heavy(remote, "killed.ifc", behaviour="meet", mark=str(mark))
    machine = Machine(remote, [hit(signal.SIGKILL, mark), plain])
    path = machine.run(job)
    assert path.count("Run") == 2
    assert machine.sizes == [("2048", "8192"), ("2048", "16384")]
    done = remote.job(job)
    assert (done.status, done.attempt, done.tries) == (Status.FINISHED, 2, 1)
    assert done.compute is not None
    assert done.compute.reason == "out of memory in a task of 8192 MB"


def test_a_job_that_reaches_its_memory_limit_runs_again_one_size_up(remote: Stage) -> None:
    job = heavy(remote, "hungry.ifc", behaviour="hungry")  # is content with 12 GB of address space
    machine = Machine(remote, [plain])
    machine.run(job)
    assert machine.sizes == [("2048", "8192"), ("2048", "16384")]
    assert remote.job(job).status is Status.FINISHED


def test_a_task_that_dies_again_and_again_fails_its_job(remote: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = heavy(remote, "dying.ifc", behaviour="sleep", mark=str(mark))
    machine = Machine(remote, [hit(signal.SIGSEGV, mark)])
    assert machine.run(job).count("Run") == 3
    failed = remote.job(job)
    assert failed.status is Status.FAILED
    assert failed.error is not None
    assert failed.error["type"] == "native-crash"
    assert "exit code 139" in failed.error["detail"]
    assert machine.execution is not None
    waits = [delay for state, delay in machine.execution.delays if state == "Pause"]
    assert [5 <= waits[0] <= 10, 10 <= waits[1] <= 20] == [True, True]


def test_a_task_that_runs_out_of_time_fails_its_job_and_ends(remote: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = heavy(remote, "late.ifc", behaviour="sleep", mark=str(mark))
    left = list[subprocess.Popen[bytes]]()

    def late(machine: Machine, parameters: dict[str, Any]) -> Any:
        """The clock of the state machine is far ahead; nobody stops the task."""
        left.append(start(parameters))
        until(mark.exists)
        raise TaskError("States.Timeout")

    path = Machine(remote, [late]).run(job)
    assert path[-3:] == ["Settle", "Next", "Done"]
    error = remote.job(job).error
    assert error is not None
    assert error["type"] == "time-limit"
    assert left[0].wait(PATIENCE_S) == 0  # its lease is lost, so it ends by itself


def test_cancelling_stops_the_task_and_nobody_starts_another(remote: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = heavy(remote, "cancelled.ifc", behaviour="sleep", mark=str(mark))

    def until_stopped(machine: Machine, parameters: dict[str, Any]) -> Any:
        """StopExecution stops the task of a `.sync` state: SIGTERM first."""
        process = start(parameters)
        assert machine.stopped.wait(PATIENCE_S)
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0
        raise Aborted

    machine = Machine(remote, [until_stopped])
    outcome = list[type[BaseException]]()

    def run() -> None:
        try:
            machine.run(job)
        except Aborted:
            outcome.append(Aborted)

    thread = Thread(target=run)
    thread.start()
    until(mark.exists)
    asked = remote.services.jobs.cancel(job.job_id)
    assert (asked.status, asked.execution) == (Status.STARTED, "execution-1")
    machine.stopped.set()
    thread.join(PATIENCE_S)
    assert outcome == [Aborted]
    assert remote.job(job).status is Status.CANCELLED


def test_a_spot_task_that_is_taken_away_is_run_again_on_demand(remote: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = heavy(remote, "spot.ifc", behaviour="meet", mark=str(mark))
    taken = hit(signal.SIGTERM, mark, stop_code="SpotInterruption")
    machine = Machine(remote, [taken, plain], spot=True)
    machine.run(job)
    assert machine.providers == ["FARGATE_SPOT", "FARGATE"]
    done = remote.job(job)
    assert (done.status, done.attempt, done.tries) == (Status.FINISHED, 2, 1)


def test_what_has_ended_or_runs_already_is_not_run(remote: Stage) -> None:
    job = heavy(remote, "ended.ifc")
    remote.services.jobs.cancel(job.job_id)
    assert Machine(remote, []).run(job) == ["Begin", "Claim", "Done"]
    job = heavy(remote, "running.ifc")
    remote.services.jobs.claim(job.job_id, owner="somebody", lease_s=60)
    assert Machine(remote, []).run(job) == ["Begin", "Claim", "Done"]


# Without processes: what AWS does when it has no room


def refuse(error: str, cause: str = "") -> Runs:
    def run(machine: Machine, parameters: dict[str, Any]) -> Any:
        raise TaskError(error, cause)

    return run


def finish(machine: Machine, parameters: dict[str, Any]) -> Any:
    """Do what a task does, in no time."""
    jobs = machine.stage.services.jobs
    (job_id,) = parameters["Overrides"]["ContainerOverrides"][0]["Command"]
    job = jobs.claim(job_id, owner=f"task/{machine.name}/1", lease_s=60)
    if job is not None:
        jobs.finish(job, {"message": "done"})
    return {}


def test_no_capacity_is_waited_for_not_all_at_the_same_moment(remote: Stage) -> None:
    job = heavy(remote, "crowded.ifc")
    machine = Machine(
        remote,
        [*[refuse("ECS.AmazonECSException", "Capacity is unavailable")] * 3, finish],
        random=random.Random(1).uniform,  # noqa: S311 - chance, not a secret
    )
    machine.run(job)
    assert remote.job(job).status is Status.FINISHED
    assert machine.execution is not None
    waits = [delay for state, delay in machine.execution.delays if state == "Run"]
    assert len(waits) == 3
    assert all(0 <= wait <= ceiling for wait, ceiling in zip(waits, (15, 30, 60), strict=True))


def test_a_job_whose_task_never_starts_fails_with_the_reason(remote: Stage) -> None:
    job = heavy(remote, "unpulled.ifc")
    cause = {"StopCode": "TaskFailedToStart", "StoppedReason": "CannotPullContainerError: no such image"}
    machine = Machine(remote, [refuse("States.TaskFailed", json.dumps(cause))])
    assert machine.run(job).count("Run") == 4
    error = remote.job(job).error
    assert error is not None
    assert "CannotPullContainerError" in error["detail"]


def test_while_a_task_is_awaited_the_sweep_leaves_its_job_alone(remote: Stage) -> None:
    job = heavy(remote, "patient.ifc")
    remote.messages("heavy")
    jobs, found = remote.services.jobs, list[str]()

    def later(machine: Machine, parameters: dict[str, Any]) -> Any:
        claimed = jobs.claim(job.job_id, owner=f"task/{machine.name}/1", lease_s=60)
        assert claimed is not None
        jobs.hand_back(claimed, reason="unavailable: the table")
        raise TaskError("States.TaskFailed", json.dumps({"Containers": [{"ExitCode": 75}]}))

    def swept(machine: Machine, parameters: dict[str, Any]) -> Any:
        soon = remote.job(job).changed_at + timedelta(minutes=9)
        Sweep(remote.services, now=lambda: soon, has_time=lambda: True).run()
        found.extend(body for body in remote.messages("heavy") if job.job_id in body)
        return finish(machine, parameters)

    Machine(remote, [later, swept]).run(job)
    assert found == []
    assert remote.job(job).status is Status.FINISHED
