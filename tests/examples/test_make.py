"""The example house: the committed files are what the script makes, and what is said about them holds."""

from __future__ import annotations

import itertools
import json
import math
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.element as util
import pytest

from examples.make import FOLDER, main

MODELS = sorted(path.name for path in FOLDER.glob("*.ifc"))
Box = list[tuple[float, float]]


def load(name: str) -> ifcopenshell.file:
    return ifcopenshell.open(str(FOLDER / name))


def facts(name: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((FOLDER / name).read_text(encoding="utf-8"))
    return content


def boxes(model: ifcopenshell.file) -> dict[str, Box]:
    """Return the bounding box of every element with a shape, by GlobalId, in metres."""
    settings = ifcopenshell.geom.settings()
    settings.set("use-world-coords", True)
    found: dict[str, Box] = {}
    shape: Any
    for shape in ifcopenshell.geom.iterate(settings, model, 1):
        verts = shape.geometry.verts
        found[shape.guid] = [(min(verts[axis::3]), max(verts[axis::3])) for axis in range(3)]
    return found


def test_the_script_makes_the_committed_files_byte_for_byte(tmp_path: Path) -> None:
    main(tmp_path)
    made = sorted(path.name for path in tmp_path.iterdir())
    assert set(MODELS) <= set(made)
    for name in made:
        assert (tmp_path / name).read_bytes() == (FOLDER / name).read_bytes(), name


def test_all_schemas_are_there_and_the_files_are_small() -> None:
    assert {load(name).schema_identifier for name in MODELS} == {"IFC2X3", "IFC4", "IFC4X3_ADD2"}
    assert all((FOLDER / name).stat().st_size < 300_000 for name in MODELS)


@pytest.mark.parametrize("name", MODELS)
def test_every_shape_can_be_tessellated(name: str) -> None:
    model = load(name)
    shaped = {
        element.GlobalId
        for element in model.by_type("IfcProduct")
        if element.Representation and not element.is_a("IfcFeatureElement")
    }
    assert shaped
    assert shaped <= set(boxes(model))


@pytest.mark.parametrize("name", MODELS)
def test_global_ids_are_unique(name: str) -> None:
    ids = [root.GlobalId for root in load(name).by_type("IfcRoot")]
    assert len(ids) == len(set(ids))
    assert all(ifcopenshell.guid.expand(global_id) for global_id in ids)


def test_windows_have_two_materials_and_fill_real_openings() -> None:
    model = load("house-architecture.ifc")
    for window in model.by_type("IfcWindow"):
        assert len(util.get_materials(window)) == 2
        assert (
            window.FillsVoids[0]
            .RelatingOpeningElement.VoidsElements[0]
            .RelatingBuildingElement.is_a("IfcWall")
        )


def test_services_meet_the_structure_exactly_where_the_list_says() -> None:
    listed = facts("clashes.json")
    services, structure = boxes(load("house-services.ifc")), boxes(load("house-structure.ifc"))
    apart = {
        (a, b): math.hypot(
            *(max(0.0, low[0] - high[1], high[0] - low[1]) for low, high in zip(x, y, strict=True))
        )
        for (a, x), (b, y) in itertools.product(services.items(), structure.items())
    }
    near = {pair for pair, distance in apart.items() if distance < listed["safe_distance_m"] - 1e-6}
    expected = {(clash["a"]["global_id"], clash["b"]["global_id"]): clash for clash in listed["clashes"]}
    assert near == set(expected)
    for pair, clash in expected.items():
        assert apart[pair] == pytest.approx(clash["distance_m"], abs=1e-3)  # a pipe is a polygon here


def test_the_second_revision_differs_by_the_listed_edits() -> None:
    edits = facts("edits.json")
    old, new = load(edits["old"]), load(edits["new"])
    before = {item.GlobalId: item for item in old.by_type("IfcObjectDefinition")}
    after = {item.GlobalId: item for item in new.by_type("IfcObjectDefinition")}
    assert {edit["global_id"] for edit in edits["added"]} == set(after) - set(before)
    assert {edit["global_id"] for edit in edits["deleted"]} == set(before) - set(after)
    kinds = {edit["kind"] for edit in edits["changed"]}
    assert kinds == {
        "attributes", "property", "quantity", "type", "material", "classification", "container", "placement",
        "shape",
    }  # fmt: skip
    moved = {edit["global_id"]: edit["vector_m"] for edit in edits["changed"] if edit["kind"] == "placement"}
    reshaped = {edit["global_id"] for edit in edits["changed"] if edit["kind"] == "shape"}
    one, two = boxes(old), boxes(new)
    for global_id in set(one) & set(two):
        # The wall behind a moved opening keeps its box.
        shift = [b[0] - a[0] for a, b in zip(one[global_id], two[global_id], strict=True)]
        size = [(b[1] - b[0]) - (a[1] - a[0]) for a, b in zip(one[global_id], two[global_id], strict=True)]
        if global_id in reshaped:
            assert max(map(abs, size)) > 0.05
        else:
            assert shift == pytest.approx(moved.get(global_id, [0, 0, 0]), abs=1e-6)
            assert size == pytest.approx([0, 0, 0], abs=1e-6)


def test_each_value_edit_shows_the_old_and_the_new_value() -> None:
    edits = facts("edits.json")
    models = {"old": load(edits["old"]), "new": load(edits["new"])}
    checked = 0
    for edit in edits["changed"]:
        if edit["kind"] in {"property", "quantity"}:
            pset, prop = edit["property"].split(".")
            for side, model in models.items():
                assert util.get_pset(model.by_guid(edit["global_id"]), pset, prop) == edit[side]
                checked += 1
    assert checked == 4
