"""Attributes of many instances at once, as columns, read straight out of the STEP text.

Lines that say the same but for the instance numbers in them are taken apart once. What is written in another
way than is known here has the class "" and no attributes.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import ifcopenshell
import numpy as np

from functions.ifc.geometry.texts import Texts
from functions.ifc.step.rows import MISSING

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats
    from functions.ifc.geometry.polygons import Integers
    from functions.ifc.geometry.texts import Rows

    Objects = NDArray[np.object_]

GONE = -2  # the row of what is referred to and is not there, or no reference where one must be
CLASS = re.compile(rb"\s*=\s*([A-Z][A-Z0-9_]*)\s*\(")
TOKEN = re.compile(
    rb"[(),$*]|#[0-9]+|[-+]?[0-9][0-9.]*(?:[Ee][-+]?[0-9]+)?|\.[A-Z0-9_]+\.|\s+|'(?:[^']|'')*'|[A-Z][A-Z0-9_]*"
)
HEAD, BYTES = 64, 512  # what a class stands in, and what most lines do
DAMAGED = object()
"""What an attribute is that cannot be read."""
Values = Sequence[Any]


class Reference(int):
    """The place of a reference among all of its line."""


class Attributes:
    """The instances of a model's texts, given by rows of their index. Rows may be MISSING or GONE."""

    def __init__(self, texts: Texts, schema: str) -> None:
        """Start with nothing read."""
        self.texts = texts
        self._schema = ifcopenshell.schema_by_name(schema)
        self._file = -1
        self._classes: dict[bytes, str] = {}
        self._places: dict[tuple[str, str], int] = {}
        self._kinds: dict[int, str] = {}
        self._values: dict[int, Values] = {}

    @contextmanager
    def opened(self) -> Iterator[None]:
        """Keep the file open, and what was read of it, for a while."""
        self._file = self.texts.open()
        try:
            yield
        finally:
            os.close(self._file)
            self._kinds.clear()
            self._values.clear()

    def kinds(self, rows: Rows) -> Objects:
        """Return the classes of instances."""
        first, which = self._distinguish(rows)
        return np.array([self._kind(row) for row in first], object)[which]

    def values(self, rows: Rows, name: str) -> Objects:
        """Return an attribute of instances; None where it is not set, DAMAGED where it cannot be read."""
        first, which = self._distinguish(rows)
        found = np.empty(len(first), object)
        for place, row in enumerate(first):
            found[place] = self._value(row, name)
        return found[which]

    def numbers(self, rows: Rows, name: str, default: float = np.nan) -> Floats:
        """Return an attribute of instances that is a number; the default where it is not set."""
        values = [default if value is None else value for value in self.values(rows, name)]
        return np.array([value if type(value) is float else np.nan for value in values], np.float64)

    def vectors(self, rows: Rows, name: str, size: int) -> Floats:
        """Return an attribute of instances that is a list of so many numbers; not numbers where it is not."""
        first, which = self._distinguish(rows)
        nothing = (np.nan,) * size
        values = [self._value(row, name) for row in first]
        fit = [isinstance(value, tuple) and list(map(type, value)) == [float] * size for value in values]
        found = [value if right else nothing for value, right in zip(values, fit, strict=True)]
        return np.array(found, np.float64).reshape(-1, size)[which]

    def below(self, rows: Rows, name: str) -> Rows:
        """Return the rows that an attribute refers to; MISSING where it is not set."""
        values = self.values(rows, name)
        places = np.array([value if type(value) is Reference else GONE for value in values], np.int64)
        places[[value is None for value in values]] = MISSING
        found = np.full(len(rows), MISSING, np.int32)
        found[(places == GONE) | (rows == GONE)] = GONE
        there = places >= 0
        index = self.texts.index
        found[there] = index.references[index.starts[rows[there]] + places[there]]
        found[there & (found == MISSING)] = GONE
        return found

    def lists(self, rows: Rows, name: str) -> tuple[Rows, Integers]:
        """Return all rows that an attribute refers to, and at which place the instance stands that does.

        There is a GONE for what is no list of references.
        """
        values = self.values(rows, name)
        right = [
            isinstance(value, tuple) and bool(value) and all(type(one) is Reference for one in value)
            for value in values
        ]
        counts = np.array([len(value) if fit else 1 for value, fit in zip(values, right, strict=True)], int)
        firsts = [value[0] if fit else 0 for value, fit in zip(values, right, strict=True)]
        owners = np.repeat(np.arange(len(rows)), counts)
        known = np.repeat(np.array(right, bool), counts)
        steps = np.arange(len(owners)) - np.repeat(np.cumsum(counts) - counts, counts)
        index = self.texts.index
        places = index.starts[np.where(known, rows[owners], 0)] + np.array(firsts, int)[owners] + steps
        found = np.full(len(owners), GONE, np.int32)
        found[known] = index.references[places[known]]
        found[found == MISSING] = GONE
        return found, owners

    def _distinguish(self, rows: Rows) -> tuple[list[int], Integers]:
        """Return a row of each different line, and which of these each row says the same as."""
        says = np.where(rows < 0, rows, self.texts.index.says[rows]) if len(rows) else rows
        _, first, which = np.unique(says, return_index=True, return_inverse=True)
        return rows[first].tolist(), which

    def _kind(self, row: int) -> str:
        """Return the class of an instance."""
        if row < 0:
            return ""
        index = self.texts.index
        says = index.says.item(row)
        if says not in self._kinds:
            found = CLASS.match(os.pread(self._file, HEAD, index.places.item(row)))
            self._kinds[says] = self._class(found[1]) if found else ""
        return self._kinds[says]

    def _class(self, name: bytes) -> str:
        """Return the name of a class as the schema spells it."""
        if name not in self._classes:
            try:
                self._classes[name] = str(self._schema.declaration_by_name(name.decode()).name())
            except RuntimeError:
                self._classes[name] = ""
        return self._classes[name]

    def _value(self, row: int, name: str) -> Any:  # noqa: ANN401 - any attribute
        """Return an attribute of an instance, with places for references."""
        kind = self._kind(row)
        if not kind:
            return None if row == MISSING else DAMAGED
        if (kind, name) not in self._places:
            entity = self._schema.declaration_by_name(kind).as_entity()
            self._places[kind, name] = entity.attribute_index(name) if entity else MISSING
        says, place = self.texts.index.says.item(row), self._places[kind, name]
        if says not in self._values:
            values = self._read(row)
            entity = self._schema.declaration_by_name(kind).as_entity()
            self._values[says] = values if entity and len(values) == entity.attribute_count() else ()
        values = self._values[says]
        return values[place] if 0 <= place < len(values) else DAMAGED

    def _read(self, row: int) -> Values:
        """Return the attributes of an instance; none where its line is not as it must be."""
        index, size = self.texts.index, BYTES
        text = b""
        while b";" not in text:
            text = os.pread(self._file, size, index.places.item(row))
            if len(text) < size:
                break
            size *= 8
        text = text[: text.find(b";")]
        text = text[text.find(b"(") :]
        tokens = TOKEN.findall(text)
        try:
            found, references = parse(tokens)
        except (IndexError, ValueError):
            return ()
        whole = b"".join(tokens) == text and references == index.starts.item(row + 1) - index.starts.item(row)
        return found if whole else ()


def parse(tokens: Sequence[bytes]) -> tuple[Values, int]:
    """Return what stands in the parentheses that all tokens are in, and how many references there are.

    Raises a ValueError or an IndexError where there are none, or they do not fit.
    """
    references = 0
    stack: list[list[Any]] = [[]]
    for token in tokens:
        first = token[0]
        if first == b"#"[0]:
            stack[-1].append(Reference(references))
            references += 1
        elif first == b"("[0]:
            stack.append([])
        elif first == b")"[0]:
            value: tuple[Any, ...] = tuple(stack.pop())
            named = bool(stack[-1]) and isinstance(stack[-1][-1], bytes)
            if named:
                value = (stack[-1].pop(), *value)
            stack[-1].append(value)
        elif first not in b", \t\r\n":
            stack[-1].append(_read_atom(token))
    ((found,),) = stack
    if not isinstance(found, tuple):
        raise ValueError("no parentheses")
    return found, references


def _read_atom(token: bytes) -> Any:  # noqa: ANN401 - any value
    """Return a number, a text, an enumeration's item as a text, or None; the name of a type as it is."""
    first = token[:1]
    if first in b"$*":
        return None
    if first in b".'":
        return token[1:-1].decode("ascii", "replace")
    return token if first.isalpha() else float(token)
