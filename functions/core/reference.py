"""How a request names a file, and where that file lies for a tenant.

Keys under `tenants/<tenant>/` belong to that tenant; every other key to the stage's default tenant, also one
with a name there that no tenant can have.
Outputs lie under `jobs/<job_id>/`; one that the caller named also under `output/<operation>/`, or in the
folder of `output/` that stands in its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from functions.core.errors import InputError, NotFoundError

DEFAULT_TENANT = "default"
TENANT = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}")
MAX_KEY_BYTES = 1024
MAX_NAME_BYTES = 200  # a file system takes 255, and outputs are named after their inputs


@dataclass(frozen=True)
class OutputOf:
    """An output of another job: by job id, or by the name of an earlier step. No output: its main one."""

    output: str | None
    job_id: str | None = None
    step: str | None = None


@dataclass(frozen=True)
class Stored:
    """An object in the input or in the output bucket."""

    bucket: str
    key: str


def tenant_prefix(tenant: str) -> str:
    """Return what every key of a tenant starts with."""
    return "" if tenant == DEFAULT_TENANT else f"tenants/{tenant}/"


def tenant_of(key: str) -> str:
    """Return the tenant that a key belongs to."""
    head, _, rest = key.partition("/")
    tenant, slash, _ = rest.partition("/")
    return tenant if head == "tenants" and slash and TENANT.fullmatch(tenant) else DEFAULT_TENANT


def check_key(key: str) -> str:
    """Return a key that a file of ours may have, or raise an InputError that says why not."""
    if not key or len(key.encode("utf-8", "surrogatepass")) > MAX_KEY_BYTES:
        raise InputError(f"a key has 1 to {MAX_KEY_BYTES} bytes")
    if not key.isprintable():
        raise InputError(f"the key {key!a} has characters that cannot be printed")
    if any(part in {"", ".", ".."} for part in key.split("/")):
        raise InputError(f"the key {key!r} has an empty, '.' or '..' part")
    return key


def check_bare(name: str) -> str:
    """Return a file name without folders and of printable characters, or raise an InputError."""
    if name != PurePosixPath(name).name or name in {"", ".", ".."} or not name.isprintable() or "\\" in name:
        raise InputError(f"{name!a} is not a file name: a bare name without folders is needed")
    return name


def check_name(name: str) -> str:
    """Return a bare file name that a worker's disk takes, or raise an InputError."""
    check_bare(name)
    if len(name.encode("utf-8", "surrogatepass")) > MAX_NAME_BYTES:
        raise InputError(f"the file name {name[:40]}… has more than {MAX_NAME_BYTES} bytes: rename the file")
    return name


def read_output_name(name: str) -> str:
    """Return a caller's name for an output: `<name>` or `output/<folder>/<name>`, or raise an InputError.

    Clients of containers that share `/output` write `/output/<folder>/<name>`.
    """
    match name.removeprefix("/").removeprefix("app/").split("/"):
        case ["output", folder, last]:
            return f"output/{check_bare(folder)}/{check_name(last)}"
    return check_name(name)


def read_reference(
    reference: str, *, tenant: str, input_bucket: str, output_bucket: str
) -> OutputOf | Stored:
    """Return what a reference of a request points at.

    Raises an InputError for a malformed one and a NotFoundError for one outside the tenant: whether
    it exists there is not the tenant's business.
    """
    scheme, colon, rest = reference.partition(":")
    if colon and scheme in {"job", "step"}:
        owner, _, output = rest.partition("/")
        if not owner:
            raise InputError(f"{reference!r}: a {scheme} is missing after '{scheme}:'")
        return OutputOf(output or None, **{"job_id" if scheme == "job" else "step": owner})
    if reference.startswith("s3://"):
        bucket, _, key = reference.removeprefix("s3://").partition("/")
        return _stored(
            bucket,
            check_key(key),
            reference,
            tenant=tenant,
            input_bucket=input_bucket,
            output_bucket=output_bucket,
        )
    key = check_key(reference.removeprefix("/").removeprefix("app/"))
    bucket = output_bucket if key.startswith("output/") else input_bucket
    own = key if tenant_of(key) == tenant else tenant_prefix(tenant) + key
    return _stored(
        bucket, own, reference, tenant=tenant, input_bucket=input_bucket, output_bucket=output_bucket
    )


def _stored(
    bucket: str, key: str, reference: str, *, tenant: str, input_bucket: str, output_bucket: str
) -> OutputOf | Stored:
    """Check that the place is the tenant's; an output under its job id is found through its job."""
    if bucket == output_bucket and key.startswith("jobs/"):
        job_id, _, output = key.removeprefix("jobs/").partition("/")
        return OutputOf(output or None, job_id=job_id)
    if bucket not in {input_bucket, output_bucket} or tenant_of(key) != tenant:
        raise NotFoundError(f"Input file {reference} not found")
    return Stored(bucket, key)
