"""What ifcpatch answers."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path
from typing import Any, Protocol

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.element as util
import ifcpatch
import pytest

from functions.core import Operation
from functions.core.errors import InputError, ModelError, PipelineError, UnsupportedError
from functions.core.registry import operation
from functions.ifc.local import Execution, execute
from functions.ifc.patch.cookbook import catalogue
from functions.ifc.patch.recipes import Job
from functions.operations.ifcpatch import by_name, recipes, run
from tests.operations.inside import execute_inside

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
HOUSE = EXAMPLES / "house-architecture.ifc"
# Arguments for the recipes that need some, and those that the example cannot suit.
ARGUMENTS: dict[str, Any] = {
    "ConvertLengthUnit": ["MILLIMETER"],
    "ConvertPropertiesToQuantities": ["Width", "Width"],
    "OffsetObjectPlacements": ["1", 2, 0.5],
    "OffsetStoreyElevations": [1.5],
    "SetFalseOrigin": {"name": "EPSG:4978", "e": 1000},
    "MergeDuplicateTypes": ["Name"],
    "TessellateElements": ["IfcWall"],
    "ExtractElements": ["IfcWall", True],
}
ALIGNMENTS = {
    "AddGeometricRepresentationToAlignment",
    "AddLinearPlacementFallbackPosition",
    "AddZeroLengthSegmentToAlignment",
    "PatchStationReferentPosition",
}
SKIPPED = {"MergeProjects", "AGS2IFC", "FixRevitTINs", "FixRevit2025TINs"} | ALIGNMENTS
AGS = {
    "PROJ": (["PROJ_ID", "PROJ_NAME"], ["P1", "Site"]),
    "HOLE": (["HOLE_ID", "HOLE_LOCX", "HOLE_LOCY", "HOLE_LOCZ"], ["BH1", "1.0", "2.0", "3.0"]),
    "GEOL": (
        ["HOLE_ID", "GEOL_TOP", "GEOL_BASE", "GEOL_DESC", "GEOL_LEG"],
        ["BH1", "0", "10", "Clay", "CLAY"],
    ),
    **{group: (["HOLE_ID", "GEOL_BASE"], ["BH2", "1"]) for group in ("GORA", "GORB", "GOSA", "GOSB")},
}
BUILTIN = sorted(name for name, entry in by_name().items() if not entry["is_custom"])


class Execute(Protocol):
    """Executes an operation, in a child or here."""

    def __call__(
        self, operation: Operation, request: dict[str, Any], inputs: dict[str, Path], /, *, folder: Path
    ) -> Execution: ...


def patch(
    folder: Path, recipe: str | None, *, model: Path = HOUSE, how: Execute = execute_inside, **fields: Any
) -> Execution:
    request = {"input_file": model.name, "recipe": recipe, **fields}
    inputs = {"input_file": model}
    for index, name in enumerate(fields.get("inputs", [])):
        inputs[f"inputs.{index}"] = EXAMPLES / name if (EXAMPLES / name).exists() else folder / name
    folder.mkdir(exist_ok=True)
    return how(operation("ifcpatch"), request, inputs, folder=folder)


def opened(done: Execution) -> ifcopenshell.file:
    model: ifcopenshell.file = ifcopenshell.open(done.outputs[0].path)
    return model


def elements(model: Any, kind: str = "IfcObject") -> dict[str, Any]:
    """Return what is said of objects: class, name, property sets without numbers, type, container."""
    found = {}
    for item in model.by_type(kind):
        sets = {
            name: {k: v for k, v in values.items() if k != "id"}
            for name, values in util.get_psets(item).items()
        }
        type_, place = util.get_type(item), util.get_container(item)
        materials = sorted(material.Name for material in util.get_materials(item))
        found[item.GlobalId] = (
            item.is_a(), item.Name, sets, type_ and type_.GlobalId, place and place.GlobalId, materials,
        )  # fmt: skip
    return found


def meshes(model: Any) -> dict[str, tuple[Any, ...]]:
    """Return what elements look like: rounded vertices where they stand, and colours."""
    geom: Any = ifcopenshell.geom
    settings = geom.settings()
    settings.set("use-world-coords", True)
    found = {}
    for shape in geom.iterator(settings, model, 1):
        points = sorted(
            zip(*[iter(round(value, 5) + 0.0 for value in shape.geometry.verts)] * 3, strict=True)
        )
        found[shape.guid] = (
            points,
            sorted(tuple(item.diffuse.components) for item in shape.geometry.materials),
        )
    return found


def test_the_catalogue_is_that_of_the_version_that_runs() -> None:
    path = Path(__file__).resolve().parents[3] / "functions/operations/ifcpatch/recipes.json"
    assert json.loads(path.read_text()) == json.loads(json.dumps(catalogue()))


def test_the_catalogue_lists_every_recipe_of_ifcpatch() -> None:
    folder = Path(ifcpatch.__file__).parent / "recipes"
    assert {path.stem for path in folder.glob("*.py")} - {"__init__"} == set(BUILTIN)
    listed = recipes()
    assert listed["total_count"] == listed["builtin_count"] + listed["custom_count"] == len(listed["recipes"])
    assert recipes(include_builtin=False)["builtin_count"] == 0
    for entry in listed["recipes"]:
        assert {"name", "description", "is_custom", "parameters", "output_type"} <= entry.keys()
        for parameter in entry["parameters"]:
            assert {"name", "type", "required", "default", "description"} <= parameter.keys()


def test_without_a_recipe_it_lists_them(tmp_path: Path) -> None:
    done = patch(tmp_path, None)
    assert json.loads(done.outputs[0].path.read_text())["total_count"] == len(by_name())
    own = json.loads(patch(tmp_path / "own", None, use_custom=True).outputs[0].path.read_text())
    assert own["builtin_count"] == 0 < own["custom_count"] == len(own["recipes"])


@pytest.mark.parametrize("recipe", sorted(set(BUILTIN) - SKIPPED))
def test_every_builtin_recipe_runs(recipe: str, tmp_path: Path) -> None:
    # In children, as always: what a recipe leaves behind in its process must not reach the next one.
    done = patch(tmp_path, recipe, how=execute, arguments=ARGUMENTS.get(recipe, []))
    assert done.result["success"]
    kind = by_name()[recipe]["output_type"]
    assert done.outputs[0].name == f"house-architecture_patched.{kind}"
    if kind == "ifc":
        assert len(opened(done).by_type("IfcElement")) == done.statistics["elements"] > 0
    again = patch(tmp_path / "again", recipe, how=execute, arguments=ARGUMENTS.get(recipe, []))
    assert [output.sha256 for output in again.outputs] == [output.sha256 for output in done.outputs]


def test_a_header_that_a_recipe_writes_has_the_time_of_the_model(tmp_path: Path) -> None:
    done = patch(tmp_path, "PurgeData")
    stamps = [
        str(model.header.file_name.time_stamp)[:19] for model in (opened(done), ifcopenshell.open(HOUSE))
    ]
    assert stamps[0] == stamps[1]


@pytest.mark.parametrize("recipe", sorted(ALIGNMENTS))
def test_recipes_for_alignments_need_ifc4x3(recipe: str, tmp_path: Path, corpus: Path) -> None:
    with pytest.raises(InputError, match="cannot be applied") as caught:
        patch(tmp_path / "a", recipe)
    assert caught.value.field == "recipe"
    model = corpus / "models" / "pcert" / "Building-Structural.ifc"
    assert patch(tmp_path / "b", recipe, model=model).result["success"]


def test_borings_become_a_model(tmp_path: Path) -> None:
    ags = tmp_path / "borings.ags"
    rows = [
        [
            f'"**{group}"',
            ",".join(f'"*{name}"' for name in names),
            '"<UNITS>"',
            ",".join(f'"{v}"' for v in values),
        ]
        for group, (names, values) in AGS.items()
    ]
    ags.write_text("\n\n".join("\n".join(lines) for lines in rows) + "\n")
    done = patch(tmp_path / "out", "AGS2IFC", inputs=["../borings.ags"])
    assert [item.Name for item in opened(done).by_type("IfcBorehole")] == ["BH1"]


def test_other_models_are_merged(tmp_path: Path) -> None:
    done = patch(tmp_path, "MergeProjects", inputs=["house-services.ifc"])
    other: Any = ifcopenshell.open(EXAMPLES / "house-services.ifc")
    more = len(other.by_type("IfcElement"))
    assert done.statistics["elements"] == done.statistics["elements_before"] + more


def test_an_input_is_named_by_its_file_name_or_position(tmp_path: Path) -> None:
    names = ["house-architecture-v2.ifc", "house-services.ifc"]
    one = patch(tmp_path / "a", "MergeProjects", how=execute, inputs=names, arguments=["house-services.ifc"])
    two = patch(tmp_path / "b", "MergeProjects", how=execute, inputs=names, arguments=[[1]])
    both = patch(tmp_path / "c", "MergeProjects", how=execute, inputs=names)
    assert one.outputs[0].sha256 == two.outputs[0].sha256 != both.outputs[0].sha256


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"recipe": "Nothing"}, "recipe"),
        ({"recipe": "Optimise", "use_custom": True}, "recipe"),
        ({"recipe": "../../x"}, "recipe"),
        ({"recipe": "Optimise", "arguments": [1]}, "arguments.0"),
        ({"recipe": "ExtractElements", "arguments": {"question": 1}}, "arguments.question"),
        # Of several the first by name, so that the same request has the same answer.
        ({"recipe": "ExtractElements", "arguments": dict.fromkeys("jihgfedcba")}, "arguments.a"),
        ({"recipe": "ExtractElements", "arguments": ["IfcWall", "perhaps"]}, "arguments.1"),
        ({"recipe": "OffsetStoreyElevations", "arguments": ["high"]}, "arguments.0"),
        ({"recipe": "OffsetStoreyElevations", "arguments": ["nan"]}, "arguments.0"),
        ({"recipe": "Migrate", "arguments": ["IFC9"]}, "arguments.0"),
        ({"recipe": "ConvertPropertiesToQuantities", "arguments": ["Width"]}, "arguments.quantity_name"),
        ({"recipe": "MergeProjects", "arguments": ["/etc/passwd"]}, "arguments.0"),
        ({"recipe": "MergeProjects", "arguments": [["..", "a.ifc"]]}, "arguments.0"),
        ({"recipe": "MergeProjects", "arguments": ["http://example.org/a.ifc"]}, "arguments.0"),
        ({"recipe": "AGS2IFC", "arguments": {"docs_dir": "/"}}, "arguments.docs_dir"),
        ({"recipe": "SplitByBuildingStorey", "arguments": ["/tmp/x"]}, "arguments.0"),
        ({"recipe": "Ifc2Sql", "arguments": ["MySQL"]}, "arguments.0"),
        ({"recipe": "Ifc2Sql", "arguments": {"database": "/tmp/x.db"}}, "arguments.database"),
        ({"recipe": "Ifc2Sql", "arguments": {"host": "example.org"}}, "arguments.host"),
        ({"arguments": ["IfcWall"]}, "recipe"),
    ],
)
def test_what_cannot_be_done_is_refused_before_it_starts(fields: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        operation("ifcpatch").parse({"input_file": "house.ifc", **fields})
    assert caught.value.field == field


@pytest.mark.parametrize("recipe", ["FixRevitTINs", "FixRevit2025TINs"])
def test_recipes_for_a_desktop_application_say_so(recipe: str) -> None:
    with pytest.raises(UnsupportedError, match="Blender"):
        operation("ifcpatch").parse({"input_file": "house.ifc", "recipe": recipe})


@pytest.mark.parametrize(
    ("recipe", "fields", "field"),
    [
        ("MergeProjects", {}, "inputs"),
        ("MergeProjects", {"inputs": ["house-site.ifc"], "arguments": ["other.ifc"]}, "arguments.filepaths"),
        ("ExtractElements", {"arguments": ["IfcWall,,"]}, "arguments.query"),
        ("Extract", {"arguments": ["IfcPump"]}, "arguments.query"),
        ("Remove", {"arguments": ["IfcProject"]}, "arguments.query"),
        ("Optimise", {"output_file": "house.sqlite"}, "output_file"),
        ("SetAttribute", {"arguments": ["IfcWall", "GlobalId", "x"]}, "arguments.attribute"),
        ("SetAttribute", {"arguments": ["IfcWall", "OwnerHistory", "x"]}, "arguments.value"),
        ("SetAttribute", {"arguments": ["IfcWall", "PredefinedType", "ROUND"]}, "arguments.value"),
        ("SetProperty", {"arguments": ["IfcWall", "Pset_WallCommon", "IsExternal", "no"]}, "arguments.value"),
        ("SetColour", {"arguments": ["IfcWall", "red"]}, "arguments.colour"),
    ],
)
def test_what_does_not_suit_the_model_is_refused(
    recipe: str, fields: dict[str, Any], field: str, tmp_path: Path
) -> None:
    with pytest.raises(InputError) as caught:
        patch(tmp_path, recipe, **fields)
    assert caught.value.field == field


@pytest.mark.parametrize("query", ["IfcWall", "IfcWindow", "IfcElement", "IfcProduct, ! IfcSlab", "IfcSpace"])
def test_an_extract_is_what_extract_elements_makes(query: str, tmp_path: Path) -> None:
    ours = opened(patch(tmp_path / "ours", "Extract", arguments=[query]))
    plain = opened(patch(tmp_path / "plain", "ExtractElements", arguments=[query, True]))
    assert elements(ours) == elements(plain)
    assert elements(ours, "IfcTypeObject").keys() == elements(plain, "IfcTypeObject").keys()
    assert meshes(ours) == meshes(plain)


def test_what_is_removed_is_gone_and_the_rest_is_as_it_was(tmp_path: Path) -> None:
    before: Any = ifcopenshell.open(HOUSE)
    after = opened(patch(tmp_path, "Remove", arguments=["IfcWindow"]))
    assert not after.by_type("IfcWindow")
    gone = {window.GlobalId for window in before.by_type("IfcWindow")}
    assert elements(after) == {key: value for key, value in elements(before).items() if key not in gone}
    assert meshes(after) == {key: value for key, value in meshes(before).items() if key not in gone}


def test_an_attribute_is_set_for_the_chosen_alone(tmp_path: Path) -> None:
    done = patch(tmp_path, "SetAttribute", arguments=["IfcWall", "Description", "Größe"])
    model = opened(done)
    assert {wall.Description for wall in model.by_type("IfcWall")} == {"Größe"}
    assert all(slab.Description != "Größe" for slab in model.by_type("IfcSlab"))


def test_a_property_is_set_for_the_chosen_alone(tmp_path: Path) -> None:
    before: Any = ifcopenshell.open(HOUSE)
    wall = before.by_type("IfcWall")[0].GlobalId
    done = patch(tmp_path, "SetProperty", arguments=[wall, "Pset_WallCommon", "FireRating", "F 90"])
    after = opened(done)
    assert util.get_pset(after.by_guid(wall), "Pset_WallCommon", "FireRating") == "F 90"
    changed = [key for key, value in elements(before).items() if elements(after)[key] != value]
    assert changed == [wall]


@pytest.mark.parametrize("name", ["house-site.ifc", "house-structure.ifc"])
def test_a_property_is_set_in_every_schema(name: str, tmp_path: Path) -> None:
    done = patch(
        tmp_path, "SetProperty", model=EXAMPLES / name, arguments=["IfcElement", "Mine", "Share", 1.5]
    )
    model = opened(done)  # whose instances do not keep it alive
    found = model.by_type("IfcElement")
    assert found
    assert all(util.get_pset(element, "Mine", "Share") == 1.5 for element in found)


def test_a_property_is_added_and_taken_away(tmp_path: Path) -> None:
    added = patch(tmp_path / "a", "SetProperty", arguments=["IfcWall", "Mine", "Checked", True])
    model = opened(added)
    assert all(util.get_pset(wall, "Mine", "Checked") is True for wall in model.by_type("IfcWall"))
    path = added.outputs[0].path
    taken = opened(
        patch(tmp_path / "b", "SetProperty", model=path, arguments=["IfcWall", "Mine", "Checked", None])
    )
    assert all(util.get_pset(wall, "Mine") is None for wall in taken.by_type("IfcWall"))


@pytest.mark.parametrize(
    ("recipe", "before", "wrong"),
    [
        ("SplitByStorey", r"=IFCBUILDINGSTOREY\('[^']*',[^,]*,", "12"),
        ("Merge", r"=IFCMAPCONVERSION\(#\d+,#\d+,", "'x'"),
    ],
)
def test_a_value_of_another_type_is_no_fault_of_ours(
    recipe: str, before: str, wrong: str, tmp_path: Path
) -> None:
    path = tmp_path / "mistyped.ifc"
    text, count = re.subn(f"({before})[^,]*", rf"\g<1>{wrong}", HOUSE.read_text(encoding="utf-8"))
    assert count
    path.write_text(text, encoding="utf-8")
    fields: dict[str, Any] = {"inputs": ["house-architecture-v2.ifc"]} if recipe == "Merge" else {}
    with suppress(InputError):
        assert patch(tmp_path / "out", recipe, model=path, **fields).outputs


def test_a_set_that_is_made_again_has_a_global_id_of_its_own(tmp_path: Path) -> None:
    """The first one is still that of the others, under the GlobalId that the same set gets at first."""
    model: Any = ifcopenshell.open(HOUSE)
    wall = model.by_type("IfcWall")[0].GlobalId
    path = HOUSE
    for step, (query, value) in enumerate((("IfcWall", "x"), (wall, None), (wall, "y"))):
        arguments = [query, "Mine", "Note", value]
        done = patch(tmp_path / str(step), "SetProperty", model=path, arguments=arguments)
        path = done.outputs[0].path
    keys = [item.GlobalId for item in opened(done).by_type("IfcRoot")]
    assert len(set(keys)) == len(keys)


def test_a_colour_is_set_for_the_chosen_alone(tmp_path: Path) -> None:
    before: Any = ifcopenshell.open(HOUSE)
    window = before.by_type("IfcWindow")[0].GlobalId
    after = meshes(opened(patch(tmp_path, "SetColour", arguments=[window, "#FF0000"])))
    colours = meshes(before)
    assert {colour for colour in after[window][1]} == {(1.0, 0.0, 0.0)}
    assert [key for key in colours if after[key] != colours[key]] == [window]


def test_a_split_holds_every_element_once(tmp_path: Path) -> None:
    done = patch(tmp_path, "SplitByStorey")
    listed = json.loads(done.outputs[0].path.read_text())["storeys"]
    model: Any = ifcopenshell.open(HOUSE)
    assert len(listed) == len(model.by_type("IfcBuildingStorey")) == len(done.outputs) - 1
    found: list[str] = []
    for item in listed:
        part: Any = ifcopenshell.open(done.outputs[0].path.parent / item["file"])
        assert [storey.GlobalId for storey in part.by_type("IfcBuildingStorey")] == [item["global_id"]]
        found += [
            element.GlobalId
            for element in part.by_type("IfcElement")
            if not element.is_a("IfcOpeningElement")
        ]
    whole = [item.GlobalId for item in model.by_type("IfcElement") if not item.is_a("IfcOpeningElement")]
    assert sorted(found) == sorted(whole)


def test_a_purge_removes_what_nothing_uses(tmp_path: Path) -> None:
    model: Any = ifcopenshell.open(HOUSE)
    model.create_entity("IfcPropertySet", GlobalId=ifcopenshell.guid.new(), Name="Loose", HasProperties=[])
    path = tmp_path / "loose.ifc"
    model.write(str(path))
    done = patch(tmp_path / "out", "Purge", model=path)
    after = opened(done)
    assert "Loose" not in {item.Name for item in after.by_type("IfcPropertySet")}
    assert elements(after) == elements(model)
    assert meshes(after) == meshes(model)


def test_models_of_one_building_become_one(tmp_path: Path) -> None:
    done = patch(tmp_path, "Merge", inputs=["house-architecture-v2.ifc"])
    merged = opened(done)
    one: Any = ifcopenshell.open(HOUSE)
    other: Any = ifcopenshell.open(EXAMPLES / "house-architecture-v2.ifc")
    assert len(merged.by_type("IfcProject")) == 1
    keys = [item.GlobalId for item in merged.by_type("IfcRoot")]
    assert len(keys) == len(set(keys))
    for kind in ("IfcSite", "IfcBuilding", "IfcBuildingStorey", "IfcElement"):
        both = {item.GlobalId for model in (one, other) for item in model.by_type(kind)}
        assert {item.GlobalId for item in merged.by_type(kind)} == both
    assert elements(merged, "IfcElement") == {**elements(other, "IfcElement"), **elements(one, "IfcElement")}
    assert meshes(merged) == {**meshes(other), **meshes(one)}
    assert len(merged.by_type("IfcGeometricRepresentationContext")) == len(
        one.by_type("IfcGeometricRepresentationContext")
    )


def test_a_model_merged_with_itself_is_itself(tmp_path: Path) -> None:
    done = patch(tmp_path, "Merge", inputs=["house-architecture.ifc"])
    before: Any = ifcopenshell.open(HOUSE)
    assert elements(opened(done)) == elements(before)
    assert meshes(opened(done)) == meshes(before)


def test_a_model_in_other_units_is_not_merged(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="LENGTHUNIT: see MergeProjects"):
        patch(tmp_path, "Merge", inputs=["house-services.ifc"])


@pytest.mark.parametrize("name", ["house-structure.ifc", "house-site.ifc"])
def test_a_model_of_another_schema_is_not_merged(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Migrate") as caught:
        patch(tmp_path, "Merge", inputs=[name])
    assert caught.value.field == "inputs"


@pytest.mark.parametrize("recipe", ["Extract", "Remove"])
@pytest.mark.parametrize("query", ["IfcWall", "IfcWall, Name*=a"])
def test_a_copy_warns_of_what_a_parser_would(recipe: str, query: str, tmp_path: Path) -> None:
    text = HOUSE.read_text()
    walls = ifcopenshell.open(HOUSE).by_type("IfcWall")
    damages = {
        "has no such entity": text.replace("IFCWINDOW(", "IFCPORTHOLE("),
        "non-unique GlobalId": text.replace(walls[1].GlobalId, walls[0].GlobalId),
    }
    for number, (warning, content) in enumerate(damages.items()):
        path = tmp_path / f"damaged-{number}.ifc"
        path.write_text(content)
        done = patch(tmp_path / f"out-{number}", recipe, model=path, arguments=[query])
        assert [told for told in done.warnings if warning in told]


def test_a_copy_of_two_instances_with_one_number_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "twins.ifc"
    path.write_text(HOUSE.read_text().replace("#2=", "#1=", 1))
    with pytest.raises(ModelError, match="two instances #1"):
        patch(tmp_path / "out", "Extract", model=path, arguments=["IfcWall"])


@pytest.mark.parametrize("recipe", ["Extract", "SetAttribute"])
def test_a_result_that_is_not_whole_is_none(
    recipe: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut(job: Job, *_: object) -> dict[str, Any]:
        job.output.write_bytes(
            HOUSE.read_bytes()[:3] if recipe == "SetAttribute" else HOUSE.read_bytes()[:9000]
        )
        return {}

    monkeypatch.setattr(run, "cook", cut)
    arguments = ["IfcWall", "Name", "x"] if recipe == "SetAttribute" else ["IfcWall"]
    with pytest.raises(PipelineError, match="cannot be read again"):
        patch(tmp_path, recipe, arguments=arguments)


def test_a_copy_is_counted_as_its_parser_counts(tmp_path: Path) -> None:
    done = patch(tmp_path, "Extract", arguments=["IfcWall"])
    before: Any = ifcopenshell.open(HOUSE)
    after = opened(done)
    assert done.statistics["instances_before"] == len(before.entity_names())
    assert done.statistics["elements_before"] == len(before.by_type("IfcElement"))
    assert done.statistics["instances"] == len(after.entity_names())
    assert done.statistics["elements"] == len(after.by_type("IfcElement"))


def test_a_relationship_of_no_objects_stays_with_any_part(tmp_path: Path) -> None:
    model: Any = ifcopenshell.open(HOUSE)
    template = model.createIfcPropertySetTemplate(ifcopenshell.guid.new(), Name="T")
    sets = model.by_type("IfcPropertySet")[:1]
    model.createIfcRelDefinesByTemplate(ifcopenshell.guid.new(), None, None, None, sets, template)
    path = tmp_path / "house.ifc"
    model.write(path)
    part = opened(patch(tmp_path / "part", "Extract", model=path, arguments=["IfcDoor"]))
    assert [one.Name for one in part.by_type("IfcPropertySetTemplate")] == ["T"]
    assert len(part.by_type("IfcRelDefinesByTemplate")) == 1
