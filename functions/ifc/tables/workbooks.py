"""Reads the first sheet of an XLSX workbook, row by row (ECMA-376, parts 1 and 4)."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from functions.ifc.tables.cells import Fault, Grid, Value, number
from functions.ifc.tables.packages import open_package, parse

ESCAPE = re.compile(r"_x([0-9A-Fa-f]{4})_")
REFERENCE = re.compile(r"([A-Z]{1,3})\d*")
DATES = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})  # built-in formats
LITERAL = re.compile(r'"[^"]*"|\\.|_.|\[(?![hms]+\])[^\]]*\]', re.I)  # what is shown as it stands
DATE_PART = re.compile(r"[dmyhs]", re.I)
SHEET_RELATION = "/worksheet"
LEAP_BUG = 60  # Excel believes in a 29th of February 1900


def read_workbook(path: Path, *, limit: int) -> Grid:
    """Yield (row number from 1, cells) of the first sheet; dates read as ISO 8601."""
    with open_package(path, limit=limit) as archive:
        book = _Book.of(archive)
        texts = _Strings.of(archive, book.strings) if book.strings else []
        formats = _Formats.of(archive, book.styles) if book.styles else []
        sheet = _Sheet(texts, formats, datetime(1904, 1, 1) if book.from_1904 else datetime(1899, 12, 30))
        for _ in parse(archive, book.sheet, start=sheet.start, end=sheet.end, text=sheet.text):
            yield from sheet.ready
            sheet.ready.clear()


def unescape(text: str) -> str:
    """Undo `_x000D_` and the like (ST_Xstring)."""
    return ESCAPE.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


@dataclass
class _Book:
    """The parts of a workbook that are read."""

    sheet: str = ""
    strings: str = ""
    styles: str = ""
    from_1904: bool = False
    _first: str | None = None
    _targets: dict[str, tuple[str, str]] = field(default_factory=dict)

    @classmethod
    def of(cls, archive: zipfile.ZipFile) -> _Book:
        """Find them by the relationships, as the standard demands."""
        book = cls()
        _drain(archive, "_rels/.rels", book)
        main = next(target for kind, target in book._targets.values() if kind.endswith("/officeDocument"))
        main = main.lstrip("/")
        folder, _, name = main.rpartition("/")
        book._targets.clear()
        _drain(archive, main, book)
        _drain(archive, f"{folder}/_rels/{name}.rels".lstrip("/"), book)
        for key, (kind, target) in book._targets.items():
            place = target.lstrip("/") if target.startswith("/") else f"{folder}/{target}".lstrip("/")
            if key == book._first:
                book.sheet = place
            elif kind.endswith("/sharedStrings"):
                book.strings = place
            elif kind.endswith("/styles"):
                book.styles = place
        return book

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = _local(name)
        if local == "sheet" and self._first is None:
            self._first = next((value for key, value in attributes.items() if _local(key) == "id"), None)
        elif local == "Relationship":
            self._targets[attributes.get("Id", "")] = (
                attributes.get("Type", ""),
                attributes.get("Target", ""),
            )
        elif local == "workbookPr":
            self.from_1904 = attributes.get("date1904") in {"1", "true"}

    def end(self, name: str) -> None:
        """Need nothing."""

    def text(self, text: str) -> None:
        """Need nothing."""


@dataclass
class _Strings:
    """The table of shared strings; phonetic hints are left out."""

    texts: list[str] = field(default_factory=list)
    _parts: list[str] = field(default_factory=list)
    _in_text: bool = False
    _hints: int = 0

    @classmethod
    def of(cls, archive: zipfile.ZipFile, name: str) -> list[str]:
        strings = cls()
        _drain(archive, name, strings)
        return strings.texts

    def start(self, name: str, _: Mapping[str, str]) -> None:
        local = _local(name)
        self._hints += local == "rPh"
        self._in_text = local == "t" and not self._hints

    def end(self, name: str) -> None:
        local = _local(name)
        self._hints -= local == "rPh"
        self._in_text = False
        if local == "si":
            self.texts.append(unescape("".join(self._parts)))
            self._parts.clear()

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)


@dataclass
class _Formats:
    """Which cell formats are dates."""

    dates: list[bool] = field(default_factory=list)
    _custom: dict[str, bool] = field(default_factory=dict)
    _in_cells: bool = False

    @classmethod
    def of(cls, archive: zipfile.ZipFile, name: str) -> list[bool]:
        formats = cls()
        _drain(archive, name, formats)
        return formats.dates

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = _local(name)
        if local == "numFmt":
            code = LITERAL.sub("", attributes.get("formatCode", ""))
            self._custom[attributes.get("numFmtId", "")] = (
                code.lower() not in {"general", "standard"} and DATE_PART.search(code) is not None
            )
        elif local == "cellXfs":
            self._in_cells = True
        elif local == "xf" and self._in_cells:
            number_ = attributes.get("numFmtId", "0")
            known = number_.isdecimal() and int(number_) in DATES
            self.dates.append(self._custom.get(number_, known))

    def end(self, name: str) -> None:
        self._in_cells &= _local(name) != "cellXfs"

    def text(self, text: str) -> None:
        """Need nothing."""


@dataclass
class _Sheet:
    """The rows of a sheet as they stream by."""

    strings: list[str]
    dates: list[bool]
    epoch: datetime
    ready: list[tuple[int, list[Value]]] = field(default_factory=list)
    _number: int = 0
    _cells: dict[int, Value] = field(default_factory=dict)
    _column: int = -1
    _type: str = "n"
    _style: int = 0
    _parts: list[str] = field(default_factory=list)
    _in_text: bool = False
    _hints: int = 0

    def start(self, name: str, attributes: Mapping[str, str]) -> None:
        local = _local(name)
        if local == "row":
            self._number = int(attributes.get("r", self._number + 1))
            self._column = -1
        elif local == "c":
            place = attributes.get("r")
            self._column = _column(place) if place else self._column + 1
            self._type = attributes.get("t", "n")
            self._style = int(attributes.get("s", "0"))
        elif local in {"v", "t"}:
            self._in_text = not self._hints
        self._hints += local == "rPh"

    def end(self, name: str) -> None:
        local = _local(name)
        self._hints -= local == "rPh"
        if local in {"v", "t"}:
            self._in_text = False
        elif local == "c":
            if self._parts:
                self._cells[self._column] = self._value("".join(self._parts))
                self._parts.clear()
        elif local == "row" and self._cells:
            cells = [self._cells.get(column) for column in range(max(self._cells) + 1)]
            self.ready.append((self._number, cells))
            self._cells.clear()

    def text(self, text: str) -> None:
        if self._in_text:
            self._parts.append(text)

    def _value(self, text: str) -> Value:
        if self._type == "s":
            return self.strings[int(text)]
        if self._type in {"inlineStr", "str", "d"}:
            return unescape(text)
        if self._type == "b":
            return text.strip() == "1"
        found = None if self._type == "e" else number(text)
        if found is None:
            return Fault(text)
        is_date = self._style < len(self.dates) and self.dates[self._style]
        return self._date(found) if is_date else found

    def _date(self, serial: float) -> Value:
        """Return a date, a time or both in ISO 8601."""
        if self.epoch.year < 1900 and serial < LEAP_BUG:  # noqa: PLR2004
            serial += 1 if serial >= 1 else 0
        try:
            moment = self.epoch + timedelta(seconds=round(serial * 86400))
        except OverflowError:
            return Fault(str(serial))
        if 0 <= serial < 1:
            return moment.time().isoformat()
        return moment.date().isoformat() if float(serial).is_integer() else moment.isoformat()


def _column(reference: str) -> int:
    """Return the column of `C5`: 2."""
    found = REFERENCE.match(reference)
    if found is None:
        raise ValueError(f"{reference[:20]!r} is no cell")
    column = 0
    for letter in found[1]:
        column = column * 26 + ord(letter) - 64
    return column - 1


def _drain(archive: zipfile.ZipFile, name: str, reader: _Book | _Strings | _Formats) -> None:
    for _ in parse(archive, name, start=reader.start, end=reader.end, text=reader.text):
        pass


def _local(name: str) -> str:
    return name.rpartition(" ")[2]
