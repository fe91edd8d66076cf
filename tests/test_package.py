"""What every process pays for that imports the package."""

from __future__ import annotations

import subprocess
import sys

from tests.conftest import ROOT


def run(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_contract_is_loaded_without_a_look_through_all_that_is_installed() -> None:
    refusal = "import importlib.metadata as metadata; metadata.entry_points = None  # to call it fails"
    assert run(f"{refusal}\nimport functions.operations.ifccsv\nprint('loaded')") == "loaded\n"


def test_a_cold_start_hardly_looks_for_garbage() -> None:
    looks = run(
        "import gc\n"
        "looks = []\n"
        "gc.callbacks.append(lambda phase, info: looks.append(phase))\n"
        "import functions.api.handler\n"
        "print(looks.count('stop'))"
    )
    assert int(looks) < 20  # Python's own thresholds make it over a hundred
