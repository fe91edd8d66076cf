"""The common parts of pairs of closed surfaces, integrated exactly along z, many pairs at once.

Along each line parallel to z a body is the sum of its upper faces minus its lower ones, whatever its
topology. So the volume of the common part of two bodies is the sum over pairs of faces, one of each, of
the integral of the lower one of both over the area where their projections overlap, upper faces counting
plus and lower ones minus. The sum is a continuous function of all coordinates: bodies that only touch have
a common volume of about zero without any decision about degenerate cases, and equal bodies have their own.

Polygons are (corners, coordinates, polygons) arrays: many small ones, worked on a coordinate at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from functions.ifc.clash.spans import Boxes, Spans
from functions.ifc.clash.vectors import cross, laid, lengths, take

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.clash.form import Pair
    from functions.ifc.geometry.mesh import Floats

    Numbers = NDArray[np.int64]

STEEP = 1e-9  # the cosine below which a face is parallel to the direction
BLOCK = 1 << 13  # pairs of faces that are cut in one go: as many as the processor's caches hold
TINY_M2 = 1e-15


class Faces:
    """The faces of bodies that are not parallel to z: corners in x and y counterclockwise, plane, side.

    A plane (c, a, b) is z = c + a x + b y; a side is 1 for an upper face and -1 for a lower one.
    """

    def __init__(self, bodies: Sequence[Floats]) -> None:
        """Read the faces of bodies, (faces, 4, 3) arrays."""
        faces = laid(np.concatenate(bodies))
        across = cross(faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1])
        kept = np.abs(across[:, 2]) > STEEP * lengths(across)
        rows = np.flatnonzero(kept)
        (x, y, z), across = take(faces, rows).T, take(across, rows).T
        slopes = -across[:2] / across[2]
        heights = z[0] - (slopes[0] * x[0] + slopes[1] * y[0])
        self.planes: Floats = np.stack([heights, *slopes])
        self.sides: Floats = np.sign(across[2])
        corners = np.stack([x, y], axis=1)
        self.corners: Floats = np.where(self.sides < 0, corners[::-1], corners)
        self.boxes = Boxes(self.corners.T.swapaxes(1, 2), Spans([len(body) for body in bodies]).take(kept))

    def crop(self, other: Faces) -> tuple[Boxes, Numbers]:
        """Return the boxes of the faces over the other's box, and which these are."""
        inside = self.boxes.near(other.boxes, 0.0)
        rows = np.flatnonzero(inside)
        return self.boxes.take(rows, self.boxes.spans.take(inside)), rows


class Pieces(NamedTuple):
    """Triangles over which a face of one body and a face of the other lie: who they belong to, the faces."""

    corners: Floats
    owners: Numbers
    one: Numbers
    other: Numbers


class Columns:
    """The overlapping faces of pairs of bodies."""

    def __init__(self, pairs: Sequence[Pair], frames: Sequence[Floats]) -> None:
        """Find the pairs of faces whose projections overlap, and cut the overlaps into triangles.

        The rows of the frames are x, y and z, one frame a pair.
        """
        self.count = len(pairs)
        a, b = (
            Faces(
                [
                    body.faces(frame, pair.origin)
                    for body, pair, frame in zip(side, pairs, frames, strict=True)
                ]
            )
            for side in ([pair.a for pair in pairs], [pair.b for pair in pairs])
        )
        pieces = _overlaps(a, b)
        self.owners = pieces.owners
        self._pieces = pieces.corners
        self._sides = np.stack([a.sides[pieces.one], b.sides[pieces.other]]).astype(np.int8)
        self._signs = self._sides.prod(axis=0)
        self._other = _heights(pieces.corners, b.planes.take(pieces.other, axis=1))
        self._gaps = _heights(pieces.corners, a.planes.take(pieces.one, axis=1)) - self._other
        self._weights = _areas(pieces.corners) * self._signs
        self._means = self._gaps.mean(axis=0)
        self._sorted = _sort(self._gaps)
        self._whole = self._sum(self._weights * self._other.mean(axis=0))
        self._total = self._sum(self._weights)

    def volumes(self, shifts: Floats | None = None) -> Floats:
        """Return the common volumes when the other bodies are moved by `shifts` along z."""
        if shifts is None:
            shifts = np.zeros(self.count)
        each = shifts[self.owners]
        low, middle, high = self._sorted
        under, mixed = high <= each, (high > each) & (low < each)
        below = np.where(under, self._weights * (self._means - each), 0.0)
        part = each[mixed]
        below[mixed] = self._weights[mixed] * _negative(
            low[mixed] - part, middle[mixed] - part, high[mixed] - part
        )
        return self._whole + shifts * self._total + self._sum(below)

    def centres(self) -> Floats:
        """Return the middles of the common parts that have a volume."""
        total = _moments(self._pieces, np.zeros_like(self._other), self._other, self._signs)
        found = np.stack([self._sum(row) for row in total])
        rows = np.flatnonzero(self._sorted[0] < 0)
        part = np.concatenate([self._pieces, self._gaps[:, None], self._other[:, None]], axis=1)[..., rows]
        low, kept = _clip(part, part[:, 2])
        owners, signs = self.owners[rows][kept], self._signs[rows][kept]
        for fan in _fans(low):
            more = _moments(fan[:, :2], fan[:, 3], fan[:, 2] + fan[:, 3], signs)
            found += np.stack([np.bincount(owners, row, self.count) for row in more])
        return (found[1:] / np.where(found[0], found[0], 1.0)).T

    def ways_out(self, sign: int) -> tuple[Floats, Numbers]:
        """Return by how much the other bodies may have to move to come free, forth or back, and whose.

        Where one comes free a lower face of it has passed an upper face of the one, or the reverse.
        """
        low, _, high = self._sorted
        moves = high if sign > 0 else -low
        rows = np.flatnonzero((self._sides[0] == sign) & (self._sides[1] == -sign) & (moves > 0))
        return moves[rows], self.owners[rows]

    def _sum(self, values: Floats) -> Floats:
        """Return the sums of what each pair's pieces have."""
        return np.asarray(np.bincount(self.owners, values, self.count), np.float64)


def _overlaps(a: Faces, b: Faces) -> Pieces:
    """Return the overlaps of faces."""
    (ours, mine), (others, theirs) = a.crop(b), b.crop(a)
    rows, columns = ours.meet(others, 0.0)
    owners, rows, columns = ours.spans.owners[rows], mine[rows], theirs[columns]
    found = []
    for start in range(0, len(rows), BLOCK):
        block = slice(start, start + BLOCK)
        one, other = rows[block], columns[block]
        corners, kept = _cut(a.corners.take(one, axis=2), b.corners.take(other, axis=2))
        kept += start
        found.append(Pieces(corners, owners[kept], rows[kept], columns[kept]))
    if not found:
        none = np.zeros(0, np.int64)
        return Pieces(np.zeros((3, 2, 0)), none, none, none)
    if len(found) == 1:
        return found[0]
    return Pieces(*(np.concatenate(part, axis=-1) for part in zip(*found, strict=True)))


def _cut(faces: Floats, others: Floats) -> tuple[Floats, Numbers]:
    """Return the overlaps of pairs of faces as triangles, and of which pair each is."""
    piece, kept = faces, np.arange(faces.shape[2])
    for edge in range(len(others)):
        (x, y), (to_x, to_y) = others[edge][:, kept], others[(edge + 1) % len(others)][:, kept]
        right, up = to_y - y, x - to_x
        heights = right * (piece[:, 0] - x) + up * (piece[:, 1] - y)
        heights[:, (right == 0) & (up == 0)] = -1.0  # the fourth side of a triangle cuts nothing off
        piece, inside = _clip(piece, heights)
        kept = kept[inside]
    fans, owners = [], []
    for fan in _fans(piece):
        some = np.flatnonzero(_areas(fan) > TINY_M2)
        fans.append(fan[..., some])
        owners.append(kept[some])
    if not fans:
        return np.zeros((3, 2, 0)), kept[:0]
    return np.concatenate(fans, axis=-1), np.concatenate(owners)


def _fans(polygons: Floats) -> list[Floats]:
    """Return convex polygons as triangles, all of those that have one between the same corners together."""
    return [polygons[[0, corner, corner + 1]] for corner in range(1, len(polygons) - 1)]


def _clip(polygons: Floats, heights: Floats) -> tuple[Floats, Numbers]:
    """Return the parts of convex polygons where heights, linear and given at the corners, are negative.

    Also returns of which polygons there is a part. Polygons have as many corners as the largest of
    them: the others repeat their first one.
    """
    corners = len(polygons)
    below = heights < 0
    codes = np.zeros(heights.shape[1], np.intp)
    for corner in range(corners):
        codes |= below[corner].astype(np.intp) << corner
    rows = np.flatnonzero(codes)
    codes, polygons, heights = codes[rows], polygons[..., rows], heights[:, rows]
    order, amounts = _order(corners)
    most = int(amounts[codes].max(initial=0))
    sources = order[:most, codes]
    after = np.concatenate([heights[1:], heights[:1]])
    crossed = (heights < 0) != (after < 0)
    part = heights / np.where(crossed, heights - after, 1.0)
    cuts = np.concatenate([polygons[1:], polygons[:1]])
    cuts -= polygons
    cuts *= part[:, None]
    cuts += polygons
    both = np.concatenate([polygons, cuts])
    found: Floats = np.take_along_axis(both, sources[:, None], axis=0)
    return found, rows


@cache
def _order(corners: int) -> tuple[Numbers, Numbers]:
    """Return which corners, and cuts of edges after these, a part has, for each set of corners below zero."""
    found = []
    for code in range(1 << corners):
        below = [bool(code >> corner & 1) for corner in range(corners)]
        kept: list[int] = []
        for corner in range(corners):
            kept += [corner] * below[corner]
            kept += [corners + corner] * (below[corner] != below[(corner + 1) % corners])
        found.append(kept)
    most = max(len(kept) for kept in found)
    order = np.array([(kept + (kept or [0])[:1] * most)[:most] for kept in found], np.intp)
    return np.ascontiguousarray(order.T), np.array([len(kept) for kept in found], np.intp)


def _areas(triangles: Floats) -> Floats:
    """Return the areas of triangles in the plane."""
    (x, y), (b_x, b_y), (c_x, c_y) = triangles[:, :2]
    found: Floats = ((b_x - x) * (c_y - y) - (b_y - y) * (c_x - x)) / 2
    return found


def _heights(pieces: Floats, planes: Floats) -> Floats:
    """Return the heights of planes over the corners of triangles."""
    found: Floats = planes[0] + planes[1] * pieces[:, 0] + planes[2] * pieces[:, 1]
    return found


def _sort(values: Floats) -> tuple[Floats, Floats, Floats]:
    """Return the least, the middle and the largest of three rows."""
    a, b, c = values
    low, high = np.minimum(a, b), np.maximum(a, b)
    return np.minimum(low, c), np.maximum(low, np.minimum(high, c)), np.maximum(high, c)


def _negative(low: Floats, middle: Floats, high: Floats) -> Floats:
    """Return the mean over triangles of the negative part of what is linear between their corners.

    The values at the corners grow, the first is below and the last above zero.
    """
    found = np.empty(len(low))
    one, two = middle >= 0, middle < 0
    found[one] = low[one] ** 3 / (3 * (low[one] - middle[one]) * (low[one] - high[one]))
    above = high[two] ** 3 / (3 * (high[two] - low[two]) * (high[two] - middle[two]))
    found[two] = (low[two] + middle[two] + high[two]) / 3 - above
    return found


def _moments(triangles: Floats, low: Floats, high: Floats, signs: Floats) -> tuple[Floats, ...]:
    """Return volume and first moments along x, y and z of what is between two heights over triangles."""
    areas = signs * _areas(triangles)
    gap, total = high - low, high + low
    sums = gap.sum(axis=0)
    x, y = triangles[:, 0], triangles[:, 1]
    return (
        areas * sums / 3,
        areas * (x.sum(axis=0) * sums + (x * gap).sum(axis=0)) / 12,
        areas * (y.sum(axis=0) * sums + (y * gap).sum(axis=0)) / 12,
        areas * (total.sum(axis=0) * sums + (total * gap).sum(axis=0)) / 24,
    )
