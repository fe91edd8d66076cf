"""A scene of clashes: the elements that clash in colours, all others in a grey that can be seen through."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from functions.ifc.clash.search import Clash
from functions.ifc.clash.sides import Element
from functions.ifc.geometry.gltf import Scene
from functions.ifc.geometry.mesh import Material, Mesh

RED = Material("clash a", (0.85, 0.15, 0.12, 1.0))
BLUE = Material("clash b", (0.12, 0.35, 0.85, 1.0))
GREY = Material("context", (0.7, 0.7, 0.7, 0.2))


def write_scene(
    path: Path,
    elements: Iterable[Element],
    clashes: Mapping[str, Clash],
    *,
    scratch: Path,
) -> None:
    """Write a GLB of elements; those in the clashes, given by id, are red or blue by the side they are on."""
    clashing: dict[tuple[str, str, int], tuple[Material, list[str]]] = {}
    for name, clash in clashes.items():
        for element, colour in ((clash.a, RED), (clash.b, BLUE)):
            clashing.setdefault(element.key, (colour, []))[1].append(name)
    painted: dict[tuple[bytes, str], Mesh] = {}
    with ExitStack() as stack:
        vertices, indices = (
            stack.enter_context((scratch / name).open("w+b")) for name in ("vertices", "indices")
        )
        scene = Scene(vertices, indices)
        for element in elements:
            material, names = clashing.get(element.key, (GREY, []))
            known = element.mesh.key, material.name
            if known not in painted:
                painted[known] = _paint(element.mesh, material)
            extras = {
                "file": element.file,
                "GlobalId": element.global_id,
                "class": element.kind,
                "name": element.name,
                "clashes": " ".join(names),
            }
            scene.add(painted[known], element.placement, name=element.global_id, extras=extras)
        scene.save(path, name="clashes")


def _paint(mesh: Mesh, material: Material) -> Mesh:
    """Return a mesh in one colour."""
    triangles = np.concatenate([part for _, part in mesh.parts])
    return replace(mesh, parts=((material, triangles),), key=mesh.key + material.name.encode())
