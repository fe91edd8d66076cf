"""The code asset: the package `functions` as a zip, byte for byte the same for the same sources.

Compiled modules go in too (unchecked-hash .pyc), because every worker process unpacks the zip afresh.
"""

from __future__ import annotations

import hashlib
import io
import py_compile
import tempfile
import zipfile
from collections.abc import Iterator
from importlib.util import cache_from_source
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
LEFT_OUT = {"cli", "local", "__pycache__"}
EPOCH = (1980, 1, 1, 0, 0, 0)


def sources(package: Path = PACKAGE) -> Iterator[Path]:
    """Yield the files of the package that a function needs, sorted."""
    for path in sorted(package.rglob("*")):
        inside = path.relative_to(package)
        if path.is_file() and not LEFT_OUT.intersection(inside.parts):
            yield path


def build(package: Path = PACKAGE) -> tuple[bytes, str]:
    """Return the zip and the SHA-256 of its content."""
    body = io.BytesIO()
    with zipfile.ZipFile(body, "w", zipfile.ZIP_STORED) as archive, tempfile.TemporaryDirectory() as scratch:
        for path in sources(package):
            name = f"functions/{path.relative_to(package).as_posix()}"
            _add(archive, name, path.read_bytes())
            if path.suffix == ".py":
                _add(archive, cache_from_source(name), _compiled(path, name, Path(scratch)))
    content = body.getvalue()
    return content, hashlib.sha256(content).hexdigest()


def _compiled(path: Path, name: str, scratch: Path) -> bytes:
    target = scratch / "module.pyc"
    mode = py_compile.PycInvalidationMode.UNCHECKED_HASH
    py_compile.compile(str(path), cfile=str(target), dfile=name, doraise=True, invalidation_mode=mode)
    return target.read_bytes()


def _add(archive: zipfile.ZipFile, name: str, content: bytes) -> None:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.external_attr = 0o644 << 16
    archive.writestr(entry, content)
