"""List elements and their values as a table: CSV, XLSX, ODS or Parquet.

`query` selects elements and `attributes` name the columns, both in the selector syntax of IfcOpenShell
(`IfcWall, Pset_WallCommon.IsExternal=TRUE`; `class`, `Name`, `type.Name`, `storey.Name`, `material.Name`,
`Pset_WallCommon.FireRating`, `/Pset_.*Common/.IsExternal`, `classification`, `x` ...). Rows are those of
ifccsv 0.9: unset values read `null`, booleans YES and NO, lists are joined by `, `; without `sort` the rows
are in order of the first column after the GlobalId. Where ifccsv leaves an order to chance (equal keys,
the values that CONCAT joins), it is that of the file here.

Formulas: a text that a spreadsheet could run, because it starts with `=`, `+`, `-`, `@`, a tab or a line
end, gets an apostrophe in front, and so does a text that starts with apostrophes followed by one of
these; taking one apostrophe away from such a cell gives the text back exactly. Numbers stay numbers
(-1.5 is a number; the text "-1.5" becomes '-1.5), and so does a null marker of a single character.
Characters that XML cannot hold are replaced by U+FFFD in all formats.

Parquet has typed columns instead: boolean, int64 or double where all values of a column are, else text as in
the other formats but without apostrophes; nothing is neutralised, as nothing runs, and unset values are
null. It has no place for summaries, which are refused. A header that stands twice gets a number.

`statistics` count rows, columns, elements, empty cells, neutralised and unreadable ones.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from functions.core import LambdaSize, ModelFile, Operation, OutputName, Result
from functions.core.errors import UnsupportedError
from functions.core.format import Delimiter, FormattedRequest

PARQUET = "parquet"
FORMATS = ("csv", "xlsx", "ods", "parquet")
ALIASES = {"tsv": "csv", "txt": "csv"}
MAX_COLUMNS = 16_384  # of Excel and of LibreOffice

Query = Annotated[str, Field(min_length=1, max_length=1000)]
Aggregate = Literal["SUM", "AVERAGE", "MIN", "MAX"]


class Group(BaseModel):
    """One column's part in grouping: rows that agree in all GROUP columns become one row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Query = Field(description="One of the attributes.")
    type: Literal["GROUP", "CONCAT", "VARIES", Aggregate]
    varies_value: str | None = Field(None, max_length=255, description="Shown where VARIES finds several.")


class Sort(BaseModel):
    """A column to sort by, in natural order (2 before 10); the first one counts most."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Query = Field(description="One of the attributes.")
    order: Literal["ASC", "DESC"] = "ASC"


class Summary(BaseModel):
    """A column to sum up in a last row."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Query = Field(description="One of the attributes.")
    type: Aggregate


class Formatting(BaseModel):
    """A column's format, such as `round({{value}}, 0.1)` or `upper({{value}})`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Query = Field(description="One of the attributes.")
    format: Query = Field(description="An expression of IfcOpenShell's selector around {{value}}.")


class CsvRequest(FormattedRequest):
    """Which elements of which model, which columns, and how to arrange them."""

    formats = FORMATS
    aliases = ALIASES

    filename: ModelFile
    output_filename: OutputName = None
    format: Literal["csv", "xlsx", "ods", "parquet"] | None = Field(
        None, description="csv, unless output_filename says otherwise."
    )
    delimiter: Delimiter = ","
    null: str = Field("-", max_length=40, description="Stands for a value that is not set.")
    query: str = Field("IfcElement", min_length=1, max_length=10_000, description="Which elements.")
    include_global_id: bool = Field(True, description="Put the GlobalId in the first column.")
    attributes: tuple[Query, ...] = Field(
        ("Name", "Description"), min_length=1, max_length=MAX_COLUMNS - 1, description="The columns."
    )
    headers: tuple[str | None, ...] | None = Field(
        None, description="One for each attribute; null or empty for the attribute itself."
    )
    groups: tuple[Group, ...] | None = Field(None, max_length=MAX_COLUMNS)
    sort: tuple[Sort, ...] | None = Field(None, max_length=100)
    summaries: tuple[Summary, ...] | None = Field(None, max_length=MAX_COLUMNS)
    formatting: tuple[Formatting, ...] | None = Field(None, max_length=MAX_COLUMNS)

    @field_validator("headers")
    @classmethod
    def _check_headers(
        cls, value: tuple[str | None, ...] | None, info: ValidationInfo
    ) -> tuple[str | None, ...] | None:
        attributes = info.data.get("attributes")
        if value and attributes is not None and len(value) != len(attributes):
            raise ValueError(f"{len(value)} headers for {len(attributes)} attributes")
        return value

    @field_validator("groups", "sort", "summaries", "formatting")
    @classmethod
    def _check_names(
        cls, value: tuple[Group | Sort | Summary | Formatting, ...] | None, info: ValidationInfo
    ) -> tuple[Group | Sort | Summary | Formatting, ...] | None:
        attributes = info.data.get("attributes")
        names = {*(attributes or ()), *(("GlobalId",) if info.data.get("include_global_id") else ())}
        for index, item in enumerate(value or ()):
            if attributes is not None and item.name not in names:
                raise ValueError(f"{index}.name: {item.name!r} is not among the attributes")
        if info.field_name != "groups" and value and len({item.name for item in value}) < len(value):
            raise ValueError("the same attribute is named twice")
        return value

    @field_validator("groups")
    @classmethod
    def _check_varies(cls, value: tuple[Group, ...] | None) -> tuple[Group, ...] | None:
        for index, group in enumerate(value or ()):
            if group.type == "VARIES" and group.varies_value is None:
                raise ValueError(f"{index}.varies_value: VARIES needs it")
        return value

    @model_validator(mode="after")
    def _check_summaries(self) -> Self:
        if self.kind == PARQUET and self.summaries:
            raise UnsupportedError(
                "summaries: Parquet has typed columns and no summary row", field="summaries"
            )
        return self

    def columns(self) -> tuple[str, ...]:
        """Return the attributes of all columns, the GlobalId first when it is included."""
        return (("GlobalId",) if self.include_global_id else ()) + self.attributes

    def titles(self) -> tuple[str, ...]:
        """Return the header of every column."""
        given = self.headers or (None,) * len(self.attributes)
        named = tuple(title or name for title, name in zip(given, self.attributes, strict=True))
        return (("GlobalId",) if self.include_global_id else ()) + named


class CsvResult(Result):
    """`statistics` holds rows, columns, elements, empty_cells, neutralised_cells, unreadable_cells."""


operation = Operation(
    package=__name__,
    request=CsvRequest,
    result=CsvResult,
    compute=LambdaSize(memory_mb=3008, timeout_s=900, disk_mb=4096, concurrency=20),
    formats=FORMATS,
)
