"""Quality hints: what looks wrong or unusual in a model. A hint is no verdict."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

import ifcopenshell

from functions.ifc.placements import Extent, Placements
from functions.ifc.reader import Reader, clean
from functions.ifc.survey import Survey

EXAMPLES = 5  # GlobalIds shown with a hint: enough to find the mistake, few enough to read
GLOBAL_ID = re.compile(r"[0-3][0-9A-Za-z_$]{21}")
Hint = dict[str, object]


def find_hints(
    reader: Reader, survey: Survey, placements: Placements, extent: Extent, *, has_unit: bool
) -> list[Hint]:
    """Return the hints that apply, each with a code, a message, a count and a few GlobalIds."""
    hints = [
        *_model_hints(reader, has_unit=has_unit),
        *_identity_hints(reader),
        *_element_hints(reader, survey),
        _hint("far-away", "points more than a million kilometres away, or not finite", extent.rejected),
        _hint("cyclic-placement", "placements that are relative to themselves", placements.cyclic),
        _hint("cyclic-structure", "objects that are part of themselves", len(survey.tree.cyclic)),
        _hint("unreadable", "attributes that could not be read", reader.unreadable),
    ]
    return [hint for hint in hints if hint["count"]]


def _hint(code: str, message: str, count: int, examples: Iterable[str] = ()) -> Hint:
    return {"code": code, "message": message, "count": count, "examples": list(examples)[:EXAMPLES]}


def _model_hints(reader: Reader, *, has_unit: bool) -> list[Hint]:
    """Return what the model as a whole lacks."""
    projects = len(reader.all("IfcProject"))
    return [
        _hint("no-project", "there is no IfcProject", int(projects == 0)),
        _hint("several-projects", "there is more than one IfcProject", projects if projects > 1 else 0),
        _hint("no-length-unit", "no usable length unit: lengths are taken as metres", int(not has_unit)),
        _hint("no-storeys", "there is no IfcBuildingStorey", int(not reader.all("IfcBuildingStorey"))),
    ]


def _identity_hints(reader: Reader) -> list[Hint]:
    """Return GlobalIds that occur twice, and those that are none."""
    counts = Counter(guid or "" for _, guid in reader.values("IfcRoot", "GlobalId"))
    twice = sorted(clean(str(guid)) for guid, count in counts.items() if guid and count > 1)
    wrong = [guid for guid in counts if not GLOBAL_ID.fullmatch(str(guid))]
    count = sum(counts[guid] for guid in wrong)
    return [
        _hint("duplicate-global-id", "GlobalIds that occur more than once", len(twice), twice),
        _hint(
            "invalid-global-id",
            "GlobalIds that are not 22 characters of the IFC alphabet",
            count,
            sorted(clean(str(guid)) for guid in wrong),
        ),
    ]


def _element_hints(reader: Reader, survey: Survey) -> list[Hint]:
    """Return what elements lack. Openings and other features are left out: they have no such duties."""
    solid = [item for item in survey.elements if not item.is_a("IfcFeatureElement")]
    wholes = {parent.id() for parent in survey.tree.parents.values()}
    found = {
        ("no-storey", "elements that stand on no storey"):
            [item for item in solid if survey.tree.storey(item) is None],
        ("unnamed", "elements without a name"):
            [item for item in solid if not reader.text(item, "Name")],
        ("proxy", "elements of class IfcBuildingElementProxy, which says nothing"):
            [item for item in solid if item.is_a("IfcBuildingElementProxy")],
        ("no-type", "elements without a type"):
            [item for item in solid if item.id() not in survey.typed],
        ("no-properties", "elements without property or quantity sets, own or of their type"):
            [item for item in solid if not survey.with_sets & survey.owners(item)],
        ("no-material", "elements without a material, own or of their type"):
            [item for item in solid if not survey.with_material & survey.owners(item)],
        ("no-shape", "elements without a shape, own or of their parts"):
            [item for item in solid
             if item.id() not in wholes and reader.entity(item, "Representation") is None],
    }  # fmt: skip
    return [
        _hint(code, message, len(items), _global_ids(reader, items))
        for (code, message), items in found.items()
    ]


def _global_ids(reader: Reader, items: list[ifcopenshell.entity_instance]) -> list[str]:
    return [reader.text(item, "GlobalId") or f"#{item.id()}" for item in items[:EXAMPLES]]
