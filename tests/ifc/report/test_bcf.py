"""BCF archives: the same bytes for the same topics, texts as they are, and bcf-client reads them."""

from __future__ import annotations

import importlib
import zipfile
from pathlib import Path
from typing import Any

import pytest

from functions.ifc.report.bcf import Camera, Topic, Version, write_topics

GUID = "0" * 22
CAMERA = Camera(eye=(1.0, 2.0, 3.0), direction=(0.0, 1.0, 0.0))
FULL = Topic(
    title="a < b",
    description="x\ny & \x00z",
    kind="Error",
    label="schema",
    global_ids=(GUID, "none"),
    camera=CAMERA,
    files=("m & n.ifc",),
)
PLAIN = Topic(title="c", description="d", kind="Warning")
DATE = "2026-01-01T00:00:00"
READERS = [("2.1", "bcf.v2.bcfxml"), ("3.0", "bcf.v3.bcfxml")]


def write(path: Path, *topics: Topic, version: Version = "2.1", date: str = DATE) -> bytes:
    write_topics(path, topics, project="m.ifc", date=date, version=version)
    return path.read_bytes()


def read(path: Path, module: str) -> Any:
    return importlib.import_module(module).BcfXml.load(path)


def test_the_same_topics_are_the_same_bytes(tmp_path: Path) -> None:
    assert write(tmp_path / "a.bcf", FULL, PLAIN) == write(tmp_path / "b.bcf", FULL, PLAIN)


def test_equal_topics_are_two(tmp_path: Path) -> None:
    write(tmp_path / "a.bcf", FULL, FULL)
    with zipfile.ZipFile(tmp_path / "a.bcf") as archive:
        assert len([name for name in archive.namelist() if name.endswith("markup.bcf")]) == 2


@pytest.mark.parametrize(("version", "module"), READERS)
def test_bcf_client_reads_what_was_written(tmp_path: Path, version: Version, module: str) -> None:
    write(tmp_path / "a.bcf", FULL, version=version)
    with read(tmp_path / "a.bcf", module) as archive:
        assert archive.version.version_id == version
        (handler,) = archive.topics.values()
        topic, header = handler.topic, handler.markup.header
        labels = topic.labels if version == "2.1" else topic.labels.label
        files = header.file if version == "2.1" else header.files.file
        assert (topic.title, topic.description, topic.topic_type) == ("a < b", "x\ny & \ufffdz", "Error")
        assert topic.creation_date.to_datetime().isoformat() == DATE + "+00:00"
        assert list(labels) == ["schema"]
        assert [(file.filename, file.is_external) for file in files] == [("m & n.ifc", True)]
        (view,) = handler.viewpoints.values()
        info = view.visualization_info
        assert [item.ifc_guid for item in info.components.selection.component] == [GUID]
        assert info.perspective_camera.camera_view_point.z == 3.0


@pytest.mark.parametrize(("version", "module"), READERS)
def test_a_topic_about_nothing_has_no_viewpoint(tmp_path: Path, version: Version, module: str) -> None:
    write(tmp_path / "a.bcf", PLAIN, version=version)
    with read(tmp_path / "a.bcf", module) as archive:
        (handler,) = archive.topics.values()
        assert handler.topic.title == "c"
        assert not handler.viewpoints


def test_what_is_no_date_becomes_the_oldest(tmp_path: Path) -> None:
    write(tmp_path / "a.bcf", PLAIN, date="yesterday")
    with read(tmp_path / "a.bcf", READERS[0][1]) as archive:
        (handler,) = archive.topics.values()
        assert handler.topic.creation_date.to_datetime().year == 1980


def test_no_topics_are_an_archive_too(tmp_path: Path) -> None:
    write(tmp_path / "a.bcf")
    assert zipfile.ZipFile(tmp_path / "a.bcf").namelist() == ["bcf.version", "project.bcfp"]
