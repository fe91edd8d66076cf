"""Which objects of two versions are the same ones: by GlobalId, those with a shared GlobalId by likeness."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from functions.ifc.comparison.version import Version

# What is compared unless a query says otherwise: elements and spatial elements, as IfcDiff has it; openings
# and other features, and types, are lists of their own.
SPATIAL = ("IfcElement", "IfcSpatialElement", "IfcSpatialStructureElement")
FEATURE, TYPE = "IfcFeatureElement", "IfcTypeObject"
SECTIONS = ("elements", "openings", "types")
Alike = Callable[[int, int], bool]


@dataclass
class Match:
    """The rows of one section: pairs of the same object, and those that only one version has.

    `repeated` have a GlobalId that another one has, `nameless` none at all.
    """

    pairs: list[tuple[int, int]] = field(default_factory=list)
    added: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    repeated: int = 0
    nameless: int = 0


def choose(version: Version, chosen: Iterable[int] | None) -> dict[str, list[int]]:
    """Return the rows to compare by section; `chosen` are instance numbers, all of the first section."""
    if chosen is not None:
        wanted = np.isin(version.index.numbers, np.array(list(chosen), np.int64))
        rows = [row for row in np.flatnonzero(wanted).tolist() if row in version.guids]
        return {"elements": rows, "openings": [], "types": []}
    features = version.relations.are(FEATURE)
    elements = version.relations.are(*SPATIAL) & ~features
    found = {"elements": elements, "openings": features, "types": version.relations.are(TYPE)}
    return {name: np.flatnonzero(rows).tolist() for name, rows in found.items()}


def match(versions: tuple[Version, Version], rows: tuple[list[int], list[int]], alike: Alike) -> Match:
    """Match rows of the old version with rows of the new one; `alike` compares an old and a new row.

    Objects without a GlobalId have nothing to be known by: they are counted, and left out.
    """
    old, new = (_group(version, some) for version, some in zip(versions, rows, strict=True))
    found = Match()
    found.nameless = sum(len(side.pop("", ())) for side in (old, new))
    found.repeated = sum(len(group) - 1 for side in (old, new) for group in side.values())
    for guid, group in new.items():
        before = old.get(guid)
        if before is None:
            found.added += group
        elif len(before) == len(group) == 1:
            found.pairs.append((before[0], group[0]))
        else:
            _pair_up(before, group, alike, found)
    found.deleted = sorted(found.deleted + [row for guid in old.keys() - new.keys() for row in old[guid]])
    return found


def _group(version: Version, rows: Iterable[int]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = {}
    for row in rows:
        groups.setdefault(version.guids[row], []).append(row)
    return groups


def _pair_up(old: list[int], new: list[int], alike: Alike, found: Match) -> None:
    """Pair those that are alike first, the others in the order of their files."""
    rest = list(old)
    open_ = []
    for row in new:
        twin = next((one for one in rest if alike(one, row)), None)
        if twin is None:
            open_.append(row)
        else:
            rest.remove(twin)
            found.pairs.append((twin, row))
    count = min(len(rest), len(open_))
    found.pairs += zip(rest[:count], open_[:count], strict=True)
    found.deleted += rest[count:]
    found.added += open_[count:]
