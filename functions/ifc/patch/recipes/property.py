"""SetProperty: a property of some objects, in a set of their own."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import ifcopenshell
from ifcopenshell import entity_instance as Entity

from functions.core.errors import InputError
from functions.ifc.identity import free_global_id
from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.selector import select

Value = str | int | float | bool | None


def patch(
    job: Job, *, query: str, property_set: str, name: str, value: Value, value_type: str = ""
) -> Statistics:
    """Set a property of elements

    Changes the property in the elements' own set of that name, or adds it, with the set if need be. A set
    that other elements share stays theirs: the chosen ones get a copy. Sets of types stay as they are. An
    existing value keeps its type, and a value that does not fit it is refused; null takes the property away.

    :param query: Which elements, in the selector syntax of IfcOpenShell.
    :param property_set: The set's name, such as Pset_WallCommon.
    :param name: The property's name, such as FireRating.
    :param value: The new value.
    :param value_type: The type of a new property, such as IfcLabel; by the value when left out.
    """
    chosen = [element for element in select(job.model, query, name="arguments.query") if _takes(element)]
    if not chosen:
        raise InputError(f"arguments.query: {query[:80]!r} selects nothing", field="arguments.query")
    editor = Editor(job.model, property_set, name)
    by_set: dict[int, list[Entity]] = {}
    for element in chosen:
        by_set.setdefault(editor.find(element), []).append(element)
    changed = added = 0
    for number, elements in sorted(by_set.items()):
        if number:
            changed += editor.change(job.model.by_id(number), elements, value, value_type)
        elif value is not None:
            added += len(elements)
            editor.add(elements, value, value_type)
    job.model.write(str(job.output))
    return {"selected": len(chosen), "changed": changed, "added_sets": added}


def _takes(element: Entity) -> bool:
    return bool(element.is_a("IfcObject")) and hasattr(element, "IsDefinedBy")


class Editor:
    """Edits one property of one set in a model."""

    def __init__(self, model: ifcopenshell.file, property_set: str, name: str) -> None:
        """Remember what is to be edited."""
        self._model, self._set, self._name = model, property_set, name

    def find(self, element: Entity) -> int:
        """Return the number of an object's own set, 0 when it has none."""
        for relation in element.IsDefinedBy:
            if relation.is_a("IfcRelDefinesByProperties"):
                definition = relation.RelatingPropertyDefinition
                if definition.is_a("IfcPropertySet") and definition.Name == self._set:
                    return int(definition.id())
        return 0

    def add(self, elements: list[Entity], value: Value, value_type: str) -> None:
        """Give elements a new set with the property."""
        holder = self._model.create_entity(
            "IfcPropertySet",
            GlobalId=free_global_id(self._model, "set", self._set, elements[0].GlobalId),
            OwnerHistory=elements[0].OwnerHistory,
            Name=self._set,
            HasProperties=[self._create(value, value_type)],
        )
        self._relate(holder, elements)

    def change(self, holder: Entity, elements: list[Entity], value: Value, value_type: str) -> int:
        """Change the property in a set, for some of its users; return how many see another value."""
        old = next((item for item in holder.HasProperties if item.Name == self._name), None)
        if old is None and value is None:
            return 0
        if old is not None and not old.is_a("IfcPropertySingleValue"):
            raise InputError(
                f"arguments.name: {self._name!r} is an {old.is_a()}, which has no single value",
                field="arguments.name",
            )
        kind = old.NominalValue.is_a() if old is not None and old.NominalValue is not None else value_type
        new = None if value is None else self._create(value, kind, old)
        if old is not None and new is not None and old.NominalValue == new.NominalValue:
            self._model.remove(new)
            return 0
        kept = [item for item in holder.HasProperties if item != old]
        properties = [*kept, *([new] if new is not None else [])]
        mine = {element.id() for element in elements}
        shared = any(user.id() not in mine for user in self._users(holder))
        if shared or not properties:
            copy = self._copy(holder, elements) if properties else None
            self._leave(holder, mine)
            if not shared:
                self._model.remove(holder)
            if copy is None:
                return len(elements)
            self._relate(copy, elements)
            holder = copy
        holder.HasProperties = properties
        if old is not None and not self._model.get_total_inverses(old):
            self._model.remove(old)
        return len(elements)

    def _create(self, value: Value, kind: str, old: Entity | None = None) -> Entity:
        measure = self._measure(value, kind)
        unit = old.Unit if old is not None else None
        text = old[1] if old is not None else None  # Description, and since IFC4X3 Specification
        return self._model.create_entity("IfcPropertySingleValue", self._name, text, measure, unit)

    def _measure(self, value: Value, kind: str) -> Entity:
        """Return a value in a type of the schema; a text is no number, and 1 is no boolean."""
        default = {bool: "IfcBoolean", int: "IfcInteger", float: "IfcReal"}.get(type(value), "IfcLabel")
        name = kind or default
        try:
            measure = self._model.create_entity(name)
            place = ifcopenshell.schema_by_name(self._model.schema_identifier).declaration_by_name(name)
            declared: Any = place.as_type_declaration()
            if declared is None:
                raise RuntimeError
            while (inner := declared.declared_type()).as_named_type():
                declared = inner.as_named_type().declared_type()
            basic = inner.as_simple_type().declared_type()
        except (RuntimeError, AttributeError):
            raise InputError(
                f"arguments.value_type: {name!r} is no type of a value", field="arguments.value_type"
            ) from None
        fits = {
            "string": isinstance(value, str),
            "boolean": isinstance(value, bool),
            "logical": isinstance(value, bool),
            "integer": isinstance(value, int) and not isinstance(value, bool),
        }.get(basic, isinstance(value, int | float) and not isinstance(value, bool))
        if not fits:
            raise InputError(f"arguments.value: {value!r} is no {name}", field="arguments.value")
        measure[0] = float(value) if basic in {"real", "number"} else value  # type: ignore[arg-type]
        return measure

    def _copy(self, holder: Entity, elements: list[Entity]) -> Entity:
        """Return a copy of a set for some of its users; its properties are shared."""
        return self._model.create_entity(
            "IfcPropertySet",
            GlobalId=free_global_id(self._model, "copy", holder.GlobalId, elements[0].GlobalId),
            OwnerHistory=holder.OwnerHistory,
            Name=holder.Name,
            Description=holder.Description,
            HasProperties=holder.HasProperties,
        )

    def _relate(self, holder: Entity, elements: list[Entity]) -> None:
        self._model.create_entity(
            "IfcRelDefinesByProperties",
            GlobalId=free_global_id(self._model, "relation", holder.GlobalId, elements[0].GlobalId),
            OwnerHistory=holder.OwnerHistory,
            RelatedObjects=elements,
            RelatingPropertyDefinition=holder,
        )

    def _users(self, holder: Entity) -> Iterable[Entity]:
        """Yield the objects and types that have a set."""
        for inverse in self._model.get_inverse(holder):
            if inverse.is_a("IfcRelDefinesByProperties"):
                yield from inverse.RelatedObjects
            elif inverse.is_a("IfcTypeObject"):
                yield inverse

    def _leave(self, holder: Entity, mine: set[int]) -> None:
        """Take elements out of the relationships of a set; the ones that others are in stay."""
        for relation in self._model.get_inverse(holder):
            if not relation.is_a("IfcRelDefinesByProperties"):
                continue
            left = [user for user in relation.RelatedObjects if user.id() not in mine]
            if not left:
                self._model.remove(relation)
            elif len(left) < len(relation.RelatedObjects):
                relation.RelatedObjects = left
