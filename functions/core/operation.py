"""What an operation is: its typed request and result, the files it sees, the compute it asks for."""

from __future__ import annotations

import importlib
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, TypeVar, cast

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from functions.core.errors import InputError, NotFoundError

MODEL_SUFFIXES = (".ifc", ".ifczip")


@dataclass(frozen=True)
class FileField:
    """Marks a field of a request as a reference to a stored file.

    References: `s3://bucket/key`, a key as it was uploaded (`house.ifc`, `uploads/house.ifc`), or an
    output of another job, `job:<job_id>/<output name>` (no name: its main output).
    """

    suffixes: tuple[str, ...]


@dataclass(frozen=True)
class OutputField:
    """Marks a field of a request as the caller's own name for the main output."""


ModelFile = Annotated[str, FileField(MODEL_SUFFIXES), Field(min_length=1, max_length=1100)]
OutputName = Annotated[str | None, OutputField(), Field(min_length=1, max_length=255)]


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

    def files(self) -> Iterator[tuple[str, str]]:
        """Yield (dotted field, reference) for every file the request names, in field order."""
        yield from _marked(self, FileField)

    def output_name(self) -> str | None:
        """Return the caller's own name for the main output, if one was given."""
        return next((value for _, value in _marked(self, OutputField)), None)


class Result(BaseModel):
    """What an operation answers. `output` is the main output's file name."""

    model_config = ConfigDict(extra="forbid")

    success: bool = True
    message: str
    output: str | None = None
    statistics: dict[str, Any] = Field(default_factory=dict)
    warnings: list[str] = Field(default_factory=list)


@dataclass(frozen=True, kw_only=True)
class LambdaSize:
    """The Lambda function an operation runs in: megabytes, seconds, and how many at a time."""

    memory_mb: int = 1769  # one full vCPU
    timeout_s: int = 900
    disk_mb: int = 2048
    concurrency: int = 20


@dataclass(frozen=True, kw_only=True)
class FargateSize:
    """The Fargate task an operation runs in: CPU units, megabytes, seconds."""

    cpu: int = 4096
    memory_mb: int = 12288
    timeout_s: int = 7200
    disk_gb: int = 50
    concurrency: int = 10


def _nothing(*_: object) -> None:
    """Ignore a report nobody listens to."""


@dataclass(frozen=True, kw_only=True)
class Files:
    """The files a run sees: its inputs by reference, a folder for outputs, a folder for scratch.

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
        """Return the local path of an input, by the reference the request gave for it."""
        try:
            return self.inputs[reference]
        except KeyError:
            raise NotFoundError(f"Input file {reference} not found") from None

    def output(self, name: str) -> Path:
        """Return the path to write an output to. A name with a folder or a control character is refused."""
        if name != Path(name).name or name in {"", ".", ".."} or not name.isprintable() or "\\" in name:
            raise InputError(f"{name!r} is not a file name: a bare name without folders is needed")
        return self.outputs / name

    def progress(self, stage: str, done: int, total: int) -> None:
        """Report that `done` of `total` pieces of a stage are finished."""
        self.on_progress(stage, done, total)

    def warn(self, message: str) -> None:
        """Tell the user something about the input or the result; it ends up in `warnings`."""
        self.on_warning(message)


Run = Callable[[Any, Files], Result]


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation: `Operation(package=__name__, request=..., result=...)` in its `__init__.py`.

    The name is the package's, the summary the first line of its docstring. `version` is the version
    of the contract and part of every job id: raise it when the same request would give another result.
    """

    package: str
    request: type[Request]
    result: type[Result] = Result
    version: int = 1
    compute: LambdaSize | FargateSize = field(default_factory=LambdaSize)
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

    @property
    def target(self) -> str:
        """Where the implementation is, as `module:function`; only a worker's child imports it."""
        return f"{self.package}.run:run"

    @property
    def file_fields(self) -> dict[str, FileField]:
        """The top-level file fields of the request, in order; the first one is an upload's own."""
        return {
            name: mark
            for name, info in self.request.model_fields.items()
            for mark in info.metadata
            if isinstance(mark, FileField)
        }

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


def validate(model: type[M], value: object, *, prefix: str = "") -> M:
    """Validate `value`, raising an InputError that names the field instead of pydantic's own."""
    try:
        return model.model_validate(value)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False, include_input=False)[0]
        place = ".".join(part for part in (prefix, *(str(step) for step in first["loc"])) if part)
        raise InputError(f"{place or 'request'}: {first['msg']}", field=place or None) from None


def _marked(value: object, mark: type, path: str = "") -> Iterator[tuple[str, str]]:
    """Walk a request and yield (dotted field, value) of every set field that carries a mark."""
    if isinstance(value, BaseModel):
        for name, info in type(value).model_fields.items():
            child = getattr(value, name)
            here = f"{path}.{name}" if path else name
            if isinstance(child, str) and any(isinstance(item, mark) for item in info.metadata):
                yield here, child
            else:
                yield from _marked(child, mark, here)
    elif isinstance(value, list | tuple):
        for index, child in enumerate(value):
            yield from _marked(child, mark, f"{path}.{index}")
