"""What two bodies have to do with each other: the test of one pair.

Two bodies penetrate each other when they have a volume in common, and the penetration depth, the length of
the shortest move that frees one of the other, is more than nothing. Bodies that are as near as TOUCH_M
touch. All lengths are metres.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from functions.ifc.clash.columns import Columns
from functions.ifc.clash.depth import escape, separate
from functions.ifc.clash.distance import find_closest
from functions.ifc.clash.passage import find_inside, measure_surfaces, passes

if TYPE_CHECKING:
    from functions.ifc.clash.form import Body
    from functions.ifc.geometry.mesh import Floats

Mode = Literal["intersection", "collision", "clearance"]
Kind = Literal["identical", "contained", "pierce", "overlap", "touching", "clearance"]
Method = Literal["exact", "bound", "surface"]
HARD: tuple[Kind, ...] = ("identical", "contained", "pierce", "overlap")

TOUCH_M = 1e-5
EXACT_M = 1e-6  # a distance that is kept to the micrometre is kept
NOTHING_M = 1e-7  # a common volume that is thinner than this, for the size of the bodies, is noise
SAME = 1e-4  # of a volume
PASSED = 1 << 22  # edges times faces up to which is looked whether a body passes through


@dataclass(frozen=True, kw_only=True)
class Rule:
    """What counts as a clash; see functions/operations/ifcclash."""

    mode: Mode
    tolerance: float = 0.0
    clearance: float = 0.0
    touching: bool = False

    @property
    def depth(self) -> float:
        """The depth that a hard clash must exceed."""
        return max(self.tolerance, TOUCH_M) if self.mode == "intersection" else TOUCH_M

    @property
    def reach(self) -> float:
        """How far apart the boxes of a pair may be; negative where they must overlap by so much."""
        if self.mode == "clearance":
            return max(self.clearance, 0.0)
        return TOUCH_M if self.mode == "collision" and self.touching else -self.depth

    @property
    def gap(self) -> float | None:
        """Up to which distance bodies without a common volume count; None where none does."""
        if self.mode == "clearance":
            return self.clearance
        return TOUCH_M if self.mode == "collision" and self.touching else None


@dataclass(frozen=True, kw_only=True)
class Contact:
    """How two bodies clash.

    `way` is the move of the second body that frees it, as long as the depth; `points` are the closest points
    of both, or where the way out starts and ends. `method` says of the depth whether it is exact, the
    shortest way out along a face (a bound), or what open surfaces show.
    """

    kind: Kind
    depth: float
    distance: float
    volume: float | None
    way: Floats
    point: Floats
    points: tuple[Floats, Floats]
    method: Method

    def move(self, frame: Floats) -> Contact:
        """Return the same in other coordinates, by a 4x4 matrix."""
        turn, shift = frame[:3, :3], frame[:3, 3]
        one, other = (turn @ point + shift for point in self.points)
        return replace(self, way=turn @ self.way, point=turn @ self.point + shift, points=(one, other))

    def mirror(self) -> Contact:
        """Return the same with the bodies exchanged."""
        return replace(self, way=-self.way, points=self.points[::-1])


def examine(a: Body, b: Body, rule: Rule) -> Contact | None:
    """Return how two bodies clash by a rule; None where they do not."""
    origin = np.round((np.maximum(a.low, b.low) + np.minimum(a.high, b.high)) / 2)
    meets = bool((a.low < b.high).all() and (b.low < a.high).all())
    hard = None
    if meets:
        closed = a.form.closed and b.form.closed
        hard = _penetrate(a, b, rule, origin) if closed else _cross(a, b, rule, origin)
    if hard is not None or rule.gap is None:
        return hard
    return _approach(a, b, rule.gap, origin)


def _penetrate(a: Body, b: Body, rule: Rule, origin: Floats) -> Contact | None:
    """Test two closed bodies for a common volume."""
    convex = a.form.convex and b.form.convex
    depth, way, exact = separate(a, b, origin) if convex else (np.inf, np.zeros(3), False)
    if depth <= rule.depth:
        return None
    columns = Columns(a.corners(origin), b.corners(origin))
    volume = columns.volume()
    nothing = NOTHING_M * min(a.form.area, b.form.area)
    if volume <= nothing:
        return None
    if not convex:
        depth, way = escape(a, b, origin, volume=volume, nothing=nothing, enough=rule.depth)
        if depth <= rule.depth:
            return None
    middle = columns.centre() + origin
    return Contact(
        kind=_kind(a, b, volume, origin),
        depth=depth,
        distance=0.0,
        volume=volume,
        way=depth * way,
        point=middle,
        points=(middle + depth / 2 * way, middle - depth / 2 * way),
        method="exact" if exact else "bound",
    )


def _kind(a: Body, b: Body, volume: float, origin: Floats) -> Kind:
    """Name a hard clash by what is inside what, and whether one passes right through the other."""
    whole = [volume >= (1 - SAME) * body.form.volume for body in (a, b)]
    if all(whole):
        return "identical"
    if any(whole):
        return "contained"
    for one, other in ((a, b), (b, a)):
        work = len(one.form.segments) * len(other.form.triangles)
        if work <= PASSED and passes(one, other, origin):
            return "pierce"
    return "overlap"


def _cross(a: Body, b: Body, rule: Rule, origin: Floats) -> Contact | None:
    """Test two bodies of which one is open: whether surfaces go through each other, or one is inside."""
    found = measure_surfaces(a, b, origin)
    if found is not None and found[0] > rule.depth:
        depth, place, way = found
        middle = place + origin
        points = middle + depth / 2 * way, middle - depth / 2 * way
        return Contact(kind="overlap", depth=depth, distance=0.0, volume=None, way=depth * way, point=middle,
                       points=points, method="surface")  # fmt: skip
    if found is None:
        for outer, inner, sign in ((a, b, 1.0), (b, a, -1.0)):
            if outer.form.closed and find_inside(inner.points[:1] - origin, outer.corners(origin)).all():
                return _inside(outer, inner, rule, origin, sign)
    return None


def _inside(outer: Body, inner: Body, rule: Rule, origin: Floats, sign: float) -> Contact | None:
    """Return the clash of an open surface inside a closed body: the way out goes along an axis."""
    ways = np.concatenate([outer.high - inner.low, inner.high - outer.low])
    least = int(ways.argmin())
    depth = float(ways[least])
    if depth <= rule.depth:
        return None
    way = sign * np.concatenate([np.eye(3), -np.eye(3)])[least]
    middle = (inner.low + inner.high) / 2
    points = middle + depth / 2 * way, middle - depth / 2 * way
    return Contact(kind="contained", depth=depth, distance=0.0, volume=None, way=depth * way, point=middle,
                   points=points, method="surface")  # fmt: skip


def _approach(a: Body, b: Body, limit: float, origin: Floats) -> Contact | None:
    """Return how two bodies come closer than a limit."""
    found = find_closest(a.corners(origin), b.corners(origin), max(limit, TOUCH_M))
    if found is None or not (found[0] < limit - EXACT_M or found[0] <= TOUCH_M <= limit):
        return None
    distance, one, other = found[0], found[1] + origin, found[2] + origin
    return Contact(
        kind="touching" if distance <= TOUCH_M else "clearance",
        depth=0.0,
        distance=distance,
        volume=0.0 if a.form.closed and b.form.closed else None,
        way=np.zeros(3),
        point=(one + other) / 2,
        points=(one, other),
        method="exact",
    )
