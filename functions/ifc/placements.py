"""Where products stand: global placements in the model's length unit, without numpy, safe against cycles."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field

import ifcopenshell

from functions.ifc.reader import Reader

Vector = tuple[float, float, float]
Frame = tuple[Vector, Vector, Vector, Vector]
"""Origin and the three axes of a placement, in the model's length unit."""

WORLD: Frame = ((0.0, 0.0, 0.0), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), (0.0, 0.0, 1.0))
LIMIT_M = 1e9  # Farther from the origin than this is no building on Earth: the number is damaged.


@dataclass
class Extent:
    """The axis-aligned box around points, in metres; points that are no place on Earth are counted."""

    low: list[float] = field(default_factory=lambda: [math.inf] * 3)
    high: list[float] = field(default_factory=lambda: [-math.inf] * 3)
    points: int = 0
    rejected: int = 0

    def add(self, point: Vector, scale: float) -> None:
        """Take one point in, given in the model's unit."""
        metres = [value * scale for value in point]
        if not all(math.isfinite(value) and abs(value) <= LIMIT_M for value in metres):
            self.rejected += 1
            return
        self.points += 1
        self.low = [min(pair) for pair in zip(self.low, metres, strict=True)]
        self.high = [max(pair) for pair in zip(self.high, metres, strict=True)]


@dataclass
class Placements:
    """Global frames of local placements, each worked out once."""

    reader: Reader
    cyclic: int = 0
    _frames: dict[int, Frame | None] = field(default_factory=dict)
    _directions: dict[int, Vector | None] = field(default_factory=dict)
    _axes: dict[Vector, Vector] = field(default_factory=dict)
    _turns: dict[tuple[Vector, Vector], tuple[Vector, Vector, Vector]] = field(default_factory=dict)

    def of(self, product: ifcopenshell.entity_instance) -> Frame | None:
        """Return a product's global frame; None where it has no local placement that can be read."""
        placement = self.reader.entity(product, "ObjectPlacement")
        return None if placement is None else self.resolve(placement)

    def resolve(self, placement: ifcopenshell.entity_instance) -> Frame | None:
        """Return the global frame of an IfcLocalPlacement. A chain that bites its tail has none."""
        chain: list[ifcopenshell.entity_instance] = []
        seen: set[int] = set()
        node: ifcopenshell.entity_instance | None = placement
        while node is not None and node.id() not in self._frames:
            if node.id() in seen:
                self.cyclic += 1
                self._frames.update(dict.fromkeys(seen))
                return None
            seen.add(node.id())
            chain.append(node)
            node = self.reader.entity(node, "PlacementRelTo")
        frame = WORLD if node is None else self._frames[node.id()]
        for link in reversed(chain):
            local = self._local(link)
            frame = None if frame is None or local is None else self._share(compose(frame, local))
            self._frames[link.id()] = frame
        return frame

    def _share(self, frame: Frame) -> Frame:
        """Return a frame whose axes are kept once: a building knows few directions."""
        x, y, z = (self._axes.setdefault(axis, axis) for axis in frame[1:])
        return frame[0], x, y, z

    def _local(self, placement: ifcopenshell.entity_instance) -> Frame | None:
        """Return the frame of a local placement in its parent."""
        return self.frame(self.reader.entity(placement, "RelativePlacement"))

    def frame(self, axes: ifcopenshell.entity_instance | None) -> Frame | None:
        """Return the frame that an IfcAxis2Placement3D or IfcAxis2Placement2D describes."""
        origin = self.point(self.reader.entity(axes, "Location"))
        if axes is None or origin is None:
            return None
        up = self._direction(axes, "Axis", WORLD[3])
        along = self._direction(axes, "RefDirection", WORLD[1])
        known = self._turns.get((up, along))
        if known is None:
            x = _unit(_minus(along, _times(up, _dot(along, up)))) or _perpendicular(up)
            known = self._turns[up, along] = x, _cross(up, x), up
        return origin, *known

    def point(self, point: ifcopenshell.entity_instance | None) -> Vector | None:
        """Return the coordinates of an IfcCartesianPoint, a missing third one as 0."""
        values = None if point is None else self.reader.read(point, "Coordinates")
        if not isinstance(values, tuple) or not 1 < len(values) <= 3:  # noqa: PLR2004 - two or three axes
            return None
        x, y, z = (*values, 0.0)[:3]
        return float(x), float(y), float(z)

    def _direction(self, axes: ifcopenshell.entity_instance, name: str, default: Vector) -> Vector:
        """Return a unit vector out of an IfcDirection, or what the standard says when it is left out."""
        direction = self.reader.entity(axes, name)
        if direction is None:
            return default
        number = direction.id()
        if number not in self._directions:
            values = self.reader.read(direction, "DirectionRatios")
            known = isinstance(values, tuple) and 1 < len(values) <= len(default)
            x, y, z = (*values, 0.0)[:3] if known else (0.0, 0.0, 0.0)
            self._directions[number] = _unit((float(x), float(y), float(z)))
        return self._directions[number] or default


def box_corners(reader: Reader, placements: Placements, shape: ifcopenshell.entity_instance) -> list[Vector]:
    """Return the local corners of the IfcBoundingBox items in a product's representations."""
    corners: list[Vector] = []
    for representation in reader.entities(shape, "Representations"):
        if reader.read(representation, "RepresentationType") != "BoundingBox":
            continue
        for box in reader.entities(representation, "Items"):
            corner = placements.point(reader.entity(box, "Corner"))
            sizes = [reader.number(box, name) for name in ("XDim", "YDim", "ZDim")]
            if corner is not None and None not in sizes:
                x, y, z = (float(size or 0) for size in sizes)
                corners += _corners(corner, (x, y, z))
    return corners


def measure(reader: Reader, placements: Placements, products: Iterable[ifcopenshell.entity_instance],
            scale: float) -> Extent:  # fmt: skip
    """Return the extent of products: origins of their placements and authored bounding boxes."""
    extent = Extent()
    for product in products:
        frame = placements.of(product)
        shape = reader.entity(product, "Representation")
        if frame is None or shape is None:
            continue
        extent.add(frame[0], scale)
        for corner in box_corners(reader, placements, shape):
            extent.add(transform(frame, corner), scale)
    return extent


def compose(outer: Frame, inner: Frame) -> Frame:
    """Return a frame that is given inside another one."""
    origin, *axes = inner
    x, y, z = (_turn(outer, axis) for axis in axes)
    return transform(outer, origin), x, y, z


def transform(frame: Frame, point: Vector) -> Vector:
    """Return a local point in the coordinates outside the frame."""
    turned = _turn(frame, point)
    return turned[0] + frame[0][0], turned[1] + frame[0][1], turned[2] + frame[0][2]


def transform_all(frame: Frame, points: Iterable[Vector]) -> list[Vector]:
    """Return local points as `transform` does, in a third of the time."""
    (u, v, w), (a, b, c), (d, e, f), (g, h, i) = frame
    return [
        (a * x + d * y + g * z + u, b * x + e * y + h * z + v, c * x + f * y + i * z + w)
        for x, y, z in points
    ]


def _turn(frame: Frame, v: Vector) -> Vector:
    _, a, b, c = frame
    return (
        a[0] * v[0] + b[0] * v[1] + c[0] * v[2],
        a[1] * v[0] + b[1] * v[1] + c[1] * v[2],
        a[2] * v[0] + b[2] * v[1] + c[2] * v[2],
    )


def _corners(low: Vector, size: Vector) -> list[Vector]:
    return [
        (low[0] + i * size[0], low[1] + j * size[1], low[2] + k * size[2])
        for i in (0, 1)
        for j in (0, 1)
        for k in (0, 1)
    ]


def _unit(v: Vector) -> Vector | None:
    length = math.hypot(*v)
    return (v[0] / length, v[1] / length, v[2] / length) if 0 < length < math.inf else None


def _dot(a: Vector, b: Vector) -> float:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _times(v: Vector, factor: float) -> Vector:
    return v[0] * factor, v[1] * factor, v[2] * factor


def _minus(a: Vector, b: Vector) -> Vector:
    return a[0] - b[0], a[1] - b[1], a[2] - b[2]


def _cross(a: Vector, b: Vector) -> Vector:
    return a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]


def _perpendicular(up: Vector) -> Vector:
    """Return any direction across `up`, for a RefDirection parallel to its Axis."""
    return _unit(_cross(up, WORLD[2])) or WORLD[1]
