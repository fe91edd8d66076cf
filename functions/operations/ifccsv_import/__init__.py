"""Set attributes and properties of elements from a table that ifccsv exported and somebody edited.

The first row names the columns, in the selector syntax of ifccsv; `attributes` names them where the export
had headers of its own. Rows find their elements by the one column GlobalId. A cell that reads as the export
would write it now is unchanged: only cells that differ are set, each to a value of the type that the
attribute or property has. Texts are taken back out of the export's neutralised formulas exactly. A number
that agrees with the model's to 15 digits, all that spreadsheets keep, is unchanged.

* The `null` marker and an empty cell unset a value. What cannot be unset is refused: a quantity, a mandatory
  attribute, a value that comes from the type.
* Properties of a set that several elements share change for the edited element alone: it gets its own copy,
  shared by those that are edited alike. A value inherited from the type is overridden at the occurrence; the
  type changes only by a row of its own. A missing property or set is made: of the type that it has elsewhere
  in the model, else in buildingSMART's template, else a label. Quantities are made only where the model has
  one of the same set and name.
* Read only: `class`, `id`, `predefined_type`, coordinates, everything of another instance (`type.Name`,
  `storey.Name`, `material.Name` ...), parts of values, properties that a pattern names, references. A changed
  cell there is refused, with row, column and reason, and so is a value that does not fit its type: text for a
  number, an item that an enumeration has not. Two columns of one name or GlobalId, and a table without
  GlobalIds or rows, are errors. Unknown GlobalIds, rows without one, and rows of one element that disagree
  are counted, listed and set nothing.
* Tables with groups, summaries or formatting show something else than the model: import none of these.

Instances that are not set keep their bytes, and all do when nothing is set. The report beside the model,
`<output>.changes.json`, lists every cell set (old and new value, and what was made for it) and every cell
refused. Only the first sheet of a workbook is read.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from functions.core import FileField, LambdaSize, ModelFile, Operation, Request, Result
from functions.core.format import Delimiter, ModelName

TABLES = (".csv", ".xlsx", ".ods")
MAX_COLUMNS = 16_384  # of Excel and of LibreOffice

Query = Annotated[str, Field(min_length=1, max_length=1000)]


class ImportRequest(Request):
    """Which table changes which model, and how the table was written."""

    ifc_filename: ModelFile
    csv_filename: Annotated[str, FileField(TABLES), Field(min_length=1, max_length=1100)]
    output_filename: ModelName = Field(None, description="`<model>_updated.ifc` when left out.")
    delimiter: Delimiter = ","
    null: str = Field("-", max_length=40, description="Stands for a value that is not set.")
    attributes: tuple[Query, ...] | None = Field(
        None,
        min_length=1,
        max_length=MAX_COLUMNS,
        description="What the columns mean, instead of their headers, the one called GlobalId left out.",
    )


class ImportResult(Result):
    """`statistics` holds rows, columns, elements, cells_set, attributes_set, properties_set,
    elements_changed, cells_refused, unknown_global_ids, ambiguous_global_ids, rows_without_global_id and
    instances_added.
    """


operation = Operation(
    package=__name__,
    request=ImportRequest,
    result=ImportResult,
    compute=LambdaSize(memory_mb=3008, timeout_s=900, disk_mb=4096, concurrency=20),
    formats=("ifc", "json"),
)
