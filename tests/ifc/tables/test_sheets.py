"""Writing sheets: the same bytes every time, within the limits of the programs that read them."""

from __future__ import annotations

import hashlib
import time
import zipfile
from pathlib import Path

import openpyxl
import pytest

from functions.core.errors import InputError
from functions.ifc.tables import sheets
from functions.ifc.tables.sheets import MAX_ROWS, open_sheet


def write(path: Path, kind: str) -> str:
    with open_sheet(path, kind, rows=2) as put:
        put(["Name", "Length"])
        put(["  a\tb\nc ", 1.5])
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_the_bytes_do_not_tell_when_they_were_written(
    tmp_path: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = write(tmp_path / "a", kind)
    later = time.struct_time((2031, 5, 6, 7, 8, 9, 0, 1, 0))
    monkeypatch.setattr(time, "localtime", lambda *_: later)
    assert write(tmp_path / "b", kind) == first


def test_a_workbook_has_one_sheet_with_a_frozen_header(tmp_path: Path) -> None:
    write(tmp_path / "a.xlsx", "xlsx")
    book = openpyxl.load_workbook(tmp_path / "a.xlsx")
    assert book.sheetnames == ["Elements"]
    assert book.active.freeze_panes == "A2"
    assert [cell.value for cell in book.active[2]] == ["  a\tb\nc ", 1.5]


def test_a_spreadsheet_starts_with_its_type_uncompressed(tmp_path: Path) -> None:
    write(tmp_path / "a.ods", "ods")
    with zipfile.ZipFile(tmp_path / "a.ods") as archive:
        first = archive.infolist()[0]
        assert (first.filename, first.compress_type) == ("mimetype", zipfile.ZIP_STORED)
        content = archive.read("content.xml").decode()
    assert (
        '<text:p><text:s text:c="2"/>a<text:tab/>b</text:p><text:p>c<text:s text:c="1"/></text:p>' in content
    )


@pytest.mark.parametrize("kind", ["xlsx", "ods"])
def test_a_table_too_long_for_a_sheet_is_refused_before_it_is_written(tmp_path: Path, kind: str) -> None:
    with (
        pytest.raises(InputError, match=str(MAX_ROWS)) as caught,
        open_sheet(tmp_path / "a", kind, rows=MAX_ROWS + 1),
    ):
        pytest.fail("the sheet was opened")
    assert caught.value.field == "format"
    with open_sheet(tmp_path / "b", "csv", rows=MAX_ROWS + 1) as put:
        put(["fine"])


def test_what_looks_like_an_escape_of_excel_is_escaped(tmp_path: Path) -> None:
    with open_sheet(tmp_path / "a.xlsx", "xlsx", rows=1) as put:
        put(["_x0041_ \r", "_x_"])
    with zipfile.ZipFile(tmp_path / "a.xlsx") as archive:
        content = archive.read("xl/worksheets/sheet1.xml").decode()
    assert ">_x005F_x0041_ _x000D_<" in content
    assert ">_x_<" in content
    assert sheets.MAX_TEXT == 32_767
