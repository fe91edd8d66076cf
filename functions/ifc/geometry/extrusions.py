"""Extruded polygons as plain numbers, in metres."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import ifcopenshell

from functions.ifc.geometry.convex import TINY_M, Faces
from functions.ifc.placements import WORLD, Frame, Placements, Vector, transform_all

Ring = list[tuple[float, float]]
EXTRUDED = "IfcExtrudedAreaSolid"
HOLLOW = "IfcArbitraryProfileDefWithVoids"
POLYGONS = frozenset({"IfcArbitraryClosedProfileDef", HOLLOW})
MAX_CORNERS = 24
TRIANGLE = 3
ONCE_ROUND = 4  # turns of less than 180 degrees, all to one side: no room for a second time


@dataclass
class Extrusions:
    """Reads the extrusions of one model; `scale` is metres per length unit."""

    placements: Placements
    scale: float

    def prism(self, item: ifcopenshell.entity_instance) -> Faces | None:
        """Return an extruded convex polygon without holes; None of anything else."""
        profile = self.placements.reader.entity(item, "SweptArea")
        whole = profile is not None and profile.is_a() != HOLLOW and item.is_a() == EXTRUDED
        ring = self._ring(profile) if profile and whole else None
        convex = None if ring is None else _convex(ring)
        return None if convex is None else self._extrude(item, convex)

    def hollow(self, item: ifcopenshell.entity_instance) -> list[Faces] | None:
        """Return any extruded polygon, and then the holes in it; None of anything else."""
        reader = self.placements.reader
        profile = reader.entity(item, "SweptArea")
        if profile is None or item.is_a() != EXTRUDED:
            return None
        holes = reader.entities(profile, "InnerCurves") if profile.is_a() == HOLLOW else ()
        rings = [self._ring(profile), *(self._corners(hole) for hole in holes)]
        bodies = [None if ring is None else self._extrude(item, _orient(ring)) for ring in rings]
        found = [body for body in bodies if body is not None]
        return found if len(found) == len(bodies) else None

    def _extrude(self, item: ifcopenshell.entity_instance, ring: Ring) -> Faces | None:
        """Return a counterclockwise ring extruded as an item says, in metres."""
        reader = self.placements.reader
        depth, direction = reader.number(item, "Depth"), reader.entity(item, "ExtrudedDirection")
        ratios = direction and reader.read(direction, "DirectionRatios")
        position = reader.entity(item, "Position")
        frame = self.placements.frame(position) if position else WORLD
        if not depth or frame is None or not isinstance(ratios, tuple):
            return None
        length = math.hypot(*ratios)
        if len(ratios) != 3 or not ratios[2] * depth > 0:  # noqa: PLR2004
            return None
        x, y, z = (float(ratio) / length * depth for ratio in ratios)
        low = self._metres(frame, [(u, v, 0.0) for u, v in ring])
        high = self._metres(frame, [(u + x, v + y, z) for u, v in ring])
        sides = [(low[i - 1], low[i], high[i], high[i - 1]) for i in range(len(low))]
        return [low[::-1], high, *sides]

    def _metres(self, frame: Frame, points: Sequence[Vector]) -> list[Vector]:
        """Return local points outside the frame, in metres."""
        scale = self.scale
        return [(x * scale, y * scale, z * scale) for x, y, z in transform_all(frame, points)]

    def _ring(self, profile: ifcopenshell.entity_instance) -> Ring | None:
        """Return the corners of a rectangle, or the outer ones of a polygon, in the model's unit."""
        reader = self.placements.reader
        if profile.is_a() == "IfcRectangleProfileDef":
            x, y = (reader.number(profile, name) for name in ("XDim", "YDim"))
            if not x or not y:
                return None
            x, y = x / 2, y / 2
            return self._placed([(-x, -y), (x, -y), (x, y), (-x, y)], reader.entity(profile, "Position"))
        return self._corners(reader.entity(profile, "OuterCurve")) if profile.is_a() in POLYGONS else None

    def polygon(self, curve: ifcopenshell.entity_instance | None) -> Ring | None:
        """Return the corners of a convex polyline, counterclockwise, in the model's unit."""
        ring = self._corners(curve)
        return None if ring is None else _convex(ring)

    def _corners(self, curve: ifcopenshell.entity_instance | None) -> Ring | None:
        """Return the corners of a closed polyline."""
        reader = self.placements.reader
        if curve is None or curve.is_a() != "IfcPolyline":
            return None
        points = [reader.read(point, "Coordinates") for point in reader.entities(curve, "Points")]
        if not TRIANGLE < len(points) <= MAX_CORNERS or any(len(point) != 2 for point in points):  # noqa: PLR2004
            return None
        return [(float(u), float(v)) for u, v in (points[:-1] if points[0] == points[-1] else points)]

    def _placed(self, ring: Ring, position: ifcopenshell.entity_instance | None) -> Ring | None:
        """Return a ring moved by an IfcAxis2Placement2D."""
        reader = self.placements.reader
        if position is None:
            return ring
        location, direction = reader.entity(position, "Location"), reader.entity(position, "RefDirection")
        origin = None if location is None else reader.read(location, "Coordinates")
        x, y = reader.read(direction, "DirectionRatios")[:2] if direction else (1.0, 0.0)
        length = math.hypot(x, y)
        if not isinstance(origin, tuple) or not length:
            return None
        x, y, (a, b) = x / length, y / length, origin[:2]
        return [(u * x - v * y + a, u * y + v * x + b) for u, v in ring]


def _convex(ring: Ring) -> Ring | None:
    """Return a convex ring counterclockwise; None when it is not convex."""
    edges = [(x - u, y - v) for (u, v), (x, y) in zip(ring, ring[1:] + ring[:1], strict=True)]
    pairs = list(zip(edges, edges[1:] + edges[:1], strict=True))
    turns = [a * d - b * c for (a, b), (c, d) in pairs]
    low, high = min(turns), max(turns)
    if len(ring) <= ONCE_ROUND and (low > 0 or high < 0):
        return ring if high > 0 else ring[::-1]
    angles = [math.atan2(turn, a * c + b * d) for turn, ((a, b), (c, d)) in zip(turns, pairs, strict=True)]
    if not abs(abs(math.fsum(angles)) - 2 * math.pi) <= TINY_M or not (low >= 0 or high <= 0):
        return None
    return ring if high > 0 else ring[::-1]


def _orient(ring: Ring) -> Ring:
    """Return a ring counterclockwise."""
    after = zip(ring, ring[1:] + ring[:1], strict=True)
    return ring if sum(u * y - v * x for (u, v), (x, y) in after) > 0 else ring[::-1]
