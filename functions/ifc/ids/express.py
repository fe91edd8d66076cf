"""What the EXPRESS schemas say about classes, attributes and defined types, for checking an IDS.

Names are in capitals, as in an IDS. Versions are those of IDS: IFC2X3, IFC4, IFC4X3_ADD2.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache, cached_property
from typing import Any

from ifcopenshell import ifcopenshell_wrapper as wrapper

# EXPRESS's simple types by what IDS makes of them:
# https://github.com/buildingSMART/IDS/blob/development/Documentation/ImplementersDocumentation/DataTypes.md
SIMPLE = {"real": "double", "number": "double"}
COUNTS = {"IFCCOUNTMEASURE": "integer"}  # a NUMBER in IFC4, which that table narrows
USERDEFINED = "USERDEFINED"


class Schema:
    """One version of IFC."""

    def __init__(self, version: str) -> None:
        """Load the schema."""
        self.version = version
        self._schema = wrapper.schema_by_name(version)
        self._attributes: dict[str, dict[str, str | None]] = {}

    @cached_property
    def classes(self) -> frozenset[str]:
        """The names of the classes, abstract ones among them."""
        return frozenset(entity.name().upper() for entity in self._schema.entities())

    @cached_property
    def occurrences(self) -> dict[str, str]:
        """Classes that IFC2X3 has a type for, and no class: `IFCAIRTERMINAL` for `IFCAIRTERMINALTYPE`.

        https://github.com/buildingSMART/IDS/blob/development/Documentation/ImplementersDocumentation/ifc2x3-occurrence-type-mapping-table.md
        """
        if self.version != "IFC2X3":
            return {}
        types = (name for name in self.classes if name.endswith(("TYPE", "STYLE")))
        named = {name.removesuffix("TYPE").removesuffix("STYLE"): name for name in types}
        return {name: kind for name, kind in named.items() if name not in self.classes}

    @cached_property
    def names(self) -> frozenset[str]:
        """All names that a class may be asked for by."""
        return frozenset((*self.classes, *self.occurrences))

    @cached_property
    def attribute_names(self) -> frozenset[str]:
        """The explicit attributes of all classes."""
        return frozenset(one.name() for entity in self._schema.entities() for one in entity.attributes())

    def attributes(self, name: str) -> dict[str, str | None]:
        """Return the explicit attributes of a class with their base types; None where values are objects.

        Base types: string, integer, double, boolean, logical, binary.
        """
        if name not in self._attributes:
            entity = self._class(name)
            pairs = zip(entity.all_attributes(), entity.derived(), strict=True)
            self._attributes[name] = {
                attribute.name(): _base(attribute.type_of_attribute())
                for attribute, derived in pairs
                if not derived
            }
        return self._attributes[name]

    def _class(self, name: str) -> Any:  # noqa: ANN401 - ifcopenshell has no types
        return self._schema.declaration_by_name(
            "IFCELEMENT" if name in self.occurrences else name
        ).as_entity()

    def is_kind(self, name: str, *kinds: str) -> bool:
        """Say whether a class is one of some others, or a subtype of one of them."""
        entity = self._class(name)
        while entity is not None:
            if entity.name().upper() in kinds:
                return True
            entity = entity.supertype()
        return False

    def predefined_types(self, name: str) -> frozenset[str]:
        """Return the predefined types of a class, or of the type of its name where it has none itself."""
        for candidate in (name, f"{name}TYPE"):
            known = self.occurrences.get(candidate, candidate)
            for attribute in self._class(known).all_attributes() if known in self.classes else ():
                if attribute.name() == "PredefinedType":
                    return frozenset(_items(attribute.type_of_attribute()))
        return frozenset()

    def data_type(self, name: str) -> str | None:
        """Return the base type of a defined type or enumeration; None when there is none of the name."""
        try:
            declared = self._schema.declaration_by_name(name)
        except RuntimeError:
            return None
        if declared.as_enumeration_type() is None and declared.as_type_declaration() is None:
            return None
        return COUNTS.get(name) or _declared(declared) or "list"


@cache
def schema(version: str) -> Schema:
    """Return a version of IFC."""
    return Schema(version)


def _base(kind: Any) -> str | None:  # noqa: ANN401 - ifcopenshell has no types
    """Return the base type of a parameter type."""
    if (simple := kind.as_simple_type()) is not None:
        name = str(simple.declared_type())
        return SIMPLE.get(name, name)
    named = kind.as_named_type()
    return None if named is None else _declared(named.declared_type())


def _declared(declared: Any) -> str | None:  # noqa: ANN401
    """Return the base type of a declaration; selects, classes and lists have none."""
    if declared.as_enumeration_type() is not None:
        return "string"
    defined = declared.as_type_declaration()
    if defined is None:
        return None
    return COUNTS.get(defined.name().upper()) or _base(defined.declared_type())


def _items(kind: Any) -> Iterator[str]:  # noqa: ANN401
    """Yield the items of an enumeration."""
    named = kind.as_named_type()
    enumeration = None if named is None else named.declared_type().as_enumeration_type()
    yield from () if enumeration is None else enumeration.enumeration_items()
