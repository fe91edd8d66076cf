"""A model without faces gives what a whole one gives, whatever comes back to it and when."""

from __future__ import annotations

import re
from pathlib import Path

import ifcopenshell
import pytest

from functions.core import Files
from functions.ifc.formats.products import choose
from functions.ifc.gate import check_model, open_checked
from functions.ifc.geometry import thin
from functions.ifc.geometry.stream import Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.geometry.thin import COUNTED, Thin, open_thin
from functions.ifc.reader import Reader
from functions.operations.ifcconvert import ConvertRequest

Shapes = list[tuple[int, bytes, bytes]]
MODEL = "models/bim-whale/TallBuilding.ifc"
EVERYTHING, NOTHING = 10.0, 0.0
# A box as faces: corners, loops, bounds, faces, shell, brep.
CORNERS = [(x, y, z) for z in (-100.0, 900.0) for y in (-400.0, 400.0) for x in (-400.0, 400.0)]
SIDES = ((0, 2, 3, 1), (4, 5, 7, 6), (0, 1, 5, 4), (2, 6, 7, 3), (0, 4, 6, 2), (1, 3, 7, 5))


def box(first: int) -> tuple[str, int]:
    """The lines of a box, and the number of its brep."""
    lines = [f"#{first + at}=IFCCARTESIANPOINT({corner});" for at, corner in enumerate(CORNERS)]
    for at, side in enumerate(SIDES):
        number = first + 10 + 3 * at
        lines += [
            f"#{number}=IFCPOLYLOOP(({','.join(f'#{first + corner}' for corner in side)}));",
            f"#{number + 1}=IFCFACEOUTERBOUND(#{number},.T.);",
            f"#{number + 2}=IFCFACE((#{number + 1}));",
        ]
    faces = ",".join(f"#{first + 12 + 3 * at}" for at in range(len(SIDES)))
    return "\n".join(
        [*lines, f"#{first + 40}=IFCCLOSEDSHELL(({faces}));", f"#{first + 41}=IFCFACETEDBREP(#{first + 40});"]
    ), first + 41


def add(text: str, lines: str) -> str:
    """A model with more instances."""
    head, tail = text.rsplit("ENDSEC;", 1)
    return f"{head}{lines}\nENDSEC;{tail}"


def stream(reader: Reader, texts: Texts, model: Thin | None) -> Shapes:
    geometry = Geometry(reader, texts=texts, thin=model)
    found = [
        (shape.element.id(), shape.mesh.key, shape.placement.tobytes())
        for shape in geometry.stream(choose(ConvertRequest(input_filename="model.ifc"), reader))
    ]
    assert not geometry.failed
    return found


def open_both(path: Path, folder: Path, *, free: bool = True) -> tuple[Shapes, Shapes, Thin | None]:
    """The shapes of a whole model and of a thin one, and the thin one."""
    files = Files(inputs={}, outputs=folder, scratch=folder)
    checked = check_model(path, files)
    texts = Texts(checked.path, checked.instances)
    whole = stream(Reader(open_checked(checked, files)), texts, None)
    reader, model = open_thin(check_model(path, files, without=COUNTED), texts, files, free=free)
    return whole, stream(reader, texts, model), model


@pytest.fixture
def building(corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(thin, "MANY", 1)
    path = tmp_path / "model.ifc"
    path.write_bytes((corpus / MODEL).read_bytes())
    return path


def change(path: Path, pattern: str, new: str, more: str = "") -> None:
    """Replace what a pattern finds first, and add instances."""
    text, count = re.subn(pattern, new, path.read_text(encoding="latin-1"), count=1)
    assert count == 1
    path.write_text(add(text, more), encoding="latin-1")


@pytest.mark.parametrize("share", [EVERYTHING, NOTHING])
def test_shapes_are_those_of_the_whole_model(
    building: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr(thin, "RESTORED", share)
    whole, ours, model = open_both(building, tmp_path)
    assert ours == whole
    assert model is not None
    faces, all_faces = len(model.reader.all("IfcFace")), building.read_bytes().count(b"IFCFACE(")
    assert 0 < faces <= all_faces if share else faces == 0
    assert (model._engines is None) == bool(share)


def test_faces_of_openings_come_back_with_the_wall(
    building: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thin, "RESTORED", EVERYTHING)
    before, _, _ = open_both(building, tmp_path)
    text = building.read_text(encoding="latin-1")
    opening = re.search(r"IFCOPENINGELEMENT\(.*,#(\d+),(?:\$|'[^']*')\);", text)
    assert opening is not None
    shape = re.search(rf"#{opening[1]}= ?IFCPRODUCTDEFINITIONSHAPE\(\$,\$,\(#(\d+)\)\);", text)
    assert shape is not None
    lines, brep = box(900_000)
    change(
        building,
        rf"(#{shape[1]}= ?IFCSHAPEREPRESENTATION\(#\d+,'Body',)'SweptSolid',\(#\d+\)",
        rf"\1'Brep',(#{brep})",
        lines,
    )
    whole, ours, model = open_both(building, tmp_path)
    assert ours == whole != before
    assert model is not None
    assert model._engines is None
    assert 900_012 in {face.id() for face in model.reader.all("IfcFace")}


def test_a_thin_model_lacks_the_corners_of_faces_and_no_other_point(building: Path, tmp_path: Path) -> None:
    text = building.read_text(encoding="latin-1")
    loops = set(re.findall(r"#\d+", " ".join(re.findall(r"IFCPOLYLOOP\((.*?)\);", text))))
    rest = re.sub(r"(?m)^#\d+= ?(IFCPOLYLOOP\(.*)?", "", text)
    corners = {int(number[1:]) for number in loops - set(re.findall(r"#\d+", rest))}
    assert corners
    whole = ifcopenshell.open(building)
    points = {point.id() for point in whole.by_type("IfcCartesianPoint")}
    checked = check_model(
        building, files := Files(inputs={}, outputs=tmp_path, scratch=tmp_path), without=COUNTED
    )
    reader, _ = open_thin(checked, Texts(checked.path, checked.instances), files, free=True)
    assert {point.id() for point in reader.all("IfcCartesianPoint")} == points - corners
    assert not reader.all("IfcFace")


def test_what_cannot_be_read_as_text_is_opened_whole(building: Path, tmp_path: Path) -> None:
    change(building, r"IFCFACE\(\(", "IFCFACE(/* a remark */(")
    whole, ours, model = open_both(building, tmp_path)
    assert ours == whole
    assert model is None


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("IFCSTYLEDITEM(#{face},(),$)", id="a style of one face"),
        pytest.param("IFCSHAPEREPRESENTATION(#{context},'Body','Brep',(#{face}))", id="a face by itself"),
        pytest.param("IFCTOPOLOGYREPRESENTATION(#{context},'Body','Face',(#{face}))", id="topology"),
        pytest.param("IFCFACESURFACE((),$,.T.)", id="a face on a surface"),
        pytest.param("IFCPRESENTATIONLAYERWITHSTYLE('',$,(),$,.T.,.F.,.F.,())", id="a layer's style"),
    ],
)
def test_models_with_other_uses_of_faces_are_opened_whole(building: Path, tmp_path: Path, line: str) -> None:
    text = building.read_text(encoding="latin-1")
    places = {
        name: found[1]
        for name, kind in (("face", "IFCFACE"), ("context", "IFCGEOMETRICREPRESENTATIONCONTEXT"))
        if (found := re.search(rf"#(\d+)= ?{kind}\(", text))
    }
    building.write_text(add(text, f"#900000={line.format(**places)};"), encoding="latin-1")
    files = Files(inputs={}, outputs=tmp_path, scratch=tmp_path)
    checked = check_model(building, files, without=COUNTED)
    reader, model = open_thin(checked, Texts(checked.path, checked.instances), files, free=True)
    assert model is None
    assert len(reader.all("IfcFace")) >= text.count("IFCFACE(")


def test_a_model_for_one_engine_is_opened_whole(building: Path, tmp_path: Path) -> None:
    assert open_both(building, tmp_path, free=False)[2] is None


def test_a_model_with_few_faces_is_opened_whole(
    building: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(thin, "MANY", 10**6)
    assert open_both(building, tmp_path)[2] is None
