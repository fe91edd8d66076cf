"""One job from its claim to its end, with real child processes."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from functions.aws.clients import count_requests
from functions.core.compute import Compute, Kind
from functions.core.job import STOPPED, UNAVAILABLE, Job, Status
from functions.core.upload import Step
from functions.ifc import local
from functions.worker import runner
from functions.worker.lease import Lease
from functions.worker.runner import execute
from functions.worker.verdict import ACK, Verdict
from tests.worker.stage import Stage


def run(stage: Stage, job_id: str, **options: Any) -> Verdict:
    return execute(stage.services, job_id, owner=f"worker-{stage.clock.time.timestamp()}", **options)


def test_a_job_is_run_and_its_output_stored(stage: Stage) -> None:
    job = stage.echo("model/house.ifc", b"four walls")
    assert run(stage, job.job_id) == ACK
    done = stage.job(job)
    assert (done.status, done.attempt, done.owner) == (Status.FINISHED, 1, None)
    assert done.result is not None
    key = f"jobs/{job.job_id}/house.echo.ifc"
    digest = hashlib.sha256(b"four walls").hexdigest()
    assert done.result["success"] is True
    assert done.result["message"] == "echoed"
    assert done.result["db_id"] == job.job_id
    assert done.result["statistics"] == {"bytes": 10}
    assert done.result["output_path"] == f"s3://{stage.services.settings.output_bucket}/{key}"
    assert [(item["key"], item["size"], item["sha256"]) for item in done.result["outputs"]] == [
        (key, 10, digest)
    ]
    assert stage.output(key) == b"four walls"


def test_a_result_says_where_it_came_from(stage: Stage) -> None:
    job = stage.echo(body=b"four walls")
    run(stage, job.job_id)
    result = stage.job(job).result
    assert result is not None
    origin = result["provenance"]
    (source,) = origin["inputs"]
    assert source["key"] == "house.ifc"
    assert source["version_id"] == job.inputs[0].version_id
    assert source["sha256"] == hashlib.sha256(b"four walls").hexdigest()
    assert origin["request"]["filename"] == "house.ifc"
    assert "ifcopenshell" in origin["tools"]
    assert origin["compute"] == {"kind": "lambda", "memory_mb": 512}
    assert origin["peak_mb"] > 1
    assert origin["cpu_s"] > 0
    assert 0 < origin["cost_usd"] < 0.001


def test_a_light_job_costs_the_worker_four_requests(stage: Stage) -> None:
    job = stage.echo()
    requests = count_requests(*stage.clients.all())
    run(stage, job.job_id, extend=lambda seconds: pytest.fail("no heartbeat is due"))
    assert requests == {
        "dynamodb.UpdateItem": 2,
        "s3.GetObject": 1,
        "s3.PutObject": 1,
    }


def test_the_version_that_was_asked_for_is_read(stage: Stage) -> None:
    job = stage.echo(body=b"old")
    stage.put("house.ifc", b"new")
    run(stage, job.job_id)
    assert stage.output(f"jobs/{job.job_id}/house.echo.ifc") == b"old"


def test_a_named_output_lies_under_its_name_as_well(stage: Stage) -> None:
    job = stage.echo(body=b"walls", output_filename="mine.ifc")
    run(stage, job.job_id)
    assert stage.output("output/echo/mine.ifc") == b"walls"
    assert stage.output(f"jobs/{job.job_id}/mine.ifc") == b"walls"


@pytest.mark.parametrize(
    ("name", "key"),
    [("mine.ifc", "output/echo/mine.ifc"), ("/output/converted/mine.ifc", "output/converted/mine.ifc")],
)
def test_a_tenants_named_output_lies_under_its_prefix(stage: Stage, name: str, key: str) -> None:
    stage.put("tenants/acme/house.ifc", b"walls")
    request = {"filename": "house.ifc", "output_filename": name}
    (job,) = stage.submit(Step(operation="echo", request=request), tenant="acme")
    run(stage, job.job_id)
    assert stage.output(f"tenants/acme/{key}") == b"walls"
    assert stage.output(f"jobs/{job.job_id}/mine.ifc") == b"walls"


def test_an_output_of_another_job_is_an_input(stage: Stage) -> None:
    first = stage.echo(body=b"walls ")
    run(stage, first.job_id)
    stage.put("roof.ifc", b"and a roof")
    request = {"filename": f"job:{first.job_id}/house.echo.ifc", "other": "roof.ifc"}
    (second,) = stage.submit(Step(operation="echo", request=request))
    run(stage, second.job_id)
    result = stage.job(second).result
    assert result is not None
    assert stage.output(result["outputs"][0]["key"]) == b"walls and a roof"
    assert result["provenance"]["inputs"][0]["job_id"] == first.job_id


def test_a_second_delivery_does_nothing(stage: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = stage.echo(mark=str(mark))
    assert [run(stage, job.job_id), run(stage, job.job_id)] == [ACK, ACK]
    assert len(mark.read_text().splitlines()) == 1


def test_a_message_of_no_job_is_done_with(stage: Stage) -> None:
    assert run(stage, "f" * 32) == ACK


def test_a_users_error_fails_the_job_at_once(stage: Stage) -> None:
    job = stage.echo(behaviour="wrong")
    assert run(stage, job.job_id) == ACK
    failed = stage.job(job)
    assert failed.status is Status.FAILED
    assert failed.error == {
        "type": "invalid-input",
        "title": "Invalid input",
        "detail": "the echo does not like this",
        "field": "behaviour",
    }
    assert failed.traceback is None


def test_a_missing_input_names_the_file_and_the_field(stage: Stage) -> None:
    job = stage.echo("here.ifc")
    bucket, version = stage.services.settings.input_bucket, job.inputs[0].version_id
    stage.clients.s3.delete_object(Bucket=bucket, Key="here.ifc", VersionId=version)
    assert run(stage, job.job_id) == ACK
    error = stage.job(job).error
    assert error is not None
    assert (error["type"], error["field"]) == ("not-found", "filename")
    assert error["detail"] == "Input file here.ifc not found"


def test_a_passing_fault_waits_longer_and_counts_no_attempt(stage: Stage) -> None:
    job = stage.echo(behaviour="passing")
    delays = []
    for _ in range(5):
        verdict = run(stage, job.job_id)
        assert verdict.retry_s is not None
        delays.append(verdict.retry_s)
        stage.clock.forward(1000)
    again = stage.job(job)
    assert (again.status, again.attempt, again.tries) == (Status.QUEUED, 5, 0)
    assert str(again.events[-1].detail).startswith(UNAVAILABLE)
    assert 5 <= delays[0] <= 10
    assert 80 <= delays[-1] <= 160


def test_a_bug_is_tried_three_times_and_then_told(stage: Stage) -> None:
    job = stage.echo(behaviour="bug")
    verdicts = [run(stage, job.job_id) for _ in range(3)]
    assert [verdict.retry for verdict in verdicts] == [True, True, False]
    failed = stage.job(job)
    assert (failed.status, failed.attempt) == (Status.FAILED, 3)
    assert failed.error is not None
    assert failed.error["type"] == "internal"
    assert "KeyError" in failed.error["detail"]
    assert "/home" not in failed.error["detail"]
    assert "echo/run.py" in str(failed.traceback)


def test_a_native_crash_is_tried_robustly_at_once(stage: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = stage.echo(behaviour="crash-once", mark=str(mark))
    assert run(stage, job.job_id) == ACK
    assert stage.job(job).status is Status.FINISHED
    assert [line.split()[1] for line in mark.read_text().splitlines()] == ["False", "True"]


def test_a_job_that_always_crashes_fails_typed_and_the_worker_lives(stage: Stage) -> None:
    job = stage.echo(behaviour="crash")
    assert [run(stage, job.job_id).retry for _ in range(3)] == [True, True, False]
    error = stage.job(job).error
    assert error is not None
    assert error["type"] == "native-crash"
    other = stage.echo("other.ifc")
    run(stage, other.job_id)
    assert stage.job(other).status is Status.FINISHED


def test_an_output_that_is_not_there_is_no_success(stage: Stage) -> None:
    job = stage.echo(behaviour="silent")
    for _ in range(3):
        run(stage, job.job_id)
    error = stage.job(job).error
    assert error is not None
    assert "did not produce its output missing.txt" in error["detail"]


def test_a_result_too_long_for_a_record_is_shortened_and_says_so(stage: Stage) -> None:
    job = stage.echo(behaviour="chatty")
    run(stage, job.job_id)
    result = stage.job(job).result
    assert result is not None
    assert result["statistics"] == {}
    assert "statistics are too large" in result["warnings"][0]
    assert result["warnings"][-1] == "201 more warnings were left out."


def test_an_input_over_the_operations_size_is_not_even_fetched(stage: Stage) -> None:
    stage.put("first.ifc")
    (job,) = stage.submit(
        Step(operation="echo", request={"filename": "late.ifc"}), wait_for_missing=True, source="test"
    )
    arrival = stage.put("late.ifc", b"x" * 1_000_001)
    stage.services.jobs.satisfy(job.job_id, "input:filename", arrival=arrival)
    requests = count_requests(*stage.clients.all())
    assert run(stage, job.job_id) == ACK
    error = stage.job(job).error
    assert error is not None
    assert (error["type"], error["field"]) == ("too-large", "filename")
    assert requests["s3.GetObject"] == 0


def test_the_time_limit_ends_a_job_before_the_process_is_ended(stage: Stage) -> None:
    job = stage.echo(behaviour="sleep")
    deadline = stage.clock.time + timedelta(seconds=1.5)
    assert run(stage, job.job_id, deadline=deadline, now=stage.clock, heavy=False) == ACK
    moved = stage.job(job)
    assert (moved.status, moved.queue, moved.tries) == (Status.QUEUED, "heavy", 0)
    assert len(stage.messages("heavy")) == 1
    assert moved.compute is not None
    assert moved.compute.reason == "not enough time in a function"


def test_a_task_that_takes_too_long_fails(stage: Stage) -> None:
    job = heavy(stage, behaviour="sleep")
    deadline = stage.clock.time + timedelta(seconds=1.5)
    assert run(stage, job.job_id, deadline=deadline, now=stage.clock) == ACK
    error = stage.job(job).error
    assert error is not None
    assert error["type"] == "time-limit"


def test_a_job_that_outgrows_its_function_goes_on_in_a_task(stage: Stage) -> None:
    job = stage.echo(behaviour="hungry")  # of 12 GB of address space
    stage.messages("echo")
    assert run(stage, job.job_id, heavy=False) == ACK
    assert stage.messages("echo") == []
    for memory_mb in (8192, 16_384):
        moved = stage.job(job)
        assert moved.compute is not None
        assert (moved.status, moved.queue, moved.compute.memory_mb) == (Status.QUEUED, "heavy", memory_mb)
        verdict = run(stage, job.job_id)
    assert verdict == ACK
    done = stage.job(job)
    assert (done.status, done.tries) == (Status.FINISHED, 1)
    assert done.result is not None
    assert done.result["provenance"]["compute"]["memory_mb"] == 16_384
    assert len(stage.messages("heavy")) == 1  # the task that ran out of memory is the state machine's matter


def test_a_function_passes_on_what_needs_a_task(stage: Stage) -> None:
    job = heavy(stage)
    assert run(stage, job.job_id, heavy=False) == ACK
    moved = stage.job(job)
    assert (moved.status, moved.tries) == (Status.QUEUED, 0)
    assert len(stage.messages("heavy")) == 1


def test_a_result_says_what_was_predicted_beside_what_it_took(stage: Stage) -> None:
    job = stage.echo(body=b"four walls")
    run(stage, job.job_id)
    result = stage.job(job).result
    assert result is not None
    origin = result["provenance"]
    assert origin["predicted"] == {"input_mb": 0.0, "seconds": 0.1, "megabytes": 60.0}
    assert origin["cpu_s"] > 0
    assert origin["peak_mb"] > 0


def heavy(stage: Stage, **request: Any) -> Job:
    """Submit an echo that is to run in a task."""
    chosen = Compute(kind=Kind.FARGATE, memory_mb=8192, timeout_s=60, cpu=2048, disk_gb=21, reason="test")
    return stage.services.jobs.route(stage.echo(**request).job_id, chosen)


def test_a_dead_workers_lease_runs_out_and_another_takes_over(stage: Stage) -> None:
    job = stage.echo()
    stage.services.jobs.claim(job.job_id, owner="dead", lease_s=60)
    stage.clock.forward(59)
    assert run(stage, job.job_id) == ACK
    assert stage.job(job).owner == "dead"
    stage.clock.forward(2)
    assert run(stage, job.job_id) == ACK
    done = stage.job(job)
    assert (done.status, done.attempt) == (Status.FINISHED, 2)


def test_a_job_whose_worker_dies_again_and_again_fails(stage: Stage) -> None:
    job = stage.echo()
    for _ in range(3):
        stage.services.jobs.claim(job.job_id, owner="dead", lease_s=60)
        stage.clock.forward(61)
    assert run(stage, job.job_id) == ACK
    error = stage.job(job).error
    assert error is not None
    assert error["detail"] == "The worker died 3 times while it ran this job"


def test_a_job_whose_cancellation_was_asked_for_is_not_run(stage: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = stage.echo(mark=str(mark))
    stage.services.jobs.claim(job.job_id, owner="dead", lease_s=60)
    stage.services.jobs.cancel(job.job_id)
    stage.clock.forward(61)
    assert run(stage, job.job_id) == ACK
    assert stage.job(job).status is Status.CANCELLED
    assert not mark.exists()


def short_leases(stage: Stage) -> Stage:
    settings = stage.services.settings.model_copy(update={"lease_seconds": 1})
    return replace(stage, services=replace(stage.services, settings=settings))


def test_a_running_job_is_cancelled_and_reports_progress(stage: Stage) -> None:
    stage = short_leases(stage)
    job = stage.echo(behaviour="progress")
    extended: list[int] = []

    def cancel(seconds: int) -> None:
        extended.append(seconds)
        if (found := stage.job(job)).progress is not None:
            assert found.progress.stage == "linger"
            stage.services.jobs.cancel(job.job_id)

    assert run(stage, job.job_id, extend=cancel) == ACK
    assert stage.job(job).status is Status.CANCELLED
    assert set(extended) == {2}


def test_a_worker_that_is_stopped_hands_its_job_back_at_once(stage: Stage) -> None:
    stage = short_leases(stage)
    job = stage.echo(behaviour="sleep")
    stop = Event()
    assert run(stage, job.job_id, stop=stop, extend=lambda _: stop.set()) == Verdict(0)
    back = stage.job(job)
    assert (back.status, back.owner, back.tries) == (Status.QUEUED, None, 0)
    assert back.events[-1].detail == STOPPED


def test_a_worker_that_lost_its_lease_leaves_the_job_alone(stage: Stage) -> None:
    stage = short_leases(stage)
    job = stage.echo(behaviour="sleep")

    def rob(_: int) -> None:
        stage.clock.forward(5)
        stage.services.jobs.claim(job.job_id, owner="thief", lease_s=600)

    assert run(stage, job.job_id, extend=rob) == ACK
    taken = stage.job(job)
    assert (taken.status, taken.owner, taken.attempt) == (Status.STARTED, "thief", 2)


def test_two_workers_that_race_run_a_job_once(stage: Stage, tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    job = stage.echo(mark=str(mark))
    threads = [
        Thread(target=execute, args=(stage.services, job.job_id), kwargs={"owner": str(n)}) for n in range(3)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert stage.job(job).status is Status.FINISHED
    assert len(mark.read_text().splitlines()) == 1


def test_a_table_that_cannot_be_reached_is_tried_again(stage: Stage) -> None:
    job = stage.echo()
    stage.clients.dynamodb.delete_table(TableName=stage.services.settings.table_name)
    verdict = run(stage, job.job_id)
    assert verdict.retry_s is not None
    assert verdict.retry_s > stage.services.settings.lease_seconds


def test_a_worker_that_has_lost_its_job_stores_nothing_over_the_others_outputs(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = stage.echo()
    plain = local.execute

    def late(*args: Any, **options: Any) -> Any:
        done = plain(*args, **options)
        stage.clock.forward(61)
        other = stage.services.jobs.claim(job.job_id, owner="other", lease_s=60)
        assert other is not None
        leases[0].renew()  # the next beat finds the lease gone
        return done

    leases = list[Lease]()

    def keep(*args: Any, **options: Any) -> Lease:
        leases.append(Lease(*args, **options))
        return leases[-1]

    monkeypatch.setattr(runner, "Lease", keep)
    monkeypatch.setattr(local, "execute", late)
    requests = count_requests(*stage.clients.all())
    assert run(stage, job.job_id) == ACK
    assert requests["s3.PutObject"] == 0
    assert (stage.job(job).status, stage.job(job).owner) == (Status.STARTED, "other")
