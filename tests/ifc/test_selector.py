"""The selector: parsed once, equal to IfcOpenShell's, safe where that runs in circles."""

from __future__ import annotations

import re
from pathlib import Path

import ifcopenshell
import pytest
from ifcopenshell.util.selector import get_element_value

from functions.core.errors import InputError
from functions.ifc.selector import (
    Table,
    avoids_sets,
    avoids_shapes,
    matching_sets,
    names_classes,
    parse_path,
    select,
)

HOUSE = Path(__file__).resolve().parents[2] / "examples" / "house-architecture.ifc"
PATHS = ("Name", "type.Name", "type.PredefinedType", "storey.Elevation", "Pset_WallCommon.IsExternal",
         "Pset_WallCommon", "/Pset_.*/.IsExternal", "/Pset_.*/", "material.LayerSetName", "material.Name",
         "materials.0.Name", "count", "classification.count", "Nothing", "Nothing.at.all", "x", "id",
         "type./Pset.*/.x", '"Name"')  # fmt: skip


@pytest.fixture(scope="module")
def house() -> ifcopenshell.file:
    return ifcopenshell.open(str(HOUSE))


def table(*paths: str) -> Table:
    return Table([parse_path(path, name="a") for path in paths])


def test_values_are_those_of_ifcopenshell(house: ifcopenshell.file) -> None:
    rows = table(*PATHS)
    elements = select(house, "IfcElement + IfcSpace + IfcTypeProduct")
    assert len(elements) > 50
    for element in elements:
        assert rows.row(element) == [get_element_value(element, path) for path in PATHS]
    assert not rows.faults


def test_what_is_read_does_not_change_what_is_read_next(house: ifcopenshell.file) -> None:
    wall = house.by_type("IfcWall")[0]
    rows = table("Pset_WallCommon", "/Pset_.*/", "Pset_WallCommon.IsExternal")
    assert rows.row(wall) == rows.row(wall)


def test_elements_come_in_the_order_of_the_file(house: ifcopenshell.file) -> None:
    ids = [element.id() for element in select(house, "IfcDoor + IfcWall")]
    assert ids == sorted(ids)


def test_a_path_that_fails_is_counted_for_its_columns_alone(house: ifcopenshell.file) -> None:
    rows = table("Name", "Name.item.x", "Name.item.y")
    wall = house.by_type("IfcWall")[0]
    assert rows.row(wall) == [wall.Name, None, None]
    assert {column: count for column, (count, _) in rows.faults.items()} == {1: 1, 2: 1}


def test_a_circle_of_parents_has_no_storey() -> None:
    model = ifcopenshell.file(schema="IFC4")
    one, two = (model.create_entity("IfcBuilding", GlobalId=ifcopenshell.guid.new()) for _ in range(2))
    for whole, part in ((one, two), (two, one)):
        model.create_entity(
            "IfcRelAggregates", ifcopenshell.guid.new(), RelatingObject=whole, RelatedObjects=[part]
        )
    assert table("storey.Name", "site", "Name").row(one) == [None, None, None]
    wall = model.create_entity("IfcWall", GlobalId=ifcopenshell.guid.new())
    model.create_entity(
        "IfcRelContainedInSpatialStructure",
        ifcopenshell.guid.new(),
        RelatedElements=[wall],
        RelatingStructure=one,
    )
    assert select(model, 'IfcWall, location="Nowhere"') == []
    assert select(model, f"IfcWall, location={two.GlobalId}") == [wall]
    assert select(model, 'IfcWall, query:"storey.Name"=NULL') == [wall]
    with pytest.raises(InputError, match="circle"):
        select(model, "IfcWall, parent=Nowhere")


def test_parents_are_followed_where_there_is_no_circle(house: ifcopenshell.file) -> None:
    assert {element.is_a() for element in select(house, 'IfcElement, parent="Slab 1"')} == {
        "IfcSlab",
        "IfcOpeningElement",
    }


def test_only_matching_sets_are_read(house: ifcopenshell.file) -> None:
    wall = next(wall for wall in house.by_type("IfcWall") if wall.Name == "W-E01 south")
    found = matching_sets(wall, re.compile("Pset_.*"))
    assert found == {"IsExternal": True, "LoadBearing": True, "FireRating": "REI 60"}
    assert matching_sets(wall, re.compile("None.*")) is None


@pytest.mark.parametrize("query", ["IfcWall,", "Wall", "IfcWall Name", "IfcWall, Name=/[/", "IfcWall, x.y"])
def test_a_wrong_query_is_refused_in_one_line(house: ifcopenshell.file, query: str) -> None:
    with pytest.raises(InputError) as caught:
        select(house, query)
    assert caught.value.field == "query"
    assert len(caught.value.message.splitlines()) == 1


@pytest.mark.parametrize("path", ["a=b", "/(/", "a..b", ""])
def test_a_wrong_path_names_its_field(path: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_path(path, name="attributes.4")
    assert caught.value.field == "attributes.4"


@pytest.mark.parametrize(
    ("query", "avoids"),
    [
        ("IfcWall, Pset_WallCommon.IsExternal=TRUE", True),
        ("IfcElement, location=Ground", True),
        ("/Pset_.*Common/.FireRating", True),
        ("IfcFace", False),
        ("ifcstyleditem + IfcWall", False),
        ("Representation.Representations.0.Items.count", False),
        ("material.HasRepresentation.0", False),
        ("styles.count", False),
    ],
)
def test_a_model_is_without_shapes_only_for_queries_that_cannot_reach_them(query: str, avoids: bool) -> None:
    assert avoids_shapes(query) is avoids


@pytest.mark.parametrize(
    ("query", "avoids"),
    [
        ("IfcWall, Name*=a", True),
        ('IfcElement, location="Level 1", type=/W.*/ + IfcDoor, material=Oak, classification=Pr_20', True),
        ("IfcWall, Pset_WallCommon.IsExternal=TRUE", False),
        ("IfcWall, query:x>1", False),
        ("IfcWall, ObjectPlacement=NULL", False),
        ("1kTvXnbbzCWw8lcMd1dR4o", False),  # it may be one of a property set
        ("IfcPropertySet, Name=A", False),
        ("IfcWall, Name", False),  # no query
    ],
)
def test_a_model_is_without_properties_only_for_queries_that_cannot_reach_them(
    query: str, avoids: bool
) -> None:
    assert avoids_sets(query) is avoids


def test_a_query_for_classes_alone_names_no_property() -> None:
    assert names_classes("IfcWall, !IfcDoor + IfcSlab")
    assert not names_classes("IfcWall, Name=A")
    assert not names_classes("IfcPropertySet")
