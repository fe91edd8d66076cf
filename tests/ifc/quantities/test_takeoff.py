"""What is kept of a model while its elements are measured."""

from __future__ import annotations

import gc
from pathlib import Path

import pytest

from functions.core import Files
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry.solids import Solid
from functions.ifc.geometry.texts import Texts
from functions.ifc.quantities import takeoff
from functions.ifc.quantities.rules import Rules
from functions.ifc.quantities.takeoff import Takeoff
from functions.ifc.reader import Reader

HOUSE = Path(__file__).resolve().parents[3] / "examples" / "house-architecture.ifc"


def test_shapes_are_not_kept_once_they_are_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(takeoff, "TRIANGLES", 0)
    files = Files(inputs={}, outputs=tmp_path, scratch=tmp_path)
    checked = check_model(HOUSE, files)
    model = open_checked(checked, files)
    house = Takeoff(Reader(model), Rules(model.schema), Texts(checked.path, checked.instances))
    kept: list[int] = []

    def look(_done: int, _total: int) -> None:
        gc.collect()
        kept.append(sum(isinstance(known, Solid) for known in gc.get_objects()))

    house.on_progress = look
    house.measure([*model.by_type("IfcElement"), *model.by_type("IfcSpace")])
    assert len(kept) > 40
    assert kept[-1] <= 3  # the last one, its gross shape, and in other axes
