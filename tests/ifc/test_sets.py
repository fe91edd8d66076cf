"""Property sets out of the text are those that ifcopenshell reads from the instances."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.util.element as util
import pytest

from functions.core import Files
from functions.ifc.definitions import KINDS, OTHERS, Definitions, Irregular
from functions.ifc.gate import check_model, open_checked
from functions.ifc.reader import Reader
from functions.ifc.selector import Table, matching_sets, parse_path, reads_places, reads_sets
from functions.ifc.sets import Sets

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"
HOUSE = EXAMPLES / "house-architecture.ifc"
EVERY = re.compile(".*")


def without_id(content: Any) -> Any:
    return content and {key: value for key, value in content.items() if key != "id"}


def test_all_sets_of_a_house_are_the_same(tmp_path: Path) -> None:
    files = Files(inputs={}, outputs=tmp_path, scratch=tmp_path)
    checked = check_model(HOUSE, files, without=(*KINDS, *OTHERS))
    whole: Any = ifcopenshell.open(HOUSE)
    compared = 0
    with Definitions(checked) as definitions:
        lean = open_checked(checked, files)
        sets = Sets(Reader(lean), definitions)
        for element in whole.by_type("IfcObjectDefinition"):
            mine = lean.by_id(element.id())
            every = sets.matching(mine, EVERY)
            expected = matching_sets(element, EVERY)
            assert every == (
                [] if expected is None else expected if isinstance(expected, list) else [expected]
            )
            for name in util.get_psets(element):
                assert sets.named(mine, name) == without_id(util.get_pset(element, name))
                compared += 1
            assert sets.named(mine, "Other") is None
    assert compared > 10


@pytest.mark.parametrize("path", ["ObjectPlacement", "IsDefinedBy", "materials.Name", "type"])
def test_what_a_lean_model_cannot_tell_is_irregular(path: str, tmp_path: Path) -> None:
    files = Files(inputs={}, outputs=tmp_path, scratch=tmp_path)
    checked = check_model(HOUSE, files, without=(*KINDS, *OTHERS))
    with Definitions(checked) as definitions:
        lean = open_checked(checked, files)
        table = Table([parse_path(path, name="a")], Sets(Reader(lean), definitions))
        with pytest.raises(Irregular):
            for element in lean.by_type("IfcElement"):
                table.row(element)


def test_a_model_with_properties_of_materials_is_irregular(tmp_path: Path) -> None:
    model = ifcopenshell.file(schema="IFC4")
    model.create_entity(
        "IfcMaterialProperties", Name="a", Material=model.create_entity("IfcMaterial", Name="m")
    )
    model.create_entity("IfcPropertySet", GlobalId=ifcopenshell.guid.new(), Name="s")
    model.write(str(tmp_path / "m.ifc"))
    files = Files(inputs={}, outputs=tmp_path, scratch=tmp_path)
    checked = check_model(tmp_path / "m.ifc", files, without=(*KINDS, *OTHERS))
    with Definitions(checked) as definitions, pytest.raises(Irregular):
        Sets(Reader(open_checked(checked, files)), definitions)


def test_paths_say_what_they_read() -> None:
    def parse(*queries: str) -> list[Any]:
        return [parse_path(query, name="a") for query in queries]

    assert reads_sets(parse("Name", "type.Name", "/Pset_.*/.FireRating", "storey.Name"))
    assert not reads_sets(parse("is_a"))
    assert not reads_sets(parse("HasPropertySets.0.Name"))
    assert reads_places(parse("Name", "x"))
    assert not reads_places(parse("Name"))
