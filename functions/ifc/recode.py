"""Rewrites a STEP file so that a parser reads what its author wrote: no BOM, no raw bytes above ASCII."""

from __future__ import annotations

import re
from mmap import mmap
from pathlib import Path

# Strings and comments, as functions/ifc/step/syntax.py has found them well-formed.
_LEXEME = re.compile(rb"'[^']*(?:''[^']*)*'|/\*.*?\*/", re.S)
_RAW = re.compile("[^\x00-\x7f]+")
_BYTES = re.compile(rb"[\x80-\xff]+")
MAX_BMP = 0xFFFF


def rewrite(
    data: mmap | bytes, target: Path, *, start: int = 0, replace: tuple[int, int, bytes] | None = None
) -> int:
    """Write `data` from `start` on to `target`, and return how many strings had to be recoded.

    Raw characters in strings become `\\X2\\` and `\\X4\\` escapes (ISO 10303-21, 6.4.3.3); those in comments
    become question marks. `replace` is (begin, end, new): offsets of some text to put something else for.
    """
    recoded = 0
    at = start
    with target.open("wb") as sink:
        if replace is not None:
            begin, end, new = replace
            sink.write(data[at:begin] + new)
            at = end
        for found in _LEXEME.finditer(data, at):
            text = found[0]
            if text.isascii():
                continue
            sink.write(data[at : found.start()])
            if text.startswith(b"'"):
                recoded += 1
                sink.write(escape(text))
            else:
                sink.write(_BYTES.sub(b"?", text))
            at = found.end()
        while at < len(data):
            sink.write(data[at : at + (1 << 22)])
            at += 1 << 22
    return recoded


def escape(text: bytes) -> bytes:
    """Return a string with its raw characters escaped, read as UTF-8, else as Latin-1 the Windows way."""
    try:
        decoded = text.decode("utf-8")
    except UnicodeDecodeError:
        decoded = text.decode("cp1252" if not re.search(rb"[\x81\x8d\x8f\x90\x9d]", text) else "latin-1")
    return _RAW.sub(lambda found: _escaped(found[0]), decoded).encode("ascii")


def _escaped(run: str) -> str:
    """Return one run of characters as escapes: two bytes each within the BMP, else four."""
    if all(ord(character) <= MAX_BMP for character in run):
        return "\\X2\\" + "".join(f"{ord(character):04X}" for character in run) + "\\X0\\"
    return "\\X4\\" + "".join(f"{ord(character):08X}" for character in run) + "\\X0\\"
