"""What a job's compute is estimated to cost, in US dollars, from list prices.

The prices are those of us-east-1, x86, on demand, without a free tier, as published on the AWS pricing
pages of Lambda and Fargate. An estimate to compare jobs by, not a bill: requests, storage and transfer of
one job cost less than the last digit shown.
"""

from __future__ import annotations

from functions.core.compute import FargateSize, LambdaSize

LAMBDA_GB_SECOND = 0.0000166667
LAMBDA_REQUEST = 0.0000002
LAMBDA_DISK_GB_SECOND = 0.0000000309
LAMBDA_FREE_DISK_MB = 512

FARGATE_CPU_HOUR = 0.04048
FARGATE_GB_HOUR = 0.004445
FARGATE_DISK_GB_HOUR = 0.000111
FARGATE_FREE_DISK_GB = 20
FARGATE_LEAST_S = 60


def estimate_cost(compute: LambdaSize | FargateSize, *, seconds: float) -> float:
    """Return the dollars that `seconds` of a compute cost, rounded to a ten-millionth."""
    if isinstance(compute, LambdaSize):
        return round(LAMBDA_REQUEST + seconds * _lambda_second(compute), 7)
    return round(max(seconds, FARGATE_LEAST_S) * _fargate_hour(compute) / 3600, 7)


def _lambda_second(size: LambdaSize) -> float:
    disk_mb = max(0, size.disk_mb - LAMBDA_FREE_DISK_MB)
    return size.memory_mb / 1024 * LAMBDA_GB_SECOND + disk_mb / 1024 * LAMBDA_DISK_GB_SECOND


def _fargate_hour(size: FargateSize) -> float:
    disk_gb = max(0, size.disk_gb - FARGATE_FREE_DISK_GB)
    cpus, memory_gb = size.cpu / 1024, size.memory_mb / 1024
    return cpus * FARGATE_CPU_HOUR + memory_gb * FARGATE_GB_HOUR + disk_gb * FARGATE_DISK_GB_HOUR
