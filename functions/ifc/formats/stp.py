"""STEP, AP214: faceted solids, each shape a part, each element an occurrence of it in one assembly.

Source: ISO 10303-214 (automotive_design), ISO 10303-42 (faceted_brep, poly_loop), ISO 10303-44 (assemblies),
ISO 10303-46 (styles), ISO 10303-21 (the text). Faces are flat and as large as planes allow; what is round is
as round as its mesh. A closed shell becomes a FACETED_BREP, an open one a SHELL_BASED_SURFACE_MODEL. Equal
shapes are one part, so a storey that stands ten times is written once. Metres; coordinates on the map stay
as they are: STEP has as many digits as they need.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

import numpy as np

from functions.core import Files
from functions.ifc import recode
from functions.ifc.formats.meshes import Meshes, Meshing
from functions.ifc.formats.shells import Face, Hull, Shell, wrap
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.formats.spool import Moving, Node, Spool
from functions.ifc.gate import UNSHAPED

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Material, Mesh

UNREAD = UNSHAPED
MADE = "1970-01-01T00:00:00"  # the same model gives the same bytes
SCHEMA = "AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }"
UNCERTAINTY_M = "1.E-5"
OPAQUE = 1.0


class Options(Meshing, Moving, Protocol):
    """What a STEP file can be asked for."""


def write(options: Options, source: Source, target: Path, files: Files) -> Statistics:
    """Write the STEP file and say what went into it."""
    with (files.scratch / "meshes").open("w+b") as scratch, target.open("w", encoding="ascii") as out:
        spool = Spool(scratch)
        meshes = Meshes(options, source, files)
        for made in meshes:
            spool.add(made)
        document = _Document(out, source.name)
        document.write(spool, spool.shift(options))
    return meshes.statistics | {
        "meshes": len(spool),
        "triangles": spool.triangles,
        "faces": document.faces,
        "solids": document.solids,
        "surfaces": document.surfaces,
        "materials": len(spool.materials),
    }


def real(value: float, decimals: int = 7) -> str:
    """Return a number as STEP writes it: always with a point, a tenth of a micrometre at the least."""
    text = f"{value:.{decimals}f}".rstrip("0")
    return "0." if text in {"-0.", "0."} else text


def string(text: str) -> str:
    """Return a text as STEP writes it."""
    plain = text.replace("\\", "\\\\").replace("'", "''").replace("\n", " ").replace("\r", " ")
    return f"'{recode.escape(plain.replace(chr(9), ' ').encode('utf-8', 'replace')).decode()}'"


class _Document:
    """Writes instances with rising numbers. A number is known as soon as its instance is written."""

    def __init__(self, out: TextIO, name: str) -> None:
        self.out, self.name, self.number = out, name, 0
        self.faces = self.solids = self.surfaces = 0
        self._directions: dict[tuple[str, ...], int] = {}
        self._styles: dict[Material, int] = {}
        self._styled: list[int] = []
        self._used: list[tuple[int, int]] = []

    def write(self, spool: Spool, shift: Floats) -> None:
        """Write it all."""
        self.out.write("ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n")
        self.out.write(f"FILE_NAME({string(self.name)},'{MADE}',(''),(''),'ifcpipe','ifcpipe','');\n")
        self.out.write(f"FILE_SCHEMA(('{SCHEMA}'));\nENDSEC;\nDATA;\n")
        self._start()
        nodes: dict[int, list[Node]] = {}
        for node in spool.nodes:
            nodes.setdefault(node.mesh, []).append(node)
        for number, users in nodes.items():
            self._part(spool.mesh(number), users, number)
        frames = [self._frame(_moved(node, shift)) for node in spool.nodes]
        root = self._product("model", self.name, "", "SHAPE_REPRESENTATION", [self.zero, *frames])
        parts = dict(zip(nodes, self._used, strict=True))
        for node, frame in zip(spool.nodes, frames, strict=True):
            self._occur(node, frame, parts[node.mesh], root)
        if self._styled:
            self.add(
                "MECHANICAL_DESIGN_GEOMETRIC_PRESENTATION_REPRESENTATION",
                f"'',{_set(self._styled)},#{self.context}",
            )
        self.out.write("ENDSEC;\nEND-ISO-10303-21;\n")

    def add(self, kind: str, values: str) -> int:
        """Write an instance, and return its number."""
        self.number += 1
        self.out.write(f"#{self.number}={kind}({values});\n")
        return self.number

    def complex(self, *parts: str) -> int:
        """Write an instance of several classes, in the order of their names."""
        self.number += 1
        self.out.write(f"#{self.number}=({' '.join(parts)});\n")
        return self.number

    def _start(self) -> None:
        """Write what everything refers to: contexts, units, the zero placement."""
        application = self.add("APPLICATION_CONTEXT", "'automotive design'")
        self.add(
            "APPLICATION_PROTOCOL_DEFINITION",
            f"'international standard','automotive_design',2000,#{application}",
        )
        self.products = self.add("PRODUCT_CONTEXT", f"'',#{application},'mechanical'")
        self.designs = self.add("PRODUCT_DEFINITION_CONTEXT", f"'part definition',#{application},'design'")
        metre = self.complex("LENGTH_UNIT()", "NAMED_UNIT(*)", "SI_UNIT($,.METRE.)")
        radian = self.complex("NAMED_UNIT(*)", "PLANE_ANGLE_UNIT()", "SI_UNIT($,.RADIAN.)")
        solid = self.complex("NAMED_UNIT(*)", "SI_UNIT($,.STERADIAN.)", "SOLID_ANGLE_UNIT()")
        close = self.add(
            "UNCERTAINTY_MEASURE_WITH_UNIT",
            f"LENGTH_MEASURE({UNCERTAINTY_M}),#{metre},'distance_accuracy_value','confusion accuracy'",
        )
        self.context = self.complex(
            "GEOMETRIC_REPRESENTATION_CONTEXT(3)",
            f"GLOBAL_UNCERTAINTY_ASSIGNED_CONTEXT((#{close}))",
            f"GLOBAL_UNIT_ASSIGNED_CONTEXT((#{metre},#{radian},#{solid}))",
            "REPRESENTATION_CONTEXT('','')",
        )
        self.zero = self._frame(np.eye(4))

    def _product(self, key: str, name: str, note: str, kind: str, items: Sequence[int]) -> tuple[int, int]:
        """Write a product with its shape, and return the numbers of its definition and representation."""
        product = self.add("PRODUCT", f"{string(key)},{string(name)},{string(note)},(#{self.products})")
        formation = self.add("PRODUCT_DEFINITION_FORMATION", f"'','',#{product}")
        definition = self.add("PRODUCT_DEFINITION", f"'design','',#{formation},#{self.designs}")
        shape = self.add("PRODUCT_DEFINITION_SHAPE", f"'','',#{definition}")
        representation = self.add(kind, f"{string(name)},{_set(items)},#{self.context}")
        self.add("SHAPE_DEFINITION_REPRESENTATION", f"#{shape},#{representation}")
        return definition, representation

    def _part(self, mesh: Mesh, users: Sequence[Node], number: int) -> None:
        """Write a mesh as a part. It is called like the element that is the first to use it."""
        hull = wrap(mesh)
        materials = [material for material, _ in mesh.parts]
        items = self._items(hull, materials)
        whole = all(shell.closed for shell in hull.shells) and bool(hull.shells)
        kind = "FACETED_BREP_SHAPE_REPRESENTATION" if whole else "SHAPE_REPRESENTATION"
        first = users[0].extras
        name = first["name"] or first["class"]
        self._used.append(self._product(f"shape {number}", name, first["class"], kind, [self.zero, *items]))
        self.solids += len(users) * sum(shell.closed for shell in hull.shells)
        self.surfaces += len(users) * sum(not shell.closed for shell in hull.shells)

    def _items(self, hull: Hull, materials: Sequence[Material]) -> list[int]:
        """Write the shells of a part, each with its colours."""
        points: dict[int, int] = {}
        items = []
        for shell in hull.shells:
            outer, faces = self._shell(shell, hull.points, points)
            cavities = [self._shell(cavity, hull.points, points)[0] for cavity in shell.cavities]
            if not shell.closed:
                item = self.add("SHELL_BASED_SURFACE_MODEL", f"'',(#{outer})")
            elif cavities:
                turned = [self.add("ORIENTED_CLOSED_SHELL", f"'',*,#{cavity},.F.") for cavity in cavities]
                item = self.complex(
                    f"BREP_WITH_VOIDS({_set(turned)})",
                    "FACETED_BREP()",
                    "GEOMETRIC_REPRESENTATION_ITEM()",
                    f"MANIFOLD_SOLID_BREP(#{outer})",
                    "REPRESENTATION_ITEM('')",
                    "SOLID_MODEL()",
                )
            else:
                item = self.add("FACETED_BREP", f"'',#{outer}")
            items.append(item)
            self._colour(item, shell, faces, materials)
        return items

    def _shell(self, shell: Shell, places: Floats, points: dict[int, int]) -> tuple[int, list[int]]:
        """Write the faces of a shell, and return its number and theirs."""
        faces = [self._face(face, places, points) for face in shell.faces]
        self.faces += len(faces)
        return self.add("CLOSED_SHELL" if shell.closed else "OPEN_SHELL", f"'',{_set(faces)}"), faces

    def _face(self, face: Face, places: Floats, points: dict[int, int]) -> int:
        """Write a face on its plane."""
        bounds = []
        for place, loop in enumerate(face.loops):
            for corner in loop:
                if corner not in points:
                    points[corner] = self._point(places[corner])
            rim = self.add("POLY_LOOP", f"'',{_set(points[corner] for corner in loop)}")
            bounds.append(self.add("FACE_BOUND" if place else "FACE_OUTER_BOUND", f"'',#{rim},.T."))
        upright = self._direction(face.normal)
        frame = self.add("AXIS2_PLACEMENT_3D", f"'',#{points[face.loops[0][0]]},#{upright},$")
        plane = self.add("PLANE", f"'',#{frame}")
        return self.add("FACE_SURFACE", f"'',{_set(bounds)},#{plane},.T.")

    def _colour(self, item: int, shell: Shell, faces: Sequence[int], materials: Sequence[Material]) -> None:
        """Give an item the colour of its first face, and the faces of other colours their own."""
        own = materials[shell.faces[0].material]
        self._styled.append(self.add("STYLED_ITEM", f"'',(#{self._style(own)}),#{item}"))
        for face, number in zip(shell.faces, faces, strict=True):
            material = materials[face.material]
            if material != own:
                self._styled.append(self.add("STYLED_ITEM", f"'',(#{self._style(material)}),#{number}"))

    def _style(self, material: Material) -> int:
        """Write a material once."""
        if material not in self._styles:
            red, green, blue, alpha = material.rgba
            colour = self.add(
                "COLOUR_RGB", f"{string(material.name)},{real(red, 9)},{real(green, 9)},{real(blue, 9)}"
            )
            filled = self.add("FILL_AREA_STYLE_COLOUR", f"'',#{colour}")
            area = self.add("FILL_AREA_STYLE", f"'',(#{filled})")
            styles = [self.add("SURFACE_STYLE_FILL_AREA", f"#{area}")]
            if alpha < OPAQUE:
                clear = self.add("SURFACE_STYLE_TRANSPARENT", real(1 - alpha, 9))
                styles.append(
                    self.add(
                        "SURFACE_STYLE_RENDERING_WITH_PROPERTIES",
                        f".NORMAL_SHADING.,#{colour},(#{clear})",
                    )
                )
            side = self.add("SURFACE_SIDE_STYLE", f"'',{_set(styles)}")
            usage = self.add("SURFACE_STYLE_USAGE", f".BOTH.,#{side}")
            self._styles[material] = self.add("PRESENTATION_STYLE_ASSIGNMENT", f"(#{usage})")
        return self._styles[material]

    def _occur(self, node: Node, frame: int, part: tuple[int, int], root: tuple[int, int]) -> None:
        """Write an element: its part at its place in the assembly."""
        known = node.extras
        name = string(known["name"] or node.name)
        # Readers show this one.
        words = (known[key] for key in ("name", "class", "GlobalId", "storey"))
        note = string(" ".join(filter(None, words)))
        use = self.add(
            "NEXT_ASSEMBLY_USAGE_OCCURRENCE",
            f"{string(node.name)},{name},{note},#{root[0]},#{part[0]},$",
        )
        placed = self.add("PRODUCT_DEFINITION_SHAPE", f"'','',#{use}")
        change = self.add("ITEM_DEFINED_TRANSFORMATION", f"'','',#{self.zero},#{frame}")
        relation = self.complex(
            f"REPRESENTATION_RELATIONSHIP('','',#{part[1]},#{root[1]})",
            f"REPRESENTATION_RELATIONSHIP_WITH_TRANSFORMATION(#{change})",
            "SHAPE_REPRESENTATION_RELATIONSHIP()",
        )
        self.add("CONTEXT_DEPENDENT_SHAPE_REPRESENTATION", f"#{relation},#{placed}")

    def _frame(self, matrix: Floats) -> int:
        """Write a placement."""
        point = self._point(matrix[:3, 3])
        upright, forward = self._direction(matrix[:3, 2]), self._direction(matrix[:3, 0])
        return self.add("AXIS2_PLACEMENT_3D", f"'',#{point},#{upright},#{forward}")

    def _point(self, place: Floats) -> int:
        x, y, z = place.tolist()
        return self.add("CARTESIAN_POINT", f"'',({real(x)},{real(y)},{real(z)})")

    def _direction(self, vector: Floats) -> int:
        """Write a direction once."""
        x, y, z = (real(value, 12) for value in vector.tolist())
        if (x, y, z) not in self._directions:
            self._directions[x, y, z] = self.add("DIRECTION", f"'',({x},{y},{z})")
        return self._directions[x, y, z]


def _set(numbers: Iterable[int]) -> str:
    """Return references in brackets."""
    return f"({','.join(f'#{number}' for number in numbers)})"


def _moved(node: Node, shift: Floats) -> Floats:
    placement = node.placement.copy()
    placement[:3, 3] += shift
    return placement
