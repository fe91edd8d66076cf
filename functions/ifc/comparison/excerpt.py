"""A model with only those instances that a comparison has to look at, written as text.

Opening two models whole takes longer, and far more memory, than comparing them. Instances keep their
numbers. Objects that are merely named stand alone, and what they refer to may be missing.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import closing
from dataclasses import replace
from mmap import ACCESS_READ, mmap
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc import faults
from functions.ifc.comparison.classes import OBJECT, PLACEMENT, RELATION, SHAPE
from functions.ifc.step.rows import distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.comparison.relations import Pairs
    from functions.ifc.comparison.version import Version
    from functions.ifc.gate import Checked

    Marks = NDArray[np.bool_]

LEFT_OUT = "Instance reference #"  # of which the parser says that there are none
FOOTER = b"ENDSEC;\nEND-ISO-10303-21;\n"
BASE = ("IfcProject", "IfcContext")  # units and contexts hang there


class Wanted:
    """Collects the rows of a version that have to be read."""

    def __init__(self, version: Version) -> None:
        """Begin with the project, its units and its contexts."""
        self._version = version
        self._marks = np.zeros(version.size, bool)
        self._deep = np.zeros(version.size, bool)
        self._refer(np.flatnonzero(version.relations.are(*BASE)))

    def name(self, rows: Iterable[int]) -> None:
        """Take in objects as they are, with what they are in."""
        some = _array(rows)
        self._marks[some] = True
        containers = self._version.containers[some]
        self._marks[containers[containers >= 0]] = True

    def take(self, kind: str, rows: Iterable[int]) -> None:
        """Take in what a kind of change of some objects is seen from."""
        version, some = self._version, _array(rows)
        types = version.types[some]
        both = np.concatenate([some, types[types >= 0]])
        self._marks[both] = True
        if kind == "attributes":
            self._refer(some)
        elif kind in {"property", "quantity"}:
            self._related(version.sets, both)
            self._related(version.type_sets, both)
        elif kind == "material":
            self._related(version.materials, both)
        elif kind == "classification":
            self._related(version.classifications, both)
        elif kind == "aggregate":
            wholes = version.wholes[some]
            self._marks[wholes[wholes >= 0]] = True
        elif kind == "placement":
            self._place(some, PLACEMENT)
        elif kind == "geometry":
            self._shape(some)

    def rows(self) -> NDArray[np.int64]:
        """Return the rows to keep: what was taken in, and all that it refers to."""
        index = self._version.index
        what = self._version.what
        open_ = ~index.histories & (index.targets >= 0)
        open_ &= (what[index.owners] & (OBJECT | RELATION)) == 0
        owners, targets = index.owners[open_], index.targets[open_]
        while True:
            fresh = targets[self._deep[owners] & ~self._deep[targets]]
            if not len(fresh):
                break
            self._deep[fresh] = True
        return np.flatnonzero(self._marks | self._deep)

    def _refer(self, rows: NDArray[np.int64]) -> None:
        """Take in what objects refer to but for placements, shapes and owner histories."""
        index, what = self._version.index, self._version.what
        chosen = np.zeros(self._version.size, bool)
        chosen[rows] = True
        self._marks |= chosen
        edges = chosen[index.owners] & ~index.histories & (index.targets >= 0)
        targets = index.targets[edges]
        self._deep[targets[(what[targets] & (PLACEMENT | SHAPE)) == 0]] = True

    def _related(self, pairs: Pairs, rows: NDArray[np.int64]) -> None:
        self._deep[pairs.ones[np.isin(pairs.others, rows)]] = True

    def _place(self, rows: NDArray[np.int64], what: int) -> None:
        found = self._version.referred_rows(what)[rows]
        self._marks[rows] = True
        self._deep[found[found >= 0]] = True

    def _shape(self, rows: NDArray[np.int64]) -> None:
        """Take in shapes, with the openings and projections of objects and of the wholes that they are in."""
        version = self._version
        wholes = version.wholes[rows]
        hosts = np.union1d(rows, wholes[wholes >= 0])
        parts = [pairs.others[np.isin(pairs.ones, hosts)] for pairs in (version.voids, version.projections)]
        cut = np.isin(hosts, version.voids.ones) & ~np.isin(hosts, rows)
        if cut.any():
            self._relate("IfcRelAggregates", hosts[cut])
        self._relate("IfcRelVoidsElement", hosts)
        self._relate("IfcRelProjectsElement", hosts)
        for what in (PLACEMENT, SHAPE):
            self._place(np.concatenate([hosts, *parts]), what)

    def _relate(self, name: str, rows: NDArray[np.int64]) -> None:
        """Take in the relationships of a class that some objects are in, and the others in them by name."""
        index = self._version.index
        edges = self._version.relations.are(name)[index.owners] & (index.targets >= 0) & ~index.histories
        owners, targets = index.owners[edges], index.targets[edges]
        found = distinct(owners[np.isin(targets, rows)])
        self._marks[found] = True
        self._marks[targets[np.isin(owners, found)]] = True


def write_excerpt(checked: Checked, version: Version, rows: NDArray[np.int64], path: Path) -> Checked:
    """Write an excerpt to a path, and return it as the gate knows models."""
    faults.EXPECTED.append(LEFT_OUT)
    index = version.index
    with (
        checked.path.open("rb") as file,
        closing(mmap(file.fileno(), 0, access=ACCESS_READ)) as data,
        path.open("wb") as output,
    ):
        output.write(data[: index.begin] + b"\n")
        for start, end in zip(index.starts[rows].tolist(), index.ends[rows].tolist(), strict=True):
            output.write(data[start:end] + b"\n")
        output.write(FOOTER)
    return replace(checked, path=path, instances=len(rows), counts={})


def _array(rows: Iterable[int]) -> NDArray[np.int64]:
    return np.array(list(rows), np.int64)
