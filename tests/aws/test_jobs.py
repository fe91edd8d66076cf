"""What happens to a job record: created, claimed, ended, cancelled, requeued, released."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, cast

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.clients import connect
from functions.aws.items import MAX_EVENTS, SLACK
from functions.aws.jobs import Jobs
from functions.aws.table import object_token
from functions.core.arrival import Arrival
from functions.core.errors import (
    ConflictError,
    InputError,
    NotFoundError,
    PipelineError,
    RetryableError,
    TooLargeError,
)
from functions.core.job import InputRef, Job, Progress, Status
from tests.aws.stack import INPUT, START, Stack, make_job

ERROR = {"type": "invalid-model", "title": "Invalid model", "detail": "no trailer"}


@pytest.fixture
def jobs(stack: Stack) -> Jobs:
    return stack.services.jobs


def item(stack: Stack, job: Job) -> dict[str, Any]:
    """Return a job's item as DynamoDB has it."""
    answer = stack.clients.dynamodb.get_item(
        TableName=stack.services.settings.table_name,
        Key={"pk": {"S": f"JOB#{job.job_id}"}, "sk": {"S": "JOB"}},
    )
    found: dict[str, Any] = answer["Item"]
    return found


def claimed(jobs: Jobs, job: Job, owner: str = "one") -> Job:
    found = jobs.claim(job.job_id, owner=owner, lease_s=60)
    assert found is not None
    return found


def events(job: Job) -> list[str]:
    return [event.event for event in job.events]


class Repeating:
    """A client that sends each update twice, as boto3 does when the first answer is lost."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def update_item(self, **arguments: object) -> object:
        self._client.update_item(**arguments)
        return cast("object", self._client.update_item(**arguments))


class Restless:
    """A client that says of every update that the job is in another state by now."""

    def __init__(self, client: BaseClient) -> None:
        self._client = client

    def update_item(self, **arguments: object) -> object:
        item = self._client.get_item(TableName=arguments["TableName"], Key=arguments["Key"])["Item"]
        answer = {"Error": {"Code": "ConditionalCheckFailedException", "Message": "no"}, "Item": item}
        raise ClientError(answer, "UpdateItem")


class TestCreate:
    def test_a_job_comes_back_as_it_was_stored(self, jobs: Jobs) -> None:
        job = make_job(
            status=Status.WAITING,
            request={"a": [1.5, None, {"": "empty key"}], "size": 10**30, "日本": "Größe"},
            inputs=(INPUT, INPUT.model_copy(update={"field": "sets.0.a.1.file", "job_id": "f" * 32})),
            after=("f" * 32,),
            pending={"input:file", "job:" + "f" * 32},
            source="upload 7",
        )
        stored, created = jobs.create(job, {"object:x/y": "input:file"})
        assert created
        assert stored == jobs.get(job.job_id)
        assert stored.model_copy(update={"events": ()}) == job
        assert events(stored) == ["created"]

    def test_the_same_job_is_created_once(self, jobs: Jobs) -> None:
        jobs.create(make_job())
        claimed(jobs, make_job())
        stored, created = jobs.create(make_job(), {"object:x/y": "input:file"})
        assert not created
        assert stored.status is Status.STARTED
        assert jobs.waiting_for("object:x/y") == []

    def test_a_record_that_expires_while_it_is_found_is_made_anew(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        table = stack.services.settings.table_name
        key = {"pk": {"S": f"JOB#{make_job().job_id}"}, "sk": {"S": "JOB"}}

        def without_item(parsed: dict[str, Any], **_: object) -> None:
            for reason in parsed.get("CancellationReasons", []):
                reason.pop("Item", None)
            stack.clients.dynamodb.delete_item(TableName=table, Key=key)

        stack.clients.dynamodb.meta.events.register("after-call.dynamodb.TransactWriteItems", without_item)
        assert jobs.create(make_job())[1]

    def test_a_rejected_job_expires(self, stack: Stack, jobs: Jobs) -> None:
        job, _ = jobs.create(make_job(status=Status.FAILED, error=ERROR, ended_at=START))
        assert int(item(stack, job)["expires_at"]["N"]) == int((START + timedelta(days=90)).timestamp())
        assert list(jobs.overdue(Status.FAILED, before=START + timedelta(days=1))) == []

    def test_a_request_over_64_kb_is_refused(self, jobs: Jobs) -> None:
        with pytest.raises(TooLargeError, match="64 KB"):
            jobs.create(make_job(request={"text": "é" * 40_000}))

    def test_a_number_that_json_has_not_is_refused(self, jobs: Jobs) -> None:
        with pytest.raises(InputError, match="not finite"):
            jobs.create(make_job(request={"tolerance": float("nan")}))

    @pytest.mark.parametrize("request_", [{"text": "x" * 70_000}, {"tolerance": float("inf")}])
    def test_a_rejected_request_that_no_record_holds_is_left_out(
        self, jobs: Jobs, request_: dict[str, Any]
    ) -> None:
        job, _ = jobs.create(make_job(status="failed", request=request_, error=ERROR))
        assert (job.request, job.error) == ({}, ERROR)

    def test_more_inputs_than_a_transaction_takes_are_refused(self, jobs: Jobs) -> None:
        refs = tuple(
            InputRef(field=f"a.{index}", reference="x", bucket="b", key=f"{index}.ifc")
            for index in range(100)
        )
        with pytest.raises(InputError) as caught:
            jobs.create(make_job(inputs=refs))
        assert caught.value.field == "inputs"

    def test_the_same_object_in_two_fields_is_one_index_item(self, jobs: Jobs) -> None:
        jobs.create(make_job(inputs=(INPUT, INPUT.model_copy(update={"field": "other"}))))
        assert len(jobs.get(make_job().job_id).inputs) == 2

    def test_an_unknown_or_malformed_id_is_not_found(self, jobs: Jobs) -> None:
        for job_id in ("f" * 32, "", "../x", "F" * 32, "f" * 5000, "JOB\n"):
            for act in (jobs.get, jobs.cancel, jobs.requeue, lambda one: jobs.fail(one, ERROR)):
                with pytest.raises(NotFoundError, match="not found"):
                    act(job_id)


class TestClaim:
    def test_a_claim_starts_the_job_under_a_lease(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        stack.clock.forward(5)
        job = claimed(jobs, make_job())
        assert (job.status, job.attempt, job.owner) == (Status.STARTED, 1, "one")
        assert job.started_at == job.changed_at == START + timedelta(seconds=5)
        assert job.lease_until == START + timedelta(seconds=65)

    def test_nobody_else_gets_a_job_under_a_lease(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        claimed(jobs, make_job())
        stack.clock.forward(60)
        assert jobs.claim(make_job().job_id, owner="two", lease_s=60) is None

    def test_a_lease_that_ran_out_goes_to_the_next(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        first = claimed(jobs, make_job())
        jobs.renew(first, lease_s=60, progress=Progress(stage="read", done=1, total=2))
        stack.clock.forward(61)
        second = claimed(jobs, make_job(), "two")
        assert (second.attempt, second.owner, second.progress) == (2, "two", None)
        for act in (
            lambda: jobs.renew(first, lease_s=60),
            lambda: jobs.finish(first, {}),
            lambda: jobs.fail(first, ERROR),
            lambda: jobs.hand_back(first, reason="late"),
            lambda: jobs.end_cancelled(first),
        ):
            with pytest.raises(ConflictError, match="the lease is lost"):
                act()
        assert jobs.get(first.job_id) == second

    def test_the_same_owner_name_does_not_revive_an_earlier_attempt(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        first = claimed(jobs, make_job())
        stack.clock.forward(61)
        claimed(jobs, make_job())
        with pytest.raises(ConflictError):
            jobs.renew(first, lease_s=60)

    @pytest.mark.parametrize("state", ["waiting", "finished", "failed", "cancelled"])
    def test_other_states_cannot_be_claimed(self, jobs: Jobs, state: str) -> None:
        jobs.create(make_job(status=state))
        assert jobs.claim(make_job().job_id, owner="one", lease_s=60) is None

    def test_a_job_that_is_gone_cannot_be_claimed(self, jobs: Jobs) -> None:
        assert jobs.claim("f" * 32, owner="one", lease_s=60) is None

    def test_a_repeated_request_after_a_lost_answer_still_wins(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        settings = stack.services.settings
        repeating = Jobs(Repeating(stack.clients.dynamodb), settings.table_name, now=stack.clock)
        job = claimed(repeating, make_job())
        assert job.attempt == 1
        assert repeating.finish(job, {"success": True}).status is Status.FINISHED
        assert events(jobs.get(job.job_id)) == ["created", "claim", "finish"]


class TestRenew:
    def test_a_renewed_lease_lasts_longer_and_shows_progress(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        stack.clock.forward(50)
        progress = Progress(stage="tessellate", done=3, total=9)
        assert jobs.renew(job, lease_s=60, progress=progress) is False
        stack.clock.forward(50)
        assert jobs.claim(job.job_id, owner="two", lease_s=60) is None
        found = jobs.get(job.job_id)
        assert found.progress == progress
        assert found.lease_until == START + timedelta(seconds=110)

    def test_a_renewal_keeps_the_progress_that_it_says_nothing_about(self, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        progress = Progress(stage="read", done=1, total=1)
        jobs.renew(job, lease_s=60, progress=progress)
        jobs.renew(job, lease_s=60)
        assert jobs.get(job.job_id).progress == progress


class TestEnd:
    def test_a_finished_job_has_its_result_and_no_lease(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        jobs.renew(job, lease_s=60, progress=Progress(stage="write", done=1, total=2))
        stack.clock.forward(2)
        done = jobs.finish(job, {"success": True, "statistics": {"walls": 7, "area": 1.25}})
        assert done.result == {"success": True, "statistics": {"walls": 7, "area": 1.25}}
        assert (done.owner, done.lease_until, done.progress) == (None, None, None)
        assert done.seconds == 2.0
        assert events(done) == ["created", "claim", "finish"]
        assert done == jobs.get(job.job_id)
        assert int(item(stack, job)["expires_at"]["N"]) == int(
            (START + timedelta(days=90, seconds=2)).timestamp()
        )

    @pytest.mark.parametrize(
        "result",
        [{"text": "x" * 200_000}, {"area": float("nan")}, {"area": float("inf")}, {"what": object()}],
    )
    def test_a_result_that_no_record_can_hold_is_a_fault_of_ours(
        self, jobs: Jobs, result: dict[str, Any]
    ) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        with pytest.raises(PipelineError, match="the result"):
            jobs.finish(job, result)
        assert jobs.get(job.job_id).status is Status.STARTED

    @pytest.mark.parametrize("state", ["waiting", "queued"])
    def test_a_job_that_never_ran_can_fail(self, jobs: Jobs, state: str) -> None:
        job, _ = jobs.create(make_job(status=state))
        failed = jobs.fail(job, ERROR)
        assert (failed.status, failed.error) == (Status.FAILED, ERROR)

    def test_a_failed_job_keeps_error_progress_and_the_end_of_its_traceback(self, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        progress = Progress(stage="read", done=1, total=2)
        jobs.renew(job, lease_s=60, progress=progress)
        trace = "begin" + "é" * 20_000 + "ValueError: the end \ud800"
        failed = jobs.fail(job, {**ERROR, "detail": "x" * 100_000}, traceback=trace)
        assert failed.progress == progress
        assert failed.traceback is not None
        assert failed.traceback.endswith("ValueError: the end \\ud800")
        assert len(failed.traceback.encode()) <= 20_000
        assert failed.error is not None
        assert len(failed.error["detail"]) < 5_000

    def test_failing_by_id_needs_no_lease(self, jobs: Jobs) -> None:
        jobs.create(make_job())
        claimed(jobs, make_job())
        assert jobs.fail(make_job().job_id, ERROR).status is Status.FAILED

    def test_an_ended_job_cannot_fail(self, jobs: Jobs) -> None:
        jobs.create(make_job(status="finished"))
        with pytest.raises(ConflictError, match="is finished"):
            jobs.fail(make_job().job_id, ERROR)

    def test_a_job_handed_back_waits_in_its_queue_again(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        stack.clock.forward(3)
        back = jobs.hand_back(job, reason="worker stopped")
        assert (back.status, back.owner, back.lease_until, back.attempt) == (Status.QUEUED, None, None, 1)
        assert back.events[-1].detail == "worker stopped"
        assert claimed(jobs, make_job(), "two").attempt == 2


class TestCancel:
    @pytest.mark.parametrize("state", ["waiting", "queued"])
    def test_a_job_that_nobody_runs_is_cancelled_at_once(self, jobs: Jobs, state: str) -> None:
        jobs.create(make_job(status=state))
        job = jobs.cancel(make_job().job_id)
        assert job.status is Status.CANCELLED
        assert job.ended_at == START

    def test_a_running_job_is_asked_to_stop(self, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        asked = jobs.cancel(job.job_id)
        assert (asked.status, asked.cancel_requested) == (Status.STARTED, True)
        assert jobs.renew(job, lease_s=60) is True
        assert jobs.end_cancelled(job).status is Status.CANCELLED

    def test_a_job_of_a_dead_worker_is_cancelled_at_once(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        stack.clock.forward(61)
        assert jobs.cancel(job.job_id).status is Status.CANCELLED
        with pytest.raises(ConflictError):
            jobs.finish(job, {})

    @pytest.mark.parametrize("state", ["finished", "failed", "cancelled"])
    def test_an_ended_job_cannot_be_cancelled(self, jobs: Jobs, state: str) -> None:
        jobs.create(make_job(status=state))
        with pytest.raises(ConflictError, match=f"is {state} already"):
            jobs.cancel(make_job().job_id)

    def test_a_job_handed_back_meanwhile_is_cancelled_all_the_same(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        calls = []

        def race(**_: object) -> None:
            calls.append(True)
            if len(calls) == 2:  # between the attempt to cancel at once and the request to stop
                jobs.hand_back(job, reason="worker stopped")

        stack.clients.dynamodb.meta.events.register_first("before-send.dynamodb.UpdateItem", race)
        assert jobs.cancel(job.job_id).status is Status.CANCELLED

    def test_a_job_that_never_holds_still_is_busy(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job())
        settings = stack.services.settings
        restless = Jobs(Restless(stack.clients.dynamodb), settings.table_name, now=stack.clock)
        claimed(jobs, make_job())
        with pytest.raises(RetryableError, match="changes too fast"):
            restless.cancel(make_job().job_id)


class TestRequeue:
    @pytest.mark.parametrize("state", ["failed", "cancelled"])
    def test_a_requeued_job_starts_afresh_and_remembers(self, stack: Stack, jobs: Jobs, state: str) -> None:
        jobs.create(make_job())
        job = claimed(jobs, make_job())
        jobs.cancel(job.job_id)
        _ = jobs.fail(job, ERROR, traceback="trace") if state == "failed" else jobs.end_cancelled(job)
        stack.clock.forward(100)
        again = jobs.requeue(job.job_id)
        assert (again.status, again.attempt, again.cancel_requested) == (Status.QUEUED, 0, False)
        assert (again.error, again.traceback, again.started_at, again.ended_at) == (None, None, None, None)
        assert events(again)[:2] == ["created", "claim"]
        assert events(again)[-1] == "requeue"
        assert "expires_at" not in item(stack, job)
        assert claimed(jobs, job).attempt == 1

    @pytest.mark.parametrize("state", ["waiting", "queued", "finished"])
    def test_only_failed_and_cancelled_jobs_are_requeued(self, jobs: Jobs, state: str) -> None:
        jobs.create(make_job(status=state))
        with pytest.raises(ConflictError, match=f"is {state}: only failed and cancelled"):
            jobs.requeue(make_job().job_id)

    def test_a_job_whose_inputs_never_came_says_what_it_waits_for(self, jobs: Jobs) -> None:
        parent = "job:" + "f" * 32
        jobs.create(make_job(status="waiting", pending={parent}))
        jobs.cancel(make_job().job_id)
        with pytest.raises(ConflictError, match=f"still waits for {parent}"):
            jobs.requeue(make_job().job_id)
        assert jobs.satisfy(make_job().job_id, parent) is None
        assert jobs.get(make_job().job_id).status is Status.CANCELLED
        with pytest.raises(ConflictError, match="is cancelled: it cannot wait again"):
            jobs.reopen(make_job().job_id)
        assert jobs.requeue(make_job().job_id).status is Status.QUEUED

    def test_a_job_that_is_reopened_waits_on_and_is_looked_after(self, stack: Stack, jobs: Jobs) -> None:
        jobs.create(make_job(status="waiting", pending={"input:file"}))
        jobs.cancel(make_job().job_id)
        stack.clock.forward(100)
        again = jobs.reopen(make_job().job_id)
        assert (again.status, again.pending, again.ended_at) == (
            Status.WAITING,
            frozenset({"input:file"}),
            None,
        )
        assert "expires_at" not in item(stack, again)
        later = stack.clock.time + timedelta(seconds=1)
        assert [job.job_id for job in jobs.overdue(Status.WAITING, before=later)] == [again.job_id]
        freed = jobs.satisfy(again.job_id, "input:file")
        assert freed is not None and freed.status is Status.QUEUED


class TestSatisfy:
    def waiting(self, jobs: Jobs, *entries: str) -> Job:
        job = make_job(status="waiting", pending=set(entries), inputs=(INPUT, INPUT_B))
        return jobs.create(job, {object_token("b", entry): entry for entry in entries})[0]

    def test_the_last_entry_queues_the_job(self, jobs: Jobs) -> None:
        job = self.waiting(jobs, "input:file", "input:other")
        assert jobs.satisfy(job.job_id, "input:file") is None
        assert jobs.get(job.job_id).pending == {"input:other"}
        freed = jobs.satisfy(job.job_id, "input:other")
        assert freed is not None
        assert (freed.status, freed.pending) == (Status.QUEUED, frozenset())

    def test_an_input_that_came_is_noted_beside_the_others(self, jobs: Jobs) -> None:
        job = self.waiting(jobs, "input:file", "input:other")
        one = {"bucket": "b", "key": "input:file", "version_id": "v2", "size": 5}
        two = {"bucket": "b", "key": "input:other", "version_id": "v3", "size": 6}
        jobs.satisfy(job.job_id, "input:other", arrival=Arrival.model_validate(two))
        jobs.satisfy(job.job_id, "input:file", arrival=Arrival.model_validate(one))
        expected = (INPUT.model_copy(update=one), INPUT_B.model_copy(update=two))
        assert jobs.get(job.job_id).inputs == expected

    def test_a_later_version_does_not_take_the_place_of_the_one_that_came(self, jobs: Jobs) -> None:
        job = self.waiting(jobs, "input:file", "input:other")
        for version in ("v2", "v3"):
            arrival = Arrival(bucket="b", key="input:file", version_id=version)
            assert jobs.satisfy(job.job_id, "input:file", arrival=arrival) is None
        assert jobs.get(job.job_id).inputs[0].version_id == "v2"

    def test_the_same_event_again_sends_again_until_the_job_starts(self, jobs: Jobs) -> None:
        job = self.waiting(jobs, "input:file")
        first, second = (jobs.satisfy(job.job_id, "input:file") for _ in range(2))
        assert first is not None
        assert first == second
        claimed(jobs, job)
        assert jobs.satisfy(job.job_id, "input:file") is None

    def test_an_event_that_comes_twice_counts_once(self, jobs: Jobs) -> None:
        job = self.waiting(jobs, "input:file", "input:other")
        assert [jobs.satisfy(job.job_id, "input:file") for _ in range(3)] == [None, None, None]
        assert jobs.get(job.job_id).status is Status.WAITING

    @pytest.mark.parametrize("moment", range(3))
    def test_exactly_one_of_two_parents_sends_the_job(self, stack: Stack, jobs: Jobs, moment: int) -> None:
        """The other parent finishes before the first or the second request of this one, or after both."""
        job = self.waiting(jobs, "job:a", "job:b")
        freed: list[Job | None] = []
        calls = []

        def race(**_: object) -> None:
            calls.append(True)
            if len(calls) == moment + 1 and not freed:
                freed.append(jobs.satisfy(job.job_id, "job:b"))

        stack.clients.dynamodb.meta.events.register_first("before-send.dynamodb.UpdateItem", race)
        freed.append(jobs.satisfy(job.job_id, "job:a"))
        if len(freed) == 1:
            freed.append(jobs.satisfy(job.job_id, "job:b"))
        assert len([one for one in freed if one is not None]) == 1
        assert jobs.get(job.job_id).status is Status.QUEUED

    def test_two_that_see_the_last_entry_go_send_once(self, stack: Stack, jobs: Jobs) -> None:
        """The other one queues the job between this one's last two requests."""
        job = self.waiting(jobs, "job:a", "job:b")
        calls = []

        def race(**_: object) -> None:
            calls.append(True)
            if len(calls) == 2:
                self.take_away(stack, job, "job:b")  # ... and died before it queued the job
            if len(calls) == 3:
                calls.append(True)
                assert jobs.satisfy(job.job_id, "job:b") is not None

        stack.clients.dynamodb.meta.events.register_first("before-send.dynamodb.UpdateItem", race)
        assert jobs.satisfy(job.job_id, "job:a") is None
        assert len(calls) > 3
        assert jobs.get(job.job_id).status is Status.QUEUED

    def take_away(self, stack: Stack, job: Job, entry: str) -> None:
        """Take an entry from a waiting job behind the adapter's back."""
        client = connect().dynamodb
        client.update_item(
            TableName=stack.services.settings.table_name,
            Key={"pk": {"S": f"JOB#{job.job_id}"}, "sk": {"S": "JOB"}},
            UpdateExpression="DELETE pending :entry",
            ExpressionAttributeValues={":entry": {"SS": [entry]}},
        )

    def test_a_caller_that_died_halfway_is_made_up_for(self, stack: Stack, jobs: Jobs) -> None:
        """Two entries were taken away, and nobody came to queue the job."""
        job = self.waiting(jobs, "job:a")
        stack.clients.dynamodb.update_item(
            TableName=stack.services.settings.table_name,
            Key={"pk": {"S": f"JOB#{job.job_id}"}, "sk": {"S": "JOB"}},
            UpdateExpression="REMOVE pending",
        )
        freed = jobs.satisfy(job.job_id, "job:a")
        assert freed is not None
        assert freed.status is Status.QUEUED

    def test_an_ended_job_is_left_alone(self, jobs: Jobs) -> None:
        job = self.waiting(jobs, "job:a", "job:b")
        jobs.cancel(job.job_id)
        assert jobs.satisfy(job.job_id, "job:a") is None
        assert jobs.satisfy(job.job_id, "job:b") is None
        assert jobs.get(job.job_id).status is Status.CANCELLED

    def test_a_job_that_is_not_there_is_not_found(self, jobs: Jobs) -> None:
        with pytest.raises(NotFoundError):
            jobs.satisfy("f" * 32, "job:a")

    def test_waiting_jobs_and_marks_are_found_by_token(self, stack: Stack, jobs: Jobs) -> None:
        job = self.waiting(jobs, "input:file")
        token = object_token("b", "input:file")
        assert jobs.waiting_for(token) == [(job.job_id, "input:file")]
        jobs.mark_upload("b", "input:file")
        assert sorted(jobs.waiting_for(token)) == [("", ""), (job.job_id, "input:file")]
        assert jobs.waiting_for(object_token("b", "input:fil")) == []

    def test_a_stored_job_can_be_given_more_tokens(self, jobs: Jobs) -> None:
        job = self.waiting(jobs, "input:file")
        jobs.wait(job.job_id, {"object:c/d": "input:file", "object:e/f": "input:file"})
        assert jobs.waiting_for("object:c/d") == [(job.job_id, "input:file")]
        assert jobs.waiting_for("object:e/f") == [(job.job_id, "input:file")]


INPUT_B = InputRef(field="other", reference="b.ifc", bucket="b", key="b.ifc")


def test_a_job_that_changes_hands_very_often_keeps_its_latest_events(jobs: Jobs) -> None:
    many = [
        {"at": START, "event": "hand_back", "detail": f"unavailable {n}"} for n in range(MAX_EVENTS + SLACK)
    ]
    jobs.create(make_job(events=many))
    job = claimed(jobs, make_job())
    assert job.events[-1].event == "claim"
    kept = jobs.get(job.job_id).events
    assert len(kept) == MAX_EVENTS
    assert kept[-1] == job.events[-1]
    assert kept[0].detail == f"unavailable {SLACK + 1}"


def test_postponing_hides_a_job_from_the_sweep_until_then(stack: Stack, jobs: Jobs) -> None:
    jobs.create(make_job())
    later = START + timedelta(hours=1)
    assert [job.job_id for job in jobs.overdue(Status.QUEUED, before=later)] == [make_job().job_id]
    jobs.postpone(make_job().job_id, until=later)
    assert list(jobs.overdue(Status.QUEUED, before=later)) == []
    assert len(list(jobs.overdue(Status.QUEUED, before=later + timedelta(seconds=1)))) == 1


def test_postponing_a_job_that_has_moved_on_does_nothing(jobs: Jobs) -> None:
    jobs.create(make_job())
    job = claimed(jobs, make_job())
    jobs.postpone(job.job_id, until=START + timedelta(days=1))
    assert jobs.get(job.job_id) == job
    overdue = jobs.overdue(Status.STARTED, before=START + timedelta(seconds=61))
    assert [found.job_id for found in overdue] == [job.job_id]
