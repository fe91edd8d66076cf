"""A witness for booleans: volume and box of a cut element, worked out without any geometry kernel.

It covers what walls are mostly made of: an extruded convex polygon, clipped by half spaces, minus openings
that are extruded convex polygons and do not overlap one another. All of these are convex, and so are
their intersections: the volume of the result is that of the clipped body less those of its intersections
with the openings. Anything else has no witness. Lengths are metres.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import ifcopenshell
import numpy as np

from functions.ifc.geometry.convex import TINY_M, Faces, box_of, clip, dot, intersect, volume_of
from functions.ifc.geometry.extrusions import Extrusions
from functions.ifc.geometry.polygons import cross
from functions.ifc.placements import Frame, Placements, Vector, transform, transform_all

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Mesh

HalfSpace = tuple[ifcopenshell.entity_instance, Vector, float]

BOX_M = 1e-4
VOLUME = 1e-4  # of the body's own
MAX_CLIPS = 20


@dataclass(frozen=True)
class Testimony:
    """The volume in cubic metres and the box (two rows, metres) that a mesh must have; and what it is worked
    out from: a convex body, and the convex pieces that are bitten out of it.
    """

    volume: float
    box: Floats
    body: Faces
    bites: Sequence[Faces]

    def confirms(self, mesh: Mesh, *, within: float = VOLUME) -> bool:
        """Tell whether a mesh is closed, of one material, and has this volume and this box.

        `within` is what may be lacking, of the whole volume and of the whole surface.
        """
        if len(mesh.parts) != 1:
            return False
        points = mesh.points - self.box[0]
        a, b, c = points[mesh.parts[0][1].T]
        normals = cross(b - a, c - a)
        gap = np.abs(normals.sum(axis=0)).max()
        volume = float(np.einsum("ij,ij->i", a, normals).sum()) / 6
        return bool(
            gap <= within * np.abs(normals).sum()
            and abs(volume - self.volume) <= within * self.volume
            and np.abs(mesh.bounds - self.box).max() <= BOX_M
        )


@dataclass
class Witness:
    """Works out testimonies for the products of one model; `scale` is metres per length unit."""

    placements: Placements
    scale: float

    def __post_init__(self) -> None:
        """Get ready to read extrusions."""
        self.extrusions = Extrusions(self.placements, self.scale)

    def testify(
        self, product: ifcopenshell.entity_instance, openings: Sequence[ifcopenshell.entity_instance]
    ) -> Testimony | None:
        """Return what a mesh of the product must be like; None where that is beyond this witness.

        Openings must be placed relative to the product.
        """
        item = self._only_item(product)
        body, bites = (None, []) if item is None else self._clipped(item)
        if not body:
            return None
        for opening in openings:
            hole = self._opening(opening)
            if hole is None:
                return None
            bites.append(intersect(body, hole))
        volume, boxes = volume_of(body), list[tuple[Vector, Vector]]()
        bites = [bite for bite in bites if bite]
        for bite in bites:
            box = box_of(bite)
            if any(_overlap(box, other) for other in boxes):
                return None
            boxes.append(box)
            volume -= volume_of(bite)
        return Testimony(volume, np.array(box_of(body)), body, bites) if volume > TINY_M else None

    def _only_item(self, product: ifcopenshell.entity_instance) -> ifcopenshell.entity_instance | None:
        """Return the one item of the one body of a product."""
        reader = self.placements.reader
        shape = reader.entity(product, "Representation")
        bodies = [
            representation
            for representation in reader.entities(shape, "Representations")
            if reader.text(representation, "RepresentationIdentifier") == "Body"
        ]
        items = reader.entities(bodies[0], "Items") if len(bodies) == 1 else ()
        return items[0] if len(items) == 1 else None

    def _clipped(self, item: ifcopenshell.entity_instance) -> tuple[Faces | None, list[Faces]]:
        """Return an extrusion clipped by half spaces, and the pieces that bounded ones bite out of it."""
        reader = self.placements.reader
        halves = []
        while item.is_a("IfcBooleanResult"):
            first, second = reader.entity(item, "FirstOperand"), reader.entity(item, "SecondOperand")
            half = None if second is None else self._half_space(second)
            if first is None or half is None or reader.read(item, "Operator") != "DIFFERENCE":
                return None, []
            halves.append(half)
            item = first
            if len(halves) > MAX_CLIPS:
                return None, []
        body = self.extrusions.prism(item) or []
        for _, normal, offset in (half for half in halves if half[0].is_a() == "IfcHalfSpaceSolid"):
            body = clip(body, normal, offset)
        bites = []
        for bounded, normal, offset in (half for half in halves if half[0].is_a() != "IfcHalfSpaceSolid"):
            sides = self._sides(bounded)
            if sides is None:
                return None, []
            whole = bite = clip(body, (-normal[0], -normal[1], -normal[2]), -offset)
            for side, reach in sides:
                bite = clip(bite, side, reach) if bite else []
            if bite and abs(volume_of(bite) - volume_of(whole)) <= TINY_M:
                body = clip(body, normal, offset)  # it reaches across: the box of the rest is known
            else:
                bites.append(bite)
        return body, bites

    def _half_space(self, item: ifcopenshell.entity_instance) -> HalfSpace | None:
        """Return a half space with its plane: the normal points out of what stays, then its offset."""
        reader = self.placements.reader
        surface = reader.entity(item, "BaseSurface")
        frame = self.placements.frame(reader.entity(surface, "Position"))
        if surface is None or surface.is_a() != "IfcPlane" or frame is None:
            return None
        # AgreementFlag: the normal points away from the half space, whose material is taken away.
        x, y, z = (-value if reader.read(item, "AgreementFlag") else value for value in frame[3])
        return item, (x, y, z), dot((x, y, z), frame[0]) * self.scale

    def _sides(self, half: ifcopenshell.entity_instance) -> list[tuple[Vector, float]] | None:
        """Return the planes of the convex polygon that bounds a half space, with normals out of it."""
        reader = self.placements.reader
        frame = self.placements.frame(reader.entity(half, "Position"))
        ring = self.extrusions.polygon(reader.entity(half, "PolygonalBoundary"))
        if half.is_a() != "IfcPolygonalBoundedHalfSpace" or frame is None or ring is None:
            return None
        _, (a, b, c), (x, y, z), _ = frame
        sides: list[tuple[Vector, float]] = []
        for (u, v), (s, t) in zip(ring, [*ring[1:], ring[0]], strict=True):
            length = math.hypot(s - u, t - v)
            p, q = (t - v) / length, (s - u) / length
            normal = a * p - x * q, b * p - y * q, c * p - z * q
            sides.append((normal, dot(normal, transform(frame, (u, v, 0.0))) * self.scale))
        return sides

    def _opening(self, opening: ifcopenshell.entity_instance) -> Faces | None:
        """Return an opening in the coordinates of the product that it is placed in."""
        item = self._only_item(opening)
        faces = None if item is None else self.extrusions.prism(item)
        own = self.placements.reader.entity(opening, "ObjectPlacement")
        frame = self.placements.frame(self.placements.reader.entity(own, "RelativePlacement"))
        if faces is None or frame is None:
            return None
        x, y, z = (value * self.scale for value in frame[0])
        metres: Frame = ((x, y, z), *frame[1:])
        return [transform_all(metres, face) for face in faces]


def _overlap(one: tuple[Vector, Vector], other: tuple[Vector, Vector]) -> bool:
    """Tell whether two boxes overlap."""
    return all(one[0][i] < other[1][i] and other[0][i] < one[1][i] for i in range(3))
