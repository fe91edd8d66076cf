from importlib.util import cache_from_source
from pathlib import Path

import pytest

from benchmarks.compare import ROOT, compile_modules, measure


def test_the_peak_is_of_the_process_alone_however_large_this_one_is() -> None:
    held = b"x" * 200_000_000
    cost = measure(["json.tool", "--help"])
    assert 5e6 < cost.peak < 50e6 < len(held)
    assert 0 < cost.cpu_s <= cost.wall_s + 1


def test_what_fails_has_no_measure() -> None:
    with pytest.raises(RuntimeError, match=r"json\.tool"):
        measure(["json.tool", "there-is-no-such-file"])


def test_what_is_measured_is_compiled_as_what_is_installed() -> None:
    compiled = Path(cache_from_source(str(ROOT / "functions" / "ifc" / "gate.py")))
    compiled.unlink(missing_ok=True)
    compile_modules.cache_clear()
    measure(["json.tool", "--help"])
    assert compiled.is_file()
