"""Commands about stacks: up, down, ps, serve, synth, deploy."""

from __future__ import annotations

import importlib.util
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from functions.cli.console import DEFAULT_STACK, FAILED, Json, StackName, out
from functions.cli.session import environment

if TYPE_CHECKING:
    from functions.local.state import Record

DETACH_SECONDS = 300  # when it cannot start it ends, and nobody waits any longer
ROOT = Path(__file__).resolve().parents[2]


def up(
    name: Annotated[
        str, typer.Option("--name", "--stack", envvar="IFCPIPE_STACK", help="Name of the stack.")
    ] = DEFAULT_STACK,
    detach: Annotated[bool, typer.Option("--detach", help="Go on in the background.")] = False,
    json_: Json = False,
) -> None:
    """Start the local stack and stay.

    Ctrl-C ends it and leaves nothing behind. Commands find it from the same folder.
    """
    from functions.core.errors import ConflictError
    from functions.local import state

    if state.read(name) is not None:
        raise ConflictError(f"the stack {name!r} runs already: 'ifcpipe down {name}' ends it", field="--name")
    record = _detached(name) if detach else None
    if record is not None:
        _announce(record, json_=json_)
        return
    _foreground(name, json_=json_)


def down(
    names: Annotated[list[str] | None, typer.Argument(metavar="[NAME]...", help="Stacks, workers.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that runs.")] = False,
    json_: Json = False,
) -> None:
    """End stacks and workers that run in the background."""
    from functions.core.errors import NotFoundError
    from functions.local import state, worker

    ended = []
    for name in [record.name for record in state.records()] if all_ else (names or [DEFAULT_STACK]):
        record = state.read(name)
        if record is None:
            raise NotFoundError(f"nothing runs under the name {name!r}", field="NAME")
        worker.end(record)
        ended.append(name)
    if json_:
        out.emit({"ended": ended})
    else:
        out.note(f"ended: {', '.join(ended) or 'nothing ran'}")


def ps(json_: Json = False) -> None:
    """Show which stacks and workers run here."""
    from functions.local import state, worker

    rows: list[dict[str, Any]] = []
    for record in state.records():
        said = worker.stats(record) if record.kind == "worker" else {}
        rows.append(
            {
                "name": record.name,
                "kind": record.kind,
                "pid": record.pid,
                "started_at": record.started_at,
                "url": record.url,
                "operations": list(record.operations),
                "uptime": said.get("uptime"),
                "active_tasks": said.get("active_tasks"),
                "processed_tasks": said.get("processed_tasks"),
            }
        )
    if json_:
        out.emit(rows)
        return
    columns = ("name", "kind", "pid", "started_at", "active_tasks", "processed_tasks", "url")
    out.table(
        ("name", "kind", "process", "started", "active", "processed", "url"),
        [[row[column] for column in columns] for row in rows],
        none="nothing runs here",
    )


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port to listen on.")] = 8000,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Serve the API in this process, for development.

    It works on the tables and queues of a stage.
    """
    import uvicorn

    from functions.core.errors import InputError

    try:
        listener = socket.create_server((host, port))
    except OSError as error:
        raise InputError(f"{host}:{port} cannot be used: {error.strerror}", field="--port") from None
    with listener, environment(stack, embed=True) as env:
        os.environ.update({"POWERTOOLS_SERVICE_NAME": "serve", **env})
        from functions.api.handler import api
        from functions.api.local import Local
        from functions.aws.keys import keys

        out.note(f"serving http://{host}:{port}, Ctrl-C ends it")
        config = uvicorn.Config(Local(api, verify=keys().verify), log_level="warning")
        uvicorn.Server(config).run(sockets=[listener])


def synth(json_: Json = False) -> None:
    """Write the committed template of the local flavour anew."""
    from functions.local.deploy import TEMPLATE

    _need_cdk()
    out.note("synthesising, this takes some seconds")
    _run([sys.executable, "-m", "infra.cdk.local"])
    if json_:
        out.emit({"template": str(TEMPLATE)})
    else:
        out.note(f"written: {TEMPLATE}")


def deploy(
    stage: Annotated[str, typer.Option(help="Name of the stage.")] = "dev",
    arguments: Annotated[
        list[str] | None, typer.Argument(metavar="[-- CDK OPTION]...", help="Passed on to cdk.")
    ] = None,
) -> None:
    """Deploy to AWS with the CDK command line.

    It runs by way of npx and needs Node, Docker and credentials; see docs/deploy.md.
    """
    from functions.core.errors import InputError

    if stage == "local":
        raise InputError("'local' is the embedded stack: use 'ifcpipe up'", field="--stage")
    _need_cdk()
    _run(
        [
            "npx",
            "--yes",
            "aws-cdk@2.1148.1",
            "deploy",
            "--app",
            shlex.join([sys.executable, "-m", "infra.cdk.app"]),
            "--context",
            f"stage={stage}",
            *(arguments or []),
        ]
    )


def _foreground(name: str, *, json_: bool) -> None:
    """Run a stack until a signal comes."""
    from functions.local import state
    from functions.local.stack import Stack

    with Stack() as stack:
        out.step("starting the local stack")
        with out.progress() as bars:
            task = bars.add_task("starting the local stack", total=None, note="")
            stack.start(report=lambda text: bars.update(task, note=text))
        record = stack.record(name)
        state.write(record)
        try:
            stack.warm(record.operations)
            _announce(record, json_=json_)
            if not json_:
                out.note("Ctrl-C ends it")
            signal.pause()
        except KeyboardInterrupt:  # the way to end it, and no failure
            out.note("ended")
        finally:
            state.remove(name)


def _detached(name: str) -> Record:
    """Start `up` as a process of its own and wait until its record is there."""
    from functions.core.errors import PipelineError
    from functions.local import state

    log = state.path(name).with_suffix(".log")
    log.parent.mkdir(mode=0o700, exist_ok=True)
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "functions", "up", "--name", name],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    until = time.monotonic() + DETACH_SECONDS
    with out.progress() as bars:
        bars.add_task("starting the local stack", total=None, note="")
        while process.poll() is None and time.monotonic() < until:
            record = state.read(name)
            if record is not None:
                return record
            time.sleep(0.1)
    process.terminate()
    raise PipelineError(f"the stack did not start: {log.read_text(errors='replace')[-2000:]}")


def _announce(record: Record, *, json_: bool) -> None:
    """Print where the stack is, each value ready to be pasted into a shell."""
    if json_:
        out.emit({"name": record.name, "pid": record.pid, "url": record.url, "key": record.key})
        return
    typer.echo(f"url  {record.url}")
    typer.echo(f"key  {record.key}")
    typer.echo(f"aws  {record.endpoint}")
    typer.echo(f"docs {record.url}/docs")


def _need_cdk() -> None:
    """Say how to get the CDK where it is missing: running needs none of it."""
    from functions.core.errors import PipelineError

    if importlib.util.find_spec("aws_cdk") is None:
        raise PipelineError("the CDK library is not installed: .venv/bin/pip install -e '.[cdk]' does it")


def _run(command: list[str]) -> None:
    """Run a tool from the repository; its failure is ours."""
    from functions.core.errors import PipelineError

    try:
        code = subprocess.run(command, cwd=ROOT, check=False).returncode
    except FileNotFoundError:
        raise PipelineError(f"{command[0]} is not installed") from None
    if code:
        raise typer.Exit(FAILED)


COMMANDS = (up, down, ps, serve, synth, deploy)
