"""A comparison as JSON: the lists that IfcDiff writes, with kinds and values."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from functions.ifc.comparison.comparison import KINDS, Changes, Comparison, Section
from functions.ifc.comparison.version import Version

if TYPE_CHECKING:
    from functions.ifc.comparison.values import Difference

NOTHING = "-"
NESTED = 3
SPREAD = frozenset({"changed", "added_objects", "deleted_objects"})
# What IfcDiff calls a change of a kind, or would.
NAMES = {
    "property": "properties_changed", "quantity": "quantities_changed",
}  # fmt: skip


@dataclass(frozen=True)
class Names:
    """What is said about the objects of a version besides their changes."""

    version: Version

    def of(self, row: int) -> dict[str, str | None]:
        """Return class, name and container of an object."""
        element = self.version.element(row)
        container = int(self.version.containers[row])
        return {
            "class": element.is_a(),
            "name": self.version.reader.text(element, "Name"),
            "container": None if container < 0 else self._name(container),
        }

    def _name(self, row: int) -> str | None:
        return self.version.reader.text(self.version.element(row), "Name") or self.version.guids.get(row)


@dataclass(frozen=True)
class Report:
    """Everything that reports say about a comparison; `is_shallow`: the first difference of each kind."""

    comparison: Comparison
    is_shallow: bool = False

    @cached_property
    def names(self) -> tuple[Names, Names]:
        """The names in the old and in the new version."""
        return Names(self.comparison.versions[0]), Names(self.comparison.versions[1])

    def document(self) -> dict[str, Any]:
        """Return the document; the lists of elements stand at the top, as IfcDiff has them."""
        first, *others = self.comparison.sections
        top = self._section(self.comparison.sections[first])
        found = {**top, **{name: self._section(self.comparison.sections[name]) for name in others}}
        return found | {"statistics": self.statistics(), "tolerance_m": self.comparison.tolerance}

    def statistics(self) -> dict[str, Any]:
        """Return the counts: objects of all sections, and elements by kind of change."""
        sections = self.comparison.sections
        first = next(iter(sections.values()))
        every = [kind for changes in first.changes.values() for kind in changes]
        kinds = {kind: every.count(kind) for kind in KINDS if kind in every}
        counts = _counts(first)
        more = {name: _counts(section) for name, section in list(sections.items())[1:]}
        left_out = {"without_global_id": self.comparison.nameless}
        return {**counts, "kinds": kinds, **more, **left_out, "meshed": self.comparison.meshed}

    def listed(self, changes: Changes) -> tuple[Changes, dict[str, int]]:
        """Return the differences to list, and how many more there are by kind."""
        if not self.is_shallow:
            return changes, {}
        more = {kind: len(found) - 1 for kind, found in changes.items() if len(found) > 1}
        return {kind: found[:1] for kind, found in changes.items()}, more

    def _section(self, section: Section) -> dict[str, Any]:
        old, new = self.comparison.versions
        added, deleted = (
            {version.guids[row]: names.of(row) for row in rows}
            for version, names, rows in zip(
                (new, old), reversed(self.names), (section.added, section.deleted), strict=True
            )
        )
        changed = {new.guids[row]: self._change(row, changes) for row, changes in section.changes.items()}
        return {
            "added": sorted(added),
            "deleted": sorted(deleted),
            "changed": dict(sorted(changed.items())),
            "added_objects": dict(sorted(added.items())),
            "deleted_objects": dict(sorted(deleted.items())),
        }

    def _change(self, row: int, changes: Changes) -> dict[str, Any]:
        listed, more = self.listed(changes)
        found: dict[str, Any] = {**self.names[1].of(row), "kinds": list(changes)}
        found |= {NAMES.get(kind, f"{kind}_changed"): some for kind, some in listed.items()}
        return found | ({"more": more} if more else {})


def _counts(section: Section) -> dict[str, int]:
    return {
        "added": len(section.added),
        "deleted": len(section.deleted),
        "changed": len(section.changes),
        "unchanged": len(section.unchanged),
    }


def describe(kind: str, difference: Difference) -> tuple[str, str, str]:
    """Return what has changed, from what, and to what, in words."""
    name, old, new = difference["name"], difference["old"], difference["new"]
    unit = f" {difference['unit'].lower()}" if difference.get("unit") else ""
    if kind == "placement" and "vector_m" in difference:
        turned = f", turned by {difference['rotation_deg']}°" if "rotation_deg" in difference else ""
        vector = ", ".join(f"{value:g}" for value in difference["vector_m"])
        return f"moved by ({vector}) m{turned}", _point(old), _point(new)
    if kind == "geometry":
        gap = f", by up to {difference['deviation_m']:g} m" if "deviation_m" in difference else ""
        return f"{name}{gap}", _shape(old), _shape(new)
    return name, _text(old, unit), _text(new, unit)


def _point(values: list[float]) -> str:
    return f"({', '.join(f'{value:g}' for value in values)}) m"


def _shape(facts: dict[str, Any] | None) -> str:
    if facts is None:
        return NOTHING
    size = " x ".join(f"{value:g}" for value in facts["size_m"])
    return f"{size} m, {facts['area_m2']:g} m², {facts['volume_m3']:g} m³"


def _text(value: object, unit: str) -> str:
    return NOTHING if value is None else f"{value}{unit}"


def spell(value: Any, depth: int = 0) -> Iterator[str]:  # noqa: ANN401 - JSON
    """Yield a document as JSON, an object a line: json's own indentation takes ten times as long."""
    if not depth < NESTED or not isinstance(value, dict) or not value:
        yield json.dumps(value, ensure_ascii=False, allow_nan=False)
        return
    margin = "  " * depth
    for number, (key, item) in enumerate(value.items()):
        yield f"{',' if number else '{'}\n{margin}  {json.dumps(key, ensure_ascii=False)}: "
        yield from spell(item, depth + (1 if key in SPREAD or not depth else NESTED))
    yield f"\n{margin}}}" + ("" if depth else "\n")
