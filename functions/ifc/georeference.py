"""Where a model lies on Earth: map conversion, projected system, the site's latitude and longitude."""

from __future__ import annotations

import math

import ifcopenshell

from functions.ifc.reader import Reader, clean, finite

CONVERSION = ("Eastings", "Northings", "OrthogonalHeight", "XAxisAbscissa", "XAxisOrdinate", "Scale",
              "ScaleY", "ScaleZ", "FirstCoordinate", "SecondCoordinate", "Height")  # fmt: skip
SYSTEM = ("Name", "Description", "GeodeticDatum", "VerticalDatum", "MapProjection", "MapZone")
IFC2X3_CONVERSION = "epset_mapconversion"
IFC2X3_SYSTEM = "epset_projectedcrs"


def read_georeference(reader: Reader) -> dict[str, object]:
    """Return what the model says about its place; parts that it does not say are None.

    In IFC2X3 the property sets ePSet_MapConversion and ePSet_ProjectedCRS stand in for the entities
    (buildingSMART, "Model setup IDM: Geo-referencing BIM").
    """
    conversion, system = _entities(reader)
    sets = _sets(reader) if not conversion and not system else {}
    conversion = conversion or sets.get(IFC2X3_CONVERSION, {})
    system = system or sets.get(IFC2X3_SYSTEM, {})
    return {
        "map_conversion": _with_rotation(conversion) or None,
        "projected_crs": system or None,
        "site": _site(reader),
        "true_north_degrees": _true_north(reader),
    }


def _entities(reader: Reader) -> tuple[dict[str, object], dict[str, object]]:
    """Return the first coordinate operation (IFC4 and later) and its target system."""
    for operation in reader.all("IfcCoordinateOperation"):
        numbers = {name: reader.number(operation, name) for name in CONVERSION}
        target = reader.entity(operation, "TargetCRS")
        names = {name: reader.text(target, name) for name in SYSTEM} if target is not None else {}
        unit = reader.entity(target, "MapUnit")
        if unit is not None:
            names["MapUnit"] = "".join(filter(None, (reader.text(unit, "Prefix"), reader.text(unit, "Name"))))
        return _set_ones(numbers), _set_ones(names)
    return {}, {}


def _set_ones(values: dict[str, float | None] | dict[str, str | None]) -> dict[str, object]:
    return {name: value for name, value in values.items() if value is not None}


def _sets(reader: Reader) -> dict[str, dict[str, object]]:
    """Return the two property sets of IFC2X3, by lower-case name."""
    found: dict[str, dict[str, object]] = {}
    for pset, given in reader.values("IfcPropertySet", "Name"):
        name = str(given).lower()
        if name in {IFC2X3_CONVERSION, IFC2X3_SYSTEM}:
            found[name] = {
                key: value
                for item in reader.entities(pset, "HasProperties")
                if (key := reader.text(item, "Name")) and (value := _nominal(reader, item)) is not None
            }
    return found


def _nominal(reader: Reader, item: ifcopenshell.entity_instance) -> float | str | None:
    """Return the value of a single-value property, if it is a number or a text."""
    number = reader.number(item, "NominalValue")
    wrapped = reader.entity(item, "NominalValue")
    if number is not None or wrapped is None:
        return number
    text = reader.wrapped(wrapped)
    return clean(text) if isinstance(text, str) else None


def _with_rotation(conversion: dict[str, object]) -> dict[str, object]:
    """Add the anticlockwise angle from grid east to the model's x axis, in degrees."""
    x, y = finite(conversion.get("XAxisAbscissa")), finite(conversion.get("XAxisOrdinate"))
    if x is None or y is None:
        return conversion
    return {**conversion, "rotation_degrees": round(math.degrees(math.atan2(y, x)), 6)}


def _site(reader: Reader) -> dict[str, object] | None:
    """Return the first site's latitude and longitude in decimal degrees, elevation in model units."""
    for site in reader.all("IfcSite"):
        place = {
            "latitude": _degrees(reader.read(site, "RefLatitude")),
            "longitude": _degrees(reader.read(site, "RefLongitude")),
        }
        if None not in place.values():
            return {**place, "elevation": reader.number(site, "RefElevation")}
    return None


def _degrees(parts: object) -> float | None:
    """Return an IfcCompoundPlaneAngleMeasure (degrees, minutes, seconds, millionths) in degrees."""
    if not isinstance(parts, tuple) or len(parts) < 3 or not all(isinstance(p, int) for p in parts):  # noqa: PLR2004
        return None
    weights = (1, 60, 3600, 3_600_000_000)
    return finite(round(sum(part / weight for part, weight in zip(parts, weights, strict=False)), 9))


def _true_north(reader: Reader) -> float | None:
    """Return the anticlockwise angle from the model's y axis to true north, in degrees."""
    for context in reader.all("IfcGeometricRepresentationContext"):
        direction = None if "Sub" in context.is_a() else reader.entity(context, "TrueNorth")
        ratios = None if direction is None else reader.read(direction, "DirectionRatios")
        if isinstance(ratios, tuple) and len(ratios) > 1 and any(ratios[:2]):
            return finite(round(math.degrees(math.atan2(-ratios[0], ratios[1])), 6) + 0.0)
    return None
