"""Global placements equal those of IfcOpenShell, and circles end."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ifcopenshell
import numpy as np
import pytest
from ifcopenshell.util.placement import get_local_placement

from functions.ifc.placements import Extent, Placements
from functions.ifc.reader import Reader

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def test_frames_are_those_of_ifcopenshell(corpus: Path) -> None:
    compared = 0
    for path in (*EXAMPLES.glob("*.ifc"), *(corpus / "models").rglob("*.ifc")):
        model = ifcopenshell.open(str(path))
        placements = Placements(Reader(model))
        products: Any = model.by_type("IfcProduct")
        for product in products:
            frame = placements.of(product)
            if frame is not None:
                origin, *axes = frame
                expected = get_local_placement(product.ObjectPlacement)
                found = np.array([*axes, origin]).T
                assert found == pytest.approx(expected[:3], abs=1e-6), (path.name, product)
                compared += 1
    assert compared > 300


def test_a_circle_of_placements_has_no_frame(corpus: Path) -> None:
    model = ifcopenshell.open(str(corpus / "bad" / "cyc_placement2.ifc"))
    placements = Placements(Reader(model))
    walls: Any = model.by_type("IfcWall")
    assert None in [placements.of(wall) for wall in walls]
    assert placements.cyclic == 1


def test_an_extent_leaves_out_what_is_no_place_on_earth() -> None:
    extent = Extent()
    for x in (1000.0, 3000.0, 1e308, float("inf"), float("nan")):
        extent.add((x, 0.0, 0.0), 0.001)
    assert (extent.low[0], extent.high[0], extent.points, extent.rejected) == (1.0, 3.0, 2, 3)
