"""The index of a STEP file: instances, references and texts, whatever the file looks like."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from functions.core import Files
from functions.ifc.comparison import index as module
from functions.ifc.comparison.classes import Classes
from functions.ifc.comparison.digests import digest
from functions.ifc.comparison.index import Index, read_index
from functions.ifc.comparison.notation import canonical, unify
from functions.ifc.comparison.version import Version
from functions.ifc.gate import check_model
from functions.ifc.step.digests import Digests

GUID = "2nJrDaLQfJ1QPhdJR0o97K"
WALL = f"#5=IFCWALL('{GUID}',#2,'it''s #7; (a',$,$,#4,$,$,$);\n"
BODY = "#3=IFCCARTESIANPOINT((0.,1.,2.5));\n#6=IFCAXIS2PLACEMENT3D(#3,$,$);\n#4=IFCLOCALPLACEMENT($,#6);\n"
Step = Callable[..., Path]


def read(path: Path, files: Files, classes: Classes | None = None) -> Index:
    return read_index(check_model(path, files), Classes() if classes is None else classes)


def refers(index: Index) -> list[tuple[int, int]]:
    """Return the references as pairs of instance numbers."""
    pairs = zip(index.owners.tolist(), index.targets.tolist(), strict=True)
    return [(int(index.numbers[a]), int(index.numbers[b]) if b >= 0 else -1) for a, b in pairs]


def test_strings_hold_no_references(step: Step, files: Files) -> None:
    index = read(step(BODY + WALL), files)
    assert index.numbers.tolist() == [1, 3, 6, 4, 5]
    assert refers(index) == [(6, 3), (4, 6), (5, -1), (5, 4)]
    assert index.histories.tolist() == [False, False, True, False]
    assert index.guids == {0: "2nJrDaLQfJ1QPhdJR0o97J", 4: GUID}


def test_an_instance_stands_between_its_offsets(step: Step, files: Files) -> None:
    path = step(BODY + "\n\n  " + WALL)
    index = read(path, files)
    data = path.read_bytes()
    texts = [data[a:b].decode() for a, b in zip(index.starts.tolist(), index.ends.tolist(), strict=True)]
    assert texts[-1] == WALL.strip()
    assert texts[1] == "#3=IFCCARTESIANPOINT((0.,1.,2.5));"


def test_chunks_and_blanks_and_comments_change_nothing(step: Step, files: Files, monkeypatch: object) -> None:
    classes = Classes()
    plain = read(step(BODY + WALL), files, classes)
    spaced = (BODY + WALL).replace("#4=", "/* ; ' #9 */ #4 = ").replace("(0.,", "( 0. ,\n  ")
    other = read(step(spaced), files, classes)
    assert np.array_equal(plain.local, other.local)
    assert refers(plain) == refers(other)
    original = module.CHUNK_BYTES
    try:
        for size in (16, 61, 97):
            module.CHUNK_BYTES = size
            cut = read(step(BODY + WALL), files, classes)
            assert np.array_equal(plain.local, cut.local)
            assert refers(plain) == refers(cut)
            assert cut.guids == plain.guids
            assert cut.starts.tolist() == plain.starts.tolist()
    finally:
        module.CHUNK_BYTES = original


def test_global_ids_and_owner_histories_do_not_count(step: Step, files: Files) -> None:
    classes = Classes()
    one = read(step("#5=IFCPROPERTYSET('" + GUID + "',#2,'a',$,(#9));\n"), files, classes)
    other = read(step("#5=IFCPROPERTYSET('" + GUID[::-1] + "',$,'a',$,(#9));\n"), files, classes)
    third = read(step("#5=IFCPROPERTYSET('" + GUID + "',$,'b',$,(#9));\n"), files, classes)
    assert one.local[1] == other.local[1] != third.local[1]


def test_names_of_twenty_two_characters_count(step: Step, files: Files) -> None:
    """What looks like a GlobalId is one only in rooted instances."""
    classes = Classes()
    line = "#5=IFCPROPERTYSINGLEVALUE('{}',$,IFCLABEL('x'),$);\n"
    one, other = (read(step(line.format(name)), files, classes) for name in (GUID, GUID[::-1]))
    assert one.local[1] != other.local[1]


def digests(path: Path, files: Files, classes: Classes, *, salt: int = 1) -> tuple[Index, Digests]:
    index = read(path, files, classes)
    return index, digest(index, classes, salt=salt)


def test_digests_do_not_depend_on_numbers_and_order(step: Step, files: Files) -> None:
    classes = Classes()
    one, ones = digests(step(BODY), files, classes)
    lines = [line.replace("#3", "#9").replace("#4", "#14").replace("#6", "#16") for line in BODY.split("\n")]
    moved = "\n".join(lines[::-1])
    other, others = digests(step(moved), files, classes, salt=2)
    assert sorted(ones.words.tolist()) == sorted(others.words.tolist())
    changed, third = digests(step(moved.replace("2.5", "2.6")), files, classes, salt=2)
    assert not set(third.words[1:].tolist()) & set(ones.words[1:].tolist())
    assert len(one.numbers) == len(other.numbers) == len(changed.numbers)


def test_what_runs_in_a_circle_equals_nothing(step: Step, files: Files) -> None:
    classes = Classes()
    circle = "#3=IFCLOCALPLACEMENT(#4,#5);\n#4=IFCLOCALPLACEMENT(#3,#5);\n#6=IFCLOCALPLACEMENT(#3,#5);\n"
    _, ones = digests(step(circle), files, classes, salt=1)
    _, others = digests(step(circle), files, classes, salt=2)
    assert ones.known.tolist() == [True, False, False, False]
    assert not set(ones.words[1:].tolist()) & set(others.words[1:].tolist())


def test_one_notation_for_numbers(step: Step, files: Files) -> None:
    texts = [
        b"#1=X('1.50',#12, 1.50 ,-.5E1,(.T.,3,.CURVE3D.),ifclabel('a'),$);",
        b"#7 = X ( '1.50',#9,1.5,-5.,(.T.,3,.CURVE3D.),IFCLABEL('a'),$) ;",
    ]
    assert canonical(texts[0], 0) == canonical(texts[1], 0)
    assert canonical(texts[0], 0) != canonical(texts[0].replace(b"'1.50'", b"'1.5'"), 0)
    assert canonical(texts[0], 0) != canonical(texts[0].replace(b",3,", b",3.,"), 0)


def test_files_in_two_notations_are_unified(step: Step, files: Files, tmp_path: Path) -> None:
    classes = Classes()
    old = step(BODY + WALL).rename(tmp_path / "old.ifc")
    new = step((BODY + WALL).replace("2.5", "2.500E0").replace("0.,1.", "0.0,1.00"))
    before = read(old, files, classes), read(new, files, classes)
    assert before[0].local[1] != before[1].local[1]
    after = unify(before, (old, new))
    assert np.array_equal(after[0].local, after[1].local)


def test_relationships_are_read_from_the_text(step: Step, files: Files) -> None:
    classes = Classes()
    body = (
        WALL.replace("#5", "#10") + WALL.replace("#5", "#11").replace(GUID, GUID[::-1])
        + f"#20=IFCPROPERTYSET('{'1' * 22}',$,'p',$,());\n#21=IFCPROPERTYSET('{'2' * 22}',$,'q',$,());\n"
        + f"#30=IFCRELDEFINESBYPROPERTIES('{'3' * 22}',#2,$,$,(#10,#11),#20);\n"
        + f"#31=IFCRELDEFINESBYPROPERTIES('{'4' * 22}',$,$,$,(#11),IFCPROPERTYSETDEFINITIONSET((#20,#21)));\n"
        + f"#32=IFCRELAGGREGATES('{'5' * 22}',#2,$,$,#10,(#11));\n"
        + f"#33=IFCRELFILLSELEMENT('{'6' * 22}',#2,$,$,#11,#10);\n"
    )  # fmt: skip
    index = read(step(body), files, classes)
    version = Version(index, classes, 1, index.guids)
    row = {int(number): place for place, number in enumerate(index.numbers)}
    number = {place: name for name, place in row.items()}
    assert [number[one] for one in version.sets.of(row[10])] == [20]
    assert sorted(number[one] for one in version.sets.of(row[11])) == [20, 20, 21]
    assert version.wholes[row[11]] == row[10]
    assert version.relations.pairs("IfcRelFillsElement").of(row[10]) == [row[11]]
