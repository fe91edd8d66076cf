"""API keys: made, verified, revoked; nothing stored lets anybody in."""

from __future__ import annotations

import hmac
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import pytest

from functions.aws import keys as module
from functions.aws.keys import Keys
from functions.core.errors import ForbiddenError, InputError, NotFoundError
from tests.aws.stack import START, Stack


@pytest.fixture
def keys(stack: Stack) -> Keys:
    return Keys(stack.clients.dynamodb, stack.services.settings.table_name, now=stack.clock)


def stored(stack: Stack) -> list[dict[str, Any]]:
    found = stack.clients.dynamodb.scan(TableName=stack.services.settings.table_name)
    return [item for item in found["Items"] if item["pk"]["S"].startswith("KEY#")]


def test_a_token_says_who_its_owner_is(keys: Keys) -> None:
    key = keys.verify(keys.create("acme", scopes=["read"]))
    assert (key.tenant, key.scopes, key.created_at, key.expires_at) == ("acme", ("read",), START, None)


def test_the_secret_is_stored_nowhere_and_salts_differ(keys: Keys, stack: Stack) -> None:
    tokens = [keys.create("acme"), keys.create("acme")]
    items = stored(stack)
    assert len({item["salt"]["S"] for item in items}) == len({item["hash"]["S"] for item in items}) == 2
    for token in tokens:
        assert token.rpartition("_")[2] not in str(items)


@pytest.mark.parametrize(
    "change",
    [
        lambda token: token[:-1] + ("0" if token[-1] != "0" else "1"),
        lambda token: "ifcp_" + "f" * 16 + token[21:],
        lambda token: token + "0",
        lambda token: token[:-1],
        lambda token: token.upper(),
        lambda _: "",
        lambda _: "ifcp__",
        lambda _: "ключ",
    ],
)
def test_anything_but_the_token_is_refused(keys: Keys, change: Any) -> None:
    token = keys.create("acme")
    with pytest.raises(ForbiddenError, match="not valid"):
        keys.verify(change(token))
    assert keys.verify(token)


def test_the_stored_hash_is_no_secret(keys: Keys, stack: Stack) -> None:
    token = keys.create("acme")
    with pytest.raises(ForbiddenError):
        keys.verify(token[:22] + stored(stack)[0]["hash"]["S"])


def test_an_unknown_id_is_compared_like_a_known_one(keys: Keys) -> None:
    token = keys.create("acme")
    unknown = "ifcp_" + "0" * 16 + token[21:]
    for attempt in (token[:-1] + "x", unknown, "nonsense"):
        with patch.object(hmac, "compare_digest", return_value=False) as compare:
            with pytest.raises(ForbiddenError):
                keys.verify(attempt)
            compare.assert_called_once()


def test_a_key_ends_when_it_expires(keys: Keys, stack: Stack) -> None:
    token = keys.create("acme", expires_at=START + timedelta(hours=1))
    stack.clock.forward(3599)
    assert keys.verify(token).expires_at == START + timedelta(hours=1)
    stack.clock.forward(1)
    with pytest.raises(ForbiddenError, match="expired"):
        keys.verify(token)


def test_a_revoked_key_is_gone(keys: Keys) -> None:
    token = keys.create("acme")
    key_id = keys.verify(token).key_id
    keys.revoke(key_id)
    with pytest.raises(ForbiddenError):
        keys.verify(token)
    with pytest.raises(NotFoundError):
        keys.revoke(key_id)


def test_keys_are_listed_by_tenant_and_are_no_jobs(keys: Keys, stack: Stack) -> None:
    for tenant in ("acme", "other", "acme"):
        keys.create(tenant)
        stack.clock.forward(1)
    assert [key.tenant for key in keys.list()] == ["acme", "other", "acme"]
    assert [key.tenant for key in keys.list("other")] == ["other"]
    assert stack.services.jobs.list("acme").jobs == []


@pytest.mark.parametrize("scopes", [[], ["root"], ["read", "everything"]])
def test_unknown_scopes_are_refused(keys: Keys, scopes: list[str]) -> None:
    with pytest.raises(InputError) as caught:
        keys.create("acme", scopes=scopes)
    assert caught.value.field == "scopes"


@pytest.mark.parametrize("tenant", ["", "a/b", "../x", "#keys", "a b", "x" * 64, "ä"])
def test_a_tenant_cannot_reach_into_another_ones_folder(keys: Keys, tenant: str) -> None:
    with pytest.raises(InputError) as caught:
        keys.create(tenant)
    assert caught.value.field == "tenant"


def test_the_authorizer_needs_the_table_alone(keys: Keys) -> None:
    module.keys.cache_clear()
    token = keys.create("acme")
    try:
        assert module.keys().verify(token).tenant == "acme"
    finally:
        module.keys.cache_clear()
