"""What runs here: `.ifcpipe/<name>.json` in the working directory, readable by its owner only."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.core.errors import InputError
from functions.local import guard

FOLDER = Path(".ifcpipe")
NAME = re.compile(r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$")


class Record(BaseModel):
    """One running process of ours: a stack (`up`) or a worker (`poll`)."""

    model_config = ConfigDict(frozen=True)

    name: str
    kind: str
    pid: int
    born: str | None = Field(description="When the process began, as `guard.born` says it.")
    started_at: str
    url: str | None = None
    key: str | None = None
    endpoint: str | None = None
    environment: dict[str, str] = {}
    operations: tuple[str, ...] = ()

    @property
    def alive(self) -> bool:
        """Whether its process still runs, and is no other that was given its number since."""
        return guard.alive(self.pid) and guard.born(self.pid) == self.born


def path(name: str, folder: Path = FOLDER) -> Path:
    """Return where the record of that name lies."""
    if not NAME.match(name):
        raise InputError(f"{name!r} is not a name: letters, digits, '.', '_' and '-' are", field="--name")
    return folder / f"{name}.json"


def write(record: Record, folder: Path = FOLDER) -> Path:
    """Store a record; it holds a key, so nobody else may read it."""
    target = path(record.name, folder)
    target.parent.mkdir(mode=0o700, exist_ok=True)
    draft = target.with_suffix(f".{os.getpid()}.tmp")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(record.model_dump_json(indent=1))
    draft.replace(target)
    return target


def remove(name: str, folder: Path = FOLDER) -> None:
    """Forget a record."""
    path(name, folder).unlink(missing_ok=True)


def read(name: str, folder: Path = FOLDER) -> Record | None:
    """Return a record whose process runs, else None; a record left behind by a crash is forgotten."""
    try:
        record = Record.model_validate(json.loads(path(name, folder).read_text()))
    except FileNotFoundError:
        return None
    except (ValueError, ValidationError):
        return None
    if not record.alive:
        remove(name, folder)
        return None
    return record


def records(folder: Path = FOLDER) -> Iterator[Record]:
    """Yield every record whose process runs, by name."""
    for file in sorted(folder.glob("*.json")):
        record = read(file.stem, folder)
        if record is not None:
            yield record
