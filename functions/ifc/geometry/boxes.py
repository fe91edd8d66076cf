"""Boxes that shapes lie in, told from what these are made of, before anything is meshed.

A box is never too small, and no larger than it must be where a shape is what most are: extruded profiles and
flat faces, through maps and booleans. What is cut out is left out of account. What is not known here, what is
damaged, and what may be added to from elsewhere has no box: only a mesh tells how far it reaches. Inside, all
lengths are in the model's unit.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING

import ifcopenshell
import numpy as np

from functions.ifc.geometry.extrusions import EXTRUDED, Extrusions, Ring
from functions.ifc.geometry.faces import Faces
from functions.ifc.geometry.fingerprints import FACETED
from functions.ifc.geometry.shapes import LINES
from functions.ifc.geometry.texts import Texts
from functions.ifc.placements import LIMIT_M, WORLD, Frame, Placements, Vector, compose, transform
from functions.ifc.reader import Reader

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

MARGIN_M = 1e-3  # kernels keep to 0.01 mm, and to 1 mm where they round
MAX_DEPTH = 20  # of maps and booleans in one another
AT_ONCE = 500  # elements
UNIT = 1e-6  # how far axes may be from unit vectors at right angles
FLATTEST = 1e-3  # the sine of an arc's corner from which on it is an arc
CUT = ("IfcBooleanClippingResult", "IfcBooleanResult")
# The names of what they measure along x and y, around the middle of the profile.
CENTRED = {
    "IfcRectangleProfileDef": ("XDim", "YDim"),
    "IfcRectangleHollowProfileDef": ("XDim", "YDim"),
    "IfcRoundedRectangleProfileDef": ("XDim", "YDim"),
    "IfcIShapeProfileDef": ("OverallWidth", "OverallDepth"),
}
ROUND = {
    "IfcCircleProfileDef": ("Radius", "Radius"),
    "IfcCircleHollowProfileDef": ("Radius", "Radius"),
    "IfcEllipseProfileDef": ("SemiAxis1", "SemiAxis2"),
    "IfcCircle": ("Radius", "Radius"),
    "IfcEllipse": ("SemiAxis1", "SemiAxis2"),
}
OUTLINED = ("IfcArbitraryClosedProfileDef", "IfcArbitraryProfileDefWithVoids")
AXES = 3
Entity = ifcopenshell.entity_instance


class UntoldError(Exception):
    """Something that is not known here."""


@dataclass
class Hull:
    """What a shape lies between: points, and items of flat faces, each with the frame that it is in."""

    points: list[Vector] = field(default_factory=list)
    faceted: list[tuple[int, Frame]] = field(default_factory=list)

    def add(self, other: Hull, frame: Frame) -> None:
        """Take another one in, which stands in a frame."""
        self.points += [transform(frame, point) for point in other.points]
        self.faceted += [(item, compose(frame, inner)) for item, inner in other.faceted]


@dataclass
class Boxes:
    """Tells the boxes of one model's products; `scale` is metres per length unit."""

    placements: Placements
    texts: Texts
    scale: float
    _maps: dict[int, Hull] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read what is added to by others."""
        self.reader: Reader = self.placements.reader
        self._extrusions = Extrusions(self.placements, self.scale)
        self._faces = Faces(self.texts, 1.0, np.zeros(len(self.texts.index), bool))
        self._grown = {
            product.id()
            for product, _ in self.reader.pairs(
                "IfcRelProjectsElement", "RelatingElement", "RelatedFeatureElement"
            )
        }

    def tell(self, products: Iterable[Entity]) -> dict[int, Floats]:
        """Return boxes by instance number, the lowest and the highest corner in metres, z up.

        What has none is left out.
        """
        found: dict[int, Floats] = {}
        hulls: dict[int, tuple[Frame, Hull]] = {}
        for product in products:
            frame = self.placements.of(product)
            try:
                if frame is not None and product.id() not in self._grown:
                    hulls[product.id()] = frame, self._product(product)
            except (UntoldError, ArithmeticError, LookupError, TypeError, ValueError):
                continue
            if len(hulls) >= AT_ONCE:
                found |= self._place(hulls)
                hulls = {}
        return found | self._place(hulls)

    def _place(self, hulls: dict[int, tuple[Frame, Hull]]) -> dict[int, Floats]:
        """Return the boxes of products, those around what turns with them: as their meshes have them."""
        items = sorted({item for _, hull in hulls.values() for item, _ in hull.faceted})
        corners = dict(zip(items, self._corners(items), strict=True))
        local = {
            number: [
                *hull.points,
                *(transform(frame, point) for item, frame in hull.faceted for point in corners[item]),
            ]
            for number, (_, hull) in hulls.items()
        }
        local = {number: points for number, points in local.items() if points}
        if not local:
            return {}
        counts = [len(points) for points in local.values()]
        points = np.array([*chain.from_iterable(local.values())])
        starts = np.cumsum([0, *counts[:-1]])
        low, high = (bound.reduceat(points, starts) * self.scale for bound in (np.minimum, np.maximum))
        frames = np.array([hulls[number][0] for number in local])
        turns = frames[:, 1:].swapaxes(1, 2)
        middle = np.einsum("nij,nj->ni", turns, (low + high) / 2) + frames[:, 0] * self.scale
        half = np.einsum("nij,nj->ni", np.abs(turns), (high - low) / 2) + MARGIN_M
        boxes = np.stack([middle - half, middle + half], axis=1)
        known = (np.abs(boxes) < LIMIT_M).all(axis=(1, 2))  # nor is what is no number
        return {number: box for number, box, sure in zip(local, boxes, known.tolist(), strict=True) if sure}

    def _corners(self, items: Sequence[int]) -> list[list[Vector]]:
        """Return the corners of the boxes of items of faces; not numbers where these are not known."""
        if not items:
            return []
        bounds = self._faces.bounds(items)
        picked = np.array([[(i >> axis) & 1 for axis in range(AXES)] for i in range(1 << AXES)])
        return [[*map(tuple, each)] for each in bounds[:, picked, np.arange(AXES)].tolist()]

    def _product(self, product: Entity) -> Hull:
        """Return what a product lies between, in its own coordinates."""
        found = Hull()
        shape = self.reader.entity(product, "Representation")
        for representation in self.reader.entities(shape, "Representations"):
            if self.reader.text(representation, "RepresentationType") not in LINES:
                found.add(self._representation(representation, 0), WORLD)
        return found

    def _representation(self, representation: Entity, depth: int) -> Hull:
        """Return what the items of a representation lie between."""
        found = Hull()
        for item in self.reader.entities(representation, "Items"):
            found.add(self._item(item, depth), WORLD)
        return found

    def _item(self, item: Entity | None, depth: int) -> Hull:
        """Return what an item lies between."""
        kind = item.is_a() if item is not None and depth < MAX_DEPTH else ""
        if item is None or not kind:
            raise UntoldError
        if kind == EXTRUDED:
            return Hull(self._extrude(item))
        if kind in FACETED:
            return Hull(faceted=[(item.id(), WORLD)])
        if kind == "IfcMappedItem":
            return self._map(item, depth)
        if kind in CUT:
            found = Hull()
            found.add(self._item(self.reader.entity(item, "FirstOperand"), depth + 1), WORLD)
            if self.reader.read(item, "Operator") not in {"DIFFERENCE", "INTERSECTION"}:
                found.add(self._item(self.reader.entity(item, "SecondOperand"), depth + 1), WORLD)
            return found
        raise UntoldError

    def _map(self, item: Entity, depth: int) -> Hull:
        """Return what a mapped item lies between."""
        source, target = (self.reader.entity(item, name) for name in ("MappingSource", "MappingTarget"))
        if source is None or target is None:
            raise UntoldError
        if self.placements.frame(self.reader.entity(source, "MappingOrigin")) != WORLD:
            raise UntoldError
        known = self._maps.get(source.id())
        if known is None:
            mapped = self.reader.entity(source, "MappedRepresentation")
            if mapped is None:
                raise UntoldError
            known = self._maps[source.id()] = self._representation(mapped, depth + 1)
        found = Hull()
        found.add(known, self._operator(target))
        return found

    def _operator(self, target: Entity) -> Frame:
        """Return the frame of a uniform transformation, its axes as long as its scale."""
        if target.is_a() != "IfcCartesianTransformationOperator3D":
            raise UntoldError
        origin = self.placements.point(self.reader.entity(target, "LocalOrigin"))
        named = [self.reader.entity(target, name) for name in ("Axis1", "Axis2", "Axis3")]
        scale = self.reader.read(target, "Scale")
        axes = np.array([
            unit if axis is None else self.reader.read(axis, "DirectionRatios")
            for axis, unit in zip(named, WORLD[1:], strict=True)
        ], np.float64)  # fmt: skip
        right = np.abs(axes @ axes.T - np.eye(AXES)).max() < UNIT and np.linalg.det(axes) > 0
        if origin is None or not right or not (scale is None or 0 < scale < math.inf):
            raise UntoldError
        x, y, z = ((a, b, c) for a, b, c in (axes * (1.0 if scale is None else scale)).tolist())
        return origin, x, y, z

    def _extrude(self, item: Entity) -> list[Vector]:
        """Return the points that an extrusion lies between."""
        profile, position = self.reader.entity(item, "SweptArea"), self.reader.entity(item, "Position")
        depth, direction = self.reader.number(item, "Depth"), self.reader.entity(item, "ExtrudedDirection")
        frame = self.placements.frame(position) if position else WORLD
        if profile is None or direction is None or depth is None or frame is None:
            raise UntoldError
        x, y, z = self.reader.read(direction, "DirectionRatios")
        if abs(math.hypot(x, y, z) - 1) > UNIT:
            raise UntoldError
        ring = self._profile(profile)
        low = [(u, v, 0.0) for u, v in ring]
        high = [(u + x * depth, v + y * depth, z * depth) for u, v in ring]
        return [transform(frame, point) for point in (*low, *high)]

    def _profile(self, profile: Entity) -> Ring:
        """Return points that a profile lies between."""
        kind = profile.is_a()
        if kind in OUTLINED:
            return self._curve(self.reader.entity(profile, "OuterCurve"))
        sizes = CENTRED.get(kind)
        return self._around(profile, sizes, 0.5) if sizes else self._around(profile, ROUND.get(kind, ()), 1.0)

    def _around(self, item: Entity, names: Sequence[str], factor: float) -> Ring:
        """Return the corners of a rectangle around the middle of something, which has a position."""
        sizes = [self.reader.number(item, name) for name in names]
        if len(sizes) != 2 or not sizes[0] or not sizes[1]:  # noqa: PLR2004
            raise UntoldError
        x, y = sizes[0] * factor, sizes[1] * factor
        position = self.reader.entity(item, "Position")
        ring = self._extrusions.placed([(-x, -y), (x, -y), (x, y), (-x, y)], position)
        if ring is None:
            raise UntoldError
        return ring

    def _curve(self, curve: Entity | None) -> Ring:
        """Return points that a curve in a plane lies between."""
        kind = "" if curve is None else curve.is_a()
        if curve is None:
            raise UntoldError
        if kind == "IfcPolyline":
            points = [
                self.reader.read(point, "Coordinates") for point in self.reader.entities(curve, "Points")
            ]
            return _flat(points)
        if kind == "IfcIndexedPolyCurve":
            return self._indexed(curve)
        if kind == "IfcCompositeCurve":
            parts = [
                self.reader.entity(part, "ParentCurve") for part in self.reader.entities(curve, "Segments")
            ]
            return [*chain.from_iterable(map(self._curve, parts))]
        if kind == "IfcTrimmedCurve":
            curve = self.reader.entity(curve, "BasisCurve")
        return self._around(curve, ROUND.get(curve.is_a(), ()), 1.0) if curve is not None else []

    def _indexed(self, curve: Entity) -> Ring:
        """Return points that a curve of lines and arcs lies between."""
        points = _flat(self.reader.read(self.reader.entity(curve, "Points"), "CoordList"))  # type: ignore[arg-type]
        segments = self.reader.read(curve, "Segments") or ()
        found = list(points)
        for segment in segments:
            if segment.is_a() == "IfcLineIndex":
                continue
            a, b, c = (points[place - 1] for place in self.reader.wrapped(segment))
            found += _round(a, b, c)
        return found


def _flat(points: Sequence[Sequence[float]]) -> Ring:
    """Return points of a plane."""
    ring = [(float(x), float(y)) for x, y in points]
    if not ring:
        raise UntoldError
    return ring


def _round(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> Ring:
    """Return the corners of a square around the circle through three points."""
    (x, y), (u, v) = ((point[0] - a[0], point[1] - a[1]) for point in (b, c))
    double = 2 * (x * v - y * u)
    one, other = x * x + y * y, u * u + v * v
    if abs(double) <= FLATTEST * math.sqrt(one * other):
        raise UntoldError
    h, k = (v * one - y * other) / double, (x * other - u * one) / double
    radius = math.hypot(h, k)
    h, k = h + a[0], k + a[1]
    return [
        (h - radius, k - radius),
        (h + radius, k + radius),
        (h - radius, k + radius),
        (h + radius, k - radius),
    ]
