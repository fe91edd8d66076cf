"""Meshes become shells of flat faces."""

from __future__ import annotations

from typing import Any

import numpy as np
import trimesh
from numpy.typing import NDArray

from functions.ifc.formats.shells import Hull, wrap
from functions.ifc.geometry.mesh import GREY, Material, Mesh

GLASS = Material("glass", (0.2, 0.4, 0.6, 0.3))
STONE = Material("stone", GREY)


def mesh(*bodies: trimesh.Trimesh, materials: tuple[Material, ...] | None = None) -> Mesh:
    """Return bodies as a mesh whose triangles share no vertices, as kernels give them."""
    names = materials or (STONE,) * len(bodies)
    parts: dict[Material, list[NDArray[np.uint32]]] = {}
    points, count = [], 0
    for body, material in zip(bodies, names, strict=True):
        corners = body.triangles.reshape(-1, 3)
        numbers = np.arange(len(corners), dtype=np.uint32).reshape(-1, 3) + np.uint32(count)
        parts.setdefault(material, []).append(numbers)
        points.append(corners)
        count += len(corners)
    joined = tuple((material, np.concatenate(numbers)) for material, numbers in parts.items())
    return Mesh(np.concatenate(points), None, joined, b"key")


def box(*, at: tuple[float, float, float] = (0, 0, 0), size: float = 1.0) -> Any:
    made: Any = trimesh.creation.box((size, size, size))
    made.apply_translation(at)
    return made


def faces(hull: Hull) -> list[int]:
    return [len(shell.faces) for shell in hull.shells]


def test_a_box_has_six_faces_of_four_corners() -> None:
    hull = wrap(mesh(box()))
    assert faces(hull) == [6]
    assert len(hull.points) == 8
    assert hull.shells[0].closed
    assert {tuple(map(len, face.loops)) for face in hull.shells[0].faces} == {(4,)}


def test_a_ring_has_a_hole_in_its_ends() -> None:
    hull = wrap(mesh(trimesh.creation.annulus(1.0, 2.0, 3.0, sections=16)))
    ends = [face for face in hull.shells[0].faces if abs(face.normal[2]) > 0.9]
    assert [len(face.loops) for face in ends] == [2, 2]
    assert len(hull.shells[0].faces) == 2 + 2 * 16
    outer, hole = (hull.points[list(loop)] for loop in ends[0].loops)
    assert np.linalg.norm(outer[0, :2]) > np.linalg.norm(hole[0, :2])


def test_bodies_that_touch_stay_apart() -> None:
    for at in ((1, 0, 0), (1, 1, 0), (1, 1, 1)):
        hull = wrap(mesh(box(), box(at=at)))
        assert faces(hull) == [6, 6]
        assert all(shell.closed for shell in hull.shells)


def test_a_face_with_two_materials_is_two() -> None:
    body = box()
    top = body.triangles[:, :, 2].min(axis=1) > 0
    first = int(np.flatnonzero(top)[0])
    glass = trimesh.Trimesh(body.vertices, body.faces[[first]], process=False)
    rest = trimesh.Trimesh(body.vertices, np.delete(body.faces, first, axis=0), process=False)
    hull = wrap(mesh(rest, glass, materials=(STONE, GLASS)))
    assert faces(hull) == [7]
    assert hull.shells[0].closed
    assert sorted(face.material for face in hull.shells[0].faces) == [0, 0, 0, 0, 0, 0, 1]


def test_a_body_inside_out_is_turned() -> None:
    body = box()
    body.invert()
    (shell,) = wrap(mesh(body)).shells
    hull = wrap(mesh(body))
    for face in shell.faces:
        middle = hull.points[list(face.loops[0])].mean(axis=0)
        assert middle @ face.normal > 0


def test_a_body_inside_out_in_another_is_its_cavity() -> None:
    void = box(size=0.5)
    void.invert()
    (shell,) = wrap(mesh(box(), void)).shells
    assert [len(cavity.faces) for cavity in shell.cavities] == [6]


def test_a_sheet_is_open() -> None:
    body = box()
    sheet = trimesh.Trimesh(body.vertices, body.faces[:-1], process=False)
    assert [shell.closed for shell in wrap(mesh(sheet)).shells] == [False]


def test_a_ball_stays_a_ball() -> None:
    ball = trimesh.creation.icosphere(subdivisions=3)
    hull = wrap(mesh(ball))
    assert faces(hull) == [len(ball.faces)]
    assert hull.shells[0].closed


def test_a_thin_triangle_in_a_seam_leaves_no_gap() -> None:
    corners = [(0, 0, 0), (2, 0, 0), (2, 2, 0), (0, 2, 0), (1, 0, 0)]
    triangles = [(0, 4, 1), (0, 1, 2), (0, 2, 3)]  # the first has no area
    flat = Mesh(np.array(corners, float), None, ((STONE, np.array(triangles, np.uint32)),), b"key")
    (shell,) = wrap(flat).shells
    assert [sorted(map(len, face.loops)) for face in shell.faces] == [[5]]


def test_what_has_no_extent_gives_no_face() -> None:
    point = Mesh(np.zeros((3, 3)), None, ((STONE, np.array([[0, 1, 2]], np.uint32)),), b"key")
    assert wrap(point).shells == ()
