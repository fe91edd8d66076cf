"""Creating a job while others write: collisions, throttling, faults."""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.jobs import Jobs
from functions.core.errors import PipelineError, RetryableError
from tests.aws.stack import Stack, make_job


class Busy:
    """A client whose first transactions are cancelled for the given reasons."""

    def __init__(self, client: BaseClient, reasons: Iterator[str], code: str) -> None:
        self._client = client
        self._reasons = reasons
        self._code = code

    def transact_write_items(self, **arguments: object) -> object:
        reason = next(self._reasons, None)
        if reason is None:
            return cast("object", self._client.transact_write_items(**arguments))
        answer = {"Error": {"Code": self._code, "Message": "no"}, "CancellationReasons": [{"Code": reason}]}
        raise ClientError(answer, "TransactWriteItems")

    def get_item(self, **arguments: object) -> object:
        return cast("object", self._client.get_item(**arguments))


def busy(stack: Stack, *reasons: str, code: str = "TransactionCanceledException") -> Jobs:
    client = Busy(stack.clients.dynamodb, iter(reasons), code)
    return Jobs(client, stack.services.settings.table_name, now=stack.clock)


def test_a_collision_that_came_to_nothing_is_tried_again(stack: Stack) -> None:
    job, created = busy(stack, "TransactionConflict", "TransactionConflict").create(make_job())
    assert created
    assert stack.services.jobs.get(job.job_id) == job


def test_a_collision_with_the_same_job_finds_it(stack: Stack) -> None:
    stack.services.jobs.create(make_job())
    job, created = busy(stack, "TransactionConflict").create(make_job())
    assert not created
    assert job == stack.services.jobs.get(job.job_id)


def test_endless_collisions_are_a_passing_fault(stack: Stack) -> None:
    with pytest.raises(RetryableError):
        busy(stack, *["TransactionConflict"] * 9).create(make_job())


@pytest.mark.parametrize("reason", ["ProvisionedThroughputExceeded", "ThrottlingError"])
def test_a_throttled_transaction_is_a_passing_fault(stack: Stack, reason: str) -> None:
    with pytest.raises(RetryableError):
        busy(stack, reason).create(make_job())


@pytest.mark.parametrize("code", ["TransactionCanceledException", "ValidationException"])
def test_a_transaction_that_cannot_be_is_our_own_fault(stack: Stack, code: str) -> None:
    with pytest.raises(PipelineError) as caught:
        busy(stack, "ValidationError", code=code).create(make_job())
    assert type(caught.value) is PipelineError
