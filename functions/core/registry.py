"""The registry: every package in `functions.operations`, by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from types import MappingProxyType

from functions.core.errors import UnknownOperationError
from functions.core.operation import Operation

# Found by name when asked for: the core knows that there are operations, not which.
PACKAGE = "functions.operations"


@cache
def operations() -> Mapping[str, Operation]:
    """Return all operations, sorted by name. Imports their contracts, never their implementations."""
    found: dict[str, Operation] = {}
    folders = importlib.import_module(PACKAGE).__path__
    for module in sorted(pkgutil.iter_modules(folders), key=lambda item: item.name):
        contract = importlib.import_module(f"{PACKAGE}.{module.name}")
        operation = contract.operation
        if not isinstance(operation, Operation) or operation.name != module.name:
            raise TypeError(f"{contract.__name__}.operation must be Operation(package=__name__, ...)")
        found[module.name] = operation
    return MappingProxyType(found)


def operation(name: str, *, field: str | None = None) -> Operation:
    """Return one operation, or raise an UnknownOperationError that lists those there are."""
    try:
        return operations()[name]
    except KeyError:
        known = ", ".join(operations())
        raise UnknownOperationError(
            f"{name[:80]!r} is not an operation; there are: {known}", field=field
        ) from None
