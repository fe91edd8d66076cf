"""What makes a process take less, set when this module is imported: before any other library, if it can be.

One thread a child: the queue is the parallelism, a fork must not find a thread pool half alive, and each
thread's arena would count as address space. Large blocks go back to the system when they are freed: by
default glibc keeps ever larger ones, and converting 25 MB of model had a peak 5 MB higher. Smaller ones
stay, as taking them anew, page by page, takes longer than what is done with them. ifcopenshell comes
without numpy and shapely, which are loaded when somebody uses them: see `late`. Pages of its libraries that
only loading reads (relocations, names, start-up code: 15 MB) are let go, and as much again once a geometry
kernel has made its first shape.
"""

from __future__ import annotations

import ctypes
import os
import sys
from contextlib import suppress
from pathlib import Path

from functions.ifc.late import late

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
M_TRIM_THRESHOLD, M_MMAP_THRESHOLD = -1, -3  # malloc.h
MADV_DONTNEED = 4  # mman.h
LARGE_BYTES = 1 << 20


def give_back() -> None:
    """Give what lies between blocks in use back to the system, once much was freed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


os.environ.update(dict.fromkeys(THREADS, "1"))
if sys.platform == "linux":
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
    ctypes.CDLL(None).mallopt(M_TRIM_THRESHOLD, 4 * LARGE_BYTES)

with late():
    import ifcopenshell.util.element  # noqa: F401


def let_go() -> None:
    """Give the pages of loaded libraries back; what is used again comes back from the file.

    Only code, and the first segment of a file, with names and relocations: nobody writes there. A forked
    child begins without these pages anyway.
    """
    if sys.platform != "linux":
        return
    advise = ctypes.CDLL(None).madvise
    advise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
    with suppress(OSError), Path("/proc/self/maps").open(encoding="utf-8", errors="replace") as maps:
        for line in maps:
            span, rights, offset, _, inode, *_ = line.split()
            if inode != "0" and (rights == "r-xp" or (rights == "r--p" and not int(offset, 16))):
                start, end = (int(place, 16) for place in span.split("-"))
                advise(start, end - start, MADV_DONTNEED)


let_go()
