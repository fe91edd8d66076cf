"""Whatever text a model holds, the markup stays well-formed."""

from __future__ import annotations

from xml.etree import ElementTree

from hypothesis import given
from hypothesis import strategies as st

from functions.ifc.formats.markup import attributes, escape


@given(st.text(st.characters(exclude_categories=())))
def test_any_text_can_stand_in_an_attribute_and_between_tags(text: str) -> None:
    element = ElementTree.XML(f"<a{attributes({'b': text})}>{escape(text)}</a>")
    assert element.get("b") == (element.text or "")


def test_text_comes_back_as_it_was() -> None:
    text = "a <b> & \"c\" 'd'\tÜ\n\r漢"
    assert ElementTree.XML(f"<a>{escape(text)}</a>").text == text


def test_what_xml_does_not_know_is_replaced() -> None:
    assert escape("a\x00b\ud800c\uffffd") == "a\ufffdb\ufffdc\ufffdd"
