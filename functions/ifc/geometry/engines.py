"""The geometry kernels of IfcOpenShell, behind one function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np

from functions.ifc.geometry.mesh import Mesh

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

HYBRID = "hybrid-cgal-simple-opencascade"
OPENCASCADE = "opencascade"
# Fast at booleans and not always right, without normals: only where a witness confirms its result.
MANIFOLD = "hybrid-cgal-simple-manifold-opencascade"
# Shared vertices would have no normals of their own; styles are called what the author called them.
ALWAYS = {"weld-vertices": False, "use-material-names": True}


@dataclass(frozen=True)
class Made:
    """What an engine made of a product: its instance number, mesh and placement (4x4, metres, z up)."""

    number: int
    mesh: Mesh
    placement: Floats


def tessellate(
    model: ifcopenshell.file,
    numbers: Sequence[int],
    *,
    engine: str = HYBRID,
    settings: Mapping[str, Any] | None = None,
) -> Iterator[Made]:
    """Yield what an engine makes of some products, those with triangles only.

    In one thread: with two, ifcopenshell 0.9.0 now and then puts a shape at the place of another one.

    Raises a RuntimeError where the model cannot be read any further.
    """
    options: Any = ifcopenshell.geom.settings()
    for name, value in {**ALWAYS, **(settings or {})}.items():
        options.set(name, value)
    include = [model.by_id(number) for number in numbers]
    kernel: Any = engine
    iterator: Any = ifcopenshell.geom.iterator(options, model, 1, include=include, geometry_library=kernel)
    meshes: dict[str, Mesh | None] = {}
    for shape in iterator:
        geometry = shape.geometry
        name = geometry.id
        if name not in meshes:
            meshes[name] = Mesh.of(geometry)
        mesh = meshes[name]
        if mesh is not None:
            placement = np.frombuffer(shape.transformation_buffer).reshape(4, 4).T.copy()
            yield Made(int(shape.id), mesh, placement)
