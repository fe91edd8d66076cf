"""ifccsv_import: what the user changed and nothing else, in all formats; the rest is refused by name."""

from __future__ import annotations

import csv
import json
from datetime import date
from pathlib import Path
from typing import Any

import ifcopenshell
import ifcopenshell.api.pset
import ifcopenshell.util.element as util
import openpyxl
import pytest

from functions.core import Files, Result
from functions.core.errors import InputError
from functions.core.registry import operation
from functions.ifc.local import execute

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
HOUSE = EXAMPLES / "house-architecture.ifc"
COLUMNS = ["Name", "Description", "class", "storey.Name", "PredefinedType", "OverallHeight",
           "Pset_WallCommon.IsExternal", "Pset_WallCommon.FireRating", "Qto_WallBaseQuantities.Length",
           "Notes.Note", "material.Name", "z"]  # fmt: skip
KINDS = pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
Edits = dict[tuple[str, str], Any]


def run(name: str, folder: Path, said: list[str] | None = None, **request: Any) -> tuple[Result, Path]:
    """Run an operation on files; return its result and its main output."""
    op = operation(name)
    inputs = {key: request[key] for key in op.file_fields}
    body = {**request, **{key: path.name for key, path in inputs.items()}}
    folder.mkdir(exist_ok=True)
    files = Files(
        inputs={path.name: path for path in inputs.values()}, outputs=folder, scratch=folder,
        on_warning=(said if said is not None else []).append,
    )  # fmt: skip
    result = op.load()(op.parse(body), files)
    assert result.output
    return result, folder / result.output


def export(path: Path, folder: Path, kind: str = "csv", **request: Any) -> Path:
    return run("ifccsv", folder, filename=path, format=kind, **{"attributes": COLUMNS, **request})[1]


def table(folder: Path, *rows: str, delimiter: str = ",") -> Path:
    """Write a table by hand."""
    path = folder / "table.csv"
    path.write_text("\n".join(row.replace(",", delimiter) for row in rows), encoding="utf-8")
    return path


def edit(path: Path, edits: Edits) -> Path:
    """Change cells of an exported CSV, by the Name of the row and the column."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.reader(file))
    for (name, column), value in edits.items():
        row = next(row for row in rows if row[1] == name)
        row[rows[0].index(column)] = value
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)
    return path


def change(folder: Path, edits: Edits, model: Path = HOUSE) -> tuple[Any, dict[str, Any]]:
    """Export, edit and import; return the model that came out and the report."""
    path = edit(export(model, folder), edits)
    _, output = run("ifccsv_import", folder, ifc_filename=model, csv_filename=path, output_filename="out.ifc")
    return ifcopenshell.open(str(output)), json.loads((folder / "out.changes.json").read_text())


def snapshot(model: Any) -> dict[str, Any]:
    """Return all attributes and own properties of every object and type."""
    found: dict[str, Any] = {}
    for element in model.by_type("IfcObjectDefinition"):
        found[element.GlobalId] = {
            key: value for key, value in element.get_info().items() if not isinstance(value, tuple)
        }
        for name, values in util.get_psets(element, should_inherit=False).items():
            found[element.GlobalId] |= {f"{name}.{key}": v for key, v in values.items() if key != "id"}
    return found


def named(model: Any, name: str) -> Any:
    return next(item for item in model.by_type("IfcObjectDefinition") if name == item.Name)


# No edit, no change


@KINDS
@pytest.mark.parametrize("name", sorted(path.name for path in EXAMPLES.glob("*.ifc")))
def test_a_round_trip_changes_no_byte(tmp_path: Path, kind: str, name: str) -> None:
    path = export(EXAMPLES / name, tmp_path, kind)
    result, output = run("ifccsv_import", tmp_path, ifc_filename=EXAMPLES / name, csv_filename=path)
    assert output.name == f"{Path(name).stem}_updated.ifc"
    assert output.read_bytes() == (EXAMPLES / name).read_bytes()
    assert result.statistics["rows"] > 0
    assert (result.statistics["cells_set"], result.statistics["cells_refused"]) == (0, 0)


@KINDS
@pytest.mark.parametrize(
    "name", ["formula_names.ifc", "html_names.ifc", "rtl_name.ifc", "dup_guid.ifc", "escape_nul.ifc"]
)
def test_nasty_names_survive(corpus: Path, tmp_path: Path, kind: str, name: str) -> None:
    path = export(corpus / "bad" / name, tmp_path, kind)
    result, output = run("ifccsv_import", tmp_path, ifc_filename=corpus / "bad" / name, csv_filename=path)
    assert output.read_bytes() == (corpus / "bad" / name).read_bytes()
    assert result.statistics["cells_refused"] == 0


def test_what_a_spreadsheet_rewrites_is_no_change(tmp_path: Path) -> None:
    _, report = change(tmp_path, {("D-01", "OverallHeight"): "2100", ("D-02", "OverallHeight"): "2.10E+03",
                                  ("W-E01 south", "Pset_WallCommon.IsExternal"): "true",
                                  ("D-11", "Description"): ""})  # fmt: skip
    assert report["changes"] == report["refused"] == []


# What is set


def test_each_value_keeps_its_type_and_nothing_else_changes(tmp_path: Path) -> None:
    before = snapshot(ifcopenshell.open(str(HOUSE)))
    model, report = change(tmp_path, {
        ("D-01", "Name"): "=SUM(A1)", ("D-02", "OverallHeight"): "2000", ("D-11", "PredefinedType"): "gate",
        ("W-E01 south", "Pset_WallCommon.IsExternal"): "NO",
        ("W-E01 south", "Qto_WallBaseQuantities.Length"): "4711", ("Slab 0", "Description"): "'=x",
        ("Slab 0", "Notes.Note"): "0042",
    })  # fmt: skip
    wall, slab = named(model, "W-E01 south"), named(model, "Slab 0")
    assert named(model, "D-02").OverallHeight == 2000.0
    assert named(model, "D-11").PredefinedType == "GATE"
    assert util.get_pset(wall, "Pset_WallCommon", "IsExternal") is False
    assert util.get_pset(wall, "Qto_WallBaseQuantities", "Length") == 4711.0
    assert slab.Description == "=x"
    assert util.get_pset(slab, "Notes", "Note") == "0042"
    after = snapshot(model)
    different = {(key, name) for key in before for name in before[key].keys() | after[key].keys()
                 if before[key].get(name) != after[key].get(name)}  # fmt: skip
    assert different == {(change["global_id"], change["column"]) for change in report["changes"]}
    assert len(different) == 7
    assert {(change["old"], change["new"]) for change in report["changes"]} >= {
        ("D-01", "=SUM(A1)"), (2100.0, 2000.0), ("YES", "NO"), (None, "0042")
    }  # fmt: skip


def test_an_empty_cell_and_the_null_marker_unset(tmp_path: Path) -> None:
    model, report = change(tmp_path, {
        ("W-E01 south", "Name"): "", ("W-E02 east", "Pset_WallCommon.FireRating"): "-",
        ("W-E02 east", "Qto_WallBaseQuantities.Length"): "",
    })  # fmt: skip
    first, second = sorted(change["column"] for change in report["changes"])
    assert (first, second) == ("Name", "Pset_WallCommon.FireRating")
    assert util.get_pset(named(model, "W-E02 east"), "Pset_WallCommon")["FireRating"] is None
    assert [(one["column"], one["reason"]) for one in report["refused"]] == [
        ("Qto_WallBaseQuantities.Length", "a quantity must have a value: it cannot be unset")
    ]


def test_instances_that_are_not_set_keep_their_bytes(tmp_path: Path) -> None:
    path = edit(export(HOUSE, tmp_path), {("D-01", "Description"): "new"})
    _, output = run("ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=path)
    old, new = HOUSE.read_text().splitlines(), output.read_text().splitlines()
    assert len(old) == len(new)
    assert [line for line, other in zip(new, old, strict=True) if line != other] == [
        "#414=IFCDOOR('0aIrJAwA5Vq9S1Zp8kOIEM',$,'D-01','new',$,#430,#426,$,2100.,1000.,$,$,$);"
    ]


def test_the_example_table_sets_all_it_says(tmp_path: Path) -> None:
    inputs = {"ifc_filename": HOUSE, "csv_filename": EXAMPLES / "house-doors.csv"}
    request = {field: path.name for field, path in inputs.items()}
    done = execute(operation("ifccsv_import"), request, inputs, folder=tmp_path)
    assert done.result["message"] == "4 cells set in 3 elements"
    report = json.loads(done.outputs[1].path.read_text(encoding="utf-8"))
    assert {(cell["row"], cell["column"]): cell["new"] for cell in report["changes"]} == {
        (2, "Description"): "To the garden",
        (3, "Pset_DoorCommon.FireRating"): "T 30",
        (4, "Pset_DoorCommon.IsExternal"): "YES",
        (4, "OverallHeight"): 2135.0,
    }
    assert [file.name for file in done.outputs] == [
        "house-architecture_updated.ifc", "house-architecture_updated.changes.json"
    ]  # fmt: skip
    assert done.warnings == ()  # nothing of what the parser says about buildingSMART's templates


def test_edits_made_in_a_workbook_are_read(tmp_path: Path) -> None:
    path = export(HOUSE, tmp_path, "xlsx", query="IfcDoor")
    book = openpyxl.load_workbook(path)
    sheet = book.active
    sheet["B2"], sheet["C3"], sheet["G4"], sheet["C2"] = 42, "b\nc ", 1999.5, True
    sheet["K4"] = date(2026, 1, 31)
    book.save(path)
    _, output = run("ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=path)
    model: Any = ifcopenshell.open(str(output))
    doors = model.by_type("IfcDoor")
    assert doors[0].Name == "42"
    assert [door.Description for door in doors] == ["YES", "b\nc ", None]
    assert [door.OverallHeight for door in doors] == [2100.0, 2100.0, 1999.5]
    assert util.get_psets(doors[2])["Notes"]["Note"] == "2026-01-31"


# What is shared


def shared(folder: Path) -> tuple[Path, list[str]]:
    """Return a model in which three walls share one set, one property is in two sets, and a type has one."""
    model: Any = ifcopenshell.open(str(HOUSE))
    walls = model.by_type("IfcWall")[:3]
    pset = ifcopenshell.api.pset.add_pset(model, product=walls[0], name="Shared")
    ifcopenshell.api.pset.edit_pset(model, pset=pset, properties={"A": "old", "B": 1.5})
    other = ifcopenshell.api.pset.add_pset(model, product=walls[0], name="Other")
    other.HasProperties = [pset.HasProperties[0]]
    relation = next(item for item in model.get_inverse(pset) if item.is_a("IfcRelDefinesByProperties"))
    relation.RelatedObjects = walls
    kind: Any = util.get_type(model.by_type("IfcDoor")[0])
    typed = ifcopenshell.api.pset.add_pset(model, product=kind, name="Typed")
    ifcopenshell.api.pset.edit_pset(model, pset=typed, properties={"T": model.create_entity("IfcInteger", 7)})
    model.write(str(folder / "shared.ifc"))
    return folder / "shared.ifc", [wall.Name for wall in walls]


SHARED = ["Name", "Shared.A", "Shared.B", "Other.A", "Typed.T"]


def change_shared(folder: Path, edits: Edits, model: Path) -> tuple[Any, dict[str, Any]]:
    path = edit(export(model, folder, attributes=SHARED), edits)
    _, output = run("ifccsv_import", folder, ifc_filename=model, csv_filename=path, output_filename="out.ifc")
    return ifcopenshell.open(str(output)), json.loads((folder / "out.changes.json").read_text())


def test_a_shared_set_changes_for_the_edited_element_alone(tmp_path: Path) -> None:
    path, (one, two, three) = shared(tmp_path)
    model, _ = change_shared(tmp_path, {(two, "Shared.A"): "new"}, path)
    assert [util.get_pset(named(model, name), "Shared", "A") for name in (one, two, three)] == [
        "old", "new", "old",
    ]  # fmt: skip
    assert util.get_pset(named(model, two), "Shared", "B") == 1.5
    assert util.get_pset(named(model, one), "Other", "A") == "old"


def test_elements_edited_alike_go_on_sharing(tmp_path: Path) -> None:
    path, names = shared(tmp_path)
    model, _ = change_shared(tmp_path, {(name, "Shared.A"): "new" for name in names}, path)
    assert len({util.get_pset(named(model, name), "Shared")["id"] for name in names}) == 1
    assert util.get_pset(named(model, names[0]), "Shared", "A") == "new"
    assert util.get_pset(named(model, names[0]), "Other", "A") == "old"  # a property in two sets


def test_a_value_of_the_type_is_overridden_at_the_occurrence(tmp_path: Path) -> None:
    path, _ = shared(tmp_path)
    model, report = change_shared(tmp_path, {("D-01", "Typed.T"): "8", ("D-02", "Typed.T"): "-"}, path)
    doors = {door.Name: util.get_pset(door, "Typed", "T") for door in model.by_type("IfcDoor")}
    assert doors == {"D-01": 8, "D-02": 7, "D-11": 7}
    assert util.get_psets(named(model, "D-02"))["Typed"]["T"] == 7
    assert report["changes"][0]["made"] == "set, over the type's value"
    assert report["changes"][0]["type"] == "IfcInteger"
    assert [one["reason"] for one in report["refused"]] == [
        "the value comes from the type: it cannot be unset at one occurrence"
    ]


def test_new_instances_are_the_same_every_time_and_no_global_id_stands_twice(tmp_path: Path) -> None:
    path, (one, two, _) = shared(tmp_path)
    edits = {(one, "Shared.A"): "x", (two, "Shared.A"): "y", ("D-01", "Typed.T"): "8"}
    made = []
    for folder in (tmp_path / "a", tmp_path / "b"):
        change_shared(folder, edits, path)
        made.append((folder / "out.ifc").read_bytes())
    assert made[0] == made[1]
    again, _ = change_shared(tmp_path / "c", {(one, "Shared.B"): "2"}, tmp_path / "a" / "out.ifc")
    ids = [item.GlobalId for item in again.by_type("IfcRoot")]
    assert len(ids) == len(set(ids))


# What is refused, cell by cell


@pytest.mark.parametrize(
    ("column", "value", "reason"),
    [
        ("OverallHeight", "abc", "'abc' is no number, as an IfcPositiveLengthMeasure must be"),
        ("OverallHeight", "-1", "'-1' is not above 0, as an IfcPositiveLengthMeasure must be"),
        ("OverallHeight", "nan", "no number"),
        ("PredefinedType", "WALL", "'WALL' is not one of DOOR, GATE"),
        ("class", "IfcWall", "'class' is read from elsewhere in the model: it cannot be set"),
        ("storey.Name", "Roof", "'storey' is read from elsewhere"),
        ("material.Name", "Gold", "'material' is read from elsewhere"),
        ("z", "1", "'z' is read from elsewhere"),
        ("Description", "a\x00b", "control character"),
        ("Pset_WallCommon.IsExternal", "maybe", "'maybe' is neither YES nor NO, as an IfcBoolean must be"),
    ],
)
def test_a_cell_that_cannot_be_set_is_refused_by_name(
    tmp_path: Path, column: str, value: str, reason: str
) -> None:
    said: list[str] = []
    path = edit(export(HOUSE, tmp_path), {("D-01", column): value})
    result, output = run("ifccsv_import", tmp_path, said, ifc_filename=HOUSE, csv_filename=path)
    report = json.loads((tmp_path / f"{output.stem}.changes.json").read_text())
    assert [(one["row"], one["column"]) for one in report["refused"]] == [(2, column)]
    assert reason in report["refused"][0]["reason"]
    assert reason in said[0]
    assert result.statistics["cells_refused"] == 1
    assert output.read_bytes() == HOUSE.read_bytes()


@pytest.mark.parametrize("name", ["__class__", "is_a", "file", "OwnerHistory", "ObjectPlacement", "Nothing"])
def test_no_column_reaches_what_is_no_attribute(tmp_path: Path, name: str) -> None:
    path = table(tmp_path, f"GlobalId,{name}", "0aIrJAwA5Vq9S1Zp8kOIEM,x")
    result, output = run("ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=path)
    assert result.statistics["cells_refused"] == 1
    assert output.read_bytes() == HOUSE.read_bytes()


def test_rows_that_name_no_element_are_counted(tmp_path: Path) -> None:
    said: list[str] = []
    path = table(
        tmp_path, "Name,GlobalId", "x,0000000000000000000000", "y,", "z,-", "D-01,0aIrJAwA5Vq9S1Zp8kOIEM"
    )
    result, _ = run("ifccsv_import", tmp_path, said, ifc_filename=HOUSE, csv_filename=path)
    assert result.statistics["unknown_global_ids"] == 1
    assert result.statistics["rows_without_global_id"] == 2
    assert len(said) == 2


def test_rows_of_one_element_that_disagree_set_nothing(tmp_path: Path) -> None:
    door = "0aIrJAwA5Vq9S1Zp8kOIEM"
    path = table(tmp_path, "GlobalId,Name,Description", f"{door},A,same", f"{door},B,same")
    result, output = run("ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=path)
    found = ifcopenshell.open(str(output)).by_guid(door)
    assert (found.Name, found.Description) == ("D-01", "same")
    assert result.statistics["cells_refused"] == 1


def test_headers_of_an_export_can_be_said_in_attributes(tmp_path: Path) -> None:
    path = export(HOUSE, tmp_path, attributes=["Name", "Description"], headers=["What", "Why"])
    edit(path, {("D-01", "Why"): "because"})
    result, _ = run(
        "ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=path, attributes=["Name", "Description"]
    )
    assert result.statistics["cells_set"] == 1


def test_delimiter_and_null_are_the_exports(tmp_path: Path) -> None:
    path = export(HOUSE, tmp_path, delimiter=";", null="?")
    result, output = run(
        "ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=path, delimiter=";", null="?"
    )
    assert result.statistics["rows"] == 50
    assert output.read_bytes() == HOUSE.read_bytes()


# What is refused as a whole


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"\n\n", "empty"),
        (b"GlobalId,Name\n", "no rows"),
        (b"Name,Description\nx,y\n", "no column GlobalId"),
        (b"GlobalId;Name\nx;y\n", "Is its delimiter ';'?"),
        (b"GlobalId,Name,GlobalId\na,b,c\n", "2 columns GlobalId"),
        (b'GlobalId,Name,"""GlobalId"""\na,b,c\n', "2 columns GlobalId"),
        (b"GlobalId,Name,Name\na,b,c\n", "two columns 'Name'"),
        (b"GlobalId,Pset=x\na,b\n", "column 2"),
        (b"GlobalId,Name\nx,\xff\n", "UTF-8"),
        (b'GlobalId,Name\nx,"a"b\n', "not CSV"),
        (b"PK\x03\x04", "zip"),
    ],
)
def test_a_table_that_cannot_be_meant_is_an_error(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "table.csv"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message.replace("?", r"\?")) as caught:
        run("ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=path)
    assert caught.value.field == "csv_filename"


@pytest.mark.parametrize("name", ["wide.csv", "dunder.csv"])
def test_tables_that_attack_end_quickly(corpus: Path, tmp_path: Path, name: str) -> None:
    with pytest.raises(InputError, match=r"2000\d columns|columns GlobalId"):
        run("ifccsv_import", tmp_path, ifc_filename=HOUSE, csv_filename=corpus / "bad" / name)


@pytest.mark.parametrize("name", ["out.csv", "out", "out.ifczip"])
def test_the_output_is_a_model(name: str) -> None:
    with pytest.raises(InputError) as caught:
        operation("ifccsv_import").parse(
            {"ifc_filename": "a.ifc", "csv_filename": "a.csv", "output_filename": name}
        )
    assert caught.value.field == "output_filename"
