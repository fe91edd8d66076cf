"""API keys: `ifcp_<key_id>_<secret>`, of which only a salted hash is stored.

Scopes: `read` allows every GET, `write` everything that changes something (uploads, jobs, cancel,
requeue), `traceback` shows the traceback of failed jobs, `admin` is all of them.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache

from botocore.client import BaseClient

from functions.aws.clients import connect
from functions.aws.errors import translated
from functions.aws.table import Item
from functions.aws.table import key as primary_key
from functions.core.errors import ForbiddenError, InputError, NotFoundError
from functions.core.job import stamp
from functions.core.reference import TENANT

SCOPES = ("read", "write", "traceback", "admin")
DEFAULT_SCOPES = ("read", "write", "traceback")
TOKEN = re.compile(r"ifcp_([0-9a-f]{16})_([0-9a-f]{64})")

# Keys share the index of jobs by tenant, under a name that no tenant can have.
PARTITION = "#keys"

WHAT = "the table of keys"

# What an unknown id is compared with, so that it takes as long as a known one.
NOBODY = {"salt": "0" * 32, "hash": "0" * 64}


@dataclass(frozen=True, kw_only=True)
class Key:
    """One API key, without its secret. A key without `expires_at` lasts until it is revoked."""

    key_id: str
    tenant: str
    scopes: tuple[str, ...]
    created_at: datetime
    expires_at: datetime | None = None


def check_tenant(tenant: str) -> str:
    """Return a tenant's name that is safe as a part of a key in a bucket, or raise an InputError."""
    if not TENANT.fullmatch(tenant):
        raise InputError("a tenant has 1 to 63 letters, digits, '-' or '_'", field="tenant")
    return tenant


class Keys:
    """The API keys of a stage, in the jobs' table."""

    def __init__(
        self,
        client: BaseClient,
        table_name: str,
        *,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
        new_hex: Callable[[int], str] = secrets.token_hex,
    ) -> None:
        """Keep the client and the table."""
        self._client = client
        self._table = table_name
        self._now = now
        self._new_hex = new_hex

    def create(
        self, tenant: str, *, scopes: Iterable[str] = DEFAULT_SCOPES, expires_at: datetime | None = None
    ) -> str:
        """Make a key and return its token, which nobody can read again."""
        wanted = tuple(sorted(set(scopes)))
        if not wanted or not set(wanted) <= set(SCOPES):
            raise InputError(f"scopes are one or more of {', '.join(SCOPES)}", field="scopes")
        key_id, secret, salt = self._new_hex(8), self._new_hex(32), self._new_hex(16)
        created = stamp(self._now())
        item = {
            "tenant": PARTITION,
            "created_id": f"{created}#{key_id}",
            "key_id": key_id,
            "key_tenant": check_tenant(tenant),
            "scopes": " ".join(wanted),
            "salt": salt,
            "hash": _hash(secret, salt),
            "created_at": created,
        }
        if expires_at is not None:
            item["key_expires_at"] = stamp(expires_at)
        with translated(WHAT):
            self._client.put_item(
                TableName=self._table,
                Item={**_place(key_id), **{name: {"S": value} for name, value in item.items()}},
                ConditionExpression="attribute_not_exists(pk)",
            )
        return f"ifcp_{key_id}_{secret}"

    def verify(self, token: str) -> Key:
        """Return the key of a token. A wrong, revoked or expired one is a ForbiddenError.

        An unknown id costs the same read, hash and comparison as a known one.
        """
        match = TOKEN.fullmatch(token)
        key_id, secret = match.groups() if match else ("0" * 16, "")
        item = self._get(key_id)
        stored = item or NOBODY
        same = hmac.compare_digest(_hash(secret, stored["salt"]), stored["hash"])
        if not (match and item and same):
            raise ForbiddenError("the API key is not valid")
        key = _key(item)
        if key.expires_at is not None and key.expires_at <= self._now():
            raise ForbiddenError("the API key has expired")
        return key

    def revoke(self, key_id: str) -> None:
        """Delete a key. The authorizer's cache may let it in a few minutes longer."""
        with translated(WHAT):
            answer = self._client.delete_item(
                TableName=self._table, Key=_place(key_id), ReturnValues="ALL_OLD"
            )
        if not answer.get("Attributes"):
            raise NotFoundError(f"there is no key {key_id}")

    def list(self, tenant: str | None = None) -> Iterator[Key]:
        """Yield the keys of a tenant, or of all tenants, oldest first."""
        pages = self._client.get_paginator("query").paginate(
            TableName=self._table,
            IndexName="by_tenant",
            KeyConditionExpression="tenant = :keys",
            ExpressionAttributeValues={":keys": {"S": PARTITION}},
        )
        with translated(WHAT):
            found = [_key(_plain(item)) for page in pages for item in page["Items"]]
        yield from (key for key in found if tenant in {None, key.tenant})

    def _get(self, key_id: str) -> dict[str, str] | None:
        """Read a key's item; strongly consistent, so that a revoked key is revoked."""
        with translated(WHAT):
            answer = self._client.get_item(TableName=self._table, Key=_place(key_id), ConsistentRead=True)
        return _plain(answer["Item"]) if "Item" in answer else None


@cache
def keys() -> Keys:
    """Return the stage's keys: all that the authorizer needs is the table."""
    return Keys(connect().dynamodb, os.environ["TABLE_NAME"])


def _place(key_id: str) -> Item:
    return primary_key(f"KEY#{key_id}", "KEY")


def _hash(secret: str, salt: str) -> str:
    """Return the salted hash. The secret is 256 random bits: a slow hash would protect nothing more."""
    return hashlib.sha256(bytes.fromhex(salt) + secret.encode()).hexdigest()


def _plain(item: dict[str, dict[str, str]]) -> dict[str, str]:
    return {name: value["S"] for name, value in item.items()}


def _key(item: dict[str, str]) -> Key:
    expires = item.get("key_expires_at")
    return Key(
        key_id=item["key_id"],
        tenant=item["key_tenant"],
        scopes=tuple(item["scopes"].split()),
        created_at=datetime.fromisoformat(item["created_at"]),
        expires_at=datetime.fromisoformat(expires) if expires else None,
    )
