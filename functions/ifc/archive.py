"""Takes the one model out of an .ifczip, bounded by its declared and its real size and by its ratio."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import IO, NoReturn

from functions.core.errors import ModelError, TooLargeError

SUFFIXES = frozenset({".ifczip", ".zip"})
# STEP text deflates 4 to 30 times; a member of a few megabytes of zeros is no danger yet.
MAX_RATIO = 100
FREE_BYTES = 10_000_000
COPY_BYTES = 1 << 20
MAX_MEMBERS = 10_000


def extract(path: Path, target: Path, *, limit: int) -> None:
    """Write the model in the archive at `path` to `target`.

    Raises a ModelError when there is not exactly one, or when it cannot be unpacked, and a
    TooLargeError when it has more than `limit` bytes. No name in the archive is used as a path.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            member = _model(archive)
            _check_size(member, limit)
            with archive.open(member) as source, target.open("wb") as sink:
                _copy(source, sink, limit=limit)
    except (
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        NotImplementedError,
        RuntimeError,
        ValueError,
        OSError,
    ) as error:
        # RuntimeError: encrypted; NotImplementedError: an unknown compression.
        raise ModelError("The archive cannot be unpacked: " + _reason(error)) from None


def _model(archive: zipfile.ZipFile) -> zipfile.ZipInfo:
    """Return the one member that is a model; metadata that macOS adds does not count."""
    members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ModelError(f"The archive has {len(members)} files; one model is wanted")
    names = [(PurePosixPath(member.filename.replace("\\", "/")), member) for member in members]
    visible = [
        (name, member)
        for name, member in names
        if not member.is_dir() and "__MACOSX" not in name.parts and not name.name.startswith(".")
    ]
    models = [member for name, member in visible if name.suffix.lower() == ".ifc"]
    if len(models) == 1:
        return models[0]
    if models:
        raise ModelError(f"The archive holds {len(models)} models; exactly one is wanted")
    if any(name.suffix.lower() in {".ifcxml", ".ifcx", ".xml"} for name, _ in visible):
        raise ModelError("The archive holds ifcXML or IFC5, which is not read; a .ifc file is wanted")
    raise ModelError("The archive holds no .ifc file")


def _check_size(member: zipfile.ZipInfo, limit: int) -> None:
    if member.file_size > limit:
        _too_large(limit)
    if member.file_size > max(FREE_BYTES, MAX_RATIO * member.compress_size):
        raise ModelError(
            f"The archive unpacks to more than {MAX_RATIO} times its size, as no model does: it is refused"
        )


def _copy(source: IO[bytes], sink: IO[bytes], *, limit: int) -> None:
    """Copy what is really there, and stop where the limit is."""
    total = 0
    while block := source.read(COPY_BYTES):
        total += len(block)
        if total > limit:
            _too_large(limit)
        sink.write(block)


def _too_large(limit: int) -> NoReturn:
    raise TooLargeError(f"The archive unpacks to more than {limit} bytes, the most that this operation reads")


def _reason(error: Exception) -> str:
    if isinstance(error, RuntimeError) and "encrypted" in str(error):
        return "it is encrypted"
    if isinstance(error, NotImplementedError):
        return "its compression method is not supported"
    if "CRC" in str(error):
        return "a checksum does not fit; it is damaged"
    return "it is damaged, or no zip archive"
