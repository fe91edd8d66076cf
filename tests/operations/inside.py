"""Executes an operation in this process instead of a child: coverage sees it, a debugger can stop in it."""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from unittest import mock

from functions.core import Files, Operation
from functions.ifc import faults, local
from functions.ifc.child import FileSpec
from functions.ifc.process import Outcome


def execute_inside(
    operation: Operation, request: Mapping[str, Any], inputs: Mapping[str, Path], *, folder: Path
) -> local.Execution:
    """Do what `functions.ifc.local.execute` does, without the child's limits."""
    with mock.patch.object(local, "run_in_child", _run):
        return local.execute(operation, request, inputs, folder=folder)


def _run(
    operation: Operation,
    request: Mapping[str, Any],
    files: FileSpec,
    *,
    on_progress: Callable[[str, int, int], None],
    **_: object,
) -> Outcome:
    told: list[str] = []
    started, cpu = time.monotonic(), time.process_time()
    seen = Files(
        inputs=files.inputs,
        outputs=files.outputs,
        scratch=files.scratch,
        on_progress=on_progress,
        on_warning=told.append,
    )
    with warnings.catch_warnings():  # a child shows them to nobody
        warnings.simplefilter("ignore")
        result = operation.load()(operation.parse(request), seen)
    return Outcome(
        result=result,
        warnings=(*told, *faults.logged()),
        cpu_s=time.process_time() - cpu,
        wall_s=time.monotonic() - started,
        peak_bytes=0,
        output_tail="",
    )
