"""Models become GLBs that hold every element, at its place, in its colours."""

from __future__ import annotations

import dataclasses
import json
import struct
from pathlib import Path
from typing import Any

import pytest
import trimesh

from benchmarks.glb import differences, read_glb, reference
from benchmarks.replicate import replicate
from functions.core import Files
from functions.core.errors import InputError, ModelError, PipelineError
from tests.operations.ifcconvert.conversion import convert

MODELS = (
    "bim-whale/SimpleWall.ifc",
    "bim-whale/TallBuilding.ifc",
    "pcert/Building-Architecture.ifc",
    "pcert/Building-Hvac.ifc",
    "pcert/Building-Structural.ifc",
)


EXAMPLES = Path(__file__).resolve().parents[3] / "examples"


def document(path: Path) -> dict[str, Any]:
    data = path.read_bytes()
    body: dict[str, Any] = json.loads(data[20 : 20 + struct.unpack_from("<I", data, 12)[0]])
    return body


@pytest.mark.parametrize("name", MODELS)
def test_elements_boxes_surfaces_and_colours_are_those_of_opencascade(
    corpus: Path, files: Files, name: str
) -> None:
    model = corpus / "models" / name
    result = convert(model, files)
    output = files.outputs / f"{model.stem}.glb"
    expected = reference(model)
    assert differences(expected, read_glb(output)) == []
    assert result.statistics["meshed"] == result.statistics["elements"] == len(expected)
    assert trimesh.load(output).bounds is not None


@pytest.mark.parametrize("name", ["house-architecture.ifc", "house-services.ifc"])
def test_round_pipes_and_roofs_keep_to_the_millimetre(files: Files, name: str) -> None:
    convert(EXAMPLES / name, files, output_filename="house.glb")
    assert differences(reference(EXAMPLES / name), read_glb(files.outputs / "house.glb")) == []


def test_the_robust_way_gives_the_same(corpus: Path, files: Files) -> None:
    model = corpus / "models/bim-whale/SimpleWall.ifc"
    result = convert(model, dataclasses.replace(files, robust=True))
    assert result.statistics["confirmed"] == 0
    assert differences(reference(model), read_glb(files.outputs / "SimpleWall.glb")) == []


def test_walls_without_their_openings(corpus: Path, files: Files) -> None:
    model = corpus / "models/bim-whale/SimpleWall.ifc"
    cut, uncut = files.outputs / "cut.glb", files.outputs / "uncut.glb"
    convert(model, files, output_filename=cut.name)
    convert(model, files, output_filename=uncut.name, disable_opening_subtractions=True)
    one, other = read_glb(cut), read_glb(uncut)
    assert [guid for guid in one if one[guid].area != pytest.approx(other[guid].area)] != []


def test_nodes_say_what_they_are(corpus: Path, files: Files) -> None:
    convert(corpus / "models/bim-whale/SimpleWall.ifc", files)
    nodes = document(files.outputs / "SimpleWall.glb")["nodes"]
    walls = [node for node in nodes if node.get("extras", {}).get("class") == "IfcWallStandardCase"]
    assert [wall["name"] for wall in walls] == [walls[0]["extras"]["GlobalId"]]
    assert walls[0]["extras"].keys() == {"GlobalId", "class", "name", "storey"}
    assert walls[0]["extras"]["storey"]


def test_the_same_model_gives_the_same_bytes(corpus: Path, files: Files) -> None:
    model = corpus / "models/bim-whale/TallBuilding.ifc"
    outputs = [files.outputs / f"{name}.glb" for name in ("one", "two")]
    for output in outputs:
        convert(model, files, output_filename=output.name)
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


def test_equal_walls_are_cut_once(corpus: Path, files: Files) -> None:
    text = (corpus / "models/bim-whale/SimpleWall.ifc").read_text(encoding="latin-1")
    model = files.scratch / "row.ifc"
    model.write_text("".join(replicate(text, copies=4, spacing=50_000.0)), encoding="latin-1")
    result = convert(model, files)
    assert result.statistics["shared"] > 0
    assert result.statistics["meshes"] == 2
    assert differences(reference(model), read_glb(files.outputs / "row.glb")) == []


def test_equal_faces_are_made_once_and_their_colours_count(corpus: Path, files: Files) -> None:
    text = (corpus / "models/bim-whale/TallBuilding.ifc").read_text(encoding="latin-1")
    model = files.scratch / "row.ifc"
    copies = "".join(replicate(text, copies=2, spacing=50_000.0))
    model.write_text(copies, encoding="latin-1")
    alike = convert(model, files)
    place = copies.rindex("IFCCOLOURRGB($,0.968627450980392")  # the second copy's doors turn dark
    model.write_text(copies[:place] + copies[place:].replace("$,0.968", "$,0.168", 1), encoding="latin-1")
    coloured = convert(model, files)
    assert alike.statistics["meshes"] < coloured.statistics["meshes"]
    assert differences(reference(model), read_glb(files.outputs / "row.glb")) == []


def test_a_varied_row_of_walls_is_right_too(corpus: Path, files: Files) -> None:
    text = (corpus / "models/bim-whale/TallBuilding.ifc").read_text(encoding="latin-1")
    model = files.scratch / "row.ifc"
    model.write_text("".join(replicate(text, copies=2, spacing=50_000.0, vary=True)), encoding="latin-1")
    convert(model, files)
    assert differences(reference(model), read_glb(files.outputs / "row.glb")) == []


def test_only_what_is_included_is_converted(corpus: Path, files: Files) -> None:
    model = corpus / "models/bim-whale/TallBuilding.ifc"
    convert(model, files, include="IfcSlab IfcWall", exclude=["IfcSlab"])
    nodes = document(files.outputs / "TallBuilding.glb")["nodes"]
    assert {node["extras"]["class"] for node in nodes if "extras" in node} == {"IfcWallStandardCase"}


def test_one_element_by_its_globalid(corpus: Path, files: Files) -> None:
    model = corpus / "models/bim-whale/SimpleWall.ifc"
    guid = next(iter(reference(model)))
    convert(model, files, include=[guid], include_type="guids")
    assert set(read_glb(files.outputs / "SimpleWall.glb")) == {guid}


@pytest.mark.parametrize(
    "request_", [{"include": ["IfcWal"]}, {"exclude": ["nowhere"], "exclude_type": "guids"}]
)
def test_a_name_that_stands_for_nothing_is_refused(
    corpus: Path, files: Files, request_: dict[str, Any]
) -> None:
    with pytest.raises(InputError) as caught:
        convert(corpus / "models/bim-whale/SimpleWall.ifc", files, **request_)
    assert caught.value.field == next(iter(request_))


def test_a_model_of_lines_gives_an_empty_scene_and_says_so(corpus: Path, files: Files) -> None:
    model = next((corpus / "models/openingdesign").glob("*Model_Line*CV_2_0*.ifc"))
    warnings: list[str] = []
    convert(model, files, warnings, output_filename="lines.glb")
    assert read_glb(files.outputs / "lines.glb") == {}
    assert any("empty" in line for line in warnings)


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("cyc_placement2.ifc", "#11"),
        ("cyc_mapped.ifc", "#15"),
        ("huge_place.ifc", "#10"),
        ("zero_depth.ifc", "#10"),
    ],
)
def test_what_cannot_be_meshed_is_named(corpus: Path, files: Files, name: str, reason: str) -> None:
    with pytest.raises(ModelError, match=reason):
        convert(corpus / "bad" / name, files)


def test_a_boolean_of_itself_is_found_before_native_code_sees_it(corpus: Path, files: Files) -> None:
    text = (corpus / "bad/crlf.ifc").read_text().replace("(#16))", "(#60))")
    text = text.replace("ENDSEC;\nEND-ISO", "#60=IFCBOOLEANRESULT(.DIFFERENCE.,#16,#60);\nENDSEC;\nEND-ISO")
    model = files.scratch / "self.ifc"
    model.write_text(text)
    with pytest.raises(ModelError, match="#60"):
        convert(model, files)


def test_a_damaged_element_does_not_cost_its_neighbours(corpus: Path, files: Files) -> None:
    text = (corpus / "bad/dup_guid.ifc").read_text()
    walls = [line for line in text.splitlines() if "=IFCWALL(" in line]
    solid = next(line for line in text.splitlines() if "=IFCEXTRUDEDAREASOLID(" in line)
    text = text.replace(solid, solid.replace(",3.);", ",0.);"))
    model = files.scratch / "damaged.ifc"
    model.write_text(text)
    warnings: list[str] = []
    result = convert(model, files, warnings)
    assert (len(walls), result.statistics["meshed"], result.statistics["failed"]) == (2, 1, 1)
    assert any(line.startswith("#") for line in warnings)
    with pytest.raises(ModelError, match="1 of 2 elements have no shape"):
        convert(model, files, validate=True)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("IFCCARTESIANPOINT((-533.5,-1124.))", "IFCCARTESIANPOINT($)"),
        ("IFCCARTESIANPOINT((457.5,-1048.))", "IFCCARTESIANPOINT((457.5))"),
        ("IFCFACEBOUND(#10235,.T.)", "IFCFACEBOUND($,.T.)"),
    ],
)
def test_a_damaged_point_costs_one_door_at_the_most(
    corpus: Path, files: Files, tmp_path: Path, old: str, new: str
) -> None:
    text = (corpus / "models/bim-whale/TallBuilding.ifc").read_text(encoding="latin-1")
    assert old in text
    model = tmp_path / "damaged.ifc"
    model.write_text(text.replace(old, new), encoding="latin-1")
    result = convert(model, files)
    assert result.statistics["failed"] <= 1
    assert result.statistics["made"] > 0


def test_every_bad_file_ends_in_a_typed_error_or_a_result(corpus: Path, files: Files) -> None:
    listed = json.loads((corpus / "bad/manifest.json").read_text())
    names = [entry["file"] for entry in listed if entry["kind"] == "ifc"]
    assert len(names) > 30
    for name in names:
        try:
            result = convert(corpus / "bad" / name, files, output_filename="bad.glb")
        except PipelineError as error:
            assert error.message
        else:
            assert result.success
            assert len(read_glb(files.outputs / "bad.glb")) <= result.statistics["elements"]
