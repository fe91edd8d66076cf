"""ifcdiff: what it finds between two models, what it leaves alone, and what its reports show."""

from __future__ import annotations

import importlib.util
import json
import math
import os
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element
import pytest

from functions.core import Files
from functions.core.errors import InputError
from functions.core.registry import operation
from functions.ifc.comparison.comparison import Comparison
from tests.browser import browse, needs_browser

ROOT = Path(__file__).resolve().parents[3]
OLD, NEW = (ROOT / "examples" / name for name in ("house-architecture.ifc", "house-architecture-v2.ifc"))
EDITS = json.loads((ROOT / "examples" / "edits.json").read_text())
SECTIONS = ("openings", "types")
LISTS = ("added", "deleted", "changed")
SAMPLE = 25
NOTHING = {name: 0 for name in LISTS}


def execute(old: Path, new: Path, folder: Path, **request: Any) -> tuple[Any, Path, list[str]]:
    """Return the result, the report and the warnings of a comparison."""
    chosen = operation("ifcdiff")
    warnings: list[str] = []
    folder.mkdir(exist_ok=True)
    inputs = {f"old_file/{old.name}": old, f"new_file/{new.name}": new}
    files = Files(inputs=inputs, outputs=folder, scratch=folder, on_warning=warnings.append)
    old_file, new_file = inputs
    parsed = chosen.parse({"old_file": old_file, "new_file": new_file, **request})
    result = chosen.load()(parsed, files)
    assert result.success
    assert result.output
    return result, folder / result.output, warnings


def diff(old: Path, new: Path, folder: Path, **request: Any) -> dict[str, Any]:
    """Return the JSON report of a comparison."""
    result, report, _ = execute(old, new, folder, **request)
    content: dict[str, Any] = json.loads(report.read_text("utf-8"))
    assert {name: len(content[name]) for name in LISTS} == {name: result.statistics[name] for name in LISTS}
    return content


def counts(content: dict[str, Any]) -> dict[str, int]:
    """Return how many objects of all sections were added, deleted and changed."""
    parts = [content, *(content[name] for name in SECTIONS)]
    return {name: sum(len(part[name]) for part in parts) for name in LISTS}


def union(content: dict[str, Any], name: str) -> set[str]:
    return set(content[name]).union(*(content[section][name] for section in SECTIONS))


def kinds(content: dict[str, Any]) -> set[tuple[str, str]]:
    """Return every (GlobalId, kind) of change."""
    parts = [content, *(content[name] for name in SECTIONS)]
    return {
        (guid, kind) for part in parts for guid, entry in part["changed"].items() for kind in entry["kinds"]
    }


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    return diff(OLD, NEW, tmp_path_factory.mktemp("house"), is_shallow=False)


def test_it_finds_the_edits_of_the_house_and_what_follows_from_them(house: dict[str, Any]) -> None:
    assert union(house, "added") == {edit["global_id"] for edit in EDITS["added"]}
    assert union(house, "deleted") == {edit["global_id"] for edit in EDITS["deleted"]}
    expected = {
        (edit["global_id"], {"shape": "geometry"}.get(edit["kind"], edit["kind"]))
        for edit in EDITS["changed"]
    }
    touched = {edit["global_id"] for name in ("changed", "deleted") for edit in EDITS[name]}
    model = ifcopenshell.open(OLD)
    hosts = {
        (relation.RelatingBuildingElement.GlobalId, "geometry")
        for relation in model.by_type("IfcRelVoidsElement")
        if relation.RelatedOpeningElement.GlobalId in touched
    }
    assert len(hosts) == 2  # a window moved with its opening, another one went with its own
    assert kinds(house) == expected | hosts


def test_every_change_has_its_old_and_new_values(house: dict[str, Any]) -> None:
    names = {"property": "properties_changed", "quantity": "quantities_changed"}
    compared = 0
    for edit in EDITS["changed"]:
        entry = (house["changed"] | house["openings"]["changed"])[edit["global_id"]]
        kind = {"shape": "geometry"}.get(edit["kind"], edit["kind"])
        (difference,) = entry[names.get(kind, f"{kind}_changed")]
        assert entry["class"] == edit["class"]
        if "new" in edit:
            shown = str(difference["new"]) if kind == "classification" else difference["new"]
            assert difference["old"] == edit["old"]
            assert shown == edit["new"] or (kind == "classification" and shown.startswith(edit["new"]))
            compared += 1
        if "property" in edit or "attribute" in edit:
            assert difference["name"] == edit.get("property", edit.get("attribute"))
        if "vector_m" in edit:
            assert difference["vector_m"] == edit["vector_m"]
            compared += 1
    assert compared == 9
    roof = next(edit["global_id"] for edit in EDITS["changed"] if edit["kind"] == "shape")
    (shape,) = house["changed"][roof]["geometry_changed"]
    assert shape["deviation_m"] == pytest.approx(0.1, abs=0.001)
    assert shape["new"]["volume_m3"] > shape["old"]["volume_m3"]


def test_the_other_way_round_is_the_same_with_old_and_new_exchanged(
    house: dict[str, Any], tmp_path: Path
) -> None:
    back = diff(NEW, OLD, tmp_path, is_shallow=False)
    assert union(back, "added") == union(house, "deleted")
    assert union(back, "deleted") == union(house, "added")
    assert kinds(back) == kinds(house)


def load_scorer(corpus: Path) -> Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]]:
    spec = importlib.util.spec_from_file_location("score_diff", corpus / "scripts" / "score_diff.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    score: Callable[[dict[str, Any], dict[str, Any]], dict[str, Any]] = module.score
    return score


def test_it_scores_exactly_on_the_pairs_of_the_corpus(corpus: Path, tmp_path: Path) -> None:
    """All edits that must be no change, and a sample of the others; each kind and no other one."""
    score = load_scorer(corpus)
    truths = [
        (path, json.loads(path.read_text())) for path in sorted((corpus / "diff").rglob("*.truth.json"))
    ]
    silent = [pair for pair in truths if pair[1]["note"] == "must be no change"]
    others = [pair for pair in truths if pair not in silent]
    assert len(silent) > 10
    wrong = []
    for path, truth in silent + random.Random(4).sample(others, SAMPLE):  # noqa: S311 - the same on every run
        content = diff(path.parent / "old.ifc", path.parent / truth["new"], tmp_path, is_shallow=False)
        found = score(truth, content)
        if not found["exact"] or found["kind_missing"] or found["kind_extra"]:
            wrong.append(found)
        for guid, entry in content["changed"].items():
            planted = truth["changed"].get(guid)
            if planted and not set(planted["must"]) <= set(entry["kinds"]) <= {
                *planted["must"],
                *planted["may"],
            }:
                wrong.append({"edit": truth["edit"], guid: entry["kinds"]})
        if truth["note"] == "must be no change" and counts(content) != NOTHING:
            wrong.append({"edit": truth["edit"], **counts(content)})
    assert not wrong


NUMBERED = re.compile(r"('(?:[^']|'')*')|#(\d+)|(?<=[(,])(-?\d+\.\d*(?:[Ee][-+]?\d+)?)(?=[,)])")


def rewrite(path: Path, folder: Path) -> Path:
    """Return the same model with other numbers, in another order, in another notation, with comments."""

    def change(found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        return f"#{90000 - 3 * int(found[2])} " if found[2] else f" {float(found[3]):.14E}"

    head, data = path.read_text().split("DATA;", 1)
    body = data[: data.rindex("ENDSEC;")]
    lines = [NUMBERED.sub(change, line) for line in body.splitlines() if line][::-1]
    text = "\n/* ; #1 ' */\n".join(lines) + "\nENDSEC;\nEND-ISO-10303-21;\n"
    output = folder / "rewritten.ifc"
    output.write_text(head + "DATA;\n" + text)
    return output


@pytest.mark.parametrize("name", ["architecture", "structure", "services", "site"])
def test_another_notation_is_no_change(name: str, tmp_path: Path) -> None:
    path = ROOT / "examples" / f"house-{name}.ifc"
    result, report, _ = execute(path, rewrite(path, tmp_path), tmp_path)
    content = json.loads(report.read_text())
    assert counts(content) == NOTHING
    assert result.statistics["unchanged"] > 5


@pytest.mark.parametrize("name", ["architecture", "structure", "services", "site"])
def test_values_say_that_a_model_equals_itself(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where keys are no help everything is compared by its values, and shapes by their meshes."""
    monkeypatch.setattr(Comparison, "_differ", lambda self, kind, matched: matched.pairs)
    path = ROOT / "examples" / f"house-{name}.ifc"
    result, report, _ = execute(path, path, tmp_path)
    assert counts(json.loads(report.read_text())) == NOTHING
    assert result.statistics["meshed"] > 10


def build(folder: Path, name: str, make: Callable[[ifcopenshell.file], Any]) -> Path:
    """Write a model that starts as the house does, changed by `make`."""
    model = ifcopenshell.open(OLD)
    make(model)
    path = folder / name
    model.write(path)
    return path


def slab(model: ifcopenshell.file) -> Any:
    return next(item for item in model.by_type("IfcSlab") if item.Name == "Slab 0")


def test_a_shape_in_another_form_is_no_change(tmp_path: Path) -> None:
    def express(model: ifcopenshell.file) -> None:
        """Turn an extruded slab into faces."""
        body = slab(model).Representation.Representations[0]
        solid = body.Items[0]
        ring = [point.Coordinates for point in outline(model, solid)]
        x, y, z = solid.Position.Location.Coordinates if solid.Position else (0.0, 0.0, 0.0)
        low = [model.createIfcCartesianPoint((u + x, v + y, z)) for u, v in ring]
        high = [model.createIfcCartesianPoint((u + x, v + y, z + solid.Depth)) for u, v in ring]
        sides = [[low[i - 1], low[i], high[i], high[i - 1]] for i in range(len(low))]
        faces = [
            model.createIfcFace([model.createIfcFaceOuterBound(model.createIfcPolyLoop(loop), True)])
            for loop in (low[::-1], high, *sides)
        ]
        body.RepresentationType, body.Items = (
            "Brep",
            [model.createIfcFacetedBrep(model.createIfcClosedShell(faces))],
        )

    new = build(tmp_path, "faces.ifc", express)
    result, report, _ = execute(OLD, new, tmp_path)
    assert counts(json.loads(report.read_text())) == NOTHING
    assert result.statistics["meshed"] == 2


def outline(model: ifcopenshell.file, solid: Any) -> list[Any]:
    """Return the corners of a profile without the repeated last one."""
    profile = solid.SweptArea
    if profile.is_a("IfcRectangleProfileDef"):
        x, y = profile.XDim / 2, profile.YDim / 2
        at = profile.Position.Location.Coordinates if profile.Position else (0.0, 0.0)
        corners = ((-x, -y), (x, -y), (x, y), (-x, y))
        return [model.createIfcCartesianPoint((at[0] + u, at[1] + v)) for u, v in corners]
    points = list(profile.OuterCurve.Points)
    return points[:-1] if points[0].Coordinates == points[-1].Coordinates else points


def test_a_placement_that_took_over_what_coordinates_said_is_no_change(tmp_path: Path) -> None:
    def shift(model: ifcopenshell.file) -> None:
        element = slab(model)
        place = element.ObjectPlacement.RelativePlacement
        x, y, z = place.Location.Coordinates
        place.Location = model.createIfcCartesianPoint((x + 500.0, y, z))
        solid = element.Representation.Representations[0].Items[0]
        at = solid.Position.Location.Coordinates if solid.Position else (0.0, 0.0, 0.0)
        origin = model.createIfcCartesianPoint((at[0] - 500.0, at[1], at[2]))
        solid.Position = model.createIfcAxis2Placement3D(origin)

    content = diff(OLD, build(tmp_path, "shifted.ifc", shift), tmp_path)
    assert counts(content) == NOTHING


def test_a_turned_element_is_told_by_its_angle_and_axis(tmp_path: Path) -> None:
    def turn(model: ifcopenshell.file) -> None:
        place = slab(model).ObjectPlacement.RelativePlacement
        place.Axis, place.RefDirection = (
            model.createIfcDirection((0.0, 0.0, 1.0)), model.createIfcDirection((0.0, 1.0, 0.0))
        )  # fmt: skip

    content = diff(OLD, build(tmp_path, "turned.ifc", turn), tmp_path)
    (entry,) = (one for one in content["changed"].values() if one["name"] == "Slab 0")
    (moved,) = entry["placement_changed"]
    assert moved["rotation_deg"] == 90
    assert moved["rotation_axis"] == [0, 0, 1]
    assert moved["distance_m"] == 0


def test_what_is_moved_by_no_more_than_the_tolerance_is_not_moved(tmp_path: Path) -> None:
    def shift(model: ifcopenshell.file) -> None:
        place = slab(model).ObjectPlacement.RelativePlacement
        x, y, z = place.Location.Coordinates
        place.Location = model.createIfcCartesianPoint((x + 2.0, y, z))  # millimetres

    new = build(tmp_path, "shifted.ifc", shift)
    (entry,) = diff(OLD, new, tmp_path, relationships=["geometry"])["changed"].values()
    (moved,) = entry["placement_changed"]
    assert moved["distance_m"] == pytest.approx(0.002)
    assert counts(diff(OLD, new, tmp_path, relationships=["geometry"], tolerance=0.003)) == NOTHING


def test_another_unit_of_length_is_no_change_of_place_and_shape(tmp_path: Path) -> None:
    """The structure in metres, and in millimetres with all its numbers a thousand times as large."""
    path = ROOT / "examples" / "house-structure.ifc"
    model = ifcopenshell.open(path)
    for point in model.by_type("IfcCartesianPoint"):
        point.Coordinates = [value * 1000 for value in point.Coordinates]
    for solid in model.by_type("IfcExtrudedAreaSolid"):
        solid.Depth *= 1000
    for profile in model.by_type("IfcParameterizedProfileDef"):
        for index, value in enumerate(profile):
            if isinstance(value, float):
                profile[index] = value * 1000
    for unit in model.by_type("IfcSIUnit"):
        if unit.UnitType == "LENGTHUNIT":
            unit.Prefix = "MILLI"
    model.write(tmp_path / "mm.ifc")
    content = diff(path, tmp_path / "mm.ifc", tmp_path, relationships=["geometry"])
    assert counts(content) == NOTHING
    assert content["statistics"]["meshed"] > 20


def test_objects_with_one_global_id_are_paired_by_likeness(tmp_path: Path) -> None:
    def copy(model: ifcopenshell.file) -> None:
        doors = model.by_type("IfcDoor")
        doors[1].GlobalId = doors[0].GlobalId

    def rename(model: ifcopenshell.file) -> None:
        copy(model)
        model.by_type("IfcDoor")[0].Name = "renamed"

    old, new = build(tmp_path, "a.ifc", copy), build(tmp_path, "b.ifc", rename)
    result, report, warnings = execute(old, new, tmp_path)
    content = json.loads(report.read_text())
    (entry,) = content["changed"].values()
    assert entry["attributes_changed"] == [{"name": "Name", "old": entry_name(old), "new": "renamed"}]
    assert any("GlobalId that another one has" in warning for warning in warnings)
    assert result.statistics["added"] == result.statistics["deleted"] == 0


def test_objects_without_a_global_id_are_left_out_and_counted(tmp_path: Path) -> None:
    def forget(model: ifcopenshell.file) -> None:
        model.by_type("IfcDoor")[0].GlobalId = None

    old, new = build(tmp_path, "a.ifc", lambda _: None), build(tmp_path, "b.ifc", forget)
    result, _, warnings = execute(old, new, tmp_path)
    assert warnings == ["1 objects have no GlobalId to be known by: they are left out"]
    assert [result.statistics[name] for name in ("without_global_id", "deleted", "added")] == [1, 1, 0]


def entry_name(path: Path) -> str:
    name: str = ifcopenshell.open(path).by_type("IfcDoor")[0].Name
    return name


@pytest.mark.parametrize("name", ["cyc_mapped.ifc", "cyc_placement2.ifc", "cyc_aggregate.ifc"])
def test_a_model_with_a_circle_equals_itself(name: str, corpus: Path, tmp_path: Path) -> None:
    path = corpus / "bad" / name
    assert counts(diff(path, path, tmp_path)) == NOTHING


def test_relationships_limit_what_is_looked_for(tmp_path: Path) -> None:
    for asked, expected in (
        (["type"], {"type"}),
        (["property"], {"property", "quantity"}),
        (["geometry"], {"placement", "geometry"}),
        ("shape, material", {"geometry", "material"}),
    ):
        content = diff(OLD, NEW, tmp_path, relationships=asked)
        assert set(content["statistics"]["kinds"]) == expected


def test_a_shallow_comparison_lists_the_first_difference_of_a_kind(tmp_path: Path) -> None:
    def change(model: ifcopenshell.file) -> None:
        door = model.by_type("IfcDoor")[0]
        door.Name, door.Description, door.Tag = "other", "other", "other"

    new = build(tmp_path, "c.ifc", change)
    (shallow,) = diff(OLD, new, tmp_path)["changed"].values()
    (deep,) = diff(OLD, new, tmp_path, is_shallow=False)["changed"].values()
    assert [one["name"] for one in deep["attributes_changed"]] == ["Name", "Description", "Tag"]
    assert shallow["attributes_changed"] == deep["attributes_changed"][:1]
    assert shallow["more"] == {"attributes": 2}
    assert "more" not in deep


def test_a_query_says_what_is_compared(tmp_path: Path) -> None:
    content = diff(OLD, NEW, tmp_path, filter_elements="IfcDoor")
    assert {entry["class"] for entry in content["changed"].values()} == {"IfcDoor"}
    assert len(content["changed"]) == 2
    assert counts(content) == {"added": 0, "deleted": 0, "changed": 2}
    types = diff(OLD, NEW, tmp_path, filter_elements="IfcWallType")
    assert len(types["added"]) == 1
    with pytest.raises(InputError) as caught:
        execute(OLD, NEW, tmp_path, filter_elements="IfcNothing")
    assert caught.value.field == "filter_elements"


def test_a_container_is_also_that_of_the_whole(tmp_path: Path) -> None:
    """As with IfcDiff, a part of something that moved to another storey is in another storey."""

    def move(model: ifcopenshell.file) -> None:
        upper = next(one for one in model.by_type("IfcBuildingStorey") if one.Name == "Upper floor")
        relation = next(
            one
            for one in model.by_type("IfcRelContainedInSpatialStructure")
            if one.RelatingStructure != upper
        )
        relation.RelatingStructure = upper

    content = diff(OLD, build(tmp_path, "d.ifc", move), tmp_path, relationships=["container"])
    assert set(content["statistics"]["kinds"]) == {"container"}
    assert len(content["changed"]) > 5
    assert content["openings"]["changed"]


def test_versions_are_taken_under_their_older_names() -> None:
    request = operation("ifcdiff").parse({"old_file": "a.ifc", "new_file": "b.ifc", "old_version_id": "1"})
    assert request.input_version_ids == {"old_file": "1"}
    with pytest.raises(InputError) as caught:
        operation("ifcdiff").parse({
            "old_file": "a.ifc", "new_file": "b.ifc", "old_version_id": "1",
            "input_version_ids": {"old_file": "2"},
        })  # fmt: skip
    assert caught.value.field == "input_version_ids"


def test_the_format_follows_the_name(tmp_path: Path) -> None:
    result, _, _ = execute(OLD, NEW, tmp_path)
    assert result.output == "diff.json"
    result, report, _ = execute(OLD, NEW, tmp_path, output_file="what.HTML")
    assert report.read_text().startswith("<!doctype html>")
    with pytest.raises(InputError) as caught:
        execute(OLD, NEW, tmp_path, output_file="what.html", format="json")
    assert caught.value.field == "output_file"


@needs_browser
def test_the_page_shows_counts_and_every_change(tmp_path: Path) -> None:
    def name(model: ifcopenshell.file) -> None:
        model.by_type("IfcDoor")[0].Name = "<script>alert(1)</script>"

    _, page, _ = execute(OLD, NEW, tmp_path, format="html")
    shown = browse(page, tmp_path / "profile")
    facts = dict(re.findall(r'<dd id="(\w+)">([^<]*)</dd>', shown))
    assert {key: int(facts[key]) for key in LISTS} == {"added": 1, "deleted": 1, "changed": 10}
    assert facts["old"] == OLD.name
    rows = [re.findall(r"<td>(.*?)</td>", row) for row in re.findall(r"<tr>(.*?)</tr>", shown)]
    assert ["attributes", "1"] in rows
    assert ["IfcWall", "0", "0", "3", "type 1, property 1, geometry 2"] in rows
    assert any(row[3:] == ["property", "Pset_WallCommon.FireRating", "REI 60", "REI 90"] for row in rows)
    assert any(row[3:5] == ["placement", "moved by (0.25, 0, 0) m"] for row in rows)
    _, evil, _ = execute(OLD, build(tmp_path, "e.ifc", name), tmp_path, format="html")
    assert "<script" not in evil.read_text()


@pytest.mark.parametrize(("version", "module"), [("2.1", "bcf.v2.bcfxml"), ("3.0", "bcf.v3.bcfxml")])
def test_topics_have_their_element_in_view(version: str, module: str, tmp_path: Path) -> None:
    _, report, _ = execute(OLD, NEW, tmp_path, format="bcf", bcf_version=version)
    project = importlib.import_module(module).BcfXml.load(report)
    topics = {one.topic.title: one for one in project.topics.values()}
    assert len(topics) == 12
    window = topics["Changed: IfcWindow F-01"]
    assert "moved by (0.25, 0, 0) m" in window.topic.description
    camera = next(iter(window.viewpoints.values())).visualization_info.perspective_camera
    eye, direction = (
        (vector.x, vector.y, vector.z) for vector in (camera.camera_view_point, camera.camera_direction)
    )
    middle = (1.75 + 0.6, 0.115, 0.9 + 0.6)  # of the window, about
    way = [b - a for a, b in zip(eye, middle, strict=True)]
    cosine = sum(a * b for a, b in zip(way, direction, strict=True)) / math.hypot(*way)
    assert math.degrees(math.acos(min(1.0, cosine))) < 15
    assert 1.5 < math.hypot(*way) < 6
    assert {title.partition(":")[0] for title in topics} == {"Changed", "Added", "Deleted"}


def test_the_scene_is_coloured_by_change(tmp_path: Path) -> None:
    pygltflib = pytest.importorskip("pygltflib")
    _, report, _ = execute(OLD, NEW, tmp_path, format="glb")
    scene = pygltflib.GLTF2().load(str(report))
    looks = {}
    for node in scene.nodes:
        if node.mesh is not None:
            (primitive,) = scene.meshes[node.mesh].primitives
            looks[node.extras["name"]] = node.extras["change"], scene.materials[primitive.material].name
    assert looks["Chimney"] == ("added", "added")
    assert looks["F-16"] == ("deleted", "deleted")
    assert looks["F-01"] == ("placement", "changed: placement")
    assert looks["W-E01 south"] == ("property, geometry", "changed: geometry")
    assert looks["W-E02 east"] == ("unchanged", "unchanged")
    colours = {one.name: one.pbrMetallicRoughness.baseColorFactor for one in scene.materials}
    assert max(colours["added"][:3]) == colours["added"][1]  # green
    assert max(colours["deleted"][:3]) == colours["deleted"][0]  # red
    assert len(set(colours["unchanged"][:3])) == 1  # grey


@pytest.mark.parametrize("kind", ["json", "html", "bcf", "glb"])
def test_reports_do_not_depend_on_the_process(kind: str, tmp_path: Path) -> None:
    """Keys are Python's own hashes, which differ from one process to the next."""
    code = (
        "import sys; from pathlib import Path; from functions.core import Files;"
        "from functions.core.registry import operation as find; one = find('ifcdiff');"
        "old, new, out, kind = sys.argv[1:]; files = Files(inputs={'a': Path(old), 'b': Path(new)},"
        "outputs=Path(out), scratch=Path(out));"
        "one.load()(one.parse({'old_file': 'a', 'new_file': 'b', 'format': kind}), files)"
    )
    found = []
    for seed in ("1", "2"):
        (tmp_path / seed).mkdir()
        command = [sys.executable, "-c", code, str(OLD), str(NEW), str(tmp_path / seed), kind]
        subprocess.run(command, check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed})
        found.append((tmp_path / seed / f"diff.{kind}").read_bytes())
    assert found[0] == found[1]
    if kind == "bcf":
        assert zipfile.is_zipfile(tmp_path / "1" / "diff.bcf")
