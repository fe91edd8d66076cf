"""What an operation is: its typed request and result, the files it sees, the compute it asks for."""

from __future__ import annotations

import copy
import importlib
import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, NamedTuple, TypeVar, cast, get_args, get_origin

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from functions.core.compute import UNMEASURED, Cost, FargateSize, LambdaSize
from functions.core.errors import InputError, NotFoundError
from functions.core.fault import read_faults
from functions.core.reference import (
    MAX_KEY_BYTES,
    MAX_NAME_BYTES,
    check_bare,
    check_name,
    read_output_name,
)

MODEL_SUFFIXES = (".ifc", ".ifczip")


@dataclass(frozen=True)
class FileField:
    """Marks a field of a request as a reference to a stored file.

    References: `s3://bucket/key`, a key as it was uploaded (`house.ifc`, `uploads/house.ifc`), or an
    output of another job, `job:<job_id>/<output name>` (no name: its main output).
    """

    suffixes: tuple[str, ...]


class FileUse(NamedTuple):
    """A file that a request names: the dotted field, the reference, and what its name may end with."""

    field: str
    reference: str
    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class OutputField:
    """Marks a field of a request as the caller's own name for the main output."""


ModelFile = Annotated[
    str,
    FileField(MODEL_SUFFIXES),
    Field(min_length=1, max_length=1100, description="The model: a stored file, or an output of a job."),
]


def _checked(check: Callable[[str], str]) -> AfterValidator:
    """Return a check whose refusals pydantic gives the field's name."""

    def checked(name: str) -> str:
        try:
            return check(name)
        except InputError as error:
            raise ValueError(error.message) from None

    return AfterValidator(checked)


FileName = Annotated[str, Field(min_length=1, max_length=MAX_NAME_BYTES), _checked(check_name)]
OutputName = Annotated[
    Annotated[str, Field(min_length=1, max_length=MAX_KEY_BYTES), _checked(read_output_name)] | None,
    OutputField(),
    Field(description="Name of the output, or `/output/<folder>/<name>`; made from the input's if left out."),
]


class Request(BaseModel):
    """What a caller asks of an operation. Unknown fields are refused, never dropped."""

    # By alias, so that what is stored can be read again.
    model_config = ConfigDict(extra="forbid", frozen=True, serialize_by_alias=True)

    input_version_id: str | None = Field(
        None, description="Version of the first input; the newest one when left out."
    )
    input_version_ids: dict[str, str] | None = Field(
        None, description="Versions by field name, for operations with several inputs."
    )

    def files(self) -> Iterator[FileUse]:
        """Yield every file the request names, in field order."""
        for place, reference, mark in _marked(self, FileField):
            yield FileUse(place, reference, mark.suffixes)

    def output_name(self) -> str | None:
        """Return the caller's own name for the main output, if one was given: see `read_output_name`."""
        return next((value for _, value, _ in _marked(self, OutputField)), None)


class Result(BaseModel):
    """What an operation answers. `output` is the main output's file name."""

    model_config = ConfigDict(extra="forbid")

    success: bool = True
    message: str
    output: str | None = None
    # Each result gets copies. Of a factory, pydantic reads the signature first: 4 ms of every start.
    statistics: dict[str, Any] = {}
    warnings: list[str] = []


def _nothing(*_: object) -> None:
    """Ignore a report nobody listens to."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files a run sees: its inputs, a folder for outputs, a folder for scratch.

    In the request that a run gets, each file field holds the key of `inputs` to its file: see `localise`.

    `robust` is true when an earlier try of the same job crashed natively: prefer the slower kernel.
    """

    inputs: Mapping[str, Path]
    outputs: Path
    scratch: Path
    robust: bool = False
    max_input_bytes: int = 2**31
    on_progress: Callable[[str, int, int], None] = _nothing
    on_warning: Callable[[str], None] = _nothing

    def input(self, reference: str) -> Path:
        """Return the local path of an input: `files.input(request.filename)`."""
        try:
            return self.inputs[reference]
        except KeyError:
            raise NotFoundError(f"Input file {reference} not found") from None

    def field(self, path: Path) -> str | None:
        """Return the field of the request that names an input, None for any other file: see `localise`."""
        keys = (key for key, known in self.inputs.items() if known == path)
        return next((key.removesuffix(f"/{path.name}") for key in keys), None)

    def output(self, name: str) -> Path:
        """Return the path to write an output to. A name with a folder or a control character is refused."""
        return self.outputs / check_bare(name)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` pieces of a stage are finished."""
        self.on_progress(stage, done, total)

    def warn(self, message: str) -> None:
        """Tell the user something about the input or the result; it ends up in `warnings`."""
        self.on_warning(message)


def _usual(_: object) -> float:
    """Return the factor of a request like any other."""
    return 1.0


Run = Callable[[Any, Files], Result]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation: `Operation(package=__name__, request=..., result=...)` in its `__init__.py`.

    The name is the package's, the summary the first line of its docstring. `version` is the version
    of the contract and part of every job id: raise it when the same request would give another result.

    `compute` is the function that jobs run in; with a `FargateSize` all of them run in tasks. `heavy` is the
    least task for those that a function cannot hold. `factor` says of a request how many times as long it
    takes as the one that `cost.json` was measured with.
    """

    package: str
    request: type[Request]
    result: type[Result] = Result
    version: int = 1
    compute: LambdaSize | FargateSize = field(default_factory=LambdaSize)
    heavy: FargateSize = field(default_factory=FargateSize)
    factor: Callable[[Any], float] = _usual
    max_input_mb: int = 500
    formats: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """The name in routes, queues, metadata and the command line."""
        return self.package.rpartition(".")[2]

    @property
    def description(self) -> str:
        """The docstring of the contract, which the docs page and the API show."""
        return (sys.modules[self.package].__doc__ or "").strip()

    @property
    def summary(self) -> str:
        """The first line of the docstring."""
        return self.description.partition("\n")[0]

    @cached_property
    def cost(self) -> Cost:
        """What a job takes, from the `cost.json` beside the contract; a dear guess where there is none."""
        path = Path(str(sys.modules[self.package].__file__)).with_name("cost.json")
        return Cost.read(json.loads(path.read_text())) if path.is_file() else UNMEASURED

    @property
    def target(self) -> str:
        """Where the implementation is, as `module:function`; only a worker's child imports it."""
        return f"{self.package}.run:run"

    @property
    def file_fields(self) -> dict[str, FileField]:
        """The file fields of the request by dotted name, in order; the first one is an upload's own.

        One in a list of objects is called after its first place, as `sides.0.file`.
        """
        return dict(_declared(self.request, FileField))

    @property
    def max_input_bytes(self) -> int:
        """The largest input file that is accepted, in bytes."""
        return self.max_input_mb * 1_000_000

    def load(self) -> Run:
        """Import the implementation. Costs what ifcopenshell costs."""
        module, _, function = self.target.partition(":")
        return cast("Run", getattr(importlib.import_module(module), function))

    def parse(self, request: Mapping[str, Any], *, prefix: str = "") -> Request:
        """Return the typed request, or raise an InputError that names the first field at fault."""
        return validate(self.request, request, prefix=prefix)


M = TypeVar("M", bound=BaseModel)
Mark = TypeVar("Mark")


def validate(model: type[M], value: object, *, prefix: str = "") -> M:
    """Validate `value`, raising an InputError that names the field instead of pydantic's own."""
    try:
        return model.model_validate(value)
    except InputError as error:  # a contract's own refusal, which names the field already
        error.field = ".".join(part for part in (prefix, error.field) if part) or None
        raise
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False, include_input=False)
        first, *_ = read_faults(found, value, names=field_names(model))
        place = ".".join(part for part in (prefix, first.field) if part)
        raise InputError(f"{place or 'request'}: {first.message}", field=place or None) from None


def field_names(model: type[BaseModel]) -> list[str]:
    """Return the names of a model's fields as callers write them."""
    return [info.alias or name for name, info in model.model_fields.items()]


def localise(
    operation: Operation, request: Mapping[str, Any], inputs: Mapping[str, Path]
) -> tuple[dict[str, Any], dict[str, Path]]:
    """Return a request whose file fields hold `<field>/<file name>`, and the files by these.

    A run finds its files so, and not by the caller's references: two fields may name one object in two
    versions. `inputs` has the local paths by dotted field. The name of the output is a bare one: in which
    folder the caller wants it is the worker's business.
    """
    body = dict(request)
    for place, _ in _declared(operation.request, OutputField):
        if isinstance(name := body.get(place), str):
            body[place] = PurePosixPath(read_output_name(name)).name
    files = {}
    for place, path in inputs.items():
        files[f"{place}/{path.name}"] = path
        body = fill(body, place, f"{place}/{path.name}")
    return body, files


def fill(request: Mapping[str, Any], place: str, value: str) -> dict[str, Any]:
    """Return a request with one dotted field set, and with the lists and objects around it made.

    Where something else stands in the way it stays: the contract says what is wrong there.
    """
    body: dict[str, Any] = copy.deepcopy(dict(request))
    first, *rest = place.split(".")
    body[first] = _filled(body.get(first), rest, value)
    return body


def _filled(found: Any, steps: list[str], value: str) -> Any:  # noqa: ANN401 - any part of a request
    if not steps:
        return value
    step, *rest = steps
    if found is None:
        found = [] if step.isdecimal() else {}
    if isinstance(found, dict):
        found[step] = _filled(found.get(step), rest, value)
    elif isinstance(found, list) and step.isdecimal() and int(step) <= len(found):
        here = int(step)
        found[here:] = [_filled((found[here:] or [None])[0], rest, value), *found[here + 1 :]]
    return found


def is_filled(request: Mapping[str, Any], place: str) -> bool:
    """Tell whether a request has a dotted field, whatever it holds."""
    inner: Any = request
    for step in place.split("."):
        if isinstance(inner, list) and step.isdecimal() and int(step) < len(inner):
            inner = inner[int(step)]
        elif isinstance(inner, Mapping) and step in inner:
            inner = inner[step]
        else:
            return False
    return True


def _marked(value: object, kind: type[Mark], path: str = "") -> Iterator[tuple[str, str, Mark]]:
    """Walk a request and yield (dotted field, value, mark) of every set field that carries a mark."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            child = getattr(value, name)
            outer = info.alias or name  # as callers write it, and read it in errors
            here = f"{path}.{outer}" if path else outer
            mark = next(_marks((*info.metadata, info.annotation), kind), None)
            if mark is None:
                yield from _marked(child, kind, here)
            elif isinstance(child, str):
                yield here, child, mark
            else:
                yield from ((f"{here}.{index}", item, mark) for index, item in enumerate(child or ()))
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _marked(child, kind, f"{path}.{index}")


def _declared(model: type[BaseModel], kind: type[Mark], path: str = "") -> Iterator[tuple[str, Mark]]:
    """Walk the fields of a request's class and yield (dotted field, mark) of those that carry a mark."""
    for name, info in model.model_fields.items():
        here = path + (info.alias or name)
        marks = list(_marks((*info.metadata, info.annotation), kind))
        yield from ((here, mark) for mark in marks)
        if not marks:
            for inner, listed in _models(info.annotation):
                yield from _declared(inner, kind, f"{here}.0." if listed else f"{here}.")


def _models(annotation: object, *, listed: bool = False) -> Iterator[tuple[type[BaseModel], bool]]:
    """Yield the models in a type, each with whether it stands in a list."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation, listed
        return
    listed = listed or get_origin(annotation) in {list, tuple}
    for part in get_args(annotation):
        yield from _models(part, listed=listed)


def _marks(parts: Iterable[object], kind: type[Mark]) -> Iterator[Mark]:
    """Yield the marks in types and metadata: `ModelFile | None` and `list[ModelFile]` hold them inside."""
    for part in parts:
        if isinstance(part, kind):
            yield part
        else:
            yield from _marks(get_args(part), kind)
