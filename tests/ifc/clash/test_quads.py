"""Faces joined from triangles cover what these covered."""

from __future__ import annotations

import numpy as np
import pytest
import trimesh

from functions.ifc.clash.form import Body
from tests.ifc.clash.shapes import blocks, body, box, wall_with_hole


def areas(corners: np.ndarray) -> np.ndarray:
    """Return the areas of faces of four corners, as vectors."""
    return np.cross(corners[:, 2] - corners[:, 0], corners[:, 3] - corners[:, 1]) / 2


@pytest.mark.parametrize(
    "whole", [box((0, 0, 0), (3, 2, 1)), wall_with_hole(), body(trimesh.creation.icosphere(1))]
)
def test_faces_look_where_the_triangles_look_and_are_as_large(whole: Body) -> None:
    faces = areas(whole.form.points[whole.form.quads])
    assert np.linalg.norm(faces, axis=1).sum() == pytest.approx(whole.form.area)
    for axis in np.eye(3):
        for side in (1, -1):
            expected = np.maximum(side * whole.form.planes @ axis, 0).sum()
            assert np.maximum(side * faces @ axis, 0).sum() == pytest.approx(expected)


def test_rectangles_become_whole_again() -> None:
    assert len(box((0, 0, 0), (3, 2, 1)).form.quads) == 6
    wall = wall_with_hole()
    assert len(wall.form.triangles) == 2 * len(wall.form.quads) == 2 * 32


def test_triangles_that_are_not_in_one_plane_stay() -> None:
    ball = body(trimesh.creation.icosphere(1)).form
    assert np.array_equal(ball.quads[:, :3], ball.triangles)
    assert np.array_equal(ball.quads[:, 3], ball.quads[:, 0])


def test_no_face_is_dented() -> None:
    """Two triangles of an L may lie side by side without being convex together."""
    step = blocks([[0, 1, 3], [0, 1, 3], [0, 1]], {(1, 1, 0)})
    corners = step.form.points[step.form.quads]
    across = areas(corners)
    for place in range(4):
        before, here, after = (corners[:, (place + shift) % 4] for shift in range(3))
        turned = np.cross(here - before, after - here)
        assert ((turned * across).sum(axis=1) >= -1e-12).all()
