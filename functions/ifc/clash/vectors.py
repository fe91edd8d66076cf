"""Vector algebra of rows; numpy's own takes several times as long for few of them.

For many rows memory counts: what is `laid` out has its x, y and z each in one piece.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

AFTER = (1, 2, 0)  # the next corner of a triangle


def laid(rows: Floats) -> Floats:
    """Return the same rows, each coordinate of all of them in one piece of memory."""
    return np.ascontiguousarray(rows.T).T


def take(rows: Floats, numbers: NDArray[np.int64]) -> Floats:
    """Return some rows, laid out; those given should be, too."""
    found: Floats = np.take(rows.T, numbers, axis=-1).T
    return found


def cross(a: Floats, b: Floats) -> Floats:
    """Return the vector products."""
    found = np.empty(np.broadcast_shapes(a.shape, b.shape), order="F")
    for place, (one, other) in enumerate(((1, 2), (2, 0), (0, 1))):
        found[..., place] = a[..., one] * b[..., other] - a[..., other] * b[..., one]
    return found


def dot(a: Floats, b: Floats) -> Floats:
    """Return the scalar products."""
    found: Floats = a[..., 0] * b[..., 0] + a[..., 1] * b[..., 1] + a[..., 2] * b[..., 2]
    return found


def lengths(rows: Floats) -> Floats:
    """Return how long vectors are."""
    return np.sqrt(dot(rows, rows))


def normals(faces: Floats) -> Floats:
    """Return the normals of triangles, twice as long as their area is large."""
    return cross(faces[..., 1, :] - faces[..., 0, :], faces[..., 2, :] - faces[..., 0, :])


def holds(faces: Floats, normal: Floats, point: Floats) -> NDArray[np.bool_]:
    """Tell whether points in the planes of triangles lie inside of these."""
    inside = np.ones(point.shape[:-1], bool)
    for corner in range(3):
        a, b = faces[..., corner, :], faces[..., AFTER[corner], :]
        inside &= dot(cross(b - a, point - a), normal) >= 0
    return inside
