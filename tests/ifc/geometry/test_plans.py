"""What was carved out of one body serves for others like it, and for no other."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from functions.ifc.geometry import plans
from functions.ifc.geometry.carving import carve
from functions.ifc.geometry.convex import Faces
from functions.ifc.geometry.plans import Plans
from tests.ifc.geometry.test_carving import DOOR, NICHE, WINDOW, box, measure

Point = tuple[float, float, float]


def wall(length: float = 4.0, height: float = 3.0) -> Faces:
    return box((0, 0, 0), (length, 0.2, height))


def moved(faces: Faces, move: Callable[[Point], Point]) -> Faces:
    return [[move(corner) for corner in face] for face in faces]


@pytest.fixture
def _once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let only the first surface be carved."""
    calls: list[int] = []

    def once(body: Faces, bites: list[Faces], *, convex: bool) -> object:
        calls.append(1)
        return carve(body, bites, convex=convex) if len(calls) == 1 else None

    monkeypatch.setattr(plans, "carve", once)


@pytest.mark.usefixtures("_once")
@pytest.mark.parametrize("bites", [[], [WINDOW], [DOOR], [WINDOW, DOOR], [NICHE]])
@pytest.mark.parametrize(
    "move",
    [
        lambda p: (p[0] * 1.5, p[1] * 2, p[2] * 0.9),
        lambda p: (p[0] + p[2] * 0.1, p[1] - 7, p[2]),
        lambda p: (-p[1], p[0], p[2]),
    ],
)
def test_a_wall_in_another_place_or_of_another_size_is_not_carved_again(
    bites: list[Faces], move: Callable[[Point], Point]
) -> None:
    known = Plans()
    other, others = moved(wall(), move), [moved(bite, move) for bite in bites]
    first, made, again = known.carve([(wall(), *bites), (other, *others), (other, *others)])
    assert first is not None and again is not None
    expected = carve(other, others)
    assert made is not None and expected is not None
    volume, closed = measure(made)
    assert volume == pytest.approx(measure(expected)[0])
    assert closed
    assert (made.triangles == expected.triangles).all()
    assert np.abs(made.points - expected.points).max() < 1e-12
    assert np.abs(made.normals - expected.normals).max() < 1e-12
    assert (again.points == made.points).all()


@pytest.mark.parametrize(
    "bites",
    [
        pytest.param([box((0.5, 0, 0), (1.5, 0.2, 2))], id="at the foot"),
        pytest.param([box((0.5, 0, 2), (1.5, 0.2, 3))], id="at the head"),
        pytest.param([box((0, 0, 1), (1, 0.2, 2))], id="at the end"),
        pytest.param([box((0.5, 0, 1), (1.5, 0.1, 2))], id="not through"),
        pytest.param([box((0.5, 0.05, 1), (1.5, 0.1, 2))], id="inside"),
        pytest.param([box((2.5, 0, 1.9), (3.9, 0.2, 2.9))], id="in another corner"),
    ],
)
def test_a_window_elsewhere_leaves_a_closed_surface_too(bites: list[Faces]) -> None:
    known = Plans()
    tall = box((0.1, 0, 0.1), (0.3, 0.2, 2.8))
    _, made = known.carve([(wall(), tall), (wall(), *bites)])
    expected = carve(wall(), bites)
    assert made is not None and expected is not None
    volume, closed = measure(made)
    assert volume == pytest.approx(measure(expected)[0])
    assert closed
    a, b, c = np.moveaxis(made.points[made.triangles], 1, 0)
    planes = np.cross(b - a, c - a)
    assert (np.einsum("ij,ij->i", planes, made.normals[made.triangles[:, 0]]) > 0).all()
    a, b, c = np.moveaxis(expected.points[expected.triangles], 1, 0)
    areas = (np.linalg.norm(rows, axis=1).sum() for rows in (planes, np.cross(b - a, c - a)))
    assert next(areas) == pytest.approx(next(areas))


def test_many_at_once_are_what_each_is_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plans, "AT_ONCE", 1000)  # pairs of patches: a few bodies at a time
    upper, lower = (box((1, 0, low), (2, 0.2, low + 1)) for low in (1.5, 0.5))
    solids: list[tuple[Faces, ...]] = [
        (wall(length), bite) for length in (3.0, 4.0, 5.0, 6.0) for bite in (upper, DOOR, lower)
    ]
    flat: Faces = [[(0.0, 0.0, 0.0)] * 4] * 6
    solids += [(flat, flat), (wall(),)]
    several, known = Plans().carve(solids), Plans()
    for solid, made in zip(solids, several, strict=True):
        (alone,) = known.carve([solid])
        assert (made is None) == (alone is None) == (solid[0] is flat)
        if made is not None and alone is not None:
            assert (made.points == alone.points).all()
            assert (made.normals == alone.normals).all()
            assert (made.triangles == alone.triangles).all()
