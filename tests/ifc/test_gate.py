"""The gate: what it opens, what it repairs with a warning, what it refuses and where."""

from __future__ import annotations

import json
import weakref
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest

from functions.core import Files, Operation
from functions.core.errors import InputError, ModelError, TooLargeError
from functions.ifc import faults
from functions.ifc.gate import check_model, open_checked, open_model, release
from functions.ifc.local import execute

BAD = Path("bad")
Step = Callable[..., Path]


def manifest(corpus: Path) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = json.loads((corpus / "bad" / "manifest.json").read_text())
    return [entry for entry in entries if entry["kind"] in {"ifc", "ifczip", "ifcxml"}]


def test_every_malformed_file_ends_in_a_typed_refusal_or_a_result(
    probe: Operation, corpus: Path, tmp_path: Path
) -> None:
    entries = manifest(corpus)
    assert len(entries) > 50
    wrong = []
    for entry in entries:
        name = entry["file"]
        request = {"do": "open_it", "model": name}
        try:
            execution = execute(probe, request, {"model": corpus / "bad" / name}, folder=tmp_path)
        except InputError as error:
            assert error.message, name
            assert str(tmp_path) not in error.message, name
            answer = "reject"
            if entry["kind"] == "ifc":
                assert error.where, name
        else:
            answer = "accept"
            assert "instances" in execution.statistics, name
        if entry["expect"] not in {answer, "any"}:
            wrong.append((name, answer))
    assert wrong == []


def test_good_models_open_whole_and_without_a_warning(
    corpus: Path, files: Files, warnings: list[str]
) -> None:
    folders = ("models/**/*.ifc", "diff/*/old.ifc", "ids/**/*.ifc")
    paths = sorted(path for folder in folders for path in corpus.glob(folder))
    assert len(paths) > 200
    for path in paths:
        model = open_model(path, files)
        plain = ifcopenshell.open(path)
        assert len(model.entity_names()) == len(plain.entity_names()) > 0, path
        assert len(model.by_type("IfcProduct")) == len(plain.by_type("IfcProduct")), path
        assert check_model(path, files).instances == len(plain.entity_names()), path
    assert [text for text in warnings if "raw characters" not in text] == []


def test_a_good_file_is_opened_where_it_lies(step: Step, files: Files) -> None:
    path = step()
    assert check_model(path, files).path == path


@pytest.mark.parametrize(
    ("raw", "read"),
    [
        ("Größe".encode(), "Größe"),
        ("Größe".encode("latin-1"), "Größe"),
        ("5 €".encode("cp1252"), "5 €"),
        ("日本 it''s 😀".encode(), "日本 it's 😀"),
        (b"\x81\xfc", "\x81ü"),
    ],
)
def test_raw_characters_are_read_as_their_author_wrote_them(
    step: Step, files: Files, warnings: list[str], raw: bytes, read: str
) -> None:
    path = step(b"/* \xff */ #2=IFCPERSON($,'" + raw + b"','plain',$,$,$,$,$);\n")
    model = open_model(path, files)
    assert model.by_id(2).FamilyName == read
    assert model.by_id(2).GivenName == "plain"
    assert warnings == ["Strings with raw characters above ASCII, read as UTF-8 or Latin-1: 1"]


def test_a_model_is_kept_until_it_is_released(step: Step, files: Files) -> None:
    """An instance whose model is gone ends the process when it is read."""
    model = open_model(step(), files)
    known = weakref.ref(model)
    project = model.by_type("IfcProject")[0]
    del model
    assert project.Name == "n"
    del project
    kept = known()
    assert kept is not None
    release(kept)
    del kept
    assert known() is None


def test_a_byte_order_mark_is_taken_off(step: Step, files: Files, warnings: list[str]) -> None:
    path = step()
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    model = open_model(path, files)
    assert model.by_type("IfcProject")[0].Name == "n"
    assert warnings == []


@pytest.mark.parametrize(
    ("schema", "read"),
    [
        ("IFC2X3", "IFC2X3"),
        ("IFC4", "IFC4"),
        ("ifc4", "IFC4"),
        (" IFC4 ", "IFC4"),
        ("IFC4X3_ADD2", "IFC4X3_ADD2"),
    ],
)
def test_schemas_are_read(step: Step, files: Files, warnings: list[str], schema: str, read: str) -> None:
    assert open_model(step(schema=schema), files).schema_identifier == read
    assert warnings == []


@pytest.mark.parametrize("schema", ["IFC4X3", "IFC4X3_ADD1"])
def test_older_names_of_ifc4x3_are_read_with_a_warning(
    step: Step, files: Files, warnings: list[str], schema: str
) -> None:
    assert open_model(step(schema=schema), files).schema_identifier == "IFC4X3_ADD2"
    assert warnings == [f"The schema {schema} is read as IFC4X3_ADD2"]


@pytest.mark.parametrize("schema", ["IFC2X2_FINAL", "IFC4X3_RC1", "IFC5", "", "AUTOMOTIVE_DESIGN"])
def test_other_schemas_are_refused_naming_those_that_are_read(step: Step, files: Files, schema: str) -> None:
    with pytest.raises(ModelError, match="IFC2X3, IFC4 and IFC4X3 are") as caught:
        open_model(step(schema=schema), files)
    assert caught.value.where == "line 5"


def test_two_schemas_at_a_time_are_refused(step: Step, files: Files) -> None:
    with pytest.raises(ModelError, match="2 schemas") as caught:
        open_model(step(schema="IFC4','IFC2X3"), files)
    assert caught.value.where == "line 5"


def test_what_only_opening_shows_names_the_field_too(step: Step, files: Files) -> None:
    path = step("#1=IFCWALL('2nJrDaLQfJ1QPhdJR0o97J',$,$,$,$,$,$,$,$);\n" * 2)
    with pytest.raises(ModelError, match="two instances #1") as caught:
        open_model(path, replace(files, inputs={f"sides.0.file/{path.name}": path}))
    assert caught.value.field == "sides.0.file"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b" \n", "empty"),
        (b'{"header": {"ifcxVersion": "ifcx_alpha"}}', "ifcx"),
        (b"<?xml version='1.0'?><ifcXML/>", "ifcXML"),
        (b"PK\x03\x04", "name it .ifczip"),
        ("ISO-10303-21;".encode("utf-16"), "UTF-16"),
        ("ISO-10303-21;".encode("utf-16-le"), "UTF-16"),
        (b"%PDF-1.7", "PDF"),
        (b"hello", "does not begin with ISO-10303-21"),
    ],
)
def test_what_is_no_step_file_is_called_by_its_name(
    tmp_path: Path, files: Files, content: bytes, words: str
) -> None:
    path = tmp_path / "model.ifc"
    path.write_bytes(content)
    with pytest.raises(ModelError, match=words) as caught:
        open_model(path, files)
    assert caught.value.where == "byte 0"


def test_a_model_over_the_limit_is_too_large(step: Step, files: Files) -> None:
    with pytest.raises(TooLargeError, match="this operation reads 100"):
        open_model(step(), replace(files, max_input_bytes=100))


def test_two_instances_of_one_number_are_refused(step: Step, files: Files) -> None:
    with pytest.raises(ModelError, match="two instances #1") as caught:
        open_model(step("#1=IFCPERSON($,$,$,$,$,$,$,$);\n"), files)
    assert caught.value.where == "line 9"


@pytest.mark.parametrize("number", ["0", "-5", "2147483648", "4294967297"])
def test_impossible_numbers_are_refused(step: Step, files: Files, number: str) -> None:
    with pytest.raises(ModelError, match="is no instance") as caught:
        open_model(step(f"#{number}=IFCPERSON($,$,$,$,$,$,$,$);\n"), files)
    assert caught.value.where == "line 9"


def test_instances_that_were_not_read_are_counted(step: Step, files: Files, warnings: list[str]) -> None:
    model = open_model(step("#2=IFCNOSUCH($);\n#3=IFCNOSUCH($);\n#4=IFCODD($);\n"), files)
    assert len(model.entity_names()) == 1
    assert warnings == [
        "3 of 4 instances were not read, IFC4 has no such entity:"
        " 2 IFCNOSUCH from line 9, 1 IFCODD from line 11"
    ]


def test_a_value_that_cannot_be_read_names_its_line_however_late(
    probe: Operation, step: Step, tmp_path: Path
) -> None:
    path = step("#2=IFCCARTESIANPOINT((0.,1.E999));\n")
    with pytest.raises(ModelError, match=r"1\.E999") as caught:
        execute(probe, {"do": "open_it", "model": "m.ifc"}, {"model": path}, folder=tmp_path)
    assert caught.value.where == "line 9"


def test_what_the_parser_only_logs_becomes_a_warning(probe: Operation, step: Step, tmp_path: Path) -> None:
    path = step("#2=IFCPERSON($,'n');\n#3=IFCPERSONANDORGANIZATION(#77,#78,$);\n")
    execution = execute(probe, {"do": "open_it", "model": "m.ifc"}, {"model": path}, folder=tmp_path)
    assert "Expected 8 attribute values, found 2 for instance #2" in execution.warnings
    assert any("reference #77" in text and "2 times alike" in text for text in execution.warnings)


def test_an_ifczip_is_opened(step: Step, files: Files, tmp_path: Path) -> None:
    path = tmp_path / "model.ifczip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(step(), "folder/model.IFC")
    assert len(open_model(path, files).entity_names()) == 1


PROPERTIES = """#2=IFCPROPERTYSINGLEVALUE('a',$,$,$);
#3= IFCPROPERTYSINGLEVALUE ('IFCPROPERTYSINGLEVALUE(',$,$,$);
#4=IFCPROPERTYSET('2nJrDaLQfJ1QPhdJR0o97J',$,$,$,(#2,#3));
#5=IFCPERSON($,'n',$,$,$,$,$,$);
"""


def test_classes_that_an_operation_does_not_read_are_left_out(
    step: Step, files: Files, warnings: list[str]
) -> None:
    checked = check_model(step(PROPERTIES), files, without=["IfcPropertySingleValue"])
    model = open_checked(checked, files)
    assert sorted(model.entity_names()) == [1, 4, 5]
    assert warnings == []


def test_what_is_missing_besides_is_still_said(step: Step, files: Files, warnings: list[str]) -> None:
    path = step(PROPERTIES + "#6=IFCNOSUCH($);\n")
    open_checked(check_model(path, files, without=["IfcPropertySingleValue"]), files)
    assert warnings == [
        "1 of 6 instances were not read, IFC4 has no such entity: 1 IFCNOSUCH from line 13",
    ]


LEFT_OUT = ["IfcCartesianPoint", "IfcPropertySingleValue"]


@pytest.mark.parametrize(
    "lines",
    [
        "#2=IFCPERSON($,'n\n#3=IFCCARTESIANPOINT((0.,0.));',$,$,$,$,$,$);\n#4=IFCCARTESIANPOINT((1.,1.));\n",
        "#2=IFCPERSON($,'n\n#3=IFCPERSON($,$);',$,$,$,$,$,$);\n#4=IFCCARTESIANPOINT((1.,1.));\n",
        "#2=IFCPROPERTYSINGLEVALUE('n\n#3=IFCPERSON($,$);',$,$,$);\n",
        "#3=IFCCARTESIANPOINT((1.,1.));\n#2=IFCPROPERTYSINGLEVALUE('a\n#9=IFCPERSON(\n#5=IFCCARTESIANPOINT((',$,$,$);\n",
        "#3=IFCCARTESIANPOINT((1.,1.));\n#2=IFCPROPERTYSINGLEVALUE('a\n#1=IFCPROJECT(\n#5=IFCCARTESIANPOINT((',$,$,$);\n",
        "#2=IFCPOLYLINE((#3,\n#4\n,#5));\n#3=IFCCARTESIANPOINT((1.,1.));\n#4=\nIFCCARTESIANPOINT((1.,\n1.));\n",
        "#2=IFCPOLYLINE((#03)); #3=IFCCARTESIANPOINT((1.,1.));\n",
        "#2=IFCPOLYLINE((#03,#4));\n#00003=IFCCARTESIANPOINT((1.,1.));\n#4=IFCCARTESIANPOINT((1.,2.));\n",
        "/* #2=IFCPOLYLINE((#3));\n*/#3=IFCCARTESIANPOINT((1.,1.));\n",
        "#3=IFCCARTESIANPOINT((1.,1.));\n/*\n#2=IFCPOLYLINE((#3));\n*/\n",
        "#9=IFCPOLYLINE((#3,#4));\n#3=IFCCARTESIANPOINT((1.,1.));\n#4=IFCCARTESIANPOINT((1.,2.));\n",
    ],
)
def test_what_is_left_is_what_the_parser_makes_of_the_whole_text(
    step: Step, files: Files, lines: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dump(model: ifcopenshell.file) -> tuple[list[str], list[str]]:
        told = [str(model.by_id(number)) for number in sorted(model.entity_names())]
        return told, list(faults.logged())

    checked = check_model(step(lines), files, without=LEFT_OUT)
    found = dump(open_checked(checked, files))
    whole = ifcopenshell.open(checked.path, lazy=True, bypass_types=list(checked.counts))  # type: ignore[call-overload]
    assert found == dump(whole)


def test_what_is_left_out_is_not_told_to_be_missing(step: Step, files: Files) -> None:
    lines = "#2=IFCPOLYLINE((#3,#5));\n#3=IFCCARTESIANPOINT((1.,1.));\n#4=IFCCARTESIANPOINT((1.,1.));\n"
    checked = check_model(step(lines), files, without=["IfcCartesianPoint"])
    ifcopenshell.get_log()
    assert open_checked(checked, files).by_id(2)[0] == ()
    assert ["#5" in line for line in faults.logged()] == [True]


def test_subtypes_are_left_out_with_their_class(step: Step, files: Files, warnings: list[str]) -> None:
    faces = "#2=IFCPOLYLOOP((#5,#6,#7));\n#3=IFCFACEOUTERBOUND(#2,.T.);\n#4=IFCFACE((#3));\n"
    checked = check_model(step(faces), files, without=["IfcLoop", "IfcFaceBound"])
    assert checked.counts == {"IfcPolyLoop": 1, "IfcFaceOuterBound": 1}
    assert sorted(open_checked(checked, files).entity_names()) == [1, 4]
    assert warnings == []


def test_two_instances_of_one_number_are_refused_though_one_would_be_left_out(
    step: Step, files: Files
) -> None:
    path = step("#2=IFCPERSON($,'n',$,$,$,$,$,$);\n#2=IFCPROPERTYSINGLEVALUE('a',$,$,$);\n")
    with pytest.raises(ModelError, match="two instances #2"):
        open_model(path, files, without=["IfcPropertySingleValue"])


@pytest.mark.parametrize("spelling", ["ifcpropertysinglevalue", "IfcPropertySingleValue"])
def test_classes_are_left_out_however_they_are_spelled(step: Step, files: Files, spelling: str) -> None:
    checked = check_model(step(f"#2={spelling}('a',$,$,$);\n"), files, without=["IfcPropertySingleValue"])
    assert checked.counts == {"IfcPropertySingleValue": 1}
    assert sorted(open_checked(checked, files).entity_names()) == [1]


NINES = "9" * 5000  # more digits than Python makes a number of


@pytest.mark.parametrize("without", [(), ("IfcCartesianPoint",)])
def test_numbers_of_any_length_are_refused(step: Step, files: Files, without: tuple[str, ...]) -> None:
    point = "#2=IFCCARTESIANPOINT((0.,0.));\n"
    with pytest.raises(ModelError, match="is no instance number"):
        open_model(step(f"{point}#{NINES}=IFCPERSON($,'n',$,$,$,$,$,$);\n"), files, without=without)
    path = step(f"{point}#3=IFCPOLYLINE((#{NINES}));\n")
    with pytest.raises((ModelError, RuntimeError)):
        open_model(path, files, without=without).by_id(3)
