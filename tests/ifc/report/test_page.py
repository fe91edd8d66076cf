"""A page shows texts, whatever they are."""

from __future__ import annotations

from functions.ifc.report.page import write_page

MARKUP = "<script>alert('x')</script>&\""


def test_every_text_is_escaped() -> None:
    text = write_page(MARKUP, (MARKUP, False), {MARKUP: MARKUP}, [(MARKUP, [MARKUP], [[MARKUP, None, 3]])])
    assert "<script" not in text
    assert text.count("&lt;script&gt;alert(&#x27;x&#x27;)&lt;/script&gt;&amp;&quot;") == 9
    assert "<td></td><td>3</td>" in text


def test_nothing_is_loaded_from_elsewhere() -> None:
    text = write_page("t", ("fine", True), {}, [])
    assert "default-src 'none'" in text
    assert "http" not in text.replace("http-equiv", "")
