"""Executes an operation on local files: what the worker's runner and `ifcpipe exec` share."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from importlib import metadata
from mimetypes import MimeTypes
from pathlib import Path
from platform import python_version
from typing import Any

from functions.core.errors import CrashError, NotFoundError, PipelineError
from functions.core.operation import Operation, Result, localise
from functions.ifc.process import FatalError, FileSpec, Limits, Outcome, StuckError, run_in_child
from functions.ifc.watch import Lessons

# The distributions that decide about a result, named in its provenance.
TOOLS = ("ifcpipe", "ifcopenshell", "numpy", "pydantic")
OCTETS = "application/octet-stream"
MAX_LESSONS = 20  # tries that may end at a shape: four for each that no engine can make
# Registered types where there is one (https://www.iana.org/assignments/media-types).
TYPES = {
    ".bcf": "application/zip",
    ".bcfzip": "application/zip",
    ".dae": "model/vnd.collada+xml",
    ".glb": "model/gltf-binary",
    ".gltf": "model/gltf+json",
    ".ids": "application/xml",
    ".ifc": "application/x-step",
    ".ifczip": "application/zip",
    ".iges": "model/iges",
    ".igs": "model/iges",
    ".mtl": "model/mtl",
    ".obj": "model/obj",
    ".ods": "application/vnd.oasis.opendocument.spreadsheet",
    ".parquet": "application/vnd.apache.parquet",
    ".step": "model/step",
    ".stp": "model/step",
    ".ttl": "text/turtle",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_TYPES = MimeTypes()
for _suffix, _type in TYPES.items():
    _TYPES.add_type(_type, _suffix)


@dataclass(frozen=True, kw_only=True)
class OutputFile:
    """One output as it lies on disk: size in bytes, SHA-256 in hex."""

    name: str
    path: Path
    size: int
    sha256: str
    content_type: str


@dataclass(frozen=True, kw_only=True)
class Execution:
    """What came out: the result as JSON types, the outputs (main one first), what it took, which tools ran.

    `robust` is true when a native crash made a second try necessary; CPU and peak are the last try's.
    """

    result: dict[str, Any]
    outputs: tuple[OutputFile, ...]
    statistics: dict[str, Any]
    warnings: tuple[str, ...]
    cpu_s: float
    wall_s: float
    peak_bytes: int
    robust: bool
    tools: Mapping[str, str]
    output_tail: str


def _ignore(*_: object) -> None:
    """Listen to nothing."""


def _never() -> bool:
    """Keep running."""
    return False


def execute(
    operation: Operation,
    request: Mapping[str, Any],
    inputs: Mapping[str, Path],
    *,
    folder: Path,
    limits: Limits | None = None,
    on_progress: Callable[[str, int, int], None] = _ignore,
    on_warning: Callable[[str], None] = _ignore,
    should_stop: Callable[[], bool] = _never,
) -> Execution:
    """Run `operation` on local `inputs` (dotted field of the request -> path) and return what came out.

    Outputs are left in `folder`/outputs, which starts empty; scratch is removed again. A native crash is
    tried once more in a fresh process with `robust` set; where one shape takes too long or is the end of the
    process, others of it are made without that shape. Raises what `run_in_child` raises, and a PipelineError
    when the output that the result names is not there.
    """
    limits = limits or Limits.of(operation.compute)
    started = time.monotonic()
    for field, path in inputs.items():
        if not path.is_file():
            raise NotFoundError(f"Input file {path.name} not found", field=field)
    folder = folder.resolve()
    body, files = localise(operation, request, {field: path.resolve() for field, path in inputs.items()})
    run = partial(
        run_in_child, operation, body, on_progress=on_progress, on_warning=on_warning, should_stop=should_stop
    )

    def attempt(lessons: Lessons, *, robust: bool) -> Outcome:
        left = replace(limits, wall_s=max(limits.wall_s - (time.monotonic() - started), 0.0))
        with _fresh(folder) as (outputs, scratch):
            spec = FileSpec(inputs=files, outputs=outputs, scratch=scratch, robust=robust)
            return run(spec, limits=left, lessons=lessons)

    outcome, robust = _persist(attempt)
    outputs = _outputs(folder / "outputs", outcome.result, operation.name)
    warnings = tuple(dict.fromkeys([*outcome.result.warnings, *outcome.warnings]))
    return Execution(
        result={**outcome.result.model_dump(mode="json"), "warnings": list(warnings)},
        outputs=outputs,
        statistics=outcome.result.statistics,
        warnings=warnings,
        cpu_s=outcome.cpu_s,
        wall_s=round(time.monotonic() - started, 4),
        peak_bytes=outcome.peak_bytes,
        robust=robust,
        tools=tools(),
        output_tail=outcome.output_tail,
    )


def _persist(attempt: Callable[..., Outcome]) -> tuple[Outcome, bool]:
    """Try, with what was learnt, until there is an outcome; also return whether native code has crashed."""
    lessons, robust = Lessons(), False
    for _ in range(MAX_LESSONS):
        try:
            return attempt(lessons, robust=robust), robust
        except (StuckError, FatalError) as error:
            lessons = lessons.after(error.work)
            robust = robust or isinstance(error, FatalError)
        except CrashError:
            if robust:
                raise
            robust = True
    return attempt(lessons, robust=robust), robust


@contextmanager
def _fresh(folder: Path) -> Iterator[tuple[Path, Path]]:
    """Yield an empty folder for outputs, which stays, and one for scratch, which does not."""
    outputs = folder / "outputs"
    shutil.rmtree(outputs, ignore_errors=True)
    outputs.mkdir(parents=True)
    with tempfile.TemporaryDirectory(dir=folder, prefix="scratch-", ignore_cleanup_errors=True) as scratch:
        yield outputs, Path(scratch)


def content_type(name: str) -> str:
    """Return the media type of a file by its name."""
    return _TYPES.guess_type(f"/{name}")[0] or OCTETS


@cache
def tools() -> Mapping[str, str]:
    """Return the versions of what made a result, read from the installed metadata without an import."""
    found = {"python": python_version()}
    for name in TOOLS:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:  # ifcpipe itself, where only its folder was copied
            continue
    return found


def _outputs(folder: Path, result: Result, name: str) -> tuple[OutputFile, ...]:
    """List the outputs, the main one first; never without the one that the result names."""
    paths = sorted(path for path in folder.iterdir() if path.is_file() and not path.is_symlink())
    if result.output is not None:
        main = folder / result.output
        if main not in paths or main.stat().st_size == 0:
            raise PipelineError(f"{name} did not produce its output {result.output}")
        paths.remove(main)
        paths.insert(0, main)
    return tuple(_describe(path) for path in paths)


def _describe(path: Path) -> OutputFile:
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return OutputFile(
        name=path.name,
        path=path,
        size=path.stat().st_size,
        sha256=digest,
        content_type=content_type(path.name),
    )
