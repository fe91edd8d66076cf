"""Cost estimates against sums done by hand from the price list."""

from __future__ import annotations

import pytest

from functions.core.compute import FargateSize, LambdaSize
from functions.worker.cost import estimate_cost


def test_a_gigabyte_of_lambda_for_a_minute() -> None:
    size = LambdaSize(memory_mb=1024, disk_mb=512)
    assert estimate_cost(size, seconds=60) == pytest.approx(60 * 0.0000166667 + 0.0000002, abs=1e-7)


def test_a_lambda_disk_over_the_free_half_gigabyte_costs() -> None:
    small, large = LambdaSize(disk_mb=512), LambdaSize(disk_mb=10_240)
    hour = estimate_cost(large, seconds=3600) - estimate_cost(small, seconds=3600)
    assert hour == pytest.approx(9.5 * 3600 * 0.0000000309, abs=1e-6)


def test_a_fargate_task_for_an_hour() -> None:
    size = FargateSize(cpu=4096, memory_mb=12_288, disk_gb=50)
    expected = 4 * 0.04048 + 12 * 0.004445 + 30 * 0.000111
    assert estimate_cost(size, seconds=3600) == pytest.approx(expected, abs=1e-6)


def test_a_fargate_task_costs_a_minute_at_least() -> None:
    size = FargateSize()
    assert estimate_cost(size, seconds=1) == estimate_cost(size, seconds=60) > 0
