"""The common part of two closed surfaces, integrated exactly along a direction.

Along each line parallel to z a body is the sum of its upper faces minus its lower ones, whatever its
topology. So the volume of the common part of two bodies is the sum over pairs of faces, one of each, of
the integral of the lower one of both over the area where their projections overlap, upper faces counting
plus and lower ones minus. The sum is a continuous function of all coordinates: bodies that only touch have
a common volume of about zero without any decision about degenerate cases, and equal bodies have their own.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

    Numbers = NDArray[np.int64]

STEEP = 1e-9  # the cosine below which a face is parallel to the direction
CHUNK = 1 << 20  # pairs of faces looked at in one go
TINY_M2 = 1e-15
BELOW = np.array([0.0, 0.0, 1.0, 0.0])  # of (x, y, gap, height): where the gap is negative


@dataclass(frozen=True, eq=False)
class Faces:
    """The faces of a body that are not parallel to z: corners in x and y counterclockwise, box, plane, side.

    A plane (c, a, b) is z = c + a x + b y; a side is 1 for an upper face and -1 for a lower one.
    """

    corners: Floats
    planes: Floats
    sides: Floats

    @classmethod
    def of(cls, triangles: Floats) -> Faces:
        """Read triangles, a (count, 3, 3) array."""
        a, b, c = np.moveaxis(triangles, 1, 0)
        normals = np.cross(b - a, c - a)
        kept = np.abs(normals[:, 2]) > STEEP * np.linalg.norm(normals, axis=1)
        triangles, normals = triangles[kept], normals[kept]
        slopes = -normals[:, :2] / normals[:, 2:]
        heights = triangles[:, 0, 2] - (slopes * triangles[:, 0, :2]).sum(axis=1)
        sides = np.sign(normals[:, 2])
        corners = triangles[..., :2].copy()
        corners[sides < 0] = corners[sides < 0][:, ::-1]
        return cls(corners, np.column_stack([heights, slopes]), sides)

    def take(self, rows: NDArray[np.bool_] | Numbers) -> Faces:
        """Return some of the faces."""
        return Faces(self.corners[rows], self.planes[rows], self.sides[rows])

    def crop(self, other: Faces) -> Faces:
        """Return the faces over the other's box."""
        if not len(self.sides) or not len(other.sides):
            return self.take(np.zeros(0, np.int64))
        low, high = other.corners.min(axis=(0, 1)), other.corners.max(axis=(0, 1))
        inside = (self.corners.max(axis=1) > low) & (self.corners.min(axis=1) < high)
        return self.take(inside.all(axis=1))


class Columns:
    """The overlapping faces of two bodies along `frame`, whose rows are x, y and the direction z.

    `one` and `other` are (triangles, 3, 3) arrays near the origin.
    """

    def __init__(self, one: Floats, other: Floats, frame: Floats | None = None) -> None:
        """Find the pairs of faces whose projections overlap, and cut the overlaps into triangles."""
        self._frame = np.eye(3) if frame is None else frame
        faces = [Faces.of(body @ self._frame.T) for body in (one, other)]
        a, b = faces[0].crop(faces[1]), faces[1].crop(faces[0])
        found = [_overlaps(a.take(rows), b.take(columns)) for rows, columns in _near(a, b)]
        fans = [fan for fan in found if len(fan[0])]
        self._pieces = np.concatenate([fan[0] for fan in fans]) if fans else np.zeros((0, 3, 2))
        facts = np.concatenate([fan[1] for fan in fans]) if fans else np.zeros((0, 8))
        self._sides = facts[:, 6:]
        self._one = _heights(self._pieces, facts[:, :3])
        self._other = _heights(self._pieces, facts[:, 3:6])
        self._weights = _areas(self._pieces) * self._sides.prod(axis=1)
        self._gaps = self._one - self._other
        self._sorted = np.sort(self._gaps, axis=1)
        self._means = self._gaps.mean(axis=1)
        self._whole = float((self._weights * self._other.mean(axis=1)).sum())
        self._sum = float(self._weights.sum())

    def volume(self, shift: float = 0.0) -> float:
        """Return the common volume when the other body is moved by `shift` along the direction."""
        under, over = self._sorted[:, 2] <= shift, self._sorted[:, 0] >= shift
        below = (self._weights[under] * (self._means[under] - shift)).sum()
        mixed = ~(under | over)
        part = (self._weights[mixed] * _negative(self._sorted[mixed] - shift)).sum()
        return self._whole + shift * self._sum + float(below + part)

    def centre(self) -> Floats:
        """Return the middle of the common part, which must have a volume."""
        signs = self._sides.prod(axis=1)
        total = _moments(self._pieces, np.zeros_like(self._other), self._other, signs)
        gap = self._gaps
        part = np.concatenate([self._pieces, gap[..., None], self._other[..., None]], axis=2)
        rows = np.flatnonzero((gap < 0).any(axis=1))
        low = _clip(part[rows], np.broadcast_to(BELOW, (len(rows), 4)), np.zeros(len(rows)))
        for corner in range(1, low.shape[1] - 1):
            fan = low[:, [0, corner, corner + 1]]
            total += _moments(fan[..., :2], fan[..., 3], fan[..., 2] + fan[..., 3], signs[rows])
        found: Floats = (total[1:] / total[0]) @ self._frame
        return found

    def ways_out(self) -> tuple[Floats, Floats]:
        """Return by how much the other body may have to move, forwards and backwards, to come free.

        Where it comes free a lower face of it has passed an upper face of the one, or the reverse.
        """
        gaps = self._gaps
        forward = gaps[(self._sides == (1.0, -1.0)).all(axis=1)].max(axis=1, initial=-np.inf)
        backward = gaps[(self._sides == (-1.0, 1.0)).all(axis=1)].min(axis=1, initial=np.inf)
        return forward[forward > 0], -backward[backward < 0]


def _near(a: Faces, b: Faces) -> Iterator[tuple[Numbers, Numbers]]:
    """Yield pairs of faces, as rows of both, whose boxes overlap."""
    if not len(a.sides) or not len(b.sides):
        return
    low, high = b.corners.min(axis=1), b.corners.max(axis=1)
    step = max(1, CHUNK // len(b.sides))
    for start in range(0, len(a.sides), step):
        some = a.corners[start : start + step]
        above = some.max(axis=1)[:, None] > low[None]
        below = some.min(axis=1)[:, None] < high[None]
        rows, columns = np.nonzero((above & below).all(axis=2))
        yield rows + start, columns


def _overlaps(a: Faces, b: Faces) -> tuple[Floats, Floats]:
    """Return the overlaps of pairs of faces as triangles, with (plane, plane, side, side) of each."""
    piece, facts = a.corners, np.column_stack([a.planes, b.planes, a.sides, b.sides])
    corners = b.corners
    for edge in range(3):
        start = corners[:, edge]
        step = corners[:, (edge + 1) % 3] - start
        normals = np.column_stack([step[:, 1], -step[:, 0]])
        piece = _clip(piece, normals, (normals * start).sum(axis=1))
        kept = np.abs(_spread(piece)) > TINY_M2
        piece, facts, corners = piece[kept], facts[kept], corners[kept]
    fans = [piece[:, [0, k, k + 1]] for k in range(1, piece.shape[1] - 1)]
    cut = np.concatenate(fans) if fans else np.zeros((0, 3, 2))
    kept = _areas(cut) > TINY_M2
    return cut[kept], np.concatenate([facts] * len(fans))[kept] if fans else facts[:0]


def _spread(polygons: Floats) -> Floats:
    """Return the areas of polygons."""
    x, y = polygons[..., 0], polygons[..., 1]
    found: Floats = (x * np.roll(y, -1, axis=1) - np.roll(x, -1, axis=1) * y).sum(axis=1) / 2
    return found


def _clip(polygons: Floats, normals: Floats, offsets: Floats) -> Floats:
    """Return the parts of convex polygons, one row each, where normal * p <= offset.

    Polygons have as many corners as the largest of them: the others repeat their first one.
    """
    heights = np.einsum("nkd,nd->nk", polygons, normals) - offsets[:, None]
    after, next_heights = np.roll(polygons, -1, axis=1), np.roll(heights, -1, axis=1)
    crossed = (heights < 0) != (next_heights < 0)
    crossed &= heights != next_heights
    part = heights / np.where(crossed, heights - next_heights, 1.0)
    cuts = polygons + part[..., None] * (after - polygons)
    count, corners, width = polygons.shape
    both = np.stack([polygons, cuts], axis=2).reshape(count, 2 * corners, width)
    kept = np.stack([heights <= 0, crossed], axis=2).reshape(count, 2 * corners)
    order = np.argsort(~kept, axis=1, kind="stable")
    amounts = kept.sum(axis=1)
    most = int(amounts.max(initial=0))
    order = np.where(np.arange(most) < amounts[:, None], order[:, :most], order[:, :1])
    found: Floats = np.take_along_axis(both, order[..., None], axis=1)
    found[amounts == 0] = 0.0
    return found


def _areas(triangles: Floats) -> Floats:
    """Return the areas of triangles in the plane."""
    b, c = triangles[:, 1] - triangles[:, 0], triangles[:, 2] - triangles[:, 0]
    found: Floats = (b[:, 0] * c[:, 1] - b[:, 1] * c[:, 0]) / 2
    return found


def _heights(pieces: Floats, planes: Floats) -> Floats:
    """Return the heights of planes over the corners of triangles."""
    found: Floats = planes[:, None, 0] + (planes[:, None, 1:] * pieces).sum(axis=2)
    return found


def _negative(values: Floats) -> Floats:
    """Return the mean over triangles of the negative part of what is linear between their corners.

    The values at the corners grow, the first is below and the last above zero.
    """
    low, middle, high = np.moveaxis(values, 1, 0)
    one, two = middle >= 0, middle < 0
    found = np.empty(len(values))
    found[one] = low[one] ** 3 / (3 * (low[one] - middle[one]) * (low[one] - high[one]))
    above = high[two] ** 3 / (3 * (high[two] - low[two]) * (high[two] - middle[two]))
    found[two] = values[two].mean(axis=1) - above
    return found


def _moments(triangles: Floats, low: Floats, high: Floats, signs: Floats) -> Floats:
    """Return volume and first moments along x, y and z of what is between two heights over triangles."""
    areas = signs * _areas(triangles)
    gap = high - low
    sums = gap.sum(axis=1)
    found = np.zeros(4)
    found[0] = (areas * sums / 3).sum()
    for axis in range(2):
        x = triangles[..., axis]
        found[1 + axis] = (areas * (x.sum(axis=1) * sums + (x * gap).sum(axis=1)) / 12).sum()
    total = high + low
    found[3] = (areas * (total.sum(axis=1) * sums + (total * gap).sum(axis=1)) / 24).sum()
    return found
