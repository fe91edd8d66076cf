"""Comparing with a former report: which clashes are new, which were there before, which are gone."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from pathlib import Path

from functions.core.document import read_document
from functions.core.errors import InputError
from functions.core.operation import validate
from functions.ifc.clash.report import Record, Report, SetReport

PLACE_M = 1.0  # clashes of the same elements that are farther apart are not the same one
EXACT_M = 0.05  # for elements that got new GlobalIds
Key = Callable[[Record], Hashable]


def read_report(path: Path, *, field: str) -> Report:
    """Read a former JSON report. Raises an InputError that names the field, where it is none of ours."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        raise InputError(f"{field}: the report is not UTF-8", field=field) from None
    found = read_document(text, what=field, field=field)
    if not isinstance(found, dict) or found.get("report") != "ifcclash":
        raise InputError(f"{field}: this is not a report of ifcclash", field=field)
    return validate(Report, found, prefix=field)


def compare(report: Report, former: Report) -> None:
    """Give every clash of a report its status, and add those that are gone. Sets go by their names."""
    before = {one.name: one.clashes for one in former.clash_sets}
    for one in report.clash_sets:
        _compare(one, before.get(one.name, []))


def _compare(one: SetReport, former: list[Record]) -> None:
    """Match by elements and place; what is left by place, classes and names."""
    left = list(former)
    fresh = _match(one.clashes, left, _elements, PLACE_M)
    _match(fresh, left, _looks, EXACT_M)
    one.resolved = [record.model_copy(update={"status": "resolved", "group": None}) for record in left]


def _match(records: list[Record], left: list[Record], key: Key, distance: float) -> list[Record]:
    """Mark the records that have an equal among those left, the nearest one, and return the others."""
    known: dict[Hashable, list[Record]] = {}
    for record in left:
        known.setdefault(key(record), []).append(record)
    fresh = []
    for record in records:
        near = [
            (math.dist(record.point, other.point), place)
            for place, other in enumerate(known.get(key(record), []))
        ]
        best = min(near, default=(math.inf, 0))
        if best[0] <= distance:
            record.status = "active"
            left.remove(known[key(record)].pop(best[1]))
        else:
            fresh.append(record)
    return fresh


def _elements(record: Record) -> Hashable:
    return record.elements


def _looks(record: Record) -> Hashable:
    return frozenset(((record.a_ifc_class, record.a_name), (record.b_ifc_class, record.b_name)))
