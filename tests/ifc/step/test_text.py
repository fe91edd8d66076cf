"""Instances as text."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from functions.ifc.step.text import StepText, arguments, filter_lists, references

HEAD = (
    "ISO-10303-21;HEADER;FILE_DESCRIPTION((''),'2;1');FILE_NAME('','',(''),(''),'','','');"
    "FILE_SCHEMA(('IFC4'));ENDSEC;DATA;"
)
TAIL = "ENDSEC;\nEND-ISO-10303-21;\n"
PLAIN = "\n#1=IFCWALL('#2',#3);\n#2= IFCSLAB('=IFCDOOR(',$);\n#3=IFCDOOR((#1,#2));\n"
# The same in forms that one line an instance does not cover.
FORMS = [
    PLAIN,
    PLAIN.replace("\n", "\r\n"),
    PLAIN.replace("\n", ""),
    PLAIN.replace("#3", "\n /* #9=IFCX(); */ #3"),
    PLAIN.replace("'#2'", "'\n#2=\n'"),
    PLAIN.replace("#2= IFCSLAB", "#2\n=\n IFCSLAB"),
]


def read(folder: Path, body: str) -> StepText:
    path = folder / "a.ifc"
    path.write_text(HEAD + body + TAIL)
    return StepText.read(path, instances=3)


@pytest.mark.parametrize("body", FORMS)
def test_instances_are_found_however_they_are_written(body: str, tmp_path: Path) -> None:
    text = read(tmp_path, body)
    assert text.numbers.tolist() == [1, 2, 3]
    assert text.rows([3, 7, 1]).tolist() == [2, 0]
    assert text.find(["IfcDoor", "IfcWall"]) == [(0, "IFCWALL"), (2, "IFCDOOR")]


@pytest.mark.parametrize("body", FORMS)
def test_what_can_be_reached_is_marked(body: str, tmp_path: Path) -> None:
    text = read(tmp_path, body)
    seen = np.zeros(3, dtype=bool)
    text.reach(seen, [0], {2: b"#3=IFCDOOR((#1));"})
    assert seen.tolist() == [True, False, True]
    assert text.referenced().tolist() == [True, True, True]


def test_what_is_not_marked_is_not_written(tmp_path: Path) -> None:
    text = read(tmp_path, PLAIN)
    assert text.write(tmp_path / "b.ifc", np.array([True, False, True]), {2: b"#3=IFCDOOR((#1));"}) == 2
    assert (tmp_path / "b.ifc").read_text() == f"{HEAD}\n#1=IFCWALL('#2',#3);\n#3=IFCDOOR((#1));\n{TAIL}"


@pytest.mark.parametrize("body", FORMS)
def test_changes_leave_the_rest_as_it_is(body: str, tmp_path: Path) -> None:
    text = read(tmp_path, body)
    text.rewrite(tmp_path / "b.ifc", {}, [b"#4=IFCBEAM();"])
    whole = (tmp_path / "a.ifc").read_bytes()
    assert (tmp_path / "b.ifc").read_bytes() == whole.replace(b"ENDSEC;\nEND", b"#4=IFCBEAM();\nENDSEC;\nEND")
    text.rewrite(tmp_path / "c.ifc", {3: b"#3=IFCDOOR();", 2: None}, [])
    changed = (tmp_path / "c.ifc").read_bytes()
    assert changed == whole.replace(text.text(2), b"#3=IFCDOOR();").replace(text.text(1), b"")


def test_strings_hold_no_references() -> None:
    assert references(b"#1=IFCX('#2','it''s #3',#4);") == [1, 4]
    assert arguments(b"#1=IFCX('a,(b',(#1,#2),IFCLABEL('x'));") == [b"''", b"(#1,#2)", b"IFCLABEL('')"]


def test_a_list_loses_members_and_an_empty_one_is_refused() -> None:
    text = b"#1=IFCREL('(#2)',#9,(#2,#3),#4);"
    assert filter_lists(text, {2}) == (b"#1=IFCREL('(#2)',#9,(#3),#4);", [9, 4])
    assert filter_lists(text, {2, 3})[0] is None
