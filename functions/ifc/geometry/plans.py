"""Carving many bodies alike: what one surface is made of, tried on others with as many corners and bites.

Most walls of a building have one or two openings and differ in their lengths. Working out which triangles
are left of a face takes ten times as long as working out whether the same ones are left of the next wall's.
And all walls with as many corners are tried at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Self

import numpy as np

from functions.ifc.geometry.carving import SAME_M, SAME_NORMAL, carve
from functions.ifc.geometry.convex import DAMAGED
from functions.ifc.geometry.faces import Facets
from functions.ifc.geometry.polygons import cross

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.convex import Faces
    from functions.ifc.geometry.mesh import Floats
    from functions.ifc.geometry.polygons import Integers

AT_ONCE = 100_000  # pairs of patches
MAX_PLANS = 8  # to try on bodies with as many corners
FLAT_M2 = 1e-9  # of twice a triangle's area, what may be across its patch
CLOSED = 1e-9  # of the surface

Key = tuple[bool, tuple[tuple[int, ...], ...]]
Solid = Sequence["Faces"]
"""A body, and then what is bitten out of it."""


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

    def apply(self, corners: Floats) -> list[Facets | None]:
        """Return the surfaces of bodies with other corners, (k, corners, 3); None where one is made of other
        triangles.
        """
        step = max(1, AT_ONCE // self.touching.size)
        slices = (corners[start : start + step] for start in range(0, len(corners), step))
        return [facets for some in slices for facets in self._apply(some)]

    def _apply(self, corners: Floats) -> Iterator[Facets | None]:
        """Yield the surfaces of a few bodies, as `apply`."""
        a, b, c = np.moveaxis(corners[:, self._corners], 1, 0)
        planes = cross(b - a, c - a)
        count = len(self._firsts)
        places = (np.arange(len(corners))[:, None] * count + self._owners).ravel()
        rows = planes.reshape(-1, 3).T
        totals = [np.bincount(places, row, minlength=len(corners) * count) for row in rows]
        sums = np.stack(totals, axis=1).reshape(-1, count, 3)
        sizes = np.sqrt(np.einsum("kij,kij->ki", sums, sums))
        with np.errstate(invalid="ignore", divide="ignore"):
            normals = sums / sizes[..., None]
        along = np.einsum("kij,kij->ki", planes, normals[:, self._owners])
        across = planes - along[..., None] * normals[:, self._owners]
        fits = (
            sizes.all(axis=1)
            & ~(along.min(axis=1) < -FLAT_M2)
            & ~(np.abs(across).max(axis=(1, 2)) > FLAT_M2)
            & ~(np.abs(sums.sum(axis=1)).max(axis=1) > CLOSED * sizes.sum(axis=1))
            & (_touch(normals, corners[:, self.rows[self._firsts]]) == self.touching).all(axis=(1, 2))
        )
        owners = np.zeros(len(self.triangles), np.int64)
        for fit, some, own in zip(fits.tolist(), corners, normals, strict=True):
            yield Facets(some[self.rows], own[self.patches], self.triangles, owners) if fit else None

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

    def carve(self, solids: Sequence[Solid], *, convex: bool = True) -> list[Facets | None]:
        """Return the surfaces of bodies with what is bitten out of them, each as `carving.carve` does."""
        groups: dict[Key, list[int]] = {}
        for place, solid in enumerate(solids):
            key = convex, tuple(tuple(map(len, faces)) for faces in solid)
            groups.setdefault(key, []).append(place)
        found: list[Facets | None] = [None] * len(solids)
        for key, places in groups.items():
            some = [solids[place] for place in places]
            for place, facets in zip(places, self._carve(some, key), strict=True):
                found[place] = facets
        return found

    def _carve(self, solids: Sequence[Solid], key: Key) -> list[Facets | None]:
        """Return the surfaces of bodies with equally many corners."""
        corners = np.array(
            [[corner for faces in solid for face in faces for corner in face] for solid in solids]
        )
        found: list[Facets | None] = [None] * len(solids)
        left = np.arange(len(solids))
        plans = self.known.setdefault(key, [])
        for plan in plans:
            left = _try(plan, corners, left, found)
        while len(left):
            first, left = int(left[0]), left[1:]
            with suppress(*DAMAGED):
                body, *bites = solids[first]
                facets = carve(body, bites, convex=key[0])
                if facets is not None and len(plans) < MAX_PLANS:
                    plans.append(Plan.of(facets, corners[first]))
                    left = _try(plans[-1], corners, left, found)
                found[first] = facets
        return found


def _try(plan: Plan, corners: Floats, left: Integers, found: list[Facets | None]) -> Integers:
    """Note the surfaces that a plan gives; return the bodies that it does not fit."""
    for place, facets in zip(left.tolist(), plan.apply(corners[left]), strict=True):
        found[place] = facets
    rest: Integers = left[[found[place] is None for place in left.tolist()]]
    return rest


def _touch(normals: Floats, points: Floats) -> NDArray[np.bool_]:
    """Tell which patches of a body lie in one plane, back to back: (..., patches, patches)."""
    places = np.einsum("...ij,...ij->...i", normals, points)
    opposite = normals @ normals.swapaxes(-1, -2) < SAME_NORMAL - 1
    sums = places[..., :, None] + places[..., None, :]
    touching: NDArray[np.bool_] = opposite & (np.abs(sums) <= SAME_M)
    return touching
