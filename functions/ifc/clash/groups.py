"""Grouping clashes: those near one another, and those of one element."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats

ROWS = 500
E = TypeVar("E")


def group_places(points: Floats, distance: float) -> list[list[int]]:
    """Return groups of the rows of points: each holds all that is left within a distance of its first one.

    The point with the most others around it starts the first group, so no group is wider than twice the
    distance, however long a row of clashes is. Every point is in one group; a group may have one point only.
    """
    near = [_neighbours(points, row, distance) for row in range(0, len(points), ROWS)]
    rows = [np.flatnonzero(line) for block in near for line in block]
    order = sorted(range(len(points)), key=lambda row: (-len(rows[row]), row))
    taken = np.zeros(len(points), bool)
    groups = []
    for row in order:
        if not taken[row]:
            members = [int(member) for member in rows[row] if not taken[member] and member != row]
            taken[[row, *members]] = True
            groups.append([row, *members])
    return groups


def _neighbours(points: Floats, start: int, distance: float) -> NDArray[np.bool_]:
    """Return which points are within a distance of some rows."""
    some = points[start : start + ROWS]
    apart = np.linalg.norm(points[None] - some[:, None], axis=2)
    near: NDArray[np.bool_] = apart <= distance
    return near


def group_elements(pairs: Sequence[tuple[E, E]]) -> dict[E, list[int]]:
    """Return the rows of the pairs that each element is in, for elements in several, the busiest first."""
    found: dict[E, list[int]] = {}
    for row, pair in enumerate(pairs):
        for element in pair:
            found.setdefault(element, []).append(row)
    busy = {element: rows for element, rows in found.items() if len(rows) > 1}
    return dict(sorted(busy.items(), key=lambda item: (-len(item[1]), item[1])))
