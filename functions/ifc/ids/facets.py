"""The facets of ifctester 0.9, asked once of each element and corrected where they differ from IDS 1.0.

Each class keeps ifctester's parsing, wording and reasons, and answers from the facts of an audit. The
corrections, each to be dropped when ifctester has it:

* numbers are compared with the tolerance of the standard (functions/ifc/ids/tolerance.py);
* patterns cannot take exponential time (functions/ifc/ids/patterns.py), and several patterns in one
  restriction are alternatives: https://www.w3.org/TR/xmlschema-2/#rf-pattern;
* an optional attribute passes when it is null, and fails when it is empty:
  https://github.com/buildingSMART/IDS/blob/development/Documentation/UserManual/facet-configurations.md;
* units and tables of properties (functions/ifc/ids/measures.py); a property that only the type has is checked
  like all others, and the instance number of a property set is not one of its properties;
* a restriction is told in words, and may have an id (functions/ifc/ids/restriction.py);
* what damaged models lack ends in a failed check, not in an exception.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, cast

import ifcopenshell

from functions.ifc.ids.facts import Facts, PropertySet, occurrence_class, way
from functions.ifc.ids.library import facet as plain
from functions.ifc.ids.measures import Measured, Measures
from functions.ifc.ids.restriction import Restriction, Value
from functions.ifc.ids.tolerance import equal

Entity_ = ifcopenshell.entity_instance
MAX_KEPT = 256  # verdicts on property sets that are remembered
ANY = ""  # the data type of what has none: attributes of predefined property sets
FORWARD = 1  # ifcopenshell's category of explicit attributes


class Facet:
    """What all facets here share: values become our restrictions, and there are facts to ask."""

    facts: Facts
    measures: Measures
    cardinality: str

    def parse(self, xml: dict[str, Any]) -> Facet:
        """Take the facet in, as xmlschema decodes it."""
        self.cardinality = "required"
        for key, value in xml.items():
            if isinstance(value, dict) and "simpleValue" in value:
                chosen = value["simpleValue"] or ""
            elif isinstance(value, dict) and "restriction" in value:
                chosen = Restriction().parse(value["restriction"])
            else:
                chosen = value
            setattr(self, key.replace("@", ""), chosen)
        return self

    def candidates(self) -> Iterable[Entity_]:
        """Return the instances to look at when this is the first facet of an applicability."""
        return cast("Iterable[Entity_]", self.facts.model.by_type("IfcObjectDefinition"))

    def forget(self) -> None:
        """Let go of what was remembered of elements; a specification has been checked."""
        for value in vars(self).values():
            if isinstance(value, Restriction):
                value.forget()

    def _prohibits(self) -> bool:
        return self.cardinality == "prohibited"


class Entity(Facet, plain.Entity):  # type: ignore[misc]
    """A class by its exact name, and a predefined type."""

    def candidates(self) -> Iterable[Entity_]:
        """Return the instances of the class; in IFC2X3 also those whose type is named like it."""
        model, name = self.facts.model, self.name
        kinds = [kind for kind in model.types() if kind.upper() == name]
        found = [one for kind in kinds for one in model.by_type(kind, include_subtypes=False)]
        if self.facts.schema == "IFC2X3":
            for kind, occurrences in self.facts.by_type_name.items():
                found.extend(occurrences if kind == name else ())
        return found

    def __call__(self, inst: Entity_) -> plain.EntityResult:
        """Check an element."""
        actual = inst.is_a().upper()
        passes = actual == self.name
        if not passes and self.facts.schema == "IFC2X3":
            kind = self.facts.type_of(inst)
            if kind is not None and kind != inst:
                actual = occurrence_class(kind)
                passes = actual == self.name
        if not passes:
            return plain.EntityResult(False, {"type": "NAME", "actual": actual})
        if not self.predefinedType:
            return plain.EntityResult(True)
        predefined = self.facts.predefined_type(inst)
        if self.predefinedType == "USERDEFINED":
            passes = ifcopenshell.util.element.is_userdefined_type(inst)
        else:
            passes = predefined == self.predefinedType
        return plain.EntityResult(passes, {"type": "PREDEFINEDTYPE", "actual": predefined})


class Attribute(Facet, plain.Attribute):  # type: ignore[misc]
    """Explicit attributes by name, and their values."""

    def __init__(self) -> None:
        """Start with ifctester's defaults; `parse` sets them."""
        super().__init__()
        self._places: dict[str, list[int]] = {}

    def candidates(self) -> Iterable[Entity_]:
        """Return the instances of all classes that have the attribute."""
        return cast("Iterable[Entity_]", plain.Attribute.filter(self, self.facts.model, None))

    def __call__(self, inst: Entity_) -> plain.AttributeResult:
        """Check an element."""
        read = self.facts.reader.get
        values = [(place, read(inst, place)) for place in self._places_in(inst)]
        given = [value for place, value in values if not _is_empty(inst, place, value)]
        reason: dict[str, Any] | None = None
        if not values:
            reason = {"type": "NOVALUE"}
        elif not given:
            found = [value for _, value in values]
            reason = {"type": "FALSEY", "actual": found if len(found) > 1 else found[0]}
        if reason and self.cardinality == "optional" and all(value is None for _, value in values):
            return plain.AttributeResult(True)
        if not reason and self.value:
            wrong = next((value for value in given if not self._meets(value)), None)
            reason = {"type": "VALUE", "actual": wrong} if wrong is not None else None
        if self._prohibits():
            return plain.AttributeResult(reason is not None, {"type": "PROHIBITED"})
        return plain.AttributeResult(reason is None, reason)

    def _places_in(self, inst: Entity_) -> list[int]:
        """Return where the explicit attributes stand that the name stands for; asked once a class."""
        kind = inst.is_a()
        if kind not in self._places:
            names = enumerate(inst.attribute_name(place) for place in range(len(inst)))
            self._places[kind] = [
                place
                for place, name in names
                if name == self.name and inst.get_attribute_category(name) == FORWARD
            ]
        return self._places[kind]

    def _meets(self, value: Value) -> bool:
        if isinstance(value, ifcopenshell.entity_instance):
            return False
        return equal(value, self.value) if isinstance(self.value, str) else bool(value == self.value)


class Classification(Facet, plain.Classification):  # type: ignore[misc]
    """References to a classification system, and their codes."""

    def __call__(self, inst: Entity_) -> plain.ClassificationResult:
        """Check an element."""
        references = self.facts.references(inst)
        if not references and self.cardinality == "optional":
            return plain.ClassificationResult(True)
        reason = self._find_fault(references)
        if self._prohibits():
            return plain.ClassificationResult(reason is not None, {"type": "PROHIBITED"})
        return plain.ClassificationResult(reason is None, reason)

    def _find_fault(self, references: Sequence[Entity_]) -> dict[str, Any] | None:
        if not references:
            return {"type": "NOVALUE"}
        if self.value:
            codes = [self._code(one) for one in references]
            if not any(self.value == code for code in codes):
                return {"type": "VALUE", "actual": codes}
        systems = [name for one in references if (name := self.facts.system(one)) is not None]
        return None if any(self.system == name for name in systems) else {"type": "SYSTEM", "actual": systems}

    def _code(self, reference: Entity_) -> str | None:
        """Return the code of a reference, which IFC2X3 calls ItemReference."""
        name = "ItemReference" if self.facts.schema == "IFC2X3" else "Identification"
        return cast("str | None", self.facts.reader.read(reference, name))


class PartOf(Facet, plain.PartOf):  # type: ignore[misc]
    """A whole that the element is part of."""

    def parse(self, xml: dict[str, Any]) -> Facet:
        """Take the facet in; name and predefined type stand one level deeper."""
        return super().parse({**xml.get("entity", {}), **{k: v for k, v in xml.items() if k != "entity"}})

    def __call__(self, inst: Entity_) -> plain.PartOfResult:
        """Check an element."""
        reason = self._find_fault(self._wholes(inst))
        if self._prohibits():
            return plain.PartOfResult(reason is not None, {"type": "PROHIBITED"})
        return plain.PartOfResult(reason is None, reason)

    def _wholes(self, inst: Entity_) -> Iterable[Entity_]:
        """Return the wholes by the relation: all of them where it may be indirect, else the nearest."""
        relation = self.relation or ""
        if relation == "IFCRELCONTAINEDINSPATIALSTRUCTURE":
            container = self.facts.container(inst)
            return [] if container is None else [container]
        up = way(inst, lambda item: self.facts.parent(relation, item))
        next(up)
        if relation in {"", "IFCRELAGGREGATES", "IFCRELNESTS"}:
            return up
        return [whole] if (whole := next(up, None)) is not None else []

    def _find_fault(self, wholes: Iterable[Entity_]) -> dict[str, Any] | None:
        seen: list[str] = []
        for whole in wholes:
            seen.append(whole.is_a().upper())
            if not self.name or seen[-1] == self.name:
                if not self.predefinedType:
                    return None
                predefined = self.facts.predefined_type(whole)
                if predefined == self.predefinedType:
                    return None
                if not self._is_indirect():
                    return {"type": "PREDEFINEDTYPE", "actual": predefined}
                seen[-1] += f".{predefined}"
                break
        if not seen and self.relation:
            return {"type": "NOVALUE"}
        return {"type": "ENTITY", "actual": seen if self._is_indirect() else seen[0]}

    def _is_indirect(self) -> bool:
        return (self.relation or "") in {"", "IFCRELAGGREGATES", "IFCRELNESTS"}


class Property(Facet, plain.Property):  # type: ignore[misc]
    """Properties and quantities by set and name, their data type and values."""

    def __init__(self) -> None:
        """Start with ifctester's defaults; `parse` sets them."""
        super().__init__()
        self._known: dict[tuple[tuple[str, tuple[int, ...]], ...], plain.PropertyResult] = {}

    def candidates(self) -> Iterable[Entity_]:
        """Return whatever can have properties."""
        kinds = ["IfcObjectDefinition"]
        if self.facts.schema != "IFC2X3":
            kinds += ["IfcMaterialDefinition", "IfcProfileDef"]
        return [one for kind in kinds for one in self.facts.model.by_type(kind)]

    def __call__(self, inst: Entity_) -> plain.PropertyResult:
        """Check an element. What several have in common, by a shared set, is looked at once."""
        sets = self._sets(inst)
        key = tuple([(name, one.key) for name, one in sets.items()])
        if key not in self._known:
            if len(self._known) >= MAX_KEPT:
                self._known.clear()
            self._known[key] = self._judge(sets)
        return self._known[key]

    def forget(self) -> None:
        """Let go of the verdicts on property sets as well."""
        super().forget()
        self._known.clear()

    def _sets(self, inst: Entity_) -> dict[str, PropertySet]:
        if isinstance(self.propertySet, str):
            found = self.facts.property_set(inst, self.propertySet, first=True)
            return {self.propertySet: found} if found else {}
        names = [name for name in self.facts.set_names(inst) if name == self.propertySet]
        found_ = {name: self.facts.property_set(inst, name, first=False) for name in names}
        return {name: one for name, one in found_.items() if one}

    def _judge(self, sets: dict[str, PropertySet]) -> plain.PropertyResult:
        if not sets and self.cardinality == "optional":
            return plain.PropertyResult(True)
        reason = None if sets else {"type": "NOPSET"}
        for one in sets.values():
            properties = self._select(one)
            if not properties and self.cardinality == "optional":
                return plain.PropertyResult(True)
            reason = self._find_fault(properties)
            if reason:
                break
        if self._prohibits():
            return plain.PropertyResult(reason is not None, {"type": "PROHIBITED"})
        return plain.PropertyResult(reason is None, reason)

    def _select(self, one: PropertySet) -> list[Measured]:
        """Return the named properties that have a value."""
        names = [self.baseName] if isinstance(self.baseName, str) else [*one.instances, *one.values]
        found = []
        for name in names:
            if not isinstance(self.baseName, str) and name != self.baseName:
                continue
            if name in one.instances:
                found.append(self.measures.of(one.instances[name]))
            elif name in one.values:
                found.append(Measured(((ANY, [one.values[name]]),), single=True))
        return [measured for measured in found if not measured.is_empty]

    def _find_fault(self, properties: list[Measured]) -> dict[str, Any] | None:
        if not all(measured.supported for measured in properties) or not properties:
            return {"type": "NOVALUE"}
        found: list[Value] = []
        for measured in properties:
            columns = [column for column in measured.columns if self._is_type(column[0])]
            if not columns:
                return {"type": "DATATYPE", "actual": measured.columns[-1][0], "dataType": self.dataType}
            values = [value for _, column in columns for value in column]
            found.append(values[0] if measured.single else values)
        wrong = [value for value in found if self.value and not self._meets(value)]
        return {"type": "VALUE", "actual": wrong[0]} if wrong else None

    def _is_type(self, name: str) -> bool:
        return not self.dataType or name in (ANY, self.dataType) or name.upper() == self.dataType

    def _meets(self, value: Value) -> bool:
        """Say whether a value, or one of several, is what is wanted."""
        check: Callable[[Value], bool] = (
            (lambda one: equal(one, self.value))
            if isinstance(self.value, str)
            else (lambda one: bool(one == self.value))
        )
        return any(check(one) for one in value) if isinstance(value, list) else check(value)


class Material(Facet, plain.Material):  # type: ignore[misc]
    """Names and categories of materials."""

    def __call__(self, inst: Entity_) -> plain.MaterialResult:
        """Check an element."""
        names = self.facts.material_names(inst)
        if names is None and self.cardinality == "optional":
            return plain.MaterialResult(True)
        reason: dict[str, Any] | None = None
        if names is None:
            reason = {"type": "NOVALUE"}
        elif self.value and not any(name == self.value for name in names):
            reason = {"type": "VALUE", "actual": "{" + ", ".join(map(repr, names)) + "}"}
        if self._prohibits():
            return plain.MaterialResult(reason is not None, {"type": "PROHIBITED"})
        return plain.MaterialResult(reason is None, reason)


KINDS: dict[str, Callable[[], Facet]] = {
    "entity": Entity,
    "partOf": PartOf,
    "classification": Classification,
    "attribute": Attribute,
    "property": Property,
    "material": Material,
}


def _is_empty(inst: Entity_, place: int, value: Value) -> bool:
    """Say whether an attribute counts as not given: null, empty, or an unknown logical."""
    if value is None or value in ("", ()):
        return True
    return bool(value == "UNKNOWN" and inst.attribute_type(place) == "LOGICAL")
