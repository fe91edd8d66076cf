"""Change a model by a recipe: ifcpatch's own ones, and Extract, Remove, Merge, Set... and Split.

`recipe` names one of the catalogue; without one the answer is the catalogue itself (JSON), and
`recipes()` is the same without running anything. `arguments` are the recipe's parameters, in their order
or by name. Numbers and booleans may come as text, as from a command line.

Further inputs stand in `inputs`. Parameters of the types `file` and `files` name them: by the file name,
or by the position among the inputs, from 0. `files` left out are all of them. A recipe sees these files
and a folder of the job's own, and nothing else: a path, a `..` or a URL is refused, and so are servers
and recipes that need a desktop application. Parameters of the type `fixed` are set by the pipeline.

Output: a model under `<model>_patched.ifc`, read again before the job succeeds; a database for recipes
with the output type `sqlite`; a list of the models for those that split (`json`). GlobalIds of what is
new follow from the content, so that the same input gives the same file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Annotated, Any, Self

from pydantic import Field, model_validator

from functions.core import FileField, LambdaSize, ModelFile, Operation, OutputName, Request, Result
from functions.core.errors import InputError, UnsupportedError

MAX_TEXT = 10_000
Scalar = str | bool | int | float | None
Argument = Scalar | list[Scalar]
PatchFile = Annotated[str, FileField((".ifc", ".ifczip", ".ags")), Field(min_length=1, max_length=1100)]
WORDS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
NOT_A_NAME = re.compile(r"[/\\:]|^\.{1,2}$|[\x00-\x1f]")


class PatchRequest(Request):
    """Which model, which recipe, and its arguments."""

    input_file: ModelFile
    output_file: OutputName = None
    recipe: str | None = Field(
        None, max_length=100, description="A name of the catalogue; the catalogue itself when left out."
    )
    arguments: list[Argument] | dict[str, Argument] = Field(
        default=[], max_length=100, description="The recipe's parameters, in their order or by name."
    )
    use_custom: bool = Field(False, description="Look for the recipe among those that are not ifcpatch's.")
    inputs: list[PatchFile] = Field(default=[], max_length=50, description="Further files: see `arguments`.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.recipe is not None:
            self.bound()
        elif self.arguments:
            raise InputError("arguments: they need a recipe", field="recipe")
        return self

    def entry(self) -> Mapping[str, Any]:
        """Return the recipe's entry of the catalogue, or raise an InputError."""
        found = by_name().get(self.recipe or "")
        if found is None or (self.use_custom and not found["is_custom"]):
            kind = "custom recipe" if self.use_custom else "recipe"
            raise InputError(f"recipe: there is no {kind} {self.recipe!r}", field="recipe")
        if "unavailable" in found:
            raise UnsupportedError(
                f"recipe: {self.recipe} cannot run: {found['unavailable']}", field="recipe"
            )
        return found

    def bound(self) -> dict[str, Any]:
        """Return the arguments by name, each of its parameter's type; those left out are not among them."""
        parameters = self.entry()["parameters"]
        given = self.arguments
        if isinstance(given, list):
            if len(given) > len(parameters):
                raise InputError(
                    f"arguments: {len(given)} for the {len(parameters)} parameters of {self.recipe}",
                    field=f"arguments.{len(parameters)}",
                )
            places = {item["name"]: f"arguments.{index}" for index, item in enumerate(parameters)}
            given = {item["name"]: value for item, value in zip(parameters, given, strict=False)}
        else:
            places = {name: f"arguments.{name}" for name in given}
        known = {item["name"]: item for item in parameters}
        for name in sorted(given.keys() - known.keys()):
            raise InputError(f"arguments: {self.recipe} has no parameter {name!r}", field=f"arguments.{name}")
        for name, item in known.items():
            if item["required"] and name not in given and item["type"] not in {"file", "files"}:
                raise InputError(f"arguments: {self.recipe} needs {name}", field=f"arguments.{name}")
        return {name: convert(value, known[name], field=places[name]) for name, value in given.items()}


def convert(value: Argument, parameter: Mapping[str, Any], *, field: str) -> Any:  # noqa: ANN401 - of its type
    """Return an argument in its parameter's type, or raise an InputError that names `field`."""
    if value == parameter["default"] and not parameter["required"]:
        return value
    try:
        return CONVERSIONS[parameter["type"]](value, parameter)
    except (TypeError, ValueError) as error:
        raise InputError(f"{field}: {parameter['name']} {error}", field=field) from None


def _boolean(value: Argument, _: Mapping[str, Any]) -> bool:
    found = WORDS.get(str(value).strip().lower())
    if found is None:
        raise ValueError("is true or false")
    return found


def _number(value: Argument, _: Mapping[str, Any]) -> float:
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise ValueError("is a number")
    try:
        number = float(value)
    except ValueError:
        raise ValueError("is a number") from None
    if abs(number) == float("inf") or number != number:  # noqa: PLR0124 - not a number
        raise ValueError("is a finite number")
    return number


def _integer(value: Argument, parameter: Mapping[str, Any]) -> int:
    number = _number(value, parameter)
    if not number.is_integer():
        raise ValueError("is a whole number")
    return int(number)


def _string(value: Argument, _: Mapping[str, Any]) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise ValueError(f"is a text of at most {MAX_TEXT} characters")
    return value


def _choice(value: Argument, parameter: Mapping[str, Any]) -> str:
    found = {str(choice).lower(): choice for choice in parameter["choices"]}
    if str(value).lower() not in found:
        raise ValueError(f"is one of {', '.join(map(str, parameter['choices']))}")
    return str(found[str(value).lower()])


def _value(value: Argument, _: Mapping[str, Any]) -> Scalar:
    if isinstance(value, list):
        raise ValueError("is a single value")
    return value


def _file(value: Argument, _: Mapping[str, Any]) -> str:
    text = str(value) if isinstance(value, int) and not isinstance(value, bool) else value
    if not isinstance(text, str) or not text or NOT_A_NAME.search(text):
        raise ValueError("is the name of one of the inputs or its position, and no path or address")
    return text


def _files(value: Argument, parameter: Mapping[str, Any]) -> list[str]:
    return [_file(item, parameter) for item in (value if isinstance(value, list) else [value])]


def _fixed(_: Argument, parameter: Mapping[str, Any]) -> None:
    raise ValueError(f"is set by the pipeline: {parameter['default']!r}")


CONVERSIONS: dict[str, Callable[[Argument, Mapping[str, Any]], Any]] = {
    "boolean": _boolean,
    "number": _number,
    "integer": _integer,
    "string": _string,
    "choice": _choice,
    "value": _value,
    "file": _file,
    "files": _files,
    "fixed": _fixed,
}


@cache
def by_name() -> dict[str, Mapping[str, Any]]:
    """Return the catalogue by name."""
    text = (Path(__file__).parent / "recipes.json").read_text(encoding="utf-8")
    return {entry["name"]: entry for entry in json.loads(text)["recipes"]}


def recipes(*, include_builtin: bool = True, include_custom: bool = True) -> dict[str, Any]:
    """Return the catalogue: recipes with their parameters and what they put out, and how many there are."""
    wanted = {False: include_builtin, True: include_custom}
    found = [entry for entry in by_name().values() if wanted[entry["is_custom"]]]
    custom = sum(entry["is_custom"] for entry in found)
    return {
        "recipes": found,
        "total_count": len(found),
        "builtin_count": len(found) - custom,
        "custom_count": custom,
    }


class PatchResult(Result):
    """`statistics` holds recipe, instances, elements, instances_before, elements_before, and the recipe's
    own counts; for the catalogue total_count, builtin_count and custom_count.
    """


operation = Operation(
    package=__name__,
    request=PatchRequest,
    result=PatchResult,
    compute=LambdaSize(memory_mb=5308, timeout_s=900, disk_mb=8192, concurrency=10),
    formats=("ifc", "sqlite", "json"),
)
