"""The IDS of the example house, and what is said about its verdicts."""

from __future__ import annotations

import json
from xml.etree import ElementTree  # the file is our own

from examples.make import FOLDER

IDS = "{http://standards.buildingsmart.org/IDS}"


def test_the_verdicts_are_those_of_the_specifications_in_the_file() -> None:
    tree = ElementTree.parse(FOLDER / "house.ids")  # noqa: S314
    names = [item.get("name") for item in tree.iter(f"{IDS}specification")]
    verdicts = json.loads((FOLDER / "ids.json").read_text(encoding="utf-8"))["specifications"]
    assert [item["specification"] for item in verdicts] == names
    assert [item["passes"] for item in verdicts] == [True, False, True, True, False, True]
    failing = {item["specification"]: [element["name"] for element in item["failing"]] for item in verdicts}
    assert failing["Walls have a fire rating"] == ["W-I01 middle", "W-I11 middle"]
    assert failing["Rooms are classified"] == ["0.01", "0.02", "1.01", "1.02"]
    assert all(bool(item["failing"]) != item["passes"] for item in verdicts)
