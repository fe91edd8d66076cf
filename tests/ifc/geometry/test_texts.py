"""What instances say, compared as text."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from functions.ifc.geometry import texts
from functions.ifc.geometry.texts import Texts

Step = Callable[..., Path]

TRIANGLES = """#{a}=IFCCARTESIANPOINT((0.,0.,{z}));
#{b}= IFCCARTESIANPOINT((1.,0.,0.));
#{c}=IFCCARTESIANPOINT((0.,1.,0.));
#{d}=IFCPOLYLOOP((#{a},#{b},#{c}));
#{e}=IFCFACEOUTERBOUND(#{d},.T.);
#{f}=IFCFACE((#{e}));
"""


def face(first: int, *, z: str = "0.", step: int = 1) -> str:
    """A face, its instances numbered from `first`."""
    return TRIANGLES.format(**{name: first + place * step for place, name in enumerate("abcdef")}, z=z)


@pytest.fixture(params=[64, 1 << 19])
def _chunks(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texts, "CHUNK_BYTES", request.param)


@pytest.mark.usefixtures("_chunks")
def test_equal_faces_say_the_same_whatever_their_numbers(step: Step) -> None:
    path = step(face(1000, step=7) + face(10) + face(20, z="1."))
    known = Texts(path, 19)
    one, other, third = (known.content([number]) for number in (1035, 15, 25))
    assert one is not None and other is not None and third is not None
    assert (one.text, one.references) == (other.text, other.references)
    assert one.text != third.text
    assert one.order.tolist() == [1035, 1028, 1021, 1000, 1007, 1014]


def test_the_same_lines_connected_otherwise_say_something_else(step: Step) -> None:
    turned = face(20).replace("(#20,#21,#22)", "(#20,#22,#21)")
    shared = face(30).replace("(#30,#31,#32)", "(#30,#31,#30)")
    known = Texts(step(face(10) + turned + shared), 19)
    one, other, third = (known.content([number]) for number in (15, 25, 35))
    assert one is not None and other is not None and third is not None
    assert (one.text, one.references) != (other.text, other.references)
    assert (one.text, one.references) != (third.text, third.references)


@pytest.mark.parametrize(
    ("body", "instances"),
    [
        (face(10).replace("#12)", "#99)"), 7),  # refers to nothing
        (face(10).replace("(1.,0.,0.)", "/* ) */ (1.,0.,0.)"), 7),
        (face(10).replace("IFCPOLYLOOP(", "IFCPOLYLOOP('#15',"), 7),
        (face(10).replace(";\n#11", ";#11"), 7),  # two on a line
        (face(10) + "#15=IFCFACE($);\n", 8),
        (face(10), 8),
    ],
)
def test_what_cannot_be_told_for_sure_has_no_content(step: Step, body: str, instances: int) -> None:
    assert Texts(step(body), instances).content([15]) is None
