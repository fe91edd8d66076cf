"""What instances say, compared as text."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from functions.ifc.geometry import texts
from functions.ifc.geometry.texts import KINDS, Index, Texts

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


def digests(texts: Texts, *numbers: int) -> list[int | None]:
    return found(texts.index, {}, *numbers)


def found(index: Index, more: Mapping[int, Sequence[int]], *numbers: int) -> list[int | None]:
    digests, rows = index.digests(more), [index.row(number) for number in numbers]
    return [int(digests.words[row]) if row >= 0 and digests.known[row] else None for row in rows]


@pytest.mark.usefixtures("_chunks")
def test_equal_faces_say_the_same_whatever_their_numbers(step: Step) -> None:
    path = step(face(1000, step=7) + face(10) + face(123456780) + face(20, z="1."))
    one, other, third, fourth = digests(Texts(path, 25), 1035, 15, 123456785, 25)
    assert one is not None
    assert one == other == third
    assert fourth not in (one, None)


def test_the_same_lines_connected_otherwise_say_something_else(step: Step) -> None:
    turned = face(20).replace("(#20,#21,#22)", "(#20,#22,#21)")
    shared = face(30).replace("(#30,#31,#32)", "(#30,#31,#30)")
    each = digests(Texts(step(face(10) + turned + shared), 19), 15, 25, 35)
    assert None not in each
    assert len(set(each)) == 3


def test_what_is_added_to_an_instance_counts_for_all_above_it(step: Step) -> None:
    index = Texts(step(face(10) + face(20) + face(30)), 19).index
    plain, styled = found(index, {}, 15, 25), found(index, {21: [1]}, 15, 25)
    assert plain[0] == plain[1] == styled[0] != styled[1]


@pytest.mark.usefixtures("_chunks")
def test_only_what_stands_outside_of_strings_is_a_reference(step: Step) -> None:
    named = "#10=IFCMATERIAL('it''s #11');\n#11=IFCMATERIALLIST((#10,#12));\n#12=IFCMATERIAL('#13 #10');\n"
    texts = Texts(step(named), 4)
    lines = texts.index
    assert [
        lines.numbers[lines.references[lines.starts[row] :][:2]].tolist() for row in (lines.row(11),)
    ] == [[10, 12]]
    assert lines.below(lines.rows([10, 11, 12]))[1].tolist() == [0, 2, 0]
    one, other = digests(texts, 10, 12)
    assert one != other


@pytest.mark.parametrize(
    ("body", "instances"),
    [
        (face(10).replace("#12)", "#99)"), 7),  # refers to nothing
        (face(10).replace("(1.,0.,0.)", "/* ) */ (1.,0.,0.)"), 7),
        (face(10).replace("#10,", "#15,"), 7),  # runs in a circle
        (face(10).replace(";\n#11", ";#11"), 7),  # two on a line
        (face(10) + "#15=IFCFACE($);\n", 8),
        (face(10), 8),
    ],
)
def test_what_cannot_be_told_for_sure_has_no_digest(step: Step, body: str, instances: int) -> None:
    assert digests(Texts(step(body), instances), 15) == [None]


def test_lines_are_those_of_all_that_is_referred_to(step: Step) -> None:
    lines = Texts(step(face(10)), 7).lines([14])
    assert lines is not None
    assert lines[14] == (b"=IFCFACEOUTERBOUND(#13,.T.)", [13])
    assert lines[13][1] == [10, 11, 12]
    assert [*lines] == [10, 11, 12, 13, 14]
    assert Texts(step(face(10).replace("IFCPOLYLOOP(", "IFCPOLYLOOP('#15',")), 7).lines([14]) is None
    assert Texts(step(face(10).replace("#12)", "#99)")), 7).lines([14]) is None


@pytest.mark.usefixtures("_chunks")
def test_a_file_without_some_lines_keeps_the_others_where_they_are(step: Step, tmp_path: Path) -> None:
    path = step(face(10) + "#30=IFCWALL('a',\n'b');\n" + face(20))
    texts = Texts(path, 14)
    target = tmp_path / "rest.ifc"
    texts.write(target, without=texts.index.kinds >= 0)
    before, after = path.read_text().split("\n"), target.read_text().split("\n")
    assert len(before) == len(after)
    assert all(new in ("", old) for old, new in zip(before, after, strict=True))
    assert [line.split("(")[0] for line in after if line.startswith("#")][-1] == "#30=IFCWALL"
    assert [KINDS[kind] for kind in texts.index.kinds.tolist() if kind >= 0] == 2 * [
        *["IfcCartesianPoint"] * 3, "IfcPolyLoop", "IfcFaceOuterBound", "IfcFace"
    ]  # fmt: skip
