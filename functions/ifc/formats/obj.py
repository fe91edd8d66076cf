"""Wavefront OBJ with its MTL beside it: every element an object, in coordinates of the whole model.

Source: the OBJ specification 3.0 and the MTL specification of Alias/Wavefront. There are no placements in an
OBJ, and most readers keep float32: a model far from zero is therefore written about a round origin, which
stands in a comment of the head and in the statistics.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import numpy as np

from functions.core import Files
from functions.ifc.formats.meshes import Meshes, move
from functions.ifc.formats.numerals import print_rows, vector_form
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.formats.spool import Node, Scenic, Spool
from functions.ifc.gate import UNSHAPED
from functions.ifc.geometry.gltf import TO_Y_UP, project
from functions.ifc.units import length_scale, list_units

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Material, Mesh

UNREAD = UNSHAPED


def write(options: Scenic, source: Source, target: Path, files: Files) -> Statistics:
    """Write the OBJ and the MTL, and say what went into them."""
    library = target.with_suffix(".mtl")
    with (files.scratch / "meshes").open("w+b") as scratch, target.open("w", encoding="utf-8") as out:
        spool = Spool(scratch)
        meshes = Meshes(options, source, files)
        for made in meshes:
            spool.add(made)
        shift = spool.shift(options)
        origin = spool.origin(shift)
        if origin.any():
            files.warn(f"the model is far from zero: coordinates are relative to {_triple(origin)} m")
        unit = (length_scale(list_units(source.reader)) or 1.0) if options.convert_back_units else 1.0
        names = name_materials(spool.materials)
        out.write(f"# {line(source.name)}\n# unit: {unit:g} m, {'y' if options.y_up else 'z'} is up\n")
        out.write(f"# origin: {_triple(origin)} m\nmtllib {library.name}\n")
        whole = frame(shift - origin, y_up=bool(options.y_up), unit=unit)
        writer = _Objects(out, options, names)
        for node in spool.nodes:
            writer.add(node, move(spool.mesh(node.mesh), whole @ node.placement))
        library.write_text("".join(_materials(names)), encoding="utf-8")
    return meshes.statistics | {
        "meshes": len(spool),
        "triangles": spool.triangles,
        "vertices": writer.points,
        "materials": len(names),
        "origin": origin.tolist(),
    }


def frame(shift: Floats, *, y_up: bool, unit: float = 1.0) -> Floats:
    """Return the matrix from the model's metres with z up to what is written: moved, turned, scaled."""
    matrix = np.eye(4)
    matrix[:3, 3] = shift
    scale = np.diag([1 / unit, 1 / unit, 1 / unit, 1.0])
    turned: Floats = scale @ (TO_Y_UP if y_up else np.eye(4)) @ matrix
    return turned


def name_materials(materials: dict[Material, int]) -> dict[Material, str]:
    """Return a name for each material: its own without blanks, with a number where two have the same."""
    names: dict[Material, str] = {}
    taken: set[str] = set()
    for material, number in materials.items():
        name = word(material.name) or "material"
        names[material] = name if name not in taken else f"{name}.{number}"
        taken.add(names[material])
    return names


def word(text: str) -> str:
    """Return a text as one word."""
    return re.sub(r"[\s#\\]+", "_", text)


def line(text: str) -> str:
    """Return a text as the rest of a line; a line must not end with the sign for going on."""
    return re.sub(r"\s+", " ", text).rstrip("\\")


def _triple(point: Floats) -> str:
    return " ".join(f"{value:.15g}" for value in point.tolist())


class _Objects:
    """Writes one object after the other, and counts vertices."""

    def __init__(self, out: TextIO, options: Scenic, names: dict[Material, str]) -> None:
        self.out, self.options, self.names = out, options, names
        self.points = 0
        self._taken: set[str] = set()

    def add(self, node: Node, mesh: Mesh) -> None:
        """Write an element."""
        self.out.write(f"# {node.extras['class']} {node.extras['GlobalId']} {line(node.extras['name'])}\n")
        self.out.write(f"o {self._name(node)}\n")
        digits, form = self.options.digits, "%d"
        self.out.writelines(print_rows(mesh.points, vector_form(digits, head="v ", tail="\n")))
        textured = self.options.generate_uvs and mesh.normals is not None
        if mesh.normals is not None:
            length = np.linalg.norm(mesh.normals, axis=1, keepdims=True)
            normals = mesh.normals / np.where(length > 0, length, 1.0)
            if textured:
                rows = project(mesh.points, normals)
                self.out.writelines(print_rows(rows, vector_form(digits, head="vt ", tail="\n", size=2)))
            self.out.writelines(print_rows(normals, vector_form(6, head="vn ", tail="\n")))
            form = "%d/%d/%d" if textured else "%d//%d"
        for material, triangles in mesh.parts:
            self.out.write(f"usemtl {self.names[material]}\n")
            corners = triangles.astype(np.int64) + self.points + 1
            rows = np.repeat(corners, form.count("%"), axis=1)
            self.out.writelines(print_rows(rows, f"f {form} {form} {form}\n"))
        self.points += len(mesh.points)

    def _name(self, node: Node) -> str:
        """Return a name that no other object has: readers would join the two."""
        name = word(node.name)
        if name in self._taken:
            name = f"{name}.{node.element.id()}"
        self._taken.add(name)
        return name


def _materials(names: dict[Material, str]) -> Iterator[str]:
    """Yield the MTL: matt colours, and opacity `d`."""
    for material, name in names.items():
        red, green, blue, alpha = (f"{value:.9g}" for value in material.rgba)
        colour = f"{red} {green} {blue}"
        yield f"newmtl {name}\nKa {colour}\nKd {colour}\nKs 0 0 0\nd {alpha}\nillum 1\n\n"
