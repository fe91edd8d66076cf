"""What a STEP file of ours holds: bodies, element by element, and whether their shells are closed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from benchmarks.glb import TO_Y_UP, Colour, Element, Floats

SIMPLE = re.compile(r"^#(\d+)=([A-Z0-9_]+)\((.*)\);$")
COMPLEX = re.compile(r"^#(\d+)=\((.*)\);$")
REFERENCE = re.compile(r"#(\d+)")


@dataclass(frozen=True)
class Body:
    """A shell in the coordinates of its part: corners face by face, normals and colours."""

    loops: list[list[list[int]]]
    points: dict[int, Floats]
    normals: list[Floats]
    colours: list[Colour]
    solid: bool

    @property
    def closed(self) -> bool:
        """Whether every edge has its opposite, once."""
        edges = Counter(
            (a, b)
            for face in self.loops
            for loop in face
            for a, b in zip(loop, loop[1:] + loop[:1], strict=True)
        )
        return all(count == 1 and edges[b, a] == 1 for (a, b), count in edges.items())

    def area_of(self, face: int) -> Floats:
        """Return the area vector of a face, holes taken off."""
        total = np.zeros(3)
        for loop in self.loops[face]:
            places = np.array([self.points[corner] for corner in loop])
            total += np.cross(places, np.roll(places, -1, axis=0)).sum(axis=0) / 2
        return total

    @property
    def volume(self) -> float:
        """Return the volume inside, by the divergence theorem."""
        return sum(
            float(self.area_of(face) @ self.points[loops[0][0]]) / 3 for face, loops in enumerate(self.loops)
        )


class Step:
    """A STEP file of ours."""

    def __init__(self, path: Path) -> None:
        """Read the instances."""
        self.kinds: dict[int, str] = {}
        self.values: dict[int, str] = {}
        text = path.read_text(encoding="ascii")
        assert text.startswith("ISO-10303-21;\nHEADER;")
        assert text.endswith("ENDSEC;\nEND-ISO-10303-21;\n")
        for line in text.splitlines():
            if found := SIMPLE.match(line):
                self.kinds[int(found[1])], self.values[int(found[1])] = found[2], found[3]
            elif found := COMPLEX.match(line):
                self.kinds[int(found[1])], self.values[int(found[1])] = "", found[2]

    def all(self, kind: str) -> list[int]:
        """Return the instances of a class."""
        return [number for number, name in self.kinds.items() if name == kind]

    def references(self, number: int) -> list[int]:
        """Return what an instance refers to."""
        return [int(found) for found in REFERENCE.findall(self.values[number])]

    def strings(self, number: int) -> list[str]:
        """Return the strings of an instance."""
        return [found.replace("''", "'") for found in re.findall(r"'((?:[^']|'')*)'", self.values[number])]

    def numbers(self, number: int) -> Floats:
        """Return the numbers of an instance, which stand last in it."""
        return np.array([float(v) for v in re.findall(r"-?\d+\.(?:\d+)?(?:E-?\d+)?", self.values[number])])

    @cached_property
    def colours(self) -> dict[int, Colour]:
        """Return the colours of styled items."""
        return {
            (refs := self.references(styled))[-1]: self._colour(refs[0]) for styled in self.all("STYLED_ITEM")
        }

    def _colour(self, style: int) -> Colour:
        rgb, alpha, waiting = np.zeros(3), 1.0, [style]
        while waiting:
            number = waiting.pop()
            if self.kinds[number] == "COLOUR_RGB":
                rgb = self.numbers(number)
            if self.kinds[number] == "SURFACE_STYLE_TRANSPARENT":
                alpha -= float(self.numbers(number)[0])
            waiting += self.references(number)
        red, green, blue = (round(float(value), 6) for value in rgb)
        return red, green, blue, round(alpha, 6)

    @cached_property
    def parts(self) -> dict[int, list[Body]]:
        """Return the bodies of each representation that has some."""
        found = {}
        for number, kind in self.kinds.items():
            if kind in {"FACETED_BREP_SHAPE_REPRESENTATION", "SHAPE_REPRESENTATION"}:
                bodies = [
                    body
                    for item in self.references(number)
                    if self.kinds[item] in {"FACETED_BREP", "SHELL_BASED_SURFACE_MODEL", ""}
                    for body in self._bodies(item)
                ]
                if bodies:
                    found[number] = bodies
        return found

    def _bodies(self, item: int) -> list[Body]:
        """Return the shells of an item, the outer one last."""
        shells = []
        for number in self.references(item):
            if self.kinds[number] == "ORIENTED_CLOSED_SHELL":
                shells.append((self.references(number)[0], True))
            elif self.kinds[number] in {"CLOSED_SHELL", "OPEN_SHELL"}:
                shells.append((number, False))
        return [self._body(shell, item, hollow=hollow) for shell, hollow in shells]

    def _body(self, shell: int, item: int, *, hollow: bool) -> Body:
        loops, normals, colours, points = [], [], [], dict[int, Floats]()
        for face in self.references(shell):
            *bounds, plane = self.references(face)
            assert self.kinds[bounds[0]] == "FACE_OUTER_BOUND"
            rims = [self.references(self.references(bound)[0]) for bound in bounds]
            points |= {corner: self.numbers(corner) for rim in rims for corner in rim}
            loops.append([rim[::-1] for rim in rims] if hollow else rims)
            upright = self.numbers(self.references(self.references(plane)[0])[1])
            normals.append(-upright if hollow else upright)
            colours.append(self.colours.get(face, self.colours[item]))
        return Body(loops, points, normals, colours, self.kinds[shell] == "CLOSED_SHELL")

    def elements(self) -> dict[str, tuple[Element, list[Body]]]:
        """Return the measures of each occurrence, y up, by its id, with its bodies."""
        placed = {}
        for shape in self.all("PRODUCT_DEFINITION_SHAPE"):
            placed[shape] = self.references(shape)[0]
        found = {}
        for context in self.all("CONTEXT_DEPENDENT_SHAPE_REPRESENTATION"):
            relation, shape = self.references(context)
            part, root, change = self.references(relation)
            assert self.kinds[root] == "SHAPE_REPRESENTATION"
            matrix = self._matrix(self.references(change)[1])
            bodies = self.parts[part]
            (guid, *_) = self.strings(placed[shape])
            assert guid not in found
            found[guid] = measure(bodies, matrix), bodies
        return found

    def _matrix(self, frame: int) -> Floats:
        point, upright, forward = (self.numbers(number) for number in self.references(frame))
        matrix = np.eye(4)
        matrix[:3, :3] = np.stack([forward, np.cross(upright, forward), upright], axis=1)
        matrix[:3, 3] = point
        return matrix


def measure(bodies: list[Body], matrix: Floats) -> Element:
    """Return the measures of an element of some bodies at a place, y up."""
    corners = np.array([place for body in bodies for place in body.points.values()])
    world = (corners @ matrix[:3, :3].T + matrix[:3, 3]) @ TO_Y_UP.T
    shares: dict[Colour, float] = {}
    for body in bodies:
        for face, colour in enumerate(body.colours):
            shares[colour] = shares.get(colour, 0.0) + float(np.linalg.norm(body.area_of(face)))
    return Element(np.stack([world.min(axis=0), world.max(axis=0)]), sum(shares.values()), shares)
