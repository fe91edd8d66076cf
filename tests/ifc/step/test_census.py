"""Instances counted by class and number while a file is checked."""

from __future__ import annotations

import pytest

from functions.ifc.step.census import Census, Tally


def take(*lines: bytes, instances: int) -> Census | None:
    tally = Tally()
    for line in lines:
        tally.add(line)
    return tally.take(instances)


def test_classes_are_counted_and_numbers_known_in_whatever_order_they_come() -> None:
    census = take(b"#3=IFCA();\n#1= IFCB ($);\n", b"#0012=IFCA();\n", instances=3)
    assert census is not None
    assert census.classes == {"IFCA": 2, "IFCB": 1}
    assert not census.commented
    assert [number for number, there in enumerate(census.numbers) if there] == [1, 3, 12]


@pytest.mark.parametrize(
    ("text", "instances"),
    [
        (b"#1=IFCA();#2=IFCA();\n", 2),  # the second begins no line
        (b"#1=IFCA();\n#1=IFCB();\n", 2),  # one number
        (b"#1=(IFCA()IFCB());\n", 1),  # two classes
        (b"#1234567890=IFCA();\n", 1),  # a number that no parser reads
        (b"#1=IFCA();\n", 2),
        (b"#1000=IFCA();\n", 1),  # numbers too far apart
    ],
)
def test_there_is_no_census_of_what_cannot_be_told_apart(text: bytes, instances: int) -> None:
    assert take(text, instances=instances) is None
