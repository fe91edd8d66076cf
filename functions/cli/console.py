"""What the command line prints: data on standard output, everything else on standard error."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress

    from functions.core.errors import PipelineError

DONE, FAILED, USAGE, INTERRUPTED = 0, 1, 2, 130
GAP = 2  # between the columns of a table
NARROW = 24  # what its last column keeps in any terminal
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
        indent = 2 if sys.stdout.isatty() else None
        typer.echo(json.dumps(data, indent=indent, ensure_ascii=False, default=str))

    def note(self, message: str) -> None:
        """Print a message for a person."""
        typer.echo(message, err=True)

    def error(self, error: PipelineError) -> None:
        """Print an error: for a person, and as JSON on standard output where that was asked for."""
        if self.json:
            self.emit({"error": error.to_dict()})
        place = f" ({error.where})" if error.where else ""
        field = f"{error.field}: " if error.field and not error.message.startswith(error.field) else ""
        colour = None if os.environ.get("NO_COLOR") else "red"
        typer.secho(f"{field}{error.message}{place}", err=True, fg=colour)

    def table(
        self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, none: str = "", header: bool = True
    ) -> None:
        """Print a table on standard output; `none` is said instead when there are no rows.

        Nothing is ever cut: the last column is folded at the width of a terminal, and where the others
        are wider than that already, the terminal wraps the lines.
        """
        from rich.cells import cell_len
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        found = [["" if cell is None else str(cell) for cell in row] for row in rows]
        if not found and none:
            self.note(none)
            return
        table = Table(box=None, padding=(0, GAP, 0, 0), pad_edge=False, show_header=header)
        table.header_style = "bold"
        titles = [columns] if header else []
        *widths, last = [max(map(cell_len, cells)) for cells in zip(*titles, *found, strict=True)]
        for name in columns[:-1]:
            table.add_column(name, no_wrap=True)
        table.add_column(columns[-1], overflow="fold")
        for row in found:
            table.add_row(*(Text(cell, style=COLOURS.get(cell, "")) for cell in row))
        before = sum(width + GAP for width in widths)
        console = Console()
        folded = max(console.width, before + min(last, NARROW))
        console.width = folded if sys.stdout.isatty() else before + last
        console.print(table)

    def progress(self) -> Progress:
        """Return progress bars on standard error; none where nobody sees them."""
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        return Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[note]}"),
            TimeElapsedColumn(),
            console=self.stderr(),
            disable=not sys.stderr.isatty(),
            transient=True,
        )

    def step(self, message: str) -> None:
        """Say what goes on where progress bars are not shown."""
        if not (self.json or sys.stderr.isatty()):
            self.note(message)

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
Timeout = Annotated[float, typer.Option(min=0, max=31_536_000, help="Seconds to wait at most.")]
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
