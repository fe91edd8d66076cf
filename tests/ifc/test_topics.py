"""BCF archives: the same bytes for the same topics, and what stands in them is text."""

from __future__ import annotations

import zipfile
from pathlib import Path
from xml.etree import ElementTree

from functions.ifc.topics import Topic, write_topics

TOPIC = Topic(title="a < b", description="x\ny & z", kind="Error", label="schema", global_ids=("1",))
DATE = "2026-01-01T00:00:00"


def write(path: Path, *topics: Topic) -> bytes:
    assert write_topics(path, topics, model="m.ifc", date=DATE, author="me") == len(topics)
    return path.read_bytes()


def test_the_same_topics_are_the_same_bytes(tmp_path: Path) -> None:
    plain = Topic(title="c", description="d", kind="Warning", label="header")
    assert write(tmp_path / "a.bcf", TOPIC, plain) == write(tmp_path / "b.bcf", TOPIC, plain)


def test_equal_topics_are_two(tmp_path: Path) -> None:
    write(tmp_path / "a.bcf", TOPIC, TOPIC)
    with zipfile.ZipFile(tmp_path / "a.bcf") as archive:
        assert len([name for name in archive.namelist() if name.endswith("markup.bcf")]) == 2


def test_texts_come_out_as_they_went_in(tmp_path: Path) -> None:
    write(tmp_path / "a.bcf", TOPIC)
    with zipfile.ZipFile(tmp_path / "a.bcf") as archive:
        name = next(name for name in archive.namelist() if name.endswith("markup.bcf"))
        topic = ElementTree.fromstring(archive.read(name)).find("Topic")  # noqa: S314 - our own
    assert topic is not None
    texts = {child.tag: child.text for child in topic}
    assert (texts["Title"], texts["Description"], texts["CreationDate"]) == ("a < b", "x\ny & z", DATE)


def test_no_topics_are_an_archive_too(tmp_path: Path) -> None:
    write(tmp_path / "a.bcf")
    assert zipfile.ZipFile(tmp_path / "a.bcf").namelist() == ["bcf.version"]
