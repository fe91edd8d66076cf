"""The state machine of a job: histories with two workers, against a model and the table in moto.

Random ones find what nobody thought of; those that are written down find what is known to be easy to break.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import boto3
import pytest
from hypothesis import HealthCheck, Phase, settings
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
PROGRESS = Progress(stage="read", done=1, total=2)
ENTRIES = ("job:a", "job:b")
SESSION = boto3.session.Session(
    aws_access_key_id=CREDENTIALS["AWS_ACCESS_KEY_ID"],
    aws_secret_access_key=CREDENTIALS["AWS_SECRET_ACCESS_KEY"],
)
JOB = make_job().job_id


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
    progress: Progress | None = None


class Machine(RuleBasedStateMachine):
    """A job, two workers, a clock; everything is tried whether or not it is allowed."""

    def __init__(self) -> None:
        super().__init__()
        self.mock = mock_aws()
        self.mock.start()
        self.clock = Clock()
        client = connect({}, session=SESSION).dynamodb
        client.create_table(**create_arguments(TABLE_NAME))
        self.jobs = Jobs(client, TABLE_NAME, now=self.clock)
        self.model = Model(Status.QUEUED)
        self.runs: list[Job] = []
        self.ended: Job | None = None

    def teardown(self) -> None:
        try:
            self.the_indexes_agree()
        finally:
            self.mock.stop()

    @initialize(waits=st.booleans())
    def create(self, waits: bool) -> None:
        pending = set(ENTRIES) if waits else set()
        self.model = Model(Status.WAITING if waits else Status.QUEUED, pending)
        assert self.jobs.create(make_job(status=self.model.status, pending=pending))[1]

    @property
    def alive(self) -> bool:
        return self.model.lease_until is not None and self.model.lease_until >= self.clock.time

    def end(self, status: Status) -> None:
        self.model.status, self.model.run, self.model.lease_until = status, None, None
        if status in {Status.QUEUED, Status.FINISHED, Status.WAITING}:
            self.model.progress = None

    def attempt(self, ok: bool, act: Callable[[], Job]) -> bool:
        """Do what the model allows, and see what it forbids refused."""
        if ok:
            act()
        else:
            with pytest.raises(ConflictError):
                act()
        return ok

    @rule(seconds=st.sampled_from([1, 59, 61]))
    def tick(self, seconds: int) -> None:
        self.clock.forward(seconds)

    @rule(worker=st.sampled_from(["one", "two"]))
    def claim(self, worker: str) -> None:
        model = self.model
        free = model.status is Status.QUEUED or (model.status is Status.STARTED and not self.alive)
        model.claims += 1
        run = self.jobs.claim(JOB, owner=f"{worker}-{model.claims}", lease_s=LEASE)
        assert (run is not None) == free
        if run is not None:
            model.status, model.run = Status.STARTED, run
            model.attempt += 1
            model.progress = None
            model.lease_until = self.clock.time + timedelta(seconds=LEASE)
            self.runs.append(run)

    @precondition(lambda self: self.runs)
    @rule(
        latest=st.sampled_from([True, True, False]),
        act=st.sampled_from(["renew", "finish", "fail", "hand_back", "cancelled"]),
    )
    def work(self, latest: bool, act: str) -> None:
        """A worker, alive or thought dead, goes on with a run it once claimed."""
        run = self.runs[-1] if latest else self.runs[0]
        holds = self.model.status is Status.STARTED and self.model.run == run
        acts: dict[str, tuple[Status, Callable[[], Job]]] = {
            "renew": (Status.STARTED, lambda: self.renew(run)),
            "finish": (Status.FINISHED, lambda: self.jobs.finish(run, {"success": True})),
            "fail": (Status.FAILED, lambda: self.jobs.fail(run, {"detail": "no"})),
            "hand_back": (Status.QUEUED, lambda: self.jobs.hand_back(run, reason="worker stopped")),
            "cancelled": (Status.CANCELLED, lambda: self.jobs.end_cancelled(run)),
        }
        target, take = acts[act]
        if not self.attempt(holds, take):
            return
        if act == "renew":
            self.model.lease_until = self.clock.time + timedelta(seconds=LEASE)
            self.model.progress = PROGRESS
        else:
            self.end(target)

    def renew(self, run: Job) -> Job:
        asked = self.jobs.renew(run, lease_s=LEASE, progress=PROGRESS)
        assert asked is self.model.cancel_requested
        return run

    @rule(act=st.sampled_from(["create", "fail", "cancel", "requeue", "reopen"]))
    def command(self, act: str) -> None:
        """Somebody from outside does something."""
        model, ended = self.model, self.model.status in ENDED
        if act == "create":
            assert not self.jobs.create(make_job())[1]
        elif act == "fail" and self.attempt(not ended, lambda: self.jobs.fail(JOB, {"detail": "dead"})):
            self.end(Status.FAILED)
        elif act == "cancel" and self.attempt(not ended, lambda: self.jobs.cancel(JOB)):
            if model.status is Status.STARTED and self.alive:
                model.cancel_requested = True
            else:
                self.end(Status.CANCELLED)
        elif act in {"requeue", "reopen"}:
            badly = model.status in {Status.FAILED, Status.CANCELLED}
            start = {"requeue": self.jobs.requeue, "reopen": self.jobs.reopen}[act]
            again = badly and bool(model.pending) == (act == "reopen")
            if self.attempt(again, lambda: start(JOB)):
                self.end(Status.QUEUED if act == "requeue" else Status.WAITING)
                model.attempt, model.cancel_requested, self.ended = 0, False, None

    @rule(entry=st.sampled_from(ENTRIES))
    def satisfy(self, entry: str) -> None:
        freed = self.jobs.satisfy(JOB, entry)
        self.model.pending.discard(entry)
        if self.model.status is Status.WAITING and not self.model.pending:
            self.model.status = Status.QUEUED
        assert (freed is not None) == (self.model.status is Status.QUEUED and self.model.attempt == 0)

    @invariant()
    def the_table_is_as_the_model_says(self) -> None:
        item, model = self.jobs._items.get(JOB), self.model
        assert item is not None
        job = to_job(item)
        assert (job.status, job.attempt) == (model.status, model.attempt)
        assert set(job.pending) == model.pending
        assert job.cancel_requested == model.cancel_requested
        assert job.lease_until == model.lease_until
        assert job.owner == (model.run.owner if model.run else None)
        assert job.progress == model.progress
        assert (job.started_at is not None) == (model.attempt > 0)
        assert (job.ended_at is not None) == job.status.ended == ("expires_at" in item) == ("due" not in item)
        if job.status is Status.STARTED:
            assert item["due"] == item["lease_until"]
        assert (job.result is not None) == (job.status is Status.FINISHED)
        if job.status.ended:  # only a requeue changes it again; what it waited for may still come
            rest = job.model_copy(update={"pending": frozenset()})
            self.ended = self.ended or rest
            assert rest == self.ended

    def the_indexes_agree(self) -> None:
        listed = [status for status in Status if self.jobs.list("default", status=status).jobs]
        assert listed == [self.model.status]
        later = self.clock.time + timedelta(days=1)
        due = [status for status in Status if list(self.jobs.overdue(status, before=later))]
        assert due == ([] if self.model.status in ENDED else [self.model.status])


Act = tuple[str, str]
WAITS, CLAIM, LATE = ("create", "waits"), ("claim", "one"), ("tick", "61")
HISTORIES: dict[str, list[Act]] = {
    "what comes twice sends a job that was never started, and no other": [
        WAITS,
        *[("satisfy", "job:a"), ("satisfy", "job:b"), ("satisfy", "job:b"), CLAIM],
        *[("work", "hand_back"), ("satisfy", "job:b")],
    ],
    "a worker that was thought dead can do nothing any more": [
        *[CLAIM, ("work", "renew"), LATE, ("claim", "two")],
        *(("old", act) for act in ("renew", "finish", "fail", "hand_back", "cancelled")),
        *[("work", "renew"), ("work", "finish")],
    ],
    "nor after its job was handed back and claimed anew": [
        *[CLAIM, ("work", "hand_back"), ("claim", "one")],
        *(("old", act) for act in ("renew", "finish", "fail", "hand_back", "cancelled")),
    ],
    "a lease that is renewed lasts": [
        CLAIM,
        ("tick", "59"),
        ("work", "renew"),
        ("tick", "59"),
        ("claim", "two"),
    ],
    "the wish to cancel outlives a hand-back and ends with a requeue": [
        *[CLAIM, ("command", "cancel"), ("work", "renew"), ("work", "hand_back"), CLAIM, ("work", "renew")],
        *[("work", "cancelled"), ("command", "requeue"), CLAIM, ("work", "renew")],
    ],
    "a job of a dead worker is cancelled at once": [CLAIM, LATE, ("command", "cancel")],
    "what comes to an ended job is remembered": [
        *[WAITS, ("command", "cancel"), ("satisfy", "job:a"), ("command", "requeue"), ("satisfy", "job:b")],
        *[("command", "reopen"), ("command", "requeue"), CLAIM],
    ],
    "a job that was cancelled while it waited waits on": [
        *[WAITS, ("command", "cancel"), ("command", "reopen"), ("satisfy", "job:a"), ("command", "fail")],
        *[("command", "reopen"), ("satisfy", "job:b"), CLAIM, ("work", "finish"), ("command", "reopen")],
    ],
    "a job that starts over has nothing of before": [
        *[CLAIM, ("work", "renew"), ("work", "fail"), ("command", "requeue"), CLAIM, ("work", "finish")],
        *[("command", "requeue"), ("command", "cancel"), ("command", "fail"), ("old", "finish"), CLAIM],
    ],
}


@pytest.mark.parametrize("history", HISTORIES.values(), ids=HISTORIES)
def test_a_known_history(history: list[Act]) -> None:
    machine = Machine()
    acts: dict[str, Callable[[str], None]] = {
        "claim": machine.claim,
        "tick": lambda seconds: machine.tick(int(seconds)),
        "work": lambda act: machine.work(latest=True, act=act),
        "old": lambda act: machine.work(latest=False, act=act),
        "command": machine.command,
        "satisfy": machine.satisfy,
    }
    try:
        machine.create(waits=WAITS in history)
        for act, word in history:
            if act != "create":
                acts[act](word)
            machine.the_table_is_as_the_model_says()
    finally:
        machine.teardown()


TestMachine = Machine.TestCase
TestMachine.settings = settings(
    max_examples=20,
    stateful_step_count=25,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],  # shrinking over moto takes minutes
    suppress_health_check=[HealthCheck.too_slow],
)
