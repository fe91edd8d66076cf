"""The closest points of two surfaces, exactly: between edges, and between corners and faces."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

FIRST, BLOCK = 50, 2000  # pairs of triangles in one go: often the nearest few touch
CHUNK = 1 << 20
NEXT = (1, 2, 0)
EDGES_A, EDGES_B = (0, 0, 0, 1, 1, 1, 2, 2, 2), (0, 1, 2, 0, 1, 2, 0, 1, 2)
Found = tuple["Floats", "Floats", "Floats"]
"""Squared distances, points on the one, points on the other: a row a pair."""


def find_closest(one: Floats, other: Floats, limit: float) -> tuple[float, Floats, Floats] | None:
    """Return the distance and a closest point of each of two surfaces; None where it is above the limit.

    Both are (triangles, 3, 3) arrays near the origin. Surfaces that meet are at 0.
    """
    a, b = _within(one, other, limit), _within(other, one, limit)
    bounds, rows, columns = _bounds(a, b, limit)
    best, points = limit * limit * (1 + 1e-12) + 1e-24, None
    for start, end in pairwise((0, *range(FIRST, len(bounds), BLOCK), len(bounds))):
        if start == end or bounds[start] > best or best == 0:
            break
        some = slice(start, end)
        squares, p, q = _measure(a[rows[some]], b[columns[some]])
        least = int(squares.argmin())
        if squares[least] < best or (points is None and squares[least] <= best):
            best, points = float(squares[least]), (p[least], q[least])
    return None if points is None else (float(np.sqrt(best)), *points)


def _within(triangles: Floats, other: Floats, limit: float) -> Floats:
    """Return the triangles whose boxes are as near as the limit to the other's box."""
    low, high = other.min(axis=(0, 1)) - limit, other.max(axis=(0, 1)) + limit
    near = (triangles.max(axis=1) >= low) & (triangles.min(axis=1) <= high)
    found: Floats = triangles[near.all(axis=1)]
    return found


def _bounds(a: Floats, b: Floats, limit: float) -> tuple[Floats, NDArray[np.int64], NDArray[np.int64]]:
    """Return the squared distances of the boxes of triangles up to the limit, growing, and whose they are."""
    found = []
    low, high = b.min(axis=1), b.max(axis=1)
    step = max(1, CHUNK // max(len(b), 1))
    for start in range(0, len(a), step):
        some = a[start : start + step]
        gaps = np.maximum(low[None] - some.max(axis=1)[:, None], some.min(axis=1)[:, None] - high[None])
        squares = (np.maximum(gaps, 0.0) ** 2).sum(axis=2)
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
    count = len(a)
    # All ways in which two triangles can be closest, one after the other: nine pairs of edges, six corners
    # over a face, six edges through a face.
    ends_a, ends_b = a[:, NEXT], b[:, NEXT]
    found = [
        _edges(*(side[:, index].reshape(-1, 3) for side, index in (
            (a, EDGES_A), (ends_a, EDGES_A), (b, EDGES_B), (ends_b, EDGES_B)))),
        _corner(a.reshape(-1, 3), np.repeat(b, 3, axis=0)),
        _swap(_corner(b.reshape(-1, 3), np.repeat(a, 3, axis=0))),
        _pierce(a.reshape(-1, 3), ends_a.reshape(-1, 3), np.repeat(b, 3, axis=0)),
        _pierce(b.reshape(-1, 3), ends_b.reshape(-1, 3), np.repeat(a, 3, axis=0)),
    ]  # fmt: skip
    squares = np.concatenate([part[0].reshape(count, -1) for part in found], axis=1)
    best = np.arange(count), squares.argmin(axis=1)
    p, q = (np.concatenate([part[side].reshape(count, -1, 3) for part in found], axis=1) for side in (1, 2))
    return squares[best], p[best], q[best]


def _swap(found: Found) -> Found:
    return found[0], found[2], found[1]


def _cross(a: Floats, b: Floats) -> Floats:
    """Return vector products; numpy's own takes several times as long for few of them."""
    found = np.empty(np.broadcast_shapes(a.shape, b.shape))
    for place, (one, other) in enumerate(((1, 2), (2, 0), (0, 1))):
        found[..., place] = a[..., one] * b[..., other] - a[..., other] * b[..., one]
    return found


def _edges(a: Floats, b: Floats, c: Floats, d: Floats) -> Found:
    """Return the closest points of segments from a to b and from c to d (Ericson, 2005, 5.1.9)."""
    u, v, w = b - a, d - c, a - c
    uu, vv, uv = (u * u).sum(axis=1), (v * v).sum(axis=1), (u * v).sum(axis=1)
    uw, vw = (u * w).sum(axis=1), (v * w).sum(axis=1)
    across = uu * vv - uv * uv
    parallel = across <= 1e-12 * uu * vv
    s = np.where(parallel, 0.0, (uv * vw - uw * vv) / np.where(parallel, 1.0, across)).clip(0.0, 1.0)
    t = (uv * s + vw) / np.where(vv > 0, vv, 1.0)
    held = t.clip(0.0, 1.0)
    again = ((uv * held - uw) / np.where(uu > 0, uu, 1.0)).clip(0.0, 1.0)
    s = np.where(held != t, again, s)
    p, q = a + s[:, None] * u, c + held[:, None] * v
    return ((p - q) ** 2).sum(axis=1), p, q


def _corner(point: Floats, faces: Floats) -> Found:
    """Return where points stand over the inside of triangles; over their edges other pairs are closer."""
    normal = _cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    size = (normal * normal).sum(axis=1)
    height = ((point - faces[:, 0]) * normal).sum(axis=1) / np.where(size > 0, size, 1.0)
    foot = point - height[:, None] * normal
    squares = np.where(holds(faces, normal, foot) & (size > 0), height * height * size, np.inf)
    return squares, point, foot


def _pierce(start: Floats, end: Floats, faces: Floats) -> Found:
    """Return where segments go through triangles."""
    normal = _cross(faces[:, 1] - faces[:, 0], faces[:, 2] - faces[:, 0])
    low = ((start - faces[:, 0]) * normal).sum(axis=1)
    high = ((end - faces[:, 0]) * normal).sum(axis=1)
    through = (low < 0) != (high < 0)
    part = low / np.where(through, low - high, 1.0)
    point = start + part[:, None] * (end - start)
    squares = np.where(through & holds(faces, normal, point), 0.0, np.inf)
    return squares, point, point


def holds(faces: Floats, normal: Floats, point: Floats) -> NDArray[np.bool_]:
    """Tell whether points in the planes of triangles lie inside of these."""
    inside = np.ones(point.shape[:-1], bool)
    for corner in range(3):
        a, b = faces[..., corner, :], faces[..., NEXT[corner], :]
        inside &= (_cross(b - a, point - a) * normal).sum(axis=-1) >= 0
    return inside
