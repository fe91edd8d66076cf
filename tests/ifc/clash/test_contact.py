"""Pairs of bodies whose common volume, depth and distance are known."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import trimesh
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from functions.ifc.clash.contact import NOTHING_M, Contact, Rule
from functions.ifc.clash.contact import examine as examine_all
from functions.ifc.clash.form import Body, Pair
from tests.ifc.clash.shapes import body, box, move, sheet, wall_with_hole

HARD = Rule(mode="intersection", tolerance=0.01)
ANY = Rule(mode="collision")
TOUCHING = Rule(mode="collision", touching=True)
NEAR = Rule(mode="clearance", clearance=0.05)
UNIT = box((0, 0, 0), (1, 1, 1))


def examine(a: Body, b: Body, rule: Rule) -> Contact | None:
    return examine_all([Pair(a, b)], rule)[0]


def found(a: Body, b: Body, rule: Rule) -> Contact:
    contact = examine(a, b, rule)
    assert contact is not None
    return contact


def freed(a: Body, b: Body, contact: Contact) -> Contact | None:
    """Return what is left when b is moved as the contact says, and a hair more."""
    placement = b.placement.copy()
    placement[:3, 3] += contact.way * (1 + 1e-6 / max(contact.depth, 1e-6))
    return examine(a, Body(b.form, placement), ANY)


@pytest.mark.parametrize(
    ("other", "kind", "depth", "volume"),
    [
        (box((0.5, 0.25, 0.9), (2, 0.75, 3)), "overlap", 0.1, 0.025),
        (box((0.98, 0, 0), (2, 1, 1)), "overlap", 0.02, 0.02),
        (UNIT, "identical", 1.0, 1.0),
        (box((0.2, 0.2, 0.3), (0.4, 0.4, 0.5)), "contained", 0.4, 0.008),
        (box((0.2, 0.2, 0.2), (0.205, 0.4, 0.4)), "contained", 0.205, 0.0002),
        (box((0.2, 0.2, -1), (0.4, 0.4, 5)), "pierce", 0.4, 0.04),
        (box((-1, -1, -1), (2, 2, 2)), "contained", 2.0, 1.0),
    ],
)
@pytest.mark.parametrize("rule", [HARD, ANY, NEAR])
def test_boxes_that_penetrate(other: Body, kind: str, depth: float, volume: float, rule: Rule) -> None:
    contact = found(UNIT, other, rule)
    assert contact.kind == kind
    assert contact.depth == pytest.approx(depth)
    assert contact.volume == pytest.approx(volume)
    assert contact.distance == 0
    assert contact.method == "exact"
    assert freed(UNIT, other, contact) is None


def test_a_penetration_up_to_the_tolerance_is_none_but_has_a_volume() -> None:
    other = box((0.995, 0, 0), (2, 1, 1))
    assert examine(UNIT, other, HARD) is None
    assert examine(UNIT, other, replace(HARD, tolerance=0.004)) is not None
    assert found(UNIT, other, ANY).depth == pytest.approx(0.005)


@pytest.mark.parametrize("low", [(1, 0, 0), (1, 1, 0), (1, 1, 1), (1, 0.3, -0.4)])
def test_faces_edges_and_corners_that_touch(low: tuple[float, ...]) -> None:
    other = box(low, np.array(low) + 1)
    assert examine(UNIT, other, HARD) is None
    assert examine(UNIT, other, ANY) is None
    for rule in (TOUCHING, NEAR):
        assert found(UNIT, other, rule).kind == "touching"
        assert found(UNIT, other, rule).distance == 0


def test_a_gap_is_measured_between_the_closest_points() -> None:
    other = box((1.03, 1.04, 0), (2, 2, 1))
    contact = found(UNIT, other, replace(NEAR, clearance=0.051))
    assert contact.kind == "clearance"
    assert contact.distance == pytest.approx(0.05)
    assert contact.points[0][:2] == pytest.approx((1, 1))
    assert contact.points[1][:2] == pytest.approx((1.03, 1.04))
    assert examine(UNIT, other, NEAR) is None  # 50 mm are kept
    assert examine(UNIT, other, TOUCHING) is None


def test_a_body_through_the_hole_of_another_is_no_clash() -> None:
    wall, duct = wall_with_hole(), box((1.2, 1.2, -1), (1.5, 1.5, 1))
    assert wall.form.closed and not wall.form.convex
    assert wall.form.volume == pytest.approx(2.8)
    assert examine(wall, duct, ANY) is None
    assert found(wall, duct, replace(NEAR, clearance=0.3)).distance == pytest.approx(0.2)


def test_what_fits_a_hole_exactly_only_touches() -> None:
    filling = box((1, 1, 0), (2, 2, 0.2))
    assert examine(wall_with_hole(), filling, ANY) is None
    assert found(wall_with_hole(), filling, TOUCHING).kind == "touching"


@pytest.mark.parametrize(
    ("duct", "kind", "depth", "volume"),
    [
        (box((1.8, 1.2, -1), (2.02, 1.5, 1)), "overlap", 0.02, 0.0012),
        (box((3, 1.2, -1), (3.3, 1.5, 1)), "pierce", 1.0, 0.018),
        (box((0.98, 0.98, -0.5), (2.02, 2.02, 0.5)), "pierce", 0.5, 0.2 * (1.04**2 - 1)),
    ],
)
def test_a_body_in_a_wall_with_a_hole(duct: Body, kind: str, depth: float, volume: float) -> None:
    for one, other in ((wall_with_hole(), duct), (duct, wall_with_hole())):
        contact = found(one, other, HARD)
        assert contact.kind == kind
        assert contact.method == "bound"
        assert contact.depth == pytest.approx(depth, abs=1e-6)
        assert contact.volume == pytest.approx(volume)
        assert freed(one, other, contact) is None


def test_balls_penetrate_as_deep_as_their_radii_say() -> None:
    ball = trimesh.creation.icosphere(2, 1.0)
    place = (1.2, 0.8, 0.9)
    apart = float(np.linalg.norm(place))
    contact = found(body(ball), body(ball, move(*place)), HARD)
    assert contact.depth == pytest.approx(2 - apart, abs=0.05)
    assert contact.volume == pytest.approx(np.pi * (4 + apart) * (2 - apart) ** 2 / 12, rel=0.2)
    assert contact.point == pytest.approx(np.array(place) / 2, abs=1e-3)
    gap = found(body(ball), body(ball, move(2.02, 0, 0)), NEAR)
    assert gap.distance == pytest.approx(0.02, abs=0.01)


def test_edges_that_cross_are_as_deep_as_they_cross() -> None:
    """Two bars on edge, one across the other: no face separates them."""
    bar = trimesh.creation.box((4, 0.2, 0.2))
    one = body(bar, move(0, 0, 0, np.pi / 4, (1, 0, 0)))
    turned = move(0, 0, 0.2 * np.sqrt(2) - 0.03, np.pi / 2) @ one.placement
    contact = found(one, body(bar, turned), HARD)
    assert contact.depth == pytest.approx(0.03)
    assert abs(contact.way[2]) == pytest.approx(0.03)


def test_open_surfaces_clash_where_they_go_through() -> None:
    contact = found(UNIT, sheet((0.5, 0.2, 0.5), (1.5, 0.8, 0.5)), HARD)
    assert (contact.kind, contact.method, contact.volume) == ("overlap", "surface", None)
    assert found(UNIT, sheet((0.1, 0.1, 0.5), (0.4, 0.4, 0.5)), HARD).kind == "contained"
    assert examine(UNIT, sheet((0.2, 0.2, 1.01), (0.4, 0.4, 1.01)), HARD) is None
    assert found(UNIT, sheet((0.2, 0.2, 1.01), (0.4, 0.4, 1.01)), NEAR).distance == pytest.approx(0.01)


def test_faces_that_look_inwards_are_turned() -> None:
    mesh = trimesh.creation.box((1, 1, 1))
    mesh.invert()
    inverted = body(mesh, move(0.9, 0, 0))
    assert inverted.form.volume == pytest.approx(1)
    assert found(body(trimesh.creation.box((1, 1, 1))), inverted, HARD).depth == pytest.approx(0.1)


sizes = st.floats(0.05, 3).map(lambda value: round(value, 3))
places = st.floats(-2, 2).map(lambda value: round(value, 3))
angles = st.floats(0, 3).map(lambda value: round(value, 3))
vectors = st.tuples(places, places, places)


@st.composite
def boxes(draw: st.DrawFn) -> Body:
    size = draw(st.tuples(sizes, sizes, sizes))
    axis = draw(vectors)
    assume(np.linalg.norm(axis) > 0.1)
    return body(trimesh.creation.box(size), move(*draw(vectors), draw(angles), axis))


@settings(max_examples=60)
@given(boxes(), boxes(), st.sampled_from([HARD, ANY, NEAR]))
def test_the_order_of_two_bodies_does_not_matter(a: Body, b: Body, rule: Rule) -> None:
    one, other = examine(a, b, rule), examine(b, a, rule)
    assert (one is None) == (other is None)
    if one is not None and other is not None:
        assert one.kind == other.kind
        assert one.depth == pytest.approx(other.depth, abs=1e-9)
        assert one.distance == pytest.approx(other.distance, abs=1e-9)


@settings(max_examples=40)
@given(boxes(), boxes(), vectors)
def test_where_the_bodies_are_does_not_matter(a: Body, b: Body, place: tuple[float, ...]) -> None:
    x, y, z = (1000 * value for value in place)
    far = move(x, y, z, 1.0)
    one = examine(a, b, NEAR)
    other = examine(Body(a.form, far @ a.placement), Body(b.form, far @ b.placement), NEAR)
    if one is None or other is None:
        assert one is other or abs((one or other).distance - NEAR.clearance) < 1e-5  # type: ignore[union-attr]
        return
    assert one.depth == pytest.approx(other.depth, abs=1e-8)
    assert one.distance == pytest.approx(other.distance, abs=1e-8)
    assert one.volume == pytest.approx(other.volume, abs=1e-8)
    assert far[:3, :3] @ one.point + far[:3, 3] == pytest.approx(other.point, abs=1e-5) or one.volume == 0


@settings(max_examples=40)
@given(boxes(), boxes())
def test_moved_as_it_says_a_body_is_free_and_by_less_it_is_not(a: Body, b: Body) -> None:
    contact = examine(a, b, HARD)
    assume(contact is not None)
    assert contact is not None
    assert freed(a, b, contact) is None
    placement = b.placement.copy()
    placement[:3, 3] += contact.way * 0.9
    # Of convex bodies at least the cube of what is left of the way is left of the volume (Brunn-Minkowski).
    least = (contact.volume or 0.0) * 0.1**3
    noise = NOTHING_M * min(a.form.area, b.form.area)
    assert examine(a, Body(b.form, placement), replace(ANY)) is not None or least < noise


@settings(max_examples=40)
@given(boxes(), boxes())
def test_the_common_volume_is_that_of_points_in_both(a: Body, b: Body) -> None:
    """A grid of points over one box counts the share of it that is in the other one."""
    contact = examine(a, b, ANY)
    corners = a.form.points
    steps = (np.arange(20) + 0.5) / 20
    low, high = corners.min(axis=0), corners.max(axis=0)
    grid = np.stack(np.meshgrid(steps, steps, steps), axis=-1).reshape(-1, 3) * (high - low) + low
    seen = np.linalg.solve(b.placement, a.placement)
    local = grid @ seen[:3, :3].T + seen[:3, 3]
    inside = (np.abs(local) <= b.form.points.max(axis=0)).all(axis=1).mean() * a.form.volume
    volume = 0.0 if contact is None or contact.volume is None else contact.volume
    assert volume == pytest.approx(inside, abs=0.1 * a.form.volume)


@settings(max_examples=20, deadline=None)
@given(st.lists(st.tuples(boxes(), boxes()), min_size=2, max_size=6), st.sampled_from([HARD, ANY, NEAR]))
def test_pairs_tested_together_give_what_each_gives_alone(some: list[tuple[Body, Body]], rule: Rule) -> None:
    hole, duct = wall_with_hole(), box((1.8, 1.2, -1), (2.02, 1.5, 1))
    others = [
        (hole, duct),
        (duct, hole),
        (hole, box((1.2, 1.2, -1), (1.5, 1.5, 1))),
        (hole, body(trimesh.creation.icosphere(2))),
        (UNIT, sheet((0.5, 0.2, 0.5), (1.5, 0.8, 0.5))),
        (UNIT, box((0.2, 0.2, -1), (0.4, 0.4, 5))),
        (UNIT, box((1, 0.3, -0.4), (2, 1.3, 0.6))),
        (UNIT, UNIT),
    ]
    pairs = [*some, *others]
    together = examine_all([Pair(a, b) for a, b in pairs], rule)
    for (a, b), contact in zip(pairs, together, strict=True):
        alone = examine(a, b, rule)
        assert (alone is None) == (contact is None)
        if alone is not None and contact is not None:
            assert (alone.kind, alone.method) == (contact.kind, contact.method)
            assert alone.rows == pytest.approx(contact.rows, abs=1e-9)
            assert alone.depth == pytest.approx(contact.depth, abs=1e-9)
            assert alone.distance == pytest.approx(contact.distance, abs=1e-9)
            assert alone.volume == pytest.approx(contact.volume, abs=1e-9)
