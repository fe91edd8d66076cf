"""IFCZIP: a zip archive with one model in it, as `ifc` writes it."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

from functions.core import Files
from functions.ifc.formats import ifc
from functions.ifc.formats.products import Choice
from functions.ifc.formats.source import Source, Statistics

UNREAD: tuple[str, ...] = ()
# The oldest date that a zip archive knows: the same bytes on every run.
WHEN = (1980, 1, 1, 0, 0, 0)
READABLE = 0o644 << 16
COPY_BYTES = 1 << 20


def write(options: Choice, source: Source, target: Path, files: Files) -> Statistics:
    """Write the model as the one member of a zip archive."""
    model = ifc.scratch(files)
    statistics = ifc.write(options, source, model, files)
    stem = target.stem.lstrip(".") or "model"
    member = zipfile.ZipInfo(f"{stem}.ifc", date_time=WHEN)
    member.compress_type, member.external_attr, member.create_system = zipfile.ZIP_DEFLATED, READABLE, 3
    with (
        zipfile.ZipFile(target, "w") as archive,
        archive.open(member, "w") as sink,
        model.open("rb") as stream,
    ):
        shutil.copyfileobj(stream, sink, COPY_BYTES)
    return statistics
