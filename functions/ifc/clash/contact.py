"""What two bodies have to do with each other: the test of pairs, many at once.

Two bodies penetrate each other when they have a volume in common, and the penetration depth, the length of
the shortest move that frees one of the other, is more than nothing. Bodies that are as near as TOUCH_M
touch. All lengths are metres.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import numpy as np

from functions.ifc.clash.columns import Columns
from functions.ifc.clash.depth import escape, separate
from functions.ifc.clash.distance import find_closest
from functions.ifc.clash.passage import find_inside, find_passing, measure_surfaces

if TYPE_CHECKING:
    from functions.ifc.clash.form import Body, Pair
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


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Contact:
    """How two bodies clash.

    `rows` are a point in the middle, the closest points of both, or where the way out starts and ends,
    and the way: the move of the second body that frees it, as long as the depth. `method` says of the depth
    whether it is exact, the shortest way out along a face (a bound), or what open surfaces show.
    """

    kind: Kind
    depth: float
    distance: float
    volume: float | None
    rows: Floats
    method: Method

    @classmethod
    def hard(
        cls,
        kind: Kind,
        *,
        depth: float,
        way: Floats,
        middle: Floats,
        volume: float | None = None,
        method: Method = "surface",
    ) -> Contact:
        """Return the contact of bodies that penetrate each other; the way is a direction."""
        rows = np.stack([middle, middle + depth / 2 * way, middle - depth / 2 * way, depth * way])
        return cls(kind=kind, depth=depth, distance=0.0, volume=volume, rows=rows, method=method)

    @property
    def point(self) -> Floats:
        """A point in the middle."""
        found: Floats = self.rows[0]
        return found

    @property
    def points(self) -> tuple[Floats, Floats]:
        """The closest points of both, or the ends of the way out."""
        return self.rows[1], self.rows[2]

    @property
    def way(self) -> Floats:
        """The move of the second body that frees it."""
        found: Floats = self.rows[3]
        return found

    def move(self, frame: Floats) -> Contact:
        """Return the same in other coordinates, by a 4x4 matrix."""
        rows = self.rows @ frame[:3, :3].T
        rows[:3] += frame[:3, 3]
        return replace(self, rows=rows)

    def mirror(self) -> Contact:
        """Return the same with the bodies exchanged."""
        rows = self.rows[[0, 2, 1, 3]]
        rows[3] *= -1
        return replace(self, rows=rows)


def examine(pairs: Sequence[Pair], rule: Rule) -> list[Contact | None]:
    """Return how pairs of bodies clash by a rule; None for those that do not."""
    found: dict[int, Contact] = {}
    meeting = [row for row, pair in enumerate(pairs) if pair.meets]
    closed = [row for row in meeting if pairs[row].closed]
    contacts = _penetrate([pairs[row] for row in closed], rule)
    found.update((closed[place], contact) for place, contact in contacts.items())
    for row in meeting:
        contact = None if pairs[row].closed else _cross(pairs[row], rule)
        if contact is not None:
            found[row] = contact
    if rule.gap is not None:
        rest = [row for row in range(len(pairs)) if row not in found]
        contacts = _approach([pairs[row] for row in rest], rule.gap)
        found.update((rest[place], contact) for place, contact in contacts.items())
    return [found.get(row) for row in range(len(pairs))]


def _penetrate(pairs: Sequence[Pair], rule: Rule) -> dict[int, Contact]:
    """Return the contacts of the pairs of closed bodies that have a common volume."""
    convex = [row for row, pair in enumerate(pairs) if pair.a.form.convex and pair.b.form.convex]
    ways = dict(zip(convex, separate([pairs[row] for row in convex]), strict=True))
    rows = [row for row in range(len(pairs)) if row not in ways or ways[row][0] > rule.depth]
    if not rows:
        return {}
    columns = Columns([pairs[row] for row in rows], [np.eye(3)] * len(rows))
    volumes = columns.volumes()
    nothing = np.array([NOTHING_M * min(pairs[row].a.form.area, pairs[row].b.form.area) for row in rows])
    full = volumes > nothing
    middles = columns.centres()
    del columns
    places = [place for place, row in enumerate(rows) if full[place] and row not in ways]
    escapes = escape(
        [pairs[rows[place]] for place in places],
        volumes=volumes[places],
        nothing=nothing[places],
        enough=rule.depth,
    )
    ways.update((rows[place], (*way, False)) for place, way in zip(places, escapes, strict=True))
    places = [place for place in np.flatnonzero(full).tolist() if ways[rows[place]][0] > rule.depth]
    kinds = _kinds([pairs[rows[place]] for place in places], volumes[places])
    found = {}
    for place, kind in zip(places, kinds, strict=True):
        pair, (depth, way, exact) = pairs[rows[place]], ways[rows[place]]
        found[rows[place]] = Contact.hard(
            kind,
            depth=depth,
            way=way,
            middle=middles[place] + pair.origin,
            volume=float(volumes[place]),
            method="exact" if exact else "bound",
        )
    return found


def _kinds(pairs: Sequence[Pair], volumes: Floats) -> list[Kind]:
    """Name hard clashes by what is inside what, and whether one passes right through the other."""
    found: list[Kind] = []
    for pair, volume in zip(pairs, volumes.tolist(), strict=True):
        whole = [volume >= (1 - SAME) * body.form.volume for body in (pair.a, pair.b)]
        found.append("identical" if all(whole) else "contained" if any(whole) else "overlap")
    for turned in (False, True):
        rows = [row for row, kind in enumerate(found) if kind == "overlap"]
        asked = [pairs[row].turned if turned else pairs[row] for row in rows]
        easy = [place for place, pair in enumerate(asked) if pair.crossings <= PASSED]
        if easy:
            passing = find_passing([asked[place] for place in easy])
            for place in np.flatnonzero(passing).tolist():
                found[rows[easy[place]]] = "pierce"
    return found


def _cross(pair: Pair, rule: Rule) -> Contact | None:
    """Test two bodies of which one is open: whether surfaces go through each other, or one is inside."""
    a, b, origin = pair.a, pair.b, pair.origin
    found = measure_surfaces(a, b, origin)
    if found is not None and found[0] > rule.depth:
        depth, place, way = found
        return Contact.hard("overlap", depth=depth, way=way, middle=place + origin)
    if found is None:
        for outer, inner, sign in ((a, b, 1.0), (b, a, -1.0)):
            if outer.form.closed and find_inside(inner.points[:1] - origin, outer.corners(origin)).all():
                return _inside(outer, inner, rule, sign)
    return None


def _inside(outer: Body, inner: Body, rule: Rule, sign: float) -> Contact | None:
    """Return the clash of an open surface inside a closed body: the way out goes along an axis."""
    ways = np.concatenate([outer.high - inner.low, inner.high - outer.low])
    least = int(ways.argmin())
    depth = float(ways[least])
    if depth <= rule.depth:
        return None
    way = sign * np.concatenate([np.eye(3), -np.eye(3)])[least]
    return Contact.hard("contained", depth=depth, way=way, middle=(inner.low + inner.high) / 2)


def _approach(pairs: Sequence[Pair], limit: float) -> dict[int, Contact]:
    """Return the contacts of the pairs of bodies that come closer than a limit."""
    if not pairs:
        return {}
    contacts = {}
    closest = find_closest(pairs, max(limit, TOUCH_M))
    for row, (pair, found) in enumerate(zip(pairs, closest, strict=True)):
        if found is None or not (found[0] < limit - EXACT_M or found[0] <= TOUCH_M <= limit):
            continue
        distance, one, other = found[0], found[1] + pair.origin, found[2] + pair.origin
        contacts[row] = Contact(
            kind="touching" if distance <= TOUCH_M else "clearance",
            depth=0.0,
            distance=distance,
            volume=0.0 if pair.closed else None,
            rows=np.stack([(one + other) / 2, one, other, np.zeros(3)]),
            method="exact",
        )
    return contacts
