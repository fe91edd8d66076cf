"""Whether ours and the plain tool said the same: one line, and the exit code.

python -m benchmarks.equality OPERATION MODEL OURS PLAIN
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path

SHOWN = 5
NEUTRALISED = re.compile(r"^'(?='*[=+\-@\t\r\n])")  # the apostrophe that keeps a text from being run


def compare_glb(model: Path, ours: Path, _: Path) -> list[str]:
    """Compare with the iterator's own shapes, whose serializer writes no GlobalIds."""
    from benchmarks.glb import differences, read_glb, reference  # noqa: PLC0415 - loads a geometry stack

    return differences(reference(model), read_glb(ours))


def compare_csv(_: Path, ours: Path, plain: Path) -> list[str]:
    """Compare the rows, whatever their order, and the header; ours with its formulas as they were."""
    tables = []
    for path in (ours, plain):
        with path.open(encoding="utf-8-sig", newline="") as file:
            tables.append([tuple(row) for row in csv.reader(file)])
    one = [tuple(NEUTRALISED.sub("", cell) for cell in row) for row in tables[0]]
    other = tables[1]
    lines = [] if one[:1] == other[:1] else [f"header {one[:1]} instead of {other[:1]}"]
    counts, expected = Counter(one[1:]), Counter(other[1:])
    lines += [f"too many: {row}" for row in counts - expected]
    return lines + [f"missing: {row}" for row in expected - counts]


def compare_json(_: Path, ours: Path, plain: Path) -> list[str]:
    """Compare names of products and types and their own single values, found through the relationships."""
    document = json.loads(ours.read_text(encoding="utf-8"))
    instances = {item["id"]: item for item in json.loads(plain.read_text(encoding="utf-8"))}
    found = {item["id"]: item for key in ("elements", "types") for item in document[key]}
    lines = []
    for number, item in found.items():
        one = [item["class"], item["global_id"], item["name"] or ""]
        other = [instances[number][key] or "" for key in ("type", "GlobalId", "Name")]
        lines += [] if one == other else [f"#{number}: {one} instead of {other}"]
    owners = [
        (owner["ref"], relation["RelatingPropertyDefinition"]["ref"])
        for relation in instances.values()
        if relation["type"] == "IfcRelDefinesByProperties"
        for owner in relation["RelatedObjects"]
    ]
    for owner, definition in owners:
        of = instances[definition]
        for member in of.get("HasProperties") or ():
            single = instances[member["ref"]]
            if owner not in found or single["type"] != "IfcPropertySingleValue":
                continue
            value = found[owner]["property_sets"].get(of["Name"], {}).get(single["Name"], {}).get("value")
            if value != single["NominalValue"]:
                lines.append(f"#{owner} {of['Name']}.{single['Name']}: {value} not {single['NominalValue']}")
    return lines


CHECKS: dict[str, Callable[[Path, Path, Path], list[str]]] = {
    "ifcconvert": compare_glb,
    "ifccsv": compare_csv,
    "ifc2json": compare_json,
}


def main() -> None:
    """Run the command line."""
    found = CHECKS[sys.argv[1]](*(Path(name) for name in sys.argv[2:5]))
    print("\n".join([f"{len(found)} differences", *found[:SHOWN]]))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
