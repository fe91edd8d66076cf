"""Scenes are valid glTF, by the word of Khronos' validator."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import pytest

from functions.core.errors import PipelineError
from tests.ifc.formats.conversion import HOUSE, Conversion
from tests.validator import needs_validator, validate

OPTIONS: dict[str, dict[str, Any]] = {
    "quantised": {"compression": "quantized"},
    "textured": {"generate_uvs": True},
    "welded": {"weld_vertices": True, "force_space_transparency": 0.4},
    "bare": {"no_normals": True, "instanced": False},
    "moved": {"model_offset": [432_100.25, 5_678_900.5, 12.0], "model_rotation": [0, 0, 1, 1]},
    "nothing": {"include": ["IfcProject"]},
}


@needs_validator
def test_every_model_of_the_corpus_is_a_valid_scene(corpus: Path, convert: Conversion) -> None:
    paths = sorted((corpus / "models").rglob("*.ifc"))
    scenes = [convert(path, f"{number}.glb") for number, path in enumerate(paths)]
    assert len(scenes) > 10
    assert validate(scenes) == {}


@needs_validator
@pytest.mark.parametrize("name", OPTIONS)
def test_options_leave_a_scene_valid(convert: Conversion, name: str) -> None:
    assert validate([convert(HOUSE, f"{name}.glb", **OPTIONS[name])]) == {}


@needs_validator
def test_a_damaged_model_gives_a_valid_scene_or_none(corpus: Path, convert: Conversion) -> None:
    scenes = []
    for number, path in enumerate(sorted((corpus / "bad").glob("*.ifc"))):
        try:
            scenes.append(convert(path, f"{number}.glb"))
        except PipelineError:
            continue
    assert len(scenes) > 5
    assert validate(scenes) == {}


@needs_validator
def test_the_validator_sees_what_is_wrong(convert: Conversion) -> None:
    scene = convert(HOUSE, "house.glb")
    data = bytearray(scene.read_bytes())
    struct.pack_into("<I", data, 8, len(data) + 4)
    scene.write_bytes(data)
    assert list(validate([scene])) == ["house.glb"]
