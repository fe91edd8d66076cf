"""ifccsv: rows equal to those of ifccsv 0.9, formulas that do not run, errors that name the field."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path
from typing import Any

import ifccsv
import ifcopenshell
import ifcopenshell.util.selector
import openpyxl
import pyarrow.parquet
import pytest
from odf.opendocument import load as load_ods
from odf.table import Table, TableCell, TableRow
from odf.teletype import extractText
from odf.text import P

from functions.core import Files, Result
from functions.core.errors import InputError
from functions.core.registry import operation
from functions.ifc.tables.rows import restore

EXAMPLES = Path(__file__).resolve().parents[3] / "examples"
HOUSE = EXAMPLES / "house-architecture.ifc"
COMMON = ["Name", "Description", "class", "type.Name", "storey.Name", "/Pset_.*Common/.IsExternal",
          "/Pset_.*Common/.FireRating", "material.Name"]  # fmt: skip
GEOMETRY = ["x", "y", "z", "easting", "elevation", "rotation_z", "id", "predefined_type"]
RELATED = ["materials.Name", "materials.count", "classification.Name", "classification.Identification",
           "container.Name", "building.Name", "parent.Name", "group.Name", "type.predefined_type",
           "material.item.0.Material.Name", "Qto_WallBaseQuantities.GrossVolume",
           "/Qto_.*/./Gross.*/"]  # fmt: skip


def export(
    path: Path, folder: Path, warnings: list[str] | None = None, **request: Any
) -> tuple[Result, Path]:
    """Run the operation on a model; return its result and the table."""
    op = operation("ifccsv")
    said = warnings if warnings is not None else []
    files = Files(inputs={path.name: path}, outputs=folder, scratch=folder, on_warning=said.append)
    result = op.load()(op.parse({"filename": path.name, **request}), files)
    assert result.output
    return result, folder / result.output


def read(path: Path, delimiter: str = ",") -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file, delimiter=delimiter))


def plain(path: Path, folder: Path, query: str = "IfcElement", **options: Any) -> list[list[str]]:
    """Return the rows of ifccsv itself, of elements in the order of the file."""
    model = ifcopenshell.open(str(path))
    found = ifcopenshell.util.selector.filter_elements(model, query)
    elements = sorted(found, key=lambda element: element.id())
    target = folder / "plain.csv"
    options = {key: list(value) if isinstance(value, list) else value for key, value in options.items()}
    attributes = options.pop("attributes", ["Name", "Description"])
    ifccsv.IfcCsv().export(
        model, elements, attributes, output=str(target), format="csv", delimiter=",", **options
    )
    return read(target)


def same(path: Path, folder: Path, **request: Any) -> list[list[str]]:
    """Assert that the rows are ifccsv's, the order among equal keys apart; return them."""
    options = {key: json.loads(json.dumps(value)) for key, value in request.items()}
    return as_expected(plain(path, folder, **options), path, folder, **request)


def as_expected(expected: list[list[str]], path: Path, folder: Path, **request: Any) -> list[list[str]]:
    """Assert that the rows are those of a table; return them."""
    _, table = export(path, folder, **request)
    rows = [[restore(cell) for cell in row] for row in read(table)]
    assert rows[0] == expected[0]
    assert Counter(map(tuple, rows)) == Counter(map(tuple, expected))
    assert rows == expected
    return rows


def models(corpus: Path) -> list[Path]:
    return [*sorted(EXAMPLES.glob("*.ifc")), *sorted((corpus / "models").rglob("*.ifc"))]


@pytest.mark.parametrize("attributes", [COMMON, RELATED, GEOMETRY], ids=["common", "related", "geometry"])
def test_rows_are_those_of_ifccsv_on_every_model(corpus: Path, tmp_path: Path, attributes: list[str]) -> None:
    read_some = 0
    for path in models(corpus):
        try:
            expected = plain(path, tmp_path, attributes=attributes)
        except (TypeError, AttributeError, ValueError, KeyError):
            continue  # ifccsv does not survive these attributes of this model: see the tests below
        read_some += len(as_expected(expected, path, tmp_path, attributes=attributes)) > 1
    assert read_some > 3


@pytest.mark.parametrize(
    "query",
    [
        "IfcWall",
        "IfcWall, IfcSlab",
        "IfcWall, Pset_WallCommon.IsExternal=TRUE",
        "IfcElement, Name*=W-",
        "IfcWindow + IfcDoor",
        "IfcElement, ! IfcFeatureElement",
        "IfcElement, material=Oak",
        'IfcElement, location="Upper floor"',
        "IfcWall, Name=/W-E0.*/",
        "IfcSpace",
        "IfcElement, classification=EF_25_10",
        'query:"storey.Name"="Ground floor"',
    ],
)
def test_queries_select_what_ifccsv_selects(tmp_path: Path, query: str) -> None:
    assert len(same(HOUSE, tmp_path, query=query, attributes=["Name", "class"])) > 1


@pytest.mark.parametrize(
    "request_",
    [
        {"sort": [{"name": "storey.Name", "order": "DESC"}, {"name": "Name", "order": "ASC"}]},
        {"sort": [{"name": "class", "order": "ASC"}, {"name": "Name", "order": "DESC"}]},
        {"include_global_id": False},
        {"headers": ["A", None, "", "D"]},
        {"null": "n/a"},
        {"groups": [{"name": "class", "type": "GROUP"}], "include_global_id": False},
        {
            "groups": [
                {"name": "class", "type": "GROUP"},
                {"name": "storey.Name", "type": "VARIES", "varies_value": "several"},
                {"name": "Qto_WallBaseQuantities.GrossVolume", "type": "SUM"},
            ]
        },
        {
            "query": "IfcWall, Qto_WallBaseQuantities.GrossVolume!=NULL",
            "groups": [
                {"name": "storey.Name", "type": "GROUP"},
                {"name": "Qto_WallBaseQuantities.GrossVolume", "type": "AVERAGE"},
            ],
        },
        {
            "query": "IfcWall, Qto_WallBaseQuantities.GrossVolume!=NULL",
            "summaries": [{"name": "Qto_WallBaseQuantities.GrossVolume", "type": "MAX"}],
        },
        {"summaries": [{"name": "Qto_WallBaseQuantities.GrossVolume", "type": "SUM"}]},
        {"formatting": [{"name": "Name", "format": "upper({{value}})"}]},
        {"formatting": [{"name": "Name", "format": 'concat("<", {{value}}, ">")'}]},
        {
            "formatting": [{"name": "Qto_WallBaseQuantities.GrossVolume", "format": "round({{value}}, 0.1)"}],
            "summaries": [{"name": "Qto_WallBaseQuantities.GrossVolume", "type": "SUM"}],
        },
        {
            "query": "IfcWall",
            "formatting": [{"name": "Qto_WallBaseQuantities.GrossVolume", "format": "{{value}} * 2 + 1"}],
        },
    ],
    ids="-".join,
)
def test_options_mean_what_they_mean_to_ifccsv(tmp_path: Path, request_: dict[str, Any]) -> None:
    attributes = ["Name", "class", "storey.Name", "Qto_WallBaseQuantities.GrossVolume"]
    assert len(same(HOUSE, tmp_path, attributes=attributes, **request_)) > 1


def test_concat_joins_distinct_values_in_the_order_of_the_file(tmp_path: Path) -> None:
    groups = [{"name": "class", "type": "GROUP"}, {"name": "storey.Name", "type": "CONCAT"}]
    _, table = export(
        HOUSE, tmp_path, attributes=["class", "storey.Name"], groups=groups, include_global_id=False
    )
    assert ["IfcWall", "Ground floor, Upper floor"] in read(table)


def test_numbers_and_unset_values_can_be_sorted_together(tmp_path: Path) -> None:
    name = "Qto_WallBaseQuantities.Length"  # set for some walls only: ifccsv fails here
    _, table = export(HOUSE, tmp_path, query="IfcWall", attributes=[name], sort=[{"name": name}])
    lengths = [row[1] for row in read(table)[1:]]
    assert lengths[-2:] == ["-", "-"]
    assert [float(length) for length in lengths[:-2]] == sorted(float(length) for length in lengths[:-2])


def test_a_sum_of_nothing_is_zero_and_a_mean_of_nothing_is_unset(tmp_path: Path) -> None:
    _, table = export(
        HOUSE, tmp_path, query="IfcDoor", attributes=["Name", "Description"],
        summaries=[{"name": "Name", "type": "AVERAGE"}, {"name": "Description", "type": "SUM"}],
    )  # fmt: skip
    assert read(table)[-1] == ["", "Average: -", "Sum: 0"]


def test_a_format_that_does_not_fit_leaves_the_value_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    _, table = export(
        HOUSE, tmp_path, said, query="IfcDoor", attributes=["Name"],
        formatting=[{"name": "Name", "format": "number({{value}})"}],
    )  # fmt: skip
    assert [row[1] for row in read(table)[1:]] == ["D-01", "D-02", "D-11"]
    assert "formatting.0.format" in said[0]


# Formulas and formats


def sheet(path: Path) -> list[list[Any]]:
    """Read a table of any format the way another program does: None for an empty cell."""
    if path.suffix == ".csv":
        return [[cell or None for cell in row] for row in read(path)]
    if path.suffix == ".xlsx":
        return [list(row) for row in openpyxl.load_workbook(path).active.iter_rows(values_only=True)]
    rows = load_ods(str(path)).spreadsheet.getElementsByType(Table)[0].getElementsByType(TableRow)
    return [[_ods(cell) for cell in row.getElementsByType(TableCell)] for row in rows]


def _ods(cell: Any) -> Any:
    if cell.getAttribute("valuetype") == "float":
        return float(cell.getAttribute("value"))
    return "\n".join(extractText(line) for line in cell.getElementsByType(P)) or None


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_no_cell_runs_and_every_text_comes_back(corpus: Path, tmp_path: Path, kind: str) -> None:
    path = corpus / "bad" / "formula_names.ifc"
    model = ifcopenshell.open(str(path))
    names = {wall.GlobalId: wall.Name for wall in model.by_type("IfcElement")}
    result, table = export(path, tmp_path, attributes=["Name"], format=kind)
    cells = {row[0]: row[1] for row in sheet(table)[1:]}
    assert any(name[0] in "=+-@\t" for name in names.values())
    assert not any(cell[0] in "=+-@\t\r" for cell in cells.values())
    assert {key: restore(cell) for key, cell in cells.items()} == names
    assert result.statistics["neutralised_cells"] > 0


NASTY = ("=1+1", "'=1", "''-x", "'quoted", "+1", "-1.5", "@a", "a=b", "  two  spaces ", "<&>\"'", "_x0041_",
         "Größe 日本", "a;b,c", "-", "line 1\nline 2")  # fmt: skip


def nasty(folder: Path) -> Path:
    """Return a model with a wall for every nasty name, and a negative number."""
    model = ifcopenshell.open(str(HOUSE))
    elements: Any = model.by_type("IfcElement")
    for wall, name in zip(elements, NASTY, strict=False):
        wall.Name = name
        wall.Description = "nasty"
    path = folder / "nasty.ifc"
    model.write(str(path))
    return path


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_texts_survive_each_format(tmp_path: Path, kind: str) -> None:
    _, table = export(
        nasty(tmp_path), tmp_path, format=kind, query="IfcElement, Description=nasty", attributes=["Name"],
        include_global_id=False, null="?",
    )  # fmt: skip
    cells = [str(row[0]).replace("_x005F_", "_") for row in sheet(table)[1:]]
    assert sorted(map(restore, cells)) == sorted(NASTY)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "ods"])
def test_numbers_stay_numbers(tmp_path: Path, kind: str) -> None:
    _, table = export(HOUSE, tmp_path, format=kind, query="IfcSlab", attributes=["Name", "z"])
    values = {row[1]: row[2] for row in sheet(table)[1:]}
    assert float(values["Slab 0"]) == -300.0
    assert isinstance(values["Slab 0"], str if kind == "csv" else float | int)


def test_the_null_marker_stays_a_bare_hyphen(tmp_path: Path) -> None:
    result, table = export(HOUSE, tmp_path, query="IfcDoor", attributes=["Name", "Description"])
    assert {row[2] for row in read(table)[1:]} == {"-"}
    assert result.statistics == {
        "rows": 3, "columns": 3, "elements": 3, "empty_cells": 3, "neutralised_cells": 0,
        "unreadable_cells": 0,
    }  # fmt: skip


def test_the_delimiter_and_the_headers_are_the_callers(tmp_path: Path) -> None:
    _, table = export(HOUSE, tmp_path, query="IfcDoor", attributes=["Name"], delimiter=";", headers=["=x"])
    assert read(table, ";")[0] == ["GlobalId", "'=x"]


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ({}, "house-architecture.csv"),
        ({"format": "ods"}, "house-architecture.ods"),
        ({"output_filename": "x.xlsx"}, "x.xlsx"),
        ({"output_filename": "x.txt"}, "x.txt"),
    ],
)
def test_the_format_follows_the_name(tmp_path: Path, request_: dict[str, Any], name: str) -> None:
    _, table = export(HOUSE, tmp_path, query="IfcDoor", **request_)
    assert table.name == name
    assert table.read_bytes().startswith(b"PK") == (table.suffix in {".xlsx", ".ods"})


# Parquet


def test_parquet_has_typed_columns_and_nulls(corpus: Path, tmp_path: Path) -> None:
    attributes = ["Name", "Pset_WallCommon.IsExternal", "z", "id", "Qto_WallBaseQuantities.Length", "Name",
                  "Pset_WallCommon.FireRating"]  # fmt: skip
    result, path = export(HOUSE, tmp_path, query="IfcElement", attributes=attributes, format="parquet")
    _, other = export(HOUSE, tmp_path, query="IfcElement", attributes=attributes)
    found = pyarrow.parquet.read_table(path)
    assert [(field.name, str(field.type)) for field in found.schema] == [
        ("GlobalId", "string"), ("Name", "string"), ("Pset_WallCommon.IsExternal", "bool"), ("z", "double"),
        ("id", "int64"), ("Qto_WallBaseQuantities.Length", "double"), ("Name (2)", "string"),
        ("Pset_WallCommon.FireRating", "string"),
    ]  # fmt: skip
    words = {None: "-", True: "YES", False: "NO"}
    texts = [
        [words[cell] if cell is None or isinstance(cell, bool) else str(cell) for cell in row]
        for row in zip(*(column.to_pylist() for column in found.columns), strict=True)
    ]
    assert texts == read(other)[1:]
    assert result.statistics["empty_cells"] == sum(column.null_count for column in found.columns) > 0
    _, path = export(corpus / "bad" / "formula_names.ifc", tmp_path, attributes=["Name"], format="parquet")
    names = pyarrow.parquet.read_table(path)["Name"].to_pylist()
    model = ifcopenshell.open(str(corpus / "bad" / "formula_names.ifc"))
    assert sorted(names) == sorted(wall.Name for wall in model.by_type("IfcElement"))


def test_parquet_of_groups_is_text_or_a_number(tmp_path: Path) -> None:
    groups = [{"name": "class", "type": "GROUP"}, {"name": "Pset_WallCommon.FireRating", "type": "CONCAT"},
              {"name": "z", "type": "MAX"}]  # fmt: skip
    _, path = export(
        HOUSE, tmp_path, attributes=["class", "Pset_WallCommon.FireRating", "z"], groups=groups,
        include_global_id=False, output_filename="x.parquet", null="?",
    )  # fmt: skip
    found = pyarrow.parquet.read_table(path)
    assert [str(field.type) for field in found.schema] == ["string", "string", "double"]
    ratings = dict(zip(*(column.to_pylist() for column in found.columns[:2]), strict=True))
    assert "?" in ratings["IfcWall"]
    assert ratings["IfcDoor"] is None


# What is refused


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        ({"query": "IfcWall,,"}, "query"),
        ({"query": "IfcWal"}, "query"),
        ({"query": "IfcWall, Name=/(/"}, "query"),
        ({"query": ""}, "query"),
        ({"attributes": ["Name", "Pset=x"]}, "attributes.1"),
        ({"attributes": ["/(/.x"]}, "attributes.0"),
        ({"attributes": []}, "attributes"),
        ({"delimiter": ";;"}, "delimiter"),
        ({"delimiter": ""}, "delimiter"),
        ({"delimiter": '"'}, "delimiter"),
        ({"format": "xls"}, "format"),
        ({"format": "ods", "output_filename": "a.xlsx"}, "output_filename"),
        ({"headers": ["A"]}, "headers"),
        ({"format": "parquet", "summaries": [{"name": "Name", "type": "SUM"}]}, "summaries"),
        ({"sort": [{"name": "Tag"}]}, "sort"),
        ({"sort": [{"name": "Name", "order": "UP"}]}, "sort.0.order"),
        ({"groups": [{"name": "Name", "type": "VARIES"}]}, "groups"),
        ({"groups": [{"name": "Tag", "type": "GROUP"}]}, "groups"),
        ({"summaries": [{"name": "Name", "type": "MEDIAN"}]}, "summaries.0.type"),
        ({"formatting": [{"name": "Name", "format": "upper("}]}, "formatting.0.format"),
        ({"formatting": [{"name": "Name", "query": "x", "format": "{{value}}"}]}, "formatting.0.query"),
        ({"include_global_id": False, "sort": [{"name": "GlobalId"}]}, "sort"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, request_: dict[str, Any], field: str) -> None:
    with pytest.raises(InputError) as caught:
        export(HOUSE, tmp_path, **request_)
    assert caught.value.field == field


def test_a_class_of_another_schema_selects_nothing_and_says_so(tmp_path: Path) -> None:
    said: list[str] = []
    result, table = export(HOUSE, tmp_path, said, query="IfcKerb")
    assert said == ["the query selects no elements"]
    assert result.statistics["rows"] == 0
    assert read(table) == [["GlobalId", "Name", "Description"]]


@pytest.mark.parametrize(
    "name", ["cyc_aggregate.ifc", "cyc_placement2.ifc", "inf_place.ifc", "no_project.ifc"]
)
def test_damage_costs_a_cell_and_not_the_table(corpus: Path, tmp_path: Path, name: str) -> None:
    said: list[str] = []
    attributes = [
        "storey.Name",
        "container.Name",
        "site.Name",
        "x",
        "easting",
        "material.item.Name",
        "type.Name",
    ]
    result, _ = export(corpus / "bad" / name, tmp_path, said, attributes=attributes)
    assert result.statistics["rows"] >= 1
    assert bool(said) == (result.statistics["unreadable_cells"] > 0)


def test_progress_is_reported_while_rows_are_read(tmp_path: Path) -> None:
    op = operation("ifccsv")
    seen: list[tuple[str, int, int]] = []
    files = Files(
        inputs={"h.ifc": HOUSE},
        outputs=tmp_path,
        scratch=tmp_path,
        on_progress=lambda *step: seen.append(step),
    )
    op.load()(op.parse({"filename": "h.ifc"}), files)
    assert ("read", 0, 50) in seen


def test_a_column_that_no_element_knows_is_named(tmp_path: Path) -> None:
    said: list[str] = []
    columns = ["Name", "Nmae", "Tag", "Pset_WallCommon.IsExternal", "Pset_WallComon.IsExternal", "type.Name"]
    _, table = export(HOUSE, tmp_path, said, attributes=columns)
    assert {row[3] for row in read(table)} >= {"Tag"}
    assert said == [
        "Nmae: no element has such an attribute or property",
        "Pset_WallComon.IsExternal: no element has such an attribute or property",
    ]
    export(HOUSE, tmp_path, said, attributes=columns, query="IfcPump")
    assert said[2:] == ["the query selects no elements"]
