"""Which field a wrong value is about, and what is said of it."""

from __future__ import annotations

from typing import Annotated

import pytest
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from functions.core.fault import read_faults


def _refuse(value: str) -> str:
    raise ValueError(f"{value!r} will not do")


class Part(BaseModel):
    model_config = ConfigDict(extra="forbid")

    own: Annotated[str, AfterValidator(_refuse)] = ""
    needed: int = Field(alias="wanted")


class Whole(BaseModel):
    model_config = ConfigDict(extra="forbid")

    either: list[int] | dict[str, int | bool] = []
    pair: tuple[int, int] = (0, 0)
    parts: list[Part] = []
    part: Part | None = None


@pytest.mark.parametrize(
    ("value", "field", "message"),
    [
        ({"either": None}, "either", "Input should be a valid list"),
        ({"either": ["a"]}, "either.0", "Input should be a valid integer"),
        ({"either": {"a.b": "x"}}, "either.a.b", "Input should be a valid integer"),
        ({"pair": [1]}, "pair.1", "Field required"),
        ({"parts": [{"wanted": 1}, {"own": "x", "wanted": 1}]}, "parts.1.own", "'x' will not do"),
        ({"parts": [{}]}, "parts.0.wanted", "Field required"),
        ({"part": {}}, "part.wanted", "Field required"),
        ({"part": {"wnated": 1}}, "part.wnated", "not a field"),
        ({"prat": {}, "pair": 1}, "prat", "not a field; do you mean part?"),
        ([], "", "Input should be a valid dictionary"),
    ],
)
def test_the_field_is_the_callers(value: object, field: str, message: str) -> None:
    with pytest.raises(ValidationError) as wrong:
        Whole.model_validate(value)
    found = read_faults(wrong.value.errors(), value, names=list(Whole.model_fields))
    assert any(fault.field == field and fault.message.startswith(message) for fault in found), found
    assert not any("[" in fault.field for fault in found)


def test_what_is_not_known_is_said_before_what_is_missing() -> None:
    with pytest.raises(ValidationError) as wrong:
        Part.model_validate({"wantd": 1})
    first, second = read_faults(wrong.value.errors(), {"wantd": 1}, names=["own", "wanted"])
    assert first == ("wantd", "not a field; do you mean wanted?")
    assert second == ("wanted", "Field required")
