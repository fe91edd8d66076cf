"""What an upload asks for: the jobs named by a record, a manifest, object metadata or a prefix."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from functions.core.document import read_document, read_start
from functions.core.errors import InputError
from functions.core.operation import validate

METADATA_KEY = "operations"
MANIFEST_SUFFIX = ".job.json"
MAX_STEPS = 100
MAX_MANIFEST_BYTES = 256_000


class Step(BaseModel):
    """One requested job. `name` lets later steps refer to it, in `after` or as `step:<name>/<output>`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    operation: str = Field(min_length=1, max_length=80)
    request: dict[str, Any] = Field(default_factory=dict)
    name: str | None = Field(None, min_length=1, max_length=80, pattern=r"^[A-Za-z0-9_.-]+$")
    after: tuple[str, ...] = Field(
        (), max_length=MAX_STEPS, description="Names of earlier steps, or job ids, that must finish first."
    )
    nonce: str | None = Field(None, max_length=80, description="Makes equal work run again.")


class Manifest(BaseModel):
    """The object `<name>.job.json`: any number of steps over any number of inputs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    steps: tuple[Step, ...] = Field(min_length=1, max_length=MAX_STEPS)


def read_manifest(body: bytes) -> Manifest:
    """Read a manifest, or raise an InputError that names the line or the field at fault."""
    text = body.decode("utf-8-sig", "replace")
    return validate(Manifest, read_document(text, what="the manifest", field=METADATA_KEY))


def read_operations(text: str) -> tuple[Step, ...]:
    """Read operations as metadata and the command line name them.

    Either a JSON array of steps, or names with optional JSON requests, separated by commas:
    `ifcinfo, ifcconvert:{"format": "glb"}`.
    """
    text = text.strip()
    if text.startswith("["):
        return validate(Manifest, {"steps": read_document(text, what=METADATA_KEY, field=METADATA_KEY)}).steps
    return validate(Manifest, {"steps": list(_named(text))}).steps


def default_operations(key: str, defaults: Mapping[str, tuple[str, ...]]) -> tuple[Step, ...]:
    """Return the stage's default for the longest key prefix that fits."""
    fitting = [prefix for prefix in defaults if key.startswith(prefix)]
    if not fitting:
        return ()
    return tuple(Step(operation=name) for name in defaults[max(fitting, key=len)])


def _named(text: str) -> Iterator[dict[str, Any]]:
    """Yield a step for each `NAME` or `NAME:JSON` of a comma-separated list."""
    rest = text
    while rest:
        head = rest.split(",", 1)[0]
        name, colon, _ = head.partition(":")
        step: dict[str, Any] = {"operation": name.strip()}
        if colon:
            body = rest[len(name) + 1 :].lstrip()
            what = f"the request of {name.strip()}"
            step["request"], end = read_start(body, what=what, field=METADATA_KEY)
            rest = body[end:].lstrip()
            if rest and not rest.startswith(","):
                raise InputError(f"{name.strip()}: a comma is missing after its JSON", field=METADATA_KEY)
            rest = rest[1:].lstrip()
        else:
            rest = rest[len(head) + 1 :].lstrip()
        yield step
