"""Whether two meshes are the same shape, however it is cut into triangles."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats, Mesh

OFFSET = 0.31830988  # so that round numbers do not lie on the border of two cells
MAX_PAIRS = 200_000  # points times triangles looked at together
MAX_WORK = 20_000_000  # and in all: then points are left out, evenly
CLOSED = 1e-6
FACTORS = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)
# Where a triangle is sampled: corners alone would not see that a hole has moved along its own edge.
SAMPLES = np.array(
    [
        [1 / 3, 1 / 3, 1 / 3], [0.5, 0.5, 0], [0, 0.5, 0.5], [0.5, 0, 0.5], [0.7, 0.15, 0.15],
        [0.15, 0.7, 0.15], [0.15, 0.15, 0.7],
    ]
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Surface:
    """A triangulated surface in metres: corners (n, 3), triangles (k, 3), area, volume (0 if it is open)."""

    points: Floats
    triangles: NDArray[np.int64]
    area: float
    volume: float

    @classmethod
    def of(cls, mesh: Mesh, placement: Floats | None = None) -> Surface:
        """Take a mesh, in its own coordinates or placed by a 4x4 matrix."""
        points = mesh.points
        if placement is not None:
            points = points @ placement[:3, :3].T + placement[:3, 3]
        triangles = np.concatenate([part for _, part in mesh.parts]).astype(np.int64)
        origin = points.mean(axis=0)  # map coordinates would drown a volume
        a, b, c = (points[triangles[:, corner]] - origin for corner in range(3))
        normals = np.cross(b - a, c - a)
        area = float(np.linalg.norm(normals, axis=1).sum()) / 2
        is_closed = float(np.abs(normals.sum(axis=0)).max()) <= CLOSED * max(area, CLOSED)
        volume = abs(float(np.einsum("ij,ij->i", a, normals).sum())) / 6 if is_closed else 0.0
        return cls(points, triangles, area, volume)

    @property
    def size(self) -> Floats:
        """How long, wide and high the surface's box is."""
        extent: Floats = self.points.max(axis=0) - self.points.min(axis=0)
        return extent

    def is_near(self, other: Surface, *, tolerance: float) -> bool:
        """Tell whether boxes, areas and volumes are so close that both may be the same shape."""
        boxes = [np.stack([one.points.min(axis=0), one.points.max(axis=0)]) for one in (self, other)]
        area = max(self.area, other.area)
        return bool(
            np.abs(boxes[0] - boxes[1]).max() <= tolerance
            and abs(self.area - other.area) <= tolerance * 16 * np.sqrt(area) + CLOSED * area
            and abs(self.volume - other.volume) <= tolerance * area + CLOSED * self.volume
        )


def deviation(one: Surface, other: Surface, *, tolerance: float, until: float = np.inf) -> float:
    """Return how far points of two surfaces lie from the other surface at the most, in metres.

    Points are corners, and samples of triangles that have no counterpart; it ends where more than `until`
    is found.
    """
    found = 0.0
    for surface, target in ((one, other), (other, one)):
        corners = target.points[target.triangles]
        points = np.concatenate([_lonely(surface, target, tolerance), _samples(surface, target, tolerance)])
        points = points[:: 1 + len(points) * len(corners) // MAX_WORK]
        step = max(1, MAX_PAIRS // len(corners))
        for start in range(0, len(points), step):
            nearest = distances(points[start : start + step], corners).min(axis=1)
            found = max(found, float(nearest.max()))
            if found > until:
                return found
    return found


def _lonely(one: Surface, other: Surface, tolerance: float) -> Floats:
    """Return the corners of one surface that the other has not got."""
    rows = [_cells(surface.points, tolerance) for surface in (one, other)]
    _, first = np.unique(rows[0], return_index=True)
    points: Floats = one.points[first][~np.isin(rows[0][first], rows[1])]
    return points


def _samples(one: Surface, other: Surface, tolerance: float) -> Floats:
    """Return points on the triangles of one surface that the other has not got."""
    rows = [np.sort(_cells(surface.points, tolerance)[surface.triangles], axis=1) for surface in (one, other)]
    keys = [(row * FACTORS).sum(axis=1, dtype=np.uint64) for row in rows]
    corners = one.points[one.triangles[~np.isin(keys[0], keys[1])]]
    points: Floats = np.einsum("sc,kcj->ksj", SAMPLES, corners).reshape(-1, 3)
    return points


def _cells(points: Floats, tolerance: float) -> NDArray[np.uint64]:
    """Return the numbers of the cells of a grid that points lie in."""
    cells = np.floor(points / tolerance + OFFSET).astype(np.int64).view(np.uint64)
    found: NDArray[np.uint64] = (cells * FACTORS).sum(axis=1, dtype=np.uint64)
    return found


def distances(points: Floats, corners: Floats) -> Floats:
    """Return the distances of points (n, 3) from triangles (k, 3, 3), as (n, k)."""
    a, b, c = (corners[:, index] for index in range(3))
    normals = np.cross(b - a, c - a)
    lengths = np.linalg.norm(normals, axis=1)
    units = normals / np.where(lengths > 0, lengths, 1.0)[:, None]
    heights = np.einsum("nkj,kj->nk", points[:, None] - a, units)
    inside = np.broadcast_to(lengths > 0, heights.shape)
    edges = np.full(heights.shape, np.inf)
    for start, end in ((a, b), (b, c), (c, a)):
        along = end - start
        way = points[:, None] - start
        inside = inside & (np.einsum("nkj,kj->nk", way, np.cross(units, along)) >= 0)
        squares = np.einsum("kj,kj->k", along, along)
        share = np.einsum("nkj,kj->nk", way, along) / np.where(squares > 0, squares, 1.0)
        rest = way - np.clip(share, 0, 1)[:, :, None] * along
        edges = np.minimum(edges, np.einsum("nkj,nkj->nk", rest, rest))
    found: Floats = np.where(inside, np.abs(heights), np.sqrt(edges))
    return found
