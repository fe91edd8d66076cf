"""Which quantities an element has, and how each is measured.

The names come from ifc5d's rule set of the file's schema. Where its formula is not what the standard says,
ours stands in `MEASURES`:

* a slab's Width is its thickness, Length and Depth are the sides of a rectangular one
  (https://standards.buildingsmart.org/IFC/RELEASE/IFC4/ADD2_TC1/HTML/schema/ifcproductextension/qset/qto_slabbasequantities.htm);
* an opening is measured in the axes of what it voids, and no deeper than that;
* a window or a door is as large as its lining, not as the surface of its frame;
* a wall's side areas are those of its middle plane;
* the perimeter of a space counts all sides at the floor, every one once.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import ifcopenshell
import ifcopenshell.util.element
import numpy as np
from ifcopenshell import entity_instance as Entity

from functions.ifc.geometry.solids import RECTANGLE, Solid, UnmeasuredError, X, Y, Z
from functions.ifc.reader import finite

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

RULES = {
    "IFC2X3": "IFC4QtoBaseQuantities.json",
    "IFC4": "IFC4QtoBaseQuantities.json",
    "IFC4X3": "IFC4X3QtoBaseQuantities.json",
}
QUERY = re.compile(r'(\w+)(?:, PredefinedType="(\w+)")?')
NO_RULE = "no rule computes it from a shape"
NO_SHAPE = "the element has no shape"
BROKEN = "the element's shape cannot be made"
CONSTANT = 0.01  # how much volume / area may differ from the thickness


@dataclass(frozen=True)
class Layer:
    """What openings go through: where it stands, the axis across it, and from where to where it reaches."""

    placement: Floats
    axis: Floats
    span: tuple[float, float]


@dataclass
class Body:
    """What is known of an element: its shape with and without its cuts, and where it stands (metres).

    An opening's `host` is what it voids, or why there is nothing to measure it on.
    """

    element: Entity
    net: Solid
    gross: Solid
    placement: Floats
    scale: float
    host: Layer | str = "what it voids has no shape"

    @cached_property
    def density(self) -> float:
        """The mass density of its one material, in kilograms per cubic metre."""
        found = set()
        for material in ifcopenshell.util.element.get_materials(self.element):
            value = ifcopenshell.util.element.get_pset(material, "Pset_MaterialCommon", "MassDensity")
            found.add(finite(value))
        if len(found) != 1 or None in found:
            raise UnmeasuredError("no single material with a mass density")
        return float(found.pop() or 0.0)

    @cached_property
    def thin(self) -> Floats:
        """The axis across a plate, slab or covering: the one with two parallel faces, z before others."""
        found = [(solid[1] + solid[2], axis) for axis in self._axes() if (solid := self.gross.layers(axis))]
        if not found:
            raise UnmeasuredError("it is not of constant thickness")
        if self.gross.layers(Z) and self.gross.view_area(Z) >= 0.5 * max(size for size, _ in found) / 2:
            return Z
        return max(found, key=lambda item: item[0])[1]

    def _axes(self) -> list[Floats]:
        return [Z, X, Y, self.gross.largest]

    @cached_property
    def side(self) -> Floats:
        """The axis across a wall."""
        flat = np.abs(self.gross.normals[:, 2]) < 1 - RECTANGLE
        sizes, normals = self.gross.sizes[flat], self.gross.normals[flat]
        if not len(sizes):
            raise UnmeasuredError("the wall has no upright sides")
        straight = (
            sizes[np.abs(normals[:, 1]) > RECTANGLE].sum() + sizes[np.abs(normals[:, 0]) > RECTANGLE].sum()
        )
        if straight > 0.9 * sizes.sum():  # along its own axes, but for a mitre
            lies = self.gross.sides[1] > self.gross.sides[0] and not _has_axis(self.element)
            return X if lies else Y
        angle = np.angle(np.sum(sizes * np.exp(2j * np.arctan2(normals[:, 1], normals[:, 0])))) / 2
        axis: Floats = np.array([np.cos(angle), np.sin(angle), 0.0])
        return axis

    @cached_property
    def thickness(self) -> float:
        """The width of a wall, if it is the same everywhere."""
        layers = self.gross.layers(self.side)
        if layers:
            return layers[0]
        extent = self.gross.extent(self.side)
        if abs(self.gross.volume / self.gross.view_area(self.side) / extent - 1) < CONSTANT:
            return extent
        raise UnmeasuredError("the wall is not of constant thickness")

    def middle_area(self, solid: Solid, axis: Floats) -> float:
        """Return the area half way through: with slanting edges, one face is larger than the other."""
        layers = solid.layers(axis)
        return (layers[1] + layers[2]) / 2 if layers else solid.view_area(axis)

    def side_area(self, solid: Solid) -> float:
        """Return the area of a wall's middle plane."""
        if solid.layers(self.side) or solid is not self.gross:
            return self.middle_area(solid, self.side)
        return solid.volume / self.thickness

    def section_area(self) -> float:
        """Return the area of the cross section, of a shape that has the same all along."""
        axis = np.eye(3)[int(self.gross.sides.argmax())]
        layers = self.gross.layers(axis)
        if layers is None or abs(self.gross.volume / layers[0] / layers[1] - 1) > CONSTANT:
            raise UnmeasuredError("its cross section is not the same all along")
        return layers[1]

    @cached_property
    def lining(self) -> tuple[float, float]:
        """The width and height of a window or a door."""
        given = [finite(getattr(self.element, f"Overall{name}", None)) for name in ("Width", "Height")]
        if all(value and value > 0 for value in given):
            return given[0] * self.scale, given[1] * self.scale  # type: ignore[operator]
        width, height = self.net.sides[0], self.net.sides[2]
        if self.net.view(Y).convex_hull.area < 0.98 * width * height:
            raise UnmeasuredError("it is not rectangular, and its overall size is not given")
        return float(width), float(height)

    def layer(self) -> Layer:
        """Return what its openings are measured on."""
        axis = self.side if self.element.is_a("IfcWall") else np.eye(3)[int(self.gross.sides.argmin())]
        return Layer(self.placement, axis, self.gross.span(axis))

    @cached_property
    def void(self) -> tuple[Solid, Floats, float]:
        """An opening in the axes of what it voids: shape, axis through it, depth inside."""
        if isinstance(self.host, str):
            raise UnmeasuredError(self.host)
        # Rounded to a nanometre, so that equal openings of equal walls are found to be equal.
        solid = self.gross.moved(np.round(np.linalg.inv(self.host.placement) @ self.placement, 9) + 0.0)
        axis, (bottom, top) = self.host.axis, self.host.span
        low, high = solid.span(axis)
        depth = min(high, top) - max(low, bottom)
        if depth <= 0:
            raise UnmeasuredError("it does not reach what it voids")
        return solid, axis, depth

    def void_side(self, *, upright: bool) -> float:
        """Return the height (`upright`) or the width of a rectangular opening."""
        solid, axis, _ = self.void
        longer, shorter = solid.rectangle(axis)
        if abs(float(axis @ Z)) > STEEP_AXIS:
            return shorter if upright else longer
        height = solid.extent(Z)
        other = longer if abs(height - shorter) < abs(height - longer) else shorter
        return height if upright else other

    def void_volume(self) -> float:
        """Return the volume that an opening takes away."""
        solid, axis, depth = self.void
        layers = solid.layers(axis)
        return (layers[1] + layers[2]) / 2 * depth if layers else solid.volume

    def constant_height(self) -> float:
        """Return the height, if it is the same everywhere."""
        if not self.gross.layers(Z) or self.gross.top_area > 1.01 * self.gross.layers(Z)[2]:  # type: ignore[index]
            raise UnmeasuredError("it is not of constant height")
        return self.gross.extent(Z)


STEEP_AXIS = 0.7071
Measure = Callable[[Body], float]


def _has_axis(element: Entity) -> bool:
    """Tell whether a wall has an axis, and with it a sense of its own."""
    shape = element.Representation
    return any(item.RepresentationIdentifier == "Axis" for item in (shape.Representations if shape else ()))


def _footing(part: str) -> Measure:
    """Return a measure of a footing: a strip runs along its z, a pad lies flat."""

    def measure(body: Body) -> float:
        x, y, z = (float(value) for value in body.net.sides)
        strip = getattr(body.element, "PredefinedType", None) in {"STRIP_FOOTING", "FOOTING_BEAM"}
        flat = {"length": max(x, y), "width": min(x, y), "height": z}
        return {"length": z, "width": x, "height": y}[part] if strip else flat[part]

    return measure


# ifc5d's formulas, by the name in its rule sets.
FORMULAS: dict[str, Measure] = {
    "net_get_x": lambda body: float(body.net.sides[0]),
    "net_get_y": lambda body: float(body.net.sides[1]),
    "net_get_z": lambda body: float(body.net.sides[2]),
    "net_get_max_xy": lambda body: float(body.net.sides[:2].max()),
    "net_get_max_xyz": lambda body: float(body.net.sides.max()),
    "net_get_min_xyz": lambda body: body.gross.extent(body.thin),
    "net_get_segment_length": lambda body: float(body.net.sides.max()),
    "net_get_footing_length": _footing("length"),
    "net_get_footing_width": _footing("width"),
    "net_get_footing_height": _footing("height"),
    "gross_get_covering_width": lambda body: body.gross.extent(body.thin),
    "gross_get_covering_area": lambda body: body.middle_area(body.gross, body.thin),
    "net_get_covering_area": lambda body: body.middle_area(body.net, body.thin),
    "gross_get_max_side_area": lambda body: body.middle_area(body.gross, body.thin),
    "net_get_max_side_area": lambda body: body.middle_area(body.net, body.thin),
    "section_area": lambda body: body.section_area(),
    "net_get_outer_surface_area": lambda body: body.net.outer_area(),
}
for _name, _solid in (("gross", lambda body: body.gross), ("net", lambda body: body.net)):
    FORMULAS |= {
        f"{_name}_get_area": lambda body, of=_solid: of(body).area,  # type: ignore[misc]
        f"{_name}_get_volume": lambda body, of=_solid: of(body).volume,  # type: ignore[misc]
        f"{_name}_get_weight": lambda body, of=_solid: of(body).volume * body.density,  # type: ignore[misc]
        f"{_name}_get_top_area": lambda body, of=_solid: of(body).top_area,  # type: ignore[misc]
        f"{_name}_get_footprint_area": lambda body, of=_solid: of(body).view_area(Z),  # type: ignore[misc]
    }
# What needs no rule of its own: ifc5d leaves it out for proxies, stairs and others.
PLAIN = {
    "NetVolume": "net_get_volume",
    "GrossVolume": "gross_get_volume",
    "NetSurfaceArea": "net_get_area",
    "GrossSurfaceArea": "gross_get_area",
    "CrossSectionArea": "section_area",
    "GrossCrossSectionArea": "section_area",
}
# Ours, by quantity set and quantity.
MEASURES: dict[str, dict[str, Measure]] = {
    "Qto_SlabBaseQuantities": {
        "Width": lambda body: body.gross.extent(body.thin),
        "Length": lambda body: body.gross.rectangle(body.thin)[0],
        "Depth": lambda body: body.gross.rectangle(body.thin)[1],
        "Perimeter": lambda body: body.gross.outline(body.thin, holes=False),
        "GrossArea": lambda body: body.middle_area(body.gross, body.thin),
        "NetArea": lambda body: body.middle_area(body.net, body.thin),
    },
    "Qto_PlateBaseQuantities": {"Perimeter": lambda body: body.gross.outline(body.thin, holes=False)},
    "Qto_OpeningElementBaseQuantities": {
        "Width": lambda body: body.void_side(upright=False),
        "Height": lambda body: body.void_side(upright=True),
        "Depth": lambda body: body.void[2],
        "Area": lambda body: body.void[0].view_area(body.void[1]),
        "Volume": lambda body: body.void_volume(),
    },
    "Qto_WallBaseQuantities": {
        "Width": lambda body: body.thickness,
        "Length": lambda body: body.gross.extent(np.cross(body.side, Z)),
        "Height": lambda body: body.constant_height(),
        "GrossSideArea": lambda body: body.side_area(body.gross),
        "NetSideArea": lambda body: body.side_area(body.net),
    },
    "Qto_SpaceBaseQuantities": {
        "Height": lambda body: body.constant_height(),
        "GrossPerimeter": lambda body: body.gross.outline(-Z, holes=True),
    },
    **{
        f"Qto_{name}BaseQuantities": {
            "Width": lambda body: body.lining[0],
            "Height": lambda body: body.lining[1],
            "Area": lambda body: body.lining[0] * body.lining[1],
            "Perimeter": lambda body: 2 * sum(body.lining),
        }
        for name in ("Window", "Door")
    },
}


@dataclass(frozen=True)
class Rule:
    """The quantities of one set, by name, with their measure; None where none is known."""

    name: str
    kind: str
    predefined: str | None
    measures: dict[str, Measure | None]


class Rules:
    """The rules of a schema, by class."""

    def __init__(self, schema: str) -> None:
        """Read ifc5d's rule set."""
        spec = find_spec("ifc5d")
        folder = Path(next(iter((spec and spec.submodule_search_locations) or [])))
        text = (folder / RULES[schema]).read_text(encoding="utf-8")
        self._schema: Any = ifcopenshell.schema_by_name("IFC4X3_ADD2" if schema == "IFC4X3" else schema)
        self._rules: dict[str, list[Rule]] = {}
        self._known: dict[str, list[Rule]] = {}
        for queries in json.loads(text)["calculators"].values():
            for query, sets in queries.items():
                for rule in _read(query, sets):
                    self._rules.setdefault(rule.kind, []).append(rule)

    def of(self, element: Entity) -> list[Rule]:
        """Return the rules for an element, those of the nearest class; in IFC2X3 by the class of its type."""
        kind = element.is_a()
        found = self._of_class(kind)
        if not found and element.file.schema == "IFC2X3":
            type_ = ifcopenshell.util.element.get_type(element)
            kind = str(type_.is_a()).removesuffix("Type").removesuffix("Style") if type_ else kind
            found = self._rules.get(kind, [])
        predefined = ifcopenshell.util.element.get_predefined_type(element) if found else None
        return [rule for rule in found if rule.predefined in {None, predefined}]

    def _of_class(self, kind: str) -> list[Rule]:
        if kind not in self._known:
            found: list[Rule] = []
            entity = self._schema.declaration_by_name(kind).as_entity()
            while entity and not found:
                found = self._rules.get(entity.name(), [])
                entity = entity.supertype()
            self._known[kind] = found
        return self._known[kind]


def _read(query: str, sets: dict[str, dict[str, str | None]]) -> Iterator[Rule]:
    """Yield the rules of one entry: `IfcWall + IfcWallType`, `IfcSign, PredefinedType="PICTORAL"`."""
    for part in query.split(" + "):
        found = QUERY.fullmatch(part)
        if found is None or found[1].endswith("Type"):
            continue
        for name, quantities in sets.items():
            own = MEASURES.get(name, {})
            measures = {
                quantity: own.get(quantity) or FORMULAS.get(formula or PLAIN.get(quantity, ""))
                for quantity, formula in quantities.items()
            }
            yield Rule(name, found[1], found[2], measures)
