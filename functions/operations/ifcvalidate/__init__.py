"""Check whether a model conforms: syntax, schema, GlobalIds, references, header.

* `syntax`: values that the parser cannot take (too few attributes, unknown enumeration items); what had
  to be repaired to read the file (raw characters above ASCII) is a warning.
* `schema`: type, optionality and cardinality of every attribute and inverse, abstract and unknown
  entities, unique rules (ifcopenshell.validate).
* `global_id`: valid, and unique in the file.
* `reference`: instances that refer to instances which are not in the file.
* `header`: the types of its attributes; with `header_policy` also buildingSMART's header policy (view
  definition, time stamp, author, organization, `company - application - version`).
* `rule`: with `rules` also all WHERE rules and global rules of the schema; it takes minutes on large models.

`success` says that the check ran, `valid` whether there is no error. All findings are counted, the first
`max_issues` are listed with severity, rule, instance number, class, GlobalId, attribute, message and line.
A file that is refused before any check (not STEP, cut off, unknown schema ...) fails the job with the
reason and the line, as with all operations.

The report is JSON, an HTML page without scripts, or BCF 2.1 or 3.0 with a topic for every rule that is
broken.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from functions.core import LambdaSize, ModelFile, Operation, OutputName, Result
from functions.core.format import FormattedRequest

ALIASES = {"bcfzip": "bcf", "htm": "html"}
FORMATS = ("json", "html", "bcf")


class ValidateRequest(FormattedRequest):
    """Which model, what to check, and how to report it."""

    formats = FORMATS
    aliases = ALIASES
    asked_by = "report_type"

    filename: ModelFile
    output_filename: OutputName = None
    report_type: Literal["json", "html", "bcf"] | None = Field(
        None, description="json, unless output_filename says otherwise."
    )
    bcf_version: Literal["2.1", "3.0"] = "2.1"
    rules: bool = Field(False, description="Check the WHERE rules and global rules of the schema too.")
    header_policy: bool = Field(False, description="Check buildingSMART's header policy too.")
    max_issues: int = Field(1000, ge=1, le=100_000, description="Findings to list; all are counted.")


class ValidateResult(Result):
    """`statistics` holds valid, schema, instances, errors, warnings, issues by kind, listed, rules."""

    valid: bool


operation = Operation(
    package=__name__,
    request=ValidateRequest,
    result=ValidateResult,
    compute=LambdaSize(memory_mb=3008, timeout_s=900, disk_mb=4096, concurrency=20),
    max_input_mb=250,
    formats=FORMATS,
)
