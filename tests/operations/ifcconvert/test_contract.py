"""What may be asked of a conversion, and what is refused by name."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from functions.core.compute import Cost, Kind, Line, choose
from functions.core.errors import InputError, UnsupportedError
from functions.operations.ifcconvert import FORMATS, OPTIONS, ConvertRequest, operation

VALUES: dict[str, object] = {
    "include": ["IfcWall"],
    "include_type": "guids",
    "include_plus": ["IfcWall"],
    "include_plus_type": "guids",
    "exclude": ["IfcWall"],
    "exclude_type": "guids",
    "exclude_plus": ["IfcWall"],
    "exclude_plus_type": "guids",
    "model_offset": [1, 2, 3],
    "model_rotation": [0, 0, 1, 1],
    "y_up": True,
    "digits": 6,
    "compression": "quantized",
    "force_space_transparency": 0.5,
    "mesher_linear_deflection": 0.01,
    "mesher_angular_deflection": 0.2,
    "circle_segments": 8,
    "precision": 1e-4,
    "kernel": "opencascade",
    "threads": 2,
    "log_file": "said.txt",
    "bounds": "420x297",
    "scale": "1:50",
    "center": "0.5x0.5",
    "section_height": 1.0,
    "section_ref": "W-1",
    "elevation_ref": "W-1",
    "elevation_ref_guid": "3eBSiIwYrQZuLPrzJv6Say",
    "draw_storey_heights": "full",
}
# Some options make sense with others only.
TOGETHER: dict[str, dict[str, object]] = {
    "center": {"bounds": "9x9"},
    "svg_without_storeys": {"auto_section": True},
}


def parse(**request: Any) -> Any:
    return operation.parse({"input_filename": "house.ifc", **request})


def kind(mb: float, **request: Any) -> Kind:
    """Where a conversion runs of which a megabyte takes a second as GLB."""
    slow = replace(operation)
    slow.__dict__["cost"] = Cost(seconds=Line(0, 1), megabytes=Line(100, 1))
    return choose(slow, input_mb=mb, factor=slow.factor(parse(**request)), longest_s=14_400).kind


def test_a_large_model_becomes_steps_in_a_task_where_a_function_makes_its_glb() -> None:
    assert kind(400) == kind(400, output_filename="house.glb") == kind(400, format="ifc") == Kind.LAMBDA
    assert kind(400, format="stp") == kind(400, output_filename="house.step") == Kind.FARGATE
    assert kind(100, format="stp") == Kind.LAMBDA


@pytest.mark.parametrize(
    "request_",
    [
        {"format": "igs"},
        {"format": "svg"},
        {"format": "ttl"},
        {"kernel": "opencascade"},
        {"circle_segments": 64},
        {"unify_shapes": True},
    ],
)
def test_what_takes_longer_than_a_glb_is_known_to(request_: dict[str, Any]) -> None:
    assert kind(400, **request_) == Kind.FARGATE
    assert kind(100, **request_) == Kind.LAMBDA


def test_options_add_to_what_a_format_takes() -> None:
    assert operation.factor(parse(format="igs", use_world_coords=True)) > operation.factor(
        parse(format="igs")
    )
    assert operation.factor(parse(format="glb", use_world_coords=True)) == operation.factor(parse()) == 1
    svg = parse(format="svg", auto_section=True)
    assert operation.factor(svg) > operation.factor(parse(format="svg")) > 2


@pytest.mark.parametrize("name", ["house.3ds", "house.usdz", "house"])
def test_other_formats_are_refused_and_the_known_ones_named(name: str) -> None:
    with pytest.raises(UnsupportedError, match="glb") as caught:
        parse(output_filename=name)
    assert caught.value.field == "output_filename"


@pytest.mark.parametrize(
    ("name", "field", "value"),
    [
        ("a.glb", "exterior_only", "concave"),
        ("a.glb", "y_up", False),
        ("a.glb", "element_hierarchy", True),
        ("a.glb", "digits", 6),
        ("a.glb", "convert_back_units", True),
        ("a.obj", "element_hierarchy", True),
        ("a.obj", "compression", "quantized"),
        ("a.dae", "instanced", False),
        ("a.obj", "edge_arrows", True),
    ],
)
def test_options_that_cannot_be_honoured_are_refused_by_name(name: str, field: str, value: object) -> None:
    with pytest.raises(UnsupportedError, match=field) as caught:
        parse(output_filename=name, **{field: value})
    assert caught.value.field == field


def test_of_several_options_that_are_not_there_the_first_by_name_is_refused() -> None:
    with pytest.raises(UnsupportedError) as caught:
        parse(plan=True, model=False, exterior_only=True, edge_arrows=True, dimensionality="curves")
    assert caught.value.field == "dimensionality"


@pytest.mark.parametrize("kind", FORMATS)
def test_every_option_is_honoured_or_refused_for_every_format(kind: str) -> None:
    """Set everything once: what the table does not list for the format must be refused."""
    asked: dict[str, object] = {
        name: not info.default if isinstance(info.default, bool) else VALUES[name]
        for name, info in ConvertRequest.model_fields.items()
        if (info.alias or name) in OPTIONS
        for name in (info.alias or name,)
    }
    assert asked.keys() == OPTIONS.keys()
    for option, value in asked.items():
        if kind in OPTIONS[option]:
            more = TOGETHER.get(option, {})
            assert parse(format=kind, **{option: value}, **more) != parse(format=kind, **more)
        else:
            with pytest.raises(UnsupportedError, match=option):
                parse(format=kind, **{option: value})


@pytest.mark.parametrize(
    ("field", "options"),
    [
        ("generate_uvs", {"generate_uvs": True, "no_normals": True}),
        ("generate_uvs", {"generate_uvs": True, "weld_vertices": True}),
        ("circle_segments", {"circle_segments": 8, "kernel": "opencascade"}),
        ("unify_shapes", {"circle_segments": 8, "unify_shapes": True}),
        ("unify_shapes", {"kernel": "hybrid-cgal-simple-opencascade", "unify_shapes": True}),
        ("mesher_linear_deflection", {"circle_segments": 8, "mesher_linear_deflection": 0.1}),
        (
            "mesher_angular_deflection",
            {"kernel": "hybrid-cgal-simple-opencascade", "mesher_angular_deflection": 0.1},
        ),
    ],
)
def test_an_option_that_another_leaves_without_effect_is_refused(field: str, options: dict[str, Any]) -> None:
    with pytest.raises(UnsupportedError) as caught:
        parse(**options)
    assert caught.value.field == field


def test_a_refusal_says_where_the_option_goes() -> None:
    with pytest.raises(UnsupportedError, match="it goes with dae"):
        parse(element_hierarchy=True)


def test_defaults_of_such_options_ask_for_nothing() -> None:
    assert parse(generate_uvs=False, scale=None, exterior_only=None) == parse()
    assert parse(y_up=True).output_format == "glb"
    assert parse(format="xml", y_up=False, draw_storey_heights="none").output_format == "xml"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model_rotation", [0, 0, 0, 0]),
        ("model_rotation", [1e-300, 0, 0, 0]),
        ("log_file", "../said.txt"),
        ("model_rotation", [0, 0, 1]),
        ("model_offset", [0, 0, float("nan")]),
        ("model_offset", [1e12, 0, 0]),
        ("digits", 0),
        ("circle_segments", 2),
        ("compression", "meshopt"),
    ],
)
def test_values_that_mean_nothing_are_refused(field: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        parse(**{field: value})
    assert (caught.value.field or "").startswith(field)


def test_unknown_fields_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        parse(mystery=1)
    assert caught.value.field == "mystery"


def test_names_may_come_as_text() -> None:
    assert parse(include="IfcWall,IfcSlab IfcDoor").include == ("IfcWall", "IfcSlab", "IfcDoor")


def test_a_refusal_names_the_field_of_the_whole_request() -> None:
    with pytest.raises(UnsupportedError) as caught:
        operation.parse({"input_filename": "a.ifc", "scale": "1:50"}, prefix="operations.1.request")
    assert caught.value.field == "operations.1.request.scale"
