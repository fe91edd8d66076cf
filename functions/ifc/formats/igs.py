"""IGES 5.3: solids of flat faces, each shape once as a subfigure, each element an instance of it.

Source: ANS US PRO/IPO-100 (IGES 5.3): manifold solid B-rep object (186), shell (514), face (510), loop (508),
edge list (504), vertex list (502), plane surface (190), line (110), transformation (124), colour (314),
subfigure definition (308) and instance (408), name (406, form 15). Solids have no placement of their own:
readers pass over it. Faces are those of `shells`. Metres. IGES knows ASCII only: other characters in names
become question marks. It knows no opacity either.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copyfileobj
from typing import TYPE_CHECKING, Protocol, TextIO

import numpy as np

from functions.core import Files
from functions.core.errors import TooLargeError
from functions.ifc.formats.meshes import Meshes, Meshing
from functions.ifc.formats.shells import Face, Hull, Shell, wrap
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.formats.spool import Moving, Node, Spool
from functions.ifc.formats.stp import real
from functions.ifc.gate import UNSHAPED

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Material

UNREAD = UNSHAPED
MADE = "19700101.000000"  # the same model gives the same bytes
WIDTH, DATA_WIDTH = 72, 64
MAX_LINES = 9_999_999
INDEPENDENT, DEPENDENT, DEFINITION, PART = "00000000", "00010000", "00010200", "00000200"
CLOSED, OPEN = 1, 2
RESOLUTION_M = "1.E-5"


class Options(Meshing, Moving, Protocol):
    """What an IGES file can be asked for."""


def write(options: Options, source: Source, target: Path, files: Files) -> Statistics:
    """Write the IGES file and say what went into it."""
    with ExitStack() as stack:
        scratch = stack.enter_context((files.scratch / "meshes").open("w+b"))
        data = stack.enter_context((files.scratch / "parameters").open("w+", encoding="ascii"))
        out = stack.enter_context(target.open("w", encoding="ascii"))
        spool = Spool(scratch)
        meshes = Meshes(options, source, files)
        for made in meshes:
            spool.add(made)
        shift = spool.shift(options)
        far = float(np.abs([spool.low + shift, spool.high + shift]).max()) if spool.nodes else 0.0
        sheet = _Sheet(out, data, name=source.name, far=far)
        bodies = _Bodies(sheet, shift)
        for node in spool.nodes:
            bodies.add(node, spool)
        sheet.close()
    return meshes.statistics | {
        "meshes": len(spool),
        "triangles": spool.triangles,
        "faces": bodies.faces,
        "solids": bodies.solids,
        "surfaces": bodies.surfaces,
        "materials": len(spool.materials),
    }


def hollerith(text: str) -> str:
    """Return a text as IGES writes it: its length, H, and itself in printable ASCII."""
    plain = "".join(character if " " <= character <= "~" else "?" for character in text)
    return f"{len(plain)}H{plain}"


class _Sheet:
    """The five sections. The directory goes to `out` at once, the parameters wait in `data`."""

    def __init__(self, out: TextIO, data: TextIO, *, name: str, far: float) -> None:
        self.out, self.data = out, data
        self.entries = self.lines = 0
        self._line("ifcpipe", "S", 1)
        values = (
            *("1H,", "1H;", hollerith(name), hollerith(name), "7Hifcpipe", "7Hifcpipe"),
            *("32", "38", "6", "308", "15", hollerith(name), "1.", "6", "1HM", "1", "0.001"),
            *(hollerith(MADE), RESOLUTION_M, real(far), "", "", "11", "0", hollerith(MADE)),
        )
        self.globals = 0
        for text in _fold(values, WIDTH):
            self.globals += 1
            self._line(text, "G", self.globals)

    def add(
        self,
        kind: int,
        values: Iterable[str],
        *,
        form: int = 0,
        colour: int = 0,
        matrix: int = 0,
        status: str = DEPENDENT,
        name: int = 0,
    ) -> str:
        """Write an entity, and return the number that others refer to it by. `name` is its name property."""
        properties = ("0", "1", str(name)) if name else ()
        start, here = self.lines + 1, self.entries + 1
        for text in _fold((str(kind), *values, *properties), DATA_WIDTH):
            self.lines += 1
            self.data.write(f"{text:<64} {here:>7}P{self.lines:>7}\n")
        used = self.lines + 1 - start
        self._line(f"{kind:>8}{start:>8}{0:>8}{0:>8}{0:>8}{0:>8}{matrix:>8}{0:>8}{status}", "D", here)
        self._line(f"{kind:>8}{0:>8}{-colour:>8}{used:>8}{form:>8}{'':>8}{'':>8}{'':>8}{0:>8}", "D", here + 1)
        self.entries += 2
        if self.lines > MAX_LINES or self.entries > MAX_LINES:
            raise TooLargeError(f"the model takes over {MAX_LINES} lines, and an IGES file has no more")
        return str(here)

    def close(self) -> None:
        """Put the parameters after the directory, and the end after them."""
        self.data.seek(0)
        copyfileobj(self.data, self.out)
        self._line(f"S{1:>7}G{self.globals:>7}D{self.entries:>7}P{self.lines:>7}", "T", 1)

    def _line(self, text: str, section: str, number: int) -> None:
        self.out.write(f"{text:<72}{section}{number:>7}\n")


def _fold(values: Iterable[str], width: int) -> Iterator[str]:
    """Yield the lines of a list of values: broken after commas, long texts anywhere."""
    line, waiting = "", [*values]
    for place, value in enumerate(waiting):
        piece = value + (";" if place == len(waiting) - 1 else ",")
        if len(line) + len(piece) > width and line and len(piece) <= width:
            yield line
            line = ""
        line += piece
        while len(line) > width:
            yield line[:width]
            line = line[width:]
    yield line


@dataclass(frozen=True)
class _Part:
    """A subfigure that is written, and how many solids and open shells are in it."""

    number: str
    solids: int
    surfaces: int


@dataclass
class _Bodies:
    """Writes elements: their shells once a mesh, their solids once an element."""

    sheet: _Sheet
    shift: Floats
    faces: int = 0
    solids: int = 0
    surfaces: int = 0
    _parts: dict[int, _Part] = field(default_factory=dict)
    _colours: dict[Material, int] = field(default_factory=dict)
    _directions: dict[tuple[str, ...], str] = field(default_factory=dict)

    def add(self, node: Node, spool: Spool) -> None:
        """Write an element: its part at its place."""
        if node.mesh not in self._parts:
            mesh = spool.mesh(node.mesh)
            hull = wrap(mesh)
            items = self._items(hull, [material for material, _ in mesh.parts])
            values = ("0", hollerith(f"shape {node.mesh}"), str(len(items)), *items)
            solids = sum(shell.closed for shell in hull.shells)
            number = self.sheet.add(308, values, status=PART)
            self._parts[node.mesh] = _Part(number, solids, len(items) - solids)
        part = self._parts[node.mesh]
        self.solids += part.solids
        self.surfaces += part.surfaces
        known = (node.extras[key] for key in ("GlobalId", "class", "name", "storey"))
        words = [node.name, *(word for word in known if word not in node.name)]
        name = int(self.sheet.add(406, ("1", hollerith(" ".join(words))), form=15))
        matrix = int(self._matrix(node.placement))
        values = (part.number, "0.", "0.", "0.", "1.")
        self.sheet.add(408, values, matrix=matrix, status=INDEPENDENT, name=name)

    def _items(self, hull: Hull, materials: list[Material]) -> list[str]:
        """Write the shells of a mesh, as solids and open shells: vertices first, then edges, then faces."""
        if not hull.shells:
            return []
        corners = (real(value) for place in hull.points.tolist() for value in place)
        vertices = self.sheet.add(502, (str(len(hull.points)), *corners), form=1)
        items = []
        for shell in hull.shells:
            faces = self._faces(shell, hull, vertices, materials)
            colour = self._colour(materials[shell.faces[0].material])
            if shell.closed:
                holes = [
                    value
                    for cavity in shell.cavities
                    for value in (self._shell(self._faces(cavity, hull, vertices, materials)), "0")
                ]
                values = (self._shell(faces), "1", str(len(shell.cavities)), *holes)
                items.append(self.sheet.add(186, values, colour=colour))
            else:
                items.append(self._shell(faces, form=OPEN, colour=colour))
        return items

    def _shell(self, faces: list[str], *, form: int = CLOSED, colour: int = 0) -> str:
        """Write a shell."""
        values = (str(len(faces)), *(value for face in faces for value in (face, "1")))
        return self.sheet.add(514, values, form=form, colour=colour)

    def _faces(self, shell: Shell, hull: Hull, vertices: str, materials: list[Material]) -> list[str]:
        """Write the faces of a shell, which have their edges in common."""
        edges: dict[tuple[int, int], int] = {}
        for face in shell.faces:
            for loop in face.loops:
                for one, other in _sides(loop):
                    edges.setdefault((min(one, other), max(one, other)), len(edges) + 1)
        values = [str(len(edges))]
        for one, other in edges:
            ends = hull.points[[one, other]].ravel().tolist()
            line = self.sheet.add(110, (real(value) for value in ends))
            values += [line, vertices, str(one + 1), vertices, str(other + 1)]
        listed = self.sheet.add(504, values, form=1)
        self.faces += len(shell.faces)
        return [
            self._face(face, hull.points, edges, listed, self._colour(materials[face.material]))
            for face in shell.faces
        ]

    def _face(
        self, face: Face, points: Floats, edges: dict[tuple[int, int], int], listed: str, colour: int
    ) -> str:
        """Write a face on its plane."""
        place = [real(value) for value in points[face.loops[0][0]].tolist()]
        point = self.sheet.add(116, (*place, "0"))
        plane = self.sheet.add(190, (point, self._direction(face.normal)))
        loops = []
        for loop in face.loops:
            values = [str(len(loop))]
            for one, other in _sides(loop):
                number = edges[min(one, other), max(one, other)]
                values += ["0", listed, str(number), "1" if one < other else "0", "0"]
            loops.append(self.sheet.add(508, values, form=1))
        return self.sheet.add(510, (plane, str(len(loops)), "1", *loops), form=1, colour=colour)

    def _direction(self, vector: Floats) -> str:
        """Write a direction once."""
        values = tuple(real(value, 12) for value in vector.tolist())
        if values not in self._directions:
            self._directions[values] = self.sheet.add(123, values)
        return self._directions[values]

    def _matrix(self, placement: Floats) -> str:
        """Write a placement: rows of the rotation, each with its part of the translation."""
        moved = placement[:3].copy()
        moved[:, 3] += self.shift
        values = [
            real(value, 7 if column == 3 else 12)  # noqa: PLR2004
            for row in moved.tolist()
            for column, value in enumerate(row)
        ]
        return self.sheet.add(124, values)

    def _colour(self, material: Material) -> int:
        """Write a colour once, in per cent. IGES knows no opacity."""
        if material not in self._colours:
            shares = (real(100 * value) for value in material.rgba[:3])
            values = (*shares, hollerith(material.name or "material"))
            self._colours[material] = int(self.sheet.add(314, values, status=DEFINITION))
        return self._colours[material]


def _sides(loop: tuple[int, ...]) -> Iterator[tuple[int, int]]:
    """Yield the edges of a loop."""
    return zip(loop, loop[1:] + loop[:1], strict=True)
