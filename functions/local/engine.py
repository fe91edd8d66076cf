"""Runs ministack, tuned for the chain that we run on it; a script of its own process, see guard.py.

Its one polling thread calls the functions that read table streams itself and waits for them, so that
queues are not served meanwhile: here streams are read in a thread of their own, seldom enough that a
call has several changes to look at. At each look it goes through the mappings of all queues, of which every
operation has two: here only through those of queues that hold messages. It rests for 50 milliseconds after
each look at the queues that found nothing, and waits for as long for what a function that has answered may
still have to log, which is as long as a small job takes. And its events leave out the version of an object.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from functools import partial, partialmethod
from typing import Any

# Account, region and what Lambda knows of an event source mapping.
Mapping_ = tuple[str, str, dict[str, Any]]
REST_SECONDS = 0.01
GATHER_SECONDS = 0.04  # four changes a job, ten changes a call
LOG_SECONDS = 0.005  # until the first line of a call's log; QUIET_SECONDS without another end it
QUIET_SECONDS = 0.001
FAULT_SECONDS = 1.0


def tune() -> None:
    """Set up the poller before anything starts it. Uses internals of the one version that is pinned."""
    from ministack.core.lambda_runtime import Worker  # noqa: PLC0415 - after the environment is known to be ours
    from ministack.services import lambda_svc  # noqa: PLC0415 - as above

    read_streams = lambda_svc._poll_dynamodb_streams

    def read_on() -> None:
        while True:
            try:
                read_streams()
            except RuntimeError as error:  # a table changed while it was looked through
                lambda_svc.logger.error("stream poller: %s", error)
                time.sleep(FAULT_SECONDS)
            time.sleep(GATHER_SECONDS)

    lambda_svc._poll_dynamodb_streams = lambda: False
    lambda_svc._iter_all_esms = partial(_iterate_busy, lambda_svc._iter_all_esms)
    lambda_svc._ESM_IDLE_WAKE_GAP_SECONDS = REST_SECONDS
    Worker._drain_stderr_bounded = partialmethod(
        Worker._drain_stderr_bounded, first_line_wait=LOG_SECONDS, idle_confirm=QUIET_SECONDS
    )
    threading.Thread(target=read_on, daemon=True, name="streams").start()


def _iterate_busy(look: Callable[[], Iterator[Mapping_]]) -> Iterator[Mapping_]:
    """Yield the event source mappings without those of empty queues."""
    from ministack.services import sqs  # noqa: PLC0415 - as above

    queues = list(sqs._queues._data.values())
    busy = {queue["attributes"].get("QueueArn") for queue in queues if queue["messages"]}
    for account, region, mapping in look():
        source = mapping.get("EventSourceArn", "")
        if source in busy or ":sqs:" not in source:
            yield account, region, mapping


def tell_versions() -> None:
    """Name the version of a new object in its event, as S3 does; else intake would have to ask for it."""
    from ministack.services import eventbridge, s3  # noqa: PLC0415 - as above

    fire, dispatch = s3._fire_s3_event, eventbridge._dispatch_event
    version: ContextVar[str | None] = ContextVar("version", default=None)

    def fire_version(*arguments: Any, version_id: str | None = None, **more: Any) -> None:  # noqa: ANN401
        version.set(version_id)  # each event has a thread, hence a context, of its own
        fire(*arguments, version_id=version_id, **more)

    def dispatch_version(event: dict[str, Any], view: Any = None) -> None:  # noqa: ANN401
        if event["Source"] == "aws.s3" and version.get():
            detail = json.loads(event["Detail"])
            detail["object"].setdefault("version-id", version.get())
            event = {**event, "Detail": json.dumps(detail)}
        dispatch(event, view)

    s3._fire_s3_event, eventbridge._dispatch_event = fire_version, dispatch_version


def main() -> None:
    """Tune, then serve."""
    from ministack import app  # noqa: PLC0415 - as above

    tune()
    tell_versions()
    app.main()


if __name__ == "__main__":
    main()
