"""The rules of the IDS audit: what the XSD of IDS cannot say, and no model could ever satisfy.

    for fault in find_faults(document, places): ...

The rules are those of buildingSMART's audit tool, https://github.com/buildingSMART/IDS-Audit-tool, and of
https://github.com/buildingSMART/IDS/tree/development/Documentation. A specification for several versions of
IFC must keep them in each. ifctester 0.9 checks none of them. `Rule` lists them; the tool's rules about the
property sets of buildingSMART (names that begin with Pset_) are left out: a model can satisfy those.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from functions.ifc.ids.express import USERDEFINED, Schema, schema
from functions.ifc.ids.facets import Attribute, Entity, PartOf, Property
from functions.ifc.ids.file import Node
from functions.ifc.ids.patterns import PatternError
from functions.ifc.ids.restriction import Restriction

Classes = frozenset[str]


class Rule(StrEnum):
    """The name of a rule, as it is shown, and what it says."""

    APPLICABILITY = "applicability-empty"  # a specification applies to something
    OCCURRENCE = "occurrence"  # it is required, optional or prohibited: 1..n, 0..n or 0..0
    PROHIBITED = "prohibited-requirements"  # a prohibited specification has no requirements
    ENTITY = "entity-name"  # classes exist, and are written in capitals
    PREDEFINED = "predefined-type"  # predefined types are those of the class, unless it has USERDEFINED
    ATTRIBUTE = "attribute-name"  # attributes exist, and are neither inverse nor derived
    DATATYPE = "data-type"  # data types exist
    LITERAL = "value-literal"  # values are written as their type demands: 4.2, 42, true
    BASE = "restriction-base"  # the base of a restriction is that of the type; names are texts
    FACET = "restriction-facet"  # bounds are for numbers and dates, lengths for texts
    PATTERN = "pattern"  # patterns are those of XML Schema, and not too large
    OBJECT = "value-of-object"  # objects, selects and lists have no value to compare
    INCOMPATIBLE = "incompatible"  # some class can satisfy applicability and requirements


@dataclass(frozen=True)
class Fault:
    """A rule that is broken, how, and the line in the IDS."""

    rule: Rule
    message: str
    line: int


BOOLEAN = re.compile(r"true|false|0|1")
INTEGER = re.compile(r"[+-]?[0-9]+")
DOUBLE = re.compile(r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]+)?|NaN|\+INF|-INF")
LITERALS = {"boolean": BOOLEAN, "integer": INTEGER, "double": DOUBLE}
NUMBERS = frozenset({"double", "float", "decimal", "integer", "int", "long"})
TEXTS = frozenset({"string", "normalizedString", "token", "anyURI", "date", "dateTime", "time", "duration"})
BASES = {
    "string": TEXTS,
    "boolean": frozenset({"boolean"}),
    "logical": frozenset({"boolean", "string"}),
    "integer": NUMBERS,
    "double": NUMBERS,
    "binary": TEXTS | NUMBERS,
    "list": TEXTS | NUMBERS | {"boolean"},
}
KNOWN_BASES = TEXTS | NUMBERS | {"boolean"}
LENGTHS = frozenset({"length", "minLength", "maxLength"})
BOUNDS = frozenset({"minInclusive", "maxInclusive", "minExclusive", "maxExclusive"})
UNSUPPORTED = frozenset({"totalDigits", "fractionDigits", "whiteSpace"})
UNORDERED = frozenset({"string", "normalizedString", "token", "anyURI", "boolean"})
SPATIAL = ("IFCSPATIALELEMENT", "IFCSPATIALSTRUCTUREELEMENT")
# The classes of part and whole of each relation:
# https://github.com/buildingSMART/IDS/blob/development/Documentation/UserManual/partof-facet.md
WHOLES: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "IFCRELAGGREGATES": (("IFCOBJECTDEFINITION",), ("IFCOBJECTDEFINITION",)),
    "IFCRELNESTS": (("IFCOBJECTDEFINITION",), ("IFCOBJECTDEFINITION",)),
    "IFCRELASSIGNSTOGROUP": (("IFCOBJECTDEFINITION",), ("IFCGROUP",)),
    "IFCRELCONTAINEDINSPATIALSTRUCTURE": (("IFCPRODUCT",), SPATIAL),
    "IFCRELVOIDSELEMENT IFCRELFILLSELEMENT": (("IFCELEMENT",), ("IFCELEMENT",)),
    "": (("IFCOBJECTDEFINITION",), ("IFCOBJECTDEFINITION",)),
}
MAX_NAMED = 4
WITH_PROPERTIES = ("IFCOBJECTDEFINITION", "IFCMATERIALDEFINITION", "IFCMATERIAL", "IFCPROFILEDEF")
KINDS = {
    "Entity": "entity",
    "PartOf": "partOf",
    "Classification": "classification",
    "Attribute": "attribute",
    "Property": "property",
    "Material": "material",
}


def find_faults(document: Any, places: Node) -> Iterator[Fault]:  # noqa: ANN401 - ifctester has no types
    """Yield the faults of an IDS, in the order of the file."""
    for number, specification in enumerate(document.specifications):
        place = places.at(("specifications", 0), ("specification", number))
        yield from _Audit(specification, number + 1, place).run()


class _Audit:
    """The audit of one specification."""

    def __init__(self, specification: Any, number: int, place: Node) -> None:  # noqa: ANN401
        self._specification = specification
        self._title = f"specification {number} {specification.name[:60]!r}"
        self._place = place

    def run(self) -> Iterator[Fault]:
        """Yield the faults; compatibility is only looked at where the single facets are in order."""
        found = [*self._occurrence(), *self._facets("applicability"), *self._facets("requirements")]
        yield from found
        if not found:
            for version in self._specification.ifcVersion:
                found = list(self._compatibility(schema(version)))
                yield from found
                if found:
                    return

    def _occurrence(self) -> Iterator[Fault]:
        one = self._specification
        line = self._place.at(("applicability", 0)).line
        if not one.applicability:
            yield Fault(Rule.APPLICABILITY, f"{self._title} applies to nothing", line)
        if (one.minOccurs, one.maxOccurs) not in {(0, 0), (0, "unbounded"), (1, "unbounded")}:
            message = f"{self._title}: {one.minOccurs} to {one.maxOccurs} occurrences are not provided for"
            yield Fault(Rule.OCCURRENCE, message, line)
        if one.maxOccurs == 0 and one.requirements:
            message = f"{self._title} is prohibited, and has requirements"
            yield Fault(Rule.PROHIBITED, message, self._place.at(("requirements", 0)).line)

    def _each(self, clause: str) -> Iterator[tuple[Any, str, int]]:
        """Yield the facets of a clause with their titles and lines."""
        counts = dict.fromkeys(KINDS.values(), 0)
        for facet in getattr(self._specification, clause):
            kind = KINDS[type(facet).__name__]
            line = self._place.at((clause, 0), (kind, counts[kind])).line
            counts[kind] += 1
            yield facet, f"{self._title}, {clause}, {kind} {counts[kind]}", line

    def _facets(self, clause: str) -> Iterator[Fault]:
        """Check the facets of a clause one by one."""
        for facet, title, line in self._each(clause):
            for rule, message in self._facet(facet):
                yield Fault(rule, f"{title}: {message}", line)

    def _facet(self, facet: Any) -> Iterator[tuple[Rule, str]]:  # noqa: ANN401
        checks = [
            _check_restriction(value) for value in vars(facet).values() if isinstance(value, Restriction)
        ]
        found = [fault for check in checks for fault in check]
        for name in ("name", "predefinedType", "propertySet", "baseName", "system"):
            found.extend(_check_text(name, getattr(facet, name, None)))
        if not found:
            for version in self._specification.ifcVersion:
                found.extend(_check_names(facet, schema(version)))
                if found:
                    break
        yield from found

    def _compatibility(self, version: Schema) -> Iterator[Fault]:
        """Check that some class can satisfy everything, and that values fit what they are compared with."""
        classes: Classes = version.names
        for clause in ("applicability", "requirements"):
            for facet, title, line in self._each(clause):
                narrowed = _narrow(facet, classes, version) & classes
                required = getattr(facet, "cardinality", "required") == "required"
                if not narrowed and required:
                    message = f"{title}: {_describe(facet)} is impossible for {_list(classes)} in"
                    yield Fault(Rule.INCOMPATIBLE, f"{message} {version.version}", line)
                    return
                for rule, message in _check_value(facet, narrowed or classes, version):
                    yield Fault(rule, f"{title}: {message}", line)
                if required:
                    classes = narrowed


def _check_restriction(value: Restriction) -> Iterator[tuple[Rule, str]]:
    """Check a restriction in itself."""
    if value.base not in KNOWN_BASES:
        yield Rule.BASE, f"{value.base!r} is no base of a restriction"
        return
    for kind in value.options:
        if (
            kind in UNSUPPORTED
            or (kind in LENGTHS and value.base not in {"string", "normalizedString", "token", "anyURI"})
            or (kind in BOUNDS and value.base in UNORDERED)
        ):
            yield Rule.FACET, f"xs:{kind} is not for xs:{value.base}"
    try:
        value.patterns()
    except PatternError as error:
        yield Rule.PATTERN, str(error)
    literal = LITERALS.get(value.base, DOUBLE if value.base in NUMBERS else None)
    for text in _texts(value) if literal else ():
        if literal and not literal.fullmatch(text):
            yield Rule.LITERAL, f"{text[:60]!r} is no {value.base}"


def _check_text(name: str, value: object) -> Iterator[tuple[Rule, str]]:
    """Check that the restriction of a name is one of texts."""
    if isinstance(value, Restriction) and value.base not in {"string", "normalizedString", "token"}:
        yield Rule.BASE, f"{name} is a text, and is restricted as xs:{value.base}"


def _check_names(facet: Any, version: Schema) -> Iterator[tuple[Rule, str]]:  # noqa: ANN401
    """Check that what a facet names is in the schema."""
    if isinstance(facet, Entity | PartOf):
        yield from _check_entity(facet, version)
    elif isinstance(facet, Attribute):
        what = f"no attribute that {version.version} compares"
        yield from _check_known(Rule.ATTRIBUTE, facet.name, version.attribute_names, what)
    elif isinstance(facet, Property) and facet.dataType and version.data_type(facet.dataType) is None:
        yield Rule.DATATYPE, f"{facet.dataType} is no data type of {version.version}"


def _check_entity(facet: Any, version: Schema) -> Iterator[tuple[Rule, str]]:  # noqa: ANN401
    found = list(_check_known(Rule.ENTITY, facet.name, version.names, f"no class of {version.version}"))
    yield from found
    if found or not facet.predefinedType:
        return
    names = [name for name in version.names if name == facet.name]
    for name in sorted(names):
        known = version.predefined_types(name)
        if USERDEFINED in known:
            return
    known = frozenset().union(*(version.predefined_types(name) for name in names))
    what = f"no predefined type of {_list(names)} in {version.version}"
    yield from _check_known(Rule.PREDEFINED, facet.predefinedType, known, what)


def _check_known(rule: Rule, wanted: object, known: Iterable[str], what: str) -> Iterator[tuple[Rule, str]]:
    """Check that every name is known, or that a pattern matches one that is."""
    if isinstance(wanted, Restriction):
        named = wanted.options.get("enumeration")
        if named is None:
            if not any(name == wanted for name in known):
                yield rule, f"{_show(wanted)} matches {what}"
            return
    else:
        named = [str(wanted)]
    known = set(known)
    for name in named:
        if name not in known:
            hint = " (names of classes are in capitals)" if name.upper() in known else ""
            yield rule, f"{name[:60]!r} is {what}{hint}"


def _narrow(facet: Any, classes: Classes, version: Schema) -> Classes:  # noqa: ANN401
    """Return the classes that a facet leaves of some."""
    if isinstance(facet, Entity):
        return frozenset(name for name in classes if name == facet.name)
    if isinstance(facet, Attribute):
        wanted = facet.name
        return _filter(classes, lambda name: any(key == wanted for key in version.attributes(name)))
    if isinstance(facet, Property):
        return _filter(classes, lambda name: version.is_kind(name, *WITH_PROPERTIES))
    if isinstance(facet, PartOf):
        parts, wholes = WHOLES.get(facet.relation or "", WHOLES[""])
        named = (name for name in version.names if name == facet.name)
        if not any(version.is_kind(name, *wholes) for name in named):
            return frozenset()
        return _filter(classes, lambda name: version.is_kind(name, *parts))
    return classes


def _filter(classes: Classes, holds: Callable[[str], bool]) -> Classes:
    return frozenset(name for name in classes if holds(name))


def _check_value(facet: Any, classes: Classes, version: Schema) -> Iterator[tuple[Rule, str]]:  # noqa: ANN401
    """Check that a value can be one of the type that it is compared with; of one of them, if several."""
    if not getattr(facet, "value", None):
        return
    if isinstance(facet, Attribute):
        pairs = (version.attributes(name).items() for name in sorted(classes))
        types = {base for found in pairs for key, base in found if key == facet.name}
    elif isinstance(facet, Property) and facet.dataType:
        types = {version.data_type(facet.dataType)}
    else:
        return
    bases = sorted(base for base in types if base)
    if types and not bases:
        yield Rule.OBJECT, f"{_show(facet.name)} is an object, a select or a list, which has no value"
        return
    faults = [list(_check_type(facet.value, base)) for base in bases]
    if faults and all(faults):
        yield faults[0][0]


def _check_type(value: object, base: str) -> Iterator[tuple[Rule, str]]:
    """Check a value against one base type."""
    if isinstance(value, Restriction) and value.base not in BASES[base]:
        yield Rule.BASE, f"the values are xs:{base}, and are restricted as xs:{value.base}"
        return
    literal = LITERALS.get(base)
    for text in _texts(value):
        if literal and not literal.fullmatch(text):
            yield Rule.LITERAL, f"{text[:60]!r} is no {base}"


def _texts(value: object) -> list[str]:
    """Return the literals of a value: all but patterns and lengths."""
    if not isinstance(value, Restriction):
        return [str(value)]
    found: list[str] = []
    for kind, given in value.options.items():
        if kind == "enumeration" or kind in BOUNDS:
            found.extend(str(one) for one in (given if isinstance(given, list) else [given]))
    return found


def _describe(facet: Any) -> str:  # noqa: ANN401
    """Return what a facet asks for, in a few words."""
    kind = KINDS[type(facet).__name__]
    name = getattr(facet, "name", None) or getattr(facet, "baseName", "")
    return f"{kind} {_show(name)}" + (f" by {facet.relation}" if isinstance(facet, PartOf) else "")


def _show(value: object) -> str:
    """Return a name, or the options of a restriction."""
    text = repr(value.options) if isinstance(value, Restriction) else repr(value)
    return text[:80]


def _list(names: Iterable[str]) -> str:
    """Return some names, or how many there are."""
    found = sorted(names)
    return ", ".join(found) if len(found) <= MAX_NAMED else f"{len(found)} classes"
