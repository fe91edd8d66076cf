"""Read the IDS, audit the model, write the report."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

import ifcopenshell

from functions.core import Files
from functions.core.errors import InputError
from functions.ifc.definitions import KINDS, OTHERS, PLACES, Definitions, try_lean
from functions.ifc.gate import FACES, SOLIDS, Checked, check_model, open_checked
from functions.ifc.ids import audit
from functions.ifc.ids.facts import Facts
from functions.ifc.ids.file import read_ids
from functions.ifc.ids.report import write_json
from functions.ifc.ids.validity import Fault, Rule, find_faults
from functions.ifc.ids.verdicts import Totals, passed
from functions.ifc.reader import clean
from functions.operations.ifctester import TesterRequest, TesterResult

IDS = "ids_filename"
MAX_TITLE = 200


def run(request: TesterRequest, files: Files) -> TesterResult:
    """Audit a model and return the verdict."""
    path = files.input(request.ifc_filename)
    document = load(request, files)
    objects = audit.avoids_shapes(document)
    if objects and audit.names_no_parts(document):
        result = try_lean(lambda quiet: check_lean(request, document, path, quiet), files)
        if result is not None:
            return result
    return check(request, document, check_model(path, files, without=FACES if objects else ()), files)


def check_lean(request: TesterRequest, document: audit.Document, path: Path, files: Files) -> TesterResult:
    """Audit a model that is opened without what the IDS does not ask for. Raises Irregular."""
    places = () if request.kind == "bcf" else PLACES  # a viewpoint looks at a place
    checked = check_model(path, files, without=(*FACES, *SOLIDS, *KINDS, *OTHERS, *places))
    with Definitions(checked) as definitions:
        return check(request, document, checked, files, definitions)


def check(
    request: TesterRequest,
    document: audit.Document,
    checked: Checked,
    files: Files,
    definitions: Definitions | None = None,
) -> TesterResult:
    """Audit a checked model, whose `definitions` are read from its text. Raises Irregular."""
    kind = request.kind
    output = request.output_filename or f"{files.input(request.ifc_filename).stem}.audit.{kind}"
    model = open_checked(checked, files)
    warn_of_versions(document, model, files)
    facts = Facts(model, definitions)
    outcomes = list(
        audit.run(document, facts, progress=lambda done, total: files.progress("audit", done, total))
    )
    title = clean(document.info["title"])[:MAX_TITLE]
    write(request, kind, files.output(output), outcomes, title=title, facts=facts)
    if facts.reader.unreadable:
        files.warn(f"{facts.reader.unreadable} attributes could not be read, and count as not given")
    totals = Totals.of(outcomes)
    verdict = passed(outcomes)
    return TesterResult(
        message=f"The model {'meets' if verdict else 'does not meet'} the IDS: "
        f"{totals.specifications.passed} of {totals.specifications.total} specifications pass, "
        f"{totals.elements.total - totals.elements.passed} of {totals.elements.total} elements fail",
        output=output,
        passed=verdict,
        statistics=dict(totals.statistics()),
    )


def load(request: TesterRequest, files: Files) -> audit.Document:
    """Return the IDS. Raises an InputError that names the rule that it breaks, and the line."""
    read = read_ids(files.input(request.ids_filename), name=IDS)
    document = audit.parse(read.decoded)
    for fault in find_faults(document, read.places):
        # A pattern that cannot be compiled cannot be ignored either.
        if request.invalid_ids == "refuse" or fault.rule is Rule.PATTERN:
            raise refuse(fault)
        files.warn(f"The IDS breaks the rule {fault.rule} in line {fault.line}: {clean(fault.message)}")
    return document


def refuse(fault: Fault) -> InputError:
    """Return the error for an IDS that breaks a rule."""
    message = f"{IDS}: the IDS breaks the rule {fault.rule}: {clean(fault.message)}"
    return InputError(message, field=IDS, where=f"line {fault.line}")


def warn_of_versions(document: audit.Document, model: ifcopenshell.file, files: Files) -> None:
    """Say how many specifications are written for other versions of IFC."""
    schema = model.schema_identifier
    others = sum(schema not in one.ifcVersion for one in document.specifications)
    if others:
        files.warn(
            f"{others} of {len(document.specifications)} specifications are not written for {schema}, the "
            "schema of the model; they are checked all the same"
        )


def write(
    request: TesterRequest,
    kind: str,
    target: Path,
    outcomes: list[audit.Outcome],
    *,
    title: str,
    facts: Facts,
) -> None:
    """Write the report of the kind."""
    date = read_date(facts.model)
    name = clean(PurePosixPath(request.ifc_filename).name)
    # What only some reports need is imported for these: it takes longer than a small audit.
    if kind == "bcf":
        from functions.ifc.ids.topics import make_topics  # noqa: PLC0415
        from functions.ifc.report.bcf import write_topics  # noqa: PLC0415

        topics = make_topics(outcomes, facts.reader, model=name)
        write_topics(target, topics, project=title, date=date, version=request.bcf_version)
    elif kind == "ods":
        from functions.ifc.ids.topics import make_rows  # noqa: PLC0415
        from functions.ifc.tables.sheets import open_sheet  # noqa: PLC0415

        rows = list(make_rows(outcomes, facts.reader))
        with open_sheet(target, kind, rows=len(rows)) as put:
            for row in rows:
                put(row)
    else:
        with target.open("w", encoding="utf-8") as stream:
            if kind == "html":
                from functions.ifc.ids.page import write_page  # noqa: PLC0415

                write_page(stream, outcomes, facts.reader, title=title, date=date, name=name)
            else:
                write_json(stream, outcomes, facts, title=title, date=date, name=name)


def read_date(model: ifcopenshell.file) -> str:
    """Return the model's time stamp: reports of the same input are the same."""
    try:
        stamp = model.header.file_name.time_stamp
    except (AttributeError, RuntimeError):  # a damaged header
        return ""
    return clean(stamp) if isinstance(stamp, str) else ""
