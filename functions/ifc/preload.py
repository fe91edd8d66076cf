"""What the fork server imports once, so that no child has to; imported nowhere else."""

from __future__ import annotations

import gc
import importlib
import importlib.util
import os
from contextlib import suppress

from functions.core import registry
from functions.ifc.child import PRELOAD

MODULES = (
    "functions.ifc.thrift",
    "multiprocessing.popen_forkserver",
    "ifcopenshell",
    "ifcopenshell.geom",
    "ifcopenshell.util.element",
    "ifcopenshell.util.placement",
    "ifcopenshell.util.representation",
    "ifcopenshell.util.selector",
    "ifcopenshell.util.unit",
    "numpy.ma",  # which the first `numpy.unique` of a process imports, in 10 ms
    "functions.ifc.gate",
)

# Children parse files of strangers; the credentials of the worker are none of their business.
for name in [name for name in os.environ if name.startswith("AWS_")]:
    del os.environ[name]

for module in MODULES:
    if importlib.util.find_spec(module.partition(".")[0]):
        importlib.import_module(module)

# Of a child's 20 ms, 15 went into importing its operation.
known = registry.operations()
for name in os.environ.pop(PRELOAD, "").split():
    if name in known:
        with suppress(Exception):  # the child tries again, and says what is wrong
            known[name].load()

# Objects that are never collected are never touched, so their pages stay shared with the children.
gc.collect()
gc.freeze()
