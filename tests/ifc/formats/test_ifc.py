"""IFC and IFCZIP hold the model that went in, or the part of it that was asked for."""

from __future__ import annotations

import zipfile
from pathlib import Path

import ifcopenshell
import pytest

from functions.core import Files
from functions.ifc.gate import check_model
from tests.ifc.formats.conversion import HOUSE, Conversion, read

MODELS = ("bim-whale/TallBuilding.ifc", "pcert/Building-Hvac.ifc", "pcert/Building-Architecture.ifc")


def instances(model: ifcopenshell.file) -> dict[int, str]:
    return {entity.id(): str(entity) for entity in model}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize("kind", ["ifc", "ifczip"])
def test_every_instance_comes_out_as_it_went_in(
    corpus: Path, convert: Conversion, name: str, kind: str
) -> None:
    model = corpus / "models" / name
    output = convert(model, f"out.{kind}")
    assert instances(read(output)) == instances(read(model))


def test_a_clean_model_keeps_every_byte(convert: Conversion) -> None:
    assert convert(HOUSE, "out.ifc").read_bytes() == HOUSE.read_bytes()


def test_raw_characters_become_escapes_and_stay_what_they_are(corpus: Path, convert: Conversion) -> None:
    output = convert(corpus / "bad" / "latin1_name.ifc", "out.ifc")
    assert output.read_bytes().isascii()
    (wall,) = read(output).by_type("IfcWall")
    assert not wall.Name.isascii()
    assert convert.warnings


def test_instances_that_no_schema_knows_are_kept(corpus: Path, convert: Conversion) -> None:
    model = corpus / "bad" / "unknown_entity.ifc"
    assert convert(model, "out.ifc").read_text().count("\n#") == model.read_text().count("\n#")


def test_the_archive_holds_one_model_and_passes_the_gate(convert: Conversion, tmp_path: Path) -> None:
    output = convert(HOUSE, "house.ifczip")
    with zipfile.ZipFile(output) as archive:
        assert archive.namelist() == ["house.ifc"]
        assert archive.testzip() is None
        assert archive.read("house.ifc") == HOUSE.read_bytes()
    files = Files(inputs={}, outputs=tmp_path, scratch=tmp_path)
    assert check_model(output, files).instances == len(instances(read(HOUSE)))


def test_the_archive_has_the_same_bytes_every_time(convert: Conversion) -> None:
    first = convert(HOUSE, "house.ifczip").read_bytes()
    assert convert(HOUSE, "house.ifczip").read_bytes() == first


def test_only_what_is_included_with_what_it_needs(convert: Conversion) -> None:
    model = read(convert(HOUSE, "out.ifc", include=["IfcDoor"]))
    whole = read(HOUSE)
    assert len(model.by_type("IfcDoor")) == len(whole.by_type("IfcDoor"))
    assert not model.by_type("IfcWindow")
    assert len(model.by_type("IfcProject")) == 1
    assert {door.ContainedInStructure[0].RelatingStructure.Name for door in model.by_type("IfcDoor")} == {
        door.ContainedInStructure[0].RelatingStructure.Name for door in whole.by_type("IfcDoor")
    }


def test_a_storey_with_all_that_is_inside(convert: Conversion) -> None:
    guid = read(HOUSE).by_type("IfcBuildingStorey")[0].GlobalId
    model = read(convert(HOUSE, "out.ifc", include_plus=[guid], include_plus_type="guids"))
    whole = read(HOUSE)
    assert 0 < len(model.by_type("IfcWall")) < len(whole.by_type("IfcWall"))
    assert [storey.GlobalId for storey in model.by_type("IfcBuildingStorey")] == [guid]


def test_what_is_excluded_goes_with_its_openings(convert: Conversion) -> None:
    model = read(convert(HOUSE, "out.ifc", exclude=["IfcWall"]))
    whole = read(HOUSE)
    assert not model.by_type("IfcWall")
    assert len(model.by_type("IfcWindow")) == len(whole.by_type("IfcWindow"))
    holes = len(whole.by_type("IfcOpeningElement")) - len(model.by_type("IfcOpeningElement"))
    assert holes == len([r for r in whole.by_type("IfcRelVoidsElement") if r[4].is_a("IfcWall")])
    assert len(model.by_type("IfcElementQuantity")) < len(whole.by_type("IfcElementQuantity"))
