"""What a storage event says: an object arrived, as EventBridge or as S3's own notification tells it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote_plus

from pydantic import BaseModel, ConfigDict, Field

from functions.core.errors import InputError
from functions.core.job import InputRef
from functions.core.operation import validate
from functions.core.reference import tenant_of, tenant_prefix


class Arrival(BaseModel):
    """One version of one object; size in bytes. Version, size and ETag are what the event knew of them."""

    model_config = ConfigDict(frozen=True)

    bucket: str = Field(min_length=1)
    key: str = Field(min_length=1)
    version_id: str | None = None
    etag: str | None = None
    size: int | None = None

    @property
    def uri(self) -> str:
        """The object as `s3://bucket/key`."""
        return f"s3://{self.bucket}/{self.key}"

    @property
    def tenant(self) -> str:
        """The tenant whose object it is."""
        return tenant_of(self.key)

    @property
    def name(self) -> str:
        """The key as the tenant names it, without the tenant's own prefix."""
        return self.key.removeprefix(tenant_prefix(self.tenant))

    def ref(self, field: str = "upload") -> InputRef:
        """Return the object as an input of a job."""
        return InputRef(field=field, reference=self.name, **self.model_dump())


def read_arrivals(body: str) -> list[Arrival]:
    """Return the objects that a queue message says were created; none for any other storage event.

    Keys in EventBridge events are as they are, keys in S3's own notifications are URL-encoded. Raises
    an InputError for anything that is no storage event.
    """
    try:
        event = json.loads(body)
    except (ValueError, RecursionError):
        raise InputError("the message is not JSON") from None
    if not isinstance(event, dict):
        raise InputError("the message is not a storage event")
    if event.get("detail-type") == "Object Created":
        return [_from_bridge(event)]
    if event.get("source") == "aws.s3" or event.get("Event") == "s3:TestEvent":
        return []
    if isinstance(event.get("Records"), list):
        return list(_from_notification(event["Records"]))
    raise InputError("the message is not a storage event")


def _from_bridge(event: Mapping[str, Any]) -> Arrival:
    detail = _part(event, "detail")
    found = _part(detail, "object")
    return _arrival(
        detail, found, key=found.get("key"), version=found.get("version-id"), etag=found.get("etag")
    )


def _from_notification(records: list[Any]) -> Iterator[Arrival]:
    for record in records:
        if not isinstance(record, dict) or not str(record.get("eventName")).startswith("ObjectCreated:"):
            continue
        detail = _part(record, "s3")
        found = _part(detail, "object")
        key = unquote_plus(str(found.get("key") or ""))
        yield _arrival(detail, found, key=key, version=found.get("versionId"), etag=found.get("eTag"))


def _arrival(
    detail: Mapping[str, Any], found: Mapping[str, Any], *, key: object, version: object, etag: object
) -> Arrival:
    # An unversioned bucket's "null" version and S3's quotes around an ETag are no part of either.
    values = {
        "bucket": _part(detail, "bucket").get("name"),
        "key": key,
        "version_id": None if version in {"", "null"} else version,
        "etag": str(etag).strip('"') if etag else None,
        "size": found.get("size"),
    }
    return validate(Arrival, values)


def _part(value: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = value.get(name)
    if not isinstance(part, dict):
        raise InputError(f"the storage event has no {name!r}", field=name)
    return part
