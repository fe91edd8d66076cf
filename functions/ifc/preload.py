"""What the fork server imports once, so that no child has to; imported nowhere else."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os

# Read when the libraries load, hence set before. One thread a child: the queue is the parallelism, a
# fork must not find a thread pool half alive, and each thread's arena would count as address space.
THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")
MODULES = (
    "ifcopenshell",
    "ifcopenshell.geom",
    "ifcopenshell.util.element",
    "ifcopenshell.util.placement",
    "ifcopenshell.util.selector",
    "ifcopenshell.util.unit",
    "functions.core.registry",
    "functions.ifc.child",
    "functions.ifc.gate",
)

os.environ.update(dict.fromkeys(THREADS, "1"))
# Children parse files of strangers; the credentials of the worker are none of their business.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]

for module in MODULES:
    if importlib.util.find_spec(module.partition(".")[0]):
        importlib.import_module(module)

# Objects that are never collected are never touched, so their pages stay shared with the children.
gc.collect()
gc.freeze()
