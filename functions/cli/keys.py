"""Commands about API keys: create, list, revoke. They need the environment of a stage, not the API."""

from __future__ import annotations

from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any

import typer

from functions.cli.console import DEFAULT_STACK, Json, StackName, out
from functions.cli.session import keys

app = typer.Typer(help="API keys: create, list, revoke.", no_args_is_help=True, rich_markup_mode=None)


@app.command()
def create(
    tenant: Annotated[str, typer.Option(help="Whose jobs and files the key reaches.")] = "default",
    scope: Annotated[
        list[str] | None, typer.Option(help="read, write, traceback or admin; all but admin if left out.")
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="Days until it expires.")] = None,
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Create a key and print it; it cannot be shown again."""
    expires = datetime.now(UTC) + timedelta(days=days) if days else None
    options: dict[str, Any] = {"scopes": scope} if scope else {}
    with keys(stack) as store:
        token = store.create(tenant, expires_at=expires, **options)
    if json_:
        out.emit({"key": token, "tenant": tenant})
    else:
        typer.echo(token)


@app.command("list")
def list_(json_: Json = False, stack: StackName = DEFAULT_STACK) -> None:
    """List the keys, without their secrets."""
    with keys(stack) as store:
        found = [asdict(key) for key in store.list()]
    if json_:
        out.emit(found)
    else:
        columns = ("key_id", "tenant", "scopes", "created_at", "expires_at")
        out.table(columns, [[_text(key[name]) for name in columns] for key in found])


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The id, the part between the underscores of a key.")],
    json_: Json = False,
    stack: StackName = DEFAULT_STACK,
) -> None:
    """Revoke a key."""
    with keys(stack) as store:
        store.revoke(key_id)
    if json_:
        out.emit({"key_id": key_id, "revoked": True})
    else:
        out.note(f"{key_id} revoked")


def _text(value: Any) -> str:  # noqa: ANN401 - a field of a key
    return ", ".join(value) if isinstance(value, tuple) else str(value or "")
