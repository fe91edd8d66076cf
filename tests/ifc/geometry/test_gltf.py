"""What a written GLB holds, read back by a reader that is not ours."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import trimesh

from benchmarks.glb import read_glb
from functions.ifc.geometry.gltf import Scene, unit
from functions.ifc.geometry.mesh import Material, Mesh

RED = Material("red", (1.0, 0.0, 0.0, 1.0))
GLASS = Material("glass", (0.0, 0.5, 1.0, 0.25))


def triangle(at: tuple[float, float, float] = (0.0, 0.0, 0.0), *, materials: int = 1) -> Mesh:
    """A square of two triangles in the z plane, 2 m by 1 m."""
    points = np.array([[0.0, 0, 0], [2, 0, 0], [2, 1, 0], [0, 1, 0]]) + at
    halves = [np.array([[0, 1, 2]], np.uint32), np.array([[0, 2, 3]], np.uint32)]
    parts = tuple(zip((RED, GLASS), halves, strict=True)) if materials > 1 else ((RED, np.vstack(halves)),)
    normals = np.tile([0.0, 0.0, 1.0], (4, 1))
    return Mesh(points, normals, parts, key=repr((at, materials)).encode())


def save(path: Path, *shapes: tuple[str, Mesh, tuple[float, float, float]], normals: bool = True) -> Scene:
    scene = Scene(io.BytesIO(), io.BytesIO(), normals=normals)
    for guid, mesh, place in shapes:
        placement = np.eye(4)
        placement[:3, 3] = place
        scene.add(mesh, placement, name=guid, extras={"GlobalId": guid})
    scene.save(path, name="model")
    return scene


def test_up_is_y(tmp_path: Path) -> None:
    save(tmp_path / "a.glb", ("one", triangle(), (10.0, 20.0, 30.0)))
    bounds = trimesh.load(tmp_path / "a.glb").bounds
    assert bounds.tolist() == [[10, 30, -21], [12, 30, -20]]


def test_each_material_has_its_part(tmp_path: Path) -> None:
    scene = save(tmp_path / "a.glb", ("one", triangle(materials=2), (0.0, 0.0, 0.0)))
    colours = read_glb(tmp_path / "a.glb")["one"].colours
    assert colours == {RED.rgba: pytest.approx(1.0), GLASS.rgba: pytest.approx(1.0)}
    assert scene.materials == 2


def test_equal_meshes_are_stored_once(tmp_path: Path) -> None:
    scene = save(tmp_path / "a.glb", ("one", triangle(), (0, 0, 0)), ("two", triangle(), (5, 0, 0)))
    assert (scene.meshes, scene.triangles, scene.points) == (1, 4, 4)
    assert set(read_glb(tmp_path / "a.glb")) == {"one", "two"}


@pytest.mark.parametrize("place", [(2_600_000.0, 1_200_000.0, 400.0), (0.0, 0.0, 0.0)])
@pytest.mark.parametrize("inside", [(2_600_000.25, 1_200_000.0, 0.0), (0.25, 0.0, 0.0)])
def test_map_coordinates_keep_their_millimetres(
    tmp_path: Path, place: tuple[float, float, float], inside: tuple[float, float, float]
) -> None:
    save(tmp_path / "a.glb", ("one", triangle(inside), place))
    box = read_glb(tmp_path / "a.glb")["one"].box
    x, y, z = np.add(place, inside)
    assert np.allclose(box, [[x, z, -y - 1], [x + 2, z, -y]], rtol=0, atol=1e-6)


def test_the_middle_can_be_moved_to_the_origin(tmp_path: Path) -> None:
    scene = Scene(io.BytesIO(), io.BytesIO())
    scene.add(triangle((5000.0, 7.0, 3.0)), np.eye(4), name="one", extras={"GlobalId": "one"})
    scene.centre()
    scene.save(tmp_path / "a.glb", name="model")
    assert np.allclose(read_glb(tmp_path / "a.glb")["one"].box, [[-1, 0, -0.5], [1, 0, 0.5]], atol=1e-9)


def test_normals_have_length_one_whatever_came() -> None:
    rows = unit(np.array([[0.0, 0.0, 5.0], [0.0, 0.0, 0.0], [np.nan, 0.0, 0.0]]))
    assert rows.tolist() == [[0, 0, 1], [0, 1, 0], [0, 1, 0]]


def test_an_empty_scene_is_a_glb(tmp_path: Path) -> None:
    save(tmp_path / "a.glb")
    assert read_glb(tmp_path / "a.glb") == {}


def test_normals_can_be_left_out(tmp_path: Path) -> None:
    save(tmp_path / "with.glb", ("one", triangle(), (0, 0, 0)))
    save(tmp_path / "without.glb", ("one", triangle(), (0, 0, 0)), normals=False)
    assert b'"NORMAL"' in (tmp_path / "with.glb").read_bytes()
    assert b'"NORMAL"' not in (tmp_path / "without.glb").read_bytes()
