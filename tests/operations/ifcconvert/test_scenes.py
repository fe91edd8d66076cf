"""OBJ and DAE hold every element, at its place, in its colours; options do what they say."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import ifcopenshell
import ifcopenshell.api.style
import ifcopenshell.util.representation
import numpy as np
import pygltflib
import pytest
import trimesh

from benchmarks.glb import Element, differences, read_glb, reference
from functions.core import Files
from functions.core.errors import PipelineError
from functions.ifc.formats.meshes import rotation
from tests.ifc.formats.reading import XMLNS, read_dae, read_obj
from tests.operations.ifcconvert.conversion import convert

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
HOUSE = EXAMPLES / "house-architecture.ifc"
READERS: dict[str, Callable[[Path], dict[str, Element]]] = {
    "obj": read_obj,
    "dae": read_dae,
    "glb": read_glb,
}
SCENES = ("obj", "dae")
MODELS = ("bim-whale/SimpleWall.ifc", "bim-whale/TallBuilding.ifc", "pcert/Building-Hvac.ifc")
scenes = pytest.mark.parametrize("kind", SCENES)
formats = pytest.mark.parametrize("kind", READERS)


def elements(model: Path, files: Files, kind: str, **request: Any) -> dict[str, Element]:
    convert(model, files, output_filename=f"it.{kind}", **request)
    return READERS[kind](files.outputs / f"it.{kind}")


def corners(found: dict[str, Element]) -> np.ndarray[Any, Any]:
    boxes = np.stack([element.box for element in found.values()])
    return np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])


@scenes
@pytest.mark.parametrize("name", MODELS)
def test_elements_boxes_surfaces_and_colours_are_those_of_opencascade(
    corpus: Path, files: Files, name: str, kind: str
) -> None:
    model = corpus / "models" / name
    assert differences(reference(model), elements(model, files, kind)) == []


@scenes
def test_the_example_house_is_whole(files: Files, kind: str) -> None:
    expected = reference(HOUSE)
    assert differences(expected, elements(HOUSE, files, kind)) == []
    assert len({frozenset(element.colours) for element in expected.values()}) > 3


def test_another_reader_sees_the_same_extent(files: Files) -> None:
    found = elements(HOUSE, files, "obj", y_up=False)
    scene = trimesh.load(files.outputs / "it.obj")
    turned = np.array(scene.bounds) @ np.array([[1, 0, 0], [0, 0, -1], [0, 1, 0]])
    assert np.abs(np.sort(turned, axis=0) - corners(found)).max() < 1e-3


@scenes
def test_the_same_model_gives_the_same_bytes(files: Files, kind: str) -> None:
    outputs = []
    for name, threads in (("one", 1), ("two", 2)):
        convert(HOUSE, files, output_filename=f"{name}.{kind}", threads=threads)
        outputs.append((files.outputs / f"{name}.{kind}").read_bytes().replace(b"two.mtl", b"one.mtl"))
    assert outputs[0] == outputs[1]


@formats
def test_a_model_on_the_map_keeps_its_millimetres(files: Files, kind: str) -> None:
    offset = (432_100.25, 5_678_900.5, 12.0)
    warnings: list[str] = []
    result = convert(HOUSE, files, warnings, output_filename=f"far.{kind}", model_offset=offset)
    moved = corners(READERS[kind](files.outputs / f"far.{kind}"))
    there = corners(reference(HOUSE)) + np.array([offset[0], offset[2], -offset[1]])
    if kind == "obj":
        east, north, up = result.statistics["origin"]
        moved = moved + np.array([east, up, -north])
        assert any("relative to 4321" in line for line in warnings)
        assert f"# origin: {east:.15g} {north:.15g}" in (files.outputs / "far.obj").read_text()
    assert np.abs(moved - there).max() < 1e-3


@scenes
def test_a_model_on_the_map_has_small_numbers_in_its_vertices(files: Files, kind: str) -> None:
    convert(HOUSE, files, output_filename=f"far.{kind}", model_offset=(432_100.0, 5_678_900.0, 0.0))
    text = (files.outputs / f"far.{kind}").read_text()
    if kind == "dae":
        values = [
            abs(float(value))
            for array in ElementTree.fromstring(text).iter(f"{XMLNS}float_array")  # noqa: S314
            for value in (array.text or "").split()
        ]
        assert text.count("5678") == 1
    else:
        values = [abs(float(v)) for line in text.splitlines() if line[:2] == "v " for v in line.split()[1:]]
    assert values
    assert max(values) < 1000


@formats
def test_the_middle_can_be_put_at_the_origin(files: Files, kind: str) -> None:
    box = corners(elements(HOUSE, files, kind, center_model=True))
    assert np.abs(box.sum(axis=0)).max() < 2e-3


@formats
def test_a_model_is_turned_before_it_is_moved(files: Files, kind: str) -> None:
    turn = (0.0, 0.0, 1.0, 1.0)  # a quarter, to the left
    box = corners(elements(HOUSE, files, kind, model_rotation=turn, model_offset=(5.0, 0.0, 0.0)))
    low, high = corners(reference(HOUSE))  # x, z, -y
    expected = np.array([[low[2] + 5, low[1], -high[0]], [high[2] + 5, high[1], -low[0]]])
    assert np.abs(box - expected).max() < 1e-3


def test_a_quaternion_may_have_any_length() -> None:
    assert np.abs(rotation((0, 0, 2, 2)) - rotation((0, 0, 0.5, 0.5))).max() < 1e-15


@formats
def test_world_coordinates_change_nothing_but_where_numbers_stand(files: Files, kind: str) -> None:
    assert differences(reference(HOUSE), elements(HOUSE, files, kind, use_world_coords=True)) == []
    if kind == "dae":
        text = (files.outputs / "it.dae").read_text()
        assert text.count("<matrix>1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1</matrix>") == text.count("<matrix>")


@formats
def test_welded_vertices_are_fewer_and_in_the_same_places(files: Files, kind: str) -> None:
    plain = elements(HOUSE, files, kind)
    size = (files.outputs / f"it.{kind}").stat().st_size
    assert differences(plain, elements(HOUSE, files, kind, weld_vertices=True)) == []
    assert (files.outputs / f"it.{kind}").stat().st_size < 0.8 * size


def test_y_can_be_up(files: Files) -> None:
    plain, turned = (
        corners(elements(HOUSE, files, "obj", y_up=up)) @ np.diag([1.0, 1.0, 1.0]) for up in (False, True)
    )
    low, high = plain  # the reader turns once more
    expected = np.array([[low[0], low[2], -high[1]], [high[0], high[2], -low[1]]])
    assert np.abs(turned - expected).max() < 1e-6
    convert(HOUSE, files, output_filename="up.dae", y_up=True)
    assert "<up_axis>Y_UP</up_axis>" in (files.outputs / "up.dae").read_text()


@scenes
def test_the_unit_can_be_the_model_s_own(corpus: Path, files: Files, kind: str) -> None:
    model = corpus / "models/bim-whale/SimpleWall.ifc"  # millimetres
    plain = corners(elements(model, files, kind))
    own = corners(elements(model, files, kind, convert_back_units=True))
    assert np.abs(own - 1000 * plain).max() < 1e-3
    if kind == "dae":
        assert 'meter="0.001"' in (files.outputs / "it.dae").read_text()


@pytest.mark.parametrize(
    "options",
    [
        {"unify_shapes": True},
        {"precision": 1e-4},
        {"mesher_linear_deflection": 0.01, "mesher_angular_deflection": 0.2},
        {"layerset_first": True},
        {"kernel": "opencascade"},
    ],
)
def test_the_kernel_s_own_options_leave_the_house_where_it_is(files: Files, options: dict[str, Any]) -> None:
    found = elements(HOUSE, files, "dae", **options)
    expected = reference(HOUSE)
    assert found.keys() == expected.keys()
    assert max(np.abs(found[guid].box - expected[guid].box).max() for guid in found) < 2e-3


@pytest.mark.parametrize(
    ("coarsely", "finely"),
    [
        ({"mesher_angular_deflection": 1.0}, {"mesher_angular_deflection": 0.1}),
        ({"mesher_linear_deflection": 0.1}, {"mesher_linear_deflection": 0.0001}),
    ],
)
def test_finer_meshes_have_more_triangles(
    files: Files, coarsely: dict[str, Any], finely: dict[str, Any]
) -> None:
    services = EXAMPLES / "house-services.ifc"
    coarse, fine = (
        convert(services, files, output_filename="it.obj", **options).statistics
        for options in (coarsely, finely)
    )
    assert fine["triangles"] > 1.5 * coarse["triangles"]


def test_faces_of_one_plane_are_merged(corpus: Path, files: Files) -> None:
    model = corpus / "models/bim-whale/TallBuilding.ifc"
    expected = elements(model, files, "obj", kernel="opencascade")
    count = convert(model, files, output_filename="it.obj", kernel="opencascade").statistics["triangles"]
    assert differences(expected, elements(model, files, "obj", unify_shapes=True)) == []
    assert convert(model, files, output_filename="it.obj", unify_shapes=True).statistics["triangles"] < count


def test_points_that_are_nearer_than_the_precision_are_one(files: Files) -> None:
    sharp, blunt = (
        convert(HOUSE, files, output_filename="it.obj", precision=metres).statistics for metres in (1e-5, 0.5)
    )
    assert blunt["triangles"] < sharp["triangles"]


def test_a_wall_can_have_the_colour_of_its_first_layer(files: Files) -> None:
    model: Any = ifcopenshell.open(HOUSE)
    for item in model.by_type("IfcStyledItem"):
        model.remove(item)
    context: Any = ifcopenshell.util.representation.get_context(model, "Model")
    for name, red in (("Lime plaster", 1.0), ("Render", 0.0)):  # the first and the last
        style = ifcopenshell.api.style.add_style(model, name=name)
        ifcopenshell.api.style.add_surface_style(
            model, style=style, ifc_class="IfcSurfaceStyleShading",
            attributes={"SurfaceColour": {"Name": None, "Red": red, "Green": 0.0, "Blue": 0.5}},
        )  # fmt: skip
        material = next(one for one in model.by_type("IfcMaterial") if one.Name == name)
        ifcopenshell.api.style.assign_material_style(model, material=material, style=style, context=context)
    path = files.scratch / "layers.ifc"
    model.write(str(path))
    wall = next(one.GlobalId for one in model.by_type("IfcWall") if one.Name == "W-E01 south")
    for asked, colour in ((True, (1.0, 0.0, 0.5, 1.0)), (False, (0.9, 0.9, 0.9, 1.0))):
        assert set(elements(path, files, "glb", layerset_first=asked)[wall].colours) == {colour}


@formats
def test_normals_can_be_left_out(files: Files, kind: str) -> None:
    mark = {"obj": b"\nvn ", "dae": b'semantic="NORMAL"', "glb": b'"NORMAL"'}[kind]
    for bare in (False, True):
        convert(HOUSE, files, output_filename=f"it.{kind}", no_normals=bare)
        assert (mark in (files.outputs / f"it.{kind}").read_bytes()) is not bare


def test_circles_can_have_a_number_of_segments(files: Files) -> None:
    services = EXAMPLES / "house-services.ifc"
    coarse, fine = (
        convert(services, files, output_filename="it.obj", circle_segments=count).statistics
        for count in (8, 64)
    )
    assert fine["triangles"] > 3 * coarse["triangles"]


@pytest.mark.parametrize("transparency", [0.75, 0.0])
def test_spaces_can_be_made_see_through_or_opaque(files: Files, transparency: float) -> None:
    found = elements(HOUSE, files, "obj", include="IfcSpace", force_space_transparency=transparency)
    assert found
    assert {colour[3] for element in found.values() for colour in element.colours} == {1 - transparency}


@scenes
def test_digits_make_the_file_smaller(files: Files, kind: str) -> None:
    sizes = []
    for digits in (4, 15):
        convert(HOUSE, files, output_filename=f"it.{kind}", digits=digits)
        sizes.append((files.outputs / f"it.{kind}").stat().st_size)
    assert sizes[0] < sizes[1]


def test_texture_coordinates_are_metres(files: Files) -> None:
    convert(HOUSE, files, output_filename="it.obj", generate_uvs=True)
    rows: dict[str, list[list[float]]] = {"v": [], "vt": [], "vn": []}
    for line in (files.outputs / "it.obj").read_text().splitlines():
        key, _, rest = line.partition(" ")
        if key in rows:
            rows[key].append([float(value) for value in rest.split()])
    assert len(rows["v"]) == len(rows["vt"]) == len(rows["vn"])
    floor = np.abs(np.array(rows["vn"])[:, 2]) > 0.99
    assert np.abs(np.array(rows["v"])[floor, :2] - np.array(rows["vt"])[floor]).max() < 1e-6


def test_elements_hang_under_their_storeys(files: Files) -> None:
    flat = elements(HOUSE, files, "dae")
    assert differences(flat, elements(HOUSE, files, "dae", element_hierarchy=True)) == []
    root = ElementTree.parse(files.outputs / "it.dae").getroot()  # noqa: S314
    for node in root.iter(f"{XMLNS}node"):
        for child in node.findall(f"{XMLNS}node"):
            storey = child.findtext(f"{XMLNS}extra//{XMLNS}storey")
            if storey and node.get("id", "").startswith("in"):
                break
        else:
            continue
        break
    else:
        pytest.fail("no element hangs under a container")
    assert node.get("name") == (storey or "").replace(" ", "_")


def test_names_in_a_dae_are_xml_names_and_the_exact_ones_stand_beside(files: Files) -> None:
    convert(HOUSE, files, output_filename="it.dae", use_element_names=True, element_hierarchy=True)
    root = ElementTree.parse(files.outputs / "it.dae").getroot()  # noqa: S314
    names = [
        item.get("name") or "" for item in root.iter() if item.tag != f"{XMLNS}unit" and item.get("name")
    ]
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_.-]*", name) for name in names)
    guids = {item.text for item in root.iter(f"{XMLNS}GlobalId")}
    assert guids == reference(HOUSE).keys()


@pytest.mark.parametrize("kind", ["obj", "dae"])
def test_names_are_made_as_asked(files: Files, kind: str) -> None:
    convert(HOUSE, files, output_filename=f"it.{kind}", use_element_types=True, use_element_guids=False)
    text = (files.outputs / f"it.{kind}").read_text()
    assert ("o IfcSlab\n" if kind == "obj" else 'name="IfcSlab"') in text


def test_names_hold_all_that_is_asked_for(files: Files) -> None:
    door: Any = next(one for one in ifcopenshell.open(HOUSE).by_type("IfcDoor") if one.Name == "D-01")
    asked: dict[str, dict[str, Any]] = {
        f"D-01 {door.GlobalId}": {"use_element_names": True},
        f"IfcDoor {door.GlobalId}": {"use_element_types": True},
        f"{door.GlobalId} #{door.id()}": {"use_element_step_ids": True},
    }
    for name, options in asked.items():
        convert(HOUSE, files, output_filename="it.glb", include="IfcDoor", **options)
        nodes = pygltflib.GLTF2().load(files.outputs / "it.glb").nodes
        assert name in [node.name for node in nodes]


@formats
def test_a_storey_is_taken_with_all_that_is_in_it(files: Files, kind: str) -> None:
    convert(HOUSE, files, output_filename="all.dae")
    root = ElementTree.parse(files.outputs / "all.dae").getroot()  # noqa: S314
    storeys = {
        item.findtext(f"{XMLNS}GlobalId") or "": item.findtext(f"{XMLNS}storey")
        for item in root.iter(f"{XMLNS}technique")
        if item.get("profile")
    }
    everything = set(elements(HOUSE, files, kind))
    inside = set(elements(HOUSE, files, kind, include_plus=["IfcBuildingStorey"]))
    assert inside == {guid for guid, storey in storeys.items() if storey}
    wall = next(iter(inside))
    assert set(elements(HOUSE, files, kind, exclude_plus=[wall], exclude_plus_type="guids")) < everything


def test_a_quantised_scene_is_smaller_and_within_its_step(files: Files) -> None:
    plain = elements(HOUSE, files, "glb")
    size = (files.outputs / "it.glb").stat().st_size
    result = convert(HOUSE, files, output_filename="small.glb", compression="quantized")
    small = read_glb(files.outputs / "small.glb")
    step = result.statistics["quantization_step"]
    assert 0 < step <= 1e-3
    assert max(np.abs(plain[guid].box - small[guid].box).max() for guid in plain) <= 0.5 * step + 1e-6
    assert differences(reference(HOUSE), small) == []
    assert (files.outputs / "small.glb").stat().st_size < 0.75 * size
    assert b'"extensionsRequired":["KHR_mesh_quantization"]' in (files.outputs / "small.glb").read_bytes()


def test_quantised_normals_stand_on_their_triangles(files: Files) -> None:
    convert(HOUSE, files, output_filename="small.glb", compression="quantized", exclude="IfcRailing")
    gltf = pygltflib.GLTF2().load(files.outputs / "small.glb")
    blob, cosines = gltf.binary_blob(), []

    def rows(number: int, kind: str, width: int) -> np.ndarray[Any, Any]:
        accessor = gltf.accessors[number]
        view = gltf.bufferViews[accessor.bufferView]
        start, item = (view.byteOffset or 0) + accessor.byteOffset, np.dtype(kind)
        strides = (view.byteStride or width * item.itemsize, item.itemsize)
        return np.ndarray((accessor.count, width), item, blob, start, strides).astype(float)

    for mesh in gltf.meshes:
        for primitive in mesh.primitives:
            points = rows(primitive.attributes.POSITION, "<u2", 3)
            normals = rows(primitive.attributes.NORMAL, "i1", 3) / 127
            wide = gltf.accessors[primitive.indices].componentType == pygltflib.UNSIGNED_INT
            corners = rows(primitive.indices, "<u4" if wide else "<u2", 1).astype(int).reshape(-1, 3)
            one, two, three = (points[corners[:, k]] for k in range(3))
            across = np.cross(two - one, three - one)
            size = np.linalg.norm(across, axis=1)
            there = size > 1e4
            planes = across[there] / size[there, None]
            cosines.append(np.einsum("ij,ij->i", planes, normals[corners[there, 0]]))
    assert np.concatenate(cosines).min() > 0.99


def test_equal_shapes_share_a_mesh_unless_they_must_not(files: Files) -> None:
    one = convert(HOUSE, files, output_filename="one.glb").statistics
    many = convert(HOUSE, files, output_filename="many.glb", instanced=False).statistics
    assert one["meshes"] < many["meshes"] == many["meshed"]
    assert differences(reference(HOUSE), read_glb(files.outputs / "many.glb")) == []


def test_a_scene_can_have_texture_coordinates(files: Files) -> None:
    convert(HOUSE, files, output_filename="it.glb", generate_uvs=True)
    scene: Any = trimesh.load(files.outputs / "it.glb")
    mesh = next(iter(scene.geometry.values()))
    assert mesh.visual.uv.shape == (len(mesh.vertices), 2)
    assert np.abs(mesh.visual.uv).max() > 0.1


@scenes
def test_every_bad_file_ends_in_a_typed_error_or_a_result(corpus: Path, files: Files, kind: str) -> None:
    listed = json.loads((corpus / "bad/manifest.json").read_text())
    names = [entry["file"] for entry in listed if entry["kind"] == "ifc"]
    assert len(names) > 30
    for name in names:
        try:
            result = convert(corpus / "bad" / name, files, output_filename=f"bad.{kind}")
        except PipelineError as error:
            assert error.message
        else:
            found = READERS[kind](files.outputs / f"bad.{kind}")
            assert len(found) <= result.statistics["elements"]
