"""Writes a changed model by splicing changed instances into its text: all others keep every byte.

A writer that knows only what its parser has read would drop instances of unknown entities, comments and
the spelling of numbers; and a model without a change would come out different.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from contextlib import closing
from mmap import ACCESS_READ, mmap
from pathlib import Path

from functions.core.errors import PipelineError
from functions.ifc.step.syntax import read_header

# One statement, as functions/ifc/step/syntax.py has found them well-formed. Possessive: never tried twice.
_STATEMENT = re.compile(
    rb"(?:\s++|/\*.*?\*/)*+(?P<text>(?:#\s*+(?P<id>\d++)\s*+=)?+(?:[^';/]++|'[^']*+'|/\*.*?\*/|/)*+;)", re.S
)
_END = re.compile(rb"ENDSEC\s*;")


def splice(source: Path, target: Path, *, changed: Mapping[int, str], added: Sequence[str]) -> None:
    """Write `source` to `target` with some instances' text replaced, and others added at the end.

    Texts are whole instances without a semicolon, `#12=IFCWALL(...)`. Without any, the bytes are equal.
    """
    if not changed and not added:
        shutil.copyfile(source, target)
        return
    left = set(changed)
    with (
        source.open("rb") as stream,
        closing(mmap(stream.fileno(), 0, access=ACCESS_READ)) as data,
        target.open("wb") as sink,
    ):
        at = 0
        for found in _STATEMENT.finditer(data, read_header(data).data_start):
            number = found["id"]
            if number is None:
                if not _END.match(found["text"]):
                    continue
                sink.write(data[at : found.start("text")])
                sink.writelines(f"{text};\n".encode("ascii") for text in added)
                at = found.start("text")
                break
            if int(number) in left:
                left.remove(int(number))
                sink.write(data[at : found.start("text")] + f"{changed[int(number)]};".encode("ascii"))
                at = found.end()
        if left:
            raise PipelineError(f"#{min(left)} is not in the text of the model")
        sink.write(data[at:])
