"""The registry: every package in `functions.operations`, by name."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Iterator, Mapping
from functools import cache

from functions.core.errors import UnknownOperationError
from functions.core.operation import Operation

# Found by name when asked for: the core knows that there are operations, not which.
PACKAGE = "functions.operations"


class _Contracts(Mapping[str, Operation]):
    """The operations by name; the contract of one is imported when somebody asks for it."""

    def __init__(self, package: str) -> None:
        folders = importlib.import_module(package).__path__
        self._names = sorted(module.name for module in pkgutil.iter_modules(folders))
        self._package = package

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __getitem__(self, name: str) -> Operation:
        if name not in self._names:
            raise KeyError(name)
        contract = importlib.import_module(f"{self._package}.{name}")
        operation = contract.operation
        if not isinstance(operation, Operation) or operation.name != name:
            raise TypeError(f"{contract.__name__}.operation must be Operation(package=__name__, ...)")
        return operation


@cache
def operations() -> Mapping[str, Operation]:
    """Return all operations, sorted by name. Imports the contracts asked for, never implementations."""
    return _Contracts(PACKAGE)


def operation(name: str, *, field: str | None = None) -> Operation:
    """Return one operation, or raise an UnknownOperationError that lists those there are."""
    try:
        return operations()[name]
    except KeyError:
        known = ", ".join(operations())
        raise UnknownOperationError(
            f"{name[:80]!r} is not an operation; there are: {known}", field=field
        ) from None
