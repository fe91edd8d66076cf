"""What a column of a table means for one element: an attribute or a property that can be set, or why not."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import ifcopenshell
import ifcopenshell.util.element as util
from ifcopenshell import entity_instance as Entity
from ifcopenshell.util.pset import PsetQto

from functions.ifc.faults import logged
from functions.ifc.selector import WORDS, Key
from functions.ifc.tables.literals import Kind, attribute_kind, named_kind

# Templates of buildingSMART, by a model's schema.
TEMPLATES = {"IFC2X3": "IFC2X3", "IFC4": "IFC4", "IFC4X3": "IFC4X3"}
# The one attribute of each kind of property that holds its value.
SINGLE, ENUMERATED, LIST = "IfcPropertySingleValue", "IfcPropertyEnumeratedValue", "IfcPropertyListValue"
VALUES = {SINGLE: "NominalValue", ENUMERATED: "EnumerationValues", LIST: "ListValues"}
VALUE_PLACE = 3  # of a quantity's value among its attributes
IDENTITY = frozenset({"GlobalId", "OwnerHistory"})


class RefusedError(Exception):
    """A cell that cannot be set; the message is the reason."""


@dataclass(frozen=True)
class AttributeTarget:
    """An attribute of the element itself."""

    element: Entity
    name: str
    kind: Kind
    optional: bool


@dataclass(frozen=True)
class PropertyTarget:
    """A property or quantity: of the element's own set `holder`, or of one that is to be made.

    `item` is the property as it is: in the holder if `own`, else the one of the type, or one of the same
    name elsewhere, to be taken as a pattern; None where a new single value is to be made.
    """

    element: Entity
    set_name: str
    name: str
    set_class: str
    holder: Entity | None
    item: Entity | None
    own: bool
    inherited: bool
    kind: Kind


@dataclass
class Resolver:
    """Finds targets in one model; `warn` gets what its parser has said until the templates are opened."""

    model: ifcopenshell.file
    warn: Callable[[str], None]
    _attributes: dict[str, dict[str, tuple[Kind, bool, bool]]] = field(default_factory=dict)

    def resolve(self, element: Entity, path: Sequence[Key]) -> AttributeTarget | PropertyTarget:
        """Return what a column means for an element, or raise a RefusedError with the reason."""
        first = path[0]
        known = self._known(element)
        if isinstance(first, str) and first in WORDS:
            raise RefusedError(f"{first!r} is read from elsewhere in the model: it cannot be set")
        if len(path) == 1:
            return self._attribute(element, first, known)
        if isinstance(first, str) and first in known:
            raise RefusedError("it is an attribute of another instance, which others may share")
        if len(path) > 2:  # noqa: PLR2004
            raise RefusedError("it is a part of a value, which cannot be set alone")
        if isinstance(path[1], re.Pattern):
            raise RefusedError("a pattern names the property: which one is not certain")
        return self._property(element, first, path[1])

    def _attribute(
        self, element: Entity, name: Key, known: dict[str, tuple[Kind, bool, bool]]
    ) -> AttributeTarget:
        if not isinstance(name, str) or name not in known:
            raise RefusedError(f"an {element.is_a()} has no attribute of this name")
        kind, optional, derived = known[name]
        if name in IDENTITY or derived or kind.base in {None, "binary"}:
            raise RefusedError(f"the attribute {name} cannot be set from a cell")
        return AttributeTarget(element, name, kind, optional)

    def _known(self, element: Entity) -> dict[str, tuple[Kind, bool, bool]]:
        """Return the attributes of an element's class: type, whether optional, whether derived."""
        name = element.is_a()
        if name not in self._attributes:
            schema = ifcopenshell.schema_by_name(self.model.schema_identifier)
            entity: Any = schema.declaration_by_name(name).as_entity()
            self._attributes[name] = {
                item.name(): (attribute_kind(item), item.optional(), derived)
                for item, derived in zip(entity.all_attributes(), entity.derived(), strict=True)
            }
        return self._attributes[name]

    def _property(self, element: Entity, first: Key, name: str) -> PropertyTarget:
        own = _matching(_own_sets(element), first)
        above = _matching(_type_sets(element), first)
        names = dict.fromkeys(definition.Name for definition in (*above, *own))
        if len(names) > 1:
            raise RefusedError(f"several sets match: {', '.join(map(str, names))[:200]}")
        set_name = next(iter(names), first if isinstance(first, str) else None)
        if set_name is None:
            raise RefusedError("no property set of the element matches the pattern")
        if isinstance(first, str):  # IfcOpenShell reads the first set of a name, and all that match a pattern
            own, above = own[:1], above[:1]
        mine, inherited = _find(own, name), _find(above, name)
        if mine is not None:
            self._check_alone(element, mine[0])
            return self._target(element, set_name, name, holder=mine[0], item=mine[1], own=True)
        holder = own[-1] if own else None
        if holder is not None:
            self._check_alone(element, holder)
        pattern = inherited or self._elsewhere.get((set_name, name))
        item = pattern[1] if pattern else None
        if not element.is_a("IfcTypeObject") and not hasattr(element, "IsDefinedBy"):
            raise RefusedError(f"an {element.is_a()} has no property sets")
        target = self._target(
            element, set_name, name, holder=holder, item=item, own=False, inherited=inherited is not None
        )
        wanted = pattern[0].is_a() if pattern else (above[-1].is_a() if above else target.set_class)
        if holder is not None and wanted != holder.is_a():
            raise RefusedError(f"the element's {set_name} is an {holder.is_a()}, which cannot hold it")
        return target

    def _target(
        self,
        element: Entity,
        set_name: str,
        name: str,
        *,
        holder: Entity | None,
        item: Entity | None,
        own: bool,
        inherited: bool = False,
    ) -> PropertyTarget:
        set_class = "IfcPropertySet"
        if holder is not None:
            set_class = holder.is_a()
        elif item is not None and item.is_a("IfcPhysicalQuantity"):
            set_class = "IfcElementQuantity"
        if set_class not in {"IfcPropertySet", "IfcElementQuantity"}:
            raise RefusedError(f"an {set_class} is no set of single properties")
        if item is None and set_class == "IfcElementQuantity":
            raise RefusedError("there is no such quantity in the model to tell what it measures")
        if item is None and set_name.startswith("Qto_"):
            raise RefusedError("there is no such quantity in the model to tell what it measures")
        kind = self._kind(item, set_name, name)
        return PropertyTarget(element, set_name, name, set_class, holder, item, own, inherited, kind)

    def _kind(self, item: Entity | None, set_name: str, name: str) -> Kind:
        """Return the type of a property's value: as it is, as elsewhere, as in the template, or a label."""
        schema = self.model.schema_identifier
        if item is not None and item.is_a("IfcPhysicalSimpleQuantity"):
            entity: Any = ifcopenshell.schema_by_name(schema).declaration_by_name(item.is_a()).as_entity()
            return attribute_kind(entity.all_attributes()[VALUE_PLACE])
        if item is None:
            return self._template(set_name, name)
        if item.is_a() not in VALUES:
            raise RefusedError(f"an {item.is_a()} cannot be set from a cell")
        value = getattr(item, VALUES[item.is_a()])
        if value is None and (known := self._elsewhere.get((set_name, name))) is not None:
            value = getattr(known[1], VALUES.get(known[1].is_a(), ""), None)
        many = item.is_a() != SINGLE
        first = value[0] if isinstance(value, tuple) else value
        found = named_kind(schema, first.is_a()) if first else self._template(set_name, name)
        if item.is_a() == ENUMERATED and (reference := item.EnumerationReference) is not None:
            allowed = tuple(str(entry.wrappedValue) for entry in reference.EnumerationValues)
            return Kind(found.name, found.base, allowed, many=True)
        return Kind(found.name, found.base, found.items, many)

    def _template(self, set_name: str, name: str) -> Kind:
        """Return the type that buildingSMART's template of a set gives a single value, else a label's."""
        schema = self.model.schema_identifier
        found = self._templates.get_by_name(set_name) if set_name.startswith("Pset_") else None
        for template in found.HasPropertyTemplates or () if found else ():
            if template.Name == name:
                if template.TemplateType != "P_SINGLEVALUE":
                    raise RefusedError(f"it is a {template.TemplateType}, which is not made from a cell")
                return named_kind(schema, template.PrimaryMeasureType)
        return named_kind(schema, "IfcLabel")

    @cached_property
    def _templates(self) -> Any:  # noqa: ANN401
        for text in logged():
            self.warn(text)
        found = PsetQto(TEMPLATES[self.model.schema])  # type: ignore[arg-type]
        list(logged())  # what the parser says about the templates' file is no concern of the user's
        return found

    @cached_property
    def _elsewhere(self) -> dict[tuple[str, str], tuple[Entity, Entity]]:
        """The first property that has a value, of every set and name."""
        found: dict[tuple[str, str], tuple[Entity, Entity]] = {}
        for kind in ("IfcPropertySet", "IfcElementQuantity"):
            for definition in self.model.by_type(kind):
                for item in _items(definition):
                    if item.is_a() in VALUES and getattr(item, VALUES[item.is_a()]) is None:
                        continue
                    found.setdefault((definition.Name, item.Name), (definition, item))
        return found

    def _check_alone(self, element: Entity, holder: Entity) -> None:
        """Refuse a set that is related as one of several in an IfcPropertySetDefinitionSet."""
        for relation in getattr(element, "IsDefinedBy", None) or ():
            if relation.is_a("IfcRelDefinesByProperties"):
                definition = relation.RelatingPropertyDefinition
                if definition.is_a("IfcPropertySetDefinitionSet") and holder in definition.wrappedValue:
                    raise RefusedError("its property set is one of an IfcPropertySetDefinitionSet")


def _own_sets(element: Entity) -> Iterator[Entity]:
    """Yield the property set definitions of an element itself."""
    if element.is_a("IfcTypeObject"):
        yield from element.HasPropertySets or ()
        return
    for relation in getattr(element, "IsDefinedBy", None) or ():
        if relation.is_a("IfcRelDefinesByProperties"):
            definition = relation.RelatingPropertyDefinition
            is_set = definition.is_a("IfcPropertySetDefinitionSet")
            yield from definition.wrappedValue if is_set else (definition,)


def _type_sets(element: Entity) -> Iterator[Entity]:
    """Yield those of its type, which it inherits."""
    type_ = None if element.is_a("IfcTypeObject") else util.get_type(element)
    if type_ is not None and type_ != element:
        yield from _own_sets(type_)


def _matching(definitions: Iterator[Entity], name: Key) -> list[Entity]:
    if isinstance(name, re.Pattern):
        return [definition for definition in definitions if name.match(definition.Name or "")]
    return [definition for definition in definitions if definition.Name == name]


def _find(definitions: list[Entity], name: str) -> tuple[Entity, Entity] | None:
    """Return the definition and the property that are read: the last ones of a name."""
    for definition in reversed(definitions):
        for item in reversed(_items(definition)):
            if item.Name == name:
                return definition, item
    return None


def _items(definition: Entity) -> tuple[Entity, ...]:
    """Return the properties or quantities of a set; none where it has attributes instead."""
    names = {"IfcPropertySet": "HasProperties", "IfcElementQuantity": "Quantities"}
    found = getattr(definition, names[definition.is_a()]) if definition.is_a() in names else ()
    return found if isinstance(found, tuple) else ()
