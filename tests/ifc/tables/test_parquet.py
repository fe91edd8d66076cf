"""What is written is what pyarrow reads, type by type."""

from __future__ import annotations

import math
from pathlib import Path

import pyarrow.parquet
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from functions.ifc.tables import parquet
from functions.ifc.tables.parquet import Column, Scalar, Type, write_parquet

COLUMNS = [
    Column("flag", Type.BOOLEAN), Column("count", Type.INT64), Column("Größe, m", Type.DOUBLE),
    Column("text", Type.STRING),
]  # fmt: skip
VALUES = st.tuples(
    st.none() | st.booleans(),
    st.none() | st.integers(-(2**63), 2**63 - 1),
    st.none() | st.floats(allow_nan=False),
    st.none() | st.text(st.characters(exclude_categories=["Cs"])),
)


def read(path: Path) -> list[tuple[Scalar, ...]]:
    table = pyarrow.parquet.read_table(path)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(VALUES, max_size=40))
def test_every_value_comes_back(tmp_path: Path, rows: list[tuple[Scalar, ...]]) -> None:
    write_parquet(tmp_path / "a.parquet", COLUMNS, rows)
    assert read(tmp_path / "a.parquet") == rows


def test_types_and_names_are_in_the_schema(tmp_path: Path) -> None:
    write_parquet(tmp_path / "a.parquet", COLUMNS, [(True, 1, math.inf, "x"), (None, None, None, None)])
    schema = pyarrow.parquet.read_schema(tmp_path / "a.parquet")
    assert [(field.name, str(field.type), field.nullable) for field in schema] == [
        ("flag", "bool", True), ("count", "int64", True), ("Größe, m", "double", True),
        ("text", "string", True),
    ]  # fmt: skip


@pytest.mark.parametrize("columns", [1, 14, 15, 200])
def test_many_columns_and_row_groups(tmp_path: Path, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parquet, "GROUP_ROWS", 7)
    rows: list[tuple[Scalar, ...]] = [tuple(f"{row}.{at}" for at in range(columns)) for row in range(20)]
    write_parquet(tmp_path / "a", [Column(str(at), Type.STRING) for at in range(columns)], iter(rows))
    assert read(tmp_path / "a") == rows
    assert pyarrow.parquet.ParquetFile(tmp_path / "a").metadata.num_row_groups == 3
