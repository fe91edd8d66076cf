"""ifcinfo: what it says about the example house, and how it bears damaged models."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from functions.core import Files
from functions.core.registry import operation

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
HEAD = (
    "ISO-10303-21;\nHEADER;\nFILE_DESCRIPTION((''),'2;1');\n"
    "FILE_NAME('t.ifc','2026-01-01T00:00:00',('A'),('O'),'p','s','');\nFILE_SCHEMA(('{schema}'));\nENDSEC;\nDATA;\n"
)
TAIL = "ENDSEC;\nEND-ISO-10303-21;\n"


def report(path: Path, folder: Path) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the statistics and the report of a model."""
    info = operation("ifcinfo")
    files = Files(inputs={path.name: path}, outputs=folder, scratch=folder)
    result = info.load()(info.parse({"filename": path.name}), files)
    assert result.output
    text = (folder / result.output).read_bytes().decode("utf-8")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is not JSON")

    return result.statistics, json.loads(text, parse_constant=refuse)


def model(folder: Path, body: str, schema: str = "IFC4") -> Path:
    path = folder / "t.ifc"
    path.write_text(HEAD.format(schema=schema) + body + TAIL)
    return path


def hints(content: dict[str, Any]) -> dict[str, int]:
    return {hint["code"]: hint["count"] for hint in content["hints"]}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], dict[str, Any]]:
    return report(EXAMPLES / "house-architecture.ifc", tmp_path_factory.mktemp("house"))


def test_the_key_figures_stand_in_the_statistics(house: tuple[dict[str, Any], dict[str, Any]]) -> None:
    statistics, _ = house
    assert statistics == {
        "schema": "IFC4",
        "application": "ifcpipe examples",
        "project": "House",
        "element_count": 50,
        "product_count": 58,
        "type_count": 5,
        "storey_count": 2,
        "property_set_count": 5,
        "material_count": 10,
        "length_unit": "MILLIMETRE",
        "georeferenced": True,
        "extent_m": statistics["extent_m"],
        "hints": {"no-type": 7, "no-properties": 5, "no-material": 2},
    }


def test_it_counts_by_class(house: tuple[dict[str, Any], dict[str, Any]]) -> None:
    counts = house[1]["counts"]
    assert counts["by_class"]["IfcWall"] == 12
    assert counts["by_class"]["IfcWindow"] == 12
    assert sum(counts["by_class"].values()) == counts["products"]


def test_storeys_come_from_the_lowest_up_in_metres(house: tuple[dict[str, Any], dict[str, Any]]) -> None:
    storeys = [(storey["name"], storey["elevation_m"]) for storey in house[1]["storeys"]]
    assert storeys == [("Ground floor", 0.0), ("Upper floor", 3.0)]
    # Openings and parts stand where their hosts and wholes stand.
    assert sum(storey["elements"] for storey in house[1]["storeys"]) == house[1]["counts"]["elements"]


def test_it_says_where_on_earth_the_house_is(house: tuple[dict[str, Any], dict[str, Any]]) -> None:
    place = house[1]["georeference"]
    assert place["projected_crs"]["Name"] == "EPSG:25832"
    assert place["map_conversion"]["Eastings"] == 691000.0
    assert place["map_conversion"]["rotation_degrees"] == 30.0
    assert place["site"]["latitude"] == pytest.approx(48 + 8 / 60)


def test_units_have_their_factor_to_si(house: tuple[dict[str, Any], dict[str, Any]]) -> None:
    units = house[1]["units"]
    assert units["LENGTHUNIT"] == {"name": "MILLIMETRE", "to_si": 0.001}
    assert units["VOLUMEUNIT"] == {"name": "CUBIC_METRE", "to_si": 1.0}


def test_the_extent_is_that_of_placements(house: tuple[dict[str, Any], dict[str, Any]]) -> None:
    extent = house[1]["extent"]
    assert "placements" in extent["of"]
    assert extent["min"] == [-0.4, -0.01, -0.3]
    assert extent["max"] == pytest.approx([10.01, 8.01, 5.7], abs=0.011)


def test_it_lists_what_is_used(house: tuple[dict[str, Any], dict[str, Any]]) -> None:
    content = house[1]
    assert content["property_sets"]["Pset_WallCommon"] == 12
    assert content["quantity_sets"]["Qto_SpaceBaseQuantities"] == 4
    assert content["materials"]["Glass"] == 12
    assert content["materials"]["Mineral wool"] == 12
    assert {"class": "IfcWindowType", "name": "Window 1200x1400", "occurrences": 8} in content["types"]
    assert content["classifications"] == [
        {
            "system": "Uniclass 2015",
            "objects": 29,
            "references": {"EF_25_10": 12, "EF_25_30": 12, "EF_30_20": 4, "EF_30_10": 1},
        }
    ]


def test_lengths_in_feet_become_metres(tmp_path: Path) -> None:
    body = (
        "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,#2);\n#2=IFCUNITASSIGNMENT((#3));\n"
        "#3=IFCCONVERSIONBASEDUNIT(#6,.LENGTHUNIT.,'FOOT',#4);\n"
        "#4=IFCMEASUREWITHUNIT(IFCLENGTHMEASURE(0.3048),#5);\n#5=IFCSIUNIT(*,.LENGTHUNIT.,$,.METRE.);\n"
        "#6=IFCDIMENSIONALEXPONENTS(1,0,0,0,0,0,0);\n"
        "#7=IFCBUILDINGSTOREY('2nJrDaLQfJ1QPhdJR0o97J',$,'S',$,$,$,$,$,$,10.);\n"
    )
    _, content = report(model(tmp_path, body), tmp_path)
    assert content["units"]["LENGTHUNIT"] == {"name": "FOOT", "to_si": 0.3048}
    assert content["storeys"][0]["elevation_m"] == 3.048


def test_ifc2x3_keeps_its_georeference_in_property_sets(tmp_path: Path) -> None:
    body = (
        "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n"
        "#2=IFCSITE('2nJrDaLQfJ1QPhdJR0o97J',$,'S',$,$,$,$,$,$,$,$,$,$,$);\n"
        "#3=IFCPROPERTYSET('2nJrDaLQfJ1QPhdJR0o97K',$,'ePSet_MapConversion',$,(#4,#5));\n"
        "#4=IFCPROPERTYSINGLEVALUE('Eastings',$,IFCLENGTHMEASURE(1234.5),$);\n"
        "#5=IFCPROPERTYSINGLEVALUE('Northings',$,IFCLENGTHMEASURE(99.),$);\n"
        "#6=IFCRELDEFINESBYPROPERTIES('2nJrDaLQfJ1QPhdJR0o97L',$,$,$,(#2),#3);\n"
    )
    statistics, content = report(model(tmp_path, body, "IFC2X3"), tmp_path)
    assert statistics["georeferenced"] is True
    assert content["georeference"]["map_conversion"] == {"Eastings": 1234.5, "Northings": 99.0}


def test_a_placement_turns_with_its_parent(tmp_path: Path) -> None:
    body = (
        "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n"
        "#2=IFCCARTESIANPOINT((10.,0.,0.));\n#3=IFCDIRECTION((0.,1.,0.));\n#4=IFCDIRECTION((0.,0.,1.));\n"
        "#5=IFCAXIS2PLACEMENT3D(#2,#4,#3);\n#6=IFCLOCALPLACEMENT($,#5);\n#7=IFCCARTESIANPOINT((5.,0.,1.));\n"
        "#8=IFCAXIS2PLACEMENT3D(#7,$,$);\n#9=IFCLOCALPLACEMENT(#6,#8);\n"
        "#10=IFCPRODUCTDEFINITIONSHAPE($,$,(#12));\n"
        "#11=IFCWALL('2nJrDaLQfJ1QPhdJR0o97J',$,'W',$,$,#9,#10,$,$);\n"
        "#12=IFCSHAPEREPRESENTATION($,'Box','BoundingBox',(#13));\n#13=IFCBOUNDINGBOX(#14,2.,1.,3.);\n"
        "#14=IFCCARTESIANPOINT((0.,0.,0.));\n"
    )
    _, content = report(model(tmp_path, body), tmp_path)
    # The origin is (10, 5, 1); the box runs 2 along y and 1 along -x.
    assert content["extent"]["min"] == [9.0, 5.0, 1.0]
    assert content["extent"]["max"] == [10.0, 7.0, 4.0]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("no_project.ifc", {"no-project": 1, "no-length-unit": 1, "unnamed": 1}),
        ("zero_unit.ifc", {"no-length-unit": 1}),
        ("dup_guid.ifc", {"duplicate-global-id": 1}),
        ("empty_guid.ifc", {"invalid-global-id": 1}),
        ("bad_guid.ifc", {"invalid-global-id": 1}),
        ("cyc_aggregate.ifc", {"cyclic-structure": 3, "no-storey": 1}),
        ("cyc_placement2.ifc", {"cyclic-placement": 1}),
        ("huge_place.ifc", {"far-away": 1}),
        ("inf_place.ifc", {"unreadable": 1}),
    ],
)
def test_damage_is_a_hint_and_not_the_end(
    corpus: Path, tmp_path: Path, name: str, expected: dict[str, int]
) -> None:
    statistics, content = report(corpus / "bad" / name, tmp_path)
    assert expected.items() <= hints(content).items()
    assert statistics["hints"] == hints(content)


def test_a_control_character_does_not_reach_the_report(tmp_path: Path) -> None:
    body = r"#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'a\X\01b\X2\D83D\X0\ ',$,$,$,$,$,$);" + "\n"
    statistics, _ = report(model(tmp_path, body), tmp_path)
    assert statistics["project"].isprintable()


def test_every_model_of_the_corpus_has_a_report(corpus: Path, tmp_path: Path) -> None:
    import ifcopenshell  # noqa: PLC0415 - the witness, and only here

    paths = sorted((corpus / "models").rglob("*.ifc"))
    assert paths
    for path in paths:
        statistics, content = report(path, tmp_path)
        witness = ifcopenshell.open(str(path))
        assert statistics["element_count"] == len(witness.by_type("IfcElement"))
        assert statistics["storey_count"] == len(witness.by_type("IfcBuildingStorey"))
        assert content["counts"]["products"] == len(witness.by_type("IfcProduct"))
        assert "unreadable" not in hints(content)


def test_a_set_of_property_sets_counts_as_its_members(tmp_path: Path) -> None:
    body = (
        "#1=IFCPROJECT('0YvctVUKr0kugbFTf53O9L',$,'P',$,$,$,$,$,$);\n"
        "#2=IFCWALL('2nJrDaLQfJ1QPhdJR0o97J',$,'W',$,$,$,$,$,$);\n"
        "#3=IFCPROPERTYSET('2nJrDaLQfJ1QPhdJR0o97K',$,'A',$,(#5));\n"
        "#4=IFCPROPERTYSET('2nJrDaLQfJ1QPhdJR0o97M',$,'B',$,(#5));\n"
        "#5=IFCPROPERTYSINGLEVALUE('x',$,IFCLABEL('y'),$);\n"
        "#6=IFCRELDEFINESBYPROPERTIES('2nJrDaLQfJ1QPhdJR0o97L',$,$,$,(#2),"
        "IFCPROPERTYSETDEFINITIONSET((#3,#4)));\n"
    )
    _, content = report(model(tmp_path, body), tmp_path)
    assert content["property_sets"] == {"A": 1, "B": 1}
