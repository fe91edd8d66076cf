"""ifcvalidate: what it finds, with the place, and what its reports show."""

from __future__ import annotations

import json
import re
import zipfile
from pathlib import Path
from typing import Any

import pytest

from functions.core import Files
from functions.core.errors import InputError, ModelError
from functions.core.registry import operation
from tests.browser import browse, needs_browser

ROOT = Path(__file__).resolve().parents[3]
HOUSE = ROOT / "examples" / "house-architecture.ifc"
POLICY = "validate-service/backend/apps/ifc_validation/checks/header_policy/tests"
SERVICE = "validate-service/backend/apps/ifc_validation/fixtures"
HEAD = (
    "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
    "FILE_NAME('t.ifc','2026-01-01T00:00:00',('A'),('O'),'p','s','');\nFILE_SCHEMA(('IFC4'));\nENDSEC;\nDATA;\n"
)
TAIL = "ENDSEC;\nEND-ISO-10303-21;\n"
WALL = "#{number}=IFCWALL('{guid}',$,'{name}',$,$,$,$,$,$);\n"
GUID = "2nJrDaLQfJ1QPhdJR0o97J"


def execute(path: Path, folder: Path, **request: Any) -> tuple[Any, Path, list[str]]:
    """Return the result, the report and the warnings of a check."""
    chosen = operation("ifcvalidate")
    warnings: list[str] = []
    files = Files(inputs={path.name: path}, outputs=folder, scratch=folder, on_warning=warnings.append)
    result = chosen.load()(chosen.parse({"filename": path.name, **request}), files)
    assert result.success
    assert result.output
    return result, folder / result.output, warnings


def validate(path: Path, folder: Path, **request: Any) -> dict[str, Any]:
    """Return the JSON report of a check, which agrees with the result."""
    result, report, _ = execute(path, folder, **request)
    content: dict[str, Any] = json.loads(report.read_bytes().decode("utf-8"))
    assert result.valid is content["valid"] is (content["errors"] == 0)
    assert result.statistics["issues"] == content["issues"]
    assert sum(content["issues"].values()) == content["errors"] + content["warnings"]
    return content


def model(folder: Path, body: str) -> Path:
    path = folder / "t.ifc"
    path.write_text(HEAD + body + TAIL)
    return path


def find(content: dict[str, Any], rule: str) -> dict[str, Any]:
    """Return the one finding of a rule."""
    found = [item for item in content["findings"] if item["rule"] == rule]
    assert len(found) == 1, content["findings"]
    finding: dict[str, Any] = found[0]
    return finding


@pytest.mark.parametrize("rules", [False, True])
def test_the_example_house_conforms(tmp_path: Path, rules: bool) -> None:
    content = validate(HOUSE, tmp_path, rules=rules)
    assert content["valid"] is True
    assert content["findings"] == []
    assert (content["rules_checked"] > 600) is rules


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("bad_enum.ifc", ("syntax", "enumeration item", 10, 14)),
        ("too_few_attrs.ifc", ("syntax", "number of attributes", 900, 14)),
        ("too_many_attrs.ifc", ("syntax", "number of attributes", 900, 14)),
        ("unknown_entity.ifc", ("schema", "unknown entity", 900, 14)),
        ("inf_place.ifc", ("schema", "the value cannot be read", 13, 17)),
        ("dup_guid.ifc", ("global_id", "IfcRoot.UR1", 10, 14)),
        ("bad_guid.ifc", ("global_id", "IfcGloballyUniqueId", 10, 14)),
        ("empty_guid.ifc", ("global_id", "IfcGloballyUniqueId", 10, 14)),
        ("dangling_ref.ifc", ("reference", "dangling reference", 10, 14)),
        ("latin1_name.ifc", ("syntax", "repaired", None, None)),
    ],
)
def test_what_is_wrong_is_found_in_its_place(
    corpus: Path, tmp_path: Path, name: str, expected: tuple[str, str, int | None, int | None]
) -> None:
    kind, rule, instance, line = expected
    content = validate(corpus / "bad" / name, tmp_path)
    finding = find(content, rule)
    assert (finding["kind"], finding["instance"], finding["line"]) == (kind, instance, line)
    assert finding["message"]
    assert content["valid"] is (finding["severity"] == "warning")
    if line:
        text = (corpus / "bad" / name).read_bytes().split(b"\n")[line - 1]
        assert text.startswith(f"#{instance}=".encode())


@pytest.mark.parametrize(
    ("name", "rule"),
    [("zero_depth.ifc", "IfcPositiveLengthMeasure.WR1"), ("zero_unit.ifc", "IfcNamedUnit.WR1")],
)
def test_where_rules_are_checked_when_asked_for(corpus: Path, tmp_path: Path, name: str, rule: str) -> None:
    assert validate(corpus / "bad" / name, tmp_path)["issues"]["rule"] == 0
    content = validate(corpus / "bad" / name, tmp_path, rules=True)
    finding = find(content, rule)
    assert finding["kind"] == "rule"
    assert finding["instance"]
    assert "SELF" in finding["message"]
    assert not content["valid"]


def test_a_rule_over_the_file_is_checked(tmp_path: Path) -> None:
    project = "#{0}=IFCPROJECT('2nJrDaLQfJ1QPhdJR0o97{1}',$,'P',$,$,$,$,$,$);\n"
    path = model(tmp_path, project.format(1, "K") + project.format(2, "L"))
    assert find(validate(path, tmp_path, rules=True), "IfcSingleProjectInstance")["instance"] is None


def test_an_attribute_of_the_wrong_type_is_named(tmp_path: Path) -> None:
    path = model(tmp_path, f"#1=IFCWALL({GUID!r},$,5,$,$,$,$,$,$);\n#2=IFCLOCALPLACEMENT($,$);\n")
    findings = validate(path, tmp_path)["findings"]
    assert {(item["instance"], item["attribute"]) for item in findings if item["attribute"]} >= {
        (1, "Name"),
        (2, "RelativePlacement"),
    }
    assert any(item["message"].startswith("5 is not valid for Name") for item in findings)


def test_an_inverse_says_how_many_there_are(corpus: Path, tmp_path: Path) -> None:
    content = validate(corpus / "models" / "bim-whale" / "TallBuilding.ifc", tmp_path)
    shared = [item["message"] for item in content["findings"] if item["attribute"] == "DefinesType"]
    assert len(shared) == 11
    expected = r"DefinesType : SET \[0:1\] OF IfcTypeObject .*: there are [24] \((#\d+(, )?)+\)"
    assert all(re.fullmatch(expected, message) for message in shared)


def test_a_reference_inside_of_a_string_is_none(tmp_path: Path) -> None:
    path = model(tmp_path, WALL.format(number=1, guid=GUID, name="see #99 /* and #98 */ it''s #97"))
    assert validate(path, tmp_path)["valid"] is True


@pytest.mark.parametrize("verdict", ["pass", "fail"])
def test_the_header_policy_is_that_of_the_validation_service(
    corpus: Path, tmp_path: Path, verdict: str
) -> None:
    """Each case is about the attribute that its folder names."""
    paths = sorted((corpus / POLICY).glob(f"*/{verdict}/*.ifc"))
    assert len(paths) > 10
    wrong = []
    for path in paths:
        content = validate(path, tmp_path, header_policy=True)
        failed = {item["attribute"] for item in content["findings"] if item["kind"] == "header"}
        if (path.parent.parent.name in failed) is (verdict == "pass"):
            wrong.append(f"{path.parent.parent.name}/{path.name}: {sorted(failed)}")
    assert not wrong


def test_the_header_policy_is_not_checked_unless_asked_for(corpus: Path, tmp_path: Path) -> None:
    path = corpus / POLICY / "version" / "fail" / "only-letters.ifc"
    assert validate(path, tmp_path)["issues"]["header"] == 0
    assert validate(path, tmp_path, header_policy=True)["issues"]["header"] == 1


@pytest.mark.parametrize("name", ["invalid_file.ifc", "invalid_version.ifc"])
def test_a_file_that_is_no_model_is_refused_as_everywhere(corpus: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError):
        execute(corpus / SERVICE / name, tmp_path)


def test_all_findings_are_counted_and_some_are_listed(tmp_path: Path) -> None:
    body = "".join(WALL.format(number=number, guid=GUID, name="W") for number in range(1, 52))
    result, report, warnings = execute(model(tmp_path, body), tmp_path, max_issues=7)
    assert len(json.loads(report.read_text())["findings"]) == 7
    assert result.statistics["issues"]["global_id"] == 50
    assert warnings == ["7 of 50 findings are listed"]


def test_every_model_of_the_corpus_is_checked(corpus: Path, tmp_path: Path) -> None:
    paths = sorted((corpus / "models").rglob("*.ifc"))
    assert paths
    for path in paths:
        for finding in validate(path, tmp_path, header_policy=True)["findings"]:
            assert finding["kind"] == "header" or finding["line"]


def test_an_extension_that_says_another_format_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        execute(HOUSE, tmp_path, report_type="json", output_filename="x.html")
    assert caught.value.field == "output_filename"


HOSTILE = "<script>document.title=1</script><img src=x onerror=alert(1)>"


def hostile(folder: Path) -> Path:
    """Return a model whose names and GlobalIds are markup."""
    body = WALL.format(number=1, guid=HOSTILE, name=HOSTILE) + WALL.format(number=2, guid=HOSTILE, name="x")
    return model(folder, body)


def test_the_page_holds_no_markup_of_the_model(tmp_path: Path) -> None:
    result, report, _ = execute(hostile(tmp_path), tmp_path, report_type="html")
    text = report.read_text(encoding="utf-8")
    assert report.name == "t.validation.html"
    assert "<script" not in text
    assert "<img" not in text
    assert "&lt;script&gt;" in text
    assert "default-src 'none'" in text
    assert result.statistics["errors"] == 2


@needs_browser
def test_a_browser_shows_the_counts_and_runs_nothing(tmp_path: Path) -> None:
    result, report, _ = execute(hostile(tmp_path), tmp_path, report_type="html")
    text = browse(report, tmp_path / "profile")
    shown = dict(re.findall(r'<dd id="([^"]*)">([^<]*)</dd>', text))
    assert int(shown["errors"]) == result.statistics["errors"]
    assert int(shown["global_id-findings"]) == result.statistics["issues"]["global_id"]
    assert "<title>Validation of t.ifc</title>" in text
    findings = text.split("<h2>Findings</h2>")[1].split("<tbody>")[1]
    assert findings.count("<tr>") == result.statistics["listed"]
    assert "<script" not in text
    assert "<img" not in text


@pytest.mark.parametrize(("version", "module"), [("2.1", "bcf.v2.bcfxml"), ("3.0", "bcf.v3.bcfxml")])
def test_a_topic_of_bcf_names_the_rule_and_the_elements(
    version: str, module: str, corpus: Path, tmp_path: Path
) -> None:
    bcf: Any = pytest.importorskip(module)
    model = corpus / "bad" / "dup_guid.ifc"
    _, report, _ = execute(model, tmp_path, report_type="bcf", bcf_version=version)
    assert report.name == "dup_guid.validation.bcf"
    with bcf.BcfXml.load(report) as archive:
        assert archive.version.version_id == version
        (topic,) = archive.topics.values()
        assert topic.topic.title == "IfcRoot.UR1: 1 findings"
        assert topic.topic.topic_type == "Error"
        assert "#10 IfcWall" in topic.topic.description
        (view,) = topic.viewpoints.values()
        components = view.visualization_info.components.selection.component
        assert [item.ifc_guid for item in components] == [GUID]
    with zipfile.ZipFile(report) as archive:
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


@pytest.mark.parametrize("kind", ["json", "html", "bcf"])
def test_a_report_is_the_same_every_time(corpus: Path, tmp_path: Path, kind: str) -> None:
    reports = []
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        path = corpus / "models" / "bim-whale" / "TallBuilding.ifc"
        reports.append(execute(path, tmp_path / name, report_type=kind, header_policy=True)[1].read_bytes())
    assert reports[0] == reports[1]
