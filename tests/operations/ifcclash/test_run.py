"""ifcclash: which clashes it finds in models, and what its reports show."""

from __future__ import annotations

import csv
import importlib.util
import json
import re
import shutil
import zipfile
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.api.geometry
import ifcopenshell.guid
import numpy as np
import pytest
import trimesh
from bcf.bcfxml import load

from functions.core import Files
from functions.core.errors import InputError
from functions.core.registry import operation
from functions.ifc.geometry.stream import Geometry
from tests.browser import browse, needs_browser

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
SERVICES, STRUCTURE = EXAMPLES / "house-services.ifc", EXAMPLES / "house-structure.ifc"
HOUSE = EXAMPLES / "house-architecture.ifc"
TRUTH = json.loads((EXAMPLES / "clashes.json").read_text(encoding="utf-8"))
SAFE: dict[str, Any] = {"mode": "clearance", "clearance": TRUTH["safe_distance_m"]}
KINDS = {"touch": "touching"}  # where the example says it otherwise


def execute(folder: Path, sets: list[dict[str, Any]], **request: Any) -> tuple[Any, Path, list[str]]:
    """Run it on clash sets whose files are paths; return the result, the report and the warnings."""
    chosen = operation("ifcclash")
    warnings: list[str] = []
    inputs: dict[str, Path] = {}

    def name(place: str, path: Path) -> str:
        inputs[f"{place}/{path.name}"] = path
        return f"{place}/{path.name}"

    body = [
        {
            key: [
                {**source, "file": name(f"clash_sets.{number}.{key}.{index}.file", source["file"])}
                for index, source in enumerate(value)
            ]
            if key in "ab"
            else value
            for key, value in one.items()
        }
        for number, one in enumerate(sets)
    ]
    if "previous" in request:
        request["previous"] = name("previous", request["previous"])
    folder.mkdir(exist_ok=True)
    files = Files(inputs=inputs, outputs=folder, scratch=folder, on_warning=warnings.append)
    result = chosen.load()(chosen.parse({"clash_sets": body, **request}), files)
    assert result.success
    assert result.output
    return result, folder / result.output, warnings


def pair(a: Path, b: Path, **more: Any) -> list[dict[str, Any]]:
    return [{"name": "Pair", "a": [{"file": a, **more}], "b": [{"file": b}]}]


def read(folder: Path, sets: list[dict[str, Any]], **request: Any) -> dict[str, Any]:
    """Return the only set of the JSON report, which agrees with the statistics."""
    result, report, _ = execute(folder, sets, **request)
    content = json.loads(report.read_text(encoding="utf-8"))
    found: dict[str, Any] = content["clash_sets"][0]
    assert result.statistics["clashes"] == sum(len(one["clashes"]) for one in content["clash_sets"])
    return found


def read_topics(path: Path) -> list[Any]:
    """Return the topics of a BCF with all that they hold: the reader reads late."""
    opened: Any = load(path)
    assert opened is not None
    with opened as archive:
        topics: list[Any] = list(archive.topics.values())
        assert all(handler.topic and handler.viewpoints for handler in topics)
    return topics


def named(clashes: list[dict[str, Any]]) -> set[tuple[str, str, str]]:
    return {(one["type"], one["a_name"], one["b_name"]) for one in clashes}


def expected(*kinds: str) -> set[tuple[str, str, str]]:
    return {
        (KINDS.get(one["kind"], one["kind"]), one["a"]["name"], one["b"]["name"])
        for one in TRUTH["clashes"]
        if one["kind"] in kinds
    }


@pytest.mark.parametrize(
    ("request_", "kinds"),
    [
        ({}, ("pierce", "overlap", "contained")),
        ({"tolerance": 0.1}, ("pierce", "contained")),
        ({"mode": "collision"}, ("pierce", "overlap", "contained")),
        ({"mode": "collision", "allow_touching": True}, ("pierce", "overlap", "contained", "touch")),
        (SAFE, ("pierce", "overlap", "contained", "touch", "clearance")),
        ({**SAFE, "clearance": 0.02}, ("pierce", "overlap", "contained", "touch")),
    ],
)
def test_the_clashes_of_the_example_house_are_found(
    tmp_path: Path, request_: dict[str, Any], kinds: tuple[str, ...]
) -> None:
    clashes = read(tmp_path, pair(SERVICES, STRUCTURE), **request_)["clashes"]
    assert named(clashes) == expected(*kinds)
    truth = {(one["a"]["global_id"], one["b"]["global_id"]): one for one in TRUTH["clashes"]}
    for one in clashes:
        known = truth[one["a_global_id"], one["b_global_id"]]
        assert (one["a_file"], one["b_file"]) == (SERVICES.name, STRUCTURE.name)
        assert (one["a_ifc_class"], one["b_ifc_class"]) == (known["a"]["class"], known["b"]["class"])
        assert one["distance"] == pytest.approx(known["distance_m"], abs=1e-3)  # pipes are polygons


@pytest.mark.parametrize(
    "request_",
    [
        {"mode": "intersection"},
        {"mode": "collision"},
        {"mode": "collision", "allow_touching": True},
        {"mode": "clearance", "clearance": 0.05},
    ],
)
@pytest.mark.parametrize(
    ("truth", "sides"),
    [
        ("synth", ("clash/synth_A_mm.ifc", "clash/synth_B_m.ifc")),
        ("arch_hvac", ("models/pcert/Building-Architecture.ifc", "models/pcert/Building-Hvac.ifc")),
        ("arch_struct", ("models/pcert/Building-Architecture.ifc", "models/pcert/Building-Structural.ifc")),
    ],
)
def test_precision_and_recall(
    corpus: Path, tmp_path: Path, truth: str, sides: tuple[str, str], request_: dict[str, Any]
) -> None:
    """As the scorer of the corpus has it."""
    mode = request_["mode"]
    found = read(tmp_path, pair(*(corpus / side for side in sides)), **request_)
    spec = importlib.util.spec_from_file_location("score_clash", corpus / "scripts" / "score_clash.py")
    assert spec is not None and spec.loader is not None
    scorer = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(scorer)
    pairs = json.loads((corpus / "clash" / f"{truth}.truth.json").read_text())["pairs"]
    wanted, known = set(), set()
    for one in pairs:
        verdict = scorer.classify(one, mode, 0.01, 0.05, bool(request_.get("allow_touching")), 1e-6)
        key = frozenset((one["a"], one["b"]))
        wanted |= {key} if verdict == "yes" else set()
        known |= {key} if verdict in {"grey", "touch"} else set()
    reported = scorer.pairs(found)
    right = len(reported & wanted)
    assert right / len(wanted) >= 0.98
    assert right / len(reported - known) >= 0.98


def test_depths_volumes_and_gaps_are_the_analytic_ones(corpus: Path, tmp_path: Path) -> None:
    truth = {
        (one["a"], one["b"]): one
        for one in json.loads((corpus / "clash" / "synth.truth.json").read_text())["pairs"]
    }
    sets = pair(corpus / "clash" / "synth_A_mm.ifc", corpus / "clash" / "synth_B_m.ifc")
    clashes = read(tmp_path, sets, mode="clearance", clearance=0.6)["clashes"]
    assert len(clashes) == len(truth)
    kinds = {"contained": "contained", "identical": "identical", "cross": "pierce"}
    for one in clashes:
        known = truth[one["a_global_id"], one["b_global_id"]]
        assert one["distance"] == pytest.approx(known["gap"], abs=1e-5)
        assert one["volume"] == pytest.approx(known["volume"], abs=1e-6)
        if known["depth"]:
            assert one["depth"] == pytest.approx(known["depth"], abs=1e-5)
        assert one["type"] == kinds.get(known["kind"], one["type"])


def test_exchanged_sides_give_the_same_clashes(tmp_path: Path) -> None:
    there = read(tmp_path / "a", pair(SERVICES, STRUCTURE), **SAFE)["clashes"]
    back = read(tmp_path / "b", pair(STRUCTURE, SERVICES), **SAFE)["clashes"]
    facts = ("type", "depth", "distance", "volume", "point", "method")
    assert {(one["a_global_id"], one["b_global_id"], str([one[key] for key in facts])) for one in there} == {
        (one["b_global_id"], one["a_global_id"], str([one[key] for key in facts])) for one in back
    }
    ways = {one["a_global_id"]: one["way"] for one in there}
    assert all(one["way"] == [-value + 0.0 for value in ways[one["b_global_id"]]] for one in back)


@pytest.mark.parametrize("kind", ["json", "csv", "html", "bcf", "glb"])
def test_the_same_bytes_every_time(tmp_path: Path, kind: str) -> None:
    reports = [
        execute(tmp_path / name, pair(SERVICES, STRUCTURE), format=kind, smart_grouping=True, **SAFE)[1]
        for name in ("one", "two")
    ]
    assert reports[0].name == f"house-services.clashes.{kind}"
    assert reports[0].read_bytes() == reports[1].read_bytes()


def test_one_id_in_two_files_is_two_elements(tmp_path: Path) -> None:
    copy = tmp_path / "copy" / STRUCTURE.name
    copy.parent.mkdir()
    shutil.copy(STRUCTURE, copy)
    clashes = read(tmp_path, pair(STRUCTURE, copy))["clashes"]
    own = [one for one in clashes if one["a_global_id"] == one["b_global_id"]]
    assert len(own) == len(ifcopenshell.open(STRUCTURE).by_type("IfcElement")) > 0
    assert {one["type"] for one in own} == {"identical"}
    assert {one["b_file"] for one in own} == {f"{STRUCTURE.name} (2)"}


def test_an_element_is_not_tested_with_itself(tmp_path: Path) -> None:
    both = read(tmp_path / "a", pair(STRUCTURE, STRUCTURE), mode="collision", allow_touching=True)["clashes"]
    sets = [{"name": "Self", "a": [{"file": STRUCTURE}]}]
    alone = read(tmp_path / "b", sets, mode="collision", allow_touching=True)["clashes"]
    pairs = [(one["a_global_id"], one["b_global_id"]) for one in alone]
    assert pairs and all(a != b for a, b in pairs)
    assert len({frozenset(one) for one in pairs}) == len(pairs)
    assert pairs == [(one["a_global_id"], one["b_global_id"]) for one in both]


def test_selectors_include_and_exclude(tmp_path: Path) -> None:
    for mode, count in (("i", 1), (None, 1), ("e", 4), ("a", 5)):
        sets = pair(SERVICES, STRUCTURE, selector="IfcDuctSegment, Name=/.*supply/", mode=mode)
        found = read(tmp_path, sets, **SAFE)["clashes"]
        assert len(found) == count
        assert any(one["a_name"] == "Duct 01 supply" for one in found) is (mode != "e")
    sets = pair(SERVICES, STRUCTURE, selector="IfcSanitaryTerminal")
    result, _, warnings = execute(tmp_path, sets)
    assert result.statistics["clashes"] == 0
    assert any("clash_sets.0.a.0" in warning for warning in warnings)
    with pytest.raises(InputError) as caught:
        execute(tmp_path, pair(SERVICES, STRUCTURE, selector="IfcDukt"))
    assert caught.value.field == "clash_sets.0.a.0.selector"


def test_what_belongs_together_is_tested_only_when_asked_for(tmp_path: Path) -> None:
    """Walls with their windows and doors, which are within their openings, do not clash."""
    sets = [{"name": "Self", "a": [{"file": HOUSE}]}]
    model = ifcopenshell.open(HOUSE)
    hosts = {
        frozenset((fills.RelatedBuildingElement.GlobalId, voids.RelatingBuildingElement.GlobalId))
        for voids in model.by_type("IfcRelVoidsElement")
        for fills in voids.RelatedOpeningElement.HasFillings
    }
    assert hosts
    for related in (False, True):
        request = {"mode": "collision", "allow_touching": True, "include_related": related}
        found = read(tmp_path, sets, **request)["clashes"]
        pairs = {frozenset((one["a_global_id"], one["b_global_id"])) for one in found}
        assert bool(pairs & hosts) is related


def test_several_sets_and_files_a_side(tmp_path: Path) -> None:
    sets = [
        {"name": "All", "a": [{"file": SERVICES}], "b": [{"file": STRUCTURE}, {"file": HOUSE}]},
        {
            "name": "Ducts",
            "a": [{"file": SERVICES, "selector": "IfcDuctSegment"}],
            "b": [{"file": STRUCTURE}],
        },
    ]
    _, report, _ = execute(tmp_path, sets)
    every, ducts = json.loads(report.read_text())["clash_sets"]
    assert named(ducts["clashes"]) == {("pierce", "Duct 01 supply", "Beam 02")}
    assert named(ducts["clashes"]) < named(every["clashes"])
    assert {one["b_file"] for one in every["clashes"]} >= {STRUCTURE.name}
    twice = [{**sets[0]}, {**sets[0]}]
    with pytest.raises(InputError) as caught:
        execute(tmp_path, twice)
    assert caught.value.field == "clash_sets.1.name"


def test_groups_by_place_and_by_element(tmp_path: Path) -> None:
    sets = [{"name": "Self", "a": [{"file": HOUSE}]}]
    request = {"mode": "collision", "allow_touching": True}
    plain = read(tmp_path, sets, **request)
    assert plain["groups"] == [] and {one["group"] for one in plain["clashes"]} == {None}
    found = read(tmp_path, sets, smart_grouping=True, max_cluster_distance=3, **request)
    clashes = {one["id"]: one for one in found["clashes"]}
    assert 1 < len(found["groups"]) < len(clashes)
    assert sorted(name for group in found["groups"] for name in group["clashes"]) == sorted(clashes)
    for group in found["groups"]:
        for name in group["clashes"]:
            assert clashes[name]["group"] == group["name"]
            assert np.linalg.norm(np.subtract(clashes[name]["point"], group["point"])) <= 3
    for element in found["elements"]:
        assert len(element["clashes"]) > 1
        for name in element["clashes"]:
            one = clashes[name]
            assert element["global_id"] in (one["a_global_id"], one["b_global_id"])


def test_a_former_report_tells_new_from_active_and_resolved(tmp_path: Path) -> None:
    _, report, _ = execute(tmp_path / "old", pair(SERVICES, STRUCTURE), **SAFE)
    model: Any = ifcopenshell.open(SERVICES)
    by_name: dict[str, Any] = {one.Name: one for one in model.by_type("IfcElement")}
    for name, shift in (("Duct 01 supply", 5.0), ("Pipe 11 heating", 0.0)):
        element = by_name[name]
        matrix = np.eye(4)
        matrix[:3, 3] = ifcopenshell.util.placement.get_local_placement(element.ObjectPlacement)[:3, 3]
        target = by_name["Pipe 12 stray"].ObjectPlacement if not shift else None
        matrix[2, 3] += shift
        if target is not None:
            matrix = ifcopenshell.util.placement.get_local_placement(target)
        ifcopenshell.api.geometry.edit_object_placement(model, product=element, matrix=matrix)
    by_name["Pipe 01 riser"].GlobalId = ifcopenshell.guid.new()  # exported anew
    changed = tmp_path / SERVICES.name
    model.write(str(changed))
    result, report, _ = execute(tmp_path / "new", pair(changed, STRUCTURE), previous=report, **SAFE)
    (found,) = json.loads(report.read_text())["clash_sets"]
    states = {one["a_name"]: one["status"] for one in found["clashes"]}
    assert states.pop("Pipe 11 heating") == "new"
    assert set(states.values()) == {"active"}
    assert "Pipe 01 riser" in states
    assert [(one["a_name"], one["status"]) for one in found["resolved"]] == [("Duct 01 supply", "resolved")]
    counts = result.statistics
    assert (counts["new"], counts["active"], counts["resolved"]) == (1, len(states), 1)


def test_a_clash_may_be_shown_elsewhere_as_long_as_its_elements_can_meet_there(tmp_path: Path) -> None:
    """Where large faces touch any of their points is as near as the one that was shown before."""
    (clash,) = [
        one
        for one in read(tmp_path / "old", pair(SERVICES, STRUCTURE), **SAFE)["clashes"]
        if one["a_name"] == "Pipe 02 heating"  # it runs along a beam, from x = 1 to x = 4.5
    ]
    x, y, z = clash["point"]
    assert x > 3
    for former_x, status in ((0.1, "active"), (-0.1, "new")):
        report = json.loads((tmp_path / "old" / "house-services.clashes.json").read_text())
        report["clash_sets"][0]["clashes"] = [{**clash, "point": [former_x, y, z]}]
        (tmp_path / "former.json").write_text(json.dumps(report))
        found = read(tmp_path / status, pair(SERVICES, STRUCTURE), previous=tmp_path / "former.json", **SAFE)
        states = {one["id"]: one["status"] for one in found["clashes"]}
        assert states[clash["id"]] == status
        assert [one["id"] for one in found["resolved"]] == ([clash["id"]] if status == "new" else [])


@pytest.mark.parametrize("text", ["{}", "[]", "{", '{"report": "ifcclash", "version": 1}', "\xff"])
def test_a_former_report_of_another_kind_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "old.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        execute(tmp_path, pair(SERVICES, STRUCTURE), previous=path)
    assert (caught.value.field or "").startswith("previous")


def test_a_table_runs_nothing(tmp_path: Path) -> None:
    model = ifcopenshell.open(SERVICES)
    next(one for one in model.by_type("IfcDuctSegment") if "supply" in one.Name).Name = "=1+1"
    path = tmp_path / "evil.ifc"
    model.write(str(path))
    _, report, _ = execute(tmp_path, pair(path, STRUCTURE), output_filename="t.csv")
    with report.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 3
    assert {row["a_name"] for row in rows} >= {"'=1+1"}
    assert all(float(row["depth"]) > 0 for row in rows)


@needs_browser
def test_the_page_counts_and_lists_the_clashes(tmp_path: Path) -> None:
    _, report, _ = execute(
        tmp_path, pair(SERVICES, STRUCTURE), output_filename="t.html", smart_grouping=True, **SAFE
    )
    document = browse(report, tmp_path / "profile")
    assert '<dd id="clashes">5</dd>' in document
    assert '<dd id="pierce">1</dd>' in document
    assert re.search(r'<p id="verdict" class="bad">5 clashes</p>', document)
    first = document[document.index("<tbody>") : document.index("</tbody>")]
    assert first.count("<tr>") == 5
    for one in TRUTH["clashes"]:
        assert one["a"]["name"] in first and one["b"]["global_id"] in first


def test_the_page_holds_no_markup_of_a_model(tmp_path: Path) -> None:
    model: Any = ifcopenshell.open(STRUCTURE)
    for element in model.by_type("IfcElement"):
        element.Name = "<script>alert(1)</script>"
    path = tmp_path / "hostile.ifc"
    model.write(str(path))
    result, report, _ = execute(tmp_path, pair(SERVICES, path), output_filename="t.html")
    text = report.read_text(encoding="utf-8")
    assert result.statistics["clashes"] > 0
    assert "<script" not in text
    assert text.count("&lt;script&gt;") >= result.statistics["clashes"]


@pytest.mark.parametrize("version", ["2.1", "3.0"])
def test_viewpoints_frame_the_clash_and_select_both(tmp_path: Path, version: str) -> None:
    clashes = read(tmp_path, pair(SERVICES, STRUCTURE), **SAFE)["clashes"]
    request = {"output_filename": "t.bcf", "bcf_version": version, **SAFE}
    _, report, _ = execute(tmp_path, pair(SERVICES, STRUCTURE), **request)
    with zipfile.ZipFile(report) as archive:
        assert f'VersionId="{version}"' in archive.read("bcf.version").decode()
    topics = read_topics(report)
    assert len(topics) == len(clashes) == 5
    seen = set()
    for handler in topics:
        (view,) = handler.viewpoints.values()
        info = view.visualization_info
        chosen = {one.ifc_guid for one in info.components.selection.component}
        (clash,) = [one for one in clashes if {one["a_global_id"], one["b_global_id"]} == chosen]
        seen.add(clash["id"])
        camera = info.perspective_camera
        eye, way = (
            np.array([vector.x, vector.y, vector.z])
            for vector in (camera.camera_view_point, camera.camera_direction)
        )
        sight = np.array(clash["point"]) - eye
        assert np.linalg.norm(np.cross(sight, way)) < 1e-4 * np.linalg.norm(sight)
        assert 1 < sight @ way < 30
        assert clash["a_name"] in handler.topic.title and clash["b_name"] in handler.topic.title
    assert len(seen) == 5


def test_a_group_is_one_topic(tmp_path: Path) -> None:
    _, report, _ = execute(
        tmp_path,
        pair(SERVICES, STRUCTURE),
        format="bcf",
        smart_grouping=True,
        max_cluster_distance=50,
        **SAFE,
    )
    (handler,) = read_topics(report)
    assert handler.topic.title == "Group 1: 5 clashes"
    (view,) = handler.viewpoints.values()
    assert len(view.visualization_info.components.selection.component) == 10


def test_the_scene_shows_both_sides_in_colour_and_the_rest_in_grey(tmp_path: Path) -> None:
    clashes = read(tmp_path, pair(SERVICES, STRUCTURE))["clashes"]
    result, report, _ = execute(tmp_path, pair(SERVICES, STRUCTURE), output_filename="t.glb")
    scene: Any = trimesh.load(report)
    colours: dict[str, set[str]] = {}
    for name in scene.graph.nodes_geometry:
        extras = scene.graph.transforms.node_data[name].get("metadata") or {}
        geometry = scene.geometry[scene.graph[name][1]]
        material = geometry.visual.material.name
        colours.setdefault(material, set()).add(extras.get("GlobalId", name))
    assert colours["clash a"] == {one["a_global_id"] for one in clashes}
    assert colours["clash b"] == {one["b_global_id"] for one in clashes}
    assert len(colours["context"]) == result.statistics["meshed"] - 6


@pytest.mark.parametrize("request_", [{}, SAFE, {"mode": "collision", "allow_touching": True}])
@pytest.mark.parametrize(
    "sets",
    [pair(SERVICES, STRUCTURE), pair(HOUSE, STRUCTURE), [{"name": "Self", "a": [{"file": HOUSE}]}]],
)
def test_what_is_near_nothing_is_not_meshed_and_nothing_is_missed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, sets: list[dict[str, Any]], request_: dict[str, Any]
) -> None:
    told, report, _ = execute(tmp_path / "told", sets, **request_)
    monkeypatch.setattr(Geometry, "boxes", lambda _, __: {})
    whole, other, _ = execute(tmp_path / "whole", sets, **request_)
    assert report.read_bytes() == other.read_bytes()
    found, every = told.statistics, whole.statistics
    assert every["apart"] == 0
    assert found["meshed"] + found["apart"] == found["elements"] == every["elements"] == every["meshed"]
    assert found["candidates"] == every["candidates"]
    assert found["apart"] > 0 or "b" not in sets[0]  # most in the house is near something of it


def test_a_box_that_is_too_small_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _, expected, _ = execute(tmp_path / "a", pair(SERVICES, STRUCTURE))
    tell = Geometry.boxes

    def shrink(geometry: Geometry, products: list[int]) -> dict[int, Any]:
        return {
            number: np.stack([box.mean(axis=0) * 0.9 + box[0] * 0.1, box.mean(axis=0) * 0.9 + box[1] * 0.1])
            for number, box in tell(geometry, products).items()
        }

    monkeypatch.setattr(Geometry, "boxes", shrink)
    result, report, _ = execute(tmp_path / "b", pair(SERVICES, STRUCTURE))
    assert report.read_bytes() == expected.read_bytes()
    assert result.statistics["apart"] == 0
    assert result.statistics["meshed"] == result.statistics["elements"]


def test_what_cannot_be_meshed_is_named_only_where_it_could_clash(tmp_path: Path) -> None:
    """An element that has no shape and lies by itself clashes with nothing, whatever its shape may be."""
    clashes = read(tmp_path / "whole", pair(SERVICES, STRUCTURE))["clashes"]
    near = {one["a_global_id"] for one in clashes}
    model: Any = ifcopenshell.open(SERVICES)
    for element in model.by_type("IfcElement"):
        for solid in model.traverse(element):
            if solid.is_a("IfcExtrudedAreaSolid") and element.GlobalId not in near:
                solid.Depth = 1e-9
    broken = tmp_path / SERVICES.name
    model.write(broken)
    result, report, warnings = execute(tmp_path / "broken", pair(broken, STRUCTURE))
    assert json.loads(report.read_text())["clash_sets"][0]["clashes"] == clashes
    assert result.statistics["apart"] > 0
    assert result.statistics["failed"] == len(warnings)
    for solid in model.by_type("IfcExtrudedAreaSolid"):
        solid.Depth = 1e-9
    model.write(broken)
    result, report, warnings = execute(tmp_path / "all", pair(broken, STRUCTURE))
    assert result.statistics["failed"] == len(warnings) > 0
    assert (
        result.statistics["failed"] + result.statistics["meshed"] + result.statistics["apart"]
        == (result.statistics["elements"])
    )


def test_a_bad_model_is_named_by_its_field(corpus: Path, tmp_path: Path) -> None:
    bad = next(
        corpus / "bad" / entry["file"]
        for entry in json.loads((corpus / "bad" / "manifest.json").read_text())
        if entry["expect"] == "reject" and entry["file"].endswith(".ifc")
    )
    with pytest.raises(InputError) as caught:
        execute(tmp_path, pair(SERVICES, bad))
    assert caught.value.field == "clash_sets.0.b.0.file"
