"""What a job runs in: the sizes there are, what it is predicted to take, and the choice between them.

A Lambda function has the size that its operation asks for. A Fargate task has the smallest size that holds
the job: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Protocol

from pydantic import BaseModel, ConfigDict, Field

# The queue of all jobs that outgrow a function, whatever their operation.
HEAVY = "heavy"

# A prediction is a straight line through what was measured on other models and another machine.
SECONDS_SAFETY = 2.0
MEMORY_SAFETY = 1.5
# A task that runs longer than foreseen is ended at this multiple of the prediction at the soonest.
PATIENCE = 3.0
OVERHEAD_MB = 300  # the worker, the fork server and the libraries, beside the job
START_S = 30  # of a function's time, for fetching, storing and settling
DISK_FACTOR = 3  # inputs, outputs and scratch, in sizes of the inputs
FULL_CPU_MB = 1769  # of a function's memory, from which on it has a whole processor
ZIP_RATIO = 8  # how much larger a model is than its .ifczip: STEP text shrinks to an eighth at best

# CPU units -> least and most memory in MB, and the step between, from AWS's table.
TASKS = {
    1024: (2_048, 8_192, 1_024),
    2048: (4_096, 16_384, 1_024),
    4096: (8_192, 30_720, 1_024),
    8192: (16_384, 61_440, 4_096),
    16384: (32_768, 122_880, 8_192),
}
LEAST_DISK_GB, MOST_DISK_GB = 21, 200


class Kind(StrEnum):
    """The two routes."""

    LAMBDA = "lambda"
    FARGATE = "fargate"


@dataclass(frozen=True, kw_only=True)
class LambdaSize:
    """The Lambda function an operation runs in: megabytes, seconds, and how many at a time."""

    memory_mb: int = 1769  # one full vCPU
    timeout_s: int = 900
    disk_mb: int = 2048
    concurrency: int = 20


@dataclass(frozen=True, kw_only=True)
class FargateSize:
    """The least Fargate task that an operation's heavy jobs get: CPU units, megabytes, seconds, gigabytes.

    A job gets a larger one when it is predicted to need it, or when it ran out of memory.
    """

    cpu: int = 2048
    memory_mb: int = 8192
    timeout_s: int = 3600
    disk_gb: int = 50


@dataclass(frozen=True)
class Line:
    """A straight line over megabytes of input."""

    fixed: float
    per_mb: float

    def at(self, mb: float) -> float:
        """Return its value."""
        return self.fixed + self.per_mb * mb


@dataclass(frozen=True)
class Cost:
    """What a job of an operation takes: CPU seconds of one processor, and megabytes of memory at the peak.

    Fitted by `python -m benchmarks.refit`, which writes it to the `cost.json` of the operation's folder.
    """

    seconds: Line
    megabytes: Line

    @classmethod
    def read(cls, body: dict[str, Any]) -> Cost:
        """Return the cost that a `cost.json` holds."""
        return cls(seconds=Line(**body["seconds"]), megabytes=Line(**body["megabytes"]))


# Of an operation that nobody has measured: dearer than any that was.
UNMEASURED = Cost(seconds=Line(5, 5), megabytes=Line(300, 30))


class Prediction(BaseModel):
    """What a job is predicted to take, from the megabytes (10^6 bytes) of its inputs."""

    model_config = ConfigDict(frozen=True)

    input_mb: float
    seconds: float
    megabytes: float


class Compute(BaseModel):
    """What a job runs in, and why; `cpu` (1/1024 of a processor) and `disk_gb` are a task's."""

    model_config = ConfigDict(frozen=True)

    kind: Kind
    memory_mb: int
    timeout_s: int
    cpu: int | None = None
    disk_gb: int | None = None
    reason: str = Field(description="Why this one.")
    predicted: Prediction | None = Field(None, description="What the choice was made by.")

    @property
    def heavy(self) -> bool:
        """Whether it is a task."""
        return self.kind is Kind.FARGATE


class Demand(Protocol):
    """What of an operation decides about the compute of its jobs."""

    @property
    def compute(self) -> LambdaSize | FargateSize:
        """The function, or the task where no function will do."""

    @property
    def heavy(self) -> FargateSize:
        """The least task."""

    @property
    def cost(self) -> Cost:
        """What its jobs take."""


def megabytes(files: Iterable[tuple[str, int]]) -> float:
    """Return the megabytes of model text in files, given as name and size in bytes."""
    return sum(size * (ZIP_RATIO if name.lower().endswith(".ifczip") else 1) for name, size in files) / 1e6


def choose(demand: Demand, *, input_mb: float | None, factor: float = 1.0, longest_s: int) -> Compute:
    """Return the function when the job fits it, else the smallest task that holds the job.

    `factor` is how many times as long as usual the request's options take: what they take of memory, the
    safety covers. `longest_s` is the longest that a task may run on this stage. Of unknown inputs nothing is
    predicted: they are tried in the function.
    """
    size = demand.compute
    if input_mb is None:
        if isinstance(size, LambdaSize):
            return _function(size, None, "the sizes of the inputs are not known")
        return _task(size, None, "the operation asks for a task", longest_s)
    predicted = Prediction(
        input_mb=round(input_mb, 3),
        seconds=round(demand.cost.seconds.at(input_mb) * factor, 1),
        megabytes=round(demand.cost.megabytes.at(input_mb), 1),
    )
    if isinstance(size, FargateSize):
        return _task(size, predicted, "the operation asks for a task", longest_s)
    over = next(_excess(size, predicted), None)
    if over is None:
        return _function(size, predicted, "the job fits the operation's function")
    return _task(demand.heavy, predicted, over, longest_s)


def larger(current: Compute | None, demand: Demand, *, why: str, longest_s: int) -> Compute | None:
    """Return the next larger compute after a job outgrew its own; None when there is none.

    After a function comes the operation's least task, after a task one of twice its memory.
    """
    predicted = current.predicted if current else None
    if current is None or not current.heavy:
        before = demand.compute
        if not isinstance(before, LambdaSize):
            raise ValueError("an operation without a function has no light jobs")
        task = _task(demand.heavy, predicted, f"{why} in a function", longest_s)
        if task.memory_mb > before.memory_mb:
            return task
        current = task.model_copy(update={"memory_mb": before.memory_mb})
    found = _fit(current.cpu or 0, 2 * current.memory_mb)
    if found == (current.cpu, current.memory_mb):
        return None
    cpu, memory_mb = found
    reason = f"{why} in a task of {current.memory_mb} MB"
    return current.model_copy(update={"cpu": cpu, "memory_mb": memory_mb, "reason": reason})


def _excess(size: LambdaSize, predicted: Prediction) -> Iterator[str]:
    """Say what of a job is too much for a function."""
    slowness = max(1.0, FULL_CPU_MB / size.memory_mb)
    if predicted.seconds * slowness * SECONDS_SAFETY + START_S > size.timeout_s:
        yield f"{predicted.seconds:,.0f} s are predicted, too many for a function's {size.timeout_s} s"
    if predicted.megabytes * MEMORY_SAFETY + OVERHEAD_MB > size.memory_mb:
        yield f"{predicted.megabytes:,.0f} MB are predicted, too much for a function's {size.memory_mb} MB"
    if predicted.input_mb * DISK_FACTOR > size.disk_mb:
        yield f"{predicted.input_mb:,.0f} MB of input are too much for a function's {size.disk_mb} MB of disk"


def _function(size: LambdaSize, predicted: Prediction | None, reason: str) -> Compute:
    return Compute(
        kind=Kind.LAMBDA,
        memory_mb=size.memory_mb,
        timeout_s=size.timeout_s,
        reason=reason,
        predicted=predicted,
    )


def _task(size: FargateSize, predicted: Prediction | None, reason: str, longest_s: int) -> Compute:
    """Return the smallest task that holds a job, and that is no smaller than `size`."""
    memory, seconds, disk = float(size.memory_mb), float(size.timeout_s), float(size.disk_gb)
    if predicted is not None:
        memory = max(memory, predicted.megabytes * MEMORY_SAFETY + OVERHEAD_MB)
        seconds = max(seconds, predicted.seconds * PATIENCE)
        disk = max(disk, predicted.input_mb * DISK_FACTOR / 1000 + LEAST_DISK_GB)
    cpu, memory_mb = _fit(size.cpu, memory)
    return Compute(
        kind=Kind.FARGATE,
        memory_mb=memory_mb,
        timeout_s=int(min(seconds, longest_s)),
        cpu=cpu,
        disk_gb=int(min(max(disk, LEAST_DISK_GB), MOST_DISK_GB)),
        reason=reason,
        predicted=predicted,
    )


def _fit(cpu: int, memory_mb: float) -> tuple[int, int]:
    """Return the smallest task of at least so many CPU units and megabytes; the largest when none is."""
    for units, (least, most, step) in TASKS.items():
        if units >= cpu and memory_mb <= most:
            steps = max(0, -int((least - memory_mb) // step))
            return units, least + steps * step
    units, (_, most, _) = list(TASKS.items())[-1]
    return units, most


def size_of(compute: Compute | None, demand: Demand) -> LambdaSize | FargateSize:
    """Return the size that a job runs in: the operation's function, or the task that was chosen."""
    if compute is None or not compute.heavy:
        return demand.compute
    return FargateSize(
        cpu=compute.cpu or 0,
        memory_mb=compute.memory_mb,
        timeout_s=compute.timeout_s,
        disk_gb=compute.disk_gb or 0,
    )


def describe(size: LambdaSize | FargateSize) -> dict[str, Any]:
    """Return a size with its kind, as the catalogue shows it."""
    kind = Kind.LAMBDA if isinstance(size, LambdaSize) else Kind.FARGATE
    return {"kind": kind.value, **asdict(size)}
