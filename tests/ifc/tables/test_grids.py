"""Tables are read as other programs write them, and those that attack are refused in time."""

from __future__ import annotations

import zipfile
from datetime import date, datetime, time
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

from functions.core.errors import InputError
from functions.ifc.tables.cells import Fault, Value, number
from functions.ifc.tables.grids import read_grid
from functions.ifc.tables.sheets import open_sheet
from functions.ifc.tables.workbooks import unescape

LIMIT = 50_000_000
TEXTS = ["  two  spaces ", "a\tb", "line 1\nline 2", "<&>\"'", "_x0041_", "Größe 日本 🏠", "x" * 40_000]


def read(path: Path, **options: Any) -> list[list[Value]]:
    return [cells for _, cells in read_grid(path, **{"delimiter": ",", "limit": LIMIT, **options})]


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_what_is_written_is_read(tmp_path: Path, kind: str) -> None:
    path = tmp_path / f"a.{kind}"
    with open_sheet(path, kind, rows=3) as put:
        put(["A", "B", "C"])
        put([*TEXTS, 1.5, -3, "", "end"])
        put(["", "", ""])
        put(["last"])
    rows = read(path)
    numbers = ["1.5", "-3"] if kind == "csv" else [1.5, -3]
    assert rows[1] == [*TEXTS, *numbers, "" if kind == "csv" else None, "end"]
    assert rows[-1] == ["last"]


def test_a_workbook_of_another_program(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    sheet: Any = book.active
    sheet.append(["text", 7, 2.5, True, date(2026, 1, 31), datetime(2026, 1, 31, 12, 30), time(8, 15)])
    sheet["C4"] = "=1/0"
    sheet["E5"] = "#REF!"
    sheet["E5"].data_type = "e"
    book.create_sheet("other").append(["not read"])
    book.save(tmp_path / "a.xlsx")
    numbered = list(read_grid(tmp_path / "a.xlsx", delimiter=",", limit=LIMIT))
    assert numbered[0] == (1, ["text", 7, 2.5, True, "2026-01-31", "2026-01-31T12:30:00", "08:15:00"])
    assert numbered[-1] == (5, [None, None, None, None, "#REF!"])
    assert isinstance(numbered[-1][1][4], Fault)


def test_a_spreadsheet_of_another_program(tmp_path: Path) -> None:
    document = OpenDocumentSpreadsheet()
    table, row = Table(name="one"), TableRow(numberrowsrepeated=2)
    text = TableCell(valuetype="string", numbercolumnsrepeated=2)
    text.addElement(P(text="a"))
    text.addElement(P(text="b"))
    for cell in (
        text, TableCell(numbercolumnsrepeated=2), TableCell(valuetype="boolean", booleanvalue="true"),
        TableCell(valuetype="date", datevalue="2026-01-31"), TableCell(valuetype="percentage", value="0.5"),
        TableCell(numbercolumnsrepeated=1000),
    ):  # fmt: skip
        row.addElement(cell)
    table.addElement(row)
    table.addElement(TableRow(numberrowsrepeated=1_048_570))
    document.spreadsheet.addElement(table)
    document.save(str(tmp_path / "a.ods"))
    expected = ["a\nb", "a\nb", None, None, True, "2026-01-31", 0.5]
    assert list(read_grid(tmp_path / "a.ods", delimiter=",", limit=LIMIT)) == [(1, expected), (2, expected)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_csv_is_read_in_the_encodings_that_name_themselves(tmp_path: Path, encoding: str) -> None:
    (tmp_path / "a.csv").write_bytes('Größe;"a;b"\r\n'.encode(encoding))
    assert read(tmp_path / "a.csv", delimiter=";") == [["Größe", "a;b"]]


def test_escapes_of_workbooks_are_undone_once() -> None:
    assert unescape("_x005F_x0041_ _x000D_ _x_") == "_x0041_ \r _x_"


def test_only_what_looks_like_a_number_is_one() -> None:
    assert [number(text) for text in ("42", "-1.5", " 1e3 ", ".5", "1_0", "nan", "1e999", "", "²")] == [
        42, -1.5, 1000.0, 0.5, None, None, None, None, None,
    ]  # fmt: skip


def pack(path: Path, **members: str) -> Path:
    """Write an ODS with some content."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(f"{name}.xml", content)
    return path


LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><x>&b;</x>'
ODS = (
    '<x xmlns:t="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
    ' xmlns:o="urn:oasis:names:tc:opendocument:xmlns:office:1.0"><t:table><t:table-row>'
    '<t:table-cell o:value-type="float" o:value="1" t:number-columns-repeated="2000000000"/>'
    "</t:table-row></t:table></x>"
)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (" " * 60_000_000, "unpacks to more than"),
        (" " * 20_000_000, "200 times"),
        (LAUGHS, "document type"),
        (ODS, "more than 16384"),
        ("<x", "XML is damaged"),
    ],
)
def test_what_attacks_is_refused(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read(pack(tmp_path / "a.ods", content=content))


@pytest.mark.parametrize("suffix", ["xlsx", "ods"])
def test_what_is_no_spreadsheet_is_refused(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"no zip")
    with pytest.raises(InputError, match="no zip archive"):
        read(path)
    with pytest.raises(InputError, match="is missing"):
        read(pack(path, other="<x/>"))
    with open_sheet(path, suffix, rows=1) as put:
        put(["x" * 1000])
    path.write_bytes(path.read_bytes()[:-200])
    with pytest.raises(InputError, match="cannot be read"):
        read(path)
