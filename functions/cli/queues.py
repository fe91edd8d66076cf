"""Commands about queues: queues, purge, and the workers that poll them."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from functions.cli.console import DEFAULT_STACK, Json, StackName, out, seconds
from functions.cli.session import connect, environment

COLUMNS = {  # of the API's answer, and as a person reads them
    "operation": "operation",
    "state": "state",
    "waiting": "waiting",
    "in_flight": "in flight",
    "oldest_age_seconds": "oldest",
    "dead_letters": "dead",
    "started": "started",
    "finished": "finished",
    "failed": "failed",
}


def queues(json_: Json = False, stack: StackName = DEFAULT_STACK) -> None:
    """Show every operation's queue and what was done today.

    `oldest` is the age of the oldest message, `dead` the number of dead letters.
    """
    with connect(stack) as session:
        found = session.client.queues()
    if json_:
        out.emit(found)
        return
    rows = [{**item, "oldest_age_seconds": seconds(item.get("oldest_age_seconds"))} for item in found]
    out.table(list(COLUMNS.values()), [[row.get(name) for name in COLUMNS] for row in rows])


def health(json_: Json = False, stack: StackName = DEFAULT_STACK) -> None:
    """Show the health of the API, the table and each queue.

    The exit code is 1 when something is stuck.
    """
    with connect(stack) as session:
        body = session.client.health()
    if json_:
        out.emit(body)
    else:
        out.table(("what", "state"), list(_flat(body)))
    raise typer.Exit(0 if body.get("status") == "healthy" else 1)


def purge(
    operation: Annotated[str, typer.Argument(help="Whose queue to empty.")],
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Cancel all jobs that wait in a queue; what runs goes on."""
    from functions.core import registry
    from functions.core.errors import ConflictError

    registry.operation(operation, field="OPERATION")
    cancelled = []
    with connect(stack) as session:
        waiting = [job["job_id"] for job in session.client.jobs(status="queued", operation=operation)]
        if waiting and not (yes or json_):
            typer.confirm(f"Cancel {len(waiting)} jobs of {operation}?", abort=True, err=True)
        for job_id in waiting:
            with contextlib.suppress(ConflictError):  # it has ended since
                session.client.cancel(job_id)
                cancelled.append(job_id)
    if json_:
        out.emit({"operation": operation, "cancelled": cancelled})
    else:
        out.note(f"{len(cancelled)} jobs of {operation} cancelled")


def poll(
    operations: Annotated[list[str], typer.Argument(metavar="OPERATION...", help="Whose queues to read.")],
    name: Annotated[str | None, typer.Option(help="Name of this worker, for ps and down.")] = None,
    concurrency: Annotated[int, typer.Option(min=1, help="How many jobs at a time.")] = 1,
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background.")] = False,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Work on queues from this machine.

    `heavy` is the queue of what Fargate does in AWS. Runs on any machine that has a stage's environment.
    Ctrl-C hands back what is being worked on and ends it.
    """
    from functions.core import registry
    from functions.core.compute import HEAVY
    from functions.local import worker

    for operation in operations:
        if operation != HEAVY:
            registry.operation(operation, field="OPERATION")
    label = name or f"poll-{'-'.join(operations)}"
    with environment(stack) as found:
        env = {**found, "POWERTOOLS_SERVICE_NAME": label}
        if not detach:
            with contextlib.suppress(KeyboardInterrupt):  # the way to end it, and no failure
                worker.run(label, operations, concurrency=concurrency, env=env)
            return
        record = worker.start(label, operations, concurrency=concurrency, env=env)
    if json_:
        out.emit({"name": record.name, "pid": record.pid, "operations": list(record.operations)})
    else:
        out.note(f"{record.name} runs as process {record.pid}; 'ifcpipe down {record.name}' ends it")


def _flat(body: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Yield a nested body as rows."""
    for key, value in body.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


COMMANDS = (queues, health, purge, poll)
