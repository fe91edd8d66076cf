"""Read a model's key figures. Nothing is tessellated, and no property value is read."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import ifcopenshell

from functions.core import Files
from functions.ifc.gate import open_model
from functions.ifc.georeference import read_georeference
from functions.ifc.header import read_header
from functions.ifc.placements import Extent, Placements, measure
from functions.ifc.quality import find_hints
from functions.ifc.reader import Reader, clean
from functions.ifc.survey import Survey
from functions.ifc.units import length_scale, list_units
from functions.operations.ifcinfo import InfoRequest, InfoResult

EXTENT_OF = "origins of the placements of products with a shape, and authored bounding boxes"


def run(request: InfoRequest, files: Files) -> InfoResult:
    """Write the report of a model and return its key figures."""
    path = files.input(request.filename)
    reader = Reader(open_model(path, files))
    files.progress("read", 0, 1)
    report = describe(reader)
    output = request.output_filename or f"{path.stem}.info.json"
    target = files.output(output)
    target.write_text(
        json.dumps(report, indent=1, ensure_ascii=False, allow_nan=False) + "\n", encoding="utf-8"
    )
    files.progress("read", 1, 1)
    if reader.unreadable:
        files.warn(f"{reader.unreadable} attributes could not be read")
    statistics = summarise(report)
    return InfoResult(
        message=f"{report['schema']}: {_count(statistics['element_count'], 'element')}, "
        f"{_count(statistics['storey_count'], 'storey')}, {_count(len(report['hints']), 'hint')}",
        output=output,
        statistics=statistics,
    )


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def describe(reader: Reader) -> dict[str, Any]:
    """Return the whole report, as strict JSON types."""
    survey = Survey.of(reader)
    units = list_units(reader)
    scale = length_scale(units)
    placements = Placements(reader)
    extent = measure(reader, placements, survey.products, scale or 1.0)
    return {
        "schema": clean(reader.model.schema_identifier),
        "header": read_header(reader.model),
        "application": read_application(reader),
        "project": name_of(reader, reader.all("IfcProject")),
        "units": units,
        "georeference": read_georeference(reader),
        "counts": {
            "elements": len(survey.elements),
            "products": len(survey.products),
            "types": len(survey.types),
            "by_class": count_classes(survey.products),
        },
        "storeys": list_storeys(reader, survey, placements, scale or 1.0),
        "extent": box(extent),
        "property_sets": survey.property_sets,
        "quantity_sets": survey.quantity_sets,
        "materials": survey.materials,
        "types": list_types(reader, survey),
        "classifications": survey.classifications,
        "hints": find_hints(reader, survey, placements, extent, has_unit=scale is not None),
    }


def summarise(report: Mapping[str, Any]) -> dict[str, Any]:
    """Return the key figures that stand in the job's record."""
    return {
        "schema": report["schema"],
        "application": report["application"]["name"],
        "project": (report["project"] or {}).get("name"),
        "element_count": report["counts"]["elements"],
        "product_count": report["counts"]["products"],
        "type_count": report["counts"]["types"],
        "storey_count": len(report["storeys"]),
        "property_set_count": len(report["property_sets"]),
        "material_count": len(report["materials"]),
        "length_unit": report["units"].get("LENGTHUNIT", {}).get("name"),
        "georeferenced": report["georeference"]["map_conversion"] is not None,
        "extent_m": report["extent"]["size"],
        "hints": {hint["code"]: hint["count"] for hint in report["hints"]},
    }


def read_application(reader: Reader) -> dict[str, str | None]:
    """Return the authoring application: IfcApplication, else the header's originating system."""
    for application in reader.all("IfcApplication"):
        developer = reader.entity(application, "ApplicationDeveloper")
        return {
            "name": reader.text(application, "ApplicationFullName"),
            "version": reader.text(application, "Version"),
            "developer": reader.text(developer, "Name") if developer is not None else None,
        }
    system = read_header(reader.model)["originating_system"]
    return {"name": system, "version": None, "developer": None}


def name_of(reader: Reader, found: tuple[ifcopenshell.entity_instance, ...]) -> dict[str, str | None] | None:
    """Return GlobalId and names of the first of some roots."""
    if not found:
        return None
    names = {"global_id": "GlobalId", "name": "Name", "long_name": "LongName", "description": "Description"}
    return {key: reader.text(found[0], attribute) for key, attribute in names.items()}


def list_storeys(
    reader: Reader, survey: Survey, placements: Placements, scale: float
) -> list[dict[str, object]]:
    """Return the storeys from the lowest up, elevations in metres.

    `elevation_m` is the Elevation attribute, or the height of the storey's placement where it has none.
    """
    on_storey = Counter(
        storey.id() for element in survey.elements if (storey := survey.tree.storey(element)) is not None
    )
    storeys: list[tuple[float, dict[str, object]]] = []
    for storey in reader.all("IfcBuildingStorey"):
        frame = placements.of(storey)
        height = reader.number(storey, "Elevation")
        if height is None and frame is not None:
            height = frame[0][2]
        elevation = (
            None if height is None or not abs(height) < float("inf") else round(height * scale, 6) + 0.0
        )
        names = name_of(reader, (storey,)) or {}
        storeys.append(
            (elevation or 0.0, {**names, "elevation_m": elevation, "elements": on_storey[storey.id()]})
        )
    return [entry for _, entry in sorted(storeys, key=lambda item: item[0])]


def list_types(reader: Reader, survey: Survey) -> list[dict[str, object]]:
    """Return the types with how many occurrences each has, by class and name."""
    uses = Counter(type_.id() for type_ in survey.typed.values())
    rows = [
        (type_.is_a(), reader.text(type_, "Name") or "(unnamed)", uses[type_.id()]) for type_ in survey.types
    ]
    return [{"class": kind, "name": name, "occurrences": count} for kind, name, count in sorted(rows)]


def count_classes(products: Iterable[ifcopenshell.entity_instance]) -> dict[str, int]:
    """Return how many products each class has, by class name."""
    return dict(sorted(Counter(product.is_a() for product in products).items()))


def box(extent: Extent) -> dict[str, object]:
    """Return an extent as JSON, in metres, rounded to a millimetre."""
    if not extent.points:
        return {"of": EXTENT_OF, "points": 0, "min": None, "max": None, "size": None}
    return {
        "of": EXTENT_OF,
        "points": extent.points,
        "min": [round(value, 3) + 0.0 for value in extent.low],
        "max": [round(value, 3) + 0.0 for value in extent.high],
        "size": [round(high - low, 3) for low, high in zip(extent.low, extent.high, strict=True)],
    }
