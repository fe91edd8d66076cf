"""Reading tables: CSV, XLSX and ODS, row by row, in memory that does not grow with the rows."""

from __future__ import annotations

import codecs
import csv
from pathlib import Path

from functions.core.errors import InputError
from functions.ifc.tables.cells import Grid
from functions.ifc.tables.spreadsheets import read_spreadsheet
from functions.ifc.tables.workbooks import read_workbook

MAX_FIELD = 10_000_000  # characters of one cell of a CSV file
ENCODINGS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
ZIP = b"PK\x03\x04"


def read_grid(path: Path, *, delimiter: str, limit: int) -> Grid:
    """Yield (row number from 1, cells) of a table; its format is that of its name.

    Rows and cells at the end may be left out where they are empty. Raises an InputError for what is no
    such table, and a TooLargeError for one that unpacks to more than `limit` bytes.
    """
    suffix = path.suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(len(ZIP))
    if suffix == ".csv":
        if head == ZIP:
            raise InputError("it is a zip archive, not CSV; a spreadsheet is to be named .xlsx or .ods")
        return _read_csv(path, delimiter, _encoding(head))
    return (read_workbook if suffix == ".xlsx" else read_spreadsheet)(path, limit=limit)


def _encoding(head: bytes) -> str:
    return next((name for mark, name in ENCODINGS.items() if head.startswith(mark)), "utf-8")


def _read_csv(path: Path, delimiter: str, encoding: str) -> Grid:
    csv.field_size_limit(MAX_FIELD)
    number = 0
    try:
        with path.open(newline="", encoding=encoding) as file:
            for number, row in enumerate(csv.reader(file, delimiter=delimiter, strict=True), start=1):
                if row:
                    yield number, list(row)
    except UnicodeError:
        raise InputError("its text is not UTF-8: save it as 'CSV UTF-8'", where=f"row {number + 1}") from None
    except csv.Error as error:
        raise InputError(f"it is not CSV: {error}", where=f"row {number + 1}") from None
