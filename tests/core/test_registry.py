"""The registry finds operations by their folders, and loads their contracts alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import functions.operations
from functions.core.errors import UnknownOperationError
from functions.core.registry import operation, operations


def test_every_folder_is_an_operation_by_its_name() -> None:
    (root,) = functions.operations.__path__
    folders = sorted(path.parent.name for path in Path(root).glob("*/__init__.py"))
    assert folders
    assert list(operations()) == folders
    assert all(operation(name).name == name for name in folders)
    assert all(operation(name).summary for name in folders)


def test_nobody_changes_the_registry() -> None:
    with pytest.raises(TypeError):
        operations()["mine"] = operation("ifcinfo")  # type: ignore[index]


def test_an_unknown_name_is_answered_with_those_there_are() -> None:
    with pytest.raises(UnknownOperationError, match=r"'ifcnothing' is not an operation; .*ifcinfo") as caught:
        operation("ifcnothing", field="steps.0.operation")
    assert caught.value.field == "steps.0.operation"
    with pytest.raises(UnknownOperationError) as long:
        operation("x" * 10_000)
    assert len(long.value.message) < 500


def test_contracts_load_without_the_geometry_stack() -> None:
    code = (
        "import sys; from functions.core.registry import operations; operations();"
        "print([name for name in ('ifcopenshell', 'numpy', 'boto3') if name in sys.modules])"
    )
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "[]"
