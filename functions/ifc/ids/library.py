"""What is used of ifctester and elementpath, without the XML tools that they import at their tops.

Those take 15 MB and a third of a second, and most IDS files are read without them: see
functions/ifc/ids/grammar.py.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

__all__ = ["XSD", "RegexError", "facet", "translate_pattern"]


@contextmanager
def _bare(package: str) -> Iterator[None]:
    """Let modules of a package be imported without the package's own imports, for the caller alone."""
    found = importlib.util.find_spec(package)
    if package in sys.modules or found is None:
        yield
        return
    stand_in = sys.modules[package] = ModuleType(package)
    stand_in.__path__ = list(found.submodule_search_locations or ())
    try:
        yield
    finally:
        for name in [name for name in sys.modules if f"{name}.".startswith(f"{package}.")]:
            del sys.modules[name]


@contextmanager
def _later(module: str, function: str) -> Iterator[None]:
    """Let a module of one function be imported when the function is called."""
    if module in sys.modules:
        yield
        return
    stand_in = sys.modules[module] = ModuleType(module)
    vars(stand_in)[function] = _call(module, function)
    try:
        yield
    finally:
        del sys.modules[module]


def _call(module: str, function: str) -> Callable[..., Any]:
    def call(*arguments: object, **options: object) -> Any:  # noqa: ANN401 - whatever it returns
        return getattr(importlib.import_module(module), function)(*arguments, **options)

    return call


with _bare("elementpath"), _later("ifctester.ids", "open"):
    from elementpath.regex import RegexError, translate_pattern
    from ifctester import facet

XSD = Path(facet.__file__).parent / "ids.xsd"
