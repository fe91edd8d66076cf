"""The closest points of pairs of surfaces, exactly: between edges, and between corners and faces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.spans import Boxes, Spans
from functions.ifc.clash.vectors import AFTER, dot, holds, laid, normals

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.clash.form import Pair
    from functions.ifc.geometry.mesh import Floats

    Numbers = NDArray[np.int64]

FIRST, GROWTH = 8, 6  # pairs of triangles of each pair in one go: often the nearest few touch
BLOCK = 2000  # about as many in all
CHUNK = 1 << 20
EDGES_A, EDGES_B = (0, 0, 0, 1, 1, 1, 2, 2, 2), (0, 1, 2, 0, 1, 2, 0, 1, 2)
ROUNDING_M = 1e-9
Found = tuple["Floats", "Floats", "Floats"]
"""Squared distances, points on the one, points on the other: a row a pair."""


def find_closest(pairs: Sequence[Pair], limit: float) -> list[tuple[float, Floats, Floats] | None]:
    """Return the distances, and a closest point of each, of pairs of surfaces; None where above the limit.

    Points are seen from the origins of the pairs. Surfaces that meet are at 0.
    """
    searches = _prepare(pairs, limit)
    size = FIRST
    while active := [search for search in searches if search.goes_on()]:
        most = max(BLOCK // len(active), FIRST)
        asked = [(search, search.next(min(size, most))) for search in active]
        one = np.concatenate([search.one[search.rows[rows]] for search, rows in asked])
        other = np.concatenate([search.other[search.columns[rows]] for search, rows in asked])
        squares, p, q = _measure(one, other)
        start = 0
        for search, rows in asked:
            end = start + rows.stop - rows.start
            least = start + int(squares[start:end].argmin())
            search.take(float(squares[least]), p[least], q[least])
            start = end
        size *= GROWTH
    return [search.result() for search in searches]


@dataclass(eq=False)
class _Search:
    """The pairs of triangles of two surfaces, the nearest boxes first, and the best of those measured."""

    one: Floats
    other: Floats
    bounds: Floats
    rows: Numbers
    columns: Numbers
    best: float
    points: tuple[Floats, Floats] | None = None
    done: int = 0

    def goes_on(self) -> bool:
        """Tell whether triangles that are not measured yet may be nearer."""
        return self.done < len(self.bounds) and self.best > 0 and bool(self.bounds[self.done] <= self.best)

    def next(self, size: int) -> slice:
        """Return the next pairs of triangles to measure."""
        start, self.done = self.done, min(self.done + size, len(self.bounds))
        return slice(start, self.done)

    def take(self, square: float, one: Floats, other: Floats) -> None:
        """Take what was found, if it is nearer."""
        if square < self.best or (self.points is None and square <= self.best):
            self.best, self.points = square, (one, other)

    def result(self) -> tuple[float, Floats, Floats] | None:
        """Return the distance and the points."""
        return None if self.points is None else (float(np.sqrt(self.best)), *self.points)


def _prepare(pairs: Sequence[Pair], limit: float) -> list[_Search]:
    """Return the searches, each among the triangles that are as near as the limit to the other's box."""
    sides = [[pair.one for pair in pairs], [pair.other for pair in pairs]]
    corners = [np.concatenate(side) for side in sides]
    boxes = [
        Boxes(rows, Spans([len(one) for one in side])) for rows, side in zip(corners, sides, strict=True)
    ]
    near = []
    for place, rows in enumerate(corners):
        mask = boxes[place].near(boxes[1 - place], limit + ROUNDING_M)
        near.append(np.split(rows[mask], boxes[place].spans.take(mask).ends[:-1]))
    best = limit * limit * (1 + 1e-12) + 1e-24
    return [_Search(a, b, *_bounds(a, b, limit), best) for a, b in zip(*near, strict=True)]


def _bounds(a: Floats, b: Floats, limit: float) -> tuple[Floats, Numbers, Numbers]:
    """Return the squared distances of the boxes of triangles up to the limit, growing, and whose they are."""
    found = []
    low, high = b.min(axis=1).T, b.max(axis=1).T
    step = max(1, CHUNK // max(len(b), 1))
    for start in range(0, len(a), step):
        some = a[start : start + step]
        squares = np.zeros((len(some), len(b)))
        for axis, (lows, highs) in enumerate(zip(some.min(axis=1).T, some.max(axis=1).T, strict=True)):
            gaps = np.maximum(low[axis] - highs[:, None], lows[:, None] - high[axis])
            squares += np.maximum(gaps, 0.0) ** 2
        rows, columns = np.nonzero(squares <= limit * limit)
        found.append((squares[rows, columns], rows + start, columns))
    if not found:
        nothing = np.zeros(0, np.int64)
        return np.zeros(0), nothing, nothing
    bounds, rows, columns = (np.concatenate(parts) for parts in zip(*found, strict=True))
    order = np.argsort(bounds, kind="stable")
    return bounds[order], rows[order], columns[order]


def _measure(a: Floats, b: Floats) -> Found:
    """Return the closest points of pairs of triangles."""
    a, b = laid(a), laid(b)
    # All ways in which two triangles can be closest, one after the other: nine pairs of edges, six corners
    # over a face, six edges through a face.
    ends_a, ends_b = _pick(a, AFTER), _pick(b, AFTER)
    found = [
        _edges(_pick(a, EDGES_A), _pick(ends_a, EDGES_A), _pick(b, EDGES_B), _pick(ends_b, EDGES_B)),
        _corner(a, b[:, None]),
        _swap(_corner(b, a[:, None])),
        _pierce(a, ends_a, b[:, None]),
        _pierce(b, ends_b, a[:, None]),
    ]
    squares = np.concatenate([part[0] for part in found], axis=1)
    best = squares.argmin(axis=1)
    p, q = np.empty((2, len(a), 3))
    start = 0
    for part in found:
        end = start + part[0].shape[1]
        rows = np.flatnonzero((best >= start) & (best < end))
        p[rows], q[rows] = (part[side][rows, best[rows] - start] for side in (1, 2))
        start = end
    return squares[np.arange(len(a)), best], p, q


def _pick(triangles: Floats, corners: Sequence[int]) -> Floats:
    """Return corners of triangles, some several times."""
    found: Floats = np.take(triangles.T, corners, axis=1).T
    return found


def _swap(found: Found) -> Found:
    return found[0], found[2], found[1]


def _edges(a: Floats, b: Floats, c: Floats, d: Floats) -> Found:
    """Return the closest points of segments from a to b and from c to d (Ericson, 2005, 5.1.9)."""
    u, v, w = b - a, d - c, a - c
    uu, vv, uv, uw, vw = dot(u, u), dot(v, v), dot(u, v), dot(u, w), dot(v, w)
    across = uu * vv - uv * uv
    parallel = across <= 1e-12 * uu * vv
    s = np.where(parallel, 0.0, (uv * vw - uw * vv) / np.where(parallel, 1.0, across)).clip(0.0, 1.0)
    t = (uv * s + vw) / np.where(vv > 0, vv, 1.0)
    held = t.clip(0.0, 1.0)
    again = ((uv * held - uw) / np.where(uu > 0, uu, 1.0)).clip(0.0, 1.0)
    s = np.where(held != t, again, s)
    p, q = a + s[..., None] * u, c + held[..., None] * v
    apart = p - q
    return dot(apart, apart), p, q


def _corner(point: Floats, faces: Floats) -> Found:
    """Return where points stand over the inside of triangles; over their edges other pairs are closer."""
    normal = normals(faces)
    size = dot(normal, normal)
    height = dot(point - faces[..., 0, :], normal) / np.where(size > 0, size, 1.0)
    foot = point - height[..., None] * normal
    squares = np.where(holds(faces, normal, foot) & (size > 0), height * height * size, np.inf)
    return squares, point, foot


def _pierce(start: Floats, end: Floats, faces: Floats) -> Found:
    """Return where segments go through triangles."""
    normal = normals(faces)
    low, high = dot(start - faces[..., 0, :], normal), dot(end - faces[..., 0, :], normal)
    through = (low < 0) != (high < 0)
    part = low / np.where(through, low - high, 1.0)
    point = start + part[..., None] * (end - start)
    squares = np.where(through & holds(faces, normal, point), 0.0, np.inf)
    return squares, point, point
