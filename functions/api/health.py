"""Health of the service and of each queue, and how full the queues are."""

from __future__ import annotations

from enum import StrEnum
from functools import partial

from pydantic import BaseModel, Field

from functions.api.answer import answer, describe
from functions.api.problems import Answer
from functions.api.resolver import Api
from functions.aws.queues import Depth
from functions.core import registry
from functions.core.compute import HEAVY, LambdaSize
from functions.core.errors import PipelineError
from functions.core.job import Status

UPLOADS = "uploads"
# Waiting work of which nothing has been started for so long is a fault, not a cold start.
STUCK_S = 300
# /health is open to all: whoever asks more often gets the same answer again.
FRESH_S = 5


class State(StrEnum):
    """The state of one part."""

    HEALTHY = "healthy"
    IDLE = "idle"
    BACKLOG = "backlog"
    STUCK = "stuck"
    UNREACHABLE = "unreachable"


FAULTS = frozenset({State.STUCK, State.UNREACHABLE})


class Health(BaseModel):
    """`status` is `unhealthy` (503) when the table or a queue is unreachable, or a queue is stuck."""

    status: str
    api: State
    table: State
    queues: dict[str, State]


class QueueItem(BaseModel):
    """One queue. Counts of messages are SQS's, approximate; jobs are the caller's, since midnight UTC."""

    operation: str
    state: State
    waiting: int
    in_flight: int
    delayed: int
    oldest_age_seconds: float | None = Field(description="How long the oldest queued job has waited.")
    dead_letters: int
    started: int = Field(description="Jobs that run.")
    finished: int
    failed: int


class QueueList(BaseModel):
    """All queues; `uploads` holds the events of objects that arrived, `heavy` the jobs that need a task."""

    queues: list[QueueItem]


class HealthRoutes:
    """GET /health and GET /queues."""

    def __init__(self, api: Api) -> None:
        """Keep the router, and register."""
        self._api = api
        self._cached: tuple[float, dict[str, object]] | None = None
        add = partial(api.add, "GET", tag="service")
        probe = describe(Health, also={503: "Unhealthy"}, is_open=True)
        is_open = {"security": list[str]()}
        add("/health", self.health, summary="Health", responses=probe, openapi_extensions=is_open)
        add("/queues", self.queues, summary="How full the queues are", responses=describe(QueueList))

    def health(self) -> Answer:
        """Needs no key. `idle` has no work, `backlog` more than it may run at once."""
        now = self._api.clock()
        if self._cached is None or now - self._cached[0] >= FRESH_S:
            self._cached = (now, self._check())
        body = self._cached[1]
        return answer(body, status=200 if body["status"] == "healthy" else 503)

    def queues(self) -> Answer:
        """Depths, oldest age, dead letters, and today's jobs by operation."""
        services = self._api.services
        midnight = self._api.now().replace(hour=0, minute=0, second=0, microsecond=0)
        today = services.jobs.count(self._api.caller.tenant, since=midnight)
        items = []
        for name in _names():
            depth, age, counts = services.queues.depth(name), self._age(name), today.get(name, {})
            items.append(
                {
                    "operation": name,
                    "state": judge(name, depth, age_s=age).value,
                    "waiting": depth.waiting,
                    "in_flight": depth.in_flight,
                    "delayed": depth.delayed,
                    "oldest_age_seconds": age,
                    "dead_letters": services.queues.depth(f"{name}-dead").waiting,
                    **{
                        str(key): counts.get(key, 0)
                        for key in (Status.STARTED, Status.FINISHED, Status.FAILED)
                    },
                }
            )
        return answer({"queues": items})

    def _check(self) -> dict[str, object]:
        """Probe the table and every queue."""
        try:
            ages = {name: self._age(name) for name in _names()}
            table = State.HEALTHY
        except PipelineError:
            ages, table = {}, State.UNREACHABLE
        queues = {name: self._state(name, ages.get(name)) for name in _names()}
        well = not FAULTS & {table, *queues.values()}
        return {
            "status": "healthy" if well else "unhealthy",
            "api": State.HEALTHY.value,
            "table": table.value,
            "queues": {name: state.value for name, state in queues.items()},
        }

    def _state(self, name: str, age_s: float | None) -> State:
        try:
            return judge(name, self._api.services.queues.depth(name), age_s=age_s)
        except PipelineError:
            return State.UNREACHABLE

    def _age(self, name: str) -> float | None:
        """Return how long the oldest queued job of an operation has waited, in seconds."""
        since = self._api.services.jobs.oldest_queued(name)
        return None if since is None else max(0.0, round((self._api.now() - since).total_seconds(), 3))


def judge(name: str, depth: Depth, *, age_s: float | None) -> State:
    """Return the state of a queue from how full it is and how long its oldest job has waited."""
    if depth.waiting == 0:
        return State.HEALTHY if depth.in_flight else State.IDLE
    if depth.in_flight == 0 and age_s is not None and age_s > STUCK_S:
        return State.STUCK
    operation = registry.operations().get(name)
    size = operation.compute if operation else None
    at_once = size.concurrency if isinstance(size, LambdaSize) else 1
    return State.BACKLOG if depth.waiting > at_once else State.HEALTHY


def _names() -> tuple[str, ...]:
    """Return all queues: operations that only run in tasks have none of their own."""
    found = registry.operations().items()
    return (UPLOADS, *(name for name, item in found if isinstance(item.compute, LambdaSize)), HEAVY)
