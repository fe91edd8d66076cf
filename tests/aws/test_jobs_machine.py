"""The state machine of a job: random histories with two workers, against a model and the table in moto."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import boto3
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from moto import mock_aws

from functions.aws.clients import connect
from functions.aws.jobs import Jobs
from functions.aws.records import to_job
from functions.aws.table import create_arguments
from functions.core.errors import ConflictError
from functions.core.job import ENDED, Job, Progress, Status
from tests.aws.stack import CREDENTIALS, Clock, make_job

TABLE_NAME = "jobs"
LEASE = 60
ENTRIES = ("job:a", "job:b")
SESSION = boto3.session.Session(
    aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
)
WORKERS = st.sampled_from(["one", "two"])
NUMBERS = st.integers(1, 2)


@dataclass
class Model:
    """What a job must be like."""

    status: Status
    pending: set[str] = field(default_factory=set)
    attempt: int = 0
    claims: int = 0
    run: Job | None = None
    lease_until: datetime | None = None
    cancel_requested: bool = False


class Machine(RuleBasedStateMachine):
    """Two jobs, two workers, a clock; every rule is tried whether or not it is allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.mock = mock_aws()
        self.mock.start()
        self.clock = Clock()
        self.client = connect({}, session=SESSION).dynamodb
        self.client.create_table(**create_arguments(TABLE_NAME))
        self.jobs = Jobs(self.client, TABLE_NAME, now=self.clock)
        self.models: dict[str, Model] = {}
        self.runs: list[Job] = []
        self.ended: dict[str, Job] = {}

    def teardown(self) -> None:
        try:
            self.the_indexes_agree()
        finally:
            self.mock.stop()

    @initialize(waits=st.booleans())
    def create(self, waits: bool) -> None:
        for number, pending in ((1, set(ENTRIES) if waits else set()), (2, set())):
            status = Status.WAITING if pending else Status.QUEUED
            job, created = self.jobs.create(make_job(number, status=status, pending=pending))
            assert created
            self.models[job.job_id] = Model(status, set(pending))

    def model(self, number: int) -> tuple[str, Model]:
        job_id = make_job(number).job_id
        return job_id, self.models[job_id]

    def alive(self, model: Model) -> bool:
        return model.lease_until is not None and model.lease_until >= self.clock.time

    def end(self, model: Model, status: Status) -> None:
        model.status, model.run, model.lease_until = status, None, None

    def allowed(self, ok: bool, act: Callable[[], Job]) -> None:
        """Do what the model allows, and see what it forbids refused."""
        if ok:
            act()
        else:
            with pytest.raises(ConflictError):
                act()

    @rule(seconds=st.sampled_from([1, 59, 61]))
    def tick(self, seconds: int) -> None:
        self.clock.forward(seconds)

    @rule(number=NUMBERS)
    def create_again(self, number: int) -> None:
        stored, created = self.jobs.create(make_job(number))
        assert not created
        assert stored.status is self.model(number)[1].status

    @rule(number=NUMBERS, worker=WORKERS)
    def claim(self, number: int, worker: str) -> None:
        job_id, model = self.model(number)
        free = model.status is Status.QUEUED or (model.status is Status.STARTED and not self.alive(model))
        model.claims += 1
        run = self.jobs.claim(job_id, owner=f"{worker}-{model.claims}", lease_s=LEASE)
        assert (run is not None) == free
        if run is not None:
            model.status, model.run = Status.STARTED, run
            model.attempt += 1
            model.lease_until = self.clock.time + timedelta(seconds=LEASE)
            self.runs.append(run)

    @precondition(lambda self: self.runs)
    @rule(data=st.data(), act=st.sampled_from(["renew", "finish", "fail", "hand_back", "end_cancelled"]))
    def work(self, data: st.DataObject, act: str) -> None:
        """A worker, alive or thought dead, goes on with a run it once claimed."""
        run = data.draw(st.sampled_from(self.runs))
        model = self.models[run.job_id]
        holds = model.status is Status.STARTED and model.run == run
        if act == "renew":
            progress = Progress(stage="read", done=1, total=2)
            if holds:
                assert self.jobs.renew(run, lease_s=LEASE, progress=progress) is model.cancel_requested
                model.lease_until = self.clock.time + timedelta(seconds=LEASE)
            else:
                with pytest.raises(ConflictError):
                    self.jobs.renew(run, lease_s=LEASE, progress=progress)
            return
        acts: dict[str, tuple[Status, Callable[[], Job]]] = {
            "finish": (Status.FINISHED, lambda: self.jobs.finish(run, {"success": True})),
            "fail": (Status.FAILED, lambda: self.jobs.fail(run, {"detail": "no"})),
            "hand_back": (Status.QUEUED, lambda: self.jobs.hand_back(run, reason="worker stopped")),
            "end_cancelled": (Status.CANCELLED, lambda: self.jobs.end_cancelled(run)),
        }
        target, take = acts[act]
        self.allowed(holds, take)
        if holds:
            self.end(model, target)

    @rule(number=NUMBERS)
    def fail_by_id(self, number: int) -> None:
        job_id, model = self.model(number)
        ok = model.status not in ENDED
        self.allowed(ok, lambda: self.jobs.fail(job_id, {"detail": "dead letter"}))
        if ok:
            self.end(model, Status.FAILED)

    @rule(number=NUMBERS)
    def cancel(self, number: int) -> None:
        job_id, model = self.model(number)
        ok = model.status not in ENDED
        self.allowed(ok, lambda: self.jobs.cancel(job_id))
        if ok and model.status is Status.STARTED and self.alive(model):
            model.cancel_requested = True
        elif ok:
            self.end(model, Status.CANCELLED)

    @rule(number=NUMBERS)
    def requeue(self, number: int) -> None:
        job_id, model = self.model(number)
        ok = model.status in {Status.FAILED, Status.CANCELLED} and not model.pending
        self.allowed(ok, lambda: self.jobs.requeue(job_id))
        if ok:
            self.ended.pop(job_id, None)
            self.end(model, Status.QUEUED)
            model.attempt, model.cancel_requested = 0, False

    @rule(number=NUMBERS, entry=st.sampled_from(ENTRIES))
    def satisfy(self, number: int, entry: str) -> None:
        job_id, model = self.model(number)
        freed = self.jobs.satisfy(job_id, entry)
        model.pending.discard(entry)
        if model.status is Status.WAITING and not model.pending:
            model.status = Status.QUEUED
        assert (freed is not None) == (model.status is Status.QUEUED and model.attempt == 0)

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        items = self.client.scan(TableName=TABLE_NAME, ConsistentRead=True)["Items"]
        found = {item["job_id"]["S"]: to_job(item) for item in items if item["sk"]["S"] == "JOB"}
        assert set(found) == set(self.models)
        for job_id, job in found.items():
            model = self.models[job_id]
            assert (job.status, job.attempt) == (model.status, model.attempt)
            assert set(job.pending) == model.pending
            assert job.cancel_requested == model.cancel_requested
            assert job.lease_until == model.lease_until
            assert job.owner == (model.run.owner if model.run else None)
            assert (job.ended_at is not None) == job.status.ended
            assert (job.result is not None) == (job.status is Status.FINISHED)
            if job.status.ended:  # only a requeue changes it again; what it waited for may still come
                rest = job.model_copy(update={"pending": frozenset()})
                assert self.ended.setdefault(job_id, rest) == rest

    def the_indexes_agree(self) -> None:
        listed = {(job.job_id, status) for status in Status for job in self.listed(status)}
        assert listed == {(job_id, model.status) for job_id, model in self.models.items()}
        later = self.clock.time + timedelta(days=1)
        due = {job.job_id for status in Status for job in self.jobs.overdue(status, before=later)}
        assert due == {job_id for job_id, model in self.models.items() if model.status not in ENDED}

    def listed(self, status: Status) -> list[Job]:
        return self.jobs.list("default", status=status).jobs


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=20,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
