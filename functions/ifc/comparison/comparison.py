"""Compares two versions of a model: what was added, deleted and changed, and how."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.comparison import values
from functions.ifc.comparison.excerpt import Wanted
from functions.ifc.comparison.matching import SECTIONS, Match, choose, match
from functions.ifc.comparison.shapes import Shapes

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.comparison.index import Hashes
    from functions.ifc.comparison.values import Compare, Difference
    from functions.ifc.comparison.version import Version

# In the order in which they are listed. Geometry comes after placement: it may take that one back.
KINDS = (
    "attributes", "type", "property", "quantity", "material", "classification", "container", "aggregate",
    "placement", "geometry",
)  # fmt: skip
OF_TYPES = frozenset({"attributes", "property", "quantity", "material", "classification"})
MEASURED = frozenset({"property", "quantity", "placement", "geometry", "material"})
COMPARES: dict[str, Compare] = {
    "attributes": values.compare_attributes,
    "type": values.compare_types,
    "property": values.compare_properties,
    "quantity": values.compare_quantities,
    "material": values.compare_materials,
    "classification": values.compare_classifications,
    "container": values.compare_containers,
    "aggregate": values.compare_aggregates,
}
KEYS: dict[str, Callable[[Version], Hashes]] = {
    "attributes": lambda version: version.attributes(),
    "type": lambda version: version.named(version.types),
    "property": lambda version: version.properties(),
    "material": lambda version: version.made_of(),
    "classification": lambda version: version.classified(),
    "container": lambda version: version.named(version.containers),
    "aggregate": lambda version: version.named(version.wholes),
    "placement": lambda version: version.standing(),
    "geometry": lambda version: version.shapes(),
}
REPORT_EVERY = 500
Changes = dict[str, list["Difference"]]


@dataclass
class Section:
    """What happened to the objects of one section; rows, those of `deleted` in the old version.

    `changes` has the differences by new row and kind, `before` the old rows of the changed.
    """

    added: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    changes: dict[int, Changes] = field(default_factory=dict)
    before: dict[int, int] = field(default_factory=dict)
    unchanged: list[int] = field(default_factory=list)


@dataclass
class Comparison:
    """The comparison of two versions, by section; see matching.SECTIONS."""

    versions: tuple[Version, Version]
    kinds: Collection[str]
    tolerance: float
    progress: Callable[[str, int, int], None]
    robust: bool = False
    sections: dict[str, Section] = field(default_factory=dict)
    repeated: int = 0
    nameless: int = 0
    meshed: int = 0
    failed: dict[str, str] = field(default_factory=dict)
    _keys: dict[str, tuple[Hashes, Hashes]] = field(default_factory=dict)
    _matches: dict[str, Match] = field(default_factory=dict)
    _suspects: dict[str, dict[str, list[tuple[int, int]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """See whether numbers mean the same in both versions."""
        old, new = self.versions
        self._same_units = old.unit_digest() == new.unit_digest()

    def prepare(self, chosen: tuple[Sequence[int], Sequence[int]] | None) -> float:
        """Match the objects; `chosen` are the instance numbers to compare in each version, all if None.

        Returns the share of objects that may have changed, by their keys alone.
        """
        self._keys.clear()
        rows = [
            choose(version, some) for version, some in zip(self.versions, chosen or (None, None), strict=True)
        ]
        suspects, total = 0, 0
        for name in SECTIONS:
            found = match(self.versions, (rows[0][name], rows[1][name]), self._alike)
            kinds = OF_TYPES if name == "types" else KINDS
            self._matches[name] = found
            self._suspects[name] = {kind: self._differ(kind, found) for kind in KINDS if kind in kinds}
            suspects += len(set().union(*self._suspects[name].values()))
            total += len(found.pairs)
        return suspects / max(total, 1)

    def wanted(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the rows of both versions that have to be read."""
        old, new = (Wanted(version) for version in self.versions)
        for name, matched in self._matches.items():
            old.name(matched.deleted)
            new.name(matched.added)
            for kind, pairs in self._suspects[name].items():
                for side, wanted in enumerate((old, new)):
                    rows = [pair[side] for pair in pairs]
                    wanted.name(rows)
                    wanted.take(kind, rows)
        return old.rows(), new.rows()

    def run(self) -> None:
        """Compare what was matched, by values."""
        for name, matched in self._matches.items():
            self.repeated += matched.repeated
            self.nameless += matched.nameless
            self.sections[name] = self._compare(matched, self._suspects[name])

    def _differ(self, kind: str, matched: Match) -> list[tuple[int, int]]:
        """Return the pairs whose keys of a kind differ; none where the kind is not asked for."""
        if kind not in self.kinds:
            return []
        if kind in MEASURED and not self._same_units:
            return matched.pairs
        old, new = np.array(matched.pairs, np.int64).reshape(-1, 2).T
        keys = self._key(kind)
        places = [np.searchsorted(v.objects, rows) for v, rows in zip(self.versions, (old, new), strict=True)]
        differ = np.flatnonzero(keys[0][places[0]] != keys[1][places[1]])
        return [matched.pairs[place] for place in differ.tolist()]

    def _alike(self, old: int, new: int) -> bool:
        """Tell whether two objects have the same attributes, by their keys."""
        keys = self._key("attributes")
        places = [np.searchsorted(v.objects, row) for v, row in zip(self.versions, (old, new), strict=True)]
        return bool(keys[0][places[0]] == keys[1][places[1]])

    def _key(self, kind: str) -> tuple[Hashes, Hashes]:
        """Return the keys of the objects of both versions; properties and quantities have one."""
        kind = "property" if kind == "quantity" else kind
        if kind not in self._keys:
            old, new = (KEYS[kind](version)[version.objects] for version in self.versions)
            self._keys[kind] = old, new
        return self._keys[kind]

    def _compare(self, matched: Match, suspects: Mapping[str, list[tuple[int, int]]]) -> Section:
        """Compare the pairs of a section, kind by kind, where the keys differ."""
        found = Section(added=matched.added, deleted=matched.deleted)
        for kind, pairs in suspects.items():
            if kind == "geometry":
                self._compare_shapes(pairs, found)
            else:
                self._compare_values(kind, pairs, found)
        found.changes = {row: found.changes[row] for _, row in matched.pairs if found.changes.get(row)}
        found.before = {row: before for before, row in matched.pairs if row in found.changes}
        found.unchanged = [row for _, row in matched.pairs if row not in found.changes]
        return found

    def _compare_values(self, kind: str, pairs: list[tuple[int, int]], found: Section) -> None:
        placements = partial(values.compare_placements, tolerance=self.tolerance)
        compare: Compare = placements if kind == "placement" else COMPARES[kind]
        for done, pair in enumerate(pairs):
            if done % REPORT_EVERY == 0:
                self.progress(kind, done, len(pairs))
            differences = compare(self.versions, pair)
            if differences:
                found.changes.setdefault(pair[1], {})[kind] = differences

    def _compare_shapes(self, pairs: list[tuple[int, int]], found: Section) -> None:
        if not pairs:
            return
        shapes = Shapes(self.versions, self.tolerance, self.progress, robust=self.robust)
        differences, still = shapes.compare(pairs)
        for row, some in differences.items():
            found.changes.setdefault(row, {})["geometry"] = some
        for row in still:
            found.changes.get(row, {}).pop("placement", None)
        self.meshed += shapes.meshed
        self.failed |= shapes.failed
