"""The Typer application: every command, and what becomes of an error."""

from __future__ import annotations

import errno
from typing import Annotated

import typer
from typer.core import TyperGroup

from functions.cli import catalogue, jobs, keys, queues, stack, work
from functions.cli.console import FAILED, INTERRUPTED, USAGE, out


class Commands(TyperGroup):
    """The commands, in the order of a working day; a typed error ends any of them with its exit code."""

    def invoke(self, ctx: typer.Context) -> object:  # type: ignore[override]
        """Run the command that was asked for."""
        from functions.core.errors import (
            ConflictError,
            ForbiddenError,
            InputError,
            NotFoundError,
            PipelineError,
            UnauthorizedError,
        )

        usage = (InputError, NotFoundError, ConflictError, UnauthorizedError, ForbiddenError)
        try:
            return super().invoke(ctx)
        except PipelineError as error:
            out.error(error)
            raise typer.Exit(USAGE if isinstance(error, usage) else FAILED) from None
        except OSError as error:  # a folder that nobody may write to, a disk that is full
            if error.errno == errno.EPIPE:  # `ifcpipe ... | head`: Click ends quietly
                raise
            place = f"{error.filename}: " if error.filename else ""
            out.error(PipelineError(f"{place}{error.strerror or error}"))
            raise typer.Exit(FAILED) from None
        except KeyboardInterrupt:
            out.note("interrupted")
            raise typer.Exit(INTERRUPTED) from None

    def list_commands(self, ctx: typer.Context) -> list[str]:  # type: ignore[override]
        """Keep the order they were registered in."""
        return list(self.commands)


app = typer.Typer(
    cls=Commands,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    """Print the version and end."""
    if wanted:
        from importlib.metadata import version

        typer.echo(f"ifcpipe {version('ifcpipe')}")
        raise typer.Exit


@app.callback()
def main(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Drop an IFC model in, say which operations you want, and get the results."""


for module in (work, stack, jobs, queues, catalogue):
    for command in module.COMMANDS:
        app.command(name=command.__name__.rstrip("_"))(command)
app.add_typer(keys.app, name="key")
