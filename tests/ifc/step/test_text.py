"""Instances as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.core.errors import ModelError
from functions.ifc.step.text import CHUNK_BYTES, StepText, arguments, filter_lists, links, references

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
    assert text.rows([3, 7, 1]) == [2, 0]
    assert list(text.find({"IFCDOOR", "IFCWALL"})) == [(0, "IFCWALL"), (2, "IFCDOOR")]
    assert text.classes == {"IFCWALL": 1, "IFCSLAB": 1, "IFCDOOR": 1}
    assert text.is_sound


@pytest.mark.parametrize("body", FORMS)
def test_what_can_be_reached_is_marked(body: str, tmp_path: Path) -> None:
    text = read(tmp_path, body)
    seen = bytearray(3)
    text.reach(seen, [0], {2: b"#3=IFCDOOR((#1));"})
    assert list(seen) == [True, False, True]
    assert list(text.referenced()) == [True, True, True]


def test_what_is_not_marked_is_not_written(tmp_path: Path) -> None:
    text = read(tmp_path, PLAIN)
    assert text.write(tmp_path / "b.ifc", [True, False, True], {2: b"#3=IFCDOOR((#1));"}) == 2
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


def test_a_list_loses_members() -> None:
    text = b"#1=IFCREL('(#2)',#9,(#2,#3),#4);"
    assert links(text) == ([9, 4], [[2, 3]])
    assert filter_lists(text, {2}) == b"#1=IFCREL('(#2)',#9,(#3),#4);"


@pytest.mark.parametrize("numbers", [(1, 2, 3), (3, 1, 2), (7, 2_000_000_000, 5)])
def test_instances_are_found_in_any_order_of_their_numbers(
    numbers: tuple[int, int, int], tmp_path: Path
) -> None:
    path = tmp_path / "a.ifc"
    path.write_text(HEAD + "".join(f"\n#{number}=IFCDOOR(#{numbers[0]});" for number in numbers) + TAIL)
    text = StepText.read(path, instances=3)
    assert text.is_sound
    assert text.rows(numbers) == [0, 1, 2]
    assert text.rows([4, 2**31 - 1]) == []
    assert list(text.referenced()) == [True, False, False]


@pytest.mark.parametrize("numbers", [(1, 1), (0, 1), (-1, 1), (2_000_000_000, 2_000_000_000)])
def test_what_has_no_number_of_its_own_is_not_sound(numbers: tuple[int, int], tmp_path: Path) -> None:
    path = tmp_path / "a.ifc"
    path.write_text(HEAD + "".join(f"\n#{number}=IFCDOOR();" for number in numbers) + TAIL)
    assert not StepText.read(path, instances=2).is_sound


def test_a_number_that_no_parser_reads_is_refused_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "a.ifc"
    path.write_text(HEAD + "\n#1=IFCDOOR();\n#99999999999=IFCDOOR();" + TAIL)
    with pytest.raises(ModelError) as caught:
        StepText.read(path, instances=2)
    assert caught.value.where == "line 3"


def test_a_file_of_many_pieces_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "a.ifc"
    lines = [
        f"#{number}=IFCDOOR('{'x' * (number % 900)}\n#5000=',#{number // 2});" for number in range(1, 999)
    ]
    path.write_text(HEAD + "\n" + "\n".join(lines).replace("\n#5000=", "") + "\n" + TAIL)
    text = StepText.read(path, instances=998)
    assert [text.text(row).decode() for row in range(998)] == [line.replace("\n#5000=", "") for line in lines]
    assert sum(text.referenced()) == 998 // 2
    seen = bytearray(998)
    text.reach(seen, [997], {})
    assert [row + 1 for row in range(998) if seen[row]] == [1, 3, 7, 15, 31, 62, 124, 249, 499, 998]
    path.write_text(HEAD + "\n" + "\n".join(lines) + "\n" + TAIL)  # text that looks like instances
    text = StepText.read(path, instances=998)
    assert [text.text(row).decode() for row in range(998)] == lines


def test_an_instance_may_be_longer_than_a_piece(tmp_path: Path) -> None:
    path = tmp_path / "a.ifc"
    long = f"#2=IFCPOLYLINE(({','.join(['#1', '#3'] * CHUNK_BYTES)}));"
    path.write_text(HEAD + f"\n#1=IFCDOOR();\n{long}\n#3=IFCDOOR(#1);\n" + TAIL)
    text = StepText.read(path, instances=3)
    assert text.text(1).decode() == long
    assert list(text.referenced()) == [True, False, True]


@pytest.mark.parametrize("digits", ["9999999999", "9" * 5000])
def test_references_that_no_parser_reads_are_refused(digits: str) -> None:
    with pytest.raises(ModelError, match="is no instance number"):
        references(b"#2=IFCA(#1,#%s);" % digits.encode())
    assert references(b"#2=IFCA('#%s');" % digits.encode()) == [2]


def test_leading_zeros_do_not_count(tmp_path: Path) -> None:
    text = read(tmp_path, "#0000000000000000000007=IFCWALL(#0);\n#8=IFCDOOR(#0000000000000000000007);\n")
    assert list(text.numbers) == [7, 8]
    assert references(text.of(8)) == [8, 7]
    assert references(text.of(7)) == [7, 0]
