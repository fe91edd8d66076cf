"""Submission: what is asked for becomes jobs, all of it or nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from functions.aws import submission
from functions.aws.clients import count_requests
from functions.aws.jobs import Jobs
from functions.aws.submission import Submitted
from functions.aws.table import object_token
from functions.core.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    RetryableError,
    TooLargeError,
    UnknownOperationError,
)
from functions.core.job import InputRef, Job, Status
from functions.core.message import Message
from functions.core.upload import Step
from functions.intake.steps import take
from functions.reap.overdue import Sweep
from functions.release.handler import handler as released
from functions.release.handler import settle
from functions.worker.runner import execute
from tests.worker.stage import Stage, stream_event

DAY_S = 86_400


def step(operation: str = "echo", *, filename: str | None = "house.ifc", **fields: Any) -> Step:
    named = {} if filename is None else {"filename": filename}
    request = {**named, **fields.pop("request", {})}
    return Step.model_validate({"operation": operation, "request": request, **fields})


def submit(stage: Stage, *steps: Step, tenant: str = "default", **arguments: Any) -> list[Submitted]:
    return stage.services.submission.submit(tenant, steps, **arguments)


def sent(stage: Stage, operation: str = "echo") -> list[str]:
    return [Message.model_validate_json(body).job_id for body in stage.messages(operation)]


def jobs(stage: Stage, tenant: str = "default") -> list[Job]:
    return stage.services.jobs.list(tenant).jobs


def announce(stage: Stage, key: str = "uploads/1/late.ifc", **known: Any) -> InputRef:
    bucket = stage.services.settings.input_bucket
    return InputRef.model_validate({"field": "", "reference": key, "bucket": bucket, "key": key, **known})


def run(stage: Stage, job: Job) -> Job:
    execute(stage.services, job.job_id, owner="worker")
    return stage.job(job)


# What a step becomes


def test_each_step_is_a_queued_job_with_one_message(stage: Stage) -> None:
    arrival = stage.put("house.ifc")
    first, second = submit(stage, step(name="one"), step(request={"mark": "x"}), source="test")
    assert (first.created, first.name, second.name) == (True, "one", None)
    assert [item.job.status for item in (first, second)] == [Status.QUEUED] * 2
    assert sorted(sent(stage)) == sorted([first.job.job_id, second.job.job_id])
    (ref,) = first.job.inputs
    assert (ref.field, ref.reference, ref.key) == ("filename", "house.ifc", "house.ifc")
    assert (ref.version_id, ref.etag, ref.size) == (arrival.version_id, arrival.etag, arrival.size)
    assert first.job.source == "test"


def test_the_same_work_is_found_and_its_message_sent_again_until_it_starts(stage: Stage) -> None:
    stage.put("house.ifc")
    (first,) = submit(stage, step())
    (again,) = submit(stage, step())
    assert (again.created, again.job.job_id) == (False, first.job.job_id)
    assert sent(stage) == [first.job.job_id] * 2
    done = run(stage, first.job)
    (after,) = submit(stage, step())
    assert (after.created, after.job.status) == (False, Status.FINISHED)
    assert after.job.result == done.result
    assert sent(stage) == []


def test_the_same_step_twice_in_one_call_is_one_job(stage: Stage) -> None:
    stage.put("house.ifc")
    first, second = submit(stage, step(), step())
    assert (first.created, second.created) == (True, False)
    assert len(jobs(stage)) == 1


def test_a_nonce_makes_equal_work_run_again(stage: Stage) -> None:
    stage.put("house.ifc")
    first, second = submit(stage, step(nonce="1"), step(nonce="2"))
    assert first.job.job_id != second.job.job_id


def test_equal_bytes_under_another_key_are_the_same_work_but_under_another_name_are_not(stage: Stage) -> None:
    for key in ("a/house.ifc", "b/house.ifc", "b/barn.ifc"):
        stage.put(key)
    a, b, barn = submit(stage, *(step(filename=key) for key in ("a/house.ifc", "b/house.ifc", "b/barn.ifc")))
    assert a.job.job_id == b.job.job_id != barn.job.job_id


def test_other_bytes_under_the_same_key_are_other_work(stage: Stage) -> None:
    stage.put("house.ifc", b"one")
    (old,) = submit(stage, step())
    stage.put("house.ifc", b"two")
    (new,) = submit(stage, step())
    assert new.created
    assert new.job.job_id != old.job.job_id


def test_two_tenants_never_share_a_job(stage: Stage) -> None:
    stage.put("tenants/acme/house.ifc")
    stage.put("tenants/other/house.ifc")
    (acme,) = submit(stage, step(), tenant="acme")
    (other,) = submit(stage, step(), tenant="other")
    assert acme.job.job_id != other.job.job_id
    assert (acme.job.inputs[0].key, acme.job.tenant) == ("tenants/acme/house.ifc", "acme")


def test_one_object_is_looked_up_once_for_all_steps(stage: Stage) -> None:
    stage.put("house.ifc")
    sends = count_requests(stage.clients.s3)
    submit(stage, *(step(request={"mark": str(number)}) for number in range(20)))
    assert sum(sends.values()) == 1


def test_a_call_that_names_too_much_to_look_up_in_time_is_refused(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(submission, "MAX_LOOKUPS", 3)
    parent = stage.echo()
    steps = [step(filename=f"{number}.ifc", after=(parent.job_id,)) for number in range(3)]
    made = submit(stage, *steps[:2], wait_for_missing=True)
    assert len(made) == 2
    with pytest.raises(InputError, match="more than 3 files and jobs") as caught:
        submit(stage, *steps, wait_for_missing=True)
    assert caught.value.field == "steps.2.request.filename"


# An expired record


def test_work_whose_record_has_expired_is_done_again(stage: Stage) -> None:
    stage.put("house.ifc")
    (first,) = submit(stage, step())
    run(stage, first.job)
    stage.clock.forward(91 * DAY_S)
    (again,) = submit(stage, step())
    assert again.created
    assert stage.job(first.job).status is Status.QUEUED
    assert run(stage, again.job).status is Status.FINISHED


# All or nothing


@pytest.mark.parametrize(
    ("wrong", "error", "field"),
    [
        (step("ifcmagic"), UnknownOperationError, "steps.1.operation"),
        (step(request={"colour": "red"}), InputError, "steps.1.request.colour"),
        (step(request={"behaviour": "dance"}), InputError, "steps.1.request.behaviour"),
        (step(request={"filename": 5}), InputError, "steps.1.request.filename"),
        (step(filename=None), InputError, "steps.1.request.filename"),
        (step(filename="missing.ifc"), NotFoundError, "steps.1.request.filename"),
        (step(filename="../house.ifc"), InputError, "steps.1.request.filename"),
        (step(filename="x/" * 510 + "long.ifc"), InputError, "steps.1.request.filename"),
        (step(filename="x" * 1000 + ".ifc"), NotFoundError, "steps.1.request.filename"),
        (step(filename="s3://elsewhere/house.ifc"), NotFoundError, "steps.1.request.filename"),
        (step(filename="tenants/acme/house.ifc"), NotFoundError, "steps.1.request.filename"),
        (step(filename="step:nobody/x.ifc"), NotFoundError, "steps.1.request.filename"),
        (step(filename=f"job:{'0' * 32}"), NotFoundError, "steps.1.request.filename"),
        (step(request={"other": "missing.ifc"}), NotFoundError, "steps.1.request.other"),
        (step(request={"other": "house.pdf"}), InputError, "steps.1.request.other"),
        (step(request={"mark": "x" * 70_000}), TooLargeError, "steps.1.request"),
        (step(request={"input_version_id": "nope"}), NotFoundError, "steps.1.request.filename"),
        (
            step(request={"input_version_ids": {"roof": "v1"}}),
            InputError,
            "steps.1.request.input_version_ids.roof",
        ),
        (step(after=("nobody",)), NotFoundError, "steps.1.after.0"),
        (step(name="first"), InputError, "steps.1.name"),
    ],
)
def test_a_wrong_step_is_named_and_no_step_becomes_a_job(
    stage: Stage, wrong: Step, error: type[Exception], field: str
) -> None:
    stage.put("house.ifc")
    stage.put("house.pdf")
    stage.put("tenants/acme/house.ifc")
    with pytest.raises(error) as caught:
        submit(stage, step(name="first"), wrong)
    assert caught.value.field == field  # type: ignore[attr-defined]
    assert jobs(stage) == []
    assert sent(stage) == []


def test_a_version_that_is_not_there_is_named(stage: Stage) -> None:
    stage.put("house.ifc")
    with pytest.raises(NotFoundError, match=r"Input file house\.ifc not found in version 'nope'"):
        submit(stage, step(request={"input_version_id": "nope"}))


def test_without_a_prefix_the_bare_field_is_named(stage: Stage) -> None:
    with pytest.raises(NotFoundError) as caught:
        submit(stage, step(filename="missing.ifc"), at="")
    assert caught.value.field == "filename"
    with pytest.raises(InputError) as wrong:
        submit(
            stage,
            step(request={"input_version_ids": {"roof": "v1"}}, filename="missing.ifc"),
            at="",
            wait_for_missing=True,
        )
    assert wrong.value.field == "input_version_ids.roof"


def test_a_file_larger_than_the_operation_takes_is_refused(stage: Stage) -> None:
    stage.put("house.ifc", b"x" * 1_000_001)
    with pytest.raises(TooLargeError, match="1,000,001 bytes; echo takes 1,000,000"):
        submit(stage, step())


def test_a_version_is_found_and_one_that_cannot_be_honoured_is_refused(stage: Stage) -> None:
    old = stage.put("house.ifc", b"old")
    stage.put("house.ifc", b"new")
    (made,) = submit(stage, step(request={"input_version_id": old.version_id}))
    assert (made.job.inputs[0].version_id, made.job.inputs[0].etag) == (old.version_id, old.etag)
    chained = step(filename=f"job:{made.job.job_id}", request={"input_version_id": old.version_id})
    with pytest.raises(InputError) as caught:
        submit(stage, chained)
    assert caught.value.field == "steps.0.request.input_version_id"


# References to other work


def test_a_step_waits_for_the_step_that_it_reads(stage: Stage) -> None:
    stage.put("house.ifc")
    first, second = submit(stage, step(name="one"), step(filename="step:one/house.echo.ifc"))
    assert second.job.status is Status.WAITING
    assert second.job.pending == {f"job:{first.job.job_id}"}
    assert second.job.after == (first.job.job_id,)
    assert sent(stage) == [first.job.job_id]
    settle(stage.services, run(stage, first.job))
    assert sent(stage) == [second.job.job_id]
    assert run(stage, second.job).status is Status.FINISHED


def test_after_a_finished_job_a_step_is_queued_at_once(stage: Stage) -> None:
    parent = run(stage, stage.echo())
    (made,) = submit(stage, step(request={"mark": "x"}, after=(parent.job_id,)))
    assert (made.job.status, made.job.after) == (Status.QUEUED, (parent.job_id,))


def test_an_output_that_a_finished_job_does_not_have_is_refused(stage: Stage) -> None:
    parent = run(stage, stage.echo())
    with pytest.raises(NotFoundError, match=r"there are: house\.echo\.ifc"):
        submit(stage, step(filename=f"job:{parent.job_id}/other.ifc"))


@pytest.mark.parametrize("form", ["job:{0}", "s3://{1}/jobs/{0}/house.echo.ifc", "after"])
def test_the_job_of_another_tenant_is_not_there(stage: Stage, form: str) -> None:
    stage.put("house.ifc")
    stage.put("tenants/acme/house.ifc")
    parent = run(stage, submit(stage, step())[0].job)
    output = stage.services.settings.output_bucket
    wanted = (
        step(after=(parent.job_id,)) if form == "after" else step(filename=form.format(parent.job_id, output))
    )
    with pytest.raises(NotFoundError, match="neither an earlier step nor a job"):
        submit(stage, wanted, tenant="acme")
    assert jobs(stage, "acme") == []


@pytest.mark.parametrize(
    "reference",
    [
        "tenants/acme/house.ifc",
        "/tenants/acme/house.ifc",
        "s3://{0}/tenants/acme/house.ifc",
        "s3://{0}/house.ifc",
    ],
)
def test_the_file_of_another_tenant_is_not_there(stage: Stage, reference: str) -> None:
    stage.put("house.ifc")
    stage.put("tenants/acme/house.ifc")
    bucket = stage.services.settings.input_bucket
    with pytest.raises(NotFoundError):
        submit(stage, step(filename=reference.format(bucket)), tenant="other", wait_for_missing=False)


def test_a_job_that_failed_can_be_nobodys_parent(stage: Stage) -> None:
    failed = run(stage, stage.echo(behaviour="wrong"))
    with pytest.raises(ConflictError, match="is failed: requeue it first"):
        submit(stage, step(after=(failed.job_id,)))


def test_files_of_a_manifest_lie_beside_it_unless_they_are_absolute(stage: Stage) -> None:
    stage.put("plan/house.ifc", b"beside")
    stage.put("house.ifc", b"above")
    beside, above = submit(stage, step(), step(filename="/house.ifc"), prefix="plan/")
    assert [item.job.inputs[0].key for item in (beside, above)] == ["plan/house.ifc", "house.ifc"]


# Waiting


def test_an_announced_upload_waits_is_marked_and_starts_when_it_comes(stage: Stage) -> None:
    primary = announce(stage)
    (made,) = submit(stage, step(filename=None), primary=primary, announced=True)
    assert made.job.status is Status.WAITING
    assert made.job.pending == {"input:filename"}
    token = object_token(str(primary.bucket), str(primary.key))
    assert sorted(stage.services.jobs.waiting_for(token)) == [
        ("", ""),
        (made.job.job_id, "input:filename"),
    ]
    assert sent(stage) == []
    arrival = stage.put("uploads/1/late.ifc", Metadata={"operations": "ifcinfo"})
    take(stage.services, arrival)
    assert sent(stage) == [made.job.job_id]
    assert [job.operation for job in jobs(stage)] == ["echo"]
    assert run(stage, made.job).status is Status.FINISHED


def test_an_upload_fills_the_first_file_unless_the_step_names_another(stage: Stage) -> None:
    stage.put("house.ifc")
    primary = stage.put("site.ifc").ref()
    own, other = submit(stage, step(filename=None), step(), primary=primary)
    assert [item.job.inputs[0].key for item in (own, other)] == ["site.ifc", "house.ifc"]
    assert own.job.request["filename"] == "site.ifc"


def test_a_missing_file_makes_a_job_wait_only_where_that_was_asked_for(stage: Stage) -> None:
    with pytest.raises(NotFoundError):
        submit(stage, step())
    (made,) = submit(stage, step(request={"other": "house.ifc"}), wait_for_missing=True)
    assert made.job.pending == {"input:filename", "input:other"}
    take(stage.services, stage.put("house.ifc"))
    assert sent(stage) == [made.job.job_id]
    with pytest.raises(NotFoundError):
        submit(stage, step(request={"input_version_id": "v1"}, filename="gone.ifc"), wait_for_missing=True)


def test_a_job_that_waits_is_found_by_the_second_upload_of_the_same_content_too(stage: Stage) -> None:
    known = {"sha256": "0" * 64, "size": 7}
    (first,) = submit(stage, step(filename=None), primary=announce(stage, "uploads/1/a.ifc", **known))
    (second,) = submit(stage, step(filename=None), primary=announce(stage, "uploads/2/a.ifc", **known))
    assert (second.created, second.job.job_id) == (False, first.job.job_id)
    take(stage.services, stage.put("uploads/2/a.ifc"))
    assert sent(stage) == [first.job.job_id]


# Races


class Meddling(Jobs):
    """Job records while whose child is stored something happens: once, before or after one of the steps."""

    meddle: Any = None
    place = "before create"

    def at(self, place: str) -> None:
        if place == self.place and self.meddle:
            meddle, self.meddle = self.meddle, None
            meddle()

    def expect(self, job_id: str) -> None:
        self.at("before expect")
        super().expect(job_id)
        self.at("after expect")

    def create(self, job: Job, *args: Any, **options: Any) -> tuple[Job, bool]:
        self.at("before create")
        made = super().create(job, *args, **options)
        self.at("after create")
        return made


def meddled(stage: Stage, meddle: Any, place: str = "before create") -> Stage:
    services = stage.services
    jobs = Meddling(stage.clients.dynamodb, services.settings.table_name, now=stage.clock)
    jobs.meddle, jobs.place = meddle, place
    changed = replace(services.submission, jobs=jobs)
    return replace(stage, services=replace(services, jobs=jobs, submission=changed))


def test_a_parent_that_finishes_before_its_child_is_stored_releases_it_all_the_same(stage: Stage) -> None:
    parent = stage.echo()

    def finish() -> None:
        settle(stage.services, run(stage, parent))  # its event finds nobody who waits

    (child,) = submit(meddled(stage, finish), step(filename=f"job:{parent.job_id}"))
    assert child.job.status is Status.QUEUED
    assert child.job.job_id in sent(stage)


PLACES = ("before expect", "after expect", "before create", "after create", "at last")


@pytest.mark.parametrize("heard", ["then", "at last"])
@pytest.mark.parametrize("ends", PLACES)
def test_whenever_a_parent_ends_its_child_goes_on(live: Stage, ends: str, heard: str) -> None:
    """And whenever its record, as it was when it ended, is read from the stream."""
    stage = live
    parent = stage.echo()
    records: list[dict[str, Any]] = []

    def hear() -> None:
        while records:
            assert released(records.pop(), stage.context) == {"batchItemFailures": []}

    def end() -> None:
        records.append(stream_event(run(stage, parent)))
        if heard == "then":
            hear()

    changed = meddled(stage, end, ends)
    (child,) = submit(changed, step(filename=f"job:{parent.job_id}"))
    jobs = changed.services.jobs
    assert isinstance(jobs, Meddling)
    jobs.at("at last")
    hear()
    assert stage.job(child.job).status is Status.QUEUED
    assert child.job.job_id in sent(stage)


def test_only_jobs_that_others_wait_for_are_noted_as_such(stage: Stage) -> None:
    lone = stage.echo("lone.ifc")
    parent = stage.echo("parent.ifc")
    requests = count_requests(*stage.clients.all())
    first, second = submit(
        stage,
        step(filename=f"job:{parent.job_id}", name="first"),
        step(filename="step:first/x.ifc", after=[parent.job_id]),
    )
    assert requests["dynamodb.UpdateItem"] == 1  # the second parent is noted as it is made
    awaited = [stage.job(job).awaited for job in (lone, parent, first.job, second.job)]
    assert awaited == [False, True, True, False]


def test_a_parent_that_fails_before_its_child_is_stored_fails_it_all_the_same(stage: Stage) -> None:
    parent = stage.echo(behaviour="wrong")

    def fail() -> None:
        settle(stage.services, run(stage, parent))

    (child,) = submit(meddled(stage, fail), step(filename=f"job:{parent.job_id}"))
    assert child.job.status is Status.FAILED
    assert child.job.error is not None
    assert child.job.error["field"] == "after"
    assert child.job.error["detail"].endswith("is failed: requeue it first")


def test_a_workflow_asked_for_again_fails_where_it_failed_before(stage: Stage) -> None:
    stage.put("house.ifc")
    steps = (step(name="one", request={"behaviour": "wrong"}), step(filename="step:one/x.ifc"))
    first, second = submit(stage, *steps)
    settle(stage.services, run(stage, first.job))
    assert stage.job(second.job).status is Status.FAILED
    _, again = submit(stage, steps[0], step(filename="step:one/x.ifc", nonce="again"))
    assert again.job.status is Status.FAILED


# Asked for again


def ended_badly(stage: Stage, how: str, **asked: Any) -> Submitted:
    stage.put("house.ifc")
    (made,) = submit(stage, step(request={"behaviour": "wrong"}, **asked))
    if how == "failed":
        run(stage, made.job)
    else:
        stage.services.jobs.cancel(made.job.job_id)
    sent(stage)
    assert stage.job(made.job).status == how
    return made


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_a_person_who_asks_again_gets_work_that_ended_badly_done_again(stage: Stage, how: str) -> None:
    first = ended_badly(stage, how)
    (again,) = submit(stage, step(request={"behaviour": "wrong"}), again=True)
    assert (again.job.job_id, again.job.status, again.created) == (first.job.job_id, Status.QUEUED, False)
    assert sent(stage) == [first.job.job_id]


@pytest.mark.parametrize("how", ["failed", "cancelled"])
def test_an_event_or_a_request_that_comes_twice_repeats_nothing(stage: Stage, how: str) -> None:
    ended_badly(stage, how)
    (event,) = submit(stage, step(request={"behaviour": "wrong"}))
    assert event.job.status == how
    ended_badly(stage, how, nonce="monday")
    (request,) = submit(stage, step(request={"behaviour": "wrong"}, nonce="monday"), again=True)
    assert request.job.status == how
    assert sent(stage) == []


def test_work_that_is_done_is_not_done_again(stage: Stage) -> None:
    job = stage.echo()
    run(stage, job)
    (found,) = submit(stage, step(), again=True)
    assert found.job.status is Status.FINISHED


def test_a_workflow_that_a_person_asks_for_again_starts_over_where_it_failed(stage: Stage) -> None:
    stage.put("house.ifc")
    steps = (step(name="one", request={"mark": "1"}), step(filename="step:one/house.echo.ifc"))
    first, second = (item.job for item in submit(stage, *steps))
    held = stage.services.jobs.claim(first.job_id, owner="worker", lease_s=60)
    assert held is not None
    settle(stage.services, stage.services.jobs.fail(held, InputError("bad day").to_dict()))
    assert stage.job(second).status is Status.FAILED
    sent(stage)
    again = [item.job for item in submit(stage, *steps, again=True)]
    assert [job.job_id for job in again] == [first.job_id, second.job_id]
    assert [job.status for job in again] == [Status.QUEUED, Status.WAITING]
    assert stage.services.jobs.list("default", status=Status.WAITING).jobs[0].error is None
    settle(stage.services, run(stage, first))
    assert run(stage, second).status is Status.FINISHED


def test_of_two_who_ask_again_at_once_both_find_the_job_queued(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = ended_badly(stage, "failed")
    requeue = Jobs.requeue

    def after_another(jobs: Jobs, job_id: str) -> Job:
        requeue(jobs, job_id)
        return requeue(jobs, job_id)

    monkeypatch.setattr(Jobs, "requeue", after_another)
    (again,) = submit(stage, step(request={"behaviour": "wrong"}), again=True)
    assert (again.job.job_id, again.job.status) == (first.job.job_id, Status.QUEUED)


def test_an_object_that_arrives_before_its_job_is_stored_is_found_by_the_sweep(stage: Stage) -> None:
    def arrive() -> None:
        take(stage.services, stage.put("late.ifc"))  # asks for nothing, and nobody waits yet

    (made,) = submit(meddled(stage, arrive), step(filename="late.ifc"), wait_for_missing=True)
    assert made.job.status is Status.WAITING
    stage.clock.forward(200)
    Sweep(stage.services, now=stage.clock, has_time=lambda: True).run()
    assert sent(stage) == [made.job.job_id]
    assert run(stage, made.job).status is Status.FINISHED


def test_a_message_that_could_not_be_sent_is_sent_by_the_next_try(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.put("house.ifc")

    def away(*_: object, **__: object) -> None:
        raise RetryableError("the queue: AWS could not be reached")

    with monkeypatch.context() as broken, pytest.raises(RetryableError):
        broken.setattr(type(stage.services.queues), "send", away)
        submit(stage, step())
    (again,) = submit(stage, step())
    assert (again.created, again.job.status) == (False, Status.QUEUED)
    assert sent(stage) == [again.job.job_id]


def test_a_message_that_was_never_sent_is_sent_by_the_sweep(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    stage.put("house.ifc")
    with monkeypatch.context() as dying:
        dying.setattr(type(stage.services.submission), "send", lambda *_: None)
        (made,) = submit(stage, step())
    stage.clock.forward(200)
    Sweep(stage.services, now=stage.clock, has_time=lambda: True).run()
    assert sent(stage) == [made.job.job_id]


# Refusals


def test_a_refused_step_is_a_failed_job_with_its_problem(stage: Stage) -> None:
    primary = stage.put("house.ifc").ref()
    refused = UnknownOperationError("no such thing", field="steps.0.operation")
    job = stage.services.submission.reject("default", step("ifcmagic"), refused, source="s", primary=primary)
    assert (job.status, job.operation, job.source) == (Status.FAILED, "ifcmagic", "s")
    assert job.error is not None
    assert (job.error["type"], job.error["field"]) == ("unknown-operation", "steps.0.operation")
    again = stage.services.submission.reject("default", step("ifcmagic"), refused, primary=primary)
    assert again == stage.job(job)


def test_every_refused_object_is_told_of_though_its_content_was_refused_before(stage: Stage) -> None:
    refused = InputError("no")
    for key in ("a/house.ifc", "b/house.ifc"):
        primary = stage.put(key).ref()
        stage.services.submission.reject("default", step("upload"), refused, source=key, primary=primary)
    assert sorted(str(job.source) for job in jobs(stage)) == ["a/house.ifc", "b/house.ifc"]


def test_a_refused_step_cannot_be_requeued(stage: Stage) -> None:
    job = stage.services.submission.reject("default", step("uploads"), InputError("no"))
    with pytest.raises(ConflictError, match="was refused and never became work: submit it again"):
        stage.services.jobs.requeue(job.job_id)
    assert stage.job(job).status is Status.FAILED


def test_what_no_record_can_hold_is_refused_without_it(stage: Stage) -> None:
    huge = step(request={"mark": "x" * 100_000})
    job = stage.services.submission.reject("default", huge, TooLargeError("too large"))
    assert stage.job(job).request == {}
    broken = step(request={"mark": float("nan")})
    assert json.dumps(stage.services.submission.reject("default", broken, InputError("no")).request) == "{}"
