"""What is made without a kernel is what a kernel makes: element by element, on the models of the corpus."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from benchmarks.replicate import replicate
from functions.core import Files
from functions.ifc.formats.products import choose
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry.engines import OPENCASCADE, tessellate
from functions.ifc.geometry.makers import Draft, Maker
from functions.ifc.geometry.stream import Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.reader import Reader
from functions.operations.ifcconvert import ConvertRequest

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Mesh

SAME = 1e-6
SAMPLE = 40
MODELS = (
    "bim-whale/TallBuilding.ifc",
    "pcert/Building-Architecture.ifc",
    "pcert/Building-Hvac.ifc",
    "pcert/Building-Structural.ifc",
)


def made_here(model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Any, dict[int, Mesh]]:
    """The model, and the meshes of it that no kernel made, by number."""
    found: dict[int, Mesh] = {}
    make = Geometry._make

    def listen(geometry: Geometry, number: int) -> Any:
        made = make(geometry, number)
        if made is not None:
            found[number] = made.mesh
        return made

    monkeypatch.setattr(Geometry, "_make", listen)
    files = Files(inputs={}, outputs=tmp_path, scratch=tmp_path)
    checked = check_model(model, files)
    reader = Reader(open_checked(checked, files))
    geometry = Geometry(reader, texts=Texts(checked.path, checked.instances))
    list(geometry.stream(choose(ConvertRequest(input_filename=model.name), reader)))
    assert geometry.made == len(found)
    return reader.model, found


def measures(mesh: Mesh) -> Iterator[float]:
    """Volume, area, and the area of each material in the order of their names."""
    origin = mesh.bounds[0]
    areas: dict[str, float] = {}
    volume = 0.0
    for material, rows in mesh.parts:
        a, b, c = np.moveaxis(mesh.points[rows] - origin, 1, 0)
        planes = np.cross(b - a, c - a)
        volume += float(np.einsum("ij,ij->", a, planes)) / 6
        name = repr(material)
        areas[name] = areas.get(name, 0.0) + float(np.linalg.norm(planes, axis=1).sum()) / 2
    yield from (volume, sum(areas.values()), *(areas[name] for name in sorted(areas)))


@pytest.mark.parametrize("name", MODELS)
def test_boxes_volumes_areas_and_materials_are_those_of_opencascade(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    text = (corpus / "models" / name).read_text(encoding="latin-1")
    path = tmp_path / "varied.ifc"  # the first copy teaches, the second one is made
    pieces = replicate(text, copies=2, spacing=50_000.0, vary=True, faces=True)
    path.write_text("".join(pieces), encoding="latin-1")
    model, found = made_here(path, tmp_path, monkeypatch)
    assert len(found) >= 4
    numbers = random.Random(7).sample(sorted(found), min(SAMPLE, len(found)))  # noqa: S311
    kernel = {made.number: made.mesh for made in tessellate(model, numbers, engine=OPENCASCADE)}
    assert kernel.keys() == set(numbers)
    for number, expected in kernel.items():
        ours = found[number]
        assert np.abs(ours.bounds - expected.bounds).max() < SAME
        assert {part for part, _ in ours.parts} == {part for part, _ in expected.parts}
        assert list(measures(ours)) == pytest.approx(list(measures(expected)), rel=SAME, abs=1e-9)
        assert ours.normals is not None
        corners = ours.points[np.concatenate([rows for _, rows in ours.parts])]
        planes = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        normals = ours.normals[np.concatenate([rows for _, rows in ours.parts])[:, 0]]
        assert (np.einsum("ij,ij->i", planes, normals) > 0).all()


def test_a_look_that_a_kernel_does_not_confirm_is_left_to_it(
    corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    draft = Maker.draft

    def wrong(maker: Maker, *arguments: Any) -> dict[int, Draft]:
        made = draft(maker, *arguments)
        for each in made.values():
            each.facets.points[:] *= 1.001
        return made

    monkeypatch.setattr(Maker, "draft", wrong)
    _, found = made_here(corpus / "models/bim-whale/TallBuilding.ifc", tmp_path, monkeypatch)
    assert not found
