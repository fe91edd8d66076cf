"""Reading IDS files: hostile ones are refused with a place, sound ones keep their lines."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from functions.core.errors import InputError, TooLargeError
from functions.ifc.ids.file import MAX_BYTES, read_ids

ROOT = Path(__file__).resolve().parents[3]
HOUSE = ROOT / "examples" / "house.ids"
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
HOSTILE = {
    "external entity": '<!DOCTYPE ids [<!ENTITY x SYSTEM "file:///etc/passwd">]><ids>&x;</ids>',
    "network": '<!DOCTYPE ids SYSTEM "http://127.0.0.1:9/x.dtd"><ids/>',
    "billion laughs": f'<!DOCTYPE ids [<!ENTITY a0 "ha">{LAUGHS}]><ids>&a9;</ids>',
    "deep": "<a>" * 100_000,
    "not closed": "<ids>",
    "other": "<a/>",
    "empty": "",
    "two roots": "<a/><b/>",
    "encoding": '<?xml version="1.0" encoding="utf-99"?><a/>',
    "prefix": '<x:ids xmlns="http://standards.buildingsmart.org/IDS"/>',
    "unfinished": '<ids xmlns="http://standards.buildingsmart.org/IDS"><info><title>t</title></info></ids>',
}


def write(folder: Path, text: str) -> Path:
    path = folder / "t.ids"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_files_are_refused_at_once(name: str, tmp_path: Path) -> None:
    started = time.process_time()
    with pytest.raises(InputError) as caught:
        read_ids(write(tmp_path, HOSTILE[name]), name="ids_filename")
    assert caught.value.field == "ids_filename"
    assert caught.value.where
    assert "passwd" not in caught.value.message
    assert time.process_time() - started < 5


def test_a_huge_file_is_refused_unread(tmp_path: Path) -> None:
    path = write(tmp_path, "")
    with path.open("wb") as stream:
        stream.truncate(MAX_BYTES + 1)
    with pytest.raises(TooLargeError):
        read_ids(path, name="ids_filename")


def test_a_schema_elsewhere_is_not_fetched(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise AssertionError("something was fetched")

    text = HOUSE.read_text(encoding="utf-8")
    text = text.replace("http://standards.buildingsmart.org/IDS/1.0/ids.xsd", "http://127.0.0.1:9/ids.xsd")
    monkeypatch.setattr("urllib.request.urlopen", fail)
    assert read_ids(write(tmp_path, text), name="ids_filename").decoded["info"]["title"]


def test_the_xsd_is_kept_and_the_line_named(tmp_path: Path) -> None:
    text = HOUSE.read_text(encoding="utf-8").replace('cardinality="required"', 'cardinality="perhaps"', 1)
    with pytest.raises(InputError, match="XSD") as caught:
        read_ids(write(tmp_path, text), name="ids_filename")
    line = next(n for n, found in enumerate(text.splitlines(), start=1) if "perhaps" in found)
    assert caught.value.where == f"line {line}"


def test_places_are_those_of_the_file() -> None:
    places = read_ids(HOUSE, name="ids_filename").places
    lines = HOUSE.read_text(encoding="utf-8").splitlines()
    second = places.at(("specifications", 0), ("specification", 1))
    assert 'name="Walls have a fire rating"' in lines[second.line - 1]
    assert "<property" in lines[second.at(("requirements", 0), ("property", 0)).line - 1]


def test_other_prefixes_are_as_good(tmp_path: Path) -> None:
    text = HOUSE.read_text(encoding="utf-8").replace("xs:", "xsd:").replace("xmlns:xs=", "xmlns:xsd=")
    assert read_ids(write(tmp_path, text), name="ids_filename").decoded["specifications"]
