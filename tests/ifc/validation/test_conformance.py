"""What the text of a file says of its instances."""

from __future__ import annotations

from pathlib import Path

import ifcopenshell

from functions.ifc.validation.conformance import Text, find_lines, read_text

HEAD = (
    "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
    "FILE_NAME('#77','2026-01-01T00:00:00',('A'),('O'),'p','s','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n"
)
TAIL = "ENDSEC;\nEND-ISO-10303-21;\n"


def read(folder: Path, body: str) -> Text:
    path = folder / "t.ifc"
    path.write_text(HEAD + body + TAIL)
    return read_text(path, ifcopenshell.open(path, format=".ifc"))


def test_references_to_nothing_have_their_owner(tmp_path: Path) -> None:
    body = "#1=IFCLOCALPLACEMENT(#3,#2);\n#2=IFCAXIS2PLACEMENT3D(#5,$,#5);\n"
    assert read(tmp_path, body).dangling == {1: (3,), 2: (5,)}


def test_what_is_in_strings_and_comments_is_no_reference(tmp_path: Path) -> None:
    body = "#1=IFCORGANIZATION($,'it''s #9','#8',$,$);\n/* #7 = X(#6) */\n"
    assert read(tmp_path, body) == Text(dangling={}, unknown={})


def test_a_number_beyond_all_numbers_is_a_reference_to_nothing(tmp_path: Path) -> None:
    path = tmp_path / "t.ifc"
    path.write_text(f"{HEAD}#1=IFCLOCALPLACEMENT(#{'9' * 5000},$);\n{TAIL}")
    model = ifcopenshell.file(schema="IFC4")
    assert list(read_text(path, model).dangling) == [1]


def test_unknown_entities_are_named(tmp_path: Path) -> None:
    found = read(tmp_path, "#1=IFCNOTHING(#2);\n#3=IFCDIRECTION((0.,1.));\n")
    assert found == Text(dangling={1: (2,)}, unknown={1: "IFCNOTHING"})


def test_lines_are_those_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "t.ifc"
    path.write_bytes(b"a\r\n'\n'/*\n*/\n#1=\nX(#2,'#3=');#2 = Y();\n")
    assert find_lines(path, {1, 2, 3}) == {1: 5, 2: 6}
