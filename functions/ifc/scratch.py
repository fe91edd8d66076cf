"""The process's own temporary folder, and what becomes of those of processes that were killed.

A process holds a lock on its folder, which the kernel frees whatever ends the process: a folder that
can be locked is nobody's. Process ids would not do: containers that share a disk do not share them.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import shutil
import tempfile
import threading
from pathlib import Path

PREFIX = "ifcpipe-run-"
# A socket's path has 107 bytes (104 on some systems), and the fork server's own name lies two levels deeper.
MAX_ROOT_BYTES = 104 - len(f"/{PREFIX}12345678/listener-12345678")
SHORT = ("/tmp", "/var/tmp")  # noqa: S108 - a folder of our own is made in it

_LOCK = threading.Lock()
_homes: list[Path] = []


def home() -> Path:
    """Return this process's folder; makes it at the first call, when those left behind are removed.

    Makes another one should somebody have tidied it away.
    """
    with _LOCK:
        if not (_homes and _homes[-1].is_dir()):
            sweep()
            _homes.append(_make())
        return _homes[-1]


def sweep() -> None:
    """Remove the folders of processes that are gone."""
    for folder in Path(_root()).glob(f"{PREFIX}*"):
        descriptor = _lock(folder)
        if descriptor is not None:
            shutil.rmtree(folder, ignore_errors=True)
            os.close(descriptor)


def _root() -> str:
    """Return the system's folder for temporary files, or a shorter one where no socket could lie in that."""
    root = tempfile.gettempdir()
    if len(os.fsencode(root)) <= MAX_ROOT_BYTES:
        return root
    return next((short for short in SHORT if os.access(short, os.W_OK | os.X_OK)), root)


def _make() -> Path:
    """Make a folder and hold its lock, never to let go; a sweep that came between has taken it away."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_root()))
        if _lock(folder) is not None and folder.is_dir():
            atexit.register(_leave, folder, os.getpid())
            return folder


def _lock(folder: Path) -> int | None:
    """Return a descriptor that holds the folder's lock; None when another process does."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    except OSError:  # removed since, or somebody else's
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(descriptor)
        return None
    return descriptor


def _leave(folder: Path, owner: int) -> None:
    """Remove the folder at exit; a forked process is not its owner."""
    if os.getpid() == owner:
        shutil.rmtree(folder, ignore_errors=True)
