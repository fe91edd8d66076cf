"""How far one body must be moved at least to come free of another: the penetration depth.

For two convex bodies it is exact: the least overlap over the directions of all faces, and of all pairs of
edges (the separating axis theorem). For others it is a bound that is reached: along the directions of the
largest faces of both, the shortest move that frees the body, whatever it meets on its way.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from functions.ifc.clash.columns import Columns
from functions.ifc.clash.spans import Spans, products
from functions.ifc.clash.vectors import cross, lengths

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.clash.form import Pair
    from functions.ifc.geometry.mesh import Floats

    Numbers = NDArray[np.int64]

EDGE_PAIRS = 4096  # bodies with more are nearly smooth: their faces look in all directions
DIRECTIONS, FEWEST = 8, 2  # of each body that is not convex: as many as the work allows
PARALLEL = 1e-9
SKEW = 1e-4  # nearly parallel edges say nothing that faces do not say
WORK = 1 << 20  # pairs of triangles, times directions
STEP_M, DIGITS = 1e-7, 7


def separate(pairs: Sequence[Pair]) -> list[tuple[float, Floats, bool]]:
    """Return the depths of pairs of convex bodies, negative when they are apart, and where to move b.

    Also returns whether the depth is exact: of nearly smooth bodies only the faces are looked at.
    """
    exact = [len(pair.a.edges) * len(pair.b.edges) <= EDGE_PAIRS for pair in pairs]
    found = []
    for pair, across, sure in zip(pairs, _skew(pairs, exact), exact, strict=True):
        directions = np.concatenate([pair.a.normals, pair.b.normals, across])
        forward, backward = _overlaps(pair, directions)
        overlaps = np.minimum(forward, backward)
        least = int(overlaps.argmin())
        sign = 1.0 if forward[least] <= backward[least] else -1.0
        found.append((float(overlaps[least]), sign * directions[least], sure))
    return found


def _skew(pairs: Sequence[Pair], exact: Sequence[bool]) -> list[Floats]:
    """Return the directions at right angles to an edge of each body, for pairs that are tested exactly."""
    used = [pair for pair, sure in zip(pairs, exact, strict=True) if sure]
    if not used:
        return [np.zeros((0, 3))] * len(pairs)
    mine, theirs = (
        Spans([len(edges) if sure else 0 for edges, sure in zip(side, exact, strict=True)])
        for side in ([pair.a.edges for pair in pairs], [pair.b.edges for pair in pairs])
    )
    rows, columns = products(mine, theirs)
    one = np.concatenate([pair.a.edges for pair in used])
    other = np.concatenate([pair.b.edges for pair in used])
    across = cross(one[rows], other[columns])
    sizes = lengths(across)
    skew = sizes > SKEW
    counts = np.bincount(mine.owners[rows[skew]], minlength=len(pairs))
    return np.split(across[skew] / sizes[skew][:, None], np.cumsum(counts)[:-1])


def _overlaps(pair: Pair, directions: Floats) -> tuple[Floats, Floats]:
    """Return how far b must be moved along directions, forwards and backwards, to be past the whole of a."""
    one, other = (directions @ (body.points - pair.origin).T for body in (pair.a, pair.b))
    return one.max(axis=1) - other.min(axis=1), other.max(axis=1) - one.min(axis=1)


def escape(
    pairs: Sequence[Pair], *, volumes: Floats, nothing: Floats, enough: float
) -> list[tuple[float, Floats]]:
    """Return the depths of pairs of closed bodies, and where to move the second.

    `volumes` are the common ones; one up to `nothing` is none. A depth up to `enough` is not looked at any
    closer.
    """
    searches = [_Escape(pair, volume, enough) for pair, volume in zip(pairs, volumes.tolist(), strict=True)]
    while True:
        asked = [(row, search.direction) for row, search in enumerate(searches) if search.goes_on()]
        if not asked:
            return [(search.best, search.way) for search in searches]
        rows = [row for row, _ in asked]
        frames = [frame_of(direction) for _, direction in asked]
        columns = Columns([pairs[row] for row in rows], frames)
        for sign in (1, -1):
            best = np.array([searches[row].best for row in rows])
            found = _first_free(columns, sign, nothing[rows], best)
            for row, depth in zip(rows, found.tolist(), strict=True):
                searches[row].take(depth, sign)


class _Escape:
    """The search for the shortest way out of one body: along a few directions, the most promising first."""

    def __init__(self, pair: Pair, volume: float, enough: float) -> None:
        """Choose the directions. As far as the whole of one has passed the whole of the other it is free."""
        count = int(np.clip(WORK // (len(pair.one) * len(pair.other)), FEWEST, DIRECTIONS))
        self.directions = np.concatenate([pair.a.normals[:count], pair.b.normals[:count]])
        forward, backward = _overlaps(pair, self.directions)
        outer = np.minimum(forward, backward)
        least = int(outer.argmin())
        sign = 1 if forward[least] <= backward[least] else -1
        self.best, self.way = float(outer[least]), self.directions[least] * sign
        self.enough = enough
        self._needed = _chords(pair, volume, self.directions)
        self._order = np.argsort(self._needed, kind="stable").tolist()
        self._tried: list[Floats] = []

    @property
    def direction(self) -> Floats:
        """The direction that is looked at."""
        return self._tried[-1]

    def goes_on(self) -> bool:
        """Go on to the next direction, if one may be better."""
        while self._order:
            place = self._order.pop(0)
            if self.best <= self.enough or self._needed[place] >= self.best - STEP_M:
                break
            direction = self.directions[place]
            if self._tried and np.abs(np.stack(self._tried) @ direction).max() > 1 - PARALLEL:
                continue
            self._tried.append(direction)
            return True
        self._order = []
        return False

    def take(self, depth: float, sign: int) -> None:
        """Take a move along the direction that frees the body, if it is a shorter one."""
        if depth < self.best:
            self.best, self.way = depth, sign * self.direction


def _chords(pair: Pair, volume: float, directions: Floats) -> Floats:
    """Return how far b must be moved along directions at least.

    On a line through the common part both bodies have a chord in common, and come apart on it only after a
    move as long as that. The longest chord is at least the volume over the area of the common part seen
    along the line, and this at most that of the box, along the axes of either, that holds the common part.
    """
    found = np.zeros(len(directions))
    for body in (pair.a, pair.b):
        axes = body.placement[:3, :3]
        mine, theirs = pair.a.points @ axes, pair.b.points @ axes
        sides = np.minimum(mine.max(axis=0), theirs.max(axis=0)) - np.maximum(
            mine.min(axis=0), theirs.min(axis=0)
        )
        faces = np.prod(sides) / np.maximum(sides, 1e-12)
        found = np.maximum(found, volume / np.maximum(np.abs(directions @ axes) @ faces, 1e-300))
    return found


def _first_free(columns: Columns, sign: int, nothing: Floats, best: Floats) -> Floats:
    """Return a short one of the moves that free each pair, if it is shorter than the best; else infinity.

    It is sought by halves, so a body that would be free somewhere on the way and not after it may be missed.
    """
    steps, starts, ends = _sort_steps(*columns.ways_out(sign), best)
    low, high = starts.copy(), ends.copy()
    if not len(steps):
        return np.full(len(best), np.inf)
    while (open_ := low < high).any():
        middle = (low + high) // 2
        moves = np.where(open_, steps[np.minimum(middle, len(steps) - 1)] + STEP_M, 0.0)
        free = columns.volumes(sign * moves) <= nothing
        high = np.where(open_ & free, middle, high)
        low = np.where(open_ & ~free, middle + 1, low)
    return np.where(low < ends, steps[np.minimum(low, len(steps) - 1)], np.inf)


def _sort_steps(moves: Floats, owners: Numbers, best: Floats) -> tuple[Floats, Numbers, Numbers]:
    """Return the different moves below the best, growing for each owner, and where each one's are."""
    shorter = moves < best[owners] - STEP_M
    steps, owners = np.round(moves[shorter], DIGITS), owners[shorter]
    order = np.lexsort((steps, owners))
    steps, owners = steps[order], owners[order]
    fresh = np.ones(len(steps), bool)
    fresh[1:] = (steps[1:] != steps[:-1]) | (owners[1:] != owners[:-1])
    steps, spans = steps[fresh], Spans(np.bincount(owners[fresh], minlength=len(best)))
    return steps, spans.starts, spans.ends


def frame_of(direction: Floats) -> Floats:
    """Return a right-handed frame, as rows, whose third axis is the direction."""
    other = np.eye(3)[int(np.abs(direction).argmin())]
    first = cross(other, direction)
    first /= lengths(first)
    return np.stack([first, cross(direction, first), direction])
