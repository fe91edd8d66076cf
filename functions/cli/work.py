"""Commands that do work: run, submit, exec, invoke."""

from __future__ import annotations

import tempfile
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from functions.cli.console import DEFAULT_STACK, DONE, FAILED, Json, StackName, Timeout, out, seconds, size
from functions.cli.jobs import follow, message, show
from functions.cli.session import connect, environment

if TYPE_CHECKING:
    from rich.progress import Progress

    from functions.client import Client
    from functions.core.operation import Operation
    from functions.core.upload import Step
    from functions.ifc.local import Execution

OperationName = Annotated[str, typer.Argument(help="Name of an operation; see 'ifcpipe operations'.")]
RequestText = Annotated[
    str, typer.Argument(metavar="JSON", help="The request: JSON, @FILE, or - for standard input.")
]


@dataclass(frozen=True)
class Wanted:
    """One job of a `run`: its id, what it is called on the screen, and where its outputs go."""

    job_id: str
    model: str
    kind: str
    folder: Path

    @property
    def label(self) -> str:
        """What it is called on the screen."""
        return f"{self.model} {self.kind}"


def run(
    models: Annotated[list[Path], typer.Argument(metavar="MODEL...", help="IFC files.")],
    op: Annotated[list[str], typer.Option("--op", metavar="NAME[:JSON]", help="Operation; may be repeated.")],
    out_: Annotated[Path, typer.Option("--out", help="Folder for the results.")] = Path("out"),
    timeout: Timeout = 7200,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Send models through the pipeline and fetch the results.

    Uses the running stack, or one of its own that is gone afterwards. Results lie in
    OUT/<model>/<operation>/. For example:

    ifcpipe run a.ifc b.ifc --op ifcinfo --op 'ifccsv:{"query": "IfcWall"}'
    """
    from functions.cli.requests import check_file, read_steps

    steps = read_steps(op)
    for model in models:
        check_file(model, field="MODEL")
    _make_folder(out_)
    begun = time.monotonic()
    with connect(stack, embed=True, warm=[step.operation for step in steps]) as session:
        wanted = _upload(session.client, models, steps, out_)
        ended = follow(session.client, {job.job_id: job.label for job in wanted}, timeout=timeout)
        rows = [_fetch(session.client, job, ended[job.job_id], models) for job in wanted]
    if json_:
        out.emit(rows)
    else:
        _summarise(rows, time.monotonic() - begun)
    raise typer.Exit(DONE if all(row["status"] == "finished" for row in rows) else FAILED)


def submit(
    operation: OperationName,
    request: RequestText,
    wait: Annotated[bool, typer.Option("--wait", help="Wait until the job has ended.")] = False,
    download: Annotated[Path | None, typer.Option(metavar="DIR", help="Wait, and store outputs.")] = None,
    timeout: Timeout = 7200,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Submit one job and print its id.

    Local files that the request names are uploaded first; other names are those of stored files.
    """
    from functions.cli.requests import check_outputs, local_files, read_json
    from functions.core import registry

    found = registry.operation(operation, field="OPERATION")
    body = read_json(request)
    found.parse(body)
    if download:
        _make_folder(download)
    with connect(stack) as session:
        files = [path for _, _, path in local_files(found, body)]
        status = session.client.submit(operation, _upload_files(session.client, found, body))
        if wait or download:
            job_id = status["job_id"]
            status = follow(session.client, {job_id: operation}, timeout=timeout)[job_id]
        if download and status["status"] == "finished":
            check_outputs(_names(status), download, inputs=files, field="--download")
            stored = session.client.download(status["job_id"], download)
            status = {**status, "files": [str(path) for path in stored]}
    if json_:
        out.emit(status)
    elif wait or download:
        show(status)
    else:
        typer.echo(status["job_id"])
    raise typer.Exit(FAILED if status["status"] in {"failed", "cancelled"} else DONE)


def exec_(
    operation: OperationName,
    request: RequestText,
    folder: Annotated[Path, typer.Option("--out", metavar="DIR", help="Folder for the outputs.")],
    json_: Json = False,
) -> None:
    """Run an operation here and now, without AWS.

    File fields are local paths, relative to the working directory or absolute. The result is JSON on
    standard output in any case.
    """
    out.json = True
    from functions.cli.requests import check_file, local_files, read_json
    from functions.core import registry
    from functions.core.errors import PipelineError

    found = registry.operation(operation, field="OPERATION")
    body = found.parse(read_json(request)).model_dump(mode="json", by_alias=True)
    inputs = {}
    for field, _, path in local_files(found, body, elsewhere=()):
        check_file(path, field=field)
        inputs[field] = path
    _make_folder(folder)
    try:
        answer = _execute(found, body, inputs, folder)
    except PipelineError as error:
        out.error(error)
        raise typer.Exit(FAILED) from None
    out.emit(answer)
    raise typer.Exit(DONE if answer["success"] else FAILED)


def invoke(
    event: Annotated[Path, typer.Argument(metavar="EVENT.json", help="A sample of the folder events/.")],
    handler: Annotated[
        str | None, typer.Option(help="Handler, as 'functions.intake.handler.handler'.")
    ] = None,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Hand a sample event to its Lambda handler.

    It runs in this process, on the tables and queues of a stage. The answer is JSON on standard output.
    """
    from functions.cli import events

    out.json = True
    body, found = events.read(event, handler)
    with environment(stack, embed=True) as env:
        out.emit(events.call(found, body, env))


def _upload(client: Client, models: list[Path], steps: list[Step], folder: Path) -> list[Wanted]:
    """Upload every model with its operations; return the jobs that came of it."""
    asked = [step.model_dump(mode="json", exclude_defaults=True) for step in steps]
    names = _distinct([model.stem for model in models])
    kinds = _distinct([step.operation for step in steps])
    wanted = []
    with out.progress() as bars:
        for model, name in zip(models, names, strict=True):
            task = bars.add_task(f"uploading {model.name}", total=model.stat().st_size, note="")
            upload = client.upload(model, asked, on_progress=_bar(bars, task))
            for job, kind in zip(upload.jobs, kinds, strict=True):
                wanted.append(Wanted(str(job["job_id"]), name, kind, folder / name / kind))
    return wanted


def _upload_files(client: Client, operation: Operation, body: dict[str, Any]) -> dict[str, Any]:
    """Return the request with every local file uploaded and named by where it is stored."""
    from functions.cli.requests import local_files
    from functions.core.operation import fill

    stored: dict[Path, str] = {}
    for field, _, path in local_files(operation, body):
        if path.is_file():
            if path not in stored:
                with out.progress() as bars:
                    task = bars.add_task(f"uploading {path.name}", total=path.stat().st_size, note="")
                    stored[path] = client.upload(path, on_progress=_bar(bars, task)).reference
            body = fill(body, field, stored[path])
    return body


def _bar(bars: Progress, task: Any) -> Any:  # noqa: ANN401 - rich's own id
    """Return a report of bytes that moves a bar."""

    def report(sent: int, total: int) -> None:
        bars.update(task, completed=sent, total=total, note=size(sent))

    return report


def _names(status: Mapping[str, Any]) -> list[str]:
    """Return the names of a finished job's outputs."""
    return [str(item["name"]) for item in status["result"]["outputs"]]


def _fetch(client: Client, job: Wanted, status: dict[str, Any], models: list[Path]) -> dict[str, Any]:
    """Download what a job made, and return its row of the summary."""
    from functions.cli.requests import check_outputs

    finished = status["status"] == "finished"
    if finished:
        check_outputs(_names(status), job.folder, inputs=models)
    with out.progress() as bars:
        task = bars.add_task(f"downloading {job.label}", total=None, note="")
        stored = client.download(job.job_id, job.folder, on_progress=_bar(bars, task)) if finished else []
    place = {"label": job.label, "model": job.model, "kind": job.kind}
    return {**status, **place, "files": [str(path) for path in stored]}


def _summarise(rows: list[dict[str, Any]], took: float) -> None:
    """Print what became of every job, and where its files are."""
    shown = ["", *(row["model"] for row in rows)]  # a model stands beside the first of its jobs alone
    out.table(
        ("model", "operation", "status", "took", "message"),
        [
            (
                row["model"] if row["model"] != before else "",
                row["kind"],
                row["status"],
                seconds(row.get("execution_time_seconds")),
                message(row),
            )
            for row, before in zip(rows, shown, strict=False)
        ],
    )
    typer.echo()
    for path in (path for row in rows for path in row["files"]):
        typer.echo(f"{path}  {size(Path(path).stat().st_size)}")
    for row in rows:
        for warning in (row.get("result") or {}).get("warnings", []):
            out.note(f"{row['label']}: {warning}")
    finished = sum(row["status"] == "finished" for row in rows)
    out.note(f"{finished} of {len(rows)} jobs finished in {took:.1f} s")


def _make_folder(folder: Path) -> None:
    """Make the folder for results before any work is done for them."""
    from functions.core.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise InputError(f"{folder} cannot be written to: {error.strerror}", field="--out") from None


def _distinct(names: list[str]) -> list[str]:
    """Return names that differ: the second `house` is `house-2`."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        found.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return found


def _execute(
    operation: Operation, body: Mapping[str, Any], inputs: Mapping[str, Path], folder: Path
) -> dict[str, Any]:
    """Run the operation, move its outputs to where they are wanted, say what came out."""
    from functions.cli.requests import check_outputs
    from functions.ifc import local

    with tempfile.TemporaryDirectory(dir=folder, prefix=".exec-") as scratch, out.progress() as bars:
        task = bars.add_task(operation.name, total=None, note="")

        def progress(stage: str, done: int, total: int) -> None:
            bars.update(task, note=stage, completed=done, total=total)

        execution = local.execute(operation, body, inputs, folder=Path(scratch), on_progress=progress)
        check_outputs([item.name for item in execution.outputs], folder, inputs=inputs.values())
        for item in execution.outputs:
            item.path.replace(folder / item.name)
    return _describe(execution, folder)


def _describe(execution: Execution, folder: Path) -> dict[str, Any]:
    """Return the result as a job would have it, with local paths."""
    return {
        **execution.result,
        "warnings": list(execution.warnings),
        "outputs": [
            {
                "name": item.name,
                "path": str(folder / item.name),
                "size": item.size,
                "sha256": item.sha256,
                "content_type": item.content_type,
            }
            for item in execution.outputs
        ],
        "cpu_s": execution.cpu_s,
        "wall_s": execution.wall_s,
        "peak_mb": round(execution.peak_bytes / 1e6, 1),
    }


COMMANDS = (run, submit, exec_, invoke)
