"""Write a model in the format that is asked for."""

from __future__ import annotations

import importlib
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol, cast

from functions.core import Files
from functions.core.errors import InputError
from functions.ifc.formats.meshes import is_free
from functions.ifc.formats.source import Source, Statistics
from functions.operations.ifcconvert import ConvertRequest, ConvertResult

# The formats that want nothing of shapes but their meshes.
MESHED = frozenset({"glb", "obj", "dae", "stp", "igs"})


class Writer(Protocol):
    """A module of functions.ifc.formats: its `write`, and the classes of instances that it never reads.

    Of the request it sees the options that it declares; it returns the statistics.
    """

    UNREAD: tuple[str, ...]

    def write(self, options: Any, source: Source, target: Path, files: Files) -> Statistics:  # noqa: ANN401 - each has its own
        """Write the output."""


def load(kind: str) -> Writer:
    """Import the writer of a format, and nothing of what only others need: 7 MB for a GLB."""
    return cast("Writer", importlib.import_module(f"functions.ifc.formats.{kind}"))


def run(request: ConvertRequest, files: Files) -> ConvertResult:
    """Write the output and say what went into it."""
    kind = request.output_format
    writer = load(kind)
    output = request.output_filename or f"{Path(request.input_filename).stem}.{kind}"
    log = Log.of(request, output, files)
    files = replace(files, on_warning=log.warn, on_progress=log.progress)
    free = kind in MESHED and is_free(request, robust=files.robust)
    source = Source.open(files.input(request.input_filename), files, without=writer.UNREAD, thin=free)
    statistics = writer.write(request, source, files.output(output), files)
    log.write(statistics)
    return ConvertResult(message=_message(statistics), output=output, statistics=statistics)


@dataclass
class Log:
    """The second output, where one is asked for: one line for everything that is said."""

    path: Path | None
    request: ConvertRequest
    files: Files
    lines: list[str] = field(default_factory=list)

    @classmethod
    def of(cls, request: ConvertRequest, output: str, files: Files) -> Log:
        """Choose the log's name, which must not be that of another output."""
        name = request.log_file or (f"{output}.log" if request.verbose else None)
        if name is None:
            return cls(None, request, files)
        if name in {output, f"{Path(output).stem}.mtl"}:
            raise InputError(f"log_file: {name!r} is another output", field="log_file")
        return cls(files.output(name), request, files)

    def warn(self, message: str) -> None:
        """Note a warning, and pass it on."""
        self.lines.append(f"warning: {message}")
        self.files.warn(message)

    def progress(self, stage: str, done: int, total: int) -> None:
        """Note progress in a verbose log, and pass it on."""
        if self.request.verbose:
            self.lines.append(f"{stage}: {done} of {total}")
        self.files.progress(stage, done, total)

    def write(self, statistics: Statistics) -> None:
        """Write the log."""
        if self.path:
            counted = [] if self.request.quiet else [f"{name}: {value}" for name, value in statistics.items()]
            text = "".join(f"{line}\n" for line in (*self.lines, *counted))
            self.path.write_text(text or "nothing to warn of\n", encoding="utf-8")


def _message(statistics: Statistics) -> str:
    """Sum up what was written."""
    if "meshed" in statistics:
        return f"{statistics['meshed']} of {statistics['elements']} elements"
    name = next(iter(statistics))
    return f"{statistics[name]} {name}"
