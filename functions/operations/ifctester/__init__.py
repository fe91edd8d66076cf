"""Audit a model against an IDS 1.0: which specifications it meets, and which elements fail and why.

Verdicts are those of buildingSMART's test cases. `success` says that the audit ran, `passed` that the model
conforms. As the standard has it, the IFC version of a specification is not looked at; a warning says when it
is not the model's.

An IDS that no model can satisfy, or that its XSD refuses, is an error that names the rule, the specification
and the line: unknown classes, attributes or data types, names not in capitals, values that are not written as
their type demands, restrictions of another base, requirements under a prohibited specification, requirements
that contradict the applicability. With `invalid_ids: warn` the first kind are warnings instead.

Reports: JSON as ifctester writes it, with `failing` for each specification and elements in the order of the
file; an HTML page that needs nothing else; BCF 2.1 or 3.0 with a topic for each requirement that is not met,
its elements selected; ODS with a row for each failed check. `date` in reports is the time stamp of the model.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from functions.core import FileField, LambdaSize, ModelFile, Operation, OutputName, Result
from functions.core.format import FormattedRequest

ALIASES = {"bcfzip": "bcf", "htm": "html"}
FORMATS = ("json", "html", "bcf", "ods")

IdsFile = Annotated[str, FileField((".ids", ".xml")), Field(min_length=1, max_length=1100)]


class TesterRequest(FormattedRequest):
    """Which model, which IDS, and how to report."""

    formats = FORMATS
    aliases = ALIASES
    asked_by = "report_type"

    ifc_filename: ModelFile
    ids_filename: IdsFile
    output_filename: OutputName = None
    report_type: Literal["json", "html", "bcf", "ods"] | None = Field(
        None, description="json, unless output_filename says otherwise."
    )
    bcf_version: Literal["2.1", "3.0"] = "2.1"
    invalid_ids: Literal["refuse", "warn"] = Field(
        "refuse", description="What to do with an IDS that breaks the rules of the IDS audit."
    )


class TesterResult(Result):
    """`statistics` counts specifications, requirements, checks (a requirement on an element) and elements
    (those that any specification applies to), each with how many pass and fail.
    """

    passed: bool = Field(description="Whether the model meets every specification.")


operation = Operation(
    package=__name__,
    request=TesterRequest,
    result=TesterResult,
    compute=LambdaSize(memory_mb=3538, timeout_s=900, disk_mb=4096, concurrency=20),
    formats=FORMATS,
)
