"""Who calls, from what the authorizer in front of the API says."""

from __future__ import annotations

from typing import Any

import pytest

from functions.api.caller import Caller, read_caller
from functions.core.errors import ForbiddenError, UnauthorizedError


def event(authorizer: dict[str, Any] | None) -> dict[str, Any]:
    return {"requestContext": {"authorizer": authorizer} if authorizer is not None else {}}


def test_a_lambda_authorizers_context() -> None:
    context = {"tenant": "acme", "scopes": "read write", "key_id": "k"}
    caller = read_caller(event({"lambda": context}))
    assert caller == Caller(tenant="acme", scopes=frozenset({"read", "write"}), key_id="k")


@pytest.mark.parametrize("claim", ["custom:tenant", "tenant"])
def test_jwt_claims(claim: str) -> None:
    claims = {claim: "acme", "scope": "ifcpipe/read openid", "sub": "user-1"}
    caller = read_caller(event({"jwt": {"claims": claims, "scopes": None}}))
    assert caller == Caller(tenant="acme", scopes=frozenset({"read"}), key_id="user-1")


@pytest.mark.parametrize("authorizer", [None, {}, {"lambda": None}, {"jwt": {"claims": {}}}])
def test_a_route_without_an_authorizer_lets_nobody_in(authorizer: dict[str, Any] | None) -> None:
    with pytest.raises(UnauthorizedError):
        read_caller(event(authorizer))


@pytest.mark.parametrize("tenant", [None, "", "a/b", "../default", "#keys", 7])
def test_a_token_cannot_name_a_tenant_inside_another(tenant: object) -> None:
    with pytest.raises(ForbiddenError):
        read_caller(event({"jwt": {"claims": {"tenant": tenant, "scope": "read", "sub": "x"}}}))


def test_admin_is_every_scope() -> None:
    caller = Caller(tenant="acme", scopes=frozenset({"admin"}), key_id="k")
    assert caller.can("traceback")
    caller.needs("write")
    with pytest.raises(ForbiddenError, match="write"):
        Caller(tenant="acme", scopes=frozenset({"read"}), key_id="k").needs("write")
