"""What exactly has changed about an object, kind by kind: old and new values.

Each function gets the two versions and the two rows of an object, and returns its differences, none where
the values are the same after all: another order, another notation, a number that was only rounded.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from ifcopenshell import entity_instance as Entity

from functions.ifc.comparison.contents import Contents, UnreadError, is_number, plain, same
from functions.ifc.reader import clean

if TYPE_CHECKING:
    from functions.ifc.comparison.version import Version
    from functions.ifc.placements import Frame, Vector

Versions = tuple["Version", "Version"]
Difference = dict[str, Any]
Compare = Callable[[Versions, tuple[int, int]], list[Difference]]

# Compared for themselves, or by what they hold and not by how it is kept.
APART = frozenset(
    {"GlobalId", "OwnerHistory", "ObjectPlacement", "Representation", "HasPropertySets", "RepresentationMaps"}
)
LINK = frozenset({"id"})  # instance numbers in values
PART_LISTS = (
    "ForLayerSet", "ForProfileSet", "MaterialLayers", "MaterialProfiles", "MaterialConstituents", "Materials",
    "Material",
)  # fmt: skip
ANGLE = 1e-4  # radians: 1 mm at 10 m
DIGITS = 6


def compare_attributes(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare an object's own attributes, and its class."""
    old, new = (_attributes(version, row) for version, row in zip(versions, rows, strict=True))
    return [
        _difference(name, plain(old.get(name)), plain(new.get(name)))
        for name in (*old, *(name for name in new if name not in old))
        if not same(old.get(name), new.get(name))
    ]


def _attributes(version: Version, row: int) -> dict[str, object]:
    element, contents = version.element(row), Contents(version.reader)
    found: dict[str, object] = {"class": element.is_a()}
    for place in range(len(element)):
        name = element.attribute_name(place)
        value = None if name in APART else version.reader.get(element, place)
        if value is not None:
            found[name] = _content(contents, value)
    return found


def _content(contents: Contents, value: object) -> object:
    if isinstance(value, tuple):
        return tuple(_content(contents, item) for item in value)
    if not isinstance(value, Entity):
        return clean(value) if isinstance(value, str) else value
    try:
        return contents.of(value)
    except UnreadError:
        return (value.is_a(),)


def compare_types(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare the types, by GlobalId."""
    return _links("type", versions, [v.types[r] for v, r in zip(versions, rows, strict=True)])


def compare_containers(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare the spatial elements that objects are in, also as a part or a filling of something."""
    return _links("container", versions, [v.containers[r] for v, r in zip(versions, rows, strict=True)])


def compare_aggregates(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare the wholes that objects are part of."""
    return _links("aggregate", versions, [v.wholes[r] for v, r in zip(versions, rows, strict=True)])


def _links(name: str, versions: Versions, rows: list[Any]) -> list[Difference]:
    guids = [v.guids.get(int(row)) for v, row in zip(versions, rows, strict=True)]
    if guids[0] == guids[1]:
        return []
    names = [
        (v.reader.text(v.element(int(row)), "Name") or guid) if guid else None
        for v, row, guid in zip(versions, rows, guids, strict=True)
    ]
    difference = _difference(name, *names)
    return [difference | {"old_global_id": guids[0], "new_global_id": guids[1]}]


def compare_properties(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare properties, an object's own before its type's."""
    return _compare_sets(versions, rows, quantities=False)


def compare_quantities(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare quantities, an object's own before its type's."""
    return _compare_sets(versions, rows, quantities=True)


def _compare_sets(versions: Versions, rows: tuple[int, int], *, quantities: bool) -> list[Difference]:
    old, new = (
        _members(version, row, quantities=quantities) for version, row in zip(versions, rows, strict=True)
    )
    found = []
    for name in (*old, *(name for name in new if name not in old)):
        one, other = old.get(name), new.get(name)
        if (one is None or other is None) or (one != other and not _same_value(one, other, versions)):
            unit = (other or one or {}).get("unit")
            difference = _difference(name, _shown(one), _shown(other))
            found.append(difference | ({"unit": unit} if unit else {}))
    return found


def _members(version: Version, row: int, *, quantities: bool) -> dict[str, dict[str, Any]]:
    """Return values by `Set.Name`; a set without members stands for itself."""
    found: dict[str, dict[str, Any]] = {}
    for owner in (int(version.types[row]), row):
        pairs = (version.sets.of(owner), version.type_sets.of(owner)) if owner >= 0 else ()
        for definition in (version.element(one) for rows in pairs for one in rows):
            if definition.is_a("IfcElementQuantity") is not quantities:
                continue
            name = version.reader.text(definition, "Name") or definition.is_a()
            members = version.values.definition(definition)
            found.setdefault(name, {})
            found |= {f"{name}.{json.loads(key)}": json.loads(text) for key, text in members.items()}
    return found


def _same_value(one: dict[str, Any], other: dict[str, Any], versions: Versions) -> bool:
    """Tell whether two values are the same, in whatever unit of length, area or volume."""
    if not one or not other:
        return one == other
    a, b = (_without_links(value.get("value")) for value in (one, other))
    if one.get("unit") != other.get("unit"):
        factors = [v.factor(str(value.get("unit"))) for v, value in zip(versions, (one, other), strict=True)]
        if is_number(a) and is_number(b) and None not in factors:
            return math.isclose(a * factors[0], b * factors[1], rel_tol=1e-6)
        if one.get("unit") and other.get("unit"):
            return False
    if not same(a, b):
        return False
    return same(_without_links(one.get("members")), _without_links(other.get("members")))


def _without_links(value: object) -> Any:  # noqa: ANN401 - JSON
    if isinstance(value, dict):
        return {key: _without_links(item) for key, item in value.items() if key not in LINK}
    return [_without_links(item) for item in value] if isinstance(value, list) else value


def _shown(value: dict[str, Any] | None) -> Any:  # noqa: ANN401 - JSON
    if not value:
        return value
    return value.get("members", value.get("value"))


def compare_materials(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare what objects are made of: their own material, or else their type's."""
    found = [_materials(version, row) for version, row in zip(versions, rows, strict=True)]
    if len(found[0]) == len(found[1]) and _same_sets(
        [item for item, _ in found[0]], [i for i, _ in found[1]]
    ):
        return []
    return [_difference("material", *("; ".join(text for _, text in some) or None for some in found))]


def _materials(version: Version, row: int) -> list[tuple[object, str]]:
    own = version.materials.of(row)
    if not own and version.types[row] >= 0:
        own = version.materials.of(int(version.types[row]))
    contents = Contents(version.reader)
    definitions = [version.element(one) for one in own]
    return sorted(
        ((_content(contents, one), " | ".join(_name_parts(version, one, 0))) for one in definitions),
        key=lambda item: item[1],
    )


def _name_parts(version: Version, material: Entity, depth: int) -> Iterator[str]:
    """Yield the names of materials, layers with their thickness."""
    reader = version.reader
    if material.is_a("IfcMaterial"):
        yield reader.text(material, "Name") or "(unnamed)"
        return
    thickness = reader.number(material, "LayerThickness")
    suffix = "" if thickness is None else f" {round(thickness * version.scale, DIGITS):g} m"
    for name in PART_LISTS if depth < 8 else ():  # noqa: PLR2004
        for part in (*reader.entities(material, name), reader.entity(material, name)):
            if part is not None:
                yield from (text + suffix for text in _name_parts(version, part, depth + 1))


def compare_classifications(versions: Versions, rows: tuple[int, int]) -> list[Difference]:
    """Compare classification references: systems, codes and names, an object's own and its type's."""
    old, new = (_references(version, row) for version, row in zip(versions, rows, strict=True))
    found = [
        _difference(system or "classification", code, None)
        for system, code in old
        if (system, code) not in new
    ]
    found += [
        _difference(system or "classification", None, code)
        for system, code in new
        if (system, code) not in old
    ]
    if len(found) == 2 and found[0]["name"] == found[1]["name"]:  # noqa: PLR2004 - one code for another
        return [
            _difference(
                found[0]["name"], found[0]["old"] or found[1]["old"], found[1]["new"] or found[0]["new"]
            )
        ]
    return found


def _references(version: Version, row: int) -> list[tuple[str | None, str]]:
    """Return (system, code and name), sorted."""
    reader, found = version.reader, set()
    for owner in (row, int(version.types[row])):
        for reference in (
            version.element(one) for one in (version.classifications.of(owner) if owner >= 0 else ())
        ):
            codes = [reader.text(reference, key) for key in ("Identification", "ItemReference", "Name")]
            node: Entity | None = reference
            system = None
            for _ in range(20):
                if node is None or node.is_a("IfcClassification"):
                    system = None if node is None else reader.text(node, "Name")
                    break
                node = reader.entity(node, "ReferencedSource")
            found.add((system, " ".join(code for code in codes if code)))
    return sorted(found, key=lambda item: (item[0] or "", item[1]))


def _same_sets(one: list[object], other: list[object]) -> bool:
    return all(same(a, b) for a, b in zip(one, other, strict=True))


def compare_placements(versions: Versions, rows: tuple[int, int], *, tolerance: float) -> list[Difference]:
    """Compare where objects stand: metres, and degrees about an axis."""
    elements = [version.element(row) for version, row in zip(versions, rows, strict=True)]
    frames = [v.placements.of(element) for v, element in zip(versions, elements, strict=True)]
    one, other = frames
    if one is None or other is None:
        return _compare_unplaced(versions, elements, tolerance=tolerance)
    old, new = (_metres(frame, v.scale) for frame, v in zip((one, other), versions, strict=True))
    vector = [b - a for a, b in zip(old, new, strict=True)]
    angle, axis = rotation(one, other)
    if math.hypot(*vector) <= tolerance and angle <= ANGLE:
        return []
    difference = _difference("position", _round(old), _round(new))
    difference |= {"vector_m": _round(vector), "distance_m": round(math.hypot(*vector), DIGITS)}
    if angle > ANGLE:
        difference |= {"rotation_deg": round(math.degrees(angle), 4), "rotation_axis": _round(axis)}
    return [difference]


def _compare_unplaced(versions: Versions, elements: list[Entity], *, tolerance: float) -> list[Difference]:
    """Compare placements that are no frames: on a grid, along an alignment, damaged or not there."""
    found: list[object] = []
    for version, element in zip(versions, elements, strict=True):
        placement = version.reader.entity(element, "ObjectPlacement")
        try:
            found.append(placement and Contents(version.reader).of(placement))
        except UnreadError:
            found.append(None)
    is_same = same(*found, absolute=tolerance / versions[1].scale)
    return [] if is_same else [_difference("placement", *(one and one[0] for one in found))]  # type: ignore[index]


def rotation(old: Frame, new: Frame) -> tuple[float, Vector]:
    """Return the angle between two frames in radians, and the axis to turn about in the world."""
    matrix = [[sum(new[k + 1][i] * old[k + 1][j] for k in range(3)) for j in range(3)] for i in range(3)]
    x, y, z = (
        (matrix[2][1] - matrix[1][2]) / 2,
        (matrix[0][2] - matrix[2][0]) / 2,
        (matrix[1][0] - matrix[0][1]) / 2,
    )
    sine, cosine = math.hypot(x, y, z), (matrix[0][0] + matrix[1][1] + matrix[2][2] - 1) / 2
    angle = math.atan2(sine, cosine)
    if sine > ANGLE:
        return angle, (x / sine, y / sine, z / sine)
    # Half a turn, or none: the axis stands in the columns of the matrix plus one, and has two directions.
    column = max(range(3), key=lambda i: matrix[i][i])
    x, y, z = (matrix[i][column] + (i == column) for i in range(3))
    length = math.hypot(x, y, z) or 1.0
    return angle, (x / length, y / length, z / length)


def _metres(frame: Frame, scale: float) -> list[float]:
    return [value * scale for value in frame[0]]


def _round(values: Any) -> list[float]:  # noqa: ANN401 - three numbers
    return [round(float(value), DIGITS) + 0.0 for value in values]


def _difference(name: str, old: object, new: object) -> Difference:
    return {"name": name, "old": old, "new": new}
