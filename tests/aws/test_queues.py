"""Queues: what is sent is received, hidden, deleted, moved back."""

from __future__ import annotations

import json

import pytest

from functions.aws.queues import Depth, Queues
from functions.core.errors import ConflictError, PipelineError
from functions.core.message import Message
from tests.aws.stack import Stack

JOB = "a" * 32


@pytest.fixture
def queues(stack: Stack) -> Queues:
    return stack.services.queues


def test_a_message_carries_a_job_id_alone(queues: Queues) -> None:
    queues.send("ifcinfo", JOB)
    delivery = queues.receive("ifcinfo", wait_s=0, visibility_s=30)
    assert delivery is not None
    assert json.loads(delivery.body) == {"version": 1, "job_id": JOB}
    assert Message.model_validate_json(delivery.body).job_id == JOB
    assert delivery.receives == 1
    assert queues.depth("ifcinfo") == Depth(waiting=0, in_flight=1, delayed=0)
    assert queues.receive("ifcinfo", wait_s=0, visibility_s=30) is None
    queues.delete("ifcinfo", delivery.receipt)
    assert queues.depth("ifcinfo") == Depth(waiting=0, in_flight=0, delayed=0)


def test_a_message_handed_back_comes_again_at_once(queues: Queues) -> None:
    queues.send("ifcinfo", JOB)
    first = queues.receive("ifcinfo", wait_s=0, visibility_s=600)
    assert first is not None
    queues.extend("ifcinfo", first.receipt, seconds=-5)
    second = queues.receive("ifcinfo", wait_s=0, visibility_s=600)
    assert second is not None
    assert second.receives == 2


def test_a_message_that_is_no_longer_ours_cannot_be_hidden(queues: Queues) -> None:
    queues.send("ifcinfo", JOB)
    delivery = queues.receive("ifcinfo", wait_s=0, visibility_s=600)
    assert delivery is not None
    queues.delete("ifcinfo", delivery.receipt)
    with pytest.raises(ConflictError, match="no longer in flight"):
        queues.extend("ifcinfo", delivery.receipt, seconds=60)
    queues.delete("ifcinfo", delivery.receipt)  # and deleting it once more does no harm


def test_a_delayed_message_waits_at_most_fifteen_minutes(queues: Queues) -> None:
    queues.send("ifcinfo", JOB, delay_s=100_000)
    assert queues.depth("ifcinfo") == Depth(waiting=0, in_flight=0, delayed=1)


def test_purging_empties_one_queue(queues: Queues) -> None:
    queues.send("ifcinfo", JOB)
    queues.send("ifccsv", JOB)
    queues.purge("ifcinfo")
    assert queues.depth("ifcinfo").waiting == 0
    assert queues.depth("ifccsv").waiting == 1


def test_a_queue_that_is_not_there_is_our_own_fault(queues: Queues) -> None:
    with pytest.raises(PipelineError) as caught:
        queues.send("nothing", JOB)
    assert type(caught.value) is PipelineError
