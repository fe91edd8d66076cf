"""Meshes made here instead of by a geometry kernel, as far as a kernel has shown what they look like.

Triangles of flat faces are worked out by `faces`, those of walls with openings from what `witness` says by
`plans`; which style gets which colour and name, through styled items, materials and the kernel's own
defaults, is not worked out here but learned: the first
element of every look (class, materials, styles of its items) is made by the kernel, and by us. Where both
agree in area, box and volume, and each of our styles covers as much as one material of the kernel's, the
other elements of that look are made here. Where they do not, all of them are left to the kernel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import ifcopenshell
import numpy as np

from functions.ifc.geometry.convex import DAMAGED
from functions.ifc.geometry.extrusions import EXTRUDED
from functions.ifc.geometry.faces import Faces, Facets, join
from functions.ifc.geometry.fingerprints import FACETED, Fingerprints, UnreadError
from functions.ifc.geometry.mesh import Material, Mesh
from functions.ifc.geometry.plans import Plans
from functions.ifc.geometry.polygons import cross
from functions.ifc.geometry.shapes import is_drawn
from functions.ifc.placements import WORLD, Placements
from functions.ifc.step.rows import distinct

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Indices
    from functions.ifc.geometry.plans import Solid
    from functions.ifc.geometry.polygons import Integers
    from functions.ifc.geometry.texts import Texts
    from functions.ifc.geometry.witness import Testimony, Witness

    Triangles = Integers | Indices

SAME = 1e-6  # relatively, of areas and volumes
ORIENTED = 0.999  # the cosine from which on a kernel's normal is that of the triangle's plane
CUT = 1e-4  # of what is cut: the fast kernel for booleans is no more exact
UNKNOWN = Material("", (0.0, 0.0, 0.0, 1.0))
Entity = ifcopenshell.entity_instance
Items = dict[int, tuple[Entity, ...]]


@dataclass(frozen=True)
class Draft:
    """A product's triangles by the styles of its items, the look of the whole, and how well (relatively) a
    kernel must agree about areas and volumes.
    """

    look: bytes
    facets: Facets
    groups: Mapping[bytes, Integers]
    within: float


@dataclass
class Maker:
    """Drafts shapes and makes meshes of them; `scale` is metres per length unit."""

    fingerprints: Fingerprints
    witness: Witness
    texts: Texts
    scale: float
    normals: bool = True
    _known: dict[bytes, dict[bytes, Material] | None] = field(default_factory=dict)
    _bodies: Items = field(default_factory=dict)
    _plans: Plans = field(default_factory=Plans)

    def __post_init__(self) -> None:
        """Get ready to make faces."""
        self.faces = Faces(self.texts, self.scale, self.fingerprints.styled(self.texts.index))

    @property
    def placements(self) -> Placements:
        """The places of the model."""
        return self.witness.placements

    def count(self, product: Entity) -> int:
        """Return about how many faces a product has where it consists of faces; reads what it consists of."""
        items = self._bodies[product.id()] = self._items(product)
        faceted = bool(items) and all(item.is_a() in FACETED for item in items)
        return self.faces.count([item.id() for item in items]) if faceted else 0

    def draft(self, testimonies: Mapping[int, Testimony | None]) -> dict[int, Draft]:
        """Return the triangles of products by number; those that a kernel has to make are left out.

        The products must have been counted, and have fingerprints: then all that decides about their looks
        has been read. A testimony is of a body and what is cut out of it.
        """
        carved, faceted, extruded = Items(), Items(), Items()
        for number, testimony in testimonies.items():
            items = self._bodies.pop(number, ())
            kinds = {item.is_a() for item in items}
            if kinds and testimony is not None:
                carved[number] = items
            elif kinds and kinds <= FACETED:
                faceted[number] = items
            elif kinds == {EXTRUDED}:
                extruded[number] = items
        told = {number: testimony for number, testimony in testimonies.items() if testimony}
        found = dict([*self._carved(carved, told), *self._faceted(faceted), *self._extruded(extruded)])
        return {number: draft for number in testimonies if (draft := found.get(number))}

    def is_known(self, draft: Draft) -> bool:
        """Tell whether a kernel has been asked about a look."""
        return draft.look in self._known

    def make(self, draft: Draft) -> Mesh | None:
        """Return the mesh, in the product's coordinates; None where a kernel has to make it."""
        materials = self._known.get(draft.look)
        if materials is None:
            return None
        parts = tuple((materials[style], rows.astype(np.uint32)) for style, rows in draft.groups.items())
        return Mesh.make(draft.facets.points, draft.facets.normals if self.normals else None, parts)

    def learn(self, draft: Draft, mesh: Mesh) -> bool:
        """Tell whether a kernel has made of a product what we make of it; if so, remember its materials."""
        found = self._known[draft.look] = compare(draft, mesh)
        return found is not None

    def _faceted(self, products: Items) -> Iterator[tuple[int, Draft | None]]:
        """Yield drafts of flat faces."""
        made = self.faces.make([[item.id() for item in items] for items in products.values()])
        for (number, items), facets in zip(products.items(), made, strict=True):
            yield number, self._paint(number, items, facets)

    def _extruded(self, products: Items) -> Iterator[tuple[int, Draft | None]]:
        """Yield drafts of extruded polygons."""
        read: dict[int, list[Solid]] = {}
        for number, items in products.items():
            with suppress(*DAMAGED):
                bodies = [body for item in items if (body := self.witness.extrusions.hollow(item))]
                if len(bodies) == len(items):
                    read[number] = [*bodies]
        made = iter(self._plans.carve([body for bodies in read.values() for body in bodies], convex=False))
        for number, solids in read.items():
            each = [(place, facets) for place, facets in zip(range(len(solids)), made, strict=False)]
            parts = [replace(facets, owners=facets.owners + place) for place, facets in each if facets]
            whole = join(parts) if len(parts) == len(solids) else None
            yield number, self._paint(number, products[number], whole)

    def _paint(self, number: int, items: Sequence[Entity], facets: Facets | None) -> Draft | None:
        """Return a draft of items with the styles of each."""
        if facets is None:
            return None
        with suppress(UnreadError, *DAMAGED):
            styles = [self.fingerprints.style([item]) for item in items]
            look = self.fingerprints.look(self._product(number), set(styles))
            return Draft(look, facets, split(styles, facets), SAME)
        return None

    def _carved(self, products: Items, told: Mapping[int, Testimony]) -> Iterator[tuple[int, Draft | None]]:
        """Yield drafts of bodies with openings. A kernel is asked once about every number of faces."""
        made = self._plans.carve([(told[number].body, *told[number].bites) for number in products])
        for (number, items), facets in zip(products.items(), made, strict=True):
            yield number, self._open(number, items[0], told[number], facets)

    def _open(self, number: int, item: Entity, testimony: Testimony, facets: Facets | None) -> Draft | None:
        """Return a draft of a body with openings, if the testimony confirms it."""
        if facets is None:
            return None
        mesh = Mesh(facets.points, None, ((UNKNOWN, facets.triangles.astype(np.uint32)),), b"")
        with suppress(UnreadError, *DAMAGED):
            if testimony.confirms(mesh, within=SAME):
                style = self.fingerprints.style(self._chain(item))
                shape = [len(testimony.body), sorted(len(bite) for bite in testimony.bites)]
                look = self.fingerprints.look(self._product(number), {style, repr(shape).encode()})
                return Draft(look, facets, {style: facets.triangles}, CUT)
        return None

    def _product(self, number: int) -> Entity:
        return self.placements.reader.model.by_id(number)

    def _chain(self, item: Entity) -> list[Entity]:
        """Return a solid with all that it is clipped from."""
        found = [item]
        while (first := self.placements.reader.entity(found[-1], "FirstOperand")) is not None:
            found.append(first)
        return found

    def _items(self, product: Entity) -> tuple[Entity, ...]:
        """Return the items of the only body of a product, through a map that moves nothing."""
        reader = self.placements.reader
        shape = reader.entity(product, "Representation")
        bodies = [
            representation
            for representation in reader.entities(shape, "Representations")
            if not is_drawn(representation, reader)
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


def split(styles: list[bytes], facets: Facets) -> dict[bytes, Integers]:
    """Return the triangles by style, in the order of the items."""
    names = list(dict.fromkeys(styles))
    if len(names) == 1:
        return {names[0]: facets.triangles}
    places = np.array([names.index(style) for style in styles])[facets.owners]
    groups = {style: facets.triangles[places == place] for place, style in enumerate(names)}
    return {style: rows for style, rows in groups.items() if len(rows)}


def compare(draft: Draft, mesh: Mesh) -> dict[bytes, Material] | None:
    """Return the materials that a kernel gave the styles; None where its mesh is another than ours."""
    facets = draft.facets
    if not _agree(facets, mesh, draft.within):
        return None
    theirs: dict[Material, float] = {}
    for material, triangles in mesh.parts:
        theirs[material] = theirs.get(material, 0.0) + _area(mesh.points, triangles)
    found: dict[bytes, Material] = {}
    for style, rows in draft.groups.items():
        area = _area(facets.points, rows)
        fitting = [
            material for material, other in theirs.items() if abs(area - other) <= draft.within * other
        ]
        if len(fitting) != 1:
            return None
        found[style] = fitting[0]
    return found if len(set(found.values())) == len(found) == len(theirs) else None


def _agree(ours: Facets, mesh: Mesh, within: float) -> bool:
    """Tell whether areas, volumes and boxes are the same, and the kernel's normals those of planes."""
    theirs = np.concatenate([part for _, part in mesh.parts])
    used = ours.points[distinct(ours.triangles)]
    low, high = used.min(axis=0), used.max(axis=0)
    area, other = _area(ours.points, ours.triangles), _area(mesh.points, theirs)
    volume, expected = _volume(ours.points - low, ours.triangles), _volume(mesh.points - low, theirs)
    reach = float((high - low).max())
    return bool(
        np.abs(np.stack([low, high]) - mesh.bounds).max() <= within * reach
        and abs(area - other) <= within * other
        and abs(volume - expected) <= within * max(abs(expected), SAME * other * reach)
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
    found: Floats = cross(b - a, c - a)
    return found


def _area(points: Floats, triangles: Triangles) -> float:
    return float(np.linalg.norm(_planes(points, triangles), axis=1).sum()) / 2


def _volume(points: Floats, triangles: Triangles) -> float:
    return float(np.einsum("ij,ij->", points[triangles[:, 0]], _planes(points, triangles))) / 6
