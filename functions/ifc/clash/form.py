"""Bodies to be tested: a mesh measured once in its own coordinates, and the same at its place."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.quads import join
from functions.ifc.clash.vectors import AFTER, cross, dot, lengths, normals
from functions.ifc.geometry.solids import Solid

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats, Mesh

    Numbers = NDArray[np.int64]

WELD_M = 1e-6  # points as near as that are one
FLAT_M = 1e-6  # how far a convex body's points may stand out of its faces
ALIGNED = 1e-5  # directions as alike as that are one
ROWS = 500
MAX_FACES = 4000  # a body of more triangles is not asked whether it is convex


class Form:
    """A mesh in its own coordinates: welded points, triangles that look outwards, what kind of body it is.

    `closed` tells whether the surface has no boundary: only then the body has an inside.
    """

    def __init__(self, points: Floats, triangles: NDArray[np.integer]) -> None:
        """Weld the points, drop triangles without an area, and turn what looks inwards."""
        self.points, numbers = _weld(points)
        found = numbers[triangles.astype(np.int64)]
        apart = (found[:, 0] != found[:, 1]) & (found[:, 1] != found[:, 2]) & (found[:, 2] != found[:, 0])
        self.triangles: Numbers = found[apart]
        self.closed = len(self.triangles) > 3 and self._is_closed()  # noqa: PLR2004 - a tetrahedron
        if self.closed:
            self._turn()

    @classmethod
    def of(cls, mesh: Mesh) -> Form:
        """Return the form of a mesh."""
        return cls(mesh.points, np.concatenate([part for _, part in mesh.parts]))

    @property
    def corners(self) -> Floats:
        """The corners of the triangles, as a (triangles, 3, 3) array."""
        return self.points[self.triangles]

    @cached_property
    def planes(self) -> Floats:
        """The normals of the triangles, as long as their area is large."""
        return normals(self.corners) / 2

    @cached_property
    def area(self) -> float:
        """The area of the surface."""
        return float(lengths(self.planes).sum())

    @cached_property
    def volume(self) -> float:
        """The volume that the surface encloses; nothing where it is open."""
        return float(_volumes(self.corners - self.points.mean(axis=0)).sum()) if self.closed else 0.0

    @cached_property
    def normals(self) -> Floats:
        """The directions that faces look in, opposite ones as one, those of the largest faces first."""
        sizes = lengths(self.planes)
        faces = sizes > 0
        return _directions(self.planes[faces] / sizes[faces][:, None], sizes[faces])

    @cached_property
    def edges(self) -> Floats:
        """The directions of the edges between faces that are not in one plane."""
        units = self.planes / np.maximum(lengths(self.planes), 1e-300)[:, None]
        ends = self.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2)
        owners = np.repeat(np.arange(len(self.triangles)), 3)
        ends = np.sort(ends, axis=1)
        order = np.lexsort((ends[:, 1], ends[:, 0]))
        ends, owners = ends[order], owners[order]
        same = (ends[1:] == ends[:-1]).all(axis=1)
        bent = np.ones(len(ends), bool)
        flat = same & (np.abs((units[owners[1:]] * units[owners[:-1]]).sum(axis=1)) > 1 - ALIGNED**2)
        bent[1:] &= ~flat
        bent[:-1] &= ~flat
        steps = self.points[ends[bent, 1]] - self.points[ends[bent, 0]]
        sizes = lengths(steps)
        return _directions(steps / sizes[:, None], sizes)

    @cached_property
    def quads(self) -> Numbers:
        """The faces as quadrilaterals; see `quads`."""
        return join(self.points, self.triangles)

    @cached_property
    def segments(self) -> Numbers:
        """The edges, as pairs of points, each once."""
        ends = np.sort(self.triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2), axis=1)
        return np.unique(ends, axis=0)

    @cached_property
    def pieces(self) -> int:
        """In how many pieces the surface hangs together."""
        owners = np.zeros(len(self.points), np.int64)
        return int(count_pieces(self.segments, owners, np.unique(self.segments), 1)[0])

    @cached_property
    def convex(self) -> bool:
        """Whether the body is convex."""
        if not self.closed or len(self.triangles) > MAX_FACES:
            return False
        sizes = lengths(self.planes)
        faces = sizes > WELD_M**2
        normals = self.planes[faces] / sizes[faces][:, None]
        offsets = (normals * self.points[self.triangles[faces, 0]]).sum(axis=1)
        for start in range(0, len(normals), ROWS):
            some = slice(start, start + ROWS)
            if ((normals[some] @ self.points.T).max(axis=1) - offsets[some]).max() > FLAT_M:
                return False
        return True

    def _is_closed(self) -> bool:
        """Tell whether there is no boundary: every edge is run along as often forth as back, or nearly."""
        starts, ends = self.triangles.ravel(), self.triangles[:, AFTER].ravel()
        count = len(self.points)
        if (np.sort(starts * count + ends) == np.sort(ends * count + starts)).all():
            return True
        return Solid(self.corners).closed

    def _turn(self) -> None:
        """Turn the pieces of the surface that look inwards, unless they are holes in another piece."""
        pieces = _pieces(self.triangles, len(self.points))
        middle = self.points.mean(axis=0)
        volumes = np.bincount(pieces, _volumes(self.corners - middle))
        if (volumes >= 0).all():
            return
        corners = self.corners
        boxes = [
            (corners[pieces == piece].min(axis=(0, 1)), corners[pieces == piece].max(axis=(0, 1)))
            for piece in range(len(volumes))
        ]
        for piece in np.flatnonzero(volumes < 0):
            low, high = boxes[piece]
            inside = any(
                (box[0] < low).all() and (high < box[1]).all()
                for other, box in enumerate(boxes)
                if other != piece
            )
            if not inside:
                mine = pieces == piece
                self.triangles[mine] = self.triangles[mine][:, ::-1]


@dataclass(eq=False)
class Body:
    """A form at its place: a 4x4 matrix in metres. `low` and `high` are the corners of its box."""

    form: Form
    placement: Floats

    def __post_init__(self) -> None:
        """Place the points."""
        self.points: Floats = self.form.points @ self.placement[:3, :3].T + self.placement[:3, 3]
        self.low, self.high = self.points.min(axis=0), self.points.max(axis=0)

    @cached_property
    def normals(self) -> Floats:
        """The directions that its faces look in."""
        turned: Floats = self.form.normals @ self.placement[:3, :3].T
        return turned

    @cached_property
    def edges(self) -> Floats:
        """The directions of its edges."""
        turned: Floats = self.form.edges @ self.placement[:3, :3].T
        return turned

    def corners(self, origin: Floats) -> Floats:
        """Return the corners of the triangles, seen from an origin near by."""
        moved: Floats = (self.points - origin)[self.form.triangles]
        return moved

    def faces(self, frame: Floats, origin: Floats) -> Floats:
        """Return the corners of the faces, seen from an origin near by along the rows of a frame."""
        moved: Floats = ((self.points - origin) @ frame.T)[self.form.quads]
        return moved


@dataclass(eq=False)
class Pair:
    """Two bodies, and a point between them that all is seen from: far from it numbers lose their digits."""

    a: Body
    b: Body

    def __post_init__(self) -> None:
        """Choose the point; whole metres add no digits."""
        a, b = self.a, self.b
        self.origin: Floats = np.round((np.maximum(a.low, b.low) + np.minimum(a.high, b.high)) / 2)

    @cached_property
    def one(self) -> Floats:
        """The corners of the first body's triangles."""
        return self.a.corners(self.origin)

    @cached_property
    def other(self) -> Floats:
        """The corners of the second body's triangles."""
        return self.b.corners(self.origin)

    @cached_property
    def turned(self) -> Pair:
        """The same with the bodies exchanged."""
        found = Pair(self.b, self.a)
        found.one, found.other = self.other, self.one
        return found

    @property
    def meets(self) -> bool:
        """Whether the boxes have more than their faces in common."""
        return bool((self.a.low < self.b.high).all() and (self.b.low < self.a.high).all())

    @property
    def closed(self) -> bool:
        """Whether both bodies have an inside."""
        return self.a.form.closed and self.b.form.closed

    @property
    def crossings(self) -> int:
        """How many pairs of an edge of the first and a triangle of the second there are."""
        return len(self.a.form.segments) * len(self.b.form.triangles)

    @property
    def work(self) -> int:
        """How many pairs of triangles there are."""
        return len(self.a.form.triangles) * len(self.b.form.triangles)


def _weld(points: Floats) -> tuple[Floats, Numbers]:
    """Return each different point once, and the new number of every old one."""
    grid = np.round((points - points.min(axis=0)) / WELD_M).astype(np.int64)
    first, numbers = _distinguish(grid)
    return points[first], numbers


def _distinguish(rows: Numbers) -> tuple[Numbers, Numbers]:
    """Return where each different row is first, and the number of every row among the different ones."""
    order = np.lexsort(rows.T[::-1])
    ordered = rows[order]
    fresh = np.ones(len(rows), bool)
    fresh[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    numbers = np.empty(len(rows), np.int64)
    numbers[order] = np.cumsum(fresh) - 1
    return order[fresh], numbers


def _volumes(corners: Floats) -> Floats:
    """Return the signed volumes between triangles and the origin."""
    return dot(corners[:, 0], cross(corners[:, 1], corners[:, 2])) / 6


def _directions(units: Floats, weights: Floats) -> Floats:
    """Return the different directions, opposite ones as one, those of the largest weight first."""
    grid = np.round(units / ALIGNED).astype(np.int64)
    leading = np.argmax(grid != 0, axis=1)
    signs = np.sign(grid[np.arange(len(grid)), leading])
    signs[signs == 0] = 1
    first, owners = _distinguish(grid * signs[:, None])
    sums = np.round(np.bincount(owners, weights), 9)
    order = np.argsort(-sums, kind="stable")
    found: Floats = (units * signs[:, None])[first[order]]
    return found


def _pieces(triangles: Numbers, count: int) -> Numbers:
    """Return for every triangle the number of the piece of the surface that it belongs to."""
    labels = _label(triangles, count)
    return np.unique(labels[triangles[:, 0]], return_inverse=True)[1].reshape(-1)


def count_pieces(edges: Numbers, owners: Numbers, points: Numbers, count: int) -> Numbers:
    """Return in how many pieces some points hang together by edges, for each owner of points."""
    pieces = np.unique(_label(edges, len(owners))[points])
    return np.bincount(owners[pieces], minlength=count)


def _label(groups: Numbers, count: int) -> Numbers:
    """Return for every point the least number of a point that groups, a row each, connect it with."""
    labels = np.arange(count)
    while True:
        lowest = labels[groups].min(axis=1)
        fresh = labels.copy()
        for column in range(groups.shape[1]):
            np.minimum.at(fresh, groups[:, column], lowest)
            np.minimum.at(fresh, labels[groups[:, column]], lowest)
        fresh = fresh[fresh]
        if (fresh == labels).all():
            return labels
        labels = fresh
