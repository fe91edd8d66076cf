"""Faces are read out of STEP text as they are written, and anything else is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from functions.ifc.geometry import faces
from functions.ifc.geometry.faces import Faces, Facets
from functions.ifc.geometry.texts import Texts

POINTS = ("0.,0.,0.", "1000.,0.,0.", "0.,1000.,0.", "0.,0.,1.E3")
LOOPS = ((1, 3, 2), (1, 2, 4), (2, 3, 4), (3, 1, 4))


def brep(*, flag: str = ".T.", loops: tuple[tuple[int, ...], ...] = LOOPS) -> str:
    lines = [f"#{number}=IFCCARTESIANPOINT(({point}));" for number, point in enumerate(POINTS, 1)]
    for place, loop in enumerate(loops):
        corners = ",".join(f"#{corner}" for corner in loop)
        lines += [
            f"#{10 + place}=IFCPOLYLOOP(({corners}));",
            f"#{20 + place}=IFCFACEOUTERBOUND(#{10 + place},{flag});",
            f"#{30 + place}=IFCFACE((#{20 + place}));",
        ]
    faces = ",".join(f"#{30 + place}" for place in range(len(loops)))
    return "\n".join([*lines, f"#40=IFCCLOSEDSHELL(({faces}));", "#41=IFCFACETEDBREP(#40);", ""])


TRIANGLES = """#1=IFCCARTESIANPOINTLIST3D(((0.,0.,0.),(1000.,0.,0.),(0.,1000.,0.),(0.,0.,1.E3)));
#41=IFCTRIANGULATEDFACESET(#1,((0.,0.,1.),(0.,1.,0.)),.T.,((1,3,2),(1,2,4),(2,3,4),(3,1,4)),$);
"""
POLYGONS = """#1=IFCCARTESIANPOINTLIST3D(((0.,0.,0.),(1000.,0.,0.),(0.,1000.,0.),(0.,0.,1.E3)),$);
#2=IFCINDEXEDPOLYGONALFACE((1,3,2));
#3=IFCINDEXEDPOLYGONALFACE((1,2,4));
#4=IFCINDEXEDPOLYGONALFACE((2,3,4));
#5=IFCINDEXEDPOLYGONALFACE((3,1,4));
#41=IFCPOLYGONALFACESET(#1,.T.,(#2,#3,#4,#5),$);
"""


def read(tmp_path: Path, text: str) -> Facets | None:
    path = tmp_path / "faces.ifc"
    path.write_text("DATA;\n" + text)
    texts = Texts(path, text.count("="))
    assert texts.found
    alone, *both = (some for few in ([[41]], [[41], [41]]) for some in make(texts, few))
    for one in both:  # neighbours change nothing
        assert (one is None) == (alone is None)
        if one is not None and alone is not None:
            assert (one.points[one.triangles] == alone.points[alone.triangles]).all()
    return alone


def make(texts: Texts, elements: list[list[int]], styled: int | None = None) -> list[Facets | None]:
    styles = np.zeros(len(texts.index), bool)
    if styled:
        styles[texts.index.row(styled)] = True
    return Faces(texts, 0.001, styles).make(elements)


def volume(facets: Facets) -> float:
    a, b, c = np.moveaxis(facets.points[facets.triangles], 1, 0)
    return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6


@pytest.mark.parametrize("text", [brep(), TRIANGLES, POLYGONS])
def test_a_corner_of_a_cube_in_metres(tmp_path: Path, text: str) -> None:
    facets = read(tmp_path, text)
    assert facets is not None
    assert len(facets.triangles) == 4
    assert volume(facets) == pytest.approx(1 / 6)
    planes = facets.points[facets.triangles]
    normals = np.cross(planes[:, 1] - planes[:, 0], planes[:, 2] - planes[:, 0])
    assert (np.einsum("ij,ij->i", normals, facets.normals[facets.triangles[:, 0]]) > 0).all()


def test_a_closed_body_inside_out_is_turned(tmp_path: Path) -> None:
    facets = read(tmp_path, brep(flag=".F."))
    assert facets is not None
    assert volume(facets) == pytest.approx(1 / 6)


@pytest.mark.parametrize(
    "text",
    [
        brep(loops=((1, 1, 3, 2),)),
        brep().replace("IFCPOLYLOOP", "IFCEDGELOOP"),
        brep().replace("0.,0.,1.E3", "0.,0."),
        brep().replace("#41=IFCFACETEDBREP(#40)", "#41=IFCADVANCEDBREP(#40)"),
        TRIANGLES.replace("(1,3,2)", "(1,3,9)"),
        TRIANGLES.replace("(1,3,2)", "(0,3,2)"),
        TRIANGLES.replace(",$);\n", ",(1,2,3,4));\n"),
        POLYGONS.replace(",$);\n", ",(4,3,2,1));\n"),
    ],
)
def test_what_is_out_of_the_ordinary_is_left_to_a_kernel(tmp_path: Path, text: str) -> None:
    assert read(tmp_path, text) is None


def test_one_element_out_of_the_ordinary_leaves_the_others_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "faces.ifc"
    odd = "#50=IFCFACE((#60));\n#51=IFCCLOSEDSHELL((#50));\n#52=IFCFACETEDBREP(#51);\n"
    path.write_text("DATA;\n" + brep() + odd)
    texts = Texts(path, path.read_text().count("="))
    elements = [[41], [52], [41, 41]]
    one, two, three = make(texts, elements)
    assert one is not None and two is None and three is not None
    assert len(one.triangles) == 4
    assert np.bincount(three.owners).tolist() == [4, 4]
    monkeypatch.setattr(faces, "AT_ONCE", 4)  # so that each element is made by itself
    for apart, together in zip(make(texts, elements), (one, two, three), strict=True):
        assert (apart is None) == (together is None)
        if apart is not None and together is not None:
            assert (apart.points == together.points).all()
            assert (apart.owners == together.owners).all()
    assert make(texts, []) == []
    assert make(texts, [[99]]) == [None]  # which is not there
    styles = np.zeros(len(texts.index), bool)
    assert [Faces(texts, 1.0, styles).count(items) for items in ([41], [41, 41], [99])] == [5, 10, 0]
    monkeypatch.setattr(faces, "MAX_PARTS", 9)
    assert make(texts, [[41], [41]]) == [None, None]


@pytest.mark.parametrize("styled", [40, 31, 22, 13, 3])
def test_a_style_below_an_item_is_for_a_kernel_to_read(tmp_path: Path, styled: int) -> None:
    path = tmp_path / "faces.ifc"
    path.write_text("DATA;\n" + brep())
    assert make(Texts(path, path.read_text().count("=")), [[41]], styled) == [None]


def test_a_face_with_a_hole_whatever_ring_comes_first(tmp_path: Path) -> None:
    ring = "".join(
        f"#{number}=IFCCARTESIANPOINT(({x},{y},0.));\n"
        for number, (x, y) in enumerate([(0, 0), (4, 0), (4, 4), (0, 4), (1, 1), (1, 2), (2, 2), (2, 1)], 1)
    )
    rest = """#9=IFCPOLYLOOP((#5,#6,#7,#8));
#10=IFCPOLYLOOP((#1,#2,#3,#4));
#11=IFCFACEBOUND(#9,.T.);
#12=IFCFACEOUTERBOUND(#10,.T.);
#13=IFCFACE((#11,#12));
#14=IFCOPENSHELL((#13));
#15=IFCSHELLBASEDSURFACEMODEL((#14));
"""
    path = tmp_path / "faces.ifc"
    path.write_text("DATA;\n" + ring + rest)
    (facets,) = make(Texts(path, 15), [[15]])
    assert facets is not None
    a, b, c = np.moveaxis(facets.points[facets.triangles] * 1000, 1, 0)
    assert float(np.cross(b - a, c - a)[:, 2].sum()) / 2 == pytest.approx(15)
