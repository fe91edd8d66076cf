"""Measuring a tessellated shape: volume, areas, views, outlines, in metres and in its own axes (z up).

What cannot be said of a shape, such as the volume of one that is open, raises an UnmeasuredError with the
reason.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, TypeVar, cast

import numpy as np

from functions.ifc.geometry.mesh import Mesh
from functions.ifc.late import late

with late():
    import shapely

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

X, Y, Z = np.eye(3)
FLAT = 0.999  # the cosine from which on a face counts as square to a direction
STEEP = 0.7071  # faces up to 45 degrees from the horizontal are tops, as in ifc5d
SAME_M = 1e-5  # planes as near as that are one
GRID_M = 1e-6
OPEN = 1e-5  # what is left of a closed surface's boundary, against its size
RECTANGLE = 0.998  # how much of its box a rectangle fills
# Fields to integrate along the edges: around a closed surface each gives zero, however its edges are split.
FIELDS = np.array(
    [
        [[0.3, -0.7, 0.5], [0.9, 0.2, -0.4], [-0.6, 0.8, 0.1]],
        [[-0.2, 0.4, 0.9], [0.7, -0.5, 0.3], [0.1, 0.6, -0.8]],
    ]
)
GAUSS = ((0.5 - 0.5 * 0.7745966692414834, 5 / 18), (0.5, 8 / 18), (0.5 + 0.5 * 0.7745966692414834, 5 / 18))


class UnmeasuredError(Exception):
    """A quantity that a shape does not have; the message is the reason."""


F = TypeVar("F", bound=Callable[..., Any])


def remember(method: F) -> F:
    """Keep what a method of a solid returns for the same axis: equal elements share a solid."""

    @wraps(method)
    def wrapper(solid: Solid, axis: Floats, **options: Any) -> Any:  # noqa: ANN401 - any method
        key = (method.__name__, axis.tobytes(), *options.values())
        if key not in solid.known:
            solid.known[key] = method(solid, axis, **options)
        return solid.known[key]

    return cast("F", wrapper)


class Solid:
    """One shape; `corners` is a (triangles, 3, 3) array."""

    def __init__(self, corners: Floats) -> None:
        """Measure the triangles."""
        self.corners = corners
        self.known: dict[tuple[Any, ...], Any] = {}
        planes = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]) / 2
        self.sizes = np.linalg.norm(planes, axis=1)
        self.normals = planes / np.where(self.sizes > 0, self.sizes, 1.0)[:, None]

    @classmethod
    def of(cls, mesh: Mesh) -> Solid:
        """Return the solid of a mesh."""
        return cls(mesh.points[np.concatenate([part for _, part in mesh.parts])])

    @remember
    def moved(self, axis: Floats) -> Solid:
        """Return the solid in other axes, given as a 4x4 matrix."""
        return Solid(self.corners @ axis[:3, :3].T + axis[:3, 3])

    @cached_property
    def sides(self) -> Floats:
        """The extents along x, y and z."""
        points = self.corners.reshape(-1, 3)
        found: Floats = points.max(axis=0) - points.min(axis=0)
        return found

    @remember
    def span(self, axis: Floats) -> tuple[float, float]:
        """Return the lowest and the highest place along an axis."""
        places = self.corners.reshape(-1, 3) @ axis
        return float(places.min()), float(places.max())

    def extent(self, axis: Floats) -> float:
        """Return how far it reaches along an axis."""
        low, high = self.span(axis)
        return high - low

    @cached_property
    def largest(self) -> Floats:
        """The direction that its largest face looks in."""
        found: Floats = self.normals[int(self.sizes.argmax())]
        return found

    @cached_property
    def closed(self) -> bool:
        """Whether the surface has no boundary."""
        points = self.corners - self.corners.reshape(-1, 3).mean(axis=0)
        size = max(float(np.abs(points).max()), SAME_M)
        points = points / size
        ends = np.roll(points, -1, axis=1)
        steps = ends - points
        total = np.zeros(len(FIELDS))
        for place, weight in GAUSS:
            middle = points + place * steps
            for index, field in enumerate(FIELDS):
                flow = middle @ field
                total[index] += weight * float(np.sum(flow * flow * flow * steps + flow * steps))
        reach = float(np.linalg.norm(steps, axis=2).sum())
        return bool(np.abs(total).max() <= OPEN * reach)

    @cached_property
    def volume(self) -> float:
        """The volume, of a closed surface only."""
        if not self.closed:
            raise UnmeasuredError("the shape is not closed")
        a, b, c = np.moveaxis(self.corners - self.corners.reshape(-1, 3).mean(axis=0), 1, 0)
        return abs(float(np.einsum("ij,ij->", a, np.cross(b, c)))) / 6

    @property
    def area(self) -> float:
        """The area of the whole surface."""
        return float(self.sizes.sum())

    @property
    def top_area(self) -> float:
        """The area of the faces that look up, by 45 degrees at the most."""
        return float(self.sizes[self.normals[:, 2] > STEEP].sum())

    def outer_area(self) -> float:
        """Return the surface without the two ends of the longest axis."""
        axis = np.eye(3)[int(self.sides.argmax())]
        return float(self.sizes[np.abs(self.normals @ axis) < FLAT].sum())

    @remember
    def layers(self, axis: Floats) -> tuple[float, float, float] | None:
        """Return thickness and the areas of both faces, where all faces that look along lie on two planes."""
        slope = self.normals @ axis
        flat = np.abs(slope) > FLAT
        places = self.corners @ axis
        low, high = float(places.min()), float(places.max())
        at_low = flat & (np.abs(places - low).max(axis=1) < SAME_M)
        at_high = flat & (np.abs(places - high).max(axis=1) < SAME_M)
        rest = flat & ~at_low & ~at_high
        first, last = float(self.sizes[at_low].sum()), float(self.sizes[at_high].sum())
        if high - low < SAME_M or not first or not last or self.sizes[rest].sum() > SAME_M * (first + last):
            return None
        return high - low, first, last

    @remember
    def view(self, axis: Floats) -> Any:  # noqa: ANN401 - a geometry of shapely
        """Return what is seen of it along an axis, as polygons across."""
        slope = self.normals @ axis
        facing = self.corners[slope > 1 - FLAT]
        if not len(facing):
            raise UnmeasuredError("nothing of the shape is seen from there")
        flat = facing @ across(axis).T
        return shapely.union_all(shapely.polygons(flat), grid_size=GRID_M)

    @remember
    def view_area(self, axis: Floats) -> float:
        """Return the area of the view along an axis."""
        slope = self.normals @ axis
        for sign in (1.0, -1.0):
            facing = sign * slope > 1 - FLAT
            if facing.any() and self._single(facing):
                return float((self.sizes * np.abs(slope))[facing].sum())
        return float(self.view(axis).area)

    def _single(self, faces: Any) -> bool:  # noqa: ANN401 - a mask
        """Tell whether faces lie on one plane, so that none hides another."""
        first = int(np.flatnonzero(faces)[self.sizes[faces].argmax()])
        normal = self.normals[first]
        places = (self.corners[faces] - self.corners[first, 0]) @ normal
        return bool(np.abs(places).max() < SAME_M)

    @remember
    def rectangle(self, axis: Floats) -> tuple[float, float]:
        """Return the longer and the shorter side of the view along an axis, if it is a rectangle."""
        view = self.view(axis)
        box = view.minimum_rotated_rectangle
        if view.area < RECTANGLE * box.area:
            raise UnmeasuredError("it is not rectangular")
        ring = np.asarray(box.exterior.coords)
        longer, shorter = sorted(np.linalg.norm(np.diff(ring[:3], axis=0), axis=1), reverse=True)
        return float(longer), float(shorter)

    @remember
    def outline(self, axis: Floats, *, holes: bool) -> float:
        """Return the length of the outline of the view along an axis."""
        view = self.view(axis)
        return float(
            sum(
                part.exterior.length + (sum(ring.length for ring in part.interiors) if holes else 0.0)
                for part in getattr(view, "geoms", [view])
            )
        )


def across(axis: Floats) -> Floats:
    """Return two unit vectors square to an axis, as rows."""
    other = X if abs(float(axis @ X)) < STEEP else Y
    second = np.cross(axis, other)
    second = second / np.linalg.norm(second)
    return np.stack([np.cross(second, axis), second])
