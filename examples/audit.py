"""What an audit of `house-architecture.ifc` against `house.ids` must say, worked out without IDS software."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import ifcopenshell
from ifcopenshell import entity_instance as Entity
from ifcopenshell.util.classification import get_references
from ifcopenshell.util.element import get_materials, get_pset

Check = Callable[[Entity], bool]

# The specifications of house.ids, in its order: name, class they apply to, what an element must fulfil.
CHECKS: tuple[tuple[str, str, Check], ...] = (
    (
        "Walls say whether they are external",
        "IfcWall",
        lambda wall: isinstance(get_pset(wall, "Pset_WallCommon", "IsExternal"), bool),
    ),
    (
        "Walls have a fire rating",
        "IfcWall",
        lambda wall: bool(get_pset(wall, "Pset_WallCommon", "FireRating")),
    ),
    ("Doors are numbered", "IfcDoor", lambda door: (door.Name or "").startswith("D-")),
    (
        "Windows have a width and a material",
        "IfcWindow",
        lambda item: bool(item.OverallWidth and get_materials(item)),
    ),
    ("Rooms are classified", "IfcSpace", lambda space: bool(get_references(space))),
    ("There are no proxies", "IfcBuildingElementProxy", lambda _: False),
)


def audit(model: ifcopenshell.file) -> dict[str, Any]:
    """Return each specification's verdict with the elements that fail it."""
    found = []
    for name, kind, check in CHECKS:
        failing = [element for element in model.by_type(kind) if not check(element)]
        found.append(
            {
                "specification": name,
                "passes": not failing,
                "failing": [{"global_id": item.GlobalId, "name": item.Name} for item in failing],
            }
        )
    return {"ids": "house.ids", "model": "house-architecture.ifc", "specifications": found}
