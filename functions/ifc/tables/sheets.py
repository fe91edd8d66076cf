"""Writing tables as CSV, XLSX and ODS: row by row, in constant memory, the same bytes every time."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from html import escape
from pathlib import Path
from typing import IO

from functions.core.errors import InputError
from functions.ifc.tables.rows import Row

MAX_ROWS, MAX_TEXT = 1_048_576, 32_767  # of Excel; LibreOffice has as many rows
EPOCH = (1980, 1, 1, 0, 0, 0)  # the oldest time a zip can hold
HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
SPACES = re.compile(r"(?<= ) +|^ +| +$")
ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
Write = Callable[[Row], None]

PACKAGE = "http://schemas.openxmlformats.org/package/2006"
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
SHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml"
XLSX_PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{PACKAGE}/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{TYPE}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{TYPE}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{SHEET}" xmlns:r="{OFFICE}">'
    '<sheets><sheet name="Elements" sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{PACKAGE}/relationships">'
    f'<Relationship Id="rId1" Type="{OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}
ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODS_TYPE = "application/vnd.oasis.opendocument.spreadsheet"
ODS_PARTS = {
    "META-INF/manifest.xml": f'<manifest:manifest xmlns:manifest="{ODF}:manifest:1.0" manifest:version="1.2">'
    f'<manifest:file-entry manifest:full-path="/" manifest:version="1.2" manifest:media-type="{ODS_TYPE}"/>'
    '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    "</manifest:manifest>",
}


@contextmanager
def open_sheet(path: Path, kind: str, *, rows: int, delimiter: str = ",") -> Iterator[Write]:
    """Open a table for writing, and yield a function that writes a row.

    `rows` is how many there will be, the header among them. Raises an InputError when a sheet of the
    format cannot have as many.
    """
    if kind != "csv" and rows > MAX_ROWS:
        raise InputError(
            f"format: {rows} rows are more than the {MAX_ROWS} of {kind.upper()}; CSV has no limit",
            field="format",
        )
    if kind == "csv":
        with path.open("w", newline="", encoding="utf-8") as file:
            yield csv.writer(file, delimiter=delimiter).writerow
    else:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            yield from _xlsx(archive) if kind == "xlsx" else _ods(archive)


def _xlsx(archive: zipfile.ZipFile) -> Iterator[Write]:
    """Write a workbook of one sheet, with texts inline and the header frozen."""
    for name, content in XLSX_PARTS.items():
        archive.writestr(_entry(name), HEAD + content)
    with archive.open(_entry("xl/worksheets/sheet1.xml"), "w") as file:
        _put(file, f'{HEAD}<worksheet xmlns="{SHEET}"><sheetViews><sheetView workbookViewId="0">')
        _put(file, '<pane ySplit="1" topLeftCell="A2" activePane="bottomLeft" state="frozen"/>')
        _put(file, "</sheetView></sheetViews><sheetData>\n")
        yield lambda row: _put(file, f"<row>{''.join(map(_xlsx_cell, row))}</row>\n")
        _put(file, "</sheetData></worksheet>")


def _xlsx_cell(cell: object) -> str:
    """Return a cell of a sheet. `_x0041_` is an escape there (ECMA-376, ST_Xstring), so it is escaped."""
    if not isinstance(cell, str):
        return f"<c><v>{cell!r}</v></c>"
    text = escape(ESCAPE.sub("_x005F_", cell), quote=False).replace("\r", "_x000D_")
    return f'<c t="inlineStr"><is><t xml:space="preserve">{text}</t></is></c>' if text else "<c/>"


def _ods(archive: zipfile.ZipFile) -> Iterator[Write]:
    """Write a spreadsheet of one table. The type stands first and uncompressed, as ODF demands."""
    kind = _entry("mimetype")
    kind.compress_type = zipfile.ZIP_STORED
    archive.writestr(kind, ODS_TYPE)
    for name, content in ODS_PARTS.items():
        archive.writestr(_entry(name), HEAD + content)
    with archive.open(_entry("content.xml"), "w") as file:
        names = " ".join(f'xmlns:{name}="{ODF}:{name}:1.0"' for name in ("office", "table", "text"))
        _put(file, f'{HEAD}<office:document-content {names} office:version="1.2"><office:body>')
        _put(file, '<office:spreadsheet><table:table table:name="Elements">\n')
        yield lambda row: _put(file, f"<table:table-row>{''.join(map(_ods_cell, row))}</table:table-row>\n")
        _put(file, "</table:table></office:spreadsheet></office:body></office:document-content>")


def _ods_cell(cell: object) -> str:
    """Return a cell: every line a paragraph, tabs and repeated spaces spelt out, as ODF demands."""
    if not isinstance(cell, str):
        value = repr(cell)
        attributes = f'office:value-type="float" office:value="{value}"'
        return f"<table:table-cell {attributes}><text:p>{value}</text:p></table:table-cell>"
    if not cell:
        return "<table:table-cell/>"
    lines = "".join(f"<text:p>{_ods_line(line)}</text:p>" for line in re.split(r"\r\n|\r|\n", cell))
    return f'<table:table-cell office:value-type="string">{lines}</table:table-cell>'


def _ods_line(line: str) -> str:
    spaced = SPACES.sub(lambda found: f'<text:s text:c="{len(found[0])}"/>', escape(line, quote=False))
    return spaced.replace("\t", "<text:tab/>")


def _entry(name: str) -> zipfile.ZipInfo:
    """Return an entry of a zip that does not tell when it was made."""
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o644 << 16
    return entry


def _put(file: IO[bytes], text: str) -> None:
    file.write(text.encode())
