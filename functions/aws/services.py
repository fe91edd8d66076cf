"""Everything a function works with, made once a process from its environment."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from functions.aws.clients import Clients, connect
from functions.aws.events import Events
from functions.aws.executions import Executions
from functions.aws.jobs import Jobs
from functions.aws.queues import Queues
from functions.aws.settings import Settings
from functions.aws.sizing import Sizing
from functions.aws.storage import Storage
from functions.aws.submission import Submission


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class Services:
    """The adapters of a stage."""

    settings: Settings
    jobs: Jobs
    storage: Storage
    queues: Queues
    events: Events
    executions: Executions
    sizing: Sizing
    submission: Submission


def compose(settings: Settings, clients: Clients, *, now: Callable[[], datetime] = _now) -> Services:
    """Put the adapters together over given clients and a given clock."""
    jobs = Jobs(clients.dynamodb, settings.table_name, ttl_days=settings.job_ttl_days, now=now)
    storage = Storage(clients.s3)
    queues = Queues(clients.sqs, settings)
    sizing = Sizing(jobs=jobs, settings=settings)
    return Services(
        settings=settings,
        jobs=jobs,
        storage=storage,
        queues=queues,
        events=Events(clients.events, settings.event_bus_name),
        executions=Executions(clients.states, settings.state_machine_arn),
        sizing=sizing,
        submission=Submission(
            jobs=jobs, storage=storage, queues=queues, settings=settings, sizing=sizing, now=now
        ),
    )


@cache
def services() -> Services:
    """Return the services of this process. Importing this module makes no client: the first call does."""
    return compose(Settings.from_environment(os.environ), connect())
