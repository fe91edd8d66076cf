"""STEP and IGES files hold solids: every element, at its place, closed, in its colours."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.geom
import ifcopenshell.util.shape
import numpy as np
import pytest

from benchmarks.glb import TO_Y_UP, Colour, Element, differences, reference
from benchmarks.stp import Body, Step
from functions.core import Files, Result
from functions.core.errors import PipelineError
from functions.operations.ifcconvert import operation
from functions.operations.ifcconvert.run import run
from tests.ifc.formats.sheets import Iges

HOUSE = Path(__file__).resolve().parents[3] / "examples" / "house-architecture.ifc"
READERS: dict[str, type[Step] | type[Iges]] = {"stp": Step, "igs": Iges}
formats = pytest.mark.parametrize("kind", READERS)
MODELS = ("bim-whale/SimpleWall.ifc", "bim-whale/TallBuilding.ifc", "pcert/Building-Hvac.ifc")


def convert(model: Path, files: Files, kind: str, **request: Any) -> Result:
    here = dataclasses.replace(files, inputs={model.name: model})
    body = {"input_filename": model.name, "output_filename": f"it.{kind}", **request}
    return run(operation.parse(body), here)  # type: ignore[arg-type]


def elements(model: Path, files: Files, kind: str, **request: Any) -> dict[str, tuple[Element, list[Body]]]:
    convert(model, files, kind, **request)
    return READERS[kind](files.outputs / f"it.{kind}").elements()


@formats
@pytest.mark.parametrize("name", MODELS)
def test_elements_boxes_surfaces_and_colours_are_those_of_opencascade(
    corpus: Path, files: Files, name: str, kind: str
) -> None:
    model = corpus / "models" / name
    expected = reference(model)
    if kind == "igs":  # which knows no opacity
        expected = {guid: opaque(element) for guid, element in expected.items()}
    found = {guid: element for guid, (element, _) in elements(model, files, kind).items()}
    assert differences(expected, found) == []


def opaque(element: Element) -> Element:
    colours: dict[Colour, float] = {}
    for (red, green, blue, _), area in element.colours.items():
        colours[red, green, blue, 1.0] = colours.get((red, green, blue, 1.0), 0.0) + area
    return dataclasses.replace(element, colours=colours)


@formats
def test_solids_are_closed_and_hold_what_the_elements_hold(files: Files, kind: str) -> None:
    result = convert(HOUSE, files, kind)
    bodies = READERS[kind](files.outputs / f"it.{kind}").elements()
    assert sum(body.solid for _, found in bodies.values() for body in found) == result.statistics["solids"]
    for _, found in bodies.values():
        assert all(body.closed and body.volume > 0 for body in found if body.solid)
        assert not any(body.closed for body in found if not body.solid)
    file: Any = ifcopenshell.open(HOUSE)
    geom: Any = ifcopenshell.geom
    for guid, (_, found) in bodies.items():
        shape = geom.create_shape(geom.settings(), file.by_guid(guid))
        volume = ifcopenshell.util.shape.get_volume(shape.geometry)
        assert sum(body.volume for body in found) == pytest.approx(volume, rel=2e-3), guid


@formats
@pytest.mark.parametrize("name", ["bim-whale/TallBuilding.ifc", HOUSE.name])
def test_opencascade_reads_as_many_sound_solids_as_large_as_the_elements(
    request: pytest.FixtureRequest, files: Files, name: str, kind: str
) -> None:
    model = HOUSE if name == HOUSE.name else request.getfixturevalue("corpus") / "models" / name
    result = convert(model, files, kind)
    command = [sys.executable, "-m", "tests.ifc.formats.kernel", str(files.outputs / f"it.{kind}")]
    done = subprocess.run(command, cwd=HOUSE.parents[1], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout.splitlines()[-1])
    expected = reference(model)
    corners = np.concatenate([element.box for element in expected.values()]) @ TO_Y_UP
    assert found["solids"] == result.statistics["solids"] > 0
    assert found["sound"]
    assert np.allclose(found["box"], [corners.min(axis=0), corners.max(axis=0)], atol=1e-3)
    _, bodies = zip(*READERS[kind](files.outputs / f"it.{kind}").elements().values(), strict=True)
    volume = sum(body.volume for some in bodies for body in some if body.solid)
    assert found["volume"] == pytest.approx(volume, rel=1e-6)


@formats
def test_faces_are_as_large_as_their_planes_and_look_outwards(files: Files, kind: str) -> None:
    result = convert(HOUSE, files, kind)
    assert result.statistics["faces"] < 0.3 * result.statistics["triangles"]
    for _, found in READERS[kind](files.outputs / f"it.{kind}").elements().values():
        for body in found:
            for face, normal in enumerate(body.normals):
                area = body.area_of(face)
                assert area @ normal == pytest.approx(np.linalg.norm(area), rel=1e-4)


def test_a_window_s_glass_is_see_through_and_its_frame_is_not(files: Files) -> None:
    for element, _ in elements(HOUSE, files, "stp", include="IfcWindow").values():
        assert {colour[3] < 1 for colour in element.colours} == {True, False}


def test_equal_shapes_are_one_part(files: Files) -> None:
    result = convert(HOUSE, files, "stp")
    step = Step(files.outputs / "it.stp")
    assert len(step.parts) == result.statistics["meshes"] < result.statistics["meshed"]
    assert len(step.all("NEXT_ASSEMBLY_USAGE_OCCURRENCE")) == result.statistics["meshed"]
    convert(HOUSE, files, "igs")
    iges = Iges(files.outputs / "it.igs")
    assert (len(iges.all(308)), len(iges.all(408))) == (
        result.statistics["meshes"],
        result.statistics["meshed"],
    )


def test_occurrences_say_what_they_are(files: Files) -> None:
    convert(HOUSE, files, "stp")
    step = Step(files.outputs / "it.stp")
    file: Any = ifcopenshell.open(HOUSE)
    for use in step.all("NEXT_ASSEMBLY_USAGE_OCCURRENCE"):
        guid, name, note = step.strings(use)
        element = file.by_guid(guid)
        assert name == (element.Name or guid)
        assert note.startswith(f"{element.Name or ''} {element.is_a()} {guid}".lstrip())


def test_instances_say_what_they_are(files: Files) -> None:
    convert(HOUSE, files, "igs", use_element_step_ids=True)
    iges = Iges(files.outputs / "it.igs")
    file: Any = ifcopenshell.open(HOUSE)
    for instance in iges.all(408):
        guid, number, rest = iges.entities[int(instance.values[-1])].values[1].split(" ", 2)
        element = file.by_guid(guid)
        assert number == f"#{element.id()}"
        assert rest.startswith(f"{element.is_a()} {element.Name or ''}".rstrip())


def test_an_iges_file_says_that_it_is_in_metres(files: Files) -> None:
    convert(HOUSE, files, "igs")
    iges = Iges(files.outputs / "it.igs")
    assert iges.globals[13:15] == ["6", "M"]
    assert float(iges.globals[19]) == pytest.approx(10.8, abs=0.5)


@formats
def test_coordinates_on_the_map_stay(files: Files, kind: str) -> None:
    near = {guid: element.box for guid, (element, _) in elements(HOUSE, files, kind).items()}
    far = elements(HOUSE, files, kind, model_offset=(432_100.25, 5_678_900.5, 12.0))
    for guid, (element, _) in far.items():
        assert np.abs(element.box - near[guid] - (432_100.25, 12.0, -5_678_900.5)).max() < 1e-6


def test_names_with_quotes_and_umlauts_are_escaped(files: Files) -> None:
    text = HOUSE.read_text(encoding="utf-8")
    file: Any = ifcopenshell.file.from_string(text)
    wall = file.by_type("IfcWall")[0]
    wall.Name = "O'Höhe\\1"
    model = files.scratch / "names.ifc"
    file.write(str(model))
    convert(model, files, "stp")
    step = Step(files.outputs / "it.stp")
    names = [step.strings(use)[1] for use in step.all("NEXT_ASSEMBLY_USAGE_OCCURRENCE")]
    assert "O'H\\X2\\00F6\\X0\\he\\\\1" in names
    convert(model, files, "igs")
    assert "O'H?he\\1" in (files.outputs / "it.igs").read_text(encoding="ascii")


@formats
def test_the_same_model_gives_the_same_bytes(files: Files, kind: str) -> None:
    outputs = []
    for threads in (1, 2):
        convert(HOUSE, files, kind, threads=threads)
        outputs.append((files.outputs / f"it.{kind}").read_bytes())
    assert outputs[0] == outputs[1]


@formats
def test_every_bad_file_ends_in_a_typed_error_or_a_result(corpus: Path, files: Files, kind: str) -> None:
    listed = json.loads((corpus / "bad/manifest.json").read_text())
    names = [entry["file"] for entry in listed if entry["kind"] == "ifc"]
    assert len(names) > 30
    for name in names:
        try:
            result = convert(corpus / "bad" / name, files, kind)
        except PipelineError as error:
            assert error.message
        else:
            if kind == "stp":
                uses: list[Any] = [*Step(files.outputs / "it.stp").all("NEXT_ASSEMBLY_USAGE_OCCURRENCE")]
            else:
                uses = [*Iges(files.outputs / "it.igs").all(408)]
            assert len(uses) == result.statistics["meshed"]
