"""Faces are read out of STEP text as they are written, and anything else is left alone."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

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
    lines = Texts(path, text.count("=")).lines([41])
    assert lines is not None
    return Faces(lines, 0.001).make([41])


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
