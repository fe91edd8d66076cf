"""Which pipeline a command talks to: `IFCPIPE_URL`, a running local stack, or one made for the moment."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from functions.cli.console import out

if TYPE_CHECKING:
    from functions.aws.keys import Keys
    from functions.client import Client
    from functions.local.state import Record


@dataclass(frozen=True)
class Session:
    """A client, and for a local stack the environment its functions have."""

    client: Client
    url: str
    key: str | None
    environment: Mapping[str, str] = field(default_factory=dict)


def read_dotenv(path: Path = Path(".env")) -> dict[str, str]:
    """Return the settings of a `.env` file: NAME=VALUE a line, quotes optional, # for comments."""
    if not path.is_file():
        return {}
    found = {}
    for line in path.read_text().splitlines():
        name, equals, value = line.strip().removeprefix("export ").partition("=")
        if equals and not name.startswith("#"):
            found[name.strip()] = value.strip().strip("\"'")
    return found


def settings() -> dict[str, str]:
    """Return the environment, with what `.env` adds to it."""
    return {**read_dotenv(), **os.environ}


def running(stack: str) -> Record | None:
    """Return the running local stack of that name."""
    from functions.local import state

    return state.read(stack)


@contextmanager
def connect(stack: str, *, embed: bool = False, warm: Sequence[str] = ()) -> Iterator[Session]:
    """Yield a session. With `embed`, a stack is started for the time being when none is there.

    `warm` names operations whose functions such a stack starts before they are needed.
    """
    from functions.client import Client
    from functions.core.errors import InputError

    env = settings()
    url = env.get("IFCPIPE_URL")
    record = None if url else running(stack)
    if url:
        with Client(url, env.get("IFCPIPE_KEY")) as client:
            yield Session(client, url, env.get("IFCPIPE_KEY"))
    elif record is not None and record.url:
        with Client(record.url, record.key) as client:
            yield Session(client, record.url, record.key, record.environment)
    elif embed:
        with embedded(warm=warm) as session:
            yield session
    else:
        raise InputError(
            f"no local stack {stack!r} was started in this folder: start one with 'ifcpipe up', "
            "or set IFCPIPE_URL and IFCPIPE_KEY",
            field="--stack",
        )


@contextmanager
def embedded(*, warm: Sequence[str] = ()) -> Iterator[Session]:
    """Yield a session on a stack of its own, which is gone afterwards."""
    from functions.client import Client
    from functions.local.stack import Stack

    with Stack() as stack:
        out.step("starting a local stack")
        with out.progress() as bars:
            task = bars.add_task("starting the local stack", total=None, note="")
            stack.start(report=lambda text: bars.update(task, note=text))
        stack.warm(warm)
        with Client(stack.url, stack.key) as client:
            yield Session(client, stack.url, stack.key, stack.environment)


@contextmanager
def keys(stack: str) -> Iterator[Keys]:
    """Yield the API keys of a stage."""
    from functions.aws.keys import Keys
    from functions.core.errors import InputError

    with environment(stack) as env:
        if not env.get("TABLE_NAME"):
            raise InputError("TABLE_NAME is not set: keys need the environment of a stage")
        yield Keys(client("dynamodb", env), env["TABLE_NAME"])


def client(service: str, env: Mapping[str, str]) -> Any:  # noqa: ANN401 - boto3 has no types
    """Return a boto3 client for an environment."""
    from functions.local.stack import connect as make

    return make(service, env)


@contextmanager
def environment(stack: str, *, embed: bool = False) -> Iterator[Mapping[str, str]]:
    """Yield the environment of a stage: the caller's own where it has one, else the local stack's."""
    env = settings()
    if env.get("TABLE_NAME"):
        yield env
        return
    with connect(stack, embed=embed) as session:
        yield {**env, **session.environment}
