from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.layers.dockerfile import ROOT, Builder
from tests.patience import PATIENCE_S

LIMIT = 250_000_000  # what a zip function and its layers may have unpacked
SCRIPT = """
import sys, ifcopenshell, ifcopenshell.geom, numpy, shapely, pydantic
model = ifcopenshell.open(sys.argv[1], lazy=True)
settings = ifcopenshell.geom.settings()
iterator = ifcopenshell.geom.iterator(settings, model, 1, geometry_library="hybrid-cgal-simple-opencascade")
assert iterator.initialize()
print(len(model.by_type("IfcProduct")), "products", len(iterator.get().geometry.verts), "coordinates")
"""


@pytest.fixture(scope="module")
def layer(builder: Builder) -> Path:
    root = builder.build("layer").root
    assert root is not None
    return root / "python"


def test_the_layer_fits_beside_a_function(layer: Path) -> None:
    size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())
    code = sum(path.stat().st_size for path in (ROOT / "functions").rglob("*.py"))
    assert size > 150_000_000
    assert size + code < LIMIT, f"{size / 1e6:.0f} MB"


def test_the_layer_still_opens_a_model_and_tessellates_it(layer: Path) -> None:
    model = ROOT / "examples" / "house-architecture.ifc"
    done = subprocess.run(
        [sys.executable, "-S", "-s", "-c", SCRIPT, str(model)],
        check=False,
        env={"PYTHONPATH": str(layer), "PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
    )
    assert "products" in done.stdout, done.stderr


def test_a_pattern_that_fits_nothing_any_more_is_told(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "layers/ifcopenshell/prune.py"), str(tmp_path)],
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert "nothing to prune fits boto3" in done.stderr
