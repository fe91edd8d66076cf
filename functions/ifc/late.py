"""Modules that libraries import at their top and few of their functions use, loaded when one of these does.

    with late():
        import ifcopenshell.util.element

ifcopenshell's own modules import numpy and shapely, 15 MB and a tenth of a second, to annotate what
most operations never call, SQLite for models in databases, and have lark parse the grammar of a line in
headers that nobody reads. Inside the block they see stand-ins, or find the module missing; afterwards imports
are what they always are.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from types import ModuleType
from typing import Any

LATE = (
    "numpy",
    "numpy.typing",
    "shapely",
    "shapely.ops",
    "ifcopenshell.api",
    "ifcopenshell.api.geometry",
    "ifcopenshell.api.pset",
    "ifcopenshell.util.geolocation",
    "ifcopenshell.util.placement",
    "ifcopenshell.util.representation",
    "ifcopenshell.util.shape",
    "ifcopenshell.util.shape_builder",
    "sqlite3",
)
# What ifcopenshell asks for and does without: `file.mvd` is None then, and it reads no files as a stream.
MISSED = ("ifcopenshell.stream", "lark")


class _StandIn(ModuleType):
    """Stands for a module until it is asked for anything."""

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - anything that a module has
        """Load the module, and answer in its name."""
        family = [one for one in LATE if f"{one}.".startswith(f"{self.__name__}.")]
        for one in family:
            _withdraw(one)
        return getattr(importlib.import_module(self.__name__), name)


@contextmanager
def late() -> Iterator[None]:
    """Let what is imported meanwhile have stand-ins for the modules that are not loaded yet."""
    made = {name: _StandIn(name) for name in LATE if name not in sys.modules}
    missed = [name for name in MISSED if name not in sys.modules]
    sys.modules.update(made)
    sys.modules.update(dict.fromkeys(missed))  # type: ignore[arg-type] # None: there is no such module
    _connect(made)
    try:
        yield
    finally:
        for name in made:
            _withdraw(name)
        for name in missed:
            del sys.modules[name]
        _connect(made)


def _withdraw(name: str) -> None:
    """Have the next import of a module load it."""
    if isinstance(sys.modules.get(name), _StandIn):
        del sys.modules[name]


def _connect(made: Mapping[str, ModuleType]) -> None:
    """Make stand-ins known to their packages, as an import does."""
    for name, module in made.items():
        above, _, last = name.rpartition(".")
        package = made.get(above) or sys.modules.get(above)
        if package is not None and last not in vars(package):
            setattr(package, last, module)
