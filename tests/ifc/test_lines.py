"""Lines that are found by their number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from functions.core import Files
from functions.ifc.gate import check_model
from functions.ifc.lines import MAX_LOST, STEP_BYTES, Irregular, Lines
from tests.ifc.conftest import FOOTER, HEADER

VALUE = re.compile(rb"IFCLABELLED\('([^']*)'\);")


def index(folder: Path, *lines: str) -> Lines:
    path = folder / "model.ifc"
    path.write_text(HEADER.format(schema="IFC4") + "".join(f"{line}\n" for line in lines) + FOOTER)
    return Lines(check_model(path, Files(inputs={}, outputs=folder, scratch=folder)))


def labelled(numbers: list[int], *, width: int = 60) -> list[str]:
    return [f"#{number}= IFCLABELLED('{number:0{width}}');" for number in numbers]


def value(lines: Lines, number: int) -> int | None:
    found = lines.match(VALUE, number)
    return None if found is None else int(found[1][-9:])


@pytest.mark.parametrize("width", [1, 60, 3 * STEP_BYTES])
def test_every_line_is_found_in_whatever_order_it_is_asked_for(width: int, tmp_path: Path) -> None:
    numbers = list(range(10, 2000 if width < STEP_BYTES else 100, 3))
    lines = index(tmp_path, *labelled(numbers, width=width))
    for number in (*numbers, *reversed(numbers), *numbers[::7]):
        assert value(lines, number) == number
    assert [value(lines, number) for number in (1, 11, numbers[-1] + 3)] == [None, None, None]
    lines.close()


def test_lines_out_of_order_do_not_hide_others(tmp_path: Path) -> None:
    numbers = [*range(1, 1000), 5000, 5001, *range(1000, 2000), 0x7000, 300_000, *range(2000, 4000)]
    lines = index(tmp_path, *labelled(numbers))
    ordered = set(range(1, 4000)) - {999, 1000, 1999, 2000}  # whose neighbours are elsewhere
    assert {number for number in ordered if value(lines, number) == number} == ordered
    lines.close()


def test_numbers_that_descend_are_irregular(tmp_path: Path) -> None:
    count = 2 * MAX_LOST * STEP_BYTES // 60
    with pytest.raises(Irregular):
        index(tmp_path, *labelled(list(range(count, 0, -1))))


@pytest.mark.parametrize(
    "line",
    [
        "/* what was here before:\n#1= IFCLABELLED('9');\n*/",
        "#3= IFCLABELLED('a;\n#1= IFCLABELLED(9');",
        "#3=IFCWALL(\n#4,\n#5); /* #6 */",
    ],
    ids=["comment", "text", "several lines, comment"],
)
def test_what_only_looks_like_an_instance_is_irregular(line: str, tmp_path: Path) -> None:
    with pytest.raises(Irregular):
        index(tmp_path, *labelled([1, 2]), line, *labelled([7]))


def test_blank_lines_and_instances_of_several_lines_are_no_harm(tmp_path: Path) -> None:
    lines = index(tmp_path, "", *labelled([1]), "", "#2=IFCWALL('a',\n$);", *labelled([4]))
    assert [value(lines, number) for number in (1, 4)] == [1, 4]
    lines.close()


def test_all_of_a_class_come_in_the_order_of_the_file(tmp_path: Path) -> None:
    numbers = [*range(100, 3000), *range(1, 50)]
    lines = index(tmp_path, *labelled(numbers), "#9000=IFCOTHER('= IFCLABELLED(');")
    found = [(number, int(line[1])) for number, line in lines.each(b"IFCLABELLED", VALUE)]
    assert found == [(number, number) for number in numbers]
    lines.close()


def test_one_of_a_class_that_is_written_in_another_way_is_irregular(tmp_path: Path) -> None:
    lines = index(tmp_path, *labelled([1, 2]), "#3=IFCLABELLED($);")
    with pytest.raises(Irregular):
        list(lines.each(b"IFCLABELLED", VALUE))
    lines.close()
