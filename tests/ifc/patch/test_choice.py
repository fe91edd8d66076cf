"""What queries choose without a parser."""

from __future__ import annotations

from pathlib import Path

import pytest

from functions.core import Files
from functions.core.errors import InputError
from functions.ifc.gate import check_model
from functions.ifc.patch.choice import choose
from functions.ifc.patch.recipes import Job
from functions.ifc.selector import select

HOUSE = Path(__file__).resolve().parents[3] / "examples" / "house-architecture.ifc"


def job(folder: Path, model: Path = HOUSE) -> Job:
    files = Files(inputs={}, outputs=folder, scratch=folder)
    return Job(checked=check_model(model, files), inputs=(), output=folder / "out.ifc", files=files)


@pytest.mark.parametrize(
    "query",
    [
        "IfcWall",
        " ! IfcWall ",
        "IfcElement, !IfcWall, IfcSlab",
        "IfcElement, ! IfcWall + IfcSlab,IfcWALL",
        "IfcElement, IfcWall, !IfcElement",
        "IfcObjectDefinition",
        "IfcPump",
        "IfcLabel",
        "IfcTypeObject + IfcSpatialElement",
    ],
)
def test_classes_are_chosen_by_the_text_as_by_the_model(query: str, tmp_path: Path) -> None:
    mine = job(tmp_path)
    found = choose(mine, query)
    assert "model" not in vars(mine)
    assert found == {element.id() for element in select(mine.model, query)}


@pytest.mark.parametrize("query", ["IfcElement, Name*=o", "IfcWall, IfcSpatialZone", "IfcBuildingSystem"])
def test_what_else_there_is_to_a_query_is_asked_of_the_model(query: str, tmp_path: Path) -> None:
    mine = job(tmp_path)
    assert choose(mine, query) == {element.id() for element in select(mine.model, query)}


@pytest.mark.parametrize("query", ["IfcWal", "IfcWall, !IfcPortcullis", "IFCWALL", "IfcWall,"])
def test_what_is_no_class_is_refused(query: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        choose(job(tmp_path), query)
    assert caught.value.field == "arguments.query"
