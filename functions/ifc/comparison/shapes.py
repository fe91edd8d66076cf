"""Whether the shapes of objects have changed: meshed only where their definitions differ.

A shape that is only expressed in another way is no change; nor is one whose placement took over what its
coordinates said before: then the object stands where it stood, and neither shape nor placement changed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.ifc.comparison.contents import Contents, UnreadError, same
from functions.ifc.comparison.surfaces import Surface, deviation
from functions.ifc.geometry.stream import Geometry

if TYPE_CHECKING:
    import ifcopenshell

    from functions.ifc.comparison.values import Difference, Versions
    from functions.ifc.comparison.version import Version
    from functions.ifc.geometry.mesh import Mesh
    from functions.ifc.geometry.stream import Shape

MANY = 20  # shapes, from which on it pays to look for equal ones, and for what cuts them fast
SETTINGS = {"no-normals": True}
DIGITS = 6
Pair = tuple[int, int]


@dataclass
class Shapes:
    """Compares shapes; `tolerance` is in metres. The counts are final when all have been compared."""

    versions: Versions
    tolerance: float
    progress: Callable[[str, int, int], None]
    robust: bool = False
    meshed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    _known: dict[tuple[bytes, bytes], Difference | None] = field(default_factory=dict)

    def compare(self, pairs: Sequence[Pair]) -> tuple[dict[int, list[Difference]], set[int]]:
        """Return the differences of shapes by new row, and the rows that stand where they stood."""
        old, new = self.versions
        meshes = {
            old.row(shape.element.id()): shape for shape in self._stream(old, [pair[0] for pair in pairs])
        }
        before = {after: first for first, after in pairs}
        found: dict[int, list[Difference]] = {}
        still: set[int] = set()
        seen: set[int] = set()
        for shape in self._stream(new, [pair[1] for pair in pairs]):
            row = new.row(shape.element.id())
            seen.add(row)
            earlier = meshes.get(before[row])
            difference = self._difference(earlier, shape)
            if difference is None or earlier is None:
                if difference is not None:
                    found[row] = [difference]
                continue
            if self._stands(earlier, shape):
                still.add(row)
            else:
                found[row] = [difference]
        for first, after in pairs:
            if after not in seen:
                differences = self._unseen(first, after, meshes)
                if differences:
                    found[after] = differences
        return found, still

    def _stream(self, version: Version, rows: Iterable[int]) -> Iterable[Shape]:
        """Yield the shapes of some rows."""
        products = [version.element(row) for row in rows]
        products = [one for one in products if one.is_a("IfcProduct")]
        engines = {} if not self.robust else {"engines": tuple(reversed(Geometry.engines))}
        geometry = Geometry(
            version.reader,
            settings=dict(SETTINGS),
            texts=version.texts,
            share=len(products) > MANY,
            **engines,  # type: ignore[arg-type]
        )
        for done, shape in enumerate(geometry.stream(products)):
            if done % MANY == 0:
                self.progress("shapes", done, len(products))
            self.meshed += 1
            yield shape
        for number, reason in geometry.failed.items():
            self.failed[version.guids[version.row(number)]] = reason

    def _difference(self, old: Shape | None, new: Shape) -> Difference | None:
        """Return how a shape differs in its own coordinates."""
        if old is None:
            return {"name": "shape", "old": None, "new": _facts(Surface.of(new.mesh))}
        key = old.mesh.key, new.mesh.key
        if key[0] == key[1]:
            return None
        if key not in self._known:
            self._known[key] = self._measure(old.mesh, new.mesh)
        return self._known[key]

    def _measure(self, old: Mesh, new: Mesh) -> Difference | None:
        one, other = Surface.of(old), Surface.of(new)
        if self._equal(one, other):
            return None
        gap = deviation(one, other, tolerance=self.tolerance)
        return {
            "name": "shape", "old": _facts(one), "new": _facts(other), "deviation_m": round(gap, DIGITS)
        }  # fmt: skip

    def _equal(self, one: Surface, other: Surface) -> bool:
        return (
            one.is_near(other, tolerance=self.tolerance)
            and deviation(one, other, tolerance=self.tolerance, until=self.tolerance) <= self.tolerance
        )

    def _stands(self, old: Shape, new: Shape) -> bool:
        """Tell whether an object looks the same in the world, by another placement and other coordinates."""
        if np.abs(old.placement - new.placement).max() <= self.tolerance:
            return False
        return self._equal(Surface.of(old.mesh, old.placement), Surface.of(new.mesh, new.placement))

    def _unseen(self, first: int, after: int, meshes: dict[int, Shape]) -> list[Difference]:
        """Compare what has no triangles now: it had some, or consists of lines, or no engine makes it."""
        old, new = self.versions
        earlier = meshes.get(first)
        if earlier is not None and new.guids[after] not in self.failed:
            return [{"name": "shape", "old": _facts(Surface.of(earlier.mesh)), "new": None}]
        contents = [_content(version, version.element(row)) for version, row in ((old, first), (new, after))]
        absolute = self.tolerance / new.scale
        if old.scale == new.scale and None not in contents and same(*contents, absolute=absolute):
            return []
        if old.scale != new.scale and contents == [(), ()]:
            return []
        return [{"name": "shape", "old": None, "new": None, "note": "not meshed: the definition differs"}]


def _content(version: Version, product: ifcopenshell.entity_instance) -> tuple[object, ...] | None:
    """Return the definition of a shape; nothing for none, None where it cannot be read."""
    shape = version.reader.entity(product, "Representation")
    try:
        return () if shape is None else Contents(version.reader).of(shape)
    except UnreadError:
        return None


def _facts(surface: Surface) -> dict[str, Any]:
    """Return what tells a shape: its box's size in metres, its area and its volume."""
    return {
        "size_m": [round(float(value), DIGITS) + 0.0 for value in surface.size],
        "area_m2": round(surface.area, DIGITS),
        "volume_m3": round(surface.volume, DIGITS),
    }
