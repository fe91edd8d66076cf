"""The IDS files that need no validator: those of the usual form are read here, and no others.

What is accepted is valid by the XSD of IDS 1.0, and read as xmlschema reads it, which takes half a second
and 15 MB for itself. All else, valid or not, raises `Irregular`; whoever asks then has xmlschema read it, and
say what is wrong.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any
from xml.etree.ElementTree import Element

IDS = "{http://standards.buildingsmart.org/IDS}"
XS = "http://www.w3.org/2001/XMLSchema"
LOCATION = "{http://www.w3.org/2001/XMLSchema-instance}schemaLocation"
BLANK = " \t\r\n"
MANY = 1_000_000

Decoded = dict[str, Any]
Attributes = Mapping[str, re.Pattern[str]]
Part = tuple[str, int, int]  # a name, how often at least, how often at most

ANY = re.compile(r".*", re.DOTALL)
BASE = re.compile(r"xs:(?:string|boolean|integer|double|decimal|date|dateTime|time|duration)")
LENGTH = re.compile(r"[0-9]{1,9}")
INFO: tuple[Part, ...] = (
    ("title", 1, 1),
    *(
        (name, 0, 1)
        for name in ("copyright", "version", "description", "author", "date", "purpose", "milestone")
    ),
)
TEXTS = {
    "author": re.compile(r"[^@\s]+@[^@.\s]+\.[^@\s]+"),
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
}
VERSIONS = re.compile(r"(?:IFC2X3|IFC4|IFC4X3_ADD2)(?: (?:IFC2X3|IFC4|IFC4X3_ADD2))*")
SPECIFICATION: Attributes = {
    "name": ANY,
    "ifcVersion": VERSIONS,
    "identifier": ANY,
    "description": ANY,
    "instructions": ANY,
}
OCCURS: Attributes = {"minOccurs": re.compile("[0-9]{1,4}"), "maxOccurs": re.compile("[0-9]{1,4}|unbounded")}
FACETS: dict[str, tuple[Part, ...]] = {
    "entity": (("name", 1, 1), ("predefinedType", 0, 1)),
    "partOf": (("entity", 1, 1),),
    "classification": (("value", 0, 1), ("system", 1, 1)),
    "attribute": (("name", 1, 1), ("value", 0, 1)),
    "property": (("propertySet", 1, 1), ("baseName", 1, 1), ("value", 0, 1)),
    "material": (("value", 0, 1),),
}
APPLICABILITY: dict[str, Attributes] = {
    "partOf": {
        "relation": re.compile(
            "IFCREL(?:AGGREGATES|ASSIGNSTOGROUP|CONTAINEDINSPATIALSTRUCTURE|NESTS"
            "|VOIDSELEMENT IFCRELFILLSELEMENT)"
        )
    },
    "property": {"dataType": re.compile("[A-Z]+")},
}
IN_ORDER: tuple[Part, ...] = tuple((name, 0, 1 if name == "entity" else MANY) for name in FACETS)
CARDINALITY = re.compile("required|prohibited|optional")
URI = re.compile(r"https?://[A-Za-z0-9._/-]+")
REQUIREMENTS: dict[str, Attributes] = {
    "entity": {"instructions": ANY},
    "partOf": {
        **APPLICABILITY["partOf"],
        "cardinality": re.compile("required|prohibited"),
        "instructions": ANY,
    },
    "attribute": {"cardinality": CARDINALITY, "instructions": ANY},
    **{
        name: {
            **APPLICABILITY.get(name, {}),
            "uri": URI,
            "cardinality": CARDINALITY,
            "instructions": ANY,
        }
        for name in ("classification", "property", "material")
    },
}
TEXT_OPTIONS = ("minInclusive", "maxInclusive", "minExclusive", "maxExclusive")
LENGTH_OPTIONS = ("length", "minLength", "maxLength")
SEVERAL = ("enumeration", "pattern")


class Irregular(Exception):
    """An IDS file that is not of the usual form."""


def read(root: Element, prefixes: Mapping[str, str]) -> Decoded:
    """Return a document as xmlschema decodes it. Raises Irregular."""
    if root.tag != IDS + "ids" or set(root.attrib) - {LOCATION} or prefixes.get("xs", XS) != XS:
        raise Irregular
    info, specifications = (child for _, child in _parts(root, (("info", 1, 1), ("specifications", 1, 1))))
    _attributes(info, {})
    _attributes(specifications, {})
    found = _parts(specifications, (("specification", 1, MANY),))
    return {
        "info": {name: _info(name, child) for name, child in _parts(info, INFO)},
        "specifications": {"specification": [_specification(child) for _, child in found]},
    }


def _parts(element: Element, parts: tuple[Part, ...]) -> Iterator[tuple[str, Element]]:
    """Yield the children with their names. They stand in the order of the parts, with nothing between."""
    children = list(element)
    if not all(_is_blank(text) for text in (element.text, *(child.tail for child in children))):
        raise Irregular
    at = 0
    for name, least, most in parts:
        start = at
        while at < len(children) and at - start < most and children[at].tag == IDS + name:
            yield name, children[at]
            at += 1
        if at - start < least:
            raise Irregular
    if at < len(children):
        raise Irregular


def _attributes(element: Element, allowed: Attributes, *, needed: tuple[str, ...] = ()) -> Decoded:
    """Return the attributes, each as it may be."""
    given = element.attrib
    if not set(needed) <= set(given) <= set(allowed):
        raise Irregular
    if not all(allowed[name].fullmatch(text) for name, text in given.items()):
        raise Irregular
    return {f"@{name}": text for name, text in given.items()}


def _info(name: str, element: Element) -> str | None:
    text = _text(element)
    if name in TEXTS and not TEXTS[name].fullmatch(text or ""):
        raise Irregular
    if name == "date":
        try:
            date.fromisoformat(text or "")
        except ValueError:
            raise Irregular from None
    return text


def _text(element: Element) -> str | None:
    """Return the text of an element that has nothing else."""
    if len(element) or element.attrib or (element.text and _is_blank(element.text)):
        raise Irregular
    return element.text or None


def _specification(element: Element) -> Decoded:
    found = _attributes(element, SPECIFICATION, needed=("name", "ifcVersion"))
    found["@ifcVersion"] = found["@ifcVersion"].split(" ")
    for name, clause in _parts(element, (("applicability", 1, 1), ("requirements", 0, 1))):
        found[name] = _applicability(clause) if name == "applicability" else _requirements(clause)
    return found


def _applicability(clause: Element) -> Decoded:
    given = {"@minOccurs": "1", "@maxOccurs": "1", **_attributes(clause, OCCURS)}
    found: Decoded = {key: text if text == "unbounded" else int(text) for key, text in given.items()}
    return {**found, **_facets(clause, APPLICABILITY)}


def _requirements(clause: Element) -> Decoded:
    found = _attributes(clause, {"description": ANY})
    for name, facets in _facets(clause, REQUIREMENTS).items():
        found[name] = [
            facet if name == "entity" else {"@cardinality": "required", **facet} for facet in facets
        ]
    return found


def _facets(clause: Element, allowed: Mapping[str, Attributes]) -> dict[str, list[Decoded]]:
    """Return the facets of a clause by kind; those of requirements may stand in any order."""
    found: dict[str, list[Decoded]] = {}
    facets = _parts(clause, IN_ORDER) if allowed is APPLICABILITY else _mixed(clause)
    for name, facet in facets:
        found.setdefault(name, []).append(_facet(name, facet, allowed.get(name, {})))
    return found


def _mixed(clause: Element) -> Iterator[tuple[str, Element]]:
    """Yield facets in any order with their kinds."""
    for facet in clause:
        name = facet.tag.removeprefix(IDS)
        if name not in FACETS or not _is_blank(facet.tail):
            raise Irregular
        yield name, facet
    if not _is_blank(clause.text):
        raise Irregular


def _facet(name: str, element: Element, allowed: Attributes) -> Decoded:
    found = _attributes(element, allowed)
    for part, child in _parts(element, FACETS[name]):
        found[part] = _facet("entity", child, {}) if name == "partOf" else _value(child)
    return found


def _value(element: Element) -> Decoded:
    """Return a simple value or a restriction."""
    children = list(element)
    if len(children) != 1 or element.attrib or not _is_blank(element.text) or not _is_blank(children[0].tail):
        raise Irregular
    if children[0].tag == IDS + "simpleValue":
        return {"simpleValue": _text(children[0])}
    if children[0].tag != f"{{{XS}}}restriction":
        raise Irregular
    return {"restriction": _restriction(children[0])}


def _restriction(element: Element) -> Decoded:
    found = _attributes(element, {"base": BASE}, needed=("base",))
    if not _is_blank(element.text):
        raise Irregular
    for option in element:
        name = option.tag.removeprefix(f"{{{XS}}}")
        if len(option) or not _is_blank(option.text) or not _is_blank(option.tail):
            raise Irregular
        text = _attributes(option, {"value": LENGTH if name in LENGTH_OPTIONS else ANY}, needed=("value",))
        if name in SEVERAL:
            found.setdefault(name, []).append(text)
        elif name in found or name not in (*TEXT_OPTIONS, *LENGTH_OPTIONS):
            raise Irregular
        else:
            found[name] = {"@value": int(text["@value"])} if name in LENGTH_OPTIONS else text
    for name in SEVERAL:
        if len(found.get(name, ())) == 1:
            found[name] = found[name][0]
    return found


def _is_blank(text: str | None) -> bool:
    return not (text or "").strip(BLANK)
