"""Drawings show what is there, where it is, to scale: read off the file, and off a real browser."""

from __future__ import annotations

import json
import math
import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import shapely
from shapely.geometry import MultiPolygon, Polygon

from functions.core.errors import InputError, UnsupportedError
from tests.browser import browse, needs_browser
from tests.ifc.formats.conversion import HOUSE, Conversion, read

SVG = "{http://www.w3.org/2000/svg}"
IFC = "{http://www.ifcopenshell.org/ns}"
SWINGING = {"door_arcs": True, "print_space_names": True, "print_space_areas": True}
LEFT = ".SINGLE_SWING_LEFT.,"  # how the doors of the house open

# Runs in the page and leaves what the browser makes of the drawing where --dump-dom finds it.
LOOK = """
const all = (selector) => [...document.querySelectorAll(selector)];
const box = (item) => { const b = item.getBBox(); return [b.x, b.y, b.width, b.height]; };
document.body.dataset.seen = JSON.stringify({
  plans: all('g.plan > title').map((item) => item.textContent),
  storeys: all('g.IfcBuildingStorey').length,
  walls: all('g.plan:first-of-type > g.IfcWall').length,
  elements: all('g.plan > g[data-class]').length,
  labels: all('text.space').map((item) => [...item.children].map((line) => line.textContent)),
  arcs: all('path.arc').map((item) => item.getTotalLength()),
  middles: all('path.arc').map((item) => {
    const [hinge, half] = [0, 10 + 2.5 * Math.PI].map((length) => item.getPointAtLength(length));
    return Math.hypot(half.x - hinge.x, half.y - hinge.y);
  }),
  plan: box(document.querySelector('g.plan')),
  cut: getComputedStyle(document.querySelector('.IfcWall .cut')).fill,
  scripts: all('svg script, svg a, svg image, svg foreignObject').length,
});
"""


def parse(path: Path) -> ElementTree.Element:
    return ElementTree.parse(path).getroot()  # noqa: S314 - our own output


def drawings(root: ElementTree.Element, kind: str = "plan") -> list[ElementTree.Element]:
    return [item for item in root.findall(f"{SVG}g") if kind in str(item.get("class")).split()]


def elements(drawing: ElementTree.Element, kind: str = "") -> list[ElementTree.Element]:
    found = [item for item in drawing.findall(f"{SVG}g") if item.get("data-class")]
    return [item for item in found if not kind or item.get("data-class") == kind]


def paths(item: ElementTree.Element, kind: str) -> list[str]:
    return [str(path.get("d")) for path in item.findall(f"{SVG}path") if path.get("class") == kind]


def area(d: str) -> Any:
    """The area that a path fills by the even-odd rule, in the units of the document."""
    rings = [
        Polygon([tuple(map(float, point.split())) for point in ring.split("L")])
        for ring in d.replace("M", "").strip("Z").split("Z")
    ]
    whole: Any = MultiPolygon()
    for ring in rings:
        whole = whole.symmetric_difference(ring)
    return whole


def look(svg: Path, folder: Path) -> dict[str, Any]:
    """Return what a browser sees of a drawing that is part of a page."""
    text = svg.read_text(encoding="utf-8").partition("\n")[2]
    page = folder / "page.html"
    page.write_text(
        f"<!doctype html><meta charset=utf-8><body>{text}<script>{LOOK}</script>", encoding="utf-8"
    )
    found = re.search(r'data-seen="([^"]*)"', browse(page, folder / "profile"))
    assert found, "the page's script did not run"
    seen: dict[str, Any] = json.loads(found[1].replace("&quot;", '"'))
    return seen


@needs_browser
def test_a_browser_shows_storeys_labels_and_arcs(convert: Conversion, tmp_path: Path) -> None:
    seen = look(convert(HOUSE, "house.svg", **SWINGING), tmp_path)
    assert seen["plans"] == ["Ground floor", "Upper floor"]
    assert (seen["storeys"], seen["walls"], seen["scripts"]) == (2, 5, 0)
    assert ["0.02", "Küche", "28.58 m²"] in seen["labels"]
    assert len(seen["labels"]) == 4
    # A panel of a metre at 1:100 is a line of 10 mm and a quarter circle around its end.
    assert seen["arcs"] == pytest.approx([10 + 5 * math.pi] * 3, rel=1e-3)
    assert seen["middles"] == pytest.approx([10] * 3, rel=1e-3)  # it bends around the hinge
    assert seen["plan"][2] == pytest.approx(100, abs=0.5)  # the house is 10 m long
    assert seen["cut"] == "rgb(200, 200, 200)"


@needs_browser
def test_a_browser_renders_it_alone(convert: Conversion, tmp_path: Path) -> None:
    svg = convert(HOUSE, "house.svg", auto_section=True, auto_elevation=True)
    dom = browse(svg, tmp_path / "profile")
    assert "parsererror" not in dom
    assert dom.count("<g class=") == svg.read_text(encoding="utf-8").count("<g class=")
    picture = tmp_path / "house.png"
    browse(svg, tmp_path / "second", f"--screenshot={picture}", "--window-size=800,400")
    assert len(picture.read_bytes()) > 4000  # an empty page is 2 kB


def test_the_cut_walls_have_the_area_that_the_model_says(convert: Conversion) -> None:
    model = read(HOUSE)
    (plan, _) = drawings(parse(convert(HOUSE, "house.svg", scale="1:1")))
    walls = {item.get("data-guid"): paths(item, "cut") for item in elements(plan, "IfcWall")}
    assert len(walls) == 5
    for guid, cuts in walls.items():
        wall: Any = model.by_guid(str(guid))
        told = {
            item.Name: item[3]
            for relation in wall.IsDefinedBy
            if relation.RelatingPropertyDefinition.is_a("IfcElementQuantity")
            for item in relation.RelatingPropertyDefinition.Quantities
        }
        # Doors stand on the floor, windows begin at 0.9 m: a cut at 1.2 m meets all of them.
        gaps = sum(
            relation.RelatedOpeningElement.HasFillings[0].RelatedBuildingElement.OverallWidth
            for relation in wall.HasOpenings
        )
        expected = (told["Length"] - gaps) * told["Width"]
        assert sum(area(cut).area for cut in cuts) == pytest.approx(expected, rel=1e-3)


def test_the_matrix_leads_from_metres_to_the_paper(convert: Conversion) -> None:
    for plan in drawings(parse(convert(HOUSE, "house.svg", scale="1:50"))):
        a, b, c, d, e, f = map(float, str(plan.get("data-matrix")).split())
        assert (a, b, c, d) == (20, 0, 0, -20)
        (south,) = [item for item in elements(plan, "IfcWall") if "south" in str(item.get("data-name"))]
        left = float(re.findall(r"translate\(([\d.]+) ", str(plan.get("transform")))[0])
        low_x, low_y, high_x, high_y = area(paths(south, "cut")[0]).bounds
        assert (low_x + left, high_y) == pytest.approx((e, f), abs=0.01)
        assert (high_x - low_x, high_y - low_y) == pytest.approx((200, 6), abs=0.01)


def test_below_the_cut_things_are_thin_and_hidden_lines_are_covered(convert: Conversion) -> None:
    ground, upper = drawings(parse(convert(HOUSE, "house.svg")))
    for plan in (ground, upper):
        order = [str(item.get("data-class")) for item in elements(plan)]
        assert order[0] == "IfcSlab"  # under everything
        assert max(order.index("IfcWall"), order.index("IfcSpace")) > order.index("IfcSlab")
    (stair,) = elements(ground, "IfcStairFlight") or elements(ground, "IfcStair")
    assert paths(stair, "view")
    assert paths(stair, "cut")


def test_each_element_says_what_it_is(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.svg"))
    model = read(HOUSE)
    ids = [item.get("id") for item in root.iter() if item.get("id")]
    assert len(ids) == len(set(ids))
    for plan in drawings(root):
        assert model.by_guid(str(plan.get("data-guid"))).Name == plan.get("data-name")
        for item in elements(plan):
            entity = model.by_guid(str(item.get("data-guid")))
            assert item.get("data-class") == entity.is_a()
            assert item.findtext(f"{SVG}title") == item.get("data-name") == entity.Name


def test_storeys_stand_from_below(corpus: Path, convert: Conversion) -> None:
    plans = drawings(parse(convert(corpus / "models/bim-whale/TallBuilding.ifc", "tall.svg")))
    heights = [float(str(plan.get("data-height"))) for plan in plans]
    assert heights == sorted(heights)
    assert heights[1] - heights[0] == pytest.approx(4)


def test_doors_of_a_real_model_swing(corpus: Path, convert: Conversion) -> None:
    model = corpus / "models/bim-whale/TallBuilding.ifc"
    root = parse(convert(model, "tall.svg", door_arcs=True, print_space_areas=True))
    arcs = [item for item in root.iter(f"{SVG}path") if item.get("class") == "arc"]
    assert len(arcs) == 6  # four doors with one panel, one with two that open to different sides
    areas = [str(item[0].text) for item in root.iter(f"{SVG}text") if item.get("class") == "space"]
    assert sorted(areas) == ["14.44 m²", "14.44 m²", "29.64 m²"]


@pytest.mark.parametrize(
    ("operation", "arcs"),
    [("SINGLE_SWING_RIGHT", 3), ("DOUBLE_DOOR_SINGLE_SWING", 6), ("SLIDING_TO_LEFT", 0), ("NOTDEFINED", 0)],
)
def test_doors_swing_as_they_say(convert: Conversion, operation: str, arcs: int) -> None:
    model = convert.changed(LEFT, f".{operation}.,")
    text = convert(model, "house.svg", door_arcs=True).read_text(encoding="utf-8")
    assert text.count('class="arc"') == arcs
    assert bool(convert.warnings) is (arcs == 0)


def test_the_hinge_is_on_the_side_that_the_operation_says(convert: Conversion) -> None:
    hinges = {}
    for side in ("LEFT", "RIGHT"):
        model = convert.changed(LEFT, f".SINGLE_SWING_{side}.,")
        root = parse(convert(model, "house.svg", door_arcs=True))
        (arc, *_) = [str(item.get("d")) for item in root.iter(f"{SVG}path") if item.get("class") == "arc"]
        hinge, opened, closed = re.findall(r"[ML ]([\d.]+ [\d.]+)(?=[LA]|$)", arc)
        hinges[side] = [tuple(map(float, point.split())) for point in (hinge, opened, closed)]
    # The first door's axes are the world's: it opens to the north, which is up, and left is west.
    for hinge, opened, _ in hinges.values():
        assert (opened[0], opened[1]) == pytest.approx((hinge[0], hinge[1] - 10), abs=0.01)
    assert hinges["LEFT"][0][0] + 10 == pytest.approx(hinges["RIGHT"][0][0], abs=0.01)
    assert hinges["LEFT"][2] == pytest.approx(hinges["RIGHT"][0], abs=0.01)


def test_the_height_of_the_cut_may_be_chosen(convert: Conversion) -> None:
    def cut(**request: Any) -> float:
        plan = drawings(parse(convert(HOUSE, "house.svg", scale="1:100", **request)))[0]
        return float(sum(area(d).area for item in elements(plan, "IfcWall") for d in paths(item, "cut")))

    sill = cut(section_height=0.5, section_height_from_storeys=True)
    assert sill > cut(section_height_from_storeys=True) == cut()
    one = drawings(parse(convert(HOUSE, "house.svg", section_height=4.2)))
    assert [(plan.get("data-name"), plan.get("data-height")) for plan in one] == [("+4.20 m", "4.2")]
    assert {item.get("data-name") for item in elements(one[0], "IfcWall")} >= {"W-E11 south"}


def test_sections_cut_the_whole_building(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.svg", auto_section=True, svg_without_storeys=True))
    assert drawings(root) == []
    first, second = drawings(root, "section")
    assert (first.get("data-name"), second.get("data-name")) == ("Section A-A", "Section B-B")
    for section in (first, second):
        cut = {str(item.get("data-class")) for item in elements(section) if paths(item, "cut")}
        assert {"IfcSlab", "IfcWall"} <= cut
        assert not any(paths(item, "view") for item in elements(section))
    root = parse(convert(HOUSE, "house.svg", auto_section=True, svg_without_storeys=True, svg_project=True))
    assert any(paths(item, "view") for section in drawings(root, "section") for item in elements(section))


def test_a_section_of_slabs_is_as_thick_as_they_are(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.svg", auto_section=True, scale="1:100"))
    slabs = elements(drawings(root, "section")[0], "IfcSlab")
    thick = {round(area(d).bounds[3] - area(d).bounds[1], 1) for s in slabs for d in paths(s, "cut")}
    assert 3.0 in thick


def test_elevations_look_from_all_sides(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.svg", auto_elevation=True, draw_storey_heights="full"))
    sides = {str(item.get("data-name")).split()[1]: item for item in drawings(root, "elevation")}
    assert set(sides) == {"north", "east", "south", "west"}
    assert [item.get("data-name") for item in elements(sides["south"], "IfcDoor")].count("D-02") == 1
    front = {name: [w.get("data-name") for w in elements(side, "IfcWindow")] for name, side in sides.items()}
    assert len(front["south"]) > 0
    levels = [item for item in sides["south"].iter(f"{SVG}g") if item.get("class") == "storey-height"]
    assert [item.get("data-name") for item in levels] == ["Ground floor", "Upper floor"]
    assert [str(item.find(f"{SVG}text/{SVG}tspan").text) for item in levels] == [  # type: ignore[union-attr]
        "Ground floor +0.00", "Upper floor +3.00",
    ]  # fmt: skip
    lines = [re.findall(r"[\d.]+", str(item[0].get("d"))) for item in levels]
    assert float(lines[0][1]) - float(lines[1][1]) == pytest.approx(30)  # 3 m at 1:100


def test_short_lines_at_storeys_and_none(convert: Conversion) -> None:
    def lines(how: str) -> list[float]:
        root = parse(convert(HOUSE, "h.svg", auto_elevation=True, draw_storey_heights=how))
        found = [item[0] for item in root.iter(f"{SVG}g") if item.get("class") == "storey-height"]
        numbers = [list(map(float, re.findall(r"[\d.]+", str(path.get("d"))))) for path in found]
        return [x1 - x0 for x0, _, x1, _ in numbers]

    full, left = lines("full"), lines("left")
    assert len(full) == len(left) == 8
    assert all(a == pytest.approx(20 * b, rel=0.01) for a, b in zip(full, left, strict=True))
    assert lines("none") == []


def test_drawings_at_an_element(convert: Conversion) -> None:
    guid = next(item.GlobalId for item in read(HOUSE).by_type("IfcWall") if item.Name == "W-I01 middle")
    root = parse(convert(HOUSE, "house.svg", section_ref="W-I01 middle", elevation_ref_guid=guid))
    (section,), (elevation,) = drawings(root, "section"), drawings(root, "elevation")
    assert section.get("data-guid") == elevation.get("data-guid") == guid
    assert {str(item.get("data-name")) for item in elements(section, "IfcSlab")} >= {"Slab 0", "Slab 1"}
    assert "W-E03 north" in [item.get("data-name") for item in elements(elevation, "IfcWall")]
    assert "W-E01 south" not in [item.get("data-name") for item in elements(elevation, "IfcWall")]


@pytest.mark.parametrize("option", ["section_ref", "elevation_ref", "elevation_ref_guid"])
def test_an_element_that_is_not_there_is_named(convert: Conversion, option: str) -> None:
    with pytest.raises(InputError, match="nowhere") as caught:
        convert(HOUSE, "house.svg", **{option: "nowhere"})
    assert caught.value.field == option


def test_bounds_without_a_scale_are_pixels(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.svg", bounds="640x480"))
    assert (root.get("width"), root.get("height")) == ("1280", "480")
    for plan in drawings(root):
        boxes = [area(d).bounds for item in elements(plan, "IfcWall") for d in paths(item, "cut")]
        low_x, low_y, high_x, high_y = shapely.MultiPolygon([shapely.box(*box) for box in boxes]).bounds
        assert 0 < low_x < high_x < 640
        assert 0 < low_y < high_y < 480
        assert min(low_x, low_y) == pytest.approx(10, abs=1)


def test_bounds_with_a_scale_are_millimetres(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.svg", bounds="420x297", scale="1:50", center="0.5x0.5"))
    assert (root.get("width"), root.get("height")) == ("840mm", "297mm")
    plan = drawings(root)[0]
    assert str(plan.get("data-matrix")).startswith("20 0 0 -20 110 ")  # (420 - 10 m at 1:50) / 2


def test_the_centre_of_the_bounds_may_be_another(convert: Conversion) -> None:
    plan = drawings(parse(convert(HOUSE, "h.svg", bounds="420x297", scale="1:50", center="0x0")))[0]
    # The upper left corner of the house stands in the middle of the sheet.
    assert list(map(float, str(plan.get("data-matrix")).split()))[4:] == pytest.approx([210, 148.5 + 160])


@pytest.mark.parametrize(
    "request_",
    [{"scale": "100"}, {"scale": "1:0"}, {"bounds": "1024"}, {"bounds": "0x5"}, {"center": "0.5x0.5"},
     {"bounds": "9x9", "center": "2x2"}, {"svg_without_storeys": True}],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(convert: Conversion, request_: dict[str, Any]) -> None:
    with pytest.raises(InputError) as caught:
        convert(HOUSE, "house.svg", **request_)
    assert caught.value.field in request_


@pytest.mark.parametrize("option", ["no_normals", "center_model", "y_up"])
def test_options_of_other_formats_are_refused_by_name(convert: Conversion, option: str) -> None:
    with pytest.raises(UnsupportedError) as caught:
        convert(HOUSE, "house.svg", **{option: True})
    assert caught.value.field == option


def test_names_in_a_namespace_of_their_own_and_no_styles(convert: Conversion) -> None:
    path = convert(HOUSE, "house.svg", svg_xmlns=True, svg_no_css=True, svg_poly=True)
    plan = drawings(parse(path))[0]
    assert plan.get(f"{IFC}name") == "Ground floor"
    assert {str(item.get(f"{IFC}guid")) for item in elements(plan, "IfcWall")} <= {
        wall.GlobalId for wall in read(HOUSE).by_type("IfcWall")
    }
    text = path.read_text(encoding="utf-8")
    assert "data-name" not in text
    assert "<style" not in text


def test_only_what_is_asked_for_is_drawn(convert: Conversion) -> None:
    root = parse(convert(HOUSE, "house.svg", include="IfcWall"))
    assert {item.get("data-class") for plan in drawings(root) for item in elements(plan)} == {"IfcWall"}


@pytest.mark.parametrize("name", ["html_names.ifc", "escape_nul.ifc", "rtl_name.ifc", "formula_names.ifc"])
def test_hostile_names_are_text(corpus: Path, convert: Conversion, name: str) -> None:
    path = convert(corpus / "bad" / name, "bad.svg", use_element_names=True, auto_elevation=True)
    tags = {item.tag.removeprefix(SVG) for item in parse(path).iter()}
    assert tags <= {"svg", "title", "style", "defs", "clipPath", "rect", "g", "path", "text", "tspan"}


def test_a_model_without_storeys_has_one_plan(corpus: Path, convert: Conversion) -> None:
    plans = drawings(parse(convert(corpus / "bad" / "crlf.ifc", "one.svg")))
    assert len(plans) == 1
    assert paths(elements(plans[0], "IfcWall")[0], "cut")


def test_the_same_bytes_every_time(convert: Conversion) -> None:
    options: dict[str, Any] = {"auto_section": True, "auto_elevation": True, "svg_project": True}
    first = convert(HOUSE, "a.svg", **options).read_bytes()
    assert convert(HOUSE, "b.svg", threads=2, **options).read_bytes() == first
