"""COLLADA 1.4.1: every mesh once, every element a node, placements as matrices.

Source: ISO/PAS 17506:2012 (COLLADA 1.5), of whose forms those are used that 1.4.1 has as well. A model far
from zero hangs under a node that holds its origin as a translation. Children of COLLADA may come as one
wants, so geometries are written while they are read, and materials after them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO
from xml.sax import saxutils

import numpy as np

from functions.core import Files
from functions.ifc.formats.meshes import Meshes
from functions.ifc.formats.numerals import print_rows, vector_form
from functions.ifc.formats.obj import frame
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.formats.spool import Node, Scenic, Spool
from functions.ifc.gate import UNSHAPED
from functions.ifc.geometry.gltf import project
from functions.ifc.spatial import Tree
from functions.ifc.units import length_scale, list_units

if TYPE_CHECKING:
    import ifcopenshell

    from functions.ifc.geometry.mesh import Floats, Material, Mesh
    from functions.ifc.reader import Reader

UNREAD = UNSHAPED
MADE = "1970-01-01T00:00:00Z"  # the same model gives the same bytes
DEPTH = 100
# Of the letters that XML names may have, those of Latin, Cyrillic and Chinese texts.
LETTERS = r"A-Za-z\u00C0-\u00D6\u00D8-\u00F6\u00F8-\u0131\u0410-\u044F\u4E00-\u9FA5"
NOT_NAMED, STARTING = rf"[^{LETTERS}0-9_.\-]", rf"[{LETTERS}_]"
NOT_XML = {0xFFFE: "\ufffd", 0xFFFF: "\ufffd"}  # the others are gone when a name is read


class Options(Scenic, Protocol):
    """What a DAE can be asked for."""

    @property
    def element_hierarchy(self) -> bool:
        """Hang elements under nodes of what contains them."""


def write(options: Options, source: Source, target: Path, files: Files) -> Statistics:
    """Write the DAE and say what went into it."""
    with (files.scratch / "meshes").open("w+b") as scratch, target.open("w", encoding="utf-8") as out:
        spool = Spool(scratch)
        meshes = Meshes(options, source, files)
        for made in meshes:
            spool.add(made)
        unit = (length_scale(list_units(source.reader)) or 1.0) if options.convert_back_units else 1.0
        _Document(out, options, spool, unit).write(source)
    return meshes.statistics | {
        "meshes": len(spool),
        "triangles": spool.triangles,
        "materials": len(spool.materials),
        "origin": spool.origin(spool.shift(options)).tolist(),
    }


def label(text: str) -> str:
    """Return a text as the value of a `name`, which must be an XML name; the exact one stands in `extra`."""
    name = re.sub(NOT_NAMED, "_", text)
    return f'"{name if re.match(STARTING, name) else "_" + name}"'


class _Document:
    """Writes the parts of a document, from top to bottom."""

    def __init__(self, out: TextIO, options: Options, spool: Spool, unit: float) -> None:
        self.out, self.options, self.spool, self.unit = out, options, spool, unit

    def write(self, source: Source) -> None:
        """Write it all. A library without anything in it is not allowed."""
        axis = "Y_UP" if self.options.y_up else "Z_UP"
        self.out.write('<?xml version="1.0" encoding="utf-8"?>\n')
        self.out.write(
            '<COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" version="1.4.1">\n<asset>'
        )
        self.out.write("<contributor><authoring_tool>ifcpipe</authoring_tool></contributor>")
        self.out.write(f"<created>{MADE}</created><modified>{MADE}</modified>")
        name = "meter" if self.unit == 1 else "unit"
        self.out.write(f'<unit name="{name}" meter="{self.unit!r}"/><up_axis>{axis}</up_axis></asset>\n')
        if self.spool.nodes:
            self._library("geometries", self._geometries())
            self._library("effects", map(_effect, self.spool.materials.items()))
            self._library("materials", map(_material, self.spool.materials.items()))
        self._library("visual_scenes", self._scene(source))
        self.out.write('<scene><instance_visual_scene url="#scene"/></scene>\n</COLLADA>\n')

    def _library(self, name: str, pieces: Iterator[str]) -> None:
        self.out.write(f"<library_{name}>\n")
        self.out.writelines(pieces)
        self.out.write(f"</library_{name}>\n")

    def _geometries(self) -> Iterator[str]:
        for number, mesh in enumerate(self.spool):
            yield from self._geometry(f"mesh{number}", mesh)

    def _geometry(self, name: str, mesh: Mesh) -> Iterator[str]:
        """Yield a geometry: its sources, then triangles by material."""
        yield f'<geometry id="{name}"><mesh>\n'
        yield from self._source(f"{name}-p", mesh.points / self.unit, "XYZ")
        inputs = f'<input semantic="VERTEX" source="#{name}-v" offset="0"/>'
        if mesh.normals is not None:
            yield from self._source(f"{name}-n", mesh.normals, "XYZ")
            inputs += f'<input semantic="NORMAL" source="#{name}-n" offset="0"/>'
            if self.options.generate_uvs:
                yield from self._source(f"{name}-t", project(mesh.points, mesh.normals), "ST")
                inputs += f'<input semantic="TEXCOORD" source="#{name}-t" offset="0" set="0"/>'
        yield f'<vertices id="{name}-v"><input semantic="POSITION" source="#{name}-p"/></vertices>\n'
        for material, triangles in mesh.parts:
            symbol = f"m{self.spool.materials[material]}"
            yield f'<triangles material="{symbol}" count="{len(triangles)}">{inputs}<p>'
            yield from print_rows(triangles, "%d %d %d ")
            yield "</p></triangles>\n"
        yield "</mesh></geometry>\n"

    def _source(self, name: str, rows: Floats, axes: str) -> Iterator[str]:
        """Yield a source of vectors."""
        size = len(axes)
        yield f'<source id="{name}"><float_array id="{name}a" count="{rows.size}">'
        yield from print_rows(rows, vector_form(self.options.digits, size=size))
        yield "</float_array><technique_common>"
        yield f'<accessor source="#{name}a" count="{len(rows)}" stride="{size}">'
        yield "".join(f'<param name="{axis}" type="float"/>' for axis in axes)
        yield "</accessor></technique_common></source>\n"

    def _scene(self, source: Source) -> Iterator[str]:
        """Yield the scene: a node for the whole, in it one an element, or what contains it first."""
        shift = self.spool.shift(self.options)
        origin = self.spool.origin(shift)
        turn = frame(np.zeros(3), y_up=bool(self.options.y_up))
        lift = frame(origin / self.unit, y_up=False)
        yield f'<visual_scene id="scene"><node id="model" name={label(source.name)}>\n'
        yield _matrix(turn @ lift)
        places = [(node, self._place(node, shift - origin)) for node in self.spool.nodes]
        if self.options.element_hierarchy:
            yield from _Hierarchy(self.spool, source.reader).print(dict(enumerate(places)))
        else:
            yield from (_node(self.spool, node, matrix) for node, matrix in places)
        yield "</node></visual_scene>\n"

    def _place(self, node: Node, shift: Floats) -> Floats:
        placement = node.placement.copy()
        placement[:3, 3] = (placement[:3, 3] + shift) / self.unit
        return placement


class _Hierarchy:
    """The nodes of what contains the elements, each with what is in it."""

    def __init__(self, spool: Spool, reader: Reader) -> None:
        self.spool, self.reader = spool, reader
        self.parents = Tree.of(reader).parents

    def print(self, places: dict[int, tuple[Node, Floats]]) -> Iterator[str]:
        """Yield the tree of the elements with their containers."""
        inside: dict[int, list[int]] = {}
        own: dict[int, tuple[Node, Floats]] = {}
        known: dict[int, ifcopenshell.entity_instance] = {}
        for node, matrix in places.values():
            own[node.element.id()] = node, matrix
            self._climb(node.element, inside, known)
        yield from self._below(0, inside, own, known)

    def _climb(
        self,
        element: ifcopenshell.entity_instance,
        inside: dict[int, list[int]],
        known: dict[int, ifcopenshell.entity_instance],
    ) -> None:
        """Enter an element and all that it is in."""
        for _ in range(DEPTH):
            if element.id() in known:
                return
            known[element.id()] = element
            parent = self.parents.get(element.id())
            circle = parent is not None and parent.id() in self._above(parent)
            if parent is None or circle:
                break
            inside.setdefault(parent.id(), []).append(element.id())
            element = parent
        inside.setdefault(0, []).append(element.id())

    def _above(self, element: ifcopenshell.entity_instance) -> set[int]:
        """Return the ids on the way up from an element, itself only where the way leads back to it."""
        found: set[int] = set()
        parent = self.parents.get(element.id())
        while parent is not None and parent.id() not in found:
            found.add(parent.id())
            parent = self.parents.get(parent.id())
        return found

    def _below(
        self,
        number: int,
        inside: dict[int, list[int]],
        own: dict[int, tuple[Node, Floats]],
        known: dict[int, ifcopenshell.entity_instance],
    ) -> Iterator[str]:
        """Yield what is in something. Placements are global: containers have none."""
        for child in inside.get(number, ()):
            element = known[child]
            if child in own:
                yield _node(self.spool, *own[child])
            if child in inside:
                name = self.reader.text(element, "Name") or element.is_a()
                yield f'<node id="in{child}" name={label(name)}>\n'
                yield from self._below(child, inside, own, known)
                yield "</node>\n"


def _node(spool: Spool, node: Node, matrix: Floats) -> str:
    """Return an element's node: placement, mesh with its materials, and what is known of the element."""
    bound = "".join(
        f'<instance_material symbol="m{number}" target="#mat{number}"/>'
        for number in sorted({spool.materials[material] for material in spool.used(node.mesh)})
    )
    known = "".join(
        f"<{name}>{saxutils.escape(value.translate(NOT_XML))}</{name}>" for name, value in node.extras.items()
    )
    return (
        f'<node id="e{node.element.id()}" name={label(node.name)}>{_matrix(matrix)}'
        f'<instance_geometry url="#mesh{node.mesh}"><bind_material><technique_common>{bound}'
        f"</technique_common></bind_material></instance_geometry>"
        f'<extra><technique profile="ifcpipe">{known}</technique></extra></node>\n'
    )


def _matrix(matrix: Floats) -> str:
    """Return a matrix, row by row; coordinates on Earth keep a micrometre."""
    values = (np.round(matrix, 12) + 0.0).ravel().tolist()
    return f"<matrix>{' '.join(f'{value:.15g}' for value in values)}</matrix>"


def _effect(item: tuple[Material, int]) -> str:
    """Return a matt colour. COLLADA says opacity as the alpha of white light that goes through."""
    material, number = item
    red, green, blue, alpha = (f"{value:.9g}" for value in material.rgba)
    return (
        f'<effect id="fx{number}"><profile_COMMON><technique sid="common"><lambert>'
        f"<diffuse><color>{red} {green} {blue} {alpha}</color></diffuse>"
        f'<transparent opaque="A_ONE"><color>1 1 1 {alpha}</color></transparent>'
        f"<transparency><float>1</float></transparency>"
        f"</lambert></technique></profile_COMMON></effect>\n"
    )


def _material(item: tuple[Material, int]) -> str:
    material, number = item
    return (
        f'<material id="mat{number}" name={label(material.name)}>'
        f'<instance_effect url="#fx{number}"/></material>\n'
    )
