"""ifc2json: what stands in the JSON of the example house and of damaged models, in both layouts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core import Files
from functions.core.registry import operation
from functions.ifc.layouts.schema import SCHEMAS, render

jsonschema: Any = pytest.importorskip("jsonschema")

ROOT = Path(__file__).resolve().parents[3]
HOUSE = ROOT / "examples" / "house-architecture.ifc"
HEAD = (
    "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
    "FILE_NAME('t.ifc','2026-01-01T00:00:00',('A'),('O'),'p','s','');\nFILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n"
)
TAIL = "ENDSEC;\nEND-ISO-10303-21;\n"
WALL = "#1=IFCWALL('2nJrDaLQfJ1QPhdJR0o97J',$,'{name}',$,$,$,$,$,$);\n"
VALIDATORS = {
    profile: jsonschema.Draft202012Validator(json.loads((ROOT / "docs" / "schemas" / name).read_text()))
    for profile, name in zip(("native", "bimaps"), SCHEMAS, strict=True)
}


def convert(path: Path, folder: Path, profile: str = "native") -> Any:
    """Return the JSON of a model, which is strict and fits its schema."""
    chosen = operation("ifc2json")
    files = Files(inputs={path.name: path}, outputs=folder, scratch=folder)
    result = chosen.load()(chosen.parse({"filename": path.name, "profile": profile}), files)
    assert result.output == f"{path.stem}.json"

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    content = json.loads((folder / result.output).read_bytes().decode("utf-8"), parse_constant=refuse)
    VALIDATORS[profile].validate(content)
    elements = content if profile == "bimaps" else content["elements"]
    assert result.statistics["elements"] == len(elements)
    return content


def model(folder: Path, body: str, schema: str = "IFC4") -> Path:
    path = folder / "t.ifc"
    path.write_text(HEAD.format(schema=schema) + body + TAIL)
    return path


def only(content: dict[str, Any], name: str) -> dict[str, Any]:
    """Return the one element of a name."""
    found = [item for item in content["elements"] if item["name"] == name]
    assert len(found) == 1
    element: dict[str, Any] = found[0]
    return element


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    content: dict[str, Any] = convert(HOUSE, tmp_path_factory.mktemp("house"))
    return content


@pytest.mark.parametrize("name", SCHEMAS)
def test_the_schema_in_the_repository_is_fresh(name: str) -> None:
    assert (ROOT / "docs" / "schemas" / name).read_text() == render(SCHEMAS[name])


@pytest.mark.parametrize("profile", VALIDATORS)
def test_the_schemas_refuse_what_is_not_described(profile: str, tmp_path: Path) -> None:
    jsonschema.Draft202012Validator.check_schema(VALIDATORS[profile].schema)
    content = convert(HOUSE, tmp_path, profile)
    first = content[0]["userData"] if profile == "bimaps" else content["elements"][0]
    first["colour"] = "red"
    assert list(VALIDATORS[profile].iter_errors(content))


def test_the_header_and_the_units_stand_first(house: dict[str, Any]) -> None:
    assert list(house) == ["format", "version", "header", "units", "spatial", "elements", "types"]
    assert house["header"]["schema"] == "IFC4"
    assert house["units"]["LENGTHUNIT"] == {"name": "MILLIMETRE", "to_si": 0.001}


def test_a_property_has_value_type_and_unit(house: dict[str, Any]) -> None:
    walls = [item for item in house["elements"] if item["class"] == "IfcWall"]
    assert len(walls) == 12
    external = [wall["property_sets"]["Pset_WallCommon"]["IsExternal"] for wall in walls]
    assert {"value": True, "type": "IfcBoolean"} in external
    space = next(item for item in house["elements"] if item["class"] == "IfcSpace")
    area = space["quantities"]["Qto_SpaceBaseQuantities"]["NetFloorArea"]
    assert area["type"] == "IfcQuantityArea"
    assert area["unit"] == house["units"]["AREAUNIT"]["name"]
    assert isinstance(area["value"], float)


def test_the_tree_goes_down_to_every_element(house: dict[str, Any]) -> None:
    project = house["spatial"][0]
    assert [project["class"], project["children"][0]["class"]] == ["IfcProject", "IfcSite"]
    storeys = project["children"][0]["children"][0]["children"]
    assert [(storey["name"], storey["elevation_m"]) for storey in storeys] == [
        ("Ground floor", 0.0),
        ("Upper floor", 3.0),
    ]
    by_id = {item["global_id"]: item for item in house["elements"]}
    for storey in storeys:
        assert storey["elements"]
        for global_id in storey["elements"]:
            assert by_id[global_id]["container"]["global_id"] == storey["global_id"]
            assert by_id[global_id]["storey"] == storey["global_id"]


def test_an_opening_hangs_at_its_wall_and_stands_on_its_storey(house: dict[str, Any]) -> None:
    openings = [item for item in house["elements"] if item["class"] == "IfcOpeningElement"]
    assert openings
    for opening in openings:
        assert opening["container"]["relation"] == "voids"
        assert opening["container"]["class"] in {"IfcWall", "IfcSlab"}
        assert opening["storey"] is not None


def test_elements_have_material_classification_type_and_placement(house: dict[str, Any]) -> None:
    wall = next(item for item in house["elements"] if item["class"] == "IfcWall" and item["material"])
    names = [part["name"] for part in wall["material"]["materials"]]
    assert "Mineral wool" in names
    assert all(part["thickness"] > 0 for part in wall["material"]["materials"])
    assert wall["classifications"][0]["system"] == "Uniclass 2015"
    window = next(item for item in house["elements"] if item["class"] == "IfcWindow")
    assert window["type"]["class"] == "IfcWindowType"
    assert window["type"]["global_id"] in {type_["global_id"] for type_ in house["types"]}
    heights = {round(item["placement"]["origin_m"][2], 3) for item in house["elements"] if item["placement"]}
    assert {0.0, 3.0} <= heights


def test_every_property_is_the_one_that_ifcopenshell_finds(corpus: Path, tmp_path: Path) -> None:
    import ifcopenshell  # noqa: PLC0415 - the witness, and only here
    from ifcopenshell.util.element import get_psets  # noqa: PLC0415

    paths = sorted((corpus / "models").rglob("*.ifc")) + sorted((corpus / "diff").glob("*/old.ifc"))
    assert paths
    compared = 0
    for path in paths:
        elements = {item["id"]: item for item in convert(path, tmp_path)["elements"]}
        witness: Any = ifcopenshell.open(str(path))
        products = witness.by_type("IfcProduct")
        assert len(elements) == len(products)
        for product in products:
            ours = elements[product.id()]
            assert (ours["global_id"], ours["class"]) == (product.GlobalId, product.is_a())
            for name, members in get_psets(product).items():
                sets = {**ours["property_sets"], **ours["quantities"]}
                del members["id"]
                plain = {key: value for key, value in members.items() if not isinstance(value, dict)}
                assert {key: sets[name][key]["value"] for key in plain} == plain
                compared += len(plain)
    assert compared > 4000


PROPERTIES = (
    "#2=IFCPROPERTYSET('2nJrDaLQfJ1QPhdJR0o97K',$,'A',$,(#3,#4,#5,#6,#7,#8,#9));\n"
    "#3=IFCPROPERTYSINGLEVALUE('single',$,IFCLENGTHMEASURE(1.5),$);\n"
    "#4=IFCPROPERTYENUMERATEDVALUE('enumerated',$,(IFCLABEL('x'),IFCLABEL('y')),$);\n"
    "#5=IFCPROPERTYBOUNDEDVALUE('bounded',$,IFCREAL(9.),IFCREAL(1.),#11,$);\n"
    "#6=IFCPROPERTYLISTVALUE('list',$,(IFCINTEGER(1),IFCINTEGER(2)),$);\n"
    "#7=IFCPROPERTYTABLEVALUE('table',$,(IFCREAL(1.)),(IFCLABEL('a')),$,$,$,$);\n"
    "#8=IFCCOMPLEXPROPERTY('complex',$,'u',(#3));\n"
    "#9=IFCPROPERTYSINGLEVALUE('unset',$,$,$);\n"
    "#10=IFCRELDEFINESBYPROPERTIES('2nJrDaLQfJ1QPhdJR0o97L',$,$,$,(#1),#2);\n"
    "#11=IFCSIUNIT(*,.LENGTHUNIT.,.MILLI.,.METRE.);\n"
    "#12=IFCUNITASSIGNMENT((#13));\n#13=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);\n"
)


def test_every_kind_of_property_has_its_form(tmp_path: Path) -> None:
    content = convert(model(tmp_path, WALL.format(name="W") + PROPERTIES), tmp_path)
    assert only(content, "W")["property_sets"]["A"] == {
        "single": {"value": 1.5, "type": "IfcLengthMeasure", "unit": "METRE"},
        "enumerated": {"value": ["x", "y"], "type": "IfcLabel"},
        "bounded": {
            "value": {"lower": 1.0, "upper": 9.0, "set_point": None},
            "type": "IfcReal",
            "unit": "MILLIMETRE",
        },
        "list": {"value": [1, 2], "type": "IfcInteger"},
        "table": {"value": [[1.0, "a"]], "type": "IfcLabel"},
        "complex": {
            "value": None,
            "members": {"single": {"value": 1.5, "type": "IfcLengthMeasure", "unit": "METRE"}},
        },
        "unset": {"value": None},
    }


def test_what_the_type_has_is_inherited_unless_the_element_says_otherwise(tmp_path: Path) -> None:
    body = WALL.format(name="W") + (
        "#2=IFCWALLTYPE('2nJrDaLQfJ1QPhdJR0o97M',$,'T',$,$,(#3),$,$,$,.SOLIDWALL.);\n"
        "#3=IFCPROPERTYSET('2nJrDaLQfJ1QPhdJR0o97K',$,'A',$,(#4,#5));\n"
        "#4=IFCPROPERTYSINGLEVALUE('x',$,IFCLABEL('type'),$);\n"
        "#5=IFCPROPERTYSINGLEVALUE('y',$,IFCLABEL('type'),$);\n"
        "#6=IFCRELDEFINESBYTYPE('2nJrDaLQfJ1QPhdJR0o97N',$,$,$,(#1),#2);\n"
        "#7=IFCPROPERTYSET('2nJrDaLQfJ1QPhdJR0o97O',$,'A',$,(#8));\n"
        "#8=IFCPROPERTYSINGLEVALUE('x',$,IFCLABEL('own'),$);\n"
        "#9=IFCRELDEFINESBYPROPERTIES('2nJrDaLQfJ1QPhdJR0o97P',$,$,$,(#1),#7);\n"
    )
    content = convert(model(tmp_path, body), tmp_path)
    assert only(content, "W")["property_sets"]["A"] == {
        "x": {"value": "own", "type": "IfcLabel"},
        "y": {"value": "type", "type": "IfcLabel", "inherited": True},
    }
    assert content["types"][0]["property_sets"]["A"]["x"] == {"value": "type", "type": "IfcLabel"}


def test_it_is_strict_json_whatever_the_names(tmp_path: Path) -> None:
    name = r"a\X\01b\X2\D83D\X0\c</script>\X2\00FC\X0" "\\"
    content = convert(model(tmp_path, WALL.format(name=name)), tmp_path)
    assert content["elements"][0]["name"] == "a\ufffdbc</script>\u00fc"


def test_a_circle_of_spatial_elements_is_in_the_tree_once(tmp_path: Path) -> None:
    body = (
        "#1=IFCBUILDING('2nJrDaLQfJ1QPhdJR0o97A',$,'B',$,$,$,$,$,$,$,$,$);\n"
        "#2=IFCBUILDINGSTOREY('2nJrDaLQfJ1QPhdJR0o97B',$,'S',$,$,$,$,$,$,$);\n"
        "#3=IFCRELAGGREGATES('2nJrDaLQfJ1QPhdJR0o97C',$,$,$,#1,(#2));\n"
        "#4=IFCRELAGGREGATES('2nJrDaLQfJ1QPhdJR0o97D',$,$,$,#2,(#1));\n"
    )
    tree = convert(model(tmp_path, body), tmp_path)["spatial"]
    assert sorted([tree[0]["name"], tree[0]["children"][0]["name"]]) == ["B", "S"]
    assert tree[0]["children"][0]["children"] == []
    assert len(tree) == 1


@pytest.mark.parametrize("name", ["inf_place.ifc", "huge_place.ifc", "cyc_placement2.ifc"])
def test_a_place_that_is_none_is_null(corpus: Path, tmp_path: Path, name: str) -> None:
    content = convert(corpus / "bad" / name, tmp_path)
    assert any(element["placement"] is None for element in content["elements"])


def test_the_flat_array_has_the_ids_above_and_texts(tmp_path: Path) -> None:
    items = convert(HOUSE, tmp_path, "bimaps")
    by_type: dict[str, list[dict[str, Any]]] = {}
    for item in items:
        by_type.setdefault(item["userData"]["type"], []).append(item)
    assert [item["userData"]["type"] for item in items[:3]] == ["IfcProject", "IfcSite", "IfcBuilding"]
    wall = by_type["IfcWall"][0]["userData"]
    assert wall["projectId"] == items[0]["id"]
    assert wall["siteId"] == items[1]["id"]
    assert wall["buildingId"] == items[2]["id"]
    assert wall["buildingStorey"][0] in {item["id"] for item in by_type["IfcBuildingStorey"]}
    assert wall["pset"]["IsExternal"] in {"True", "False"}
    assert [item["userData"]["pset"]["Elevation"] for item in by_type["IfcBuildingStorey"]] == ["0", "3"]
    assert by_type["IfcBuildingStorey"][1]["userData"]["location"] == "0,0,3"


def test_the_flat_array_has_the_footprints_of_spaces_in_metres(tmp_path: Path) -> None:
    items = convert(HOUSE, tmp_path, "bimaps")
    spaces = [item for item in items if item["userData"]["type"] == "IfcSpace"]
    assert spaces
    for space in spaces:
        ring = space["boundary"]["geometry"]["coordinates"][0]
        assert len(ring) > 3
        assert all(-20 < value < 20 for point in ring for value in point)
        assert float(space["boundary"]["properties"]["height"]) == pytest.approx(2.7, abs=0.5)
        assert space["userData"]["pset"]["number"]


def test_every_product_of_the_corpus_is_in_the_flat_array(corpus: Path, tmp_path: Path) -> None:
    import ifcopenshell  # noqa: PLC0415 - the witness, and only here

    for path in sorted((corpus / "models").rglob("*.ifc")):
        found = {item["id"] for item in convert(path, tmp_path, "bimaps")}
        witness: Any = ifcopenshell.open(str(path))
        assert {product.GlobalId for product in witness.by_type("IfcProduct")} <= found
