"""Commands about jobs: status, watch, logs, jobs, cancel, requeue."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Annotated, Any

import typer

from functions.cli.console import DEFAULT_STACK, DONE, FAILED, Json, StackName, Timeout, out, seconds, size
from functions.cli.session import client, connect, environment

if TYPE_CHECKING:
    from functions.client import Client

JobId = Annotated[str, typer.Argument(metavar="JOB", help="The job's id.")]


def status(job: JobId, json_: Json = False, stack: StackName = DEFAULT_STACK) -> None:
    """Show how a job stands and what happened to it.

    The exit code is 1 when it has failed.
    """
    with connect(stack) as session:
        body = session.client.job(job)
    if json_:
        out.emit(body)
    else:
        show(body)
    raise typer.Exit(FAILED if body["status"] == "failed" else DONE)


def watch(
    jobs: Annotated[
        list[str] | None, typer.Argument(metavar="[JOB]...", help="Jobs; all open ones if none.")
    ] = None,
    timeout: Timeout = 7200,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Follow jobs until they have ended.

    The exit code is 1 when one of them has not finished.
    """
    with connect(stack) as session:
        wanted = jobs or [
            job["job_id"]
            for state in ("waiting", "queued", "started")
            for job in session.client.jobs(status=state)
        ]
        ended = follow(session.client, dict.fromkeys(wanted, ""), timeout=timeout)
    if json_:
        out.emit(list(ended.values()))
    else:
        out.table(
            ("job", "status", "took", "message"),
            [
                (body["job_id"], body["status"], seconds(body.get("execution_time_seconds")), message(body))
                for body in ended.values()
            ],
            none="no job is open",
        )
    raise typer.Exit(DONE if all(body["status"] == "finished" for body in ended.values()) else FAILED)


def logs(job: JobId, json_: Json = False, stack: StackName = DEFAULT_STACK) -> None:
    """Print the log lines of a job, oldest first.

    Each is a JSON object. Needs the environment of a stage, not the API.
    """
    from functions.core.errors import NotFoundError

    with environment(stack) as env:
        prefix = f"/aws/lambda/ifcpipe-{env.get('STAGE', 'local')}-"
        lines = read_logs(client("logs", env), prefix=prefix, job_id=job)
    if not lines:
        raise NotFoundError(f"no log line names a job {job!r}", field="JOB")
    for line in lines:
        typer.echo(line)


def read_logs(client: Any, *, prefix: str, job_id: str) -> list[str]:  # noqa: ANN401 - boto3 has no types
    """Return every JSON log line that names the job, from all functions, oldest first."""
    found: list[tuple[str, str]] = []
    for page in client.get_paginator("describe_log_groups").paginate(logGroupNamePrefix=prefix):
        for group in page["logGroups"]:
            events = client.get_paginator("filter_log_events").paginate(
                logGroupName=group["logGroupName"], filterPattern=f'"{job_id}"'
            )
            for event in (event for answer in events for event in answer["events"]):
                text = event["message"].strip()
                try:
                    line = json.loads(text)
                except ValueError:
                    continue
                if isinstance(line, dict) and line.get("job_id") == job_id:
                    found.append((str(line.get("timestamp", "")), text))
    return [text for _, text in sorted(found)]


def jobs(
    status: Annotated[str | None, typer.Option(help="Only jobs with this status.")] = None,
    operation: Annotated[str | None, typer.Option(help="Only jobs of this operation.")] = None,
    input: Annotated[str | None, typer.Option(help="Only jobs on this stored file.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="How many at most.")] = 50,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """List jobs, newest first."""
    with connect(stack) as session:
        found = list(session.client.jobs(status=status, operation=operation, input=input, limit=limit))
    if json_:
        out.emit(found)
        return
    out.table(
        ("job", "operation", "status", "created", "took", "files and error"),
        [
            (
                job["job_id"],
                job.get("operation"),
                job["status"],
                moment(job["created_at"]),
                seconds(job.get("execution_time_seconds")),
                ": ".join(filter(None, (", ".join(_names(job)), message(job)))),
            )
            for job in found
        ],
        none="no jobs",
    )


def cancel(job: JobId, json_: Json = False, stack: StackName = DEFAULT_STACK) -> None:
    """Cancel a job.

    At once while it waits, else as soon as its worker notices.
    """
    with connect(stack) as session:
        body = session.client.cancel(job)
    _say(body, json_=json_)


def requeue(job: JobId, json_: Json = False, stack: StackName = DEFAULT_STACK) -> None:
    """Put a failed or cancelled job back into its queue."""
    with connect(stack) as session:
        body = session.client.requeue(job)
    _say(body, json_=json_)


def follow(client: Client, labels: dict[str, str], *, timeout: float = 7200) -> dict[str, dict[str, Any]]:
    """Wait for jobs with a progress bar each; `labels` names them. Returns their last status by id."""
    seen: dict[str, str] = {}
    with out.progress() as bars:
        tasks = {job: bars.add_task(label or job[:12], total=None, note="") for job, label in labels.items()}

        def show_progress(body: dict[str, Any]) -> None:
            job, state = body["job_id"], body["status"]
            step = body.get("progress") or {}
            note = f"{state}: {step['stage']}" if step and state == "started" else state
            bars.update(tasks[job], note=note)
            if step:
                bars.update(tasks[job], total=step["total"], completed=step["done"])
            if state in {"finished", "failed", "cancelled"}:
                bars.update(tasks[job], total=1, completed=1)
            if bars.disable and seen.get(job) != state:
                out.note(f"{labels[job] or job} {state}")
            seen[job] = state

        return client.wait(labels, timeout=timeout, on_progress=show_progress)


def message(body: dict[str, Any]) -> str:
    """Return what a job says of itself: its result's message, or why it failed."""
    result = body.get("result") or {}
    where = (body.get("problem") or {}).get("where")
    error = body.get("error") or ""
    return f"{error} ({where})" if error and where else str(error or result.get("message", ""))


def show(body: dict[str, Any]) -> None:
    """Print one job for a person: its status, or everything about it."""
    result = body.get("result") or {}
    rows = [
        ("job", body["job_id"]),
        ("operation", body.get("operation")),
        ("files", ", ".join(item["reference"] for item in body.get("inputs", []))),
        ("status", body["status"]),
        ("pending", ", ".join(body.get("pending", []))),
        ("attempt", body.get("attempt")),
        ("created", moment(body["created_at"])),
        ("took", seconds(body.get("execution_time_seconds"))),
        ("message", message(body)),
        *(("output", f"{item['name']}  {size(item['size'])}") for item in result.get("outputs", [])),
        *(("warning", text) for text in result.get("warnings", [])),
        *(("event", _event(event)) for event in body.get("events", [])),
    ]
    out.table(("", ""), [row for row in rows if row[1]], header=False)


def moment(text: str) -> str:
    """Return a time of the API (UTC) as a person reads it."""
    return text[:19].replace("T", " ")


def _event(event: dict[str, Any]) -> str:
    """Return a line of a job's history."""
    return "  ".join(filter(None, (moment(event["at"]), event["event"], event.get("detail"))))


def _names(job: dict[str, Any]) -> list[str]:
    """Return the names of a job's files without their folders."""
    return [reference.rpartition("/")[2] for reference in job.get("inputs", [])]


def _say(body: dict[str, Any], *, json_: bool) -> None:
    if json_:
        out.emit(body)
    else:
        out.note(f"{body['job_id']} {body['status']}")


COMMANDS = (status, watch, jobs, logs, cancel, requeue)
