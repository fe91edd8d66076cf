"""What the command line prints: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from functions.core.errors import PipelineError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
COLOURS = {
    "finished": "green",
    "failed": "red",
    "cancelled": "yellow",
    "started": "cyan",
    "healthy": "green",
    "idle": "green",
    "stuck": "red",
    "backlog": "yellow",
}


class Output:
    """Where things are printed; `json` is set by the option of that name."""

    json = False

    def emit(self, data: object) -> None:
        """Print data as JSON on standard output."""
        typer.echo(json.dumps(data, indent=None if self.json else 2, ensure_ascii=False, default=str))

    def note(self, message: str) -> None:
        """Print a message for a person."""
        typer.echo(message, err=True)

    def error(self, error: PipelineError) -> None:
        """Print an error: for a person, and as JSON on standard output where that was asked for."""
        if self.json:
            self.emit({"error": error.to_dict()})
        place = f" ({error.where})" if error.where else ""
        field = f"{error.field}: " if error.field and not error.message.startswith(error.field) else ""
        typer.secho(f"{field}{error.message}{place}", err=True, fg="red")

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
        """Print a table on standard output."""
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(*columns, title=title or None, title_justify="left", header_style="bold")
        for row in rows:
            cells = ["" if cell is None else str(cell) for cell in row]
            table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in cells))
        # Piped output is for programs and files: it must not be cut to a terminal's width.
        Console(width=None if sys.stdout.isatty() else 200).print(table)

    def progress(self) -> Progress:
        """Return progress bars on standard error; none where nobody sees them."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        return Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self.stderr(),
            disable=self.json or not sys.stderr.isatty(),
            transient=True,
        )

    def stderr(self) -> Console:
        """Return a console on standard error."""
        from rich.console import Console

        return Console(stderr=True)


out = Output()


def _json(value: bool) -> bool:
    """Remember that data is wanted as JSON."""
    out.json = out.json or value
    return value


Json = Annotated[bool, typer.Option("--json", callback=_json, help="JSON on standard output, nothing else.")]
StackName = Annotated[
    str, typer.Option("--stack", envvar="IFCPIPE_STACK", help="Name of the local stack to use.")
]
DEFAULT_STACK = "local"


def size(count: float) -> str:
    """Return a number of bytes as a person reads it."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 1000 or unit == "GB":  # noqa: PLR2004 - SI
            break
        count /= 1000
    return f"{count:.0f} {unit}" if unit == "B" else f"{count:.1f} {unit}"


def seconds(value: Any) -> str:  # noqa: ANN401 - a number of a JSON body, or None
    """Return a duration as a person reads it."""
    return "" if value is None else f"{float(value):.1f} s"
