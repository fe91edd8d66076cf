"""Modules that are loaded when somebody uses them."""

from __future__ import annotations

import subprocess
import sys

import pytest

NAMES = ("numpy", "shapely", "lark", "sqlite3", "ssl")
LOADED = f"import sys; print([name for name in {NAMES} if name in sys.modules])"


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


@pytest.mark.parametrize(("operation", "loaded"), [("ifc2json", []), ("ifccsv", ["lark"]), ("ifctester", [])])
def test_an_operation_starts_without_what_only_others_use(operation: str, loaded: list[str]) -> None:
    code = f"import functions.ifc.thrift, functions.operations.{operation}.run; {LOADED}"
    assert run(code) == str(loaded)


def test_what_is_used_is_loaded() -> None:
    code = (
        "import functions.ifc.thrift; import ifcopenshell.util.placement as placement;"
        "print(placement.a2p((1., 2., 3.), (0., 0., 1.), (1., 0., 0.))[0][3]);"
        "import ifcopenshell.util.selector as selector, numpy; print(selector.np.float64 is numpy.float64);"
        "import ifcopenshell.util.element as element;"
        "print(callable(element.ifcopenshell.util.shape.get_volume))"
    )
    assert run(code).split() == ["1.0", "True", "True"]


def test_an_import_in_the_block_gets_stand_ins_and_one_afterwards_the_module() -> None:
    code = (
        "from functions.ifc.late import late\n"
        "with late():\n"
        "    import numpy as early\n"
        f"{LOADED}\n"
        "import numpy, numpy.typing as typing\n"
        "print(early is numpy, early.pi == numpy.pi, typing.NDArray is not None)"
    )
    assert run(code).splitlines() == ["[]", "False True True"]
