"""Who calls: tenant and scopes, as the authorizer in front of the API found them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from functions.aws.keys import SCOPES
from functions.core.errors import ForbiddenError, UnauthorizedError
from functions.core.reference import TENANT

TENANT_CLAIMS = ("custom:tenant", "tenant")


@dataclass(frozen=True, kw_only=True)
class Caller:
    """The caller of one request; everything that is read or written is limited to `tenant`."""

    tenant: str
    scopes: frozenset[str]
    key_id: str

    def can(self, scope: str) -> bool:
        """Return whether a scope was granted, by itself or through `admin`."""
        return bool(self.scopes & {scope, "admin"})

    def needs(self, scope: str) -> None:
        """Raise a ForbiddenError unless a scope was granted."""
        if not self.can(scope):
            raise ForbiddenError(f"this key lacks the scope {scope!r}")


def read_caller(event: Mapping[str, Any]) -> Caller:
    """Return the caller of an HTTP API event, from a Lambda authorizer's context or from JWT claims.

    Nobody gets in without one: a route that was left without an authorizer answers 401.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    if context := authorizer.get("lambda"):
        return _caller(context.get("tenant"), context.get("scopes"), context.get("key_id"))
    if claims := (authorizer.get("jwt") or {}).get("claims"):
        tenant = next((claims[name] for name in TENANT_CLAIMS if claims.get(name)), None)
        return _caller(tenant, claims.get("scope"), claims.get("sub"))
    raise UnauthorizedError("an API key is needed, in the header X-API-Key")


def _caller(tenant: object, scopes: object, key_id: object) -> Caller:
    """Check what the authorizer says; a scope may carry a resource server's name (`ifcpipe/read`)."""
    if not isinstance(tenant, str) or not TENANT.fullmatch(tenant):
        raise ForbiddenError("this key or token names no tenant")
    granted = {scope.rpartition("/")[2] for scope in str(scopes or "").split()}
    return Caller(tenant=tenant, scopes=frozenset(granted & set(SCOPES)), key_id=str(key_id or ""))
