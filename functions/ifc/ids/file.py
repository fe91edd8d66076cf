"""Reads an IDS file: hostile XML is refused, the rest is validated against the XSD of IDS 1.0.

An IDS needs no document type declaration, so none is accepted: no entity can be declared, and nothing
outside of the file can be named. The XSD is the one that ifctester ships.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

from functions.core.errors import InputError, TooLargeError
from functions.ifc.ids import grammar
from functions.ifc.ids.library import XSD

if TYPE_CHECKING:
    from xmlschema import XMLSchema

NAMESPACE = "http://standards.buildingsmart.org/IDS"
MAX_BYTES = 10_000_000
MAX_DEPTH = 30  # an IDS is 10 deep
MAX_CHARS = 300  # of a message of the validator


@dataclass(frozen=True)
class Node:
    """An element of an IDS file as it was written: its place, and the facets or specifications in it."""

    line: int
    children: dict[str, list[Node]] = field(default_factory=dict)

    def at(self, *path: tuple[str, int]) -> Node:
        """Return a descendant by names and numbers; the nearest one there is."""
        node = self
        for name, number in path:
            found = node.children.get(name, [])
            if number >= len(found):
                break
            node = found[number]
        return node


@dataclass(frozen=True)
class IdsFile:
    """A valid IDS: what xmlschema decodes, and where it stands in the file."""

    decoded: dict[str, Any]
    places: Node


def read_ids(path: Path, *, name: str) -> IdsFile:
    """Read an IDS file. Raises an InputError for the field `name` that says what is wrong, and where."""
    if path.stat().st_size > MAX_BYTES:
        raise TooLargeError(f"{name}: an IDS may have {MAX_BYTES} bytes at the most", field=name)
    root, lines, prefixes = parse(path.read_bytes(), name=name)
    if root.tag != f"{{{NAMESPACE}}}ids":
        raise InputError(f"{name}: this is XML, but no IDS: <{root.tag}>", field=name, where="line 1")
    try:
        decoded = grammar.read(root, prefixes)
    except grammar.Irregular:
        decoded = _validate(root, lines, prefixes, name)
    found = decoded["specifications"]["specification"]
    decoded["specifications"]["specification"] = found if isinstance(found, list) else [found]
    return IdsFile(decoded, _place(root, lines))


def _validate(
    root: Element, lines: dict[Element, int], prefixes: dict[str, str], name: str
) -> dict[str, Any]:
    """Return what xmlschema decodes. It is imported here, as few files need it."""
    from xmlschema import XMLSchemaException, XMLSchemaValidationError  # noqa: PLC0415

    try:
        decoded: Any = schema().decode(root, strip_namespaces=True, namespaces={**prefixes, "": NAMESPACE})
    except XMLSchemaValidationError as error:
        line = lines.get(error.elem) if isinstance(error.elem, Element) else None
        reason = " ".join((error.reason or str(error)).split())[:MAX_CHARS]
        raise InputError(
            f"{name}: not valid by the XSD of IDS 1.0: {reason} ({error.path})",
            field=name,
            where=f"line {line}" if line else None,
        ) from None
    except XMLSchemaException as error:
        raise InputError(f"{name}: no valid IDS: {str(error)[:MAX_CHARS]}", field=name) from None
    return dict(decoded)


@cache
def schema() -> XMLSchema:
    """Return the XSD of IDS 1.0. Nothing is fetched: what it imports comes with xmlschema."""
    from xmlschema import XMLSchema  # noqa: PLC0415

    return XMLSchema(XSD, allow="local")


def parse(data: bytes, *, name: str) -> tuple[Element, dict[Element, int], dict[str, str]]:
    """Return the root of a document, the line of every element, and the namespaces by prefix."""
    builder = TreeBuilder()
    lines: dict[Element, int] = {}
    prefixes: dict[str, str] = {}
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def refuse(reason: str) -> InputError:
        return InputError(f"{name}: {reason}", field=name, where=f"line {parser.CurrentLineNumber}")

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > MAX_DEPTH:
            raise refuse(f"elements are nested more than {MAX_DEPTH} deep")
        element = builder.start(_expand(tag), {_expand(key): value for key, value in attributes.items()})
        lines[element] = parser.CurrentLineNumber

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(_expand(tag))

    def doctype(*_: object) -> None:
        raise refuse("a document type declaration (and with it any entity) is not accepted")

    def declare(prefix: str | None, uri: str | None) -> None:
        prefixes.setdefault(prefix or "", uri or "")

    parser.buffer_text = True
    handlers: dict[str, Callable[..., None]] = {
        "StartElementHandler": start,
        "EndElementHandler": end,
        "CharacterDataHandler": builder.data,
        "StartDoctypeDeclHandler": doctype,
        "StartNamespaceDeclHandler": declare,
    }
    for handler, function in handlers.items():
        setattr(parser, handler, function)
    try:
        parser.Parse(data, True)
    except (expat.ExpatError, ValueError, LookupError) as error:
        raise refuse(f"not well-formed XML: {error}") from None
    return builder.close(), lines, prefixes


def _expand(tag: str) -> str:
    """Return a name as ElementTree writes it."""
    return "{" + tag if "}" in tag else tag


def _place(element: Element, lines: dict[Element, int]) -> Node:
    """Return the places of the specifications, clauses and facets."""
    node = Node(lines[element])
    for child in element:
        node.children.setdefault(child.tag.rpartition("}")[2], []).append(_place(child, lines))
    return node
