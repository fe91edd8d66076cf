"""Storage events, as both senders write them."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.arrival import Arrival, read_arrivals
from functions.core.errors import InputError

KEYS = ("house.ifc", "a b+c/日本 #1.ifc", "a%20b.ifc", "tenants/acme/x.ifc", "back\\slash.ifc", "{{7*7}}.ifc")


def bridge(key: str, **found: Any) -> str:
    detail = {"bucket": {"name": "input"}, "object": {"key": key, **found}}
    return json.dumps({"source": "aws.s3", "detail-type": "Object Created", "detail": detail})


def notification(*keys: str, name: str = "ObjectCreated:Put") -> str:
    records = [
        {"eventName": name, "s3": {"bucket": {"name": "input"}, "object": {"key": quote_plus(key, safe="/")}}}
        for key in keys
    ]
    return json.dumps({"Records": records})


@pytest.mark.parametrize("key", KEYS)
def test_a_key_is_the_same_whoever_tells_of_it(key: str) -> None:
    assert read_arrivals(bridge(key))[0].key == key
    assert read_arrivals(notification(key))[0].key == key


@given(st.text(min_size=1).filter(lambda text: text.isprintable()))
def test_every_printable_key_survives(key: str) -> None:
    assert (
        read_arrivals(bridge(key)) == read_arrivals(notification(key)) == [Arrival(bucket="input", key=key)]
    )


def test_version_etag_and_size_are_read() -> None:
    (arrival,) = read_arrivals(bridge("x.ifc", **{"version-id": "v1", "etag": '"abc"', "size": 7}))
    assert (arrival.version_id, arrival.etag, arrival.size) == ("v1", "abc", 7)


def test_the_null_version_of_an_unversioned_bucket_is_none() -> None:
    assert read_arrivals(bridge("x.ifc", **{"version-id": "null"}))[0].version_id is None


def test_one_notification_may_tell_of_several_objects() -> None:
    assert [arrival.key for arrival in read_arrivals(notification("a", "b"))] == ["a", "b"]


def test_what_else_happens_in_a_bucket_is_ignored() -> None:
    assert read_arrivals(json.dumps({"Service": "Amazon S3", "Event": "s3:TestEvent"})) == []
    assert read_arrivals(json.dumps({"source": "aws.s3", "detail-type": "Object Deleted"})) == []
    assert read_arrivals(notification("a", name="ObjectRemoved:Delete")) == []


@pytest.mark.parametrize(
    "body", ["", "x", "[]", "{}", "null", "[" * 50_000, bridge(""), '{"detail-type": "Object Created"}']
)
def test_what_is_no_storage_event_is_refused(body: str) -> None:
    with pytest.raises(InputError):
        read_arrivals(body)


def test_a_tenants_object_has_the_tenants_own_name() -> None:
    arrival = Arrival(bucket="input", key="tenants/acme/a/b.ifc", version_id="v")
    assert (arrival.tenant, arrival.name) == ("acme", "a/b.ifc")
    ref = arrival.ref("filename")
    assert (ref.field, ref.reference, ref.key, ref.version_id) == (
        "filename",
        "a/b.ifc",
        "tenants/acme/a/b.ifc",
        "v",
    )
