"""One version of a model, made ready to be compared: a key for every kind of change, a row an instance.

Equal keys say that nothing of that kind has changed. Keys that differ say nothing yet: values decide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.comparison.classes import OBJECT, PLACEMENT, RELATION, SHAPE, Classes, flags
from functions.ifc.comparison.digests import digest
from functions.ifc.comparison.relations import LIST, Pairs, Relations, single
from functions.ifc.geometry.texts import Texts
from functions.ifc.placements import Placements
from functions.ifc.reader import Reader, finite
from functions.ifc.step.digests import mix
from functions.ifc.step.rows import distinct
from functions.ifc.step.syntax import MAX_ID
from functions.ifc.units import length_scale, list_units
from functions.ifc.values import Values

if TYPE_CHECKING:
    import ifcopenshell

    from functions.ifc.comparison.index import Hashes, Index, Rows
    from functions.ifc.gate import Checked

INHERITED = np.uint64(0xD6E8FEB86659FD93)
MAX_CLIMB = 100  # how deep parts may be nested


@dataclass(eq=False)
class Version:
    """One version: its instances, what they say and how they hang together.

    `salt` tells the two versions of a comparison apart, where a digest must not equal any other. Keys are
    made of the index alone; values are there once a reader is attached.
    """

    index: Index
    classes: Classes
    salt: int
    guids: dict[int, str]

    def __post_init__(self) -> None:
        """Read the relationships."""
        index = self.index
        self.size = len(index.numbers)
        self._order = np.argsort(index.numbers, kind="stable")
        self._sorted = index.numbers[self._order]
        self._referred: dict[int, Rows] = {}
        self.ancestors = self.classes.ancestors(index.schema)
        self.what = np.array([flags(names) for names in self.ancestors] or [0], np.int8)[index.kinds]
        self.relations = Relations(index, self.ancestors, (self.what & RELATION) > 0)
        self.objects = np.array(sorted(self.guids), np.int64)
        self.digests = digest(index, self.classes, salt=self.salt)
        self._relate()

    def attach(self, reader: Reader, checked: Checked) -> None:
        """Let values be read, out of the model itself or of an excerpt."""
        self.reader = reader
        self.texts = Texts(checked.path, checked.instances)
        self.units = list_units(reader)
        self.scale = length_scale(self.units) or 1.0
        self.placements = Placements(reader)
        self.values = Values(reader, self.units)

    def element(self, row: int) -> ifcopenshell.entity_instance:
        """Return the instance of a row."""
        return self.reader.model.by_id(int(self.index.numbers[row]))

    def row(self, number: int) -> int:
        """Return the row of an instance."""
        return int(self._order[np.searchsorted(self._sorted, number)])

    def factor(self, unit: str) -> float | None:
        """Return the factor to SI of one of the project's units, by its name."""
        found = next((one for one in self.units.values() if one["name"] == unit), {})
        return finite(found.get("to_si"))

    def unit_digest(self) -> int:
        """Return what the model says about its units as one number."""
        rows = self.relations.are("IfcUnitAssignment")
        return int(mix(self.digests.words[rows]).sum(dtype=np.uint64))

    def _relate(self) -> None:
        """Read which object belongs to which."""
        names = {
            name: self.relations.pairs(f"IfcRel{name}")
            for name in (
                "DefinesByType", "DefinesByProperties", "AssociatesMaterial", "AssociatesClassification",
                "ContainedInSpatialStructure", "Aggregates", "Nests", "VoidsElement", "ProjectsElement",
                "FillsElement",
            )
        }  # fmt: skip
        self.sets, self.materials = names["DefinesByProperties"], names["AssociatesMaterial"]
        self.classifications = names["AssociatesClassification"]
        kept = self.relations.listed("IfcTypeObject", "IfcPropertySetDefinition")
        self.type_sets = Pairs(kept.others, kept.ones)
        self.voids, self.projections = names["VoidsElement"], names["ProjectsElement"]
        self.types = self._single(names["DefinesByType"])
        self.wholes = self._single(names["Aggregates"], names["Nests"])
        contained = self._single(names["ContainedInSpatialStructure"])
        above = self._single(
            names["Aggregates"], names["Nests"], names["FillsElement"], names["VoidsElement"]
        )
        self.containers = _climb(contained, above)

    def _single(self, *pairs: Pairs) -> Rows:
        return single(pairs, self.guids, self.size)

    def attributes(self) -> Hashes:
        """Return the keys of the objects' own attributes, but for placements, shapes and lists."""
        index = self.index
        key = index.local + index.kinds.astype(np.uint64)
        target = np.maximum(index.targets, 0)
        counted = ((self.what[index.owners] & OBJECT) > 0) & ~index.histories & (index.depths < LIST)
        counted &= (self.what[target] & (PLACEMENT | SHAPE)) == 0
        np.add.at(key, index.owners[counted], mix(self.digests.words[target[counted]]))
        return key

    def standing(self) -> Hashes:
        """Return the keys of the objects' placements, up to the world's origin."""
        return self._said(PLACEMENT)

    def shapes(self) -> Hashes:
        """Return the keys of the objects' shapes, with what is cut out of them or stuck on."""
        own, standing = self._said(SHAPE), self.standing()
        placed = self.referred_rows(PLACEMENT)
        parents, relative = self._local_placements()
        features = np.zeros(self.size, np.uint64)
        for pairs in (self.voids, self.projections):
            hosts, parts = pairs.ones, pairs.others
            is_local = (placed[parts] >= 0) & (placed[hosts] >= 0)
            is_local &= parents[np.maximum(placed[parts], 0)] == placed[hosts]
            near = relative[np.maximum(placed[parts], 0)]
            near = np.where(near >= 0, self.digests.words[np.maximum(near, 0)], 0)
            far = mix(standing[parts]) + mix(mix(standing[hosts]))
            place = np.where(is_local, near, far)
            np.add.at(
                features, hosts, mix(own[parts] + mix(place) + self.index.kinds[parts].astype(np.uint64))
            )
        whole = np.maximum(self.wholes, 0)
        cut = (self.wholes >= 0) & (features[whole] != 0)
        around = mix(features[whole] + mix(standing[whole]) + mix(mix(standing)))
        return own + mix(features) + np.where(cut, around, np.uint64(0))

    def properties(self) -> Hashes:
        """Return the keys of properties and quantities, those of types included."""
        own = self._sum(self.sets)
        own += self._sum(self.type_sets)
        return own + self._inherit(own) * INHERITED

    def made_of(self) -> Hashes:
        """Return the keys of materials: an object's own, or else its type's."""
        own = self._sum(self.materials)
        return np.where(own == 0, self._inherit(own), own)

    def classified(self) -> Hashes:
        """Return the keys of classification references, those of types included."""
        own = self._sum(self.classifications)
        return own + self._inherit(own)

    def named(self, rows: Rows) -> Hashes:
        """Return keys of the GlobalIds of other objects, 0 for none."""
        names = np.zeros(self.size, np.uint64)
        if self.guids:
            known = np.fromiter(self.guids, np.int64, len(self.guids))
            names[known] = np.array([hash(guid) for guid in self.guids.values()], np.int64).view(np.uint64)
        found: Hashes = np.where(rows >= 0, mix(names[np.maximum(rows, 0)]), np.uint64(0))
        return found

    def _inherit(self, own: Hashes) -> Hashes:
        found: Hashes = np.where(self.types >= 0, own[np.maximum(self.types, 0)], np.uint64(0))
        return found

    def _sum(self, pairs: Pairs) -> Hashes:
        """Return the sums of the digests of what rows are related to."""
        key = np.zeros(self.size, np.uint64)
        np.add.at(key, pairs.others, mix(self.digests.words[pairs.ones]))
        return key

    def referred_rows(self, what: int) -> Rows:
        """Return the placement or the shape that objects refer to, -1 for none."""
        if what not in self._referred:
            self._referred[what] = self._refer(what)
        return self._referred[what]

    def _refer(self, what: int) -> Rows:
        index = self.index
        edges = (index.targets >= 0) & ((self.what[index.owners] & OBJECT) > 0) & (index.depths < LIST)
        edges &= (self.what[np.maximum(index.targets, 0)] & what) > 0
        rows = np.full(self.size, -1, np.int32)
        rows[index.owners[edges]] = index.targets[edges]
        return rows

    def _said(self, what: int) -> Hashes:
        rows = self.referred_rows(what)
        found: Hashes = np.where(rows >= 0, self.digests.words[np.maximum(rows, 0)], np.uint64(0))
        return found

    def _local_placements(self) -> tuple[Rows, Rows]:
        """Return the parent and the relative placement of each local placement, -1 for none."""
        index = self.index
        edges = self.relations.are("IfcLocalPlacement")[index.owners] & (index.targets >= 0)
        owners, targets = index.owners[edges], index.targets[edges]
        is_parent = (self.what[targets] & PLACEMENT) > 0
        parents, relative = (np.full(self.size, -1, np.int32) for _ in range(2))
        parents[owners[is_parent]] = targets[is_parent]
        relative[owners[~is_parent]] = targets[~is_parent]
        return parents, relative


def is_whole(index: Index, checked: Checked, classes: Classes) -> bool:
    """Tell whether the index holds all that the parser would read, so that the model need not be opened.

    Otherwise the gate has something to say about it: two instances of one number, unknown classes.
    """
    numbers = index.numbers
    ancestors = classes.ancestors(index.schema)
    what = np.array([flags(names) for names in ancestors] or [0])[index.kinds]
    objects = np.flatnonzero((what & OBJECT) > 0)
    return bool(
        len(numbers) == checked.instances > 0
        and 0 < numbers.min() <= numbers.max() <= MAX_ID
        and len(distinct(numbers)) == len(numbers)
        and all(ancestors[kind] for kind in np.flatnonzero(np.bincount(index.kinds)).tolist())
        and len(objects) == len(index.guids)
    )


def read_guids(index: Index, classes: Classes, reader: Reader | None) -> dict[int, str]:
    """Return the GlobalIds of objects by row; a reader reads those that the index has not recognised."""
    guids = dict(index.guids)
    what = np.array([flags(names) for names in classes.ancestors(index.schema)] or [0])[index.kinds]
    for row in np.flatnonzero((what & OBJECT) > 0).tolist() if reader else ():
        if row not in guids and reader:
            guids[row] = _read_guid(reader, int(index.numbers[row]))
    return guids


def _read_guid(reader: Reader, number: int) -> str:
    try:
        return reader.text(reader.model.by_id(number), "GlobalId") or ""
    except RuntimeError:  # the parser has left it out
        return ""


def _climb(contained: Rows, above: Rows) -> Rows:
    """Return the container of each row: its own, or that of the nearest thing it is part of."""
    found = contained.copy()
    level = above.copy()
    for _ in range(MAX_CLIMB):
        open_ = np.flatnonzero((found < 0) & (level >= 0))
        if not len(open_):
            break
        found[open_] = contained[level[open_]]
        level[open_] = above[level[open_]]
    return found
