"""Which items have straight edges only, so that every kernel makes the same of them.

Kernels round a circle to different polygons: CGAL's has its corners up to some millimetres inside
OpenCASCADE's, which keeps to a deflection of 1 mm. What is not known to be straight counts as curved. So
does what is extruded along a direction of another length than 1: CGAL goes so many times as far.
"""

from __future__ import annotations

import math

import ifcopenshell

from functions.ifc.reader import Reader

UNIT = 1e-5  # what the length of a direction may differ from 1 by: 0.1 mm in 10 m
FLAT = frozenset(
    {
        "IfcFacetedBrep", "IfcFaceBasedSurfaceModel", "IfcShellBasedSurfaceModel",
        "IfcPolygonalFaceSet", "IfcTriangulatedFaceSet", "IfcTriangulatedIrregularNetwork",
        "IfcHalfSpaceSolid", "IfcBoxedHalfSpace", "IfcBlock", "IfcRectangularPyramid",
    }
)  # fmt: skip
EDGED = frozenset({"IfcRectangleProfileDef", "IfcTrapeziumProfileDef"})
SHAPED = frozenset(
    {
        "IfcIShapeProfileDef", "IfcLShapeProfileDef", "IfcTShapeProfileDef", "IfcUShapeProfileDef",
        "IfcCShapeProfileDef", "IfcZShapeProfileDef", "IfcRectangleHollowProfileDef",
        "IfcAsymmetricIShapeProfileDef",
    }
)  # fmt: skip
ROUNDINGS = (
    "FilletRadius", "EdgeRadius", "FlangeEdgeRadius", "WebEdgeRadius", "InternalFilletRadius",
    "InnerFilletRadius", "OuterFilletRadius", "TopFlangeFilletRadius", "BottomFlangeFilletRadius",
    "TopFlangeEdgeRadius", "BottomFlangeEdgeRadius",
)  # fmt: skip


def is_straight(item: ifcopenshell.entity_instance, reader: Reader) -> bool:
    """Tell whether a solid or surface, no boolean and no map, has straight edges only."""
    kind = item.is_a()
    if kind == "IfcExtrudedAreaSolid":
        straight = _has_straight_profile(reader.entity(item, "SweptArea"), reader)
        return straight and _is_unit(reader.entity(item, "ExtrudedDirection"), reader)
    if kind == "IfcPolygonalBoundedHalfSpace":
        return _has_straight_curve(reader.entity(item, "PolygonalBoundary"), reader)
    return kind in FLAT


def _is_unit(direction: ifcopenshell.entity_instance | None, reader: Reader) -> bool:
    """Tell whether a direction has the length 1."""
    ratios = None if direction is None else reader.read(direction, "DirectionRatios")
    return isinstance(ratios, tuple) and abs(math.hypot(*ratios) - 1) <= UNIT


def _has_straight_profile(profile: ifcopenshell.entity_instance | None, reader: Reader) -> bool:
    """Tell whether a profile is a polygon."""
    if profile is None:
        return False
    kind = profile.is_a()
    if kind in SHAPED:
        return not any(reader.number(profile, name) for name in ROUNDINGS)
    if kind in {"IfcArbitraryClosedProfileDef", "IfcArbitraryProfileDefWithVoids"}:
        rings = [reader.entity(profile, "OuterCurve"), *reader.entities(profile, "InnerCurves")]
        return all(_has_straight_curve(ring, reader) for ring in rings)
    return kind in EDGED


def _has_straight_curve(curve: ifcopenshell.entity_instance | None, reader: Reader) -> bool:
    """Tell whether a curve consists of lines."""
    if curve is None:
        return False
    if curve.is_a("IfcIndexedPolyCurve"):
        segments = reader.entities(curve, "Segments")
        return all(segment.is_a("IfcLineIndex") for segment in segments)
    if curve.is_a("IfcCompositeCurve"):
        parts = [reader.entity(part, "ParentCurve") for part in reader.entities(curve, "Segments")]
        return bool(parts) and all(part is not None and part.is_a("IfcPolyline") for part in parts)
    return bool(curve.is_a("IfcPolyline"))
