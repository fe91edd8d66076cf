"""Fingerprints of shapes that are expensive to make: products with equal ones have equal meshes.

A wall with openings is a boolean, and booleans are what tessellation spends its time on; storeys of a
building repeat them, as instances of their own. A fingerprint is a digest of all that decides about a
product's mesh in its own coordinates: its class, the whole content of its representations, their styles,
its openings with their places, and its materials and those of its type. Instance numbers do not count.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell

from functions.ifc.geometry.shapes import LINES
from functions.ifc.geometry.texts import Texts
from functions.ifc.reader import Reader

# How many instances to read for a product. A boolean is worth more reading than what is made quickly;
# faces one by one are read as slowly as they are made, so they are compared as text.
MAX_CUT, MAX_WHOLE = 5000, 300
FACES = frozenset(
    {"IfcClosedShell", "IfcOpenShell", "IfcConnectedFaceSet", "IfcPolygonalFaceSet", "IfcTriangulatedFaceSet"}
)
FACETED = frozenset(
    {
        "IfcFacetedBrep", "IfcFaceBasedSurfaceModel", "IfcShellBasedSurfaceModel",
        "IfcPolygonalFaceSet", "IfcTriangulatedFaceSet",
    }
)  # fmt: skip
# Of these there are many, and each belongs to one owner: digests kept of them would seldom be used again.
OWNED = frozenset(
    {
        "IfcCartesianPoint", "IfcDirection", "IfcPolyline", "IfcAxis2Placement2D", "IfcAxis2Placement3D",
        "IfcExtrudedAreaSolid", "IfcRectangleProfileDef", "IfcArbitraryClosedProfileDef", "IfcPlane",
        "IfcHalfSpaceSolid", "IfcPolygonalBoundedHalfSpace", "IfcBooleanClippingResult", "IfcMappedItem",
        "IfcCartesianTransformationOperator3D", "IfcMaterialLayerSetUsage",
    }
)  # fmt: skip
MAX_DEPTH = 100
SIMPLE = frozenset({float, int, str, bool, type(None)})  # attributes that are as they are
# What decides about looks from outside the representation, in ways that are not read here.
FOREIGN = ("IfcPresentationLayerWithStyle", "IfcIndexedColourMap")


class UnreadError(Exception):
    """The content is too large, too deep, damaged, or depends on something that is not read here."""


@dataclass
class Fingerprints:
    """Digests of the shapes of one model."""

    reader: Reader
    texts: Texts | None = None
    thin: bool = False  # whether the model lacks faces, so that only texts have them
    _digests: dict[int, bytes | None] = field(default_factory=dict)
    _lengths: dict[str, int] = field(default_factory=dict)  # how many attributes a class has
    _budget: int = 0
    _cut: bool = False

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

    def _style(
        self, owner: ifcopenshell.entity_instance, more: Iterable[ifcopenshell.entity_instance]
    ) -> None:
        """Remember styles by number: an instance in Python takes ten times as much."""
        self._styles[owner.id()] = (*self._styles.get(owner.id(), ()), *(style.id() for style in more))

    def _get(self, numbers: Iterable[int]) -> list[ifcopenshell.entity_instance]:
        """Return instances by number."""
        return [self.reader.model.by_id(number) for number in numbers]

    def of(self, product: ifcopenshell.entity_instance, *, cut: bool) -> bytes | None:
        """Return a product's fingerprint; None where it has none that can be trusted.

        `cut` says that there are booleans in the product's own representation.
        """
        self._cut = cut or product.id() in self._openings
        self._budget = MAX_CUT if self._cut else MAX_WHOLE
        if self._foreign:
            return None
        try:
            parts = [product.is_a(), *self._shape(product), *self._looks(product), *self._voids(product)]
        except UnreadError:
            return None
        return _digest(parts)

    def forget(self) -> None:
        """Free what was kept for the fingerprints of further products."""
        self._digests.clear()

    def look(self, product: ifcopenshell.entity_instance, styles: Iterable[bytes]) -> bytes:
        """Return a digest of all that decides about colours: class, materials, and the items' styles.

        Raises an UnreadError.
        """
        self._budget = MAX_WHOLE
        return _digest([product.is_a(), *self._looks(product), sorted(set(styles))])

    def style(self, items: Iterable[ifcopenshell.entity_instance]) -> bytes:
        """Return a digest of the styles of each item, equal where they have none. Raises an UnreadError."""
        self._budget = MAX_WHOLE
        styles = [self._styles.get(item.id(), ()) for item in items]
        return _digest([[self._instance(style, 0) for style in self._get(some)] for some in styles])

    def is_styled(self, *numbers: int) -> bool:
        """Tell whether an instance has a style of its own."""
        return not self._styles.keys().isdisjoint(numbers)

    def openings(self, product: ifcopenshell.entity_instance) -> list[ifcopenshell.entity_instance]:
        """Return the openings that are cut out of a product."""
        return self._get(self._openings.get(product.id(), ()))

    def _shape(self, product: ifcopenshell.entity_instance) -> Iterator[Any]:
        """Yield the content of the representations; contexts count as themselves."""
        shape = self.reader.entity(product, "Representation")
        for representation in self.reader.entities(shape, "Representations"):
            context = self.reader.entity(representation, "ContextOfItems")
            yield context.id() if context else 0
            yield self.reader.text(representation, "RepresentationIdentifier")
            yield self.reader.text(representation, "RepresentationType")
            yield from self._items(representation, 0)

    def _items(self, representation: ifcopenshell.entity_instance, depth: int) -> Iterator[bytes]:
        """Yield the digests of a representation's items, one for all where they consist of faces.

        Lines do not count: they have no part in a mesh.
        """
        if self.reader.text(representation, "RepresentationType") in LINES:
            return
        items = self.reader.entities(representation, "Items")
        faceted = bool(items) and all(item.is_a() in FACETED for item in items)
        whole = self._text([item.id() for item in items], depth) if faceted else None
        if whole is not None:
            yield whole
        else:
            yield from (self._instance(item, depth) for item in items)

    def _text(self, numbers: list[int], depth: int) -> bytes | None:
        """Return the digest of instances by their text, with the styles of all that it declares."""
        found = None if self.texts is None else self.texts.content(numbers)
        if found is None:
            return None
        styles = [
            (place, [self._instance(style, depth + 1) for style in self._get(self._styles[number])])
            for place, number in enumerate(found.order.tolist())
            if number in self._styles
        ]
        return _digest([found.text, found.references, styles])

    def _told(self, number: int, depth: int) -> bytes:
        """Return the digest of faces that the model lacks. Raises an UnreadError."""
        found = self._text([number], depth)
        if found is None:
            raise UnreadError
        return found

    def _looks(self, product: ifcopenshell.entity_instance) -> Iterator[Any]:
        """Yield the materials of the product and of its type."""
        for owner in (product.id(), *self._types.get(product.id(), ())):
            yield "material"
            for material in self._get(self._materials.get(owner, ())):
                yield self._instance(material, 0)

    def _voids(self, product: ifcopenshell.entity_instance) -> Iterator[Any]:
        """Yield the openings, each by its place in the product's own coordinates.

        The openings of a whole cut its parts as well, from somewhere else: such parts are left alone.
        """
        if any(whole in self._openings for whole in self._wholes.get(product.id(), ())):
            raise UnreadError
        placement = self.reader.entity(product, "ObjectPlacement")
        for opening in self.openings(product):
            own = self.reader.entity(opening, "ObjectPlacement")
            parent = self.reader.entity(own, "PlacementRelTo")
            place = self.reader.entity(own, "RelativePlacement")
            if placement is None or parent is None or place is None or parent.id() != placement.id():
                raise UnreadError
            yield opening.is_a()
            yield self._instance(place, 0)
            yield from self._shape(opening)

    def _instance(self, instance: ifcopenshell.entity_instance, depth: int) -> bytes:
        """Return the digest of an instance and of all that it refers to."""
        number = instance.id()
        if number in self._digests:
            known = self._digests[number]
            if known is None:
                raise UnreadError
            return known
        self._budget -= 1
        kind = instance.is_a()
        if self._budget < 0 or depth > MAX_DEPTH or (kind in FACES and not self._cut):
            raise UnreadError
        if kind in FACES and self.thin:
            return self._told(number, depth)
        if number:
            self._digests[number] = None  # until it is known: who meets it before runs in a circle
        values: list[Any] = [kind]
        try:
            values += self._values(instance, kind, depth + 1)
        except (RuntimeError, ValueError):
            raise UnreadError from None
        digest = _digest(values)
        if kind in OWNED:
            del self._digests[number]
        elif number:
            self._digests[number] = digest
        return digest

    def _values(self, instance: ifcopenshell.entity_instance, kind: str, depth: int) -> list[Any]:
        """Return the attributes of an instance, and its styles."""
        if kind not in self._lengths:
            self._lengths[kind] = len(instance)
        count = self._lengths[kind] - (kind == "IfcShapeRepresentation")  # Items stand last
        read = map(instance.get_argument, range(count))
        values = [value if type(value) in SIMPLE else self._value(value, depth) for value in read]
        if count < self._lengths[kind]:
            values += self._items(instance, depth)
        styles = self._styles.get(instance.id())
        if styles:
            values += [self._instance(style, depth) for style in self._get(styles)]
        return values

    def _value(self, value: object, depth: int) -> object:
        """Return an attribute with instances replaced by their digests; a style's item counts as such."""
        if isinstance(value, tuple):
            return tuple([item if type(item) in SIMPLE else self._value(item, depth) for item in value])
        if not isinstance(value, ifcopenshell.entity_instance):
            return value
        return self._instance(value, depth)


def _group(
    pairs: Iterator[tuple[ifcopenshell.entity_instance, ifcopenshell.entity_instance]],
) -> dict[int, tuple[int, ...]]:
    """Return the numbers of the second ones by those of the first."""
    groups: dict[int, tuple[int, ...]] = {}
    for first, second in pairs:
        groups[first.id()] = (*groups.get(first.id(), ()), second.id())
    return groups


def _digest(values: list[Any]) -> bytes:
    """Return a digest of plain values."""
    return hashlib.blake2b(repr(values).encode("utf-8", "surrogatepass"), digest_size=16).digest()
