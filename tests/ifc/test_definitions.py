"""Property sets that are read from the text."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.core import Files
from functions.ifc.definitions import KINDS, OTHERS, Definitions, Irregular, try_lean
from functions.ifc.gate import check_model
from tests.ifc.conftest import FOOTER, HEADER


def read(folder: Path, *lines: str) -> Definitions:
    path = folder / "model.ifc"
    path.write_text(HEADER.format(schema="IFC4") + "".join(f"{line}\n" for line in lines) + FOOTER)
    files = Files(inputs={}, outputs=folder, scratch=folder)
    return Definitions(check_model(path, files, without=(*KINDS, *OTHERS)))


@pytest.mark.parametrize(
    ("value", "measure", "expected"),
    [
        ("IFCLABEL('it''s \\X2\\00E9\\X0\\; (#1)')", "IfcLabel", "it's \u00e9; (#1)"),
        ("IFCPOSITIVELENGTHMEASURE(-1.5E-3)", "IfcPositiveLengthMeasure", -0.0015),
        ("IFCINTEGER(7)", "IfcInteger", 7),
        ("IFCBOOLEAN(.F.)", "IfcBoolean", False),
        ("IFCLOGICAL(.U.)", "IfcLogical", "UNKNOWN"),
        ("$", None, None),
    ],
)
def test_a_single_value_is_what_ifcopenshell_reads(
    value: str, measure: str | None, expected: object, tmp_path: Path
) -> None:
    with read(tmp_path, f"#1= IFCPROPERTYSINGLEVALUE('A',$,{value},#9);") as definitions:
        assert definitions.member(1) == ("A", measure, expected, 9)


def test_sets_types_and_relationships_name_their_members(tmp_path: Path) -> None:
    long = ",".join(f"#{number}" for number in range(100, 400))
    with read(
        tmp_path,
        "#1=IFCQUANTITYLENGTH('Length',$,$,2.5,$);",
        "#2=IFCELEMENTQUANTITY('a',$,'Qto',$,$,(#1));",
        "#3=IFCPROPERTYSET('b',#7,$,'text; #5',(#1,#4));",
        f"#5=IFCRELDEFINESBYPROPERTIES('c',$,$,$,({long}),#3);",
        "#6=IFCWALLTYPE('d',$,'T',$,$,(#2,#3),$,$,$,.STANDARD.);",
    ) as definitions:
        assert definitions.member(1) == ("Length", "IfcQuantityLength", 2.5, None)
        assert definitions.set(2) == (True, "Qto", [1])
        assert definitions.set(3) == (False, None, [1, 4])
        assert list(definitions.related()) == [(3, list(range(100, 400)))]
        assert definitions.of_type(6) == [2, 3]
        assert 6 in definitions
        assert 4 not in definitions


@pytest.mark.parametrize(
    "line",
    [
        "#1=IFCPROPERTYSINGLEVALUE($,$,IFCLABEL('a'),$);",
        "#1=IFCPROPERTYSINGLEVALUE('A',$,IFCREAL(.5),$);",
        "#1=IFCPROPERTYSINGLEVALUE('A',$,IFCBOOLEAN(.U.),$);",
        "#1=IFCPROPERTYSINGLEVALUE('A',$,IFCNOSUCHTYPE(1),$);",
        "#1=IFCPROPERTYSINGLEVALUE('A',$,IFCLABEL('a'));",
        "#1=IFCQUANTITYLENGTH('A',$,$,2,$);",
    ],
)
def test_an_unusual_line_is_left_to_ifcopenshell(line: str, tmp_path: Path) -> None:
    with read(tmp_path, line) as definitions, pytest.raises(Irregular):
        definitions.member(1)


@pytest.mark.parametrize(
    "lines",
    [
        ["#1=IFCPROPERTYSET('b',$,$,$,$); #2=IFCPROPERTYSET('c',$,$,$,$);"],
        ["#1=IFCPROPERTYSET('b',$,$,$,$);", "#1=IFCPROPERTYSET('c',$,$,$,$);"],
        ["#1=IFCPROPERTYSET('b',$,$,$,(#2));", "#2=IFCCOMPLEXPROPERTY('c',$,'u',(#3));"],
    ],
    ids=["one line", "same number", "complex"],
)
def test_a_model_that_is_written_in_another_way_is_left_to_ifcopenshell(
    lines: list[str], tmp_path: Path
) -> None:
    try:
        with read(tmp_path, *lines) as definitions:
            found = 1 in definitions
    except Irregular:
        found = False
    assert not found


def test_what_an_attempt_warns_of_counts_when_it_succeeds(files: Files, warnings: list[str]) -> None:
    def work(quiet: Files, *, irregular: bool) -> str:
        quiet.warn("found")
        if irregular:
            raise Irregular
        return "made"

    assert try_lean(lambda quiet: work(quiet, irregular=True), files) is None
    assert warnings == []
    assert try_lean(lambda quiet: work(quiet, irregular=False), files) == "made"
    assert warnings == ["found"]
