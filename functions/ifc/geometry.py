"""The one geometry stream: every element that has a shape, with its mesh, in a bounded amount of memory.

Engines. The first try is `hybrid-cgal-simple-opencascade`: CGAL's simple kernel for what it can do
exactly, OpenCASCADE for the rest (booleans, curved surfaces). What that leaves out is tried once more by
OpenCASCADE alone, and counted as `fell_back`; what still gives nothing is counted as `failed` and named
in a warning. `robust` starts with OpenCASCADE.

Placements that run in circles end the process inside native code, so `functions.ifc.shapes` looks first.
An iterator keeps all that it ever made: elements go through in batches, small enough that the triangles
of one fit in some ten megabytes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ifcopenshell
import numpy as np

from functions.ifc.engines import HYBRID, OPENCASCADE, tessellate
from functions.ifc.mesh import Mesh
from functions.ifc.placements import LIMIT_M
from functions.ifc.reader import Reader
from functions.ifc.shapes import CycleError, Make, Shapes

if TYPE_CHECKING:
    from functions.ifc.mesh import Floats

BATCH = 32  # elements to start with; then as many as gave about VERTICES last time
BATCH_MAX = 400
VERTICES = 60_000


@dataclass(frozen=True)
class Shape:
    """An element, its mesh in its own coordinates, and its placement: a 4x4 matrix in metres, z up."""

    element: ifcopenshell.entity_instance
    mesh: Mesh
    placement: Floats


@dataclass
class Geometry:
    """The shapes of a model, element by element; the counts are final once the stream has ended.

    `settings` are IfcOpenShell's own, by name. `elements` are those that should have triangles.
    """

    model: ifcopenshell.file
    settings: dict[str, Any] = field(default_factory=dict)
    engines: Sequence[str] = (HYBRID, OPENCASCADE)
    threads: int = 1
    elements: int = 0
    meshed: int = 0
    fell_back: int = 0
    unreadable: int = 0
    failed: dict[int, str] = field(default_factory=dict)

    def stream(self, products: Iterable[ifcopenshell.entity_instance]) -> Iterator[Shape]:
        """Yield the shapes of the products that have one."""
        queue = self._sort_out(products)
        size, start = BATCH, 0
        while start < len(queue):
            batch = dict(queue[start : start + size])
            start += len(batch)
            vertices = 0
            for shape in self._batch(batch):
                vertices += len(shape.mesh.points)
                yield shape
            fitting = len(batch) * VERTICES // max(vertices, 1)
            size = max(1, min(fitting, 2 * size, BATCH_MAX))

    def _sort_out(self, products: Iterable[ifcopenshell.entity_instance]) -> list[tuple[int, Make]]:
        """Return the products worth trying; those that share a map stand together, to be meshed once."""
        reader = Reader(self.model)
        shapes = Shapes(reader)
        queue: list[tuple[int, Make]] = []
        for product in products:
            try:
                make = shapes.look(product)
            except CycleError as error:
                self.elements += 1
                self.failed[product.id()] = str(error)
                continue
            self.elements += make.solid
            queue.append((product.id(), make))
        self.unreadable = reader.unreadable
        queue.sort(key=lambda entry: entry[1].source)
        return queue

    def _batch(self, batch: dict[int, Make]) -> Iterator[Shape]:
        """Yield the shapes of a batch, by the first engine that gives one."""
        rest = batch
        for attempt, engine in enumerate(self.engines):
            found = {shape.element.id(): shape for shape in self._tessellate(rest, engine)}
            for shape in found.values():
                self.meshed += 1
                self.fell_back += attempt > 0
                self.elements += not batch[shape.element.id()].solid
                yield shape
            rest = {number: make for number, make in rest.items() if number not in found and make.solid}
            if not rest:
                return
        for number in rest:
            self.failed.setdefault(number, "no engine could mesh it")

    def _tessellate(self, batch: Iterable[int], engine: str) -> Iterator[Shape]:
        """Yield what one engine makes of a batch, in the order of the batch."""
        numbers = list(batch)
        try:
            found = {
                made.number: made
                for made in tessellate(
                    self.model, numbers, engine=engine, settings=self.settings, threads=self.threads
                )
            }
        except RuntimeError:
            # One element that cannot be read must not cost its neighbours.
            if len(numbers) > 1:
                for number in numbers:
                    yield from self._tessellate([number], engine)
            return
        for number in numbers:
            if number in found and self._sound(number, found[number].mesh, found[number].placement):
                yield Shape(self.model.by_id(number), found[number].mesh, found[number].placement)

    def _sound(self, number: int, mesh: Mesh, placement: Floats) -> bool:
        """Tell whether a shape lies on Earth; a damaged number would spoil the whole scene."""
        reach = max(float(np.abs(placement).max()), float(np.abs(mesh.bounds).max()))
        if np.isfinite(reach) and reach <= LIMIT_M:
            return True
        self.failed[number] = "it lies farther away than any place on Earth"
        return False
