"""What the representations of a product are made of, looked at before any native code sees them."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

import ifcopenshell

from functions.ifc.geometry.convex import cross, dot
from functions.ifc.geometry.curves import is_straight
from functions.ifc.placements import WORLD
from functions.ifc.reader import Reader

BODIES = frozenset({"Body", "Body-FallBack", "Facetation", "Tessellation", "Surface", "SurfaceModel"})
LINES = frozenset(
    {"Curve", "Curve2D", "Curve3D", "GeometricCurveSet", "Annotation2D", "Point", "PointCloud", "BoundingBox"}
)
# Where one representation item refers to others: native code follows these without looking back.
NESTED = {
    "IfcBooleanResult": ("FirstOperand", "SecondOperand"),
    "IfcBooleanClippingResult": ("FirstOperand", "SecondOperand"),
    "IfcCsgSolid": ("TreeRootExpression",),
}
MAX_DEPTH = 300  # Deeper nesting than any tool writes would overflow a native stack.


def is_drawn(representation: ifcopenshell.entity_instance, reader: Reader) -> bool:
    """Tell whether a representation consists of lines, of which no kernel makes triangles.

    That of a body does not, even where its type says so.
    """
    name = reader.text(representation, "RepresentationIdentifier")
    return name not in BODIES and reader.text(representation, "RepresentationType") in LINES


class CycleError(Exception):
    """An instance that refers to itself, directly or through others."""

    def __init__(self, what: str, instance: int) -> None:
        """Name the kind of chain and the instance it was found at."""
        super().__init__(f"{what} of #{instance} runs in a circle")


@dataclass(frozen=True)
class Make:
    """What a shape is made of: whether it should have triangles, is cut by booleans, is for OpenCASCADE
    first; the map that it shares, if any; how many items it has; and whether all are mirrored.
    """

    solid: bool = False
    cut: bool = False
    exact: bool = False
    source: int = 0
    items: int = 0
    mirrored: bool = False

    def __add__(self, other: Make) -> Make:
        """Return what a shape of both is made of."""
        return Make(
            solid=self.solid or other.solid,
            cut=self.cut or other.cut,
            exact=self.exact or other.exact,
            source=self.source or other.source,
            items=self.items + other.items,
            mirrored=self.mirrored or other.mirrored,
        )


@dataclass
class Shapes:
    """Looks at the shapes of one model, at every placement, map and boolean once."""

    reader: Reader
    _placed: set[int] = field(default_factory=set)
    _makes: dict[int, Make | None] = field(default_factory=dict)

    def look(self, product: ifcopenshell.entity_instance, *, known: Make | None = None) -> Make:
        """Return what a product's shape is made of, or raise a CycleError; `known` is an equal shape's."""
        self._check_placement(product)
        if known is not None:
            return known
        make = Make()
        shape = self.reader.entity(product, "Representation")
        for representation in self.reader.entities(shape, "Representations"):
            if self._is_body(representation):
                make += self._representation(representation, 0)
        return make

    def _is_body(self, representation: ifcopenshell.entity_instance) -> bool:
        """Tell whether a representation should give triangles; lines and boxes give none."""
        name = self.reader.text(representation, "RepresentationIdentifier")
        return (name is None or name in BODIES) and not is_drawn(representation, self.reader)

    def _check_placement(self, product: ifcopenshell.entity_instance) -> None:
        """Walk the chain of placements up to one that is known to end."""
        chain: set[int] = set()
        node = self.reader.entity(product, "ObjectPlacement")
        while node is not None and node.id() not in self._placed:
            if node.id() in chain:
                raise CycleError("the placement", node.id())
            chain.add(node.id())
            node = self.reader.entity(node, "PlacementRelTo")
        self._placed |= chain

    def _representation(self, representation: ifcopenshell.entity_instance, depth: int) -> Make:
        """Return what the items of a representation are made of."""
        number = representation.id()
        if number not in self._makes:
            self._makes[number] = None
            makes = [self._item(item, depth) for item in self.reader.entities(representation, "Items")]
            mirrored = all(make.mirrored for make in makes)
            whole = replace(sum(makes, Make(solid=True)), mirrored=mirrored)
            if len(makes) != 1:
                # Where CGAL meets a boolean, the hybrid engine has OpenCASCADE make all items, and keeps
                # those that CGAL has made before as well.
                whole = replace(whole, source=0, exact=whole.exact or whole.cut)
            self._makes[number] = whole
        known = self._makes[number]
        if known is None or depth > MAX_DEPTH:
            raise CycleError("the representation", number)
        return known

    def _item(self, item: ifcopenshell.entity_instance, depth: int) -> Make:
        """Return what one item is made of, through maps and booleans."""
        kind = item.is_a()
        if kind == "IfcMappedItem":
            source = self.reader.entity(item, "MappingSource")
            mapped = self.reader.entity(source, "MappedRepresentation")
            if source is None or mapped is None:
                return Make()
            make = self._representation(mapped, depth + 1)
            mirrored = make.mirrored != self._mirrors(self.reader.entity(item, "MappingTarget"))
            return replace(make, source=source.id(), mirrored=mirrored)
        if kind in NESTED:
            return self._nested(item, depth)
        return Make(solid=True, exact=not is_straight(item, self.reader), items=1)

    def _mirrors(self, operator: ifcopenshell.entity_instance | None) -> bool:
        """Tell whether a map turns the inside out."""
        if operator is None:
            return False
        found = [self.reader.entity(operator, name) for name in ("Axis1", "Axis2", "Axis3")]
        axes = [None if axis is None else self.reader.read(axis, "DirectionRatios") for axis in found]
        a, b, c = (tuple(axis or unit) for axis, unit in zip(axes, WORLD[1:], strict=True))
        scales = [self.reader.number(operator, name) for name in ("Scale", "Scale2", "Scale3")]
        first = 1.0 if scales[0] is None else scales[0]
        size = math.prod(first if scale is None else scale for scale in scales)
        return len(a) == len(b) == len(c) and dot(cross(a, b), c) * size < 0

    def _nested(self, item: ifcopenshell.entity_instance, depth: int) -> Make:
        """Walk down booleans; the same operand twice is fine, an operand inside itself is not."""
        number = item.id()
        if number not in self._makes:
            self._makes[number] = None
            operands = [self.reader.entity(item, name) for name in NESTED[item.is_a()]]
            makes = [self._item(operand, depth + 1) for operand in operands if operand is not None]
            self._makes[number] = replace(sum(makes, Make(solid=True, cut=True)), source=0)
        known = self._makes[number]
        if known is None or depth > MAX_DEPTH:
            raise CycleError("the boolean", number)
        return known
