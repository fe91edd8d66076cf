"""The XML has what IfcConvert's has: compared with IfcOpenShell 0.8.4's serializer when it was written."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from ifcopenshell.util.placement import get_local_placement
from ifcopenshell.util.unit import calculate_unit_scale

from tests.ifc.formats.conversion import HOUSE, Conversion, read

HREF = "{http://www.w3.org/1999/xlink}href"
SECTIONS = (
    "header", "units", "connections", "properties", "quantities", "work",
    "calendars", "types", "layers", "groups", "materials", "decomposition",
)  # fmt: skip
# Elements under each section that IfcOpenShell 0.8.4 writes for the house.
COUNTS = {
    "units": {"IfcSIUnit": 4},
    "types": {"IfcDoorType": 1, "IfcWallType": 2, "IfcWindowType": 2},
    "layers": {},
    "groups": {"IfcGroup": 1},
    "materials": {
        "IfcMaterialLayerSet": 2, "IfcMaterialLayerSetUsage": 12, "IfcMaterialConstituentSet": 3,
        "IfcMaterial": 3,
    },
}  # fmt: skip


def parse(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()  # noqa: S314 - our own output


def section(root: ElementTree.Element, name: str) -> ElementTree.Element:
    found = root.find(name)
    assert found is not None
    return found


def test_the_sections_stand_in_their_order(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.xml"))
    assert root.tag == "ifc"
    assert tuple(child.tag for child in root) == SECTIONS


def test_as_many_elements_as_ifcopenshell_writes(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.xml"))
    found = {name: Counter(child.tag for child in section(root, name)) for name in COUNTS}
    assert found == COUNTS
    assert sum(1 for _ in root.iter()) == 465


@pytest.mark.parametrize("name", ["bim-whale/TallBuilding.ifc", "pcert/Building-Structural.ifc"])
def test_every_product_stands_once_below_what_it_is_part_of(
    corpus: Path, convert: Conversion, name: str
) -> None:
    model = read(corpus / "models" / name)
    tree = section(parse(convert(corpus / "models" / name, "out.xml")), "decomposition")
    guids = [node.get("id") for node in tree.iter() if node.get("id")]
    wanted = [entity.GlobalId for entity in (*model.by_type("IfcProject"), *model.by_type("IfcProduct"))]
    assert sorted(map(str, guids)) == sorted(wanted)
    parents = {child.get("id"): above.get("id") for above in tree.iter() for child in above}
    for relation in model.by_type("IfcRelVoidsElement"):
        opening = relation.RelatedOpeningElement
        assert parents[opening.GlobalId] == relation.RelatingBuildingElement.GlobalId
        for fills in opening.HasFillings:
            assert parents[fills.RelatedBuildingElement.GlobalId] == opening.GlobalId


def test_links_lead_to_what_is_there(corpus: Path, convert: Conversion) -> None:
    root = parse(convert(corpus / "models/bim-whale/TallBuilding.ifc", "out.xml"))
    known = {f"#{node.get('id')}" for node in root.iter()}
    links = [node.get(HREF) for node in root.iter() if node.get(HREF)]
    assert len(links) > 100
    assert set(links) <= known


def test_placements_are_global_and_in_metres(corpus: Path, convert: Conversion) -> None:
    path = corpus / "models/bim-whale/TallBuilding.ifc"
    model: Any = read(path)
    scale = calculate_unit_scale(model)
    tree = section(parse(convert(path, "out.xml")), "decomposition")
    windows = [node for node in tree.iter("IfcWindow")]
    assert len(windows) == len(model.by_type("IfcWindow"))
    for node in windows:
        matrix = np.array(str(node.get("ObjectPlacement")).split(), dtype=float).reshape(4, 4).T
        expected = get_local_placement(model.by_guid(node.get("id")).ObjectPlacement)
        expected[:3, 3] *= scale
        assert matrix == pytest.approx(expected, abs=1e-9)


def test_properties_and_quantities_have_their_values(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.xml"))
    model = read(HOUSE)
    sets = section(root, "properties").findall("IfcPropertySet")
    assert [node.get("id") for node in sets] == [item.GlobalId for item in model.by_type("IfcPropertySet")]
    for node, item in zip(sets, model.by_type("IfcPropertySet"), strict=True):
        singles = [one for one in item.HasProperties if one.is_a("IfcPropertySingleValue")]
        assert [child.get("Name") for child in node] == [one.Name for one in item.HasProperties]
        for one in singles:
            (child,) = [child for child in node if child.get("Name") == one.Name]
            value = one.NominalValue.wrappedValue
            told = str(child.get("NominalValue"))
            assert told == (str(value).lower() if isinstance(value, bool) else told)
            assert not isinstance(value, float) or float(told) == value
            assert not isinstance(value, str) or told == value
    volumes = {node.get("VolumeValue") for node in section(root, "quantities").iter("IfcQuantityVolume")}
    assert {float(str(text)) for text in volumes} == {
        item.VolumeValue for item in model.by_type("IfcQuantityVolume")
    }


def test_the_header_and_the_units(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.xml"))
    header = section(root, "header")
    assert header.findtext("file_name/originating_system") == "ifcpipe examples"
    assert header.findtext("file_description/implementation_level") == "2;1"
    assert header.findtext("file_schema/schema_identifiers") == "IFC4"
    length = section(root, "units")[0]
    assert (length.get("Prefix"), length.get("Name"), length.get("SI_equivalent")) == (
        "MILLI", "METRE", "0.001",
    )  # fmt: skip


def test_values_of_enumerations_are_there(convert: Conversion) -> None:
    model = convert.changed(
        "IFCPROPERTYSINGLEVALUE('FireRating',$,IFCLABEL('REI 90'),$)",
        "IFCPROPERTYENUMERATEDVALUE('FireRating',$,(IFCLABEL('REI 90'),IFCLABEL('R 30')),$)",
    )
    node = next(parse(convert(model, "out.xml")).iter("IfcPropertyEnumeratedValue"))
    assert node.get("EnumerationValues") == "REI 90; R 30"


def test_what_is_left_out_is_nowhere(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.xml", exclude="IfcWindow"))
    assert list(root.iter("IfcWindow")) == []
    assert len(list(section(root, "decomposition").iter("IfcDoor"))) == 3


@pytest.mark.parametrize(
    "name", ["html_names.ifc", "escape_nul.ifc", "escape_surrogate.ifc", "rtl_name.ifc", "formula_names.ifc"]
)
def test_hostile_names_are_text(corpus: Path, convert: Conversion, name: str) -> None:
    path = corpus / "bad" / name
    tree = section(parse(convert(path, "out.xml")), "decomposition")
    assert len(list(tree.iter("IfcWall"))) == len(read(path).by_type("IfcWall"))


def test_parts_of_one_another_end(corpus: Path, convert: Conversion) -> None:
    tree = section(parse(convert(corpus / "bad" / "cyc_aggregate.ifc", "out.xml")), "decomposition")
    walls = [node for node in tree.iter() if node.get("id") and node.tag != "IfcProject"]
    assert len(walls) == len(read(corpus / "bad" / "cyc_aggregate.ifc").by_type("IfcProduct"))
    assert any("not part of the project" in line for line in convert.warnings)


def test_a_deep_tree_is_no_recursion(convert: Conversion) -> None:
    depth = 3000
    lines = [f"#{90000 + n}=IFCELEMENTASSEMBLY('{n:022d}',$,'{n}',$,$,$,$,$,$,$);" for n in range(depth)]
    lines += [
        f"#{95000 + n}=IFCRELAGGREGATES('{n + 5000:022d}',$,$,$,#{90000 + n},(#{90001 + n}));"
        for n in range(depth - 1)
    ]
    model = convert.changed("ENDSEC;\nEND-ISO", "\n".join(lines) + "\nENDSEC;\nEND-ISO")
    text = convert(model, "out.xml").read_text(encoding="utf-8")
    assert text.count("<IfcElementAssembly ") == text.count("</IfcElementAssembly>") == depth


def test_the_same_bytes_every_time(convert: Conversion) -> None:
    assert convert(HOUSE, "a.xml").read_bytes() == convert(HOUSE, "b.xml").read_bytes()
