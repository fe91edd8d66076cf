"""Archives: exactly one model comes out, however large, lying or damaged the archive is."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from functions.core.errors import ModelError, TooLargeError
from functions.ifc import archive

LIMIT = 50_000_000


def pack(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in members.items():
            target.writestr(name, content)
    return path


def unpack(path: Path, *, limit: int = LIMIT) -> bytes:
    target = path.with_suffix(".out")
    archive.extract(path, target, limit=limit)
    return target.read_bytes()


def refused(path: Path) -> str:
    with pytest.raises(ModelError) as caught:
        unpack(path)
    assert str(path.parent) not in caught.value.message
    return caught.value.message


@pytest.mark.parametrize(
    "name", ["a.ifc", "A.IFC", "deep/down/a.ifc", "/abs/a.ifc", "../../a.ifc", "c:\\a.ifc"]
)
def test_the_one_model_comes_out_whatever_it_is_called(tmp_path: Path, name: str) -> None:
    members = {name: b"model", "readme.txt": b"", "__MACOSX/._a.ifc": b"x", ".hidden.ifc": b"y"}
    assert unpack(pack(tmp_path / "a.ifczip", members)) == b"model"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.ifczip", "a.out"]


@pytest.mark.parametrize(
    ("members", "words"),
    [
        ({}, "no .ifc file"),
        ({"a.txt": b""}, "no .ifc file"),
        ({"a.ifcXML": b""}, "ifcXML or IFC5"),
        ({"a.ifc": b"", "b.ifc": b""}, "2 models"),
    ],
)
def test_none_or_several_models_are_refused(tmp_path: Path, members: dict[str, bytes], words: str) -> None:
    assert words in refused(pack(tmp_path / "a.ifczip", members))


def test_a_bomb_is_refused_before_it_is_unpacked(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.ifczip", {"a.ifc": bytes(20_000_000)})
    assert "more than 100 times its size" in refused(path)
    assert not path.with_suffix(".out").exists()


def test_a_model_over_the_limit_is_too_large(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.ifczip", {"a.ifc": b"12345"})
    assert unpack(path, limit=5) == b"12345"
    with pytest.raises(TooLargeError, match="more than 4 bytes"):
        unpack(path, limit=4)


def test_a_size_that_lies_is_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.ifczip", {"a.ifc": bytes(range(200)) * 10})
    raw = path.read_bytes()
    assert raw.count((2000).to_bytes(4, "little")) == 2
    path.write_bytes(raw.replace((2000).to_bytes(4, "little"), (3).to_bytes(4, "little")))
    assert "checksum" in refused(path)


@pytest.mark.parametrize("cut", [0, 4, 40, -10])
def test_damaged_archives_are_refused(tmp_path: Path, cut: int) -> None:
    path = pack(tmp_path / "a.ifczip", {"a.ifc": b"model" * 100})
    path.write_bytes(path.read_bytes()[:cut])
    assert "damaged, or no zip archive" in refused(path)


def test_encrypted_archives_are_refused(tmp_path: Path) -> None:
    path = pack(tmp_path / "a.ifczip", {"a.ifc": b"model"})
    raw = bytearray(path.read_bytes())
    for mark, flags in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        raw[raw.index(mark) + flags] |= 1
    path.write_bytes(raw)
    assert "encrypted" in refused(path)
