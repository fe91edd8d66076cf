"""The Lambda authorizer's simple responses."""

from __future__ import annotations

from typing import Any

import pytest

from functions.api.authorizer import authorize, handler
from functions.aws import keys as module
from tests.api.conftest import Site


def event(token: str | None) -> dict[str, Any]:
    return {
        "version": "2.0",
        "type": "REQUEST",
        "identitySource": [token] if token is not None else None,
        "headers": {"X-Api-Key": token} if token is not None else {},
    }


def test_a_key_becomes_tenant_and_scopes(site: Site) -> None:
    said = authorize(event(site.key), verify=site.keys.verify)
    assert said["isAuthorized"] is True
    assert said["context"] == {
        "tenant": "default",
        "scopes": "read traceback write",
        "key_id": site.key.split("_")[1],
    }


@pytest.mark.parametrize("token", [None, "", "wrong", "ifcp_" + "0" * 16 + "_" + "0" * 64])
def test_without_a_valid_key_nobody_passes(site: Site, token: str | None) -> None:
    assert authorize(event(token), verify=site.keys.verify) == {"isAuthorized": False}


def test_the_header_serves_without_an_identity_source(site: Site) -> None:
    said = authorize({"headers": {"X-API-Key": site.key}}, verify=site.keys.verify)
    assert said["isAuthorized"] is True


def test_the_deployed_handler_reads_the_stages_table(site: Site) -> None:
    module.keys.cache_clear()
    try:
        assert handler(event(site.other_key), None)["context"]["tenant"] == "other"
        assert handler(event("wrong"), None) == {"isAuthorized": False}
    finally:
        module.keys.cache_clear()
