"""Make the example files: `python -m examples.make [FOLDER]`. The same bytes every time."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import ifcopenshell
from ifcopenshell import entity_instance as Entity

from examples import architecture, doors, revision, services, site, structure
from examples.audit import audit
from examples.builder import write

FOLDER = Path(__file__).resolve().parent


def main(folder: Path = FOLDER) -> None:
    """Write all models and what is known about them."""
    folder.mkdir(parents=True, exist_ok=True)
    house = architecture.make()
    write(house.model, folder / architecture.NAME)
    _json(folder / "ids.json", audit(house.model))
    (folder / doors.NAME).write_text(doors.table(house.model), encoding="utf-8", newline="\n")
    edits = revision.make(house)
    write(house.model, folder / revision.NAME)
    _json(folder / "edits.json", {"old": architecture.NAME, "new": revision.NAME, **edits})
    for part in (structure, services, site):
        write(part.make().model, folder / part.NAME)
    _json(folder / "clashes.json", clashes(folder))


def clashes(folder: Path) -> dict[str, Any]:
    """Return the clashes between services and structure, by file and GlobalId."""
    files = (services.NAME, structure.NAME)
    named = [_by_name(ifcopenshell.open(str(folder / name))) for name in files]

    def side(number: int, name: str) -> dict[str, str]:
        element = named[number][name]
        return {"file": files[number], "global_id": element.GlobalId, "class": element.is_a(), "name": name}

    return {
        "safe_distance_m": services.SAFE_DISTANCE,
        "clashes": [
            {
                "a": side(0, clash.service),
                "b": side(1, clash.member),
                "kind": clash.kind,
                "distance_m": clash.distance,
                "note": clash.note,
            }
            for clash in services.CLASHES
        ],
    }


def _by_name(model: ifcopenshell.file) -> dict[str, Entity]:
    return {element.Name: element for element in model.by_type("IfcElement")}


def _json(path: Path, content: object) -> None:
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    path.write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
