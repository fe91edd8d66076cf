from __future__ import annotations

import pytest

from functions.core.errors import InputError
from functions.core.format import choose_format

FORMATS = ("json", "html")


@pytest.mark.parametrize(
    ("name", "asked", "kind"),
    [
        (None, None, "json"),
        (None, "html", "html"),
        ("a.HTML", None, "html"),
        ("a.htm", None, "html"),
        ("a.html", "html", "html"),
        ("level 1.2", None, "json"),
        ("level 1.2", "html", "html"),
        ("html", None, "json"),
    ],
)
def test_the_format_is_asked_for_or_named_or_the_first(name: str, asked: str, kind: str) -> None:
    assert choose_format(name, asked, FORMATS, aliases={"htm": "html"}) == kind


@pytest.mark.parametrize("asked", [None, "json", "html"])
def test_an_extension_that_is_not_written_is_refused(asked: str | None) -> None:
    with pytest.raises(InputError, match=r"name: no \.hmtl is written; there are json, html, htm") as caught:
        choose_format("a.hmtl", asked, FORMATS, aliases={"htm": "html"}, field="name")
    assert caught.value.field == "name"


@pytest.mark.parametrize("name", ["a.json", "a.htm"])
def test_a_name_that_says_another_format_is_refused(name: str) -> None:
    asked = "html" if name == "a.json" else "json"
    with pytest.raises(
        InputError, match=f"output_file: '{name}' is not the name of a {asked} file"
    ) as caught:
        choose_format(name, asked, FORMATS, aliases={"htm": "html"}, field="output_file")
    assert caught.value.field == "output_file"
