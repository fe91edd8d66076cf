"""The first row of a table that is imported: which columns there are, and which one names the elements."""

from __future__ import annotations

from collections.abc import Sequence

from functions.core.errors import InputError
from functions.ifc.reader import clean
from functions.ifc.selector import Key, parse_path
from functions.ifc.tables.cells import Grid, Value
from functions.ifc.tables.comparison import Column
from functions.ifc.tables.rows import restore

OTHER_DELIMITERS = ",;\t|"


def read_header(
    rows: Grid, *, delimiter: str, attributes: Sequence[str] | None, most: int
) -> tuple[list[Column], int]:
    """Return the columns to be compared, and where the GlobalId stands. Refuses what is ambiguous.

    `attributes` say what the columns mean, instead of their names; `most` is how many columns are read.
    Raises an InputError about the field `csv_filename` or `attributes`.
    """
    names = [_title(cell) for cell in next(rows, (0, []))[1]]
    if not any(names):
        _fail("The table is empty")
    if len(names) > most:
        _fail(f"The table has {len(names)} columns; {most} at the most are read")
    keys = [place for place, name in enumerate(names) if name.strip('"').lower() == "globalid"]
    if not keys:
        others = [mark for mark in OTHER_DELIMITERS if mark != delimiter and mark in names[0]]
        hint = f" Is its delimiter {others[0]!r}?" if len(names) == 1 and others else ""
        _fail(
            f"The table has no column GlobalId: its first row reads {clean(', '.join(names))[:200]!r}.{hint}"
        )
    if len(keys) > 1:
        _fail(f"The table has {len(keys)} columns GlobalId: which one names the element is not certain")
    places = [place for place, name in enumerate(names) if name and place != keys[0]]
    if attributes is not None:
        places = [place for place in range(len(names)) if place != keys[0]]
        if len(places) != len(attributes):
            raise InputError(f"attributes: {len(attributes)} for {len(places)} columns", field="attributes")
    queries = attributes or [names[place] for place in places]
    columns = [_column(place, query) for place, query in zip(places, queries, strict=True)]
    seen: dict[tuple[Key, ...], str] = {}
    for column in columns:
        if column.path == ("GlobalId",):
            _fail("The table has two columns GlobalId: which one names the element is not certain")
        if column.path in seen:
            _fail(f"The table has two columns {clean(column.name)[:80]!r}")
        seen[column.path] = column.name
    return columns, keys[0]


def _title(cell: Value) -> str:
    return "" if cell is None else restore(str(cell)).strip()


def _column(place: int, query: str) -> Column:
    try:
        return Column(place, query, parse_path(query, name=f"column {place + 1}"))
    except InputError as error:
        raise InputError(error.message, field="csv_filename") from None


def _fail(message: str) -> None:
    raise InputError(message, field="csv_filename")
