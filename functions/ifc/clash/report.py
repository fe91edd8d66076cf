"""The report of a search: one record a clash, as JSON holds it and other formats show it."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, get_args

import numpy as np
from pydantic import BaseModel, ConfigDict, Field

from functions.ifc.clash.contact import Kind, Method
from functions.ifc.clash.groups import group_elements, group_places

if TYPE_CHECKING:
    from functions.ifc.clash.search import Clash
    from functions.ifc.geometry.mesh import Floats
    from functions.ifc.tables.rows import Row

Number = Annotated[float, Field(allow_inf_nan=False)]
Point = tuple[Number, Number, Number]
Status = Literal["new", "active", "resolved"]
LENGTH_DIGITS, VOLUME_DIGITS = 6, 9
COLUMNS = (
    "clash_set", "id", "status", "type", "group", "a_file", "a_global_id", "a_ifc_class", "a_name", "b_file",
    "b_global_id", "b_ifc_class", "b_name", "depth", "distance", "volume", "method", "x", "y", "z",
)  # fmt: skip


class Record(BaseModel):
    """A clash; lengths in metres, the volume in cubic metres."""

    model_config = ConfigDict(extra="ignore")

    id: str
    status: Status = "new"
    type: Kind
    a_file: str
    a_global_id: str
    a_ifc_class: str
    a_name: str
    b_file: str
    b_global_id: str
    b_ifc_class: str
    b_name: str
    depth: Number
    distance: Number
    volume: Number | None
    way: Point
    point: Point
    points: tuple[Point, Point]
    method: Method
    group: str | None = None

    @property
    def elements(self) -> frozenset[tuple[str, str]]:
        """Which elements clash, whichever side they are on."""
        return frozenset(((self.a_file, self.a_global_id), (self.b_file, self.b_global_id)))


class Group(BaseModel):
    """Clashes near one another: the name, the clash in the middle first."""

    name: str
    point: Point
    clashes: list[str]


class Busy(BaseModel):
    """An element with several clashes."""

    file: str
    global_id: str
    ifc_class: str
    name: str
    clashes: list[str]


# Which fields are set, of all records alike: a set of its own for each would take as much as the record.
RECORD, BUSY = set(Record.model_fields), set(Busy.model_fields)


class SetReport(BaseModel):
    """What was found in a clash set; `resolved` are clashes of the former report that are gone."""

    model_config = ConfigDict(extra="ignore")

    name: str
    clashes: list[Record]
    resolved: list[Record] = []
    groups: list[Group] = []
    elements: list[Busy] = []


class Report(BaseModel):
    """The whole report."""

    model_config = ConfigDict(extra="ignore")

    report: Literal["ifcclash"] = "ifcclash"
    version: Literal[1] = 1
    mode: str
    tolerance: Number
    clearance: Number
    allow_touching: bool
    files: list[str]
    clash_sets: list[SetReport]

    def records(self) -> Iterator[tuple[str, Record]]:
        """Yield all clashes with the names of their sets, those resolved last in each."""
        for one in self.clash_sets:
            yield from ((one.name, record) for record in (*one.clashes, *one.resolved))

    def count(self) -> dict[str, int]:
        """Return how many clashes there are: in all, by type, by status; and groups."""
        kinds = Counter(record.type for one in self.clash_sets for record in one.clashes)
        states = Counter(record.status for _, record in self.records())
        return {
            "clashes": kinds.total(),
            **{kind: kinds[kind] for kind in get_args(Kind)},
            **{state: states[state] for state in get_args(Status)},
            "groups": sum(len(one.groups) for one in self.clash_sets),
        }

    def write(self, path: Path) -> None:
        """Write the JSON, a clash at a time."""
        head = self.model_dump(mode="json", exclude={"clash_sets"})
        with path.open("w", encoding="utf-8") as stream:
            stream.write(json.dumps(head, ensure_ascii=False, indent=1)[:-2] + ',\n "clash_sets": [')
            for number, one in enumerate(self.clash_sets):
                stream.write(",\n" if number else "\n")
                stream.writelines(_lines(one))
            stream.write("\n ]\n}\n")


def _lines(one: SetReport) -> Iterator[str]:
    """Yield the JSON of a set, with a line for each thing in its lists."""
    yield f'  {{"name": {json.dumps(one.name, ensure_ascii=False)}'
    for key in ("clashes", "resolved", "groups", "elements"):
        yield f',\n   "{key}": ['
        items = getattr(one, key)
        for number, item in enumerate(items):
            row = json.dumps(item.model_dump(mode="json"), ensure_ascii=False, allow_nan=False)
            yield (",\n    " if number else "\n    ") + row
        yield "\n   ]" if items else "]"
    yield "}"


def make_set(name: str, clashes: Sequence[Clash]) -> SetReport:
    """Return the report of a set, without groups."""
    return SetReport(name=name, clashes=[_record(name, clash) for clash in clashes])


def add_groups(one: SetReport, distance: float | None) -> None:
    """Add the elements with several clashes, and groups of those within a distance, if one is given."""
    records = one.clashes
    sides = [
        (
            (record.a_file, record.a_global_id, record.a_ifc_class, record.a_name),
            (record.b_file, record.b_global_id, record.b_ifc_class, record.b_name),
        )
        for record in records
    ]
    for element, rows in group_elements(sides).items():
        file, global_id, ifc_class, label = element
        clashes = [records[row].id for row in rows]
        one.elements.append(
            Busy.model_construct(
                BUSY, file=file, global_id=global_id, ifc_class=ifc_class, name=label, clashes=clashes
            )
        )
    if distance is None or not records:
        return
    places = np.array([record.point for record in records])
    for number, rows in enumerate(group_places(places, distance), start=1):
        label = f"Group {number}"
        one.groups.append(
            Group(name=label, point=records[rows[0]].point, clashes=[records[row].id for row in rows])
        )
        for row in rows:
            records[row].group = label


def _record(name: str, clash: Clash) -> Record:
    """Return the record of a clash; numbers are rounded to what can be relied upon."""
    a, b, contact = clash.a, clash.b, clash.contact
    text = "\n".join((name, a.file, a.global_id, str(a.number), b.file, b.global_id, str(b.number)))
    return Record.model_construct(
        RECORD,
        id=hashlib.blake2b(text.encode("utf-8", "replace"), digest_size=8).hexdigest(),
        type=contact.kind,
        a_file=a.file,
        a_global_id=a.global_id,
        a_ifc_class=a.kind,
        a_name=a.name,
        b_file=b.file,
        b_global_id=b.global_id,
        b_ifc_class=b.kind,
        b_name=b.name,
        depth=round(contact.depth, LENGTH_DIGITS),
        distance=round(contact.distance, LENGTH_DIGITS),
        volume=None if contact.volume is None else round(contact.volume, VOLUME_DIGITS),
        way=_point(contact.way),
        point=_point(contact.point),
        points=(_point(contact.points[0]), _point(contact.points[1])),
        method=contact.method,
    )


def _point(row: Floats) -> Point:
    x, y, z = (round(float(value), LENGTH_DIGITS) + 0.0 for value in row)
    return x, y, z


def make_rows(report: Report) -> Iterator[Row]:
    """Yield the rows of a table, the header first; no text in it is run by a spreadsheet."""
    from functions.ifc.tables.rows import neutralise  # noqa: PLC0415 - for tables only, with all of lark

    yield list(COLUMNS)
    for name, record in report.records():
        values = {**record.model_dump(), "clash_set": name}
        values |= dict(zip("xyz", record.point, strict=True))
        cells = (values[column] for column in COLUMNS)
        yield [neutralise(cell) if isinstance(cell, str) else "" if cell is None else cell for cell in cells]


def describe(record: Record) -> str:
    """Return what is wrong, in words."""
    return "they touch" if record.type == "touching" else f"{record.type}, {_measure(record)}"


def _measure(record: Record) -> str:
    """Return how deep or how far apart."""
    if record.type in {"clearance", "touching"}:
        return f"{record.distance * 1000:.1f} mm apart"
    return f"{record.depth * 1000:.1f} mm deep"


def make_tables(report: Report) -> Iterator[tuple[str, Sequence[str], Iterable[Sequence[object]]]]:
    """Yield the tables of a page: the clashes of each set, its groups, and the elements with several."""
    header = ("status", "type", "depth or gap", "group", "place", "a", "", "b", "")
    for one in report.clash_sets:
        rows = [
            (
                record.status,
                record.type,
                _measure(record),
                record.group,
                " ".join(f"{value:.3f}" for value in record.point),
                f"{record.a_ifc_class} {record.a_name}",
                f"{record.a_file} {record.a_global_id}",
                f"{record.b_ifc_class} {record.b_name}",
                f"{record.b_file} {record.b_global_id}",
            )
            for record in (*one.clashes, *one.resolved)
        ]
        yield f"{one.name}: {len(one.clashes)} clashes", header, rows
        if one.groups:
            yield (
                f"{one.name}: groups",
                ("group", "clashes", "place"),
                [
                    (group.name, len(group.clashes), " ".join(f"{value:.3f}" for value in group.point))
                    for group in one.groups
                ],
            )
        if one.elements:
            yield (
                f"{one.name}: elements with several clashes",
                ("class", "name", "clashes", "GlobalId", "file"),
                [
                    (item.ifc_class, item.name, len(item.clashes), item.global_id, item.file)
                    for item in one.elements
                ],
            )
