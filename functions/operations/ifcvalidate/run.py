"""Run the checks, collect what they find, write the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import ifcopenshell

from functions.core import Files
from functions.ifc.gate import Checked, check_model, open_checked
from functions.ifc.header import read_header
from functions.ifc.reader import clean
from functions.ifc.report.bcf import Topic, Version, write_topics
from functions.ifc.report.page import Table, write_page
from functions.ifc.validation.conformance import check_gate, check_schema, check_text, find_lines, read_text
from functions.ifc.validation.issues import ERROR, WARNING, Issues, group
from functions.ifc.validation.policy import check_header
from functions.ifc.validation.rules import Rules
from functions.operations.ifcvalidate import ValidateRequest, ValidateResult

COLUMNS = ("severity", "kind", "rule", "instance", "class", "GlobalId", "attribute", "line", "message")
MAX_LINES = 20  # messages in a topic
MAX_COMPONENTS = 500  # objects in a topic


def run(request: ValidateRequest, files: Files) -> ValidateResult:
    """Check a model and report."""
    path = files.input(request.filename)
    kind, output = request.kind, request.output_filename or f"{path.stem}.validation.{request.kind}"
    target = files.output(output)
    repairs: list[str] = []
    checked = check_model(path, replace(files, on_warning=repairs.append))
    model = open_checked(checked, replace(files, on_warning=repairs.append))
    issues = Issues(request.max_issues)
    for issue in check_gate(repairs):
        issues.add(issue)
    report = {"model": path.name, "schema": model.schema_identifier, "instances": checked.instances}
    report |= check(request, checked, model, issues, files)
    date = read_header(model)["time_stamp"] or ""
    write(kind, target, report, issues, date=date, version=request.bcf_version)
    listed = len(issues.kept)
    if listed < issues.kinds.total():
        files.warn(f"{listed} of {issues.kinds.total()} findings are listed")
    counts = {key: report[key] for key in ("valid", "schema", "instances", "errors", "warnings", "issues")}
    verdict = "conforms" if issues.valid else "does not conform"
    return ValidateResult(
        message=f"The model {verdict}; errors: {report['errors']}, warnings: {report['warnings']}",
        output=output,
        valid=issues.valid,
        statistics={**counts, "listed": listed, "rules": report["rules_checked"]},
    )


def check(
    request: ValidateRequest, checked: Checked, model: ifcopenshell.file, issues: Issues, files: Files
) -> dict[str, Any]:
    """Run the checks that are asked for, and return the figures of the report."""
    files.progress("schema", 0, 1)
    check_schema(model, issues)
    files.progress("references", 0, 1)
    for issue in check_text(read_text(checked.path, model), model):
        issues.add(issue)
    for issue in check_header(model) if request.header_policy else ():
        issues.add(issue)
    rules = Rules(model, issues)
    number = 0
    if request.rules:
        number = rules.run(lambda done, total: files.progress("rules", done, total))
        if rules.undecided:
            files.warn(
                f"{len(rules.undecided)} rules could not be worked out, for {rules.undecided.total()} values"
            )
    issues.place(find_lines(checked.path, {issue.instance for issue in issues.kept if issue.instance}))
    issues.sort()
    return {
        "valid": issues.valid,
        "errors": issues.severities[ERROR],
        "warnings": issues.severities[WARNING],
        "rules_checked": number,
        "rules_undecided": dict(sorted(rules.undecided.items())),
        "issues": issues.by_kind(),
        "by_rule": issues.by_rule(),
    }


def write(
    kind: str, target: Path, report: dict[str, Any], issues: Issues, *, date: str, version: Version
) -> None:
    """Write the report in the format that is asked for."""
    if kind == "bcf":
        model = clean(report["model"])
        write_topics(target, list(topics(issues, model)), project=model, date=date, version=version)
        return
    text = page(report, issues) if kind == "html" else document(report, issues)
    target.write_text(text, encoding="utf-8", newline="\n")


def document(report: dict[str, Any], issues: Issues) -> str:
    """Return the report as JSON; `findings` are the ones that are listed."""
    found = {**report, "findings": [tidy(issue.as_json()) for issue in issues.kept]}
    return json.dumps(found, indent=1, ensure_ascii=False, allow_nan=False) + "\n"


def page(report: dict[str, Any], issues: Issues) -> str:
    """Return the report as a page."""
    facts = {key: report[key] for key in ("model", "schema", "instances", "errors", "warnings")}
    facts |= {f"{kind} findings": count for kind, count in report["issues"].items()}
    facts["rules checked"] = report["rules_checked"]
    rules = [(item["kind"], item["rule"], item["count"]) for item in report["by_rule"]]
    keys = [{"GlobalId": "global_id"}.get(name, name) for name in COLUMNS]
    rows = [[tidy(issue.as_json())[key] for key in keys] for issue in issues.kept]
    verdict = "The model conforms" if report["valid"] else "The model does not conform"
    tables: list[Table] = [("Rules", ("kind", "rule", "findings"), rules), ("Findings", COLUMNS, rows)]
    return write_page(f"Validation of {clean(report['model'])}", (verdict, report["valid"]), facts, tables)


def topics(issues: Issues, model: str) -> Iterator[Topic]:
    """Yield a topic for every rule with findings, about the objects that have a GlobalId."""
    for (kind, rule), found in group(issues.kept).items():
        lines = [
            clean((f"#{issue.instance} {issue.ifc_class}: " if issue.instance else "") + issue.message)
            for issue in found[:MAX_LINES]
        ]
        more = len(found) - len(lines)
        ids = dict.fromkeys(clean(issue.global_id) for issue in found if issue.global_id)
        yield Topic(
            title=f"{rule}: {issues.rules[kind, rule]} findings",
            description="\n".join([*lines, *([f"... and {more} more"] if more else [])]),
            kind=found[0].severity.title(),
            label=kind,
            global_ids=tuple(list(ids)[:MAX_COMPONENTS]),
            files=(model,),
        )


def tidy(found: dict[str, Any]) -> dict[str, Any]:
    """Return a finding with texts that every reader can take."""
    return {key: clean(value) if isinstance(value, str) else value for key, value in found.items()}
