"""Commands about what there is: operations, and the pages generated from them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from functions.cli.console import DONE, FAILED, Json, out

ROOT = Path(__file__).resolve().parents[2]


def operations(
    name: Annotated[str | None, typer.Argument(help="Show this one with its fields.")] = None,
    json_: Json = False,
) -> None:
    """List the operations, or show the fields of one."""
    from functions.core import registry

    if name is not None:
        _show(name, json_=json_)
        return
    found = registry.operations().values()
    if json_:
        out.emit([{"name": item.name, "summary": item.summary, "version": item.version} for item in found])
    else:
        out.table(("operation", "what it does"), [(item.name, item.summary) for item in found])


def docs(
    check: Annotated[
        bool, typer.Option("--check", help="Write nothing; exit 1 when a page is stale.")
    ] = False,
    json_: Json = False,
) -> None:
    """Write the generated pages.

    They are docs/operations.md, docs/openapi.json and the table of operations in README.md.
    """
    from functions.api.openapi import render
    from functions.cli.pages import catalogue, insert_table

    readme = insert_table((ROOT / "README.md").read_text(encoding="utf-8"))
    pages = {"docs/operations.md": catalogue(), "docs/openapi.json": render(), "README.md": readme}
    stale = [name for name, text in pages.items() if _read(ROOT / name) != text]
    if not check:
        for name in stale:
            (ROOT / name).write_text(pages[name], encoding="utf-8")
    if json_:
        out.emit({"stale" if check else "written": stale})
    else:
        out.note(f"{'stale' if check else 'written'}: {', '.join(stale) or 'nothing'}")
    raise typer.Exit(FAILED if check and stale else DONE)


def _show(name: str, *, json_: bool) -> None:
    """Show one operation: for a program its JSON Schemas, for a person a table."""
    from functions.cli.pages import fields
    from functions.core import registry

    found = registry.operation(name, field="NAME")
    schema = found.request.model_json_schema()
    if json_:
        about = {"name": found.name, "summary": found.summary, "description": found.description}
        out.emit({**about, "request": schema, "result": found.result.model_json_schema()})
        return
    typer.echo(f"{found.name}: {found.description}\n")
    columns = ("name", "type", "default", "description")
    out.table(columns, [[row[column] for column in columns] for row in fields(schema)])


def _read(path: Path) -> str | None:
    return path.read_text(encoding="utf-8") if path.is_file() else None


COMMANDS = (operations, docs)
