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
