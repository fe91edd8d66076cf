"""SetAttribute: an attribute of some objects."""

from __future__ import annotations

from typing import Any

import ifcopenshell

from functions.core.errors import InputError
from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.selector import select

MAX_PLACE = 1000
Value = str | int | float | bool | None


def patch(job: Job, *, query: str, attribute: str, value: Value) -> Statistics:
    """Set an attribute of elements

    Sets texts, numbers, booleans and enumerations; null takes an optional value away. GlobalIds and
    references to other instances are not set.

    :param query: Which elements, in the selector syntax of IfcOpenShell.
    :param attribute: The attribute's name, such as Description.
    :param value: The new value, of the attribute's type.
    """
    chosen = select(job.model, query, name="arguments.query")
    if not chosen:
        raise InputError(f"arguments.query: {query[:80]!r} selects nothing", field="arguments.query")
    schema = ifcopenshell.schema_by_name(job.checked.schema)
    fits: dict[str, Any] = {}
    changed = 0
    for element in chosen:
        kind = element.is_a()
        if kind not in fits:
            fits[kind] = fit(schema, kind, attribute, value)
        if getattr(element, attribute) != fits[kind]:
            setattr(element, attribute, fits[kind])
            changed += 1
    job.model.write(str(job.output))
    return {"selected": len(chosen), "changed": changed}


def fit(schema: Any, kind: str, attribute: str, value: Value) -> Any:  # noqa: ANN401 - a schema, any value
    """Return the value in the type of a class's attribute, or raise an InputError."""
    entity = schema.declaration_by_name(kind).as_entity()
    place = entity.attribute_index(attribute)
    if attribute == "GlobalId" or not 0 <= place < MAX_PLACE:
        raise InputError(
            f"arguments.attribute: {attribute!r} of {kind} cannot be set", field="arguments.attribute"
        )
    declared = entity.attribute_by_index(place)
    if entity.derived()[place]:
        raise InputError(f"arguments.attribute: {attribute!r} is derived", field="arguments.attribute")
    if value is None:
        if declared.optional():
            return None
        raise _unfit(f"{attribute} of {kind} must have a value")
    return _fit(declared.type_of_attribute(), value, f"{attribute} of {kind}")


def _fit(declared: Any, value: Value, name: str) -> Any:  # noqa: ANN401 - any type of a schema
    while named := declared.as_named_type():
        declaration = named.declared_type()
        items = declaration.as_enumeration_type()
        if items:
            return _choose(items.enumeration_items(), value, name)
        if not declaration.as_type_declaration():
            raise _unfit(f"{name} refers to instances, which are not set")
        declared = declaration.as_type_declaration().declared_type()
    simple = declared.as_simple_type()
    kind = simple.declared_type() if simple else None
    if kind == "string":
        return value if isinstance(value, str) else str(value)
    if kind in {"boolean", "logical"} and isinstance(value, bool):
        return value
    if kind in {"real", "number"} and isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    if kind == "integer" and isinstance(value, int) and not isinstance(value, bool):
        return value
    raise _unfit(f"{name} is {'a ' + kind if kind else 'no simple value'}, and {value!r} is none")


def _choose(items: tuple[str, ...], value: Value, name: str) -> str:
    wanted = str(value).upper()
    if wanted not in items:
        raise _unfit(f"{name} is one of {', '.join(items)}")
    return wanted


def _unfit(reason: str) -> InputError:
    return InputError(f"arguments.value: {reason}", field="arguments.value")
