"""Write a model in the format that is asked for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from functions.core import Files
from functions.ifc.formats import dae, glb, ifc, igs, obj, stp, svg, ttl, xml
from functions.ifc.formats.source import Source, Statistics
from functions.operations.ifcconvert import ConvertRequest, ConvertResult


@dataclass(frozen=True)
class Writer:
    """A format's `write(options, source, target, files)`, and the classes that it never reads.

    Of the request it sees the options that it declares; it returns the statistics.
    """

    write: Callable[[ConvertRequest, Source, Path, Files], Statistics]
    unread: tuple[str, ...] = ()


FORMATS = {
    "glb": Writer(glb.write, glb.UNREAD),
    "obj": Writer(obj.write, obj.UNREAD),
    "dae": Writer(dae.write, dae.UNREAD),
    "stp": Writer(stp.write, stp.UNREAD),
    "igs": Writer(igs.write, igs.UNREAD),
    "svg": Writer(svg.write, svg.UNREAD),
    "ttl": Writer(ttl.write, ttl.UNREAD),
    "xml": Writer(xml.write),
    "ifc": Writer(ifc.write),
    "ifczip": Writer(ifc.write_zip),
}


def run(request: ConvertRequest, files: Files) -> ConvertResult:
    """Write the output and say what went into it."""
    kind = request.output_format
    writer = FORMATS[kind]
    source = Source.open(files.input(request.input_filename), files, without=writer.unread)
    output = request.output_filename or f"{Path(request.input_filename).stem}.{kind}"
    statistics = writer.write(request, source, files.output(output), files)
    return ConvertResult(message=_message(statistics), output=output, statistics=statistics)


def _message(statistics: Statistics) -> str:
    """Sum up what was written."""
    if "meshed" in statistics:
        return f"{statistics['meshed']} of {statistics['elements']} elements"
    name = next(iter(statistics))
    return f"{statistics[name]} {name}"
