"""The catalogue of recipes: ifcpatch's, read off the version that is installed, and our own.

    python -m functions.ifc.patch.cookbook functions/operations/ifcpatch/recipes.json

The contract of ifcpatch cannot import the recipes, so the catalogue is written into its folder; a test
says when it is not that of the installed version.
"""

from __future__ import annotations

import importlib
import inspect
import json
import pkgutil
import sys
import typing
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import ifcpatch
import ifcpatch.recipes

from functions.ifc.patch.recipes import MODULES

BLENDER = "it needs Blender, which is a desktop application"
UNAVAILABLE = {"FixRevitTINs": BLENDER, "FixRevit2025TINs": BLENDER}
OUTPUTS = {
    "ExtractPropertiesToSQLite": "sqlite",
    "Ifc2Sql": "sqlite",
    "SplitByBuildingStorey": "json",
    "SplitByStorey": "json",
}
# What the pipeline sets itself, because it names places outside of a job, or a server.
FIXED = {
    "AGS2IFC": {"docs_dir"},
    "Ifc2Sql": {"host", "username", "password", "database"},
    "SplitByBuildingStorey": {"output_dir"},
}
NUMBERS = {frozenset({"str", "float"}), frozenset({"str", "float", "NoneType"}), frozenset({"float"})}


def catalogue() -> dict[str, Any]:
    """Return the recipes with their parameters, by name; `version` is that of ifcpatch."""
    found = [*_builtin(), *_own()]
    return {"version": version("ifcpatch"), "recipes": sorted(found, key=lambda recipe: recipe["name"])}


def _builtin() -> Iterator[dict[str, Any]]:
    """Yield the recipes of ifcpatch."""
    for info in pkgutil.iter_modules(ifcpatch.recipes.__path__):
        module = importlib.import_module(f"ifcpatch.recipes.{info.name}")
        yield describe(info.name, module.Patcher.__init__, module, custom=False)


def _own() -> Iterator[dict[str, Any]]:
    """Yield the recipes of this package."""
    for name, module_name in MODULES.items():
        module = importlib.import_module(f"functions.ifc.patch.recipes.{module_name}")
        yield describe(name, module.patch, module, custom=True)


def describe(name: str, function: Any, module: ModuleType, *, custom: bool) -> dict[str, Any]:  # noqa: ANN401
    """Return a recipe as the catalogue lists it."""
    document = inspect.getdoc(function) or inspect.getdoc(getattr(module, "Patcher", module)) or ""
    parts: Any = ifcpatch.parse_docstring(document)
    title, body = parts["name"] or document.strip().partition("\n")[0], parts["description"]
    recipe = {
        "name": name,
        "description": "\n\n".join(part for part in (title, body) if part),
        "is_custom": custom,
        "parameters": [
            _parameter(parameter, hint, parts, name) for parameter, hint in _parameters(function, module)
        ],
        "output_type": OUTPUTS.get(name, "ifc"),
    }
    if name in UNAVAILABLE:
        recipe["unavailable"] = UNAVAILABLE[name]
    return recipe


def _parameters(function: Any, module: ModuleType) -> Iterator[tuple[inspect.Parameter, Any]]:  # noqa: ANN401
    """Yield the parameters that a caller sets, with their types."""
    hints = typing.get_type_hints(function, vars(module))
    for parameter in inspect.signature(function).parameters.values():
        given = parameter.name in {"self", "file", "logger", "job"}
        if not given and parameter.kind is not inspect.Parameter.VAR_POSITIONAL:
            yield parameter, hints.get(parameter.name, str)


def _parameter(parameter: inspect.Parameter, hint: Any, document: Any, recipe: str) -> dict[str, Any]:  # noqa: ANN401
    """Return a parameter as the catalogue lists it."""
    required = parameter.default is inspect.Parameter.empty
    kind, choices = _kind(hint, files=parameter.name in document["filter_glob"])
    fixed = parameter.name in FIXED.get(recipe, ())
    default = None if required else parameter.default
    found = {
        "name": parameter.name,
        "type": "fixed" if fixed else kind,
        "required": required,
        "default": list(default) if isinstance(default, tuple) else default,
        "description": " ".join(document["param"].get(parameter.name, "").split()),
    }
    return {**found, "choices": choices} if choices and not fixed else found


def _kind(hint: Any, *, files: bool) -> tuple[str, list[Any]]:  # noqa: ANN401 - any annotation
    """Return the name of a type, and what may be chosen from."""
    names = frozenset(getattr(part, "__name__", str(part)) for part in typing.get_args(hint) or (hint,))
    if typing.get_origin(hint) is typing.Literal:
        return "choice", list(typing.get_args(hint))
    if files:
        return ("file" if hint is str else "files"), []
    if names in NUMBERS:
        return "number", []
    return {bool: "boolean", str: "string", int: "integer"}.get(hint, "value"), []


def main() -> None:
    """Write the catalogue."""
    text = json.dumps(catalogue(), ensure_ascii=False, indent=1, sort_keys=True)
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
