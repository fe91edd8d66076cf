"""What ifc5d answers."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.api.pset
import ifcopenshell.util.element as util
import openpyxl
import pytest

from functions.core.errors import InputError
from functions.core.registry import operation
from functions.ifc.local import Execution
from functions.ifc.quantities.takeoff import Takeoff
from tests.operations.inside import execute_inside

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
HOUSE = EXAMPLES / "house-architecture.ifc"
MM = 1e-3


def quantify(folder: Path, model: Path = HOUSE, **fields: Any) -> Execution:
    folder.mkdir(exist_ok=True)
    request = {"input_file": model.name, **fields}
    return execute_inside(operation("ifc5d"), request, {"input_file": model}, folder=folder)


def opened(done: Execution) -> Any:
    return ifcopenshell.open(done.outputs[0].path)


def sets(model: Any) -> dict[str, dict[str, dict[str, float]]]:
    """Return the quantity sets of products, without instance numbers."""
    return {
        item.GlobalId: {
            name: {key: value for key, value in content.items() if key != "id"}
            for name, content in util.get_psets(item, qtos_only=True, should_inherit=False).items()
        }
        for item in model.by_type("IfcProduct")
    }


def named(model: Any, kind: str, name: str) -> dict[str, float]:
    """Return the quantities of the element of a name."""
    element = next(item for item in model.by_type(kind) if item.Name == name)
    return next(iter(sets(model)[element.GlobalId].values()))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Execution:
    """The example house with its quantities."""
    return quantify(tmp_path_factory.mktemp("house"))


def test_a_slab_is_as_wide_as_it_is_thick(house: Execution) -> None:
    slab = named(opened(house), "IfcSlab", "Slab 0")
    assert slab["Width"] == pytest.approx(300)
    assert (slab["Length"], slab["Depth"]) == pytest.approx((10000, 8000))
    assert slab["GrossArea"] == pytest.approx(80)
    assert slab["NetVolume"] == pytest.approx(80 * 0.3)


def test_the_perimeter_of_a_slab_is_its_outer_one(house: Execution) -> None:
    slab = named(opened(house), "IfcSlab", "Slab 1")
    assert slab["Perimeter"] == pytest.approx(36000)
    assert slab["NetArea"] < slab["GrossArea"] == pytest.approx(80)


def test_a_sloping_slab_is_measured_in_its_own_plane(house: Execution) -> None:
    roof = named(opened(house), "IfcSlab", "Roof south")
    assert roof["GrossVolume"] == pytest.approx(roof["GrossArea"] * roof["Width"] * MM, rel=0.001)


def test_openings_are_no_deeper_than_their_wall(house: Execution) -> None:
    model = opened(house)
    opening = named(model, "IfcOpeningElement", "Opening D-01")
    host = next(item for item in model.by_type("IfcOpeningElement") if item.Name == "Opening D-01")
    wall = sets(model)[host.VoidsElements[0].RelatingBuildingElement.GlobalId]["Qto_WallBaseQuantities"]
    assert opening["Depth"] == pytest.approx(wall["Width"])
    assert opening["Height"] == pytest.approx(2100)
    assert opening["Area"] == pytest.approx(opening["Width"] * opening["Height"] * MM**2)
    assert opening["Volume"] == pytest.approx(opening["Area"] * opening["Depth"] * MM)


def test_openings_make_the_difference_of_gross_and_net(house: Execution) -> None:
    model = opened(house)
    for wall in model.by_type("IfcWall"):
        told = sets(model)[wall.GlobalId]["Qto_WallBaseQuantities"]
        inside = [sets(model)[void.RelatedOpeningElement.GlobalId] for void in wall.HasOpenings]
        cut = sum(item["Qto_OpeningElementBaseQuantities"]["Volume"] for item in inside)
        area = sum(item["Qto_OpeningElementBaseQuantities"]["Area"] for item in inside)
        assert told["GrossVolume"] - told["NetVolume"] == pytest.approx(cut, rel=2e-4)
        assert told["GrossSideArea"] - told["NetSideArea"] == pytest.approx(area, rel=2e-4)
        assert told["NetVolume"] == pytest.approx(told["NetSideArea"] * told["Width"] * MM, rel=0.001)


def test_windows_are_as_large_as_their_lining(house: Execution) -> None:
    model = opened(house)
    for window in model.by_type("IfcWindow"):
        told = sets(model)[window.GlobalId]["Qto_WindowBaseQuantities"]
        assert told["Width"] == pytest.approx(window.OverallWidth)
        assert told["Area"] == pytest.approx(window.OverallWidth * window.OverallHeight * MM**2)


def test_a_gable_has_a_width_and_no_height(house: Execution) -> None:
    gable = named(opened(house), "IfcWall", "W-E2 Gable west")
    assert gable["Width"] == pytest.approx(300)
    assert "Height" not in gable
    rows = json.loads(house.outputs[1].path.read_text())["quantities"]
    row = next(item for item in rows if item["name"] == "W-E2 Gable west" and item["quantity"] == "Height")
    assert (row["value"], row["status"]) == (None, "left out")
    assert row["reason"] == "it is not of constant height"


def test_a_space_is_measured_once_around(house: Execution) -> None:
    space = named(opened(house), "IfcSpace", "0.01")
    assert space["GrossFloorArea"] == pytest.approx(9.4 * 4.24)
    assert space["GrossPerimeter"] == pytest.approx(2 * (9400 + 4240))
    assert space["GrossVolume"] == pytest.approx(space["GrossFloorArea"] * space["Height"] * MM)


def test_a_weight_needs_a_mass_density(house: Execution, tmp_path: Path) -> None:
    assert "NetWeight" not in named(opened(house), "IfcSlab", "Slab 1")
    model: Any = ifcopenshell.open(HOUSE)
    for material in model.by_type("IfcMaterial"):
        pset = ifcopenshell.api.pset.add_pset(model, product=material, name="Pset_MaterialCommon")
        ifcopenshell.api.pset.edit_pset(model, pset=pset, properties={"MassDensity": 2400.0})
    model.write(str(tmp_path / "dense.ifc"))
    slab = named(opened(quantify(tmp_path / "out", tmp_path / "dense.ifc")), "IfcSlab", "Slab 1")
    assert slab["NetWeight"] == pytest.approx(slab["NetVolume"] * 2400)  # kilograms, as the house has no unit


def test_flow_elements_of_ifc2x3_are_what_their_type_is(tmp_path: Path) -> None:
    text = (EXAMPLES / "house-structure.ifc").read_text()
    for old, new in (("IFCBEAM(", "IFCFLOWSEGMENT("), ("IFCBEAMTYPE(", "IFCPIPESEGMENTTYPE("),
                     (".BEAM.", ".RIGIDSEGMENT.")):  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    path = tmp_path / "flow.ifc"
    path.write_text(text)
    model = opened(quantify(tmp_path / "out", path))
    assert model.schema == "IFC2X3"
    found = [sets(model)[item.GlobalId] for item in model.by_type("IfcFlowSegment")]
    assert found
    assert all(list(one) == ["Qto_PipeSegmentBaseQuantities"] for one in found)
    assert named(model, "IfcFlowSegment", "Beam 01")["Length"] == pytest.approx(6.55)


def test_every_quantity_is_counted(house: Execution) -> None:
    told = house.statistics
    rows = json.loads(house.outputs[1].path.read_text())["quantities"]
    assert len(rows) == told["quantities"] + sum(told["left_out"].values())
    assert told["quantities"] == told["written"] + told["kept"] + told["replaced"]
    assert told["elements"] >= told["measured"] + told["without_rule"]
    assert told["net_shapes"] == told["measured"] > told["uncut_shapes"] > 0
    assert told["net_failed"] == told["uncut_failed"] == 0


@pytest.mark.parametrize(("name", "place"), [("zero_depth.ifc", "#10"), ("cyc_mapped.ifc", "#15")])
def test_a_shape_that_cannot_be_made_is_not_said_to_be_missing(
    name: str, place: str, corpus: Path, tmp_path: Path
) -> None:
    done = quantify(tmp_path, corpus / "bad" / name)
    assert done.statistics["left_out"] == {"the element's shape cannot be made": 11}
    assert any("cannot be made, first #10: " in warning and place in warning for warning in done.warnings)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("zero_depth.ifc", "the element's shape cannot be made (11)"),
        ("dangling_ref.ifc", "the element has no shape (11)"),
    ],
)
def test_a_result_without_quantities_says_why(name: str, why: str, corpus: Path, tmp_path: Path) -> None:
    done = quantify(tmp_path, corpus / "bad" / name)
    assert done.statistics["quantities"] == 0
    none = "none of the elements has a quantity that could be measured"
    assert f"{none}: {why}" in done.warnings


def test_elements_without_a_rule_are_said_to_have_none(tmp_path: Path) -> None:
    done = quantify(tmp_path, query="IfcStair")
    assert any("there is no rule for them" in warning for warning in done.warnings)


def test_a_gross_shape_that_cannot_be_made_is_not_the_net_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stream = Takeoff._stream

    def fail(self: Takeoff, elements: list[Any], settings: dict[str, Any]) -> Iterator[Any]:
        yield from () if settings else stream(self, elements, settings)

    monkeypatch.setattr(Takeoff, "_stream", fail)
    found = sets(opened(quantify(tmp_path)))
    model: Any = ifcopenshell.open(HOUSE)
    with_openings = [wall for wall in model.by_type("IfcWall") if wall.HasOpenings]
    assert with_openings
    assert all(
        "NetVolume" not in values for wall in with_openings for values in found[wall.GlobalId].values()
    )


def test_new_instances_take_no_number_of_one_that_is_not_read(tmp_path: Path) -> None:
    text = HOUSE.read_text()
    behind = max(map(int, re.findall(r"^#(\d+)", text, re.MULTILINE))) + 1
    model = tmp_path / "unknown.ifc"
    model.write_text(text.replace("ENDSEC;\nEND-ISO", f"#{behind}=IFCUNHEARDOF('a');\nENDSEC;\nEND-ISO"))
    written = quantify(tmp_path / "out", model).outputs[0].path.read_text()
    numbers = re.findall(r"^#(\d+)\s*=", written, re.MULTILINE)
    assert "IFCUNHEARDOF" in written
    assert len(numbers) == len(set(numbers)) > len(text.splitlines())


def read_schedule(path: Path) -> list[list[Any]]:
    """Return the cells of a schedule, head first, empty ones as None."""
    if path.suffix == ".xlsx":
        return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]
    with path.open(newline="", encoding="utf-8") as file:
        return [[cell or None for cell in row] for row in csv.reader(file)]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_the_schedule_is_a_table(kind: str, house: Execution, tmp_path: Path) -> None:
    done = quantify(tmp_path, schedule=kind)
    assert [output.name for output in done.outputs] == [
        "house-architecture_qto.ifc",
        f"house-architecture_qto.{kind}",
    ]
    head, *rows = read_schedule(done.outputs[1].path)
    named_rows = [dict(zip(head, row, strict=True)) for row in rows]
    told = json.loads(house.outputs[1].path.read_text())["quantities"]
    assert [row["GlobalId"] for row in named_rows] == [item["global_id"] for item in told]
    for row, item in zip(named_rows, told, strict=True):
        assert (None if row["Value"] is None else float(row["Value"])) == item["value"]
        assert (row["Reason"] or "") == item["reason"]


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_no_cell_of_the_schedule_runs(kind: str, corpus: Path, tmp_path: Path) -> None:
    done = quantify(tmp_path, corpus / "bad" / "formula_names.ifc", schedule=kind)
    _, *rows = read_schedule(done.outputs[1].path)
    cells = [cell for row in rows for cell in row if isinstance(cell, str)]
    assert any(cell[:2] == "'=" for cell in cells)
    assert not any(cell[0] in "=+-@\t\r" for cell in cells)


def test_the_schedule_may_be_left_out(tmp_path: Path) -> None:
    assert len(quantify(tmp_path, schedule=None).outputs) == 1


def test_a_second_run_changes_nothing(house: Execution, tmp_path: Path) -> None:
    again = quantify(tmp_path, house.outputs[0].path)
    assert sets(opened(again)) == sets(opened(house))
    assert again.statistics["written"] == again.statistics["sets"] == 0
    assert again.statistics["kept"] == house.statistics["quantities"]


@pytest.fixture
def authored(tmp_path: Path) -> Path:
    """A house whose first wall says that it is 1 mm wide."""
    model: Any = ifcopenshell.open(HOUSE)
    wall = model.by_type("IfcWall")[0]
    qto = ifcopenshell.api.pset.add_qto(model, wall, "Qto_WallBaseQuantities")
    ifcopenshell.api.pset.edit_qto(model, qto=qto, properties={"Width": 1.0})
    path = tmp_path / "authored.ifc"
    model.write(str(path))
    return path


@pytest.mark.parametrize(("mode", "width"), [("missing", 1.0), ("replace", 300.0)])
def test_an_authored_set_is_filled_or_replaced(
    mode: str, width: float, authored: Path, tmp_path: Path
) -> None:
    model = opened(quantify(tmp_path / "out", authored, mode=mode))
    found = sets(model)[model.by_type("IfcWall")[0].GlobalId]
    assert list(found) == ["Qto_WallBaseQuantities"]
    assert found["Qto_WallBaseQuantities"]["Width"] == pytest.approx(width)
    assert found["Qto_WallBaseQuantities"]["NetVolume"] > 1


def test_a_second_set_stands_beside_an_authored_one_if_asked(authored: Path, tmp_path: Path) -> None:
    model = opened(quantify(tmp_path / "out", authored, mode="add"))
    found = sets(model)[model.by_type("IfcWall")[0].GlobalId]
    before: Any = ifcopenshell.open(authored)
    assert found["Qto_WallBaseQuantities"] == next(
        iter(sets(before)[before.by_type("IfcWall")[0].GlobalId].values())
    )
    assert found["Qto_WallBaseQuantities (ifcpipe)"]["Width"] == pytest.approx(300)


def test_a_set_that_is_added_twice_has_two_global_ids(authored: Path, tmp_path: Path) -> None:
    once = quantify(tmp_path / "once", authored, mode="add", query="IfcWall")
    twice = opened(quantify(tmp_path / "twice", once.outputs[0].path, mode="add", query="IfcWall"))
    keys = [item.GlobalId for item in twice.by_type("IfcRoot")]
    assert len(set(keys)) == len(keys)


def test_the_header_stays(house: Execution) -> None:
    source: Any = ifcopenshell.open(HOUSE)
    assert opened(house).header.file_name.time_stamp == source.header.file_name.time_stamp


def test_a_wrong_query_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        quantify(tmp_path, query="IfcWall,,")
    assert caught.value.field == "query"


@pytest.mark.parametrize("name", ["TallBuilding.ifc", "Building-Architecture.ifc", "Building-Hvac.ifc"])
def test_volumes_are_those_of_the_corpus(name: str, corpus: Path, tmp_path: Path) -> None:
    truth = json.loads((corpus / "qto" / "volumes.truth.json").read_text())[name]
    source = next((corpus / "models").rglob(name))
    after = opened(quantify(tmp_path, source))
    before: Any = ifcopenshell.open(source)
    found = {key: value for key, content in sets(after).items() for value in content.values()}
    compared = [key for key in truth if "NetVolume" in found.get(key, {})]
    assert len(compared) >= 2
    for key in compared:
        assert found[key]["NetVolume"] == pytest.approx(truth[key], rel=0.01)
    for key, content in sets(before).items():
        for set_name, values in content.items():
            assert values.items() <= sets(after)[key][set_name].items()
    assert all(len(content) <= 1 for content in sets(after).values())


def test_nothing_but_the_sets_changes_in_the_text(house: Execution) -> None:
    before, after = (path.read_text().splitlines() for path in (HOUSE, house.outputs[0].path))
    changed = set(before) - set(after)
    assert all("=IFCELEMENTQUANTITY(" in line for line in changed)


@pytest.mark.parametrize("mode", ["missing", "replace"])
def test_a_set_that_elements_share_is_parted(mode: str, tmp_path: Path) -> None:
    model: Any = ifcopenshell.open(HOUSE)
    for relation in model.by_type("IfcRelDefinesByProperties"):
        if relation.RelatingPropertyDefinition.is_a("IfcElementQuantity"):
            model.remove(relation)
    walls = model.by_type("IfcWall")[:3]
    width = model.create_entity("IfcQuantityLength", Name="Width", LengthValue=1.0)
    name = "Qto_WallBaseQuantities"
    shared = model.create_entity(
        "IfcElementQuantity", GlobalId=ifcopenshell.guid.new(), Name=name, Quantities=[width]
    )
    model.create_entity(
        "IfcRelDefinesByProperties",
        GlobalId=ifcopenshell.guid.new(),
        RelatedObjects=walls,
        RelatingPropertyDefinition=shared,
    )
    path = tmp_path / "shared.ifc"
    model.write(str(path))
    after = opened(quantify(tmp_path / "out", path, mode=mode))
    found = [sets(after)[wall.GlobalId][name] for wall in walls]
    if mode == "missing":
        assert [item["Width"] for item in found] == [1.0] * 3
    else:
        assert all(item["Width"] > 50 for item in found)
    assert len({item["NetVolume"] for item in found}) > 1
    keys = [item.GlobalId for item in after.by_type("IfcRoot")]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("name", ["quantities.csv", "model.json", "model"])
def test_a_model_is_not_called_like_its_schedule(name: str) -> None:
    with pytest.raises(InputError) as wrong:
        operation("ifc5d").parse({"input_file": "a.ifc", "output_file": name, "schedule": "csv"})
    assert wrong.value.field == "output_file"
