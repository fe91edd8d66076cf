"""Comparing with a former report: which clashes are new, which were there before, which are gone."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from functions.core.document import read_document
from functions.core.errors import InputError
from functions.core.operation import validate
from functions.ifc.clash.report import Point, Record, Report

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

PLACE_M = 1.0  # clashes of the same elements that are farther apart are not the same one
EXACT_M = 0.05  # for elements that got new GlobalIds
Key = Callable[[Record], Hashable]
Far = Callable[[Record, Record], float]


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


def compare(report: Report, former: Report, space: Callable[[Record], Floats]) -> None:
    """Give every clash of a report its status, and add those that are gone. Sets go by their names.

    `space` tells where the elements of a clash can be near each other: the point that is shown is one of
    many where large faces touch, and not always the same one.
    """
    before = {one.name: one.clashes for one in former.clash_sets}

    def far(record: Record, other: Record) -> float:
        apart = math.dist(record.point, other.point)
        return apart if apart <= PLACE_M else _leave(space(record), other.point)

    for one in report.clash_sets:
        left = dict(enumerate(before.get(one.name, [])))
        fresh = _match(one.clashes, left, _elements, far, PLACE_M)
        _match(fresh, left, _looks, lambda record, other: math.dist(record.point, other.point), EXACT_M)
        gone = {"status": "resolved", "group": None}
        one.resolved = [record.model_copy(update=gone) for record in left.values()]


def _match(
    records: list[Record], left: dict[int, Record], key: Key, far: Far, distance: float
) -> list[Record]:
    """Mark the records that have an equal among those left, which is taken away, and return the others."""
    known: dict[Hashable, list[int]] = {}
    for place, record in left.items():
        known.setdefault(key(record), []).append(place)
    fresh = []
    for record in records:
        alike = known.get(key(record), [])
        best, place = min(((far(record, left[place]), place) for place in alike), default=(math.inf, 0))
        if best <= distance:
            record.status = "active"
            alike.remove(place)
            del left[place]
        else:
            fresh.append(record)
    return fresh


def _leave(space: Floats, point: Point) -> float:
    """Return how far a point is from a box."""
    low, high = space
    return math.dist(point, np.clip(point, low, high))


def _elements(record: Record) -> Hashable:
    return record.elements


def _looks(record: Record) -> Hashable:
    return frozenset(((record.a_ifc_class, record.a_name), (record.b_ifc_class, record.b_name)))
