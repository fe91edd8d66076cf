"""Whether ours and the plain tool said the same: one line, and the exit code.

python -m benchmarks.equality OPERATION MODEL OURS PLAIN
"""

from __future__ import annotations

import csv
import json
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

SHOWN = 5
NEUTRALISED = re.compile(r"^'(?='*[=+\-@\t\r\n])")  # the apostrophe that keeps a text from being run


def compare_glb(model: Path, ours: Path, _: Path) -> list[str]:
    """Compare with the iterator's own shapes, whose serializer writes no GlobalIds."""
    from benchmarks.glb import differences, read_glb, reference  # noqa: PLC0415 - loads a geometry stack

    return differences(reference(model), read_glb(ours))


def compare_stp(model: Path, ours: Path, _: Path) -> list[str]:
    """Compare with the iterator's own shapes: the plain file names its parts otherwise."""
    from benchmarks.glb import differences, reference  # noqa: PLC0415
    from benchmarks.stp import Step  # noqa: PLC0415

    found = Step(ours).elements()
    return differences(reference(model), {guid: element for guid, (element, _) in found.items()})


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


FOUND_BY_OURS = {"identical", "contained", "touching"}  # plain ifcclash misses some of these
SAME_M = 1e-4


def compare_clashes(_: Path, ours: Path, plain: Path) -> list[str]:
    """Compare the pairs, and their distances: the plain tool says any that is too small, ours the least."""

    def by_pair(clashes: Iterable[dict[str, Any]]) -> dict[frozenset[str], dict[str, Any]]:
        return {frozenset((one["a_global_id"], one["b_global_id"])): one for one in clashes}

    one = by_pair(json.loads(ours.read_text(encoding="utf-8"))["clash_sets"][0]["clashes"])
    found = json.loads(plain.read_text(encoding="utf-8"))[0]["clashes"].values()
    other = by_pair(clash for clash in found if clash["a_global_id"] != clash["b_global_id"])
    one = {pair: clash for pair, clash in one.items() if len(pair) > 1}  # two files may share a GlobalId
    lines = [f"missing: {set(pair)}" for pair in other.keys() - one.keys()]
    lines += [
        f"too many: {set(pair)}"
        for pair in one.keys() - other.keys()
        if one[pair]["type"] not in FOUND_BY_OURS
    ]
    return lines + [
        f"{set(pair)}: {one[pair]['distance']} instead of {other[pair]['distance']}"
        for pair in one.keys() & other.keys()
        if other[pair]["type"] == "clearance" and one[pair]["distance"] > other[pair]["distance"] + SAME_M
    ]


BESIDE = " (ifcpipe)"  # at the end of the name of a second set
# What ours says otherwise on purpose: see functions/ifc/quantities/rules.py.
CORRECTED = {
    "Qto_SlabBaseQuantities": {"Width", "Length", "Depth", "Perimeter", "GrossArea", "NetArea"},
    "Qto_OpeningElementBaseQuantities": {"Width", "Height", "Depth", "Area", "Volume"},
    "Qto_WindowBaseQuantities": {"Width", "Height", "Area"},
    "Qto_WallBaseQuantities": {"Width", "Length", "Height", "GrossSideArea", "NetSideArea"},
}
MESHES = 100  # elements of an extract whose shapes are compared


def compare_ifc(_: Path, ours: Path, plain: Path) -> list[str]:
    """Compare objects and types: class, name, property sets, type, container, materials; and some shapes."""
    import ifcopenshell  # noqa: PLC0415

    models = [ifcopenshell.open(path) for path in (ours, plain)]  # whose instances do not keep them alive
    one, other = (_objects(model) for model in models)
    lines = [
        f"{key}: {one.get(key)} instead of {other.get(key)}" for key in other if one.get(key) != other[key]
    ]
    lines += [f"too many: {key}" for key in one.keys() - other.keys()]
    meshes = [_meshes(model, sorted(other)) for model in models]
    return lines + [f"{key}: another shape" for key in meshes[1] if meshes[0].get(key) != meshes[1][key]]


def _objects(model: Any) -> dict[str, Any]:  # noqa: ANN401
    import ifcopenshell.util.element as util  # noqa: PLC0415

    found = {}
    for item in [*model.by_type("IfcObject"), *model.by_type("IfcTypeObject")]:
        sets = util.get_psets(item)
        plain = {name: {key: value for key, value in sets[name].items() if key != "id"} for name in sets}
        type_, place = util.get_type(item), util.get_container(item)
        names = sorted(material.Name or "" for material in util.get_materials(item))
        found[item.GlobalId] = (
            item.is_a(), item.Name, plain, type_ and type_.GlobalId, place and place.GlobalId, names,
        )  # fmt: skip
    return found


def _meshes(model: Any, wanted: list[str]) -> dict[str, list[float]]:  # noqa: ANN401
    import ifcopenshell.geom  # noqa: PLC0415

    geom: Any = ifcopenshell.geom
    settings = geom.settings()
    settings.set("use-world-coords", True)
    products = [model.by_guid(key) for key in wanted]
    include = [item for item in products if getattr(item, "Representation", None)][:MESHES]
    shapes = geom.iterator(settings, model, 1, include=include)
    return {shape.guid: sorted(round(value, 4) + 0.0 for value in shape.geometry.verts) for shape in shapes}


def compare_quantities(_: Path, ours: Path, plain: Path) -> list[str]:
    """Compare every quantity of both, but for those that are corrected, to a thousandth."""
    found, expected = _quantities(ours), _quantities(plain)
    return [
        f"{key}: {found.get(key)} instead of {value}"
        for key, value in expected.items()
        if value and abs((found.get(key) or 0.0) - value) > abs(value) / 1000
    ]


def _quantities(path: Path) -> dict[tuple[str, str, str], float]:
    import ifcopenshell  # noqa: PLC0415
    import ifcopenshell.util.element as util  # noqa: PLC0415

    model: Any = ifcopenshell.open(path)  # whose instances do not keep it alive
    # Where the model has a set of the name, ifc5d writes into it, and ours, with `mode: add`, beside it.
    return {
        (item.GlobalId, name, key): value
        for item in model.by_type("IfcProduct")
        for whole, content in sorted(util.get_psets(item, qtos_only=True, should_inherit=False).items())
        for name in [whole.removesuffix(BESIDE)]
        for key, value in content.items()
        if key != "id" and key not in CORRECTED.get(name, ())
    }


def compare_audits(_: Path, ours: Path, plain: Path) -> list[str]:
    """Compare verdicts, applicable elements, and failures with their reasons."""
    one, other = (
        [_verdicts(each) for each in json.loads(path.read_bytes())["specifications"]]
        for path in (ours, plain)
    )
    if len(one) != len(other):
        return [f"{len(one)} specifications instead of {len(other)}"]
    return [f"{mine} instead of {theirs}" for mine, theirs in zip(one, other, strict=True) if mine != theirs]


def _verdicts(specification: dict[str, Any]) -> tuple[object, ...]:
    """Return what a specification comes to; a set that a reason lists has no order in ifctester."""
    checks = [
        {one["id"]: "".join(sorted(one["reason"])) for one in requirement["failed_entities"]}
        for requirement in specification["requirements"]
    ]
    applicable = sorted(one["id"] for one in specification["applicable_entities"])
    return specification["name"], specification["status"], applicable, checks


# What IfcDiff looks for unless it is told otherwise: its geometry covers placements.
DEFAULTS = {"attributes", "placement", "geometry"}


def compare_diffs(model: Path, ours: Path, plain: Path) -> list[str]:
    """Compare added, deleted and changed elements, in the kinds that IfcDiff looks for.

    It does not cut openings out, so a host whose only change is that an opening moved or changed is ours
    alone; and it compares no placement of what has no body, such as storeys.
    """
    import ifcopenshell  # noqa: PLC0415

    one, other = (json.loads(path.read_bytes()) for path in (ours, plain))
    lines = [
        f"{name}: {guid} in one of both only"
        for name in ("added", "deleted")
        for guid in set(one[name]) ^ set(other[name])
    ]
    found = {guid: set(entry["kinds"]) & DEFAULTS for guid, entry in one["changed"].items()}
    expected = set(other["changed"])
    lines += [f"{guid} is not changed" for guid in expected if not found.get(guid)]
    file: Any = ifcopenshell.open(model)
    openings = one["openings"]
    touched = {*openings["added"], *openings["deleted"], *openings["changed"]}
    for guid in {guid for guid, kinds in found.items() if kinds} - expected:
        element = file.by_guid(guid)
        cut = {relation.RelatedOpeningElement.GlobalId for relation in getattr(element, "HasOpenings", ())}
        is_host = found[guid] == {"geometry"} and cut & touched
        is_bodiless = found[guid] == {"placement"} and not element.Representation
        lines += [] if is_host or is_bodiless else [f"{guid}: {sorted(found[guid])} in ours only"]
    return lines


CHECKS: dict[str, Callable[[Path, Path, Path], list[str]]] = {
    "ifcconvert": compare_glb,
    "ifcconvert-stp": compare_stp,
    "ifcdiff": compare_diffs,
    "ifctester": compare_audits,
    "ifccsv": compare_csv,
    "ifc2json": compare_json,
    "ifc5d": compare_quantities,
    "ifcpatch": compare_ifc,
    "ifcclash": compare_clashes,
}


def main() -> None:
    """Run the command line."""
    found = CHECKS[sys.argv[1]](*(Path(name) for name in sys.argv[2:5]))
    print("\n".join([f"{len(found)} differences", *found[:SHOWN]]))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
