"""The kernels of IfcOpenShell: the same shapes, whether an iterator makes them or each is made alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import pytest

from functions.ifc.geometry.engines import HYBRID, OPENCASCADE, tessellate

HOUSE = Path(__file__).resolve().parents[3] / "examples" / "house-architecture.ifc"
LARGE = 10**9


@pytest.mark.parametrize("engine", [HYBRID, OPENCASCADE])
def test_shapes_are_the_same_however_large_the_model_is(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ifcopenshell.open(HOUSE)
    numbers = [product.id() for product in model.by_type("IfcElement")]
    together = {made.number: made for made in tessellate(model, numbers, engine=engine)}
    # Nothing of a large model is looked through for them.
    monkeypatch.setattr(ifcopenshell.geom, "iterator", None)
    alone = {made.number: made for made in tessellate(model, numbers, engine=engine, size=LARGE)}
    assert list(alone) == [number for number in numbers if number in together]
    for number, made in alone.items():
        mesh, other = made.mesh, together[number].mesh
        assert mesh.points.tobytes() == other.points.tobytes()
        # Zeros of normals have another sign now and then.
        assert (mesh.normals is None) == (other.normals is None)
        assert mesh.normals is None or (mesh.normals == other.normals).all()
        assert [material for material, _ in mesh.parts] == [material for material, _ in other.parts]
        assert all((one[1] == two[1]).all() for one, two in zip(mesh.parts, other.parts, strict=True))
        assert made.placement.tobytes() == together[number].placement.tobytes()


def test_products_without_a_shape_are_passed_over() -> None:
    model: Any = ifcopenshell.open(HOUSE)
    wall, site = model.by_type("IfcWall")[0].id(), model.by_type("IfcSite")[0].id()
    model.by_id(site).Representation = None
    assert [made.number for made in tessellate(model, [site, wall], size=LARGE)] == [wall]
