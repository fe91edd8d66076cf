"""What makes a process take less, set when this module is imported: before any other library, if it can be.

One thread a child: the queue is the parallelism, a fork must not find a thread pool half alive, and each
thread's arena would count as address space. Large blocks go back to the system when they are freed: by
default glibc keeps ever larger ones, and converting 25 MB of model had a peak 5 MB higher. Garbage is looked
for less often: reading models makes tuples by the hundred thousand and hardly any cycles (9 % of the CPU).
ifcopenshell comes without numpy and shapely, which are loaded when somebody uses them: see `late`.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys

from functions.ifc.late import late

THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
M_MMAP_THRESHOLD = -3  # malloc.h
LARGE_BYTES = 1 << 20
ALLOCATIONS = 20_000  # between two looks; Python's own default is 700


def give_back() -> None:
    """Give what lies between blocks in use back to the system, once much was freed."""
    if sys.platform == "linux":
        ctypes.CDLL(None).malloc_trim(0)


os.environ.update(dict.fromkeys(THREADS, "1"))
if sys.platform == "linux":
    ctypes.CDLL(None).mallopt(M_MMAP_THRESHOLD, LARGE_BYTES)
gc.set_threshold(ALLOCATIONS)

with late():
    import ifcopenshell.util.element  # noqa: F401
