"""Bodies: strict JSON of bounded size and depth, every refusal a clear one."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from functions.api.body import MAX_BYTES, check_body, read_json
from functions.core.document import MAX_DEPTH
from functions.core.errors import InputError, MediaTypeError, TooLargeError

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


def nested(depth: int) -> str:
    return '{"a":' * (depth - 1) + "{}" + "}" * (depth - 1)


@given(st.dictionaries(st.text(), VALUES, max_size=4))
def test_what_json_writes_is_read_as_it_was(value: dict[str, object]) -> None:
    assert read_json(json.dumps(value)) == value


@given(st.text(max_size=60))
def test_any_text_is_an_object_or_an_input_error(text: str) -> None:
    try:
        assert isinstance(read_json(text), dict)
    except InputError as error:
        assert error.message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"a": NaN}', "NaN is not JSON"),
        ('{"a": -Infinity}', "-Infinity is not JSON"),
        ('{"a": 1e999}', "1e999 is too large"),
        ('{"a": ' + "9" * 5000 + "}", "too many digits"),
        ('{"a": "\\ud800"}', "lone surrogate"),
        ('{"\\udfff": 1}', "lone surrogate"),
        ("[1]", "must be a JSON object"),
        ("null", "must be a JSON object"),
        ('{"a": 1,}', "not JSON"),
        (nested(MAX_DEPTH + 1), "nested deeper"),
        ('{"a": ' + "[" * 100_000 + "]" * 100_000 + "}", "nested deeper"),
    ],
)
def test_what_is_no_json_object_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_json(text)


def test_the_line_of_a_syntax_error_is_named() -> None:
    with pytest.raises(InputError) as caught:
        read_json('{\n"a": 1\n"b": 2}')
    assert caught.value.where == "line 3"


def test_depth_up_to_the_limit_is_read() -> None:
    assert read_json(nested(MAX_DEPTH))


@pytest.mark.parametrize("content_type", ["", "application/json", "Application/JSON; charset=utf-8"])
def test_json_is_the_one_type(content_type: str) -> None:
    check_body("{}", content_type=content_type, is_base64=False)


@pytest.mark.parametrize(
    "content_type", ["text/plain", "multipart/form-data; boundary=x", "application/jsonx"]
)
def test_other_types_are_refused(content_type: str) -> None:
    with pytest.raises(MediaTypeError):
        check_body("{}", content_type=content_type, is_base64=False)


@pytest.mark.parametrize("body", ["!!!", base64.b64encode(b"\xff\xfe").decode(), "YQ"])
def test_base64_must_hold_utf8(body: str) -> None:
    with pytest.raises(InputError, match="not UTF-8"):
        check_body(body, content_type="", is_base64=True)


def test_bytes_are_counted_not_characters() -> None:
    check_body("x" * MAX_BYTES, content_type="", is_base64=False)
    with pytest.raises(TooLargeError):
        check_body("ü" * (MAX_BYTES // 2 + 1), content_type="", is_base64=False)
    with pytest.raises(TooLargeError):
        check_body(base64.b64encode(b"x" * (MAX_BYTES + 1)).decode(), content_type="", is_base64=True)
