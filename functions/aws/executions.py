"""Executions of the state machine that runs heavy jobs. Locally there is none, and workers poll instead."""

from __future__ import annotations

from collections.abc import Callable

from botocore.client import BaseClient
from botocore.exceptions import ClientError

from functions.aws.errors import code, translated

GONE = frozenset({"ExecutionDoesNotExist", "ValidationException"})


class Executions:
    """The executions of a stage's state machine, by name."""

    def __init__(self, client: Callable[[], BaseClient], machine_arn: str | None) -> None:
        """Keep the machine's ARN, and how to make the Step Functions client: few processes ever need it."""
        self._client = client
        self._machine_arn = machine_arn

    def stop(self, name: str, *, cause: str) -> None:
        """Stop an execution, which stops its task; one that has ended is left as it is."""
        if self._machine_arn is None:
            return
        arn = f"{self._machine_arn.replace(':stateMachine:', ':execution:')}:{name}"
        with translated("the state machine"):
            try:
                self._client().stop_execution(executionArn=arn, error="Cancelled", cause=cause)
            except ClientError as error:
                if code(error) not in GONE:
                    raise
