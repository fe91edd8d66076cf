"""A conversion can write a log beside its output."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import ifcopenshell
import pytest

from functions.core import Files
from functions.core.errors import InputError, UnsupportedError
from functions.operations.ifcconvert import operation
from functions.operations.ifcconvert.run import run

HOUSE = Path(__file__).resolve().parents[3] / "examples" / "house-architecture.ifc"


def convert(folder: Path, **request: Any) -> tuple[set[str], list[str]]:
    """Convert a model with a wall without a shape; return the outputs' names and the warnings."""
    model = folder / "house.ifc"
    file: Any = ifcopenshell.open(HOUSE)
    (solid, *_) = (
        item for item in file.traverse(file.by_type("IfcSlab")[0]) if item.is_a("IfcSweptAreaSolid")
    )
    solid.Depth = 0.0
    file.write(str(model))
    for name in ("outputs", "scratch"):
        (folder / name).mkdir()
    heard: list[str] = []
    files = Files(inputs={}, outputs=folder / "outputs", scratch=folder / "scratch")
    here = dataclasses.replace(files, inputs={model.name: model}, on_warning=heard.append)
    run(operation.parse({"input_filename": model.name, **request}), here)  # type: ignore[arg-type]
    return {path.name for path in (folder / "outputs").iterdir()}, heard


def test_a_log_says_what_was_warned_of_and_counted(tmp_path: Path) -> None:
    names, warnings = convert(tmp_path, log_file="said.txt", format="obj")
    assert names == {"house.obj", "house.mtl", "said.txt"}
    lines = (tmp_path / "outputs" / "said.txt").read_text().splitlines()
    assert warnings
    assert [f"warning: {line}" for line in warnings] == lines[: len(warnings)]
    assert "failed: 1" in lines
    assert not any(line.startswith("tessellate") for line in lines)


def test_a_quiet_log_has_warnings_only(tmp_path: Path) -> None:
    _, warnings = convert(tmp_path, log_file="said.txt", quiet=True)
    lines = (tmp_path / "outputs" / "said.txt").read_text().splitlines()
    assert lines == [f"warning: {line}" for line in warnings]


def test_verbose_alone_writes_a_log_with_progress(tmp_path: Path) -> None:
    names, _ = convert(tmp_path, verbose=True)
    assert names == {"house.glb", "house.glb.log"}
    assert "tessellate: 36 of 36" in (tmp_path / "outputs" / "house.glb.log").read_text()


@pytest.mark.parametrize("name", ["a.obj", "a.mtl", "../a.log", "b/a.log"])
def test_a_log_has_a_name_of_its_own(tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError) as caught:
        convert(tmp_path, output_filename="a.obj", log_file=name)
    assert caught.value.field == "log_file"


def test_a_log_cannot_be_quiet_and_verbose(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError) as caught:
        convert(tmp_path, quiet=True, verbose=True)
    assert caught.value.field == "quiet"
