"""What an upload asks for: metadata, manifests and the stage's defaults."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.core.errors import InputError
from functions.core.upload import Step, default_operations, read_manifest, read_operations

WORDS = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda child: st.lists(child, max_size=3) | st.dictionaries(st.text(), child, max_size=3),
    max_leaves=8,
)
STEPS = st.lists(
    st.tuples(WORDS, st.none() | st.dictionaries(st.text(), JSON, max_size=3)), min_size=1, max_size=5
)


@pytest.mark.parametrize(
    ("text", "steps"),
    [
        ("ifcinfo", [("ifcinfo", {})]),
        (" ifcinfo , ifcconvert ", [("ifcinfo", {}), ("ifcconvert", {})]),
        ('ifcconvert:{"format": "glb"}', [("ifcconvert", {"format": "glb"})]),
        (
            'ifcconvert : {"a": [1, 2], "b": "x,y:z"} , ifcinfo',
            [("ifcconvert", {"a": [1, 2], "b": "x,y:z"}), ("ifcinfo", {})],
        ),
        ("ifcinfo,", [("ifcinfo", {})]),
        ('[{"operation": "ifcinfo", "request": {"a": 1}}]', [("ifcinfo", {"a": 1})]),
    ],
)
def test_operations_are_named_as_people_write_them(
    text: str, steps: list[tuple[str, dict[str, Any]]]
) -> None:
    assert [(step.operation, step.request) for step in read_operations(text)] == steps


@given(STEPS, st.sampled_from([",", ", ", " , "]))
def test_any_request_survives_the_short_form(
    steps: list[tuple[str, dict[str, Any] | None]], comma: str
) -> None:
    text = comma.join(name if request is None else f"{name}:{json.dumps(request)}" for name, request in steps)
    assert [(step.operation, step.request) for step in read_operations(text)] == [
        (name, request or {}) for name, request in steps
    ]


@given(STEPS)
def test_any_request_survives_the_long_form_and_a_manifest(
    steps: list[tuple[str, dict[str, Any] | None]],
) -> None:
    long = [{"operation": name, "request": request or {}} for name, request in steps]
    found = read_operations(json.dumps(long))
    assert [step.model_dump(include={"operation", "request"}) for step in found] == long
    assert read_manifest(json.dumps({"steps": long}).encode()).steps == found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "steps"),
        (",", "steps.0.operation"),
        ("ifcinfo,,ifccsv", "steps.1.operation"),
        ("x" * 81, "steps.0.operation"),
        ("ifcinfo:", "the request of ifcinfo is not JSON"),
        ("ifcinfo:{a}", "the request of ifcinfo is not JSON"),
        ("ifcinfo:{} ifccsv", "a comma is missing"),
        ("ifcinfo:[1]", "steps.0.request"),
        ("ifcinfo:" + "[" * 100_000, "the request of ifcinfo is nested deeper than 32 levels"),
        ('ifcinfo:{"a": NaN}', "the request of ifcinfo: NaN is not JSON"),
        ("[", "is not JSON"),
        ("[" * 100_000, "nested deeper than 32 levels"),
        ("[]", "steps"),
        ('[{"operation": "ifcinfo", "surprise": 1}]', "steps.0.surprise"),
        ('[{"operation": "ifcinfo", "name": "a b"}]', "steps.0.name"),
        (",".join(["ifcinfo"] * 101), "steps"),
    ],
)
def test_what_cannot_be_read_says_where(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        read_operations(text)
    assert caught.value.field is not None


@given(st.text())
def test_no_metadata_breaks_the_intake(text: str) -> None:
    try:
        steps = read_operations(text)
    except InputError:
        return
    assert all(step.operation for step in steps)


@given(st.binary())
def test_no_manifest_breaks_the_intake(body: bytes) -> None:
    with pytest.raises(InputError):
        read_manifest(body)


def test_a_manifest_names_steps_after_one_another() -> None:
    body = {
        "steps": [
            {"operation": "ifcconvert", "request": {"file": "a.ifc"}, "name": "convert"},
            {
                "operation": "ifcinfo",
                "request": {"file": "step:convert/a.glb"},
                "after": ["convert"],
                "nonce": "1",
            },
        ]
    }
    first, second = read_manifest(b"\xef\xbb\xbf" + json.dumps(body).encode()).steps
    assert first.name == "convert"
    assert (second.after, second.nonce) == (("convert",), "1")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not JSON"),
        (b"[]", "request"),
        (b"{}", "steps"),
        (b'{"steps": []}', "steps"),
        (b'{"steps": [{}]}', "steps.0.operation"),
        (b'{"steps": [{"operation": "ifcinfo", "request": "x"}]}', "steps.0.request"),
        (b'{"steps": [{"operation": "ifcinfo"}], "more": 1}', "more"),
        (b'{"steps": ' + b"[" * 100_000, "nested deeper than 32 levels"),
        (b'{"steps": ' + b'{"a":' * 40 + b"1" + b"}" * 41, "nested deeper than 32 levels"),
        (b'{"steps": [{"operation": "\\ud800"}]}', "lone surrogate"),
    ],
)
def test_a_wrong_manifest_says_where(body: bytes, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_manifest(body)


def test_the_longest_prefix_that_fits_gives_the_default() -> None:
    defaults = {"": ("ifcinfo",), "convert/": ("ifcconvert", "ifcinfo"), "convert/not/": ()}
    assert default_operations("convert/a.ifc", defaults) == (
        Step(operation="ifcconvert"),
        Step(operation="ifcinfo"),
    )
    assert default_operations("convert/not/a.ifc", defaults) == ()
    assert default_operations("other.ifc", defaults) == (Step(operation="ifcinfo"),)
    assert default_operations("other.ifc", {"convert/": ("ifcinfo",)}) == ()
