"""A comparison as BCF topics: one for every element that was added, deleted or changed, with it in view."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.comparison.report import Names, Report, describe
from functions.ifc.geometry.stream import Geometry
from functions.ifc.report.bcf import Camera, Topic
from functions.ifc.report.camera import frame

if TYPE_CHECKING:
    from functions.ifc.comparison.version import Version

MANY = 300


def make_topics(report: Report, *, old: str, new: str) -> Iterator[Topic]:
    """Yield the topics; `old` and `new` are the names of the files."""
    comparison = report.comparison
    section = next(iter(comparison.sections.values()))
    versions, names = comparison.versions, report.names
    news = _cameras(versions[1], [*section.added, *section.changes])
    olds = _cameras(versions[0], section.deleted)
    for row, changes in sorted(section.changes.items(), key=lambda item: versions[1].guids[item[0]]):
        listed, more = report.listed(changes)
        lines = [
            f"{kind}: {what}: {before} → {after}"
            for kind, differences in listed.items()
            for what, before, after in (describe(kind, difference) for difference in differences)
        ]
        lines += [f"{kind}: and {count} more" for kind, count in more.items()]
        yield _topic(
            names[1],
            row,
            word="Changed",
            text="\n".join(lines),
            label=", ".join(changes),
            camera=news.get(row),
            file=new,
        )
    for word, rows, index, cameras, file in (
        ("Added", section.added, 1, news, new), ("Deleted", section.deleted, 0, olds, old)
    ):  # fmt: skip
        for row in sorted(rows, key=lambda row: versions[index].guids[row]):
            text = f"{word} in {new}." if index else f"{word}: it is in {old} only."
            yield _topic(
                names[index],
                row,
                word=word,
                text=text,
                label=word.lower(),
                camera=cameras.get(row),
                file=file,
            )


def _topic(
    names: Names, row: int, *, word: str, text: str, label: str, camera: Camera | None, file: str
) -> Topic:
    facts = names.of(row)
    guid = names.version.guids[row]
    return Topic(
        title=f"{word}: {facts['class']} {facts['name'] or guid}",
        description=text,
        global_ids=(guid,),
        camera=camera,
        kind="Information",
        label=label,
        files=(file,),
    )


def _cameras(version: Version, rows: list[int]) -> dict[int, Camera]:
    """Return cameras that frame some objects: their shapes, or else where they are placed."""
    products = [version.element(row) for row in rows]
    products = [product for product in products if product.is_a("IfcProduct")]
    settings = {"no-normals": True}
    geometry = Geometry(version.reader, settings, texts=version.texts, share=len(products) > MANY)
    found: dict[int, Camera] = {}
    for shape in geometry.stream(products):
        points = shape.mesh.points @ shape.placement[:3, :3].T + shape.placement[:3, 3]
        low, high = points.min(axis=0), points.max(axis=0)
        found[version.row(shape.element.id())] = frame(low.tolist(), high.tolist())
    for product in products:
        row = version.row(product.id())
        placed = version.placements.of(product)
        if row not in found and placed is not None:
            place = np.array(placed[0]) * version.scale
            found[row] = frame((place - 0.5).tolist(), (place + 0.5).tolist())
    return found
