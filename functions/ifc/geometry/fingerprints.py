"""Fingerprints of shapes that are expensive to make: products with equal ones have equal meshes.

Storeys of a building repeat their walls and doors, as instances of their own. A fingerprint is a digest of
all that decides about a product's mesh in its own coordinates: its class, the whole content of its
representations, their styles, its openings with their places, and its materials and those of its type.
Instance numbers do not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import ifcopenshell
import numpy as np
from numpy.typing import NDArray

from functions.ifc.geometry.shapes import is_drawn
from functions.ifc.geometry.texts import Index, Texts
from functions.ifc.reader import Reader
from functions.ifc.step.digests import Digests
from functions.ifc.step.rows import MISSING

FACETED = frozenset(
    {
        "IfcFacetedBrep", "IfcFaceBasedSurfaceModel", "IfcShellBasedSurfaceModel",
        "IfcPolygonalFaceSet", "IfcTriangulatedFaceSet",
    }
)  # fmt: skip
# What decides about looks from outside the representation, in ways that are not read here.
FOREIGN = ("IfcPresentationLayerWithStyle", "IfcIndexedColourMap")


class UnreadError(Exception):
    """The content is damaged, or depends on something that is not read here."""


@dataclass
class Fingerprints:
    """Digests of the shapes of one model; without its texts there are none."""

    reader: Reader
    texts: Texts | None = None

    def __post_init__(self) -> None:
        """Read which instances have styles, openings and materials."""
        reader = self.reader
        self._foreign = any(reader.all(name) for name in FOREIGN)
        self._styles: dict[int, tuple[int, ...]] = {}
        for styled in reader.all("IfcStyledItem"):
            item = reader.entity(styled, "Item")
            if item is not None:
                self._style(item, reader.entities(styled, "Styles"))
        for definition in reader.all("IfcMaterialDefinitionRepresentation"):
            material = reader.entity(definition, "RepresentedMaterial")
            if material is not None:
                self._style(material, reader.entities(definition, "Representations"))
        self._openings = _group(
            reader.pairs("IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement")
        )
        self._wholes = _group(
            (b, a) for a, b in reader.pairs("IfcRelAggregates", "RelatingObject", "RelatedObjects")
        )
        self._materials = _group(
            (b, a) for a, b in reader.pairs("IfcRelAssociatesMaterial", "RelatingMaterial", "RelatedObjects")
        )
        self._types = _group(
            (b, a) for a, b in reader.pairs("IfcRelDefinesByType", "RelatingType", "RelatedObjects")
        )
        self._kept: dict[int, int | None] = {}
        self._digests: Digests | None = None
        if self.texts is not None and not self._foreign:
            self._digests = self.texts.index.digests(self._styles)

    def _style(
        self, owner: ifcopenshell.entity_instance, more: Iterable[ifcopenshell.entity_instance]
    ) -> None:
        """Remember styles by number: an instance in Python takes ten times as much."""
        self._styles[owner.id()] = (*self._styles.get(owner.id(), ()), *(style.id() for style in more))

    def _get(self, numbers: Iterable[int]) -> list[ifcopenshell.entity_instance]:
        """Return instances by number."""
        return [self.reader.model.by_id(number) for number in numbers]

    def settle(self) -> None:
        """Forget all digests but those of looks; there are no fingerprints any more."""
        looks = {
            number for some in (self._styles, self._materials) for each in some.values() for number in each
        }
        self._kept = {number: self._find(number) for number in looks}
        self._digests = None

    def of(self, product: ifcopenshell.entity_instance) -> bytes | None:
        """Return a product's fingerprint; None where it has none that can be trusted."""
        try:
            parts = [*self._shape(product), *self._looks(product), *self._voids(product)]
        except UnreadError:
            return None
        return _join(product.is_a(), parts)

    def look(self, product: ifcopenshell.entity_instance, styles: Iterable[bytes]) -> bytes:
        """Return a digest of all that decides about colours: class, materials, and the items' styles.

        Raises an UnreadError.
        """
        return _join(product.is_a(), [*self._looks(product), *sorted(set(styles))])

    def style(self, items: Iterable[ifcopenshell.entity_instance]) -> bytes:
        """Return a digest of the styles of each item, equal where they have none. Raises an UnreadError."""
        styles = [[self._digest(style) for style in self._styles.get(item.id(), ())] for item in items]
        return repr(styles).encode()

    def is_styled(self, *numbers: int) -> bool:
        """Tell whether an instance has a style of its own."""
        return not self._styles.keys().isdisjoint(numbers)

    def styled(self, index: Index) -> NDArray[np.bool_]:
        """Tell of each row of an index whether it has a style of its own."""
        found = np.zeros(len(index), bool)
        rows = index.rows([*self._styles])
        found[rows[rows != MISSING]] = True
        return found

    def openings(self, product: ifcopenshell.entity_instance) -> list[ifcopenshell.entity_instance]:
        """Return the openings that are cut out of a product."""
        return self._get(self._openings.get(product.id(), ()))

    def _digest(self, number: int) -> int:
        """Return the digest of an instance. Raises an UnreadError."""
        found = self._find(number)
        if found is None:
            raise UnreadError
        return found

    def _find(self, number: int) -> int | None:
        """Return the digest of an instance, if there is one."""
        if self._digests is None or self.texts is None:
            return self._kept.get(number)
        row = self.texts.index.row(number)
        return int(self._digests.words[row]) if row != MISSING and self._digests.known[row] else None

    def _shape(self, product: ifcopenshell.entity_instance) -> Iterator[int]:
        """Yield the digests of the representations. Lines do not count: they have no part in a mesh."""
        shape = self.reader.entity(product, "Representation")
        for representation in self.reader.entities(shape, "Representations"):
            if not is_drawn(representation, self.reader):
                yield self._digest(representation.id())

    def _looks(self, product: ifcopenshell.entity_instance) -> Iterator[int]:
        """Yield the materials of the product and of its type."""
        for owner in (product.id(), *self._types.get(product.id(), ())):
            yield 0
            yield from map(self._digest, self._materials.get(owner, ()))

    def _voids(self, product: ifcopenshell.entity_instance) -> Iterator[int]:
        """Yield the openings, each by its place in the product's own coordinates.

        The openings of a whole cut its parts as well, from somewhere else: such parts are left alone.
        """
        if not self._openings.keys().isdisjoint(self._above(product.id())):
            raise UnreadError
        openings = self.openings(product)
        placement = self.reader.entity(product, "ObjectPlacement") if openings else None
        for opening in openings:
            own = self.reader.entity(opening, "ObjectPlacement")
            parent = self.reader.entity(own, "PlacementRelTo")
            place = self.reader.entity(own, "RelativePlacement")
            if placement is None or parent is None or place is None or parent.id() != placement.id():
                raise UnreadError
            yield 1
            yield self._digest(place.id())
            yield from self._shape(opening)

    def _above(self, number: int) -> set[int]:
        """Return the numbers of the wholes that a product is a part of, directly or through others."""
        found, queue = set[int](), [number]
        while queue:
            wholes = [whole for whole in self._wholes.get(queue.pop(), ()) if whole not in found]
            found.update(wholes)
            queue += wholes
        return found


def _group(
    pairs: Iterator[tuple[ifcopenshell.entity_instance, ifcopenshell.entity_instance]],
) -> dict[int, tuple[int, ...]]:
    """Return the numbers of the second ones by those of the first."""
    groups: dict[int, tuple[int, ...]] = {}
    for first, second in pairs:
        groups[first.id()] = (*groups.get(first.id(), ()), second.id())
    return groups


def _join(kind: str, parts: Iterable[int | bytes]) -> bytes:
    """Return one digest of a class and of some others."""
    return hashlib.blake2b(repr((kind, *parts)).encode(), digest_size=16).digest()
