"""The geometry kernels of IfcOpenShell, behind one function."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np

from functions.ifc.geometry.mesh import Mesh
from functions.ifc.thrift import let_go

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

HYBRID = "hybrid-cgal-simple-opencascade"
OPENCASCADE = "opencascade"
# Fast at booleans and not always right, without normals: only where a witness confirms its result.
MANIFOLD = "hybrid-cgal-simple-manifold-opencascade"
# Shared vertices would have no normals of their own; styles are called what the author called them.
ALWAYS = {"weld-vertices": False, "use-material-names": True}


# Seconds an instance of the model that an iterator takes to begin, and seconds a product to set a kernel up;
# measured on 130,000 and 300,000 instances.
ITERATOR_S = 2.7e-7
ALONE_S = {HYBRID: 0.6e-3, MANIFOLD: 0.6e-3}
SLOWEST_S = 4.5e-3
# What a product without GlobalId gets: IfcOpenShell's log names the product at work, and as it cannot name
# that one, it raises an error from then on, whatever it is at.
UNKNOWN = ""
# Of several representations of a product, one of these is what it looks like; so says `create_shape`, too.
BODIES = frozenset({"Body", "Facetation"})


@dataclass(frozen=True)
class Made:
    """What was made of a product: its instance number, mesh and placement (4x4, metres, z up).

    `body`: of the representation that says what it looks like.
    """

    number: int
    mesh: Mesh
    placement: Floats
    body: bool = True


def tessellate(
    model: ifcopenshell.file,
    numbers: Sequence[int],
    *,
    engine: str = HYBRID,
    settings: Mapping[str, Any] | None = None,
    size: int = 0,
) -> Iterator[Made]:
    """Yield what an engine makes of some products, one for each representation with triangles: see `bodies`.

    `size` is how many instances the model has: an iterator looks through them all before its first shape, so
    few products of a large model are made one by one.

    In one thread: with two, ifcopenshell 0.9.0 now and then puts a shape at the place of another one.

    Raises a RuntimeError where the model cannot be read any further.
    """
    options: Any = ifcopenshell.geom.settings()
    for name, value in {**ALWAYS, **(settings or {})}.items():
        options.set(name, value)
    products = [model.by_id(number) for number in numbers]
    for product in products:
        if not isinstance(product.GlobalId, str):
            product.GlobalId = UNKNOWN
    kernel: Any = engine
    shapes: Iterator[Any]
    if len(products) * ALONE_S.get(engine, SLOWEST_S) < size * ITERATOR_S:
        shapes = _make(options, products, kernel)
    else:
        shapes = iter(
            ifcopenshell.geom.iterator(options, model, 1, include=products, geometry_library=kernel)
        )
    meshes: dict[str, Mesh | None] = {}
    for shape in shapes:
        _settle(engine)
        geometry = shape.geometry
        if geometry.id not in meshes:
            meshes[geometry.id] = Mesh.of(geometry)
        mesh = meshes[geometry.id]
        if mesh is not None:
            placement = np.frombuffer(shape.transformation_buffer).reshape(4, 4).T.copy()
            yield Made(int(shape.id), mesh, placement, shape.context in BODIES)


@cache
def _settle(engine: str) -> None:
    """Give back what only loading the libraries of an engine reads, which its first shape does."""
    let_go()


def bodies(shapes: Iterable[Made]) -> list[Made]:
    """Return what each product looks like: of several representations it is the body, else the first one."""
    found: dict[int, Made] = {}
    for made in shapes:
        if made.number not in found or (made.body and not found[made.number].body):
            found[made.number] = made
    return [*found.values()]


def _make(options: Any, products: Sequence[ifcopenshell.entity_instance], kernel: Any) -> Iterator[Any]:  # noqa: ANN401
    """Yield the shapes of products that have one, each made alone."""
    for product in products:
        with suppress(RuntimeError):
            yield ifcopenshell.geom.create_shape(options, product, geometry_library=kernel)
