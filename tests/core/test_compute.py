"""What a job runs in: predictions, the choice between function and task, the next size up."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from functions.core import Operation, registry
from functions.core.compute import (
    TASKS,
    Compute,
    Cost,
    FargateSize,
    Kind,
    LambdaSize,
    Line,
    choose,
    larger,
    megabytes,
    size_of,
)

HOURS_4 = 14_400


@dataclass(frozen=True)
class Demand:
    """An operation that takes a second and 10 MB a megabyte."""

    compute: LambdaSize | FargateSize = field(default_factory=lambda: LambdaSize(memory_mb=3008))
    heavy: FargateSize = field(default_factory=FargateSize)
    cost: Cost = field(default_factory=lambda: Cost(seconds=Line(1, 1), megabytes=Line(100, 10)))


def chosen(
    mb: float | None, demand: Demand | None = None, *, factor: float = 1, longest_s: int = HOURS_4
) -> Compute:
    return choose(demand or Demand(), input_mb=mb, factor=factor, longest_s=longest_s)


def test_a_small_job_runs_in_the_operations_function() -> None:
    compute = chosen(20)
    assert (compute.kind, compute.memory_mb, compute.timeout_s) == (Kind.LAMBDA, 3008, 900)
    assert compute.predicted is not None
    assert (compute.predicted.seconds, compute.predicted.megabytes) == (21, 300)


def test_what_needs_more_memory_than_a_function_has_runs_in_a_task() -> None:
    compute = chosen(200)
    assert (compute.kind, compute.cpu, compute.memory_mb) == (Kind.FARGATE, 2048, 8192)
    assert compute.reason == "2,100 MB are predicted, too much for a function's 3008 MB"
    assert compute.timeout_s == 3600


def test_what_takes_longer_than_a_function_may_runs_in_a_task() -> None:
    slow = Demand(cost=Cost(seconds=Line(0, 10), megabytes=Line(100, 1)))
    assert chosen(43, slow).kind is Kind.LAMBDA
    compute = chosen(44, slow)
    assert compute.kind is Kind.FARGATE
    assert compute.reason == "440 s are predicted, too many for a function's 900 s"


def test_a_function_of_a_fraction_of_a_processor_is_slower() -> None:
    cost = Cost(seconds=Line(0, 1), megabytes=Line(10, 0))
    small = Demand(compute=LambdaSize(memory_mb=884), cost=cost)
    assert chosen(230, small).kind is Kind.FARGATE
    assert chosen(230, Demand(cost=cost)).kind is Kind.LAMBDA


def test_inputs_that_fill_the_disk_run_in_a_task_with_room_for_them() -> None:
    cheap = Demand(cost=Cost(seconds=Line(0, 0), megabytes=Line(0, 0)))
    compute = chosen(700, cheap)
    assert "disk" in compute.reason
    assert (compute.disk_gb or 0) >= 50
    assert chosen(50_000, cheap).disk_gb == 171


def test_options_that_take_longer_count() -> None:
    assert chosen(100).kind is Kind.LAMBDA
    compute = chosen(100, factor=5)
    assert compute.kind is Kind.FARGATE
    assert compute.predicted is not None
    assert (compute.predicted.seconds, compute.predicted.megabytes) == (505, 1100)


def test_an_operation_can_ask_for_tasks_alone() -> None:
    compute = chosen(1, Demand(compute=FargateSize(cpu=4096, memory_mb=16_384, timeout_s=7200)))
    assert (compute.kind, compute.cpu, compute.memory_mb, compute.timeout_s) == (
        Kind.FARGATE,
        4096,
        16_384,
        7200,
    )
    assert chosen(None, Demand(compute=FargateSize())).heavy


def test_of_unknown_inputs_nothing_is_predicted() -> None:
    compute = chosen(None)
    assert (compute.kind, compute.predicted) == (Kind.LAMBDA, None)


def test_two_hours_for_those_that_ask_and_longer_for_very_large_files_up_to_the_stages_limit() -> None:
    slow = Demand(heavy=FargateSize(timeout_s=7200), cost=Cost(seconds=Line(0, 10), megabytes=Line(1, 1)))
    assert chosen(100, slow).timeout_s == 7200
    assert chosen(400, slow).timeout_s == 12_000
    assert chosen(4_000, slow).timeout_s == HOURS_4
    assert chosen(100, slow, longest_s=1800).timeout_s == 1800


@pytest.mark.parametrize("mb", [200, 300, 700, 1_300, 2_600, 5_300, 50_000])
def test_a_task_is_one_that_fargate_has_and_no_larger_than_needed(mb: float) -> None:
    compute = chosen(mb)
    least, most, step = TASKS[compute.cpu or 0]
    assert least <= compute.memory_mb <= most
    assert (compute.memory_mb - least) % step == 0
    needed = (100 + 10 * mb) * 1.5 + 300
    assert compute.memory_mb >= min(needed, 122_880)
    assert compute.memory_mb < max(8192, needed) + 8192


def test_after_a_function_comes_a_task_and_then_tasks_of_twice_the_memory() -> None:
    demand, sizes = Demand(), []
    current: Compute | None = chosen(20)
    while (current := larger(current, demand, why="out of memory", longest_s=HOURS_4)) is not None:
        sizes.append((current.cpu, current.memory_mb))
        assert current.predicted is not None
    assert sizes == [(2048, 8192), (2048, 16_384), (8192, 32_768), (16_384, 65_536), (16_384, 122_880)]


def test_a_task_has_more_memory_than_the_function_that_was_too_small() -> None:
    demand = Demand(compute=LambdaSize(memory_mb=10_240))
    found = larger(chosen(1, demand), demand, why="out of memory", longest_s=HOURS_4)
    assert found is not None
    assert found.memory_mb > 10_240


def test_a_packed_model_counts_as_what_it_unpacks_to() -> None:
    assert megabytes([("a.ifc", 2_000_000), ("b.IFCZIP", 1_000_000)]) == 10


def test_a_light_job_has_the_size_of_its_operations_function_and_a_heavy_one_its_own() -> None:
    demand = Demand()
    assert size_of(None, demand) is demand.compute
    assert size_of(chosen(1), demand) is demand.compute
    task = size_of(chosen(1000), demand)
    assert isinstance(task, FargateSize)
    assert task.memory_mb == 15_360 + 1024 * 1


@pytest.mark.parametrize("operation", registry.operations().values(), ids=list(registry.operations()))
def test_a_plain_model_of_a_few_megabytes_runs_in_the_function_of_every_operation(
    operation: Operation,
) -> None:
    compute = choose(operation, input_mb=3, longest_s=HOURS_4)
    if isinstance(operation.compute, LambdaSize):
        assert compute.kind is Kind.LAMBDA, compute.reason
