"""Carving many bodies alike: what one surface is made of, tried on others with as many corners and bites.

Most walls of a building have one or two openings and differ in their lengths. Working out which triangles
are left of a face takes ten times as long as working out whether the same ones are left of the next wall's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from functions.ifc.geometry.carving import SAME_M, SAME_NORMAL, carve
from functions.ifc.geometry.faces import Facets
from functions.ifc.geometry.polygons import cross

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.convex import Faces
    from functions.ifc.geometry.mesh import Floats
    from functions.ifc.geometry.polygons import Integers

MAX_PLANS = 8  # to try on bodies with as many corners
FLAT_M2 = 1e-9  # of twice a triangle's area, what may be across its patch
CLOSED = 1e-9  # of the surface

Key = tuple[bool, tuple[tuple[int, ...], ...]]


@dataclass(frozen=True)
class Plan:
    """A surface by the numbers of the corners of body and bites: those of its vertices, its triangles, the
    patch of each vertex, and which patches lie in one plane, back to back.
    """

    rows: Integers
    triangles: Integers
    patches: Integers
    touching: NDArray[np.bool_]

    @classmethod
    def of(cls, facets: Facets, corners: Floats) -> Self:
        """Return the plan of a surface that was made of some corners."""
        numbers = {corner: number for number, corner in reversed([*enumerate(map(tuple, corners.tolist()))])}
        rows = np.array([numbers[corner] for corner in map(tuple, facets.points.tolist())])
        turns = (np.diff(facets.normals, axis=0, prepend=0.0) != 0).any(axis=1)
        patches = np.cumsum(turns) - 1
        firsts = np.flatnonzero(turns)
        touching = _touch(facets.normals[firsts], facets.points[firsts])
        return cls(rows, facets.triangles, patches, touching)

    def apply(self, corners: Floats) -> Facets | None:
        """Return the surface of a body with other corners; None where it is made of other triangles."""
        a, b, c = corners[self._corners]
        planes = cross(b - a, c - a)
        whose = self._owners
        sums = np.stack([np.bincount(whose, planes[:, axis]) for axis in range(3)], axis=1)
        sizes = np.sqrt(np.einsum("ij,ij->i", sums, sums))
        if not sizes.all():
            return None
        normals = sums / sizes[:, None]
        along = np.einsum("ij,ij->i", planes, normals[whose])
        across = planes - along[:, None] * normals[whose]
        points = corners[self.rows]
        firsts = points[self._firsts]
        if (
            along.min() < -FLAT_M2
            or np.abs(across).max() > FLAT_M2
            or np.abs(sums.sum(axis=0)).max() > CLOSED * sizes.sum()
            or (_touch(normals, firsts) != self.touching).any()
        ):
            return None
        return Facets(points, normals[self.patches], self.triangles, np.zeros(len(self.triangles), np.int64))

    @cached_property
    def _corners(self) -> Integers:
        """The corners of body and bites that each triangle has: all first ones, all second, all third."""
        return self.rows[self.triangles.T]

    @cached_property
    def _owners(self) -> Integers:
        """The patch of each triangle."""
        return self.patches[self.triangles[:, 0]]

    @cached_property
    def _firsts(self) -> Integers:
        """The first vertex of each patch."""
        return np.searchsorted(self.patches, np.arange(self.patches[-1] + 1))


@dataclass
class Plans:
    """The plans that were made for one model."""

    known: dict[Key, list[Plan]] = field(default_factory=dict)

    def carve(self, body: Faces, bites: Sequence[Faces] = (), *, convex: bool = True) -> Facets | None:
        """Return the surface, as `carving.carve` does."""
        solids = [body, *bites]
        corners = np.array([corner for faces in solids for face in faces for corner in face])
        key = convex, tuple(tuple(map(len, faces)) for faces in solids)
        plans = self.known.setdefault(key, [])
        for plan in plans:
            facets = plan.apply(corners)
            if facets is not None:
                return facets
        facets = carve(body, bites, convex=convex)
        if facets is not None and len(plans) < MAX_PLANS:
            plans.append(Plan.of(facets, corners))
        return facets


def _touch(normals: Floats, points: Floats) -> NDArray[np.bool_]:
    """Tell which patches lie in one plane, back to back."""
    places = np.einsum("ij,ij->i", normals, points)
    opposite = normals @ normals.T < SAME_NORMAL - 1
    touching: NDArray[np.bool_] = opposite & (np.abs(places[:, None] + places) <= SAME_M)
    return touching
