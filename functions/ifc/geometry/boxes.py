"""Boxes that shapes lie in, told from what these are made of, before anything is meshed.

A box is never too small, and no larger than it must be where a shape is what most are: extruded profiles and
flat faces, through maps and booleans. What is cut out is left out of account. What is not known here or is
damaged has no box: only a mesh tells how far it reaches. Nothing may be added to a shape from elsewhere.

All is worked out for many products at once, in the model's unit. A frame is four rows, the origin and the
axes; what is not known is not a number, and so is all that depends on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.geometry.attributes import GONE, Attributes
from functions.ifc.geometry.extrusions import EXTRUDED
from functions.ifc.geometry.faces import Faces
from functions.ifc.geometry.fingerprints import FACETED
from functions.ifc.geometry.shapes import LINES
from functions.ifc.placements import LIMIT_M
from functions.ifc.step.rows import MISSING

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats
    from functions.ifc.geometry.polygons import Integers
    from functions.ifc.geometry.texts import Rows

MARGIN_M = 1e-3  # kernels keep to 0.01 mm, and to 1 mm where they round
AT_ONCE = 1000  # products
MAX_DEPTH = 20  # of maps, booleans and curves in one another
MAX_CHAIN = 100  # of placements
UNIT = 1e-6  # how far axes may be from unit vectors at right angles
BENT = 1e-3  # the sine from which on an arc is one
CUT = ("IfcBooleanClippingResult", "IfcBooleanResult")
# What reaches so far from its middle: the names of two lengths, and the factor from these.
AROUND = {
    "IfcRectangleProfileDef": ("XDim", "YDim", 0.5),
    "IfcRectangleHollowProfileDef": ("XDim", "YDim", 0.5),
    "IfcRoundedRectangleProfileDef": ("XDim", "YDim", 0.5),
    "IfcIShapeProfileDef": ("OverallWidth", "OverallDepth", 0.5),
    # The middle of their box, or, as older versions had it, some other place in it.
    "IfcCShapeProfileDef": ("Width", "Depth", 1.0),
    "IfcLShapeProfileDef": ("Width", "Depth", 1.0),
    "IfcTShapeProfileDef": ("FlangeWidth", "Depth", 1.0),
    "IfcUShapeProfileDef": ("FlangeWidth", "Depth", 1.0),
    "IfcZShapeProfileDef": ("FlangeWidth", "Depth", 1.0),
    "IfcCircleProfileDef": ("Radius", "Radius", 1.0),
    "IfcCircleHollowProfileDef": ("Radius", "Radius", 1.0),
    "IfcEllipseProfileDef": ("SemiAxis1", "SemiAxis2", 1.0),
    "IfcCircle": ("Radius", "Radius", 1.0),
    "IfcEllipse": ("SemiAxis1", "SemiAxis2", 1.0),
}
SETS = ("IfcPolygonalFaceSet", "IfcTriangulatedFaceSet")  # which refer to a list of points first of all
# What has no part in a mesh, in a representation of lines.
LINEAR = (
    "IfcBoundingBox", "IfcCartesianPoint", "IfcCompositeCurve", "IfcGeometricCurveSet", "IfcIndexedPolyCurve",
    "IfcPolyline", "IfcTrimmedCurve",
)  # fmt: skip
# What consists of other curves: the names on the way to them, all but the last one of lists.
MADE_OF = {
    "IfcArbitraryClosedProfileDef": ("OuterCurve",),
    "IfcArbitraryProfileDefWithVoids": ("OuterCurve",),
    "IfcCompositeCurve": ("Segments", "ParentCurve"),
    "IfcTrimmedCurve": ("BasisCurve",),
}
SEGMENT = "IfcCompositeCurveSegment"
CORNERS = np.array([[x, y, z] for x in (0, 1) for y in (0, 1) for z in (0, 1)])
SQUARE = np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
SPACE, PLANE = 3, 2


@dataclass
class Points:
    """Points, and whose they are."""

    owners: list[Integers] = field(default_factory=list)
    points: list[Floats] = field(default_factory=list)
    size: int = SPACE

    def add(self, points: Floats, owners: Integers) -> None:
        """Take some in."""
        self.points.append(points.reshape(-1, self.size))
        self.owners.append(owners)

    def all(self) -> tuple[Floats, Integers]:
        """Return all, and whose they are."""
        none = np.zeros(0, np.int64)
        return np.concatenate([np.zeros((0, self.size)), *self.points]), np.concatenate([none, *self.owners])


@dataclass(frozen=True)
class Boxes:
    """Tells the boxes of a model's products; `scale` is metres per length unit."""

    attributes: Attributes
    scale: float

    def tell(self, products: Sequence[int]) -> dict[int, Floats]:
        """Return boxes by instance number, the lowest and the highest corner in metres, z up.

        What has none is left out.
        """
        found: dict[int, Floats] = {}
        for start in range(0, len(products), AT_ONCE):
            some = products[start : start + AT_ONCE]
            with self.attributes.opened(), np.errstate(invalid="ignore", divide="ignore"):
                boxes = self._tell(self.attributes.texts.index.rows(some))
            sure = np.flatnonzero((np.abs(boxes) < LIMIT_M).all(axis=(1, 2)))  # what is no number is not
            found |= {some[place]: boxes[place] for place in sure.tolist()}
        return found

    def _tell(self, rows: Rows) -> Floats:
        """Return the boxes of products: those around what is turned with them, as meshes have them."""
        frames = self._stand(self.attributes.below(rows, "ObjectPlacement"))
        points, owners = self._fill(rows)
        low, high = np.full((len(rows), SPACE), np.inf), np.full((len(rows), SPACE), -np.inf)
        np.minimum.at(low, owners, points)
        np.maximum.at(high, owners, points)
        middle = _turn(frames, (low + high) / 2) * self.scale
        half = _turn(np.abs(frames), (high - low) / 2, origin=0.0) * self.scale + MARGIN_M
        return np.stack([middle - half, middle + half], axis=1)

    def _stand(self, rows: Rows) -> Floats:
        """Return the frames of local placements, in the world."""
        found = _world(len(rows))
        found[rows == MISSING] = np.nan
        for _ in range(MAX_CHAIN):
            there = np.flatnonzero(rows != MISSING)
            if not len(there):
                return found
            links, which = np.unique(rows[there], return_inverse=True)
            local = self._axes(_there(self.attributes.below(links, "RelativePlacement")))
            local[self.attributes.kinds(links) != "IfcLocalPlacement"] = np.nan
            found[there] = _compose(local[which], found[there])
            rows = np.full(len(rows), MISSING, np.int32)
            rows[there] = self.attributes.below(links, "PlacementRelTo")[which]
        found[rows != MISSING] = np.nan
        return found

    def _axes(self, rows: Rows) -> Floats:
        """Return the frames that axes are; the world where there are none."""
        found = _world(len(rows))
        there = rows != MISSING
        some = rows[there]
        origin = self.attributes.vectors(self.attributes.below(some, "Location"), "Coordinates", SPACE)
        up, along = (self._direction(some, name, axis) for name, axis in (("Axis", 2), ("RefDirection", 0)))
        along = _normed(along - up * (along * up).sum(axis=1, keepdims=True))
        found[there] = np.stack([origin, along, np.cross(up, along), up], axis=1)
        found[there & (self.attributes.kinds(rows) != "IfcAxis2Placement3D")] = np.nan
        return found

    def _direction(self, rows: Rows, name: str, axis: int) -> Floats:
        """Return unit vectors that attributes refer to, those of an axis where they are not set."""
        below = self.attributes.below(rows, name)
        found = self.attributes.vectors(below, "DirectionRatios", SPACE)
        found[below == MISSING] = np.eye(SPACE)[axis]
        return _normed(found)

    def _fill(self, rows: Rows) -> tuple[Floats, Integers]:
        """Return points that products lie between, in their own coordinates."""
        found = Points()
        shapes = self.attributes.below(rows, "Representation")
        bodies, owners = self.attributes.lists(shapes, "Representations")
        lines = np.array(
            [kind in LINES for kind in self.attributes.values(bodies, "RepresentationType")], bool
        )
        items, which = self.attributes.lists(bodies, "Items")
        solid = ~lines[which] | ~np.isin(self.attributes.kinds(items), LINEAR)  # whatever it says it is
        items, owners = items[solid], owners[which[solid]]
        frames = _world(len(items))
        for _ in range(MAX_DEPTH):
            if not len(items):
                return found.all()
            kinds = self.attributes.kinds(items)
            some = kinds == EXTRUDED
            self._extrude(items[some], frames[some], owners[some], found)
            faceted = np.isin(kinds, [*FACETED])
            self._face(items[faceted], frames[faceted], owners[faceted], found)
            cut, mapped = np.isin(kinds, CUT), kinds == "IfcMappedItem"
            unknown = ~(some | faceted | cut | mapped)
            found.add(np.full((int(unknown.sum()), SPACE), np.nan), owners[unknown])
            more = [
                self._cut(items[cut], frames[cut], owners[cut]),
                self._map(items[mapped], frames[mapped], owners[mapped]),
            ]
            items, frames, owners = (np.concatenate(part) for part in zip(*more, strict=True))
        found.add(np.full((len(items), SPACE), np.nan), owners)
        return found.all()

    def _face(self, rows: Rows, frames: Floats, owners: Integers, found: Points) -> None:
        """Add the corners of the boxes of faces."""
        items, which = np.unique(rows, return_inverse=True)
        index, sets = self.attributes.texts.index, np.isin(self.attributes.kinds(items), SETS)
        faces = Faces(self.attributes.texts, 1.0, np.zeros(len(index), bool))
        spans = np.full((len(items), 2, SPACE), np.nan)
        listed, counts = index.below(items[sets])
        firsts = np.full(len(counts), MISSING, np.int32)
        firsts[counts > 0] = listed[(np.cumsum(counts) - counts)[counts > 0]]
        spans[sets] = faces.span_lists(firsts)
        spans[~sets] = faces.span_models(items[~sets])
        points = spans[which][:, CORNERS, np.arange(SPACE)].reshape(-1, SPACE)
        found.add(_turn(np.repeat(frames, len(CORNERS), axis=0), points), np.repeat(owners, len(CORNERS)))

    def _cut(self, rows: Rows, frames: Floats, owners: Integers) -> tuple[Rows, Floats, Integers]:
        """Return what booleans are of: the first operands, and of unions the second ones as well."""
        both = self.attributes.values(rows, "Operator") != "DIFFERENCE"
        first, second = (self.attributes.below(rows, name) for name in ("FirstOperand", "SecondOperand"))
        parts = (first, second[both]), (frames, frames[both]), (owners, owners[both])
        items, frames, owners = (np.concatenate(part) for part in parts)
        return _there(items), frames, owners

    def _map(self, rows: Rows, frames: Floats, owners: Integers) -> tuple[Rows, Floats, Integers]:
        """Return the items of maps. Only maps of what stands at the origin are known."""
        sources = self.attributes.below(rows, "MappingSource")
        origins = self._axes(_there(self.attributes.below(sources, "MappingOrigin")))
        moved = (origins != _world(len(rows))).any(axis=(1, 2))
        targets = self._operate(self.attributes.below(rows, "MappingTarget"))
        targets[moved] = np.nan
        items, which = self.attributes.lists(self.attributes.below(sources, "MappedRepresentation"), "Items")
        return items, _compose(frames, targets)[which], owners[which]

    def _operate(self, rows: Rows) -> Floats:
        """Return the frames of transformations, their axes as long as these scale."""
        origin = self.attributes.vectors(self.attributes.below(rows, "LocalOrigin"), "Coordinates", SPACE)
        axes = np.stack([self._direction(rows, f"Axis{axis + 1}", axis) for axis in range(SPACE)], axis=1)
        square = np.abs(axes @ axes.swapaxes(1, 2) - np.eye(SPACE)).max(axis=(1, 2)) < UNIT
        known = self.attributes.kinds(rows) == "IfcCartesianTransformationOperator3D"
        scale = self.attributes.numbers(rows, "Scale", 1.0)
        scale[~(known & square & (np.linalg.det(np.nan_to_num(axes)) > 0) & (scale > 0))] = np.nan
        return np.concatenate([origin[:, None], axes * scale[:, None, None]], axis=1)

    def _extrude(self, rows: Rows, frames: Floats, owners: Integers, found: Points) -> None:
        """Add the points of both ends of extrusions."""
        positions = self.attributes.below(rows, "Position")
        frames = _compose(frames, self._axes(positions))
        below = self.attributes.below(rows, "ExtrudedDirection")
        step = self.attributes.vectors(below, "DirectionRatios", SPACE)
        step[np.abs(np.linalg.norm(step, axis=1) - 1) > UNIT] = np.nan
        step *= self.attributes.numbers(rows, "Depth")[:, None]
        ring, which = self._outline(self.attributes.below(rows, "SweptArea"))
        flat = np.pad(ring, ((0, 0), (0, 1)))
        for end in (flat, flat + step[which]):
            found.add(_turn(frames[which], end), owners[which])

    def _outline(self, rows: Rows) -> tuple[Floats, Integers]:
        """Return points that profiles and curves in a plane lie between, and whose they are."""
        found = Points(size=PLANE)
        owners = np.arange(len(rows))
        for _ in range(MAX_DEPTH):
            if not len(rows):
                return found.all()
            kinds = self.attributes.kinds(rows)
            more = [(rows[:0], owners[:0])]
            for kind in np.unique(kinds.astype(str)).tolist():
                some = np.flatnonzero(kinds == kind)
                if kind in MADE_OF:
                    parts, which = self._parts(rows[some], MADE_OF[kind])
                    more.append((parts, owners[some][which]))
                else:
                    points, which = self._corners(kind, rows[some])
                    found.add(points, owners[some][which])
            rows, owners = (np.concatenate(part) for part in zip(*more, strict=True))
        found.add(np.full((len(rows), PLANE), np.nan), owners)
        return found.all()

    def _parts(self, rows: Rows, names: Sequence[str]) -> tuple[Rows, Integers]:
        """Return the curves that others are made of, and which these are."""
        which = np.arange(len(rows))
        for name in names[:-1]:
            rows, owners = self.attributes.lists(rows, name)
            rows[self.attributes.kinds(rows) != SEGMENT] = GONE  # other kinds have places of their own
            which = which[owners]
        return _there(self.attributes.below(rows, names[-1])), which

    def _corners(self, kind: str, rows: Rows) -> tuple[Floats, Integers]:
        """Return the points of profiles or curves of one kind, and whose they are."""
        which = np.arange(len(rows))
        if kind in AROUND:
            return self._surround(kind, rows), np.repeat(which, len(SQUARE))
        if kind == "IfcPolyline":
            points, owners = self.attributes.lists(rows, "Points")
            return self.attributes.vectors(points, "Coordinates", PLANE), owners
        if kind == "IfcIndexedPolyCurve":
            lists = self.attributes.values(self.attributes.below(rows, "Points"), "CoordList")
            bends = [*map(_bend, lists, self.attributes.values(rows, "Segments"))]
            return np.concatenate(bends), np.repeat(which, [len(bend) for bend in bends])
        return np.full((len(rows), PLANE), np.nan), which

    def _surround(self, kind: str, rows: Rows) -> Floats:
        """Return the corners of rectangles around what has a position and reaches so far from there."""
        *names, factor = AROUND[kind]
        sizes = np.stack([self.attributes.numbers(rows, str(name)) for name in names], axis=1) * float(factor)
        positions = self.attributes.below(rows, "Position")
        origin = self.attributes.vectors(self.attributes.below(positions, "Location"), "Coordinates", PLANE)
        directions = self.attributes.below(positions, "RefDirection")
        along = self.attributes.vectors(directions, "DirectionRatios", PLANE)
        along[directions == MISSING] = (1.0, 0.0)
        along[self.attributes.kinds(positions) != "IfcAxis2Placement2D"] = np.nan
        origin[positions == MISSING], along[positions == MISSING] = 0.0, (1.0, 0.0)
        along = _normed(along)
        across = np.stack([-along[:, 1], along[:, 0]], axis=1)
        u, v = np.moveaxis(SQUARE * sizes[:, None], 2, 0)[..., None]
        found: Floats = u * along[:, None] + v * across[:, None] + origin[:, None]
        return found


def _bend(points: object, segments: object) -> Floats:
    """Return the corners of a curve of lines and arcs, and those of squares around the arcs' circles."""
    unknown = np.full((1, PLANE), np.nan)
    try:
        corners = np.array(points, np.float64).reshape(-1, PLANE)
        arcs = []
        for segment in segments if isinstance(segments, tuple) else ():
            name, places = segment
            if name == b"IFCARCINDEX":
                arcs.append(corners[np.array(places, int) - 1])
            elif name != b"IFCLINEINDEX":
                return unknown
    except (TypeError, ValueError, IndexError):
        return unknown
    return np.concatenate([corners, *map(_ring, arcs)]) if len(corners) else unknown


def _ring(arc: Floats) -> Floats:
    """Return the corners of a square around the circle through three points."""
    (x, y), (u, v) = arc[1:] - arc[0]
    double = 2 * (x * v - y * u)
    one, other = x * x + y * y, u * u + v * v
    if abs(double) <= BENT * np.sqrt(one * other):
        return np.full((1, PLANE), np.nan)
    middle = np.array([v * one - y * other, x * other - u * one]) / double
    found: Floats = arc[0] + middle + SQUARE * np.hypot(*middle)
    return found


def _there(rows: Rows) -> Rows:
    """Return rows with those that must be there and are not as GONE."""
    found: Rows = np.where(rows == MISSING, np.int32(GONE), rows)
    return found


def _world(count: int) -> Floats:
    """Return so many frames of the world."""
    return np.tile(np.concatenate([np.zeros((1, SPACE)), np.eye(SPACE)]), (count, 1, 1))


def _turn(frames: Floats, points: Floats, origin: float = 1.0) -> Floats:
    """Return points of frames outside of these; with 0 for the origin directions."""
    found: Floats = np.einsum("ni,nij->nj", points, frames[:, 1:]) + frames[:, 0] * origin
    return found


def _compose(outer: Floats, inner: Floats) -> Floats:
    """Return frames that are given inside others."""
    found: Floats = np.einsum("nki,nij->nkj", inner, outer[:, 1:])
    found[:, 0] += outer[:, 0]
    return found


def _normed(vectors: Floats) -> Floats:
    """Return vectors as long as 1; those of no length are not numbers."""
    found: Floats = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    return found
