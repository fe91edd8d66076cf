"""A comparison as a scene: everything that has a shape, coloured by what happened to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from functions.ifc.comparison.report import Names, Report
from functions.ifc.geometry.mesh import Material
from functions.ifc.geometry.stream import Geometry
from functions.ifc.geometry.texts import Texts

if TYPE_CHECKING:
    from functions.ifc.gate import Checked
    from functions.ifc.geometry.gltf import Scene

ADDED = Material("added", (0.13, 0.65, 0.27, 1.0))
DELETED = Material("deleted", (0.84, 0.15, 0.16, 0.6))
UNCHANGED = Material("unchanged", (0.75, 0.75, 0.75, 0.35))
# An element has the colour of the first of its kinds here: what can be seen comes first.
CHANGED = {
    "geometry": Material("changed: geometry", (1.0, 0.5, 0.05, 1.0)),
    "placement": Material("changed: placement", (0.12, 0.35, 0.9, 1.0)),
    "type": Material("changed: type", (0.55, 0.25, 0.75, 1.0)),
    "material": Material("changed: material", (0.55, 0.34, 0.2, 1.0)),
    "container": Material("changed: container", (0.1, 0.7, 0.75, 1.0)),
    "aggregate": Material("changed: aggregate", (0.1, 0.55, 0.5, 1.0)),
    "classification": Material("changed: classification", (0.9, 0.45, 0.7, 1.0)),
    "attributes": Material("changed: attributes", (0.95, 0.8, 0.1, 1.0)),
    "property": Material("changed: property", (0.8, 0.75, 0.2, 1.0)),
    "quantity": Material("changed: quantity", (0.65, 0.65, 0.1, 1.0)),
}


def fill(
    scene: Scene, report: Report, checked: tuple[Checked, Checked], progress: Callable[[str, int, int], None]
) -> dict[str, str]:
    """Add the elements of the new version, and the deleted ones of the old; return what has no shape, why."""
    comparison = report.comparison
    section = next(iter(comparison.sections.values()))
    looks = dict.fromkeys(section.unchanged, (UNCHANGED, "unchanged"))
    looks |= dict.fromkeys(section.added, (ADDED, "added"))
    for row, changes in section.changes.items():
        kind = next(kind for kind in CHANGED if kind in changes)
        looks[row] = CHANGED[kind], ", ".join(changes)
    gone = dict.fromkeys(section.deleted, (DELETED, "deleted"))
    return {
        guid: reason
        for index, some in ((1, looks), (0, gone))
        for guid, reason in _add(scene, report.names[index], some, checked[index], progress).items()
    }


def _add(
    scene: Scene,
    names: Names,
    looks: dict[int, tuple[Material, str]],
    checked: Checked,
    progress: Callable[[str, int, int], None],
) -> dict[str, str]:
    """Add some elements of one version with their looks; return those without a shape."""
    version = names.version
    if not looks:
        return {}
    texts = Texts(checked.path, checked.instances)
    geometry = Geometry(version.reader, texts=texts)
    products = [version.element(row) for row in looks]
    wanted = [product for product in products if product.is_a("IfcProduct")]
    for done, shape in enumerate(geometry.stream(wanted)):
        if done % 200 == 0:
            progress("scene", done, len(wanted))
        row = version.row(shape.element.id())
        material, word = looks[row]
        facts = names.of(row)
        extras = {
            "GlobalId": version.guids[row], "class": facts["class"] or "", "name": facts["name"] or "",
            "storey": facts["container"] or "", "change": word,
        }  # fmt: skip
        scene.add(shape.mesh.paint(material), shape.placement, name=version.guids[row], extras=extras)
    return {version.guids[version.row(number)]: reason for number, reason in geometry.failed.items()}
