"""Clashes come in the order of the elements, wherever these stand and however often they are tested."""

from __future__ import annotations

import numpy as np
import trimesh

from functions.ifc.clash.contact import Rule
from functions.ifc.clash.search import Search
from functions.ifc.clash.sides import Element
from functions.ifc.geometry.mesh import Material, Mesh
from tests.ifc.clash.shapes import move

RULE = Rule(mode="intersection", tolerance=0.01)


def element(number: int, place: float, size: float = 1.0) -> Element:
    """Return a cube along x."""
    cube = trimesh.creation.box((size, size, size))
    parts = ((Material("grey", (0.5, 0.5, 0.5, 1.0)), np.asarray(cube.faces, np.uint32)),)
    return Element(
        file="a.ifc",
        number=number,
        global_id=f"{number:022}",
        kind="IfcWall",
        name="",
        mesh=Mesh.make(np.asarray(cube.vertices, float), None, parts),
        placement=move(place, 0, 0),
    )


def find(search: Search, a: list[Element], b: list[Element]) -> list[tuple[int, int, float]]:
    """Return the numbers of the elements that clash, and how deep."""
    clashes = search.run(a, b, progress=lambda *_: None)
    return [(clash.a.number, clash.b.number, round(clash.contact.depth, 6)) for clash in clashes]


def test_clashes_are_sorted_by_element_and_not_by_place() -> None:
    places = [30.0, 0.0, 20.0, 10.0]
    a = [element(number, place) for number, place in enumerate(places)]
    b = [element(10 + number, place + 0.9) for number, place in enumerate(places)]
    search = Search(RULE, skip=lambda *_: False)
    assert find(search, a, b) == [(0, 10, 0.1), (1, 11, 0.1), (2, 12, 0.1), (3, 13, 0.1)]
    assert search.candidates == 4
    search.forget()
    assert find(search, b, a) == [(10, 0, 0.1), (11, 1, 0.1), (12, 2, 0.1), (13, 3, 0.1)]


def test_elements_that_are_on_both_sides_are_tested_once() -> None:
    every = [element(1, 0.0), element(2, 0.7), element(3, 1.4)]
    search = Search(RULE, skip=lambda *_: False)
    assert find(search, every, every) == [(1, 2, 0.3), (2, 3, 0.3)]
    assert find(search, every[:2], every) == [(1, 2, 0.3), (2, 3, 0.3)]


def test_many_elements_of_many_sizes_give_what_each_pair_gives_alone() -> None:
    """More than are kept or tested at once."""
    a = [element(number, 3.0 * number, 1 + number / 4000) for number in range(1200)]
    b = [element(5000 + number, 3.0 * number + 0.9) for number in range(1200)]
    found = find(Search(RULE, skip=lambda *_: False), a, b)
    assert found == [(number, 5000 + number, round(0.1 + number / 8000, 6)) for number in range(1200)]
