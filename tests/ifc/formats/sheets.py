"""What an IGES file of ours holds: bodies, element by element, in the terms of `parts`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.glb import Colour, Element, Floats
from benchmarks.stp import Body, measure

VALUE = re.compile(r" *(?:(\d+)H|([^,;]*)([,;]))")


@dataclass(frozen=True)
class Entity:
    """An entity: its kind and form, its values, and the colour and the matrix that its entry refers to."""

    kind: int
    form: int
    values: list[str]
    colour: int
    matrix: int
    status: str


class Iges:
    """An IGES file of ours."""

    def __init__(self, path: Path) -> None:
        """Read the sections, of lines of 80 columns."""
        lines = path.read_text(encoding="ascii").splitlines()
        assert {len(line) for line in lines} == {80}
        sections: dict[str, list[str]] = {}
        for line in lines:
            rows = sections.setdefault(line[72], [])
            rows.append(line[:72])
            assert int(line[73:]) == len(rows)
        assert [name for name in sections if name not in "DP"] == ["S", "G", "T"]
        ends = [int(found) for found in re.findall(r"[SGDP] *(\d+)", sections["T"][0])]
        assert ends == [len(sections.get(name, ())) for name in "SGDP"]
        self.globals = parse("".join(sections["G"]))
        self.entities: dict[int, Entity] = {}
        for place in range(0, len(sections.get("D", ())), 2):
            one, two = (
                [row[k : k + 8].strip() for k in range(0, 72, 8)] for row in sections["D"][place : place + 2]
            )
            start, count, number = int(one[1]) - 1, int(two[3]), place + 1
            rows = sections["P"][start : start + count]
            assert all(int(row[64:72]) == number for row in rows)
            kind, *values = parse("".join(row[:64] for row in rows))
            assert kind == one[0] == two[0]
            self.entities[number] = Entity(int(kind), int(two[4]), values, -int(two[2]), int(one[6]), one[8])

    def all(self, kind: int) -> list[Entity]:
        """Return the entities of a kind."""
        return [entity for entity in self.entities.values() if entity.kind == kind]

    def elements(self) -> dict[str, tuple[Element, list[Body]]]:
        """Return the measures of each instance, y up, by the first word of its name, with its bodies."""
        found = {}
        for instance in self.all(408):
            assert instance.values[1:5] == ["0.", "0.", "0.", "1."]
            part = self.entities[int(instance.values[0])]
            assert (part.kind, part.status) == (308, "00000200")
            bodies = [body for item in part.values[3:] for body in self._bodies(self.entities[int(item)])]
            rows = np.array([float(v) for v in self.entities[instance.matrix].values]).reshape(3, 4)
            name = self.entities[int(instance.values[-1])].values[1].split()[0]
            assert name not in found
            found[name] = measure(bodies, np.vstack([rows, [0, 0, 0, 1]])), bodies
        return found

    def _bodies(self, item: Entity) -> list[Body]:
        if item.kind == 514:
            assert item.form == 2
            return [self._body(item, solid=False, hollow=False)]
        assert item.kind == 186
        shell, outwards, count, *holes = item.values
        assert (outwards, len(holes)) == ("1", 2 * int(count))
        shells = [(shell, False), *((hole, True) for hole in holes[::2])]
        return [self._body(self.entities[int(one)], solid=True, hollow=hollow) for one, hollow in shells]

    def _body(self, shell: Entity, *, solid: bool, hollow: bool) -> Body:
        loops, normals, colours, points = [], [], [], dict[int, Floats]()
        assert shell.values[2::2] == ["1"] * int(shell.values[0])
        for number in shell.values[1::2]:
            face = self.entities[int(number)]
            plane, count, outer, *rims = face.values
            assert (outer, len(rims)) == ("1", int(count))
            found = [self._loop(self.entities[int(rim)], points) for rim in rims]
            loops.append([rim[::-1] for rim in found] if hollow else found)
            upright = self.entities[int(self.entities[int(plane)].values[1])].values
            normals.append(np.array([float(v) for v in upright]) * (-1 if hollow else 1))
            colours.append(self._colour(face.colour))
        return Body(loops, points, normals, colours, solid)

    def _loop(self, loop: Entity, points: dict[int, Floats]) -> list[int]:
        count, *uses = loop.values
        assert len(uses) == 5 * int(count)
        corners = []
        for place in range(0, len(uses), 5):
            kind, listed, index, forwards, curves = uses[place : place + 5]
            assert (kind, curves) == ("0", "0")
            start = 1 + 5 * (int(index) - 1)
            line, one, first, other, second = self.entities[int(listed)].values[start : start + 5]
            assert one == other
            vertices = np.array([float(v) for v in self.entities[int(one)].values[1:]]).reshape(-1, 3)
            ends = vertices[[int(first) - 1, int(second) - 1]]
            assert [float(v) for v in self.entities[int(line)].values] == ends.ravel().tolist()
            corner = int(first if forwards == "1" else second)
            corners.append(corner)
            points[corner] = vertices[corner - 1]
        return corners

    def _colour(self, number: int) -> Colour:
        red, green, blue = (round(float(v) / 100, 6) for v in self.entities[number].values[:3])
        return red, green, blue, 1.0


def parse(text: str) -> list[str]:
    """Return the values of a list that ends with a semicolon."""
    values, place = [], 0
    while True:
        found = VALUE.match(text, place)
        assert found
        if found[1]:
            end = found.end() + int(found[1])
            values.append(text[found.end() : end])
            found = VALUE.match(text, end)
            assert found
            assert not found[2]
        else:
            values.append(found[2].strip())
        if found[3] == ";":
            assert not text[found.end() :].strip()
            return values
        place = found.end()
