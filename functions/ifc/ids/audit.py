"""Audits a model against an IDS: every specification, its applicable elements and its failed checks.

The order is that of the IDS, and of the instance numbers of the model.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import ifcopenshell

from functions.ifc.gate import is_object
from functions.ifc.ids.facets import KINDS, Attribute, Entity, Facet
from functions.ifc.ids.facts import Facts
from functions.ifc.ids.measures import Measures

Element = ifcopenshell.entity_instance
# The attributes of objects that are, or name, what a model can be opened without.
PARTS = (
    "Axis", "AxisDirection", "BaseQuantity", "ConditionCoordinateSystem", "CostQuantities",
    "DesignParameters",
    "HasPropertySets", "ObjectPlacement", "OrientationOf2DPlane", "Representation", "RepresentationContexts",
    "RepresentationMaps", "SharedPlacement", "UAxes", "VAxes", "VaryingAppliedLoadLocation",
    "VaryingThicknessLocation", "WAxes",
)  # fmt: skip


@dataclass
class Specification:
    """What applies to which elements; `minOccurs` and `maxOccurs` are named as in the file."""

    name: str
    description: str
    instructions: str
    minOccurs: int
    maxOccurs: int | str
    ifcVersion: list[str]
    applicability: list[Facet]
    requirements: list[Facet]
    is_ifc_version: bool = False  # whether it is written for the model's

    @classmethod
    def parse(cls, decoded: dict[str, Any]) -> Specification:
        """Take a specification in, as xmlschema decodes it."""
        clause = decoded["applicability"]
        return cls(
            name=decoded.get("@name", ""),
            description=decoded.get("@description", ""),
            instructions=decoded.get("@instructions", ""),
            minOccurs=clause["@minOccurs"],
            maxOccurs=clause["@maxOccurs"],
            ifcVersion=decoded["@ifcVersion"],
            applicability=_parse_clause(clause),
            requirements=_parse_clause(decoded.get("requirements") or {}),
        )

    @property
    def cardinality(self) -> str:
        """Whether it is required, optional or prohibited that such elements are there."""
        if self.minOccurs != 0:
            return "required"
        return "optional" if self.maxOccurs != 0 else "prohibited"


@dataclass(frozen=True)
class Document:
    """An IDS: what it says about itself, and its specifications."""

    info: dict[str, str]
    specifications: list[Specification]


@dataclass(frozen=True)
class Check:
    """A requirement and the reasons why elements fail it, by instance number."""

    facet: Any
    failures: dict[int, str]
    status: bool


@dataclass(frozen=True)
class Outcome:
    """A specification, the elements it applies to by instance number, and its checks."""

    specification: Any
    applicable: dict[int, Element]
    checks: list[Check]
    status: bool

    @property
    def failing(self) -> dict[int, Element]:
        """The elements at fault: those that fail a check, or that should not be there at all."""
        if self.specification.maxOccurs == 0:
            return self.applicable
        failed = {number for check in self.checks for number in check.failures}
        return {number: element for number, element in self.applicable.items() if number in failed}


def parse(decoded: dict[str, Any]) -> Document:
    """Return an IDS with its facets, from what xmlschema decodes."""
    info = {"title": "Untitled"} | {key: value for key, value in decoded["info"].items() if value}
    found = decoded["specifications"]["specification"]
    return Document(info, [Specification.parse(one) for one in found])


def _parse_clause(clause: dict[str, Any]) -> list[Facet]:
    """Return the facets of an applicability or of requirements."""
    return [
        KINDS[kind]().parse(one or {})
        for kind, found in clause.items()
        if kind in KINDS
        for one in (found if isinstance(found, list) else [found])
    ]


def run(document: Document, facts: Facts, *, progress: Callable[[int, int], None]) -> Iterator[Outcome]:
    """Yield the outcome of every specification for the model of some facts."""
    measures = Measures(facts)
    total = len(document.specifications)
    for done, specification in enumerate(document.specifications):
        progress(done, total)
        specification.is_ifc_version = facts.model.schema_identifier in specification.ifcVersion
        for facet in (*specification.applicability, *specification.requirements):
            facet.facts, facet.measures = facts, measures
        yield check(specification, facts)
        for facet in (*specification.applicability, *specification.requirements):
            facet.forget()
    progress(total, total)


def avoids_shapes(document: Document) -> bool:
    """Say whether an IDS surely asks for objects alone, none of which has a part of a shape as attribute."""
    return all(
        any(isinstance(facet, Entity) and _names_objects(facet.name) for facet in one.applicability)
        for one in document.specifications
    )


def _names_objects(name: Any) -> bool:  # noqa: ANN401 - text or a restriction
    options = {} if isinstance(name, str) else getattr(name, "options", {})
    if not isinstance(name, str) and set(options) != {"enumeration"}:
        return False
    names = [name] if isinstance(name, str) else options["enumeration"]
    return all(is_object(one) for one in ([names] if isinstance(names, str) else names))


def names_no_parts(document: Document) -> bool:
    """Say whether no attribute is asked for whose objects name a shape or a property set."""
    facets = (facet for one in document.specifications for facet in (*one.applicability, *one.requirements))
    return not any(name == facet.name for facet in facets if isinstance(facet, Attribute) for name in PARTS)


def check(specification: Specification, facts: Facts) -> Outcome:
    """Check one specification; IFC versions are not looked at, as the standard says they are metadata."""
    found = {one.id(): one for one in _select(specification.applicability)}
    applicable = {number: facts.kept.setdefault(number, found[number]) for number in sorted(found)}
    prohibited = specification.maxOccurs == 0
    missing = specification.minOccurs != 0 and not applicable
    failures = _fail(specification.requirements, {} if prohibited else applicable)
    checks = [
        Check(facet, failed, not failed and not missing)
        for facet, failed in zip(specification.requirements, failures, strict=True)
    ]
    status = all(one.status for one in checks) and not missing and not (prohibited and applicable)
    return Outcome(specification, applicable, checks, status)


def _select(facets: list[Any]) -> Iterable[Element]:
    """Return the elements that all facets of an applicability hold for."""
    if not facets:
        return []
    found: Iterable[Element] = facets[0].candidates()
    for place, facet in enumerate(facets):
        # The candidates of a class are its instances, and nothing is left to ask.
        if place or not isinstance(facet, Entity) or facet.predefinedType:
            found = [element for element in found if facet(element)]
    return found


def _fail(facets: Sequence[Any], elements: dict[int, Element]) -> list[dict[int, str]]:
    """Return why elements fail, by facet. All is asked of an element at a time: its sets are at hand."""
    failures: list[dict[int, str]] = [{} for _ in facets]
    for number, element in elements.items():
        for facet, failed in zip(facets, failures, strict=True):
            result = facet(element)
            if not result.is_pass:
                failed[number] = sys.intern(str(result))
    return failures
