"""What OBJ and DAE files hold, element by element, measured as `benchmarks.glb` measures a GLB: y up."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from benchmarks.glb import TO_Y_UP, Colour, Element, Floats

XMLNS = "{http://www.collada.org/2005/11/COLLADASchema}"


def measure(pieces: list[tuple[Colour, Floats]]) -> Element:
    """Return the measures of an element of coloured triangles: (k, 3, 3) arrays with z up."""
    shares: dict[Colour, float] = {}
    for colour, corners in pieces:
        sides = corners[:, 1:] - corners[:, :1]
        area = float(np.linalg.norm(np.cross(sides[:, 0], sides[:, 1]), axis=1).sum() / 2)
        shares[colour] = shares.get(colour, 0.0) + area
    points = np.concatenate([corners.reshape(-1, 3) for _, corners in pieces]) @ TO_Y_UP.T
    return Element(np.stack([points.min(axis=0), points.max(axis=0)]), sum(shares.values()), shares)


def read_obj(path: Path) -> dict[str, Element]:
    """Return the elements of an OBJ by the names of its objects."""
    points: list[list[float]] = []
    found: dict[str, list[tuple[Colour, list[list[int]]]]] = {}
    colours: dict[str, Colour] = {}
    pieces: list[tuple[Colour, list[list[int]]]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, rest = line.partition(" ")
        if key == "mtllib":
            colours = read_mtl(path.with_name(rest))
        elif key == "v":
            points.append([float(value) for value in rest.split()])
        elif key == "o":
            assert rest not in found
            pieces = found[rest] = []
        elif key == "usemtl":
            pieces.append((colours[rest], []))
        elif key == "f":
            pieces[-1][1].append([int(corner.partition("/")[0]) - 1 for corner in rest.split()])
    where = np.array(points).reshape(-1, 3)
    return {
        name: measure([(colour, where[np.array(faces)]) for colour, faces in pieces])
        for name, pieces in found.items()
    }


def read_mtl(path: Path) -> dict[str, Colour]:
    """Return the colours of an MTL, with their opacity."""
    colours: dict[str, Colour] = {}
    name, rgb = "", [0.0, 0.0, 0.0]
    for line in path.read_text(encoding="utf-8").splitlines():
        key, _, rest = line.partition(" ")
        if key == "newmtl":
            assert rest not in colours
            name = rest
        elif key == "Kd":
            rgb = [round(float(value), 6) for value in rest.split()]
        elif key == "d":
            colours[name] = (*rgb, round(float(rest), 6))  # type: ignore[assignment]
    return colours


def read_dae(path: Path) -> dict[str, Element]:
    """Return the elements of a DAE with z up by the GlobalIds in their nodes."""
    root = ElementTree.parse(path).getroot()  # noqa: S314 - our own file
    by_id = {item.get("id"): item for item in root.iter() if item.get("id")}
    found: dict[str, Element] = {}
    for node, matrix in _walk(root.find(f".//{XMLNS}visual_scene"), np.eye(4)):
        use = node.find(f"{XMLNS}instance_geometry")
        if use is None:
            continue
        bound = {
            item.get("symbol"): (item.get("target") or "")[1:]
            for item in use.iter(f"{XMLNS}instance_material")
        }
        pieces = []
        for symbol, corners in _triangles(by_id[(use.get("url") or "")[1:]], by_id):
            placed = corners @ matrix[:3, :3].T + matrix[:3, 3]
            pieces.append((_colour(by_id[bound[symbol]], by_id), placed))
        guid = node.findtext(f".//{XMLNS}GlobalId") or ""
        found[guid] = measure(pieces)
    return found


def _walk(parent: ElementTree.Element | None, outer: Floats) -> Iterator[tuple[ElementTree.Element, Floats]]:
    """Yield every node with its transform."""
    assert parent is not None
    for node in parent.findall(f"{XMLNS}node"):
        text = node.findtext(f"{XMLNS}matrix")
        inner = np.array(text.split(), float).reshape(4, 4) if text else np.eye(4)
        yield node, outer @ inner
        yield from _walk(node, outer @ inner)


def _triangles(
    geometry: ElementTree.Element, by_id: dict[str | None, ElementTree.Element]
) -> Iterator[tuple[str | None, Floats]]:
    """Yield the triangles of each material."""
    source = geometry.find(f".//{XMLNS}vertices/{XMLNS}input")
    assert source is not None
    text = by_id[(source.get("source") or "")[1:]].findtext(f"{XMLNS}float_array") or ""
    points = np.array(text.split(), float).reshape(-1, 3)
    for triangles in geometry.iter(f"{XMLNS}triangles"):
        numbers = np.array((triangles.findtext(f"{XMLNS}p") or "").split(), int).reshape(-1, 3)
        assert len(numbers) == int(triangles.get("count") or 0)
        yield triangles.get("material"), points[numbers]


def _colour(material: ElementTree.Element, by_id: dict[str | None, ElementTree.Element]) -> Colour:
    """Return the colour of a material, opacity last."""
    effect = material.find(f"{XMLNS}instance_effect")
    assert effect is not None
    text = by_id[(effect.get("url") or "")[1:]].findtext(f".//{XMLNS}diffuse/{XMLNS}color") or ""
    red, green, blue, alpha = (round(float(value), 6) for value in text.split())
    return red, green, blue, alpha
