"""Stopping what a heavy job was started by."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from functions.aws.executions import Executions
from functions.core.errors import PipelineError, RetryableError

MACHINE = "arn:aws:states:eu-central-1:123456789012:stateMachine:ifcpipe-dev-heavy"


class States:
    """Step Functions that refuses, or remembers what it was asked."""

    def __init__(self, refusal: str | None = None) -> None:
        self.asked: list[dict[str, Any]] = []
        self._refusal = refusal

    def stop_execution(self, **arguments: Any) -> None:
        self.asked.append(arguments)
        if self._refusal:
            raise ClientError({"Error": {"Code": self._refusal, "Message": "no"}}, "StopExecution")


def stop(states: States, machine: str | None = MACHINE) -> None:
    Executions(lambda: states, machine).stop("one", cause="cancelled")


def test_the_execution_of_that_name_is_stopped() -> None:
    states = States()
    stop(states)
    (asked,) = states.asked
    assert asked["executionArn"] == MACHINE.replace("stateMachine", "execution") + ":one"
    assert asked["cause"] == "cancelled"


@pytest.mark.parametrize("refusal", ["ExecutionDoesNotExist", "ValidationException"])
def test_one_that_has_ended_is_left_alone(refusal: str) -> None:
    stop(States(refusal))


def test_what_else_goes_wrong_is_told() -> None:
    with pytest.raises(RetryableError):
        stop(States("ThrottlingException"))
    with pytest.raises(PipelineError):
        stop(States("AccessDeniedException"))


def test_a_stage_without_a_state_machine_asks_nobody() -> None:
    states = States()
    stop(states, None)
    assert states.asked == []
