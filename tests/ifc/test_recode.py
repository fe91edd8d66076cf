"""Raw characters become escapes that a STEP parser reads."""

from __future__ import annotations

from pathlib import Path

import ifcopenshell
from hypothesis import given
from hypothesis import strategies as st

from functions.ifc import recode

READABLE = st.characters(min_codepoint=32, blacklist_categories=["Cs", "Cc"], blacklist_characters="'\\")


@given(st.text(READABLE, max_size=20))
def test_what_is_escaped_is_read_back(text: str) -> None:
    escaped = recode.escape(f"'{text}'".encode())
    assert escaped.isascii()
    assert ifcopenshell.decode_spf_string(escaped.decode()) == text


def test_only_strings_that_need_it_are_touched(tmp_path: Path) -> None:
    target = tmp_path / "out"
    data = "xx'plain',/* ü 'it */'ü''s','日' end".encode()
    assert recode.rewrite(data, target, start=2) == 2
    expected = rb"'plain',/* ? 'it */'\X2\00FC\X0\''s','\X2\65E5\X0\' end"
    assert target.read_bytes() == expected


def test_some_text_is_replaced_on_the_way(tmp_path: Path) -> None:
    target = tmp_path / "out"
    assert recode.rewrite(b"('IFC4X3','ASCII')", target, replace=(2, 8, b"IFC4X3_ADD2")) == 0
    assert target.read_bytes() == b"('IFC4X3_ADD2','ASCII')"
