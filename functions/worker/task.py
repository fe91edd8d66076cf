"""The worker as a Fargate task: `python -m functions.worker.task JOB_ID`, one job and out.

Exit codes, for the state machine that started it: 0 the job is settled, 2 wrong usage, 75 try again later.
The state machine names its execution in `EXECUTION`, to know its task by when that has died.
"""

from __future__ import annotations

import os
import signal
import sys
import uuid
from collections.abc import Sequence
from threading import Event

from pydantic import ValidationError

from functions.aws.services import services
from functions.aws.telemetry import logger
from functions.core.message import Message
from functions.ifc import process
from functions.worker.runner import execute

DONE, USAGE, LATER = 0, 2, os.EX_TEMPFAIL


def main(arguments: Sequence[str]) -> int:
    """Run the job that the one argument names and return the exit code."""
    try:
        (job_id,) = arguments
        message = Message(job_id=job_id)
    except (ValueError, ValidationError):
        logger.error("one job id is needed", given=len(arguments))
        return USAGE
    process.warm()  # nobody knows which operation it will be
    verdict = execute(
        services(),
        message.job_id,
        owner=owner(os.environ.get("EXECUTION") or os.uname().nodename),
        stop=stop_on_signals(),
    )
    return LATER if verdict.retry else DONE


def owner(execution: str) -> str:
    """Return the owner that a task of an execution is."""
    return f"task/{execution}/{uuid.uuid4().hex[:8]}"


def stop_on_signals() -> Event:
    """Return an event that SIGTERM and SIGINT set: ECS sends the first, two minutes before it kills."""
    stop = Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
