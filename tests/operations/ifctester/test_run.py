"""ifctester: verdicts, what it refuses, and what its reports show."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest

from benchmarks.specifications import HEAD, TAIL, attribute_of, property_of, restriction, simple
from functions.core import Files
from functions.core.errors import InputError
from functions.core.registry import operation
from tests.browser import browse, needs_browser

ROOT = Path(__file__).resolve().parents[3]
EXAMPLES = ROOT / "examples"
HOUSE, IDS = EXAMPLES / "house-architecture.ifc", EXAMPLES / "house.ids"
FAILING = {
    entry["specification"]: [one["global_id"] for one in entry["failing"]]
    for entry in json.loads((EXAMPLES / "ids.json").read_text())["specifications"]
}
WALL = f"<entity><name>{simple('IFCWALL')}</name></entity>"


def execute(model: Path, ids: Path, folder: Path, **request: Any) -> tuple[Any, Path, list[str]]:
    """Return the result, the report and the warnings of an audit."""
    chosen = operation("ifctester")
    warnings: list[str] = []
    inputs = {model.name: model, ids.name: ids}
    files = Files(inputs=inputs, outputs=folder, scratch=folder, on_warning=warnings.append)
    parsed = chosen.parse({"ifc_filename": model.name, "ids_filename": ids.name, **request})
    result = chosen.load()(parsed, files)
    assert result.success
    assert result.output
    return result, folder / result.output, warnings


def read(model: Path, ids: Path, folder: Path) -> dict[str, Any]:
    """Return the JSON report, which agrees with the result."""
    result, report, _ = execute(model, ids, folder)
    content: dict[str, Any] = json.loads(report.read_bytes())
    assert content["status"] is result.passed
    for name in ("specifications", "requirements", "checks", "elements"):
        assert content[f"total_{name}"] == result.statistics[name]
        assert content[f"total_{name}_pass"] == result.statistics[f"{name}_passed"]
        assert content[f"total_{name}_fail"] == result.statistics[f"{name}_failed"]
    return content


def write_ids(
    folder: Path, requirements: str, name: str = "s", occurs: str = 'maxOccurs="unbounded"'
) -> Path:
    path = folder / "t.ids"
    clause = f"<requirements>{requirements}</requirements>" if requirements else ""
    path.write_text(
        f'{HEAD}<specification name="{name}" ifcVersion="IFC4"><applicability minOccurs="0" {occurs}>{WALL}'
        f"</applicability>{clause}</specification>{TAIL}",
        encoding="utf-8",
    )
    return path


def test_the_example_house_fails_where_it_should(tmp_path: Path) -> None:
    content = read(HOUSE, IDS, tmp_path)
    found = {
        one["name"]: sorted(each["global_id"] for each in one["failing"]) for one in content["specifications"]
    }
    assert found == {name: sorted(failing) for name, failing in FAILING.items()}
    assert content["status"] is False
    walls = content["specifications"][1]
    assert {one["global_id"] for one in walls["requirements"][0]["failed_entities"]} == set(
        FAILING[walls["name"]]
    )
    assert walls["requirements"][0]["failed_entities"][0]["reason"]
    assert len(walls["applicable_entities"]) == walls["total_applicable"]
    assert content["date"] == ifcopenshell.open(HOUSE).header.file_name.time_stamp


def test_the_official_cases_are_right(corpus: Path, tmp_path: Path) -> None:
    """Every pair of IDS and model passes, fails or is refused as its name says."""
    wrong = []
    paths = sorted((corpus / "ids" / "testcases").rglob("*.ids"))
    for path in paths:
        try:
            result, _, _ = execute(path.with_suffix(".ifc"), path, tmp_path)
            verdict = "pass" if result.passed else "fail"
        except InputError as error:
            assert error.field == "ids_filename"
            assert re.fullmatch(r"line \d+", error.where or "")
            assert "breaks the rule" in error.message
            verdict = "invalid"
        if verdict != path.name.partition("-")[0]:
            wrong.append(f"{path.parent.name}/{path.name}: {verdict}")
    assert not wrong, "\n".join(wrong)
    assert len(paths) > 200


def test_an_invalid_ids_can_be_tolerated(tmp_path: Path) -> None:
    ids = write_ids(tmp_path, f"<entity><name>{simple('IFCSLAB')}</name></entity>")
    with pytest.raises(InputError, match="incompatible"):
        execute(HOUSE, ids, tmp_path)
    result, _, warnings = execute(HOUSE, ids, tmp_path, invalid_ids="warn")
    assert result.passed is False
    assert any("rule incompatible" in warning for warning in warnings)


def test_a_pattern_that_is_none_is_never_tolerated(tmp_path: Path) -> None:
    ids = write_ids(tmp_path, attribute_of(simple("Name"), restriction("string", pattern="(a")))
    with pytest.raises(InputError, match="pattern"):
        execute(HOUSE, ids, tmp_path, invalid_ids="warn")


def test_a_hostile_pattern_hangs_nothing(corpus: Path, tmp_path: Path) -> None:
    ids = write_ids(tmp_path, attribute_of(simple("Name"), restriction("string", pattern="(a+)+b")))
    assert read(corpus / "bad" / "ids_redos.ifc", ids, tmp_path)["status"] is False


def test_one_of_several_patterns_is_enough(tmp_path: Path) -> None:
    walls = {one.Name for one in ifcopenshell.open(HOUSE).by_type("IfcWall", include_subtypes=False)}
    pattern = restriction("string", pattern=["[A-Z].*", "nothing"])
    content = read(HOUSE, write_ids(tmp_path, attribute_of(simple("Name"), pattern)), tmp_path)
    assert walls
    assert content["specifications"][0]["total_applicable_fail"] == 0


def test_what_is_prohibited_fails_by_global_id(tmp_path: Path) -> None:
    content = read(HOUSE, write_ids(tmp_path, "", occurs='maxOccurs="0"'), tmp_path)
    (one,) = content["specifications"]
    assert one["cardinality"] == "prohibited"
    assert len(one["failing"]) == one["total_applicable"] == one["total_applicable_fail"] > 0
    assert content["status"] is False


def test_other_versions_are_checked_all_the_same(tmp_path: Path) -> None:
    ids = write_ids(tmp_path, attribute_of(simple("Name")))
    ids.write_text(ids.read_text().replace('"IFC4"', '"IFC2X3"'))
    result, _, warnings = execute(HOUSE, ids, tmp_path)
    assert result.statistics["checks"] > 0
    assert any("not written for IFC4" in warning for warning in warnings)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ({}, "house-architecture.audit.json"),
        ({"report_type": "html"}, "house-architecture.audit.html"),
        ({"output_filename": "a.BCFZIP"}, "a.BCFZIP"),
        ({"output_filename": "a.ods"}, "a.ods"),
        ({"output_filename": "report"}, "report"),
    ],
)
def test_the_name_says_the_kind(request_: dict[str, str], name: str, tmp_path: Path) -> None:
    _, report, _ = execute(HOUSE, IDS, tmp_path, **request_)
    assert report.name == name
    kind = report.read_bytes()[:2]
    assert kind == {".html": b"<!", ".BCFZIP": b"PK", ".ods": b"PK"}.get(report.suffix, b'{"')


def test_a_name_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        execute(HOUSE, IDS, tmp_path, output_filename="a.html", report_type="json")
    assert caught.value.field == "output_filename"


@pytest.mark.parametrize("kind", ["json", "html", "bcf", "ods"])
def test_the_same_input_gives_the_same_bytes(kind: str, tmp_path: Path) -> None:
    reports = []
    for number in range(2):
        folder = tmp_path / str(number)
        folder.mkdir()
        reports.append(execute(HOUSE, IDS, folder, report_type=kind)[1].read_bytes())
    assert reports[0] == reports[1]


def hostile(corpus: Path, folder: Path) -> tuple[Path, Path]:
    """A model whose names are markup, and an IDS that all of its walls fail."""
    markup = "&lt;script&gt;document.title='x'&lt;/script&gt;"
    ids = write_ids(folder, attribute_of(simple("Tag"), simple("&<script>")), name=markup)
    return corpus / "bad" / "html_names.ifc", ids


def test_the_page_holds_no_markup_of_the_model(corpus: Path, tmp_path: Path) -> None:
    result, report, _ = execute(*hostile(corpus, tmp_path), tmp_path, report_type="html")
    text = report.read_text(encoding="utf-8")
    assert result.statistics["elements_failed"] > 0
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text
    assert "default-src 'none'" in text
    assert not re.search(r"(?:src|href)=", text)


@needs_browser
def test_a_browser_shows_the_counts(tmp_path: Path) -> None:
    result, report, _ = execute(HOUSE, IDS, tmp_path, report_type="html")
    text = browse(report, tmp_path / "profile")
    shown = {
        name: [int(cell) for cell in re.findall(r"<td[^>]*>(\d+)</td>", row)]
        for name, row in re.findall(r'<tr id="(\w+)">(.*?)</tr>', text)
    }
    assert shown == {
        name: [result.statistics[f"{name}{suffix}"] for suffix in ("_passed", "_failed", "")]
        for name in ("specifications", "requirements", "checks", "elements")
    }
    assert "The model does not meet the IDS." in text
    assert "The Name shall be like D-[0-9]{2} (3 of 3)" in text
    assert text.count('class="failure"') == result.statistics["checks_failed"]
    assert all(
        global_id.replace("&", "&amp;") in text for failing in FAILING.values() for global_id in failing
    )


@needs_browser
def test_a_browser_runs_nothing_of_the_model(corpus: Path, tmp_path: Path) -> None:
    _, report, _ = execute(*hostile(corpus, tmp_path), tmp_path, report_type="html")
    text = browse(report, tmp_path / "profile")
    assert "<title>Many specifications</title>" in text
    assert "<script" not in text
    assert "<img" not in text


@pytest.mark.parametrize(("version", "module"), [("2.1", "bcf.v2.bcfxml"), ("3.0", "bcf.v3.bcfxml")])
def test_topics_select_the_failing_elements(version: str, module: str, tmp_path: Path) -> None:
    bcf: Any = pytest.importorskip(module)
    _, report, _ = execute(HOUSE, IDS, tmp_path, report_type="bcf", bcf_version=version)
    expected = {name: set(failing) for name, failing in FAILING.items() if failing}
    found = {}
    with bcf.BcfXml.load(report) as archive:
        assert archive.version.version_id == version
        for topic in archive.topics.values():
            assert re.search(r": \d+ of \d+ elements fail", topic.topic.description)
            (view,) = topic.viewpoints.values()
            components = view.visualization_info.components.selection.component
            found[topic.topic.title] = {item.ifc_guid for item in components}
            assert view.visualization_info.perspective_camera.camera_view_point.z > 0
    assert found == expected
    with zipfile.ZipFile(report) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_a_spreadsheet_has_a_row_for_each_failure(tmp_path: Path) -> None:
    odf: Any = pytest.importorskip("odf.opendocument")
    table: Any = pytest.importorskip("odf.table")
    teletype: Any = pytest.importorskip("odf.teletype")
    result, report, _ = execute(HOUSE, IDS, tmp_path, report_type="ods")
    rows = [
        [teletype.extractText(cell) for cell in row.getElementsByType(table.TableCell)]
        for row in odf.load(report).getElementsByType(table.TableRow)
    ]
    column = rows[0].index("GlobalId")
    named = [row[column].removeprefix("'") for row in rows[1:] if row[column]]
    assert sorted(named) == sorted(one for failing in FAILING.values() for one in failing)
    assert len(named) == result.statistics["checks_failed"]


def test_units_are_those_of_ids(tmp_path: Path) -> None:
    """Masses in kilograms, of quantities as of properties; a unit without a name ends nothing."""
    path = make_model(tmp_path)
    content = read(
        path,
        write_ids(tmp_path, property_of(simple("Q"), simple("W"), "IFCMASSMEASURE", simple("2"))),
        tmp_path,
    )
    assert content["status"] is True


def make_model(folder: Path) -> Path:
    """A wall with a quantity of 2000 g."""
    path = folder / "t.ifc"
    path.write_text(
        "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
        "FILE_NAME('t.ifc','2026-01-01T00:00:00',(''),(''),'','','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n"
        "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,#2);\n"
        "#2=IFCUNITASSIGNMENT((#3));\n#3=IFCSIUNIT(*,.MASSUNIT.,$,.GRAM.);\n"
        "#4=IFCWALL('2nJrDaLQfJ1QPhdJR0o97J',$,$,$,$,$,$,$,$);\n"
        "#5=IFCELEMENTQUANTITY('1yZHdd9OX5sA9OSyyPFX5h',$,'Q',$,$,(#6));\n"
        "#6=IFCQUANTITYWEIGHT('W',$,$,2000.,$);\n"
        "#7=IFCRELDEFINESBYPROPERTIES('0k7pkyJ0r9XBWVSSoQQn3x',$,$,$,(#4),#5);\n"
        "ENDSEC;\nEND-ISO-10303-21;\n"
    )
    return path


TYPES = f"<entity><name>{simple('IFCWALLTYPE')}</name></entity>"
LEAN = (
    (WALL, property_of(simple("Pset_WallCommon"), simple("IsExternal"), "IFCBOOLEAN")),
    (WALL, property_of(restriction("string", pattern=".*"), restriction("string", pattern=".*"), "IFCLABEL")),
    (TYPES, attribute_of(simple("Name"))),
)


def write_specifications(path: Path, *pairs: tuple[str, str]) -> Path:
    texts = (
        '<specification name="s" ifcVersion="IFC2X3 IFC4"><applicability minOccurs="0" maxOccurs="unbounded">'
        f"{applies}</applicability><requirements>{asked}</requirements></specification>"
        for applies, asked in pairs
    )
    path.write_text(HEAD + "".join(texts) + TAIL)
    return path


@pytest.mark.parametrize("kind", ["json", "html", "bcf", "ods"])
def test_a_lean_model_gives_the_report_of_a_whole_one(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from functions.ifc.ids import audit  # noqa: PLC0415

    ids = write_specifications(tmp_path / "t.ids", *LEAN)
    (tmp_path / "lean").mkdir()
    (tmp_path / "whole").mkdir()
    lean = execute(HOUSE, ids, tmp_path / "lean", report_type=kind)
    monkeypatch.setattr(audit, "names_no_parts", lambda _: False)
    whole = execute(HOUSE, ids, tmp_path / "whole", report_type=kind)
    assert lean[1].read_bytes() == whole[1].read_bytes()
    assert lean[0] == whole[0]


def test_text_that_is_written_in_another_way_is_audited_as_well(tmp_path: Path) -> None:
    ids = write_specifications(tmp_path / "t.ids", *LEAN)
    text = HOUSE.read_text(encoding="utf-8")
    odd = tmp_path / HOUSE.name
    odd.write_text(text.replace("IFCPROPERTYSINGLEVALUE(", "IFCPROPERTYSINGLEVALUE( "), encoding="utf-8")
    assert odd.read_text(encoding="utf-8") != text
    (tmp_path / "odd").mkdir()
    (tmp_path / "usual").mkdir()
    found = execute(odd, ids, tmp_path / "odd")
    usual = execute(HOUSE, ids, tmp_path / "usual")
    assert found[1].read_bytes() == usual[1].read_bytes()
    assert found[2] == usual[2]


def test_an_ids_without_a_title_is_one_without_a_name(tmp_path: Path) -> None:
    ids = write_specifications(tmp_path / "t.ids", *LEAN)
    ids.write_text(ids.read_text().replace("<title>Many specifications</title>", "<title/>"))
    assert json.loads(execute(HOUSE, ids, tmp_path)[1].read_text())["title"] == "Untitled"
