"""What becomes of a job whose task stopped. The state machine that asks is run in tests/infra/cdk."""

from __future__ import annotations

import json
import random
from typing import Any

import pytest

from functions.aws import services as services_module
from functions.core.compute import TASKS
from functions.core.job import Job, Status
from functions.reap.stop import Answer, Failure, How, Stopped, read_end, settle
from tests.infra.cdk.asl import TaskError
from tests.infra.cdk.test_machine import TASK, Machine, Runs, finish, refuse
from tests.worker.stage import Stage


def failed(**task: Any) -> Failure:
    return Failure(Error="States.TaskFailed", Cause=json.dumps(task))


@pytest.mark.parametrize(
    ("failure", "how"),
    [
        (Failure(Error="States.Timeout", Cause=""), How.TIMEOUT),
        (Failure(Error="ECS.AccessDeniedException", Cause="no"), How.UNSTARTED),
        (failed(StopCode="TaskFailedToStart", StoppedReason="CannotPullContainerError"), How.UNSTARTED),
        (failed(Containers=[{"ExitCode": 137}]), How.MEMORY),
        (failed(Containers=[{"ExitCode": 1, "Reason": "OutOfMemoryError: killed"}]), How.MEMORY),
        (failed(Containers=[{"ExitCode": 75}], StopCode="SpotInterruption"), How.SPOT),
        (failed(Containers=[{"ExitCode": 75}]), How.LATER),
        (failed(Containers=[{"ExitCode": 139}]), How.CRASH),
        (failed(Containers=[]), How.UNSTARTED),
        (Failure(Error="States.TaskFailed", Cause="no JSON"), How.UNSTARTED),
        (Failure(Error="States.TaskFailed", Cause="[]"), How.UNSTARTED),
    ],
)
def test_how_a_task_ended_is_read_from_its_description(failure: Failure, how: How) -> None:
    assert read_end(failure).how is how


def started(stage: Stage, *, owner: str = "task/execution-1/1") -> Job:
    """Return a heavy job that a task has claimed."""
    job = stage.services.jobs.route(stage.echo().job_id, TASK)
    claimed = stage.services.jobs.claim(job.job_id, owner=owner, lease_s=60)
    assert claimed is not None
    return claimed


def ask(stage: Stage, job: Job, failure: Failure) -> Answer:
    stopped = Stopped(job_id=job.job_id, execution="execution-1", failure=failure)
    return settle(stage.services, stopped, now=stage.clock())


def test_memory_that_no_task_has_fails_the_job(stage: Stage) -> None:
    job = started(stage)
    sizes = []
    for _ in range(10):
        if not ask(stage, job, failed(Containers=[{"ExitCode": 137}])).again:
            break
        grown = stage.services.jobs.claim(job.job_id, owner="task/execution-1/1", lease_s=60)
        assert grown is not None
        assert grown.compute is not None
        sizes.append(grown.compute.memory_mb)
        job = grown
    assert sizes == [16_384, 32_768, 65_536, 122_880]
    assert max(most for _, most, _ in TASKS.values()) == sizes[-1]
    error = stage.job(job).error
    assert error is not None
    assert error["type"] == "memory-limit"


def test_a_job_that_another_worker_has_is_left_alone(stage: Stage) -> None:
    job = started(stage, owner="task/execution-2/1")
    assert not ask(stage, job, failed(Containers=[{"ExitCode": 137}])).again
    assert stage.job(job).status is Status.STARTED


def test_a_cancelled_job_whose_task_died_is_cancelled(stage: Stage) -> None:
    job = started(stage)
    stage.services.jobs.cancel(job.job_id)
    assert not ask(stage, job, failed(Containers=[{"ExitCode": 139}])).again
    assert stage.job(job).status is Status.CANCELLED


def test_a_job_that_is_gone_is_no_error(stage: Stage) -> None:
    stopped = Stopped(job_id="0" * 32, execution="execution-1", failure=Failure(Error="", Cause=""))
    assert not settle(stage.services, stopped, now=stage.clock()).again


def ends(seed: int) -> list[Runs]:
    """Return what twenty tasks of one job come to: any mixture of the ways there are."""
    chance = random.Random(seed)  # noqa: S311 - chance, not a secret

    def died(how: dict[str, Any], *, claim: bool, back: bool) -> Runs:
        def run(machine: Machine, parameters: dict[str, Any]) -> Any:
            jobs = machine.stage.services.jobs
            (job_id,) = parameters["Overrides"]["ContainerOverrides"][0]["Command"]
            job = jobs.claim(job_id, owner=f"task/{machine.name}/1", lease_s=60) if claim else None
            if job is not None and back:
                jobs.hand_back(job, reason="native-crash: twice")
            raise TaskError("States.TaskFailed", json.dumps(how))

        return run

    ways: list[Runs] = [
        died({"Containers": [{"ExitCode": 137}]}, claim=True, back=False),
        died({"Containers": [{"ExitCode": 139}]}, claim=True, back=False),
        died({"Containers": [{"ExitCode": 75}]}, claim=True, back=True),
        died({"StopCode": "SpotInterruption"}, claim=chance.random() < 0.5, back=False),
        died({"StopCode": "TaskFailedToStart"}, claim=False, back=False),
        refuse("ECS.ClientException", "no such cluster"),
        refuse("States.Timeout"),
        finish,
    ]
    return [chance.choice(ways) for _ in range(20)]


@pytest.mark.parametrize("seed", range(25))
def test_whatever_becomes_of_the_tasks_the_job_ends(stage: Stage, seed: int) -> None:
    job = stage.services.jobs.route(stage.echo().job_id, TASK)
    machine = Machine(stage, ends(seed), spot=bool(seed % 2))
    services_module.services.cache_clear()  # made from the environment of this stage
    assert machine.run(job)[-1] == "Done"
    services_module.services.cache_clear()
    ended = stage.job(job)
    assert ended.status in {Status.FINISHED, Status.FAILED}
    assert [event.event for event in ended.events].count("finish") <= 1
