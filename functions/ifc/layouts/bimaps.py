"""The flat array of JSON that bimaps' ConvertIfc2Json writes, which many clients read.

Facts of its layout: https://github.com/bimaps/ifc2json (src/Program.cs). One object an element, parents
before children: project, sites, buildings, storeys, other products; `id` is the GlobalId, `userData`
holds names, the ids of project, site, building, storey and space above, and `pset`, all single values of the
element's own property sets as texts, by property name alone, the first of a name. Unset keys are left out.

Different here: products that stand on no storey are there too; the location of a storey is the storey's
and not written over its building's; a storey without a LongName has its Name; the footprint of a space takes
the position of its profile into account.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import Any, TextIO

import ifcopenshell

from functions.ifc.attachments import Attachments
from functions.ifc.reader import Reader, clean
from functions.ifc.units import length_scale, list_units

SPATIAL = ("IfcProject", "IfcSite", "IfcBuilding", "IfcBuildingStorey")
KEYS = {"IfcSite": "siteId", "IfcBuilding": "buildingId", "IfcSpace": "spaceId"}
ADDRESS = ("PostalBox", "PostalCode", "Town", "Region", "Country")
STEP = 500
Entity = ifcopenshell.entity_instance
Progress = Callable[[int, int], None]


class Array:
    """One model on its way into the flat array."""

    def __init__(self, reader: Reader) -> None:
        """Read the relationships of a model."""
        self.reader = reader
        self.count = 0
        self.properties = 0
        self.unnamed = 0
        self._scale = length_scale(list_units(reader)) or 1.0
        self._attached = Attachments.of(reader)
        self._project = next((found for item in reader.all("IfcProject") if (found := self._id(item))), None)

    def write(self, stream: TextIO, progress: Progress) -> None:
        """Write all items."""
        stream.write("[")
        items = list(self._ordered())
        for index, item in enumerate(items):
            if index % STEP == 0:
                progress(index, len(items))
            global_id = self._id(item)
            if global_id is None:
                self.unnamed += 1
                continue
            found = {"id": global_id, "userData": self._data(item), **self._boundary(item)}
            text = json.dumps(found, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
            stream.write((",\n" if self.count else "\n") + text)
            self.count += 1
        stream.write("\n]\n")

    def _ordered(self) -> Iterator[Entity]:
        """Yield project, sites, buildings, storeys, then all other products in the file's order."""
        for name in SPATIAL:
            yield from self.reader.all(name)
        for product in self.reader.all("IfcProduct"):
            if not any(product.is_a(name) for name in SPATIAL):
                yield product

    def _data(self, item: Entity) -> dict[str, Any]:
        kind = item.is_a()
        above = self._above(item)
        is_spatial = any(item.is_a(name) for name in SPATIAL)
        found = {
            "name": self._name(item),
            "type": kind,
            "objectType": self.reader.text(item, "ObjectType"),
            "tag": self.reader.text(item, "Tag"),
            "projectId": None if kind == "IfcProject" else self._project,
            **above,
            "pset": self._properties(item),
            **(self._location(item) if is_spatial else {}),
        }
        return {key: value for key, value in found.items() if value is not None}

    def _name(self, item: Entity) -> str | None:
        """Return the long name of storeys and spaces, the name of all others."""
        names = ("LongName", "Name") if item.is_a("IfcBuildingStorey") or item.is_a("IfcSpace") else ("Name",)
        return next((text for name in names if (text := self.reader.text(item, name))), None)

    def _above(self, item: Entity) -> dict[str, Any]:
        """Return the ids of the nearest site, building, storey and space above an item."""
        found: dict[str, Any] = {}
        for number in self._attached.ancestors(item.id()):
            entity = self.reader.model.by_id(number)
            global_id = self._id(entity)
            if global_id is None:
                continue
            if entity.is_a("IfcBuildingStorey"):
                found.setdefault("buildingStorey", [global_id])
            for name, key in KEYS.items():
                if entity.is_a(name):
                    found.setdefault(key, global_id)
        return found

    def _properties(self, item: Entity) -> dict[str, str]:
        found = self._extras(item)
        for number in self._attached.sets.get(item.id(), ()):
            definition = self.reader.model.by_id(number)
            if definition.is_a() != "IfcPropertySet":
                continue
            for single in self.reader.entities(definition, "HasProperties"):
                if single.is_a() != "IfcPropertySingleValue":
                    continue
                name = self.reader.text(single, "Name")
                value = self.reader.entity(single, "NominalValue")
                text = None if value is None else to_text(self.reader.wrapped(value))
                if name is not None and text is not None:
                    found.setdefault(name, text)
        self.properties += len(found)
        return found

    def _extras(self, item: Entity) -> dict[str, str]:
        """Return the attributes that stand among the properties of sites, buildings, storeys and spaces."""
        found: dict[str, str | None] = {}
        if item.is_a("IfcSite"):
            for name in ("RefLatitude", "RefLongitude"):
                parts = self.reader.read(item, name)
                found[name] = f"({','.join(map(str, parts))})" if isinstance(parts, tuple) else None
            found["RefElevation"] = to_text(self.reader.number(item, "RefElevation") or None)
        elif item.is_a("IfcBuilding"):
            address = self.reader.entity(item, "BuildingAddress")
            if address is not None:
                lines = self.reader.read(address, "AddressLines")
                for index, line in enumerate(lines if isinstance(lines, tuple) else (), start=1):
                    found[f"AddressLine{index}"] = clean(line) if isinstance(line, str) else None
                found |= {name: self.reader.text(address, name) for name in ADDRESS}
        elif item.is_a("IfcBuildingStorey"):
            found["Elevation"] = to_text((self.reader.number(item, "Elevation") or 0.0) * self._scale)
        elif item.is_a("IfcSpace"):
            found["number"] = self.reader.text(item, "Name")
        return {name: text for name, text in found.items() if text is not None}

    def _location(self, item: Entity) -> dict[str, str]:
        """Return an item's placement in that of its parent."""
        placement = self.reader.entity(item, "ObjectPlacement")
        return self._position(self.reader.entity(placement, "RelativePlacement"))

    def _position(self, axes: Entity | None) -> dict[str, str]:
        """Return the location in metres and the directions of an axis placement, as texts."""
        found = {
            "location": self._numbers(self.reader.entity(axes, "Location"), "Coordinates", self._scale),
            "refDirection": self._numbers(self.reader.entity(axes, "RefDirection"), "DirectionRatios", 1.0),
            "axis": self._numbers(self.reader.entity(axes, "Axis"), "DirectionRatios", 1.0),
        }
        return {key: text for key, text in found.items() if text is not None}

    def _numbers(self, entity: Entity | None, name: str, scale: float) -> str | None:
        values = None if entity is None else self.reader.read(entity, name)
        if not isinstance(values, tuple):
            return None
        texts = [to_text(float(value) * scale) for value in values]
        return None if None in texts else ",".join(text for text in texts if text is not None)

    def _boundary(self, item: Entity) -> dict[str, Any]:
        """Return the footprint of a space: the profiles of its extrusions, their height and elevation."""
        if not item.is_a("IfcSpace"):
            return {}
        rings: list[list[list[float]]] = []
        properties: dict[str, str] = {}
        height = 0.0
        shapes = self.reader.entities(self.reader.entity(item, "Representation"), "Representations")
        for solid in self.reader.entities(shapes[0], "Items") if shapes else ():
            if solid.is_a() != "IfcExtrudedAreaSolid":
                continue
            height = self.reader.number(solid, "Depth") or height
            ring = self._ring(self.reader.entity(solid, "SweptArea"))
            if ring:
                rings.append(ring)
                properties = self._position(self.reader.entity(solid, "Position")) | properties
        storey = next(
            (
                above
                for number in self._attached.ancestors(item.id())
                if (above := self.reader.model.by_id(number)).is_a("IfcBuildingStorey")
            ),
            None,
        )
        elevation = (self.reader.number(storey, "Elevation") if storey is not None else None) or 0.0
        properties["height"] = to_text(height * self._scale) or "0"
        properties["elevation"] = to_text(elevation * self._scale) or "0"
        geometry = {"type": "Polygon", "coordinates": rings}
        return {"boundary": {"type": "Feature", "geometry": geometry, "properties": properties}}

    def _ring(self, profile: Entity | None) -> list[list[float]]:
        """Return the outer curve of a profile in metres; empty when it is not a polygon."""
        if profile is None:
            return []
        if profile.is_a("IfcRectangleProfileDef"):
            return self._rectangle(profile)
        curve = self.reader.entity(profile, "OuterCurve")
        points: list[Any] = []
        if curve is not None and curve.is_a("IfcPolyline"):
            points = [self.reader.read(item, "Coordinates") for item in self.reader.entities(curve, "Points")]
        elif curve is not None and curve.is_a("IfcIndexedPolyCurve"):
            points = list(self.reader.read(self.reader.entity(curve, "Points") or curve, "CoordList") or ())
        ring = [[float(value) * self._scale for value in point[:2]] for point in points if _is_point(point)]
        return ring if all(math.isfinite(value) for point in ring for value in point) else []

    def _rectangle(self, profile: Entity) -> list[list[float]]:
        """Return the corners of a rectangle, the first one again at the end."""
        sizes = [self.reader.number(profile, name) for name in ("XDim", "YDim")]
        if None in sizes:
            return []
        half_x, half_y = (float(size or 0) / 2 for size in sizes)
        position = self.reader.entity(profile, "Position")
        centre = self.reader.entity(position, "Location")
        along = self.reader.entity(position, "RefDirection")
        x, y = self._pair(centre, "Coordinates", (0.0, 0.0))
        a, b = self._pair(along, "DirectionRatios", (1.0, 0.0))
        length = math.hypot(a, b)
        a, b = (a / length, b / length) if length else (1.0, 0.0)
        corners = ((-1, -1), (1, -1), (1, 1), (-1, 1), (-1, -1))
        ring = [
            [
                (x + i * half_x * a - j * half_y * b) * self._scale,
                (y + i * half_x * b + j * half_y * a) * self._scale,
            ]
            for i, j in corners
        ]
        return ring if all(math.isfinite(value) for point in ring for value in point) else []

    def _pair(self, entity: Entity | None, name: str, default: tuple[float, float]) -> tuple[float, float]:
        values = None if entity is None else self.reader.read(entity, name)
        return (float(values[0]), float(values[1])) if values and _is_point(values) else default

    def _id(self, entity: Entity) -> str | None:
        return self.reader.text(entity, "GlobalId")


def to_text(value: object) -> str | None:
    """Return a value as .NET writes it: True, 1.5, 3, 1E-05; None for what has no text."""
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, float):
        return repr(value + 0.0).removesuffix(".0").upper() if math.isfinite(value) else None
    if isinstance(value, int):
        return str(value)
    return clean(value) if isinstance(value, str) else None


def _is_point(value: object) -> bool:
    return isinstance(value, tuple) and len(value) > 1 and all(isinstance(part, float) for part in value)
