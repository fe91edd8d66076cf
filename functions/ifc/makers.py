"""Meshes made here instead of by a geometry kernel, as far as a kernel has shown what they look like.

Triangles of flat faces are worked out by `functions.ifc.faces`; which style gets which colour and name,
through styled items, materials and the kernel's own defaults, is not worked out here but learned: the first
element of every look (class, materials, styles of its items) is made by the kernel, and by us. Where both
agree in area, box and volume, and each of our styles covers as much as one material of the kernel's, the
other elements of that look are made here. Where they do not, all of them are left to the kernel.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import ifcopenshell
import numpy as np

from functions.ifc.faces import Faces, Facets
from functions.ifc.fingerprints import FACETED, Fingerprints, UnreadError
from functions.ifc.mesh import Material, Mesh
from functions.ifc.placements import WORLD, Placements
from functions.ifc.shapes import LINES

if TYPE_CHECKING:
    from functions.ifc.mesh import Floats, Indices
    from functions.ifc.polygons import Integers
    from functions.ifc.texts import Texts

    Triangles = Integers | Indices

SAME = 1e-6  # relatively, of areas and volumes
BOX_M = 1e-6
ORIENTED = 0.999  # the cosine from which on a kernel's normal is that of the triangle's plane
Entity = ifcopenshell.entity_instance


@dataclass(frozen=True)
class Plan:
    """What to make a product's mesh of: its items, by number, the style of each, and the look of the whole."""

    items: tuple[int, ...]
    styles: tuple[bytes, ...]
    look: bytes


@dataclass
class Maker:
    """Plans and makes meshes; `scale` is metres per length unit."""

    fingerprints: Fingerprints
    placements: Placements
    texts: Texts
    scale: float
    normals: bool = True
    _known: dict[bytes, dict[bytes, Material] | None] = field(default_factory=dict)

    def plan(self, product: Entity) -> Plan | None:
        """Return how to make a product that is not cut; None where it is not for us.

        The product must have a fingerprint: then all that decides about its looks has been read.
        """
        items = self._items(product)
        if not items or any(item.is_a() not in FACETED for item in items):
            return None
        try:
            styles = tuple(self.fingerprints.style(item) for item in items)
            look = self.fingerprints.look(product, styles)
        except UnreadError:
            return None
        return Plan(tuple(item.id() for item in items), styles, look)

    def is_known(self, plan: Plan) -> bool:
        """Tell whether the look of a plan has been learned, or found to be none that could be."""
        return plan.look in self._known

    def make(self, plan: Plan) -> Mesh | None:
        """Return the mesh, in the product's coordinates; None where a kernel has to make it."""
        materials = self._known.get(plan.look)
        facets = self._facets(plan) if materials else None
        if materials is None or facets is None:
            return None
        groups = split(plan, facets)
        parts = tuple((materials[style], rows.astype(np.uint32)) for style, rows in groups.items())
        return Mesh.make(facets.points, facets.normals if self.normals else None, parts)

    def learn(self, plan: Plan, mesh: Mesh) -> None:
        """Compare what a kernel made of a plan's product with what we make of it."""
        facets = None if self.is_known(plan) else self._facets(plan)
        if facets is not None:
            self._known[plan.look] = compare(facets, split(plan, facets), mesh)

    def _facets(self, plan: Plan) -> Facets | None:
        """Return the triangles of the items."""
        lines = self.texts.lines(plan.items)
        if lines is None or any(self.fingerprints.is_styled(each) for each in lines.keys() - {*plan.items}):
            return None
        return Faces(lines, self.scale).make(plan.items)

    def _items(self, product: Entity) -> tuple[Entity, ...]:
        """Return the items of the only body of a product, through a map that moves nothing."""
        reader = self.placements.reader
        shape = reader.entity(product, "Representation")
        bodies = [
            representation
            for representation in reader.entities(shape, "Representations")
            if reader.text(representation, "RepresentationType") not in LINES
        ]
        if len(bodies) != 1 or reader.text(bodies[0], "RepresentationIdentifier") != "Body":
            return ()
        items = reader.entities(bodies[0], "Items")
        if len(items) != 1 or items[0].is_a() != "IfcMappedItem":
            return items
        source = reader.entity(items[0], "MappingSource")
        if self.fingerprints.is_styled(items[0].id()) or not self._stays(items[0], source):
            return ()
        return reader.entities(reader.entity(source, "MappedRepresentation"), "Items")

    def _stays(self, item: Entity, source: Entity | None) -> bool:
        """Tell whether a map leaves everything where it is."""
        reader = self.placements.reader
        target, origin = reader.entity(item, "MappingTarget"), reader.entity(source, "MappingOrigin")
        if target is None or target.is_a() != "IfcCartesianTransformationOperator3D":
            return False
        axes = [reader.entity(target, name) for name in ("Axis1", "Axis2", "Axis3")]
        ratios = [axis and reader.read(axis, "DirectionRatios") for axis in axes]
        place = self.placements.point(reader.entity(target, "LocalOrigin"))
        return (
            all(ratio in (None, unit) for ratio, unit in zip(ratios, WORLD[1:], strict=True))
            and place == WORLD[0]
            and reader.read(target, "Scale") in (None, 1.0)
            and self.placements.frame(origin) == WORLD
        )


def split(plan: Plan, facets: Facets) -> dict[bytes, Integers]:
    """Return the triangles by style, in the order of the items."""
    styles = list(dict.fromkeys(plan.styles))
    places = np.array([styles.index(style) for style in plan.styles])[facets.owners]
    groups = {style: facets.triangles[places == place] for place, style in enumerate(styles)}
    return {style: rows for style, rows in groups.items() if len(rows)}


def compare(facets: Facets, groups: dict[bytes, Integers], mesh: Mesh) -> dict[bytes, Material] | None:
    """Return the materials that a kernel gave the styles; None where its mesh is another than ours."""
    if not _agree(facets, mesh):
        return None
    theirs: dict[Material, float] = {}
    for material, triangles in mesh.parts:
        theirs[material] = theirs.get(material, 0.0) + _area(mesh.points, triangles)
    found: dict[bytes, Material] = {}
    for style, rows in groups.items():
        area = _area(facets.points, rows)
        fitting = [material for material, other in theirs.items() if abs(area - other) <= SAME * other]
        if len(fitting) != 1:
            return None
        found[style] = fitting[0]
    return found if len(set(found.values())) == len(found) == len(theirs) else None


def _agree(ours: Facets, mesh: Mesh) -> bool:
    """Tell whether areas, volumes and boxes are the same, and the kernel's normals those of planes."""
    theirs = np.concatenate([part for _, part in mesh.parts])
    used = ours.points[np.unique(ours.triangles)]
    low, high = used.min(axis=0), used.max(axis=0)
    area, other = _area(ours.points, ours.triangles), _area(mesh.points, theirs)
    volume, expected = _volume(ours.points - low, ours.triangles), _volume(mesh.points - low, theirs)
    reach = float((high - low).max())
    return bool(
        np.abs(np.stack([low, high]) - mesh.bounds).max() <= BOX_M
        and abs(area - other) <= SAME * other
        and abs(volume - expected) <= SAME * max(abs(expected), SAME * other * reach)
        and _is_flat(mesh, theirs)
    )


def _is_flat(mesh: Mesh, triangles: Triangles) -> bool:
    """Tell whether the normals of a mesh are those of its planes; true where it has none."""
    if mesh.normals is None:
        return True
    planes = _planes(mesh.points, triangles)
    sizes = np.linalg.norm(planes, axis=1)
    large = sizes > SAME * sizes.max()
    slopes = np.einsum("ijk,ik->ij", mesh.normals[triangles[large]], planes[large] / sizes[large, None])
    return bool(slopes.min() >= ORIENTED)


def _planes(points: Floats, triangles: Triangles) -> Floats:
    a, b, c = np.moveaxis(points[triangles], 1, 0)
    found: Floats = np.cross(b - a, c - a)
    return found


def _area(points: Floats, triangles: Triangles) -> float:
    return float(np.linalg.norm(_planes(points, triangles), axis=1).sum()) / 2


def _volume(points: Floats, triangles: Triangles) -> float:
    return float(np.einsum("ij,ij->", points[triangles[:, 0]], _planes(points, triangles))) / 6
