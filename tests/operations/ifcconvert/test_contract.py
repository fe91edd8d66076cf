"""What may be asked of a conversion, and what is refused by name."""

from __future__ import annotations

from typing import Any

import pytest

from functions.core.errors import InputError, UnsupportedError
from functions.operations.ifcconvert import operation


def parse(**request: Any) -> Any:
    return operation.parse({"input_filename": "house.ifc", **request})


@pytest.mark.parametrize("name", ["house.stp", "house.obj", "house"])
def test_other_formats_are_refused_and_the_known_ones_named(name: str) -> None:
    with pytest.raises(UnsupportedError, match="glb") as caught:
        parse(output_filename=name)
    assert caught.value.field == "output_filename"


@pytest.mark.parametrize(("field", "value"), [("generate_uvs", True), ("scale", "1:50"), ("y_up", False)])
def test_options_that_cannot_be_honoured_are_refused_by_name(field: str, value: object) -> None:
    with pytest.raises(UnsupportedError) as caught:
        parse(**{field: value})
    assert caught.value.field == field


def test_defaults_of_such_options_ask_for_nothing() -> None:
    assert parse(generate_uvs=False, scale=None, y_up=True) == parse()


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
