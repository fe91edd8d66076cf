"""What a GLB holds, element by element, and what IfcOpenShell's iterator makes of the same model."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Colour = tuple[float, float, float, float]

TYPES = {5120: np.int8, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
TO_Y_UP = np.array([[1.0, 0, 0], [0, 0, 1.0], [0, -1.0, 0]])
TOLERANCE_M = 1e-3
TOLERANCE_AREA = 1e-3  # a thousandth of the element's surface
TOLERANCE_COLOUR = 1e-6


@dataclass(frozen=True)
class Element:
    """An element's box (two rows, metres, y up), its surface in square metres and its colours."""

    box: Floats
    area: float
    colours: Mapping[Colour, float]


def read_glb(path: Path) -> dict[str, Element]:
    """Return the elements of a GLB of ours by the GlobalId in their nodes' extras."""
    data = path.read_bytes()
    (length,) = struct.unpack_from("<I", data, 12)
    document = json.loads(data[20 : 20 + length])
    binary = data[28 + length :]
    nodes = document["nodes"]
    found: dict[str, Element] = {}
    for number, transform in _walk(nodes, document["scenes"][0]["nodes"], np.eye(4)):
        node = nodes[number]
        if "mesh" in node:
            found[node["extras"]["GlobalId"]] = _element(document, binary, node["mesh"], transform)
    return found


def reference(model: Path, *, engine: str = "opencascade") -> dict[str, Element]:
    """Return the elements of a model as IfcOpenShell's iterator makes them, openings left out."""
    file: Any = ifcopenshell.open(model)
    geom: Any = ifcopenshell.geom
    found: dict[str, Element] = {}
    for shape in geom.iterator(geom.settings(), file, 1, geometry_library=engine):
        made = shape.geometry
        points = np.frombuffer(made.verts_buffer).reshape(-1, 3)
        triangles = np.frombuffer(made.faces_buffer, np.int32).reshape(-1, 3)
        if not len(triangles) or file.by_id(shape.id).is_a("IfcFeatureElement"):
            continue
        matrix = np.frombuffer(shape.transformation_buffer).reshape(4, 4).T
        world = (points @ matrix[:3, :3].T + matrix[:3, 3]) @ TO_Y_UP.T
        areas = _areas(world, triangles)
        colours = np.frombuffer(made.colors_buffer).reshape(-1, 4)
        owners = np.frombuffer(made.material_ids_buffer, np.int32)
        shares: dict[Colour, float] = {}
        for owner in np.unique(owners):
            colour = _colour(colours[owner])
            shares[colour] = shares.get(colour, 0.0) + float(areas[owners == owner].sum())
        found[shape.guid] = Element(_box(world, triangles), float(areas.sum()), shares)
    return found


def differences(expected: Mapping[str, Element], actual: Mapping[str, Element]) -> list[str]:
    """Say what differs: elements missing or added, boxes by over 1 mm, surfaces, colours."""
    lines = [f"{guid}: missing" for guid in expected if guid not in actual]
    lines += [f"{guid}: not in the model" for guid in actual if guid not in expected]
    for guid in expected.keys() & actual.keys():
        one, other = expected[guid], actual[guid]
        shift = float(np.abs(one.box - other.box).max())
        if shift > TOLERANCE_M:
            lines.append(f"{guid}: box differs by {shift * 1000:.2f} mm")
        if abs(one.area - other.area) > TOLERANCE_AREA * one.area:
            lines.append(f"{guid}: surface {other.area:.4f} m2 instead of {one.area:.4f} m2")
        if not _same_colours(one, other):
            lines.append(f"{guid}: colours {dict(other.colours)} instead of {dict(one.colours)}")
    return lines


def _same_colours(one: Element, other: Element) -> bool:
    """Tell whether the same colours cover the same surface."""
    if one.colours.keys() != other.colours.keys():
        return False
    return all(
        abs(area - other.colours[colour]) <= TOLERANCE_AREA * one.area for colour, area in one.colours.items()
    )


def _walk(nodes: list[dict[str, Any]], numbers: list[int], outer: Floats) -> Iterator[tuple[int, Floats]]:
    """Yield every node with its transform in the scene."""
    for number in numbers:
        node = nodes[number]
        local = np.array(node["matrix"]).reshape(4, 4).T if "matrix" in node else np.eye(4)
        local[:3, :3] *= node.get("scale", [1, 1, 1])
        local[:3, 3] += node.get("translation", [0, 0, 0])
        yield number, outer @ local
        yield from _walk(nodes, node.get("children", []), outer @ local)


def _element(document: dict[str, Any], binary: bytes, mesh: int, transform: Floats) -> Element:
    """Measure the primitives of a mesh."""
    boxes, shares = [], dict[Colour, float]()
    for primitive in document["meshes"][mesh]["primitives"]:
        points = _accessor(document, binary, primitive["attributes"]["POSITION"]).reshape(-1, 3)
        triangles = _accessor(document, binary, primitive["indices"]).reshape(-1, 3)
        world = points.astype(float) @ transform[:3, :3].T + transform[:3, 3]
        look = document["materials"][primitive["material"]]["pbrMetallicRoughness"]
        colour = _colour(look["baseColorFactor"])
        boxes.append(_box(world, triangles))
        shares[colour] = shares.get(colour, 0.0) + float(_areas(world, triangles).sum())
    box = np.stack([np.min(boxes, axis=0)[0], np.max(boxes, axis=0)[1]])
    return Element(box, sum(shares.values()), shares)


def _accessor(document: dict[str, Any], binary: bytes, number: int) -> NDArray[Any]:
    """Return the numbers of an accessor."""
    accessor = document["accessors"][number]
    view = document["bufferViews"][accessor["bufferView"]]
    start = view["byteOffset"] + accessor["byteOffset"]
    kind = np.dtype(TYPES[accessor["componentType"]])
    size = {"SCALAR": 1, "VEC2": 2, "VEC3": 3}[accessor["type"]]
    stride = view.get("byteStride", size * kind.itemsize)
    shape, steps = (accessor["count"], size), (stride, kind.itemsize)
    return np.ndarray(shape, kind, binary, start, steps).reshape(-1)


def _areas(points: Floats, triangles: NDArray[Any]) -> Floats:
    """Return the area of each triangle."""
    a, b, c = (points[triangles[:, corner]] for corner in range(3))
    areas: Floats = np.linalg.norm(np.cross(b - a, c - a), axis=1) / 2
    return areas


def _box(points: Floats, triangles: NDArray[Any]) -> Floats:
    """Return the box of the vertices that triangles use."""
    used = points[np.unique(triangles)]
    return np.stack([used.min(axis=0), used.max(axis=0)])


def _colour(row: Any) -> Colour:  # noqa: ANN401 - a list or an array
    """Return a colour that can be compared: rounded to six digits."""
    red, green, blue, alpha = (round(float(value), 6) for value in row)
    return red, green, blue, alpha
