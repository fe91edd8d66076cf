"""Clashes as BCF topics, each with a camera that looks at it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

from functions.ifc.clash.report import Record, Report, SetReport, describe
from functions.ifc.placements import Vector
from functions.ifc.report.bcf import Camera, Topic

VIEW = (1.0, -1.0, 0.8)  # from where a camera looks, against the middle of a clash
NEAREST_M = 2.0
AROUND = 2.5  # how far the eye is, against the radius of what it looks at: the view is 60 degrees wide


def make_topics(report: Report, radii: Mapping[str, float]) -> Iterator[Topic]:
    """Yield a topic for each group, and for each clash that is in none. `radii` are metres by clash id."""
    for one in report.clash_sets:
        records = {record.id: record for record in one.clashes}
        for group in one.groups:
            yield _topic(one, [records[name] for name in group.clashes], radii, group.name)
        yield from (_topic(one, [record], radii, "") for record in one.clashes if record.group is None)


def _topic(one: SetReport, records: Sequence[Record], radii: Mapping[str, float], group: str) -> Topic:
    """Return the topic of some clashes, of which the first is in the middle."""
    first = records[0]
    title = f"{group}: {len(records)} clashes" if group else f"{_label(first, 'a')} / {_label(first, 'b')}"
    lines = [f"{record.status}: {_label(record, 'a')} / {_label(record, 'b')}: {describe(record)}"
             for record in records]  # fmt: skip
    radius = max(math.dist(first.point, record.point) + radii.get(record.id, 0.0) for record in records)
    names = (name for record in records for name in (record.a_global_id, record.b_global_id))
    files = (name for record in records for name in (record.a_file, record.b_file))
    return Topic(
        title=title,
        description="\n".join(lines),
        global_ids=list(dict.fromkeys(names)),
        camera=look_at(first.point, radius),
        kind="Clash",
        label=one.name,
        files=list(dict.fromkeys(files)),
    )


def look_at(point: Vector, radius: float) -> Camera:
    """Return a camera that has a ball around a point in view."""
    distance = max(AROUND * radius, NEAREST_M)
    length = math.hypot(*VIEW)
    x, y, z = (value / length for value in VIEW)
    eye = (point[0] + x * distance, point[1] + y * distance, point[2] + z * distance)
    return Camera(eye=eye, direction=(-x, -y, -z))


def _label(record: Record, side: str) -> str:
    values = record.model_dump()
    return f"{values[f'{side}_ifc_class']} {values[f'{side}_name']}".strip()
