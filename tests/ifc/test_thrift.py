"""What a process takes before it reads a model."""

from __future__ import annotations

import subprocess
import sys

import pytest

RESIDENT = (
    "import re\n"
    "text = open('/proc/self/smaps').read()\n"
    "libraries = [part for part in re.split(r'\\n(?=[0-9a-f]+-)', text) if '.so' in part.split('\\n')[0]]\n"
    "print(sum(int(re.search(r'Rss: +(\\d+)', part)[1]) for part in libraries))\n"
)
OPEN = "import ifcopenshell; model = ifcopenshell.file(); print(model.create_entity('IfcWall', Name='a')[2])"


def run(code: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.split()


@pytest.mark.skipif(sys.platform != "linux", reason="pages are let go on Linux only")
def test_pages_that_only_loading_reads_are_not_kept() -> None:
    usual = run(f"import ifcopenshell.util.element\n{RESIDENT}")
    ours = run(f"import functions.ifc.thrift\n{RESIDENT}{OPEN}")
    assert int(ours[0]) < int(usual[0]) - 10_000  # kB
    assert ours[1] == "a"


@pytest.mark.skipif(sys.platform != "linux", reason="pages are let go on Linux only")
def test_pages_that_only_loading_a_kernel_reads_are_not_kept() -> None:
    mesh = (
        "import functions.ifc.thrift, ifcopenshell\n"
        "from functions.ifc.geometry import engines\n"
        "model = ifcopenshell.open('examples/house-structure.ifc')\n"
        "number = model.by_type('IfcColumn')[0].id()\n"
        "made = list(engines.tessellate(model, [number], engine=engines.OPENCASCADE))\n"
        f"{RESIDENT}print(len(made))\n"
    )
    usual = run(mesh.replace("made =", "engines.let_go = lambda: None\nmade ="))
    ours = run(mesh)
    assert int(ours[0]) < int(usual[0]) - 5_000  # kB
    assert ours[1] == usual[1] == "1"
