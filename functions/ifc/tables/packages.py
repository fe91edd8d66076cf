"""The zip packages of spreadsheets: opened within bounds, and their XML parsed as it streams by."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn
from xml.parsers import expat

from functions.core.errors import InputError, TooLargeError

MAX_MEMBERS = 10_000
# XML of tables deflates 5 to 60 times; a member of a few megabytes of zeros is no danger yet.
MAX_RATIO = 200
FREE_BYTES = 10_000_000
BLOCK = 1 << 16
# What reading a damaged, encrypted or unknown package raises.
FAULTS = (
    zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, LookupError,
    ValueError, expat.ExpatError,
)  # fmt: skip
Start = Callable[[str, Mapping[str, str]], None]


@contextmanager
def open_package(path: Path, *, limit: int) -> Iterator[zipfile.ZipFile]:
    """Open a package whose members unpack to `limit` bytes at the most.

    Declared sizes are enough to bound real ones: Python's zipfile never yields more than is declared.
    Raises an InputError for what is no package or damaged, and a TooLargeError.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            members = archive.infolist()
            if len(members) > MAX_MEMBERS:
                raise InputError(f"the package has {len(members)} members, as no spreadsheet does")
            if sum(member.file_size for member in members) > limit:
                raise TooLargeError(f"the package unpacks to more than {limit} bytes")
            for member in members:
                if member.file_size > max(FREE_BYTES, MAX_RATIO * member.compress_size):
                    raise InputError(f"the package unpacks to more than {MAX_RATIO} times its size")
            yield archive
    except FAULTS as error:
        raise InputError(f"the package cannot be read: {_reason(error)}") from None


def parse(
    archive: zipfile.ZipFile,
    name: str,
    *,
    start: Start,
    end: Callable[[str], None],
    text: Callable[[str], None],
) -> Iterator[None]:
    """Parse a member, and yield after every block, so that what the handlers have made can be taken.

    Names are `uri name`. A document type declaration, which spreadsheets never have, is refused.
    """
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = _refuse_doctype
    with archive.open(name) as source:
        while block := source.read(BLOCK):
            parser.Parse(block, False)
            yield
    parser.Parse(b"", True)
    yield


def _refuse_doctype(*_: object) -> NoReturn:
    raise ValueError("it declares a document type")


def _reason(error: Exception) -> str:
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return "it is encrypted"
    if isinstance(error, KeyError):
        return "a part of it is missing, or it is no such file"
    if isinstance(error, expat.ExpatError | ValueError):
        return f"its XML is damaged ({error})"
    return "it is damaged, or no zip archive"
