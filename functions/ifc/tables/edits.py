"""Sets attributes and properties of single elements, and nothing of their neighbours.

What several elements share is copied before it is written: a property set of several elements, a property of
several sets. A value inherited from the type is overridden at the occurrence. New GlobalIds are hashes of
what they stand for, so the same edits of the same model give the same file.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell
import ifcopenshell.guid
from ifcopenshell import entity_instance as Entity

from functions.ifc.tables.targets import SINGLE, VALUE_PLACE, VALUES, AttributeTarget, PropertyTarget

NAMESPACE = uuid.UUID("5a2a0a0e-6f0b-5d0c-9c53-6d0b9d7c1f10")


@dataclass(frozen=True)
class Edit:
    """A property that is to have a value; None unsets it."""

    target: PropertyTarget
    value: Any


@dataclass
class Editor:
    """Applies edits to one model, and remembers which instances they changed or added."""

    model: ifcopenshell.file
    changed: set[int] = field(default_factory=set)
    added: list[int] = field(default_factory=list)
    _pending: dict[tuple[int | str, int], list[Edit]] = field(default_factory=dict)
    _issued: set[str] = field(default_factory=set)

    def set_attribute(self, target: AttributeTarget, value: Any) -> None:  # noqa: ANN401
        """Set an attribute; None unsets it."""
        setattr(target.element, target.name, value)
        self.changed.add(target.element.id())

    def set_property(self, target: PropertyTarget, value: Any) -> None:  # noqa: ANN401
        """Note a property to be set by `apply`: what happens to a set depends on all its elements."""
        key = target.holder.id() if target.holder is not None else f"{target.set_class}/{target.set_name}"
        self._pending.setdefault((key, target.element.id()), []).append(Edit(target, value))

    def apply(self) -> None:
        """Set the properties. Elements that share a set and all its edits go on sharing one."""
        groups: dict[tuple[int | str, str], list[list[Edit]]] = {}
        for (key, _), edits in self._pending.items():
            edits.sort(key=lambda edit: edit.target.name)
            groups.setdefault((key, repr([_sign(edit) for edit in edits])), []).append(edits)
        # A set is copied for those that leave it before it is written for those that stay.
        for members in groups.values():
            elements = [edits[0].target.element for edits in members]
            holder = members[0][0].target.holder
            definition = self._holder(holder, members[0][0].target, elements)
            for edit in members[0]:
                self._write(definition, edit, fresh=holder is None or definition.id() != holder.id())
        self._pending.clear()

    def texts(self) -> tuple[Mapping[int, str], list[str]]:
        """Return the STEP text of the changed instances by number, and of the added ones."""
        changed = sorted(self.changed - set(self.added))
        return {number: self._text(number) for number in changed}, [self._text(each) for each in self.added]

    def _text(self, number: int) -> str:
        return str(self.model.by_id(number).to_string())

    def _holder(self, holder: Entity | None, target: PropertyTarget, elements: list[Entity]) -> Entity:
        """Return a set that belongs to these elements alone."""
        numbers = {element.id() for element in elements}
        if holder is not None and self._users(holder) <= numbers:
            return holder
        seed = f"{target.set_class}/{target.set_name}/{'/'.join(_name(element) for element in elements)}"
        history = getattr(elements[0], "OwnerHistory", None)
        made = self._create(target.set_class, GlobalId=self._guid(seed), Name=target.set_name)
        for place in range(1, len(holder) if holder is not None else 0):
            made[place] = holder[place]  # type: ignore[index]
        if made.OwnerHistory is None:
            made.OwnerHistory = history
        types = [element for element in elements if element.is_a("IfcTypeObject")]
        for element in types:
            # In the place of the one that it had, as IfcOpenShell reads the first one of a name.
            known = list(element.HasPropertySets or ())
            place = known.index(holder) if holder in known else len(known)
            element.HasPropertySets = [*known[:place], made, *known[place + (holder in known) :]]
            self.changed.add(element.id())
        occurrences = [element for element in elements if not element.is_a("IfcTypeObject")]
        if occurrences:
            self._relate(holder, made, occurrences, seed, history)
        return made

    def _relate(
        self, holder: Entity | None, made: Entity, elements: list[Entity], seed: str, history: Entity | None
    ) -> None:
        """Relate a new set to elements, in place of the holder that they had."""
        numbers = {element.id() for element in elements}
        left = list(elements)
        for relation in self._relations(holder):
            stay = [item for item in relation.RelatedObjects if item.id() not in numbers]
            leave = [item for item in relation.RelatedObjects if item.id() in numbers]
            if not leave:
                continue
            self.changed.add(relation.id())
            if stay:
                relation.RelatedObjects = stay
                continue
            relation.RelatingPropertyDefinition = made
            gone = {item.id() for item in leave}
            left = [item for item in left if item.id() not in gone]
        if left:
            self._create(
                "IfcRelDefinesByProperties", GlobalId=self._guid(f"{seed}/relation"), OwnerHistory=history,
                RelatedObjects=left, RelatingPropertyDefinition=made,
            )  # fmt: skip

    def _write(self, definition: Entity, edit: Edit, *, fresh: bool) -> None:
        """Set one property in a set that is no other element's."""
        target = edit.target
        items = list(definition[_items_place(definition)] or ())
        item = target.item
        if target.own and item is not None:
            if not fresh and self.model.get_total_inverses(item) == 1:
                self._set_value(item, target, edit.value)
                self.changed.add(item.id())
                return
            place = next(index for index, known in enumerate(items) if known == item)
            items[place] = self._copy(item, target, edit.value)
        else:
            items.append(self._copy(item, target, edit.value))
        definition[_items_place(definition)] = items
        self.changed.add(definition.id())

    def _copy(self, item: Entity | None, target: PropertyTarget, value: Any) -> Entity:  # noqa: ANN401
        made = self._create(item.is_a() if item is not None else SINGLE, Name=target.name)
        if item is not None:
            is_quantity = item.is_a("IfcPhysicalQuantity")
            skip = VALUE_PLACE if is_quantity else item.get_argument_index(VALUES[item.is_a()])
            for place in range(len(item)):
                if place != skip and item[place] is not None:
                    made[place] = item[place]
        self._set_value(made, target, value)
        return made

    def _set_value(self, item: Entity, target: PropertyTarget, value: Any) -> None:  # noqa: ANN401
        if item.is_a("IfcPhysicalQuantity"):
            item[VALUE_PLACE] = value
            return
        wrapped: Any = None
        if isinstance(value, tuple):
            wrapped = [self.model.create_entity(target.kind.name, part) for part in value]
        elif value is not None:
            wrapped = self.model.create_entity(target.kind.name, value)
        setattr(item, VALUES[item.is_a()], wrapped)

    def _users(self, holder: Entity) -> set[int]:
        """Return the numbers of all that use a set; of anything that is no element, its own."""
        users: set[int] = set()
        for user in self.model.get_inverse(holder):
            if user.is_a("IfcRelDefinesByProperties"):
                users |= {item.id() for item in user.RelatedObjects}
            elif user.is_a("IfcTypeObject"):
                users.add(user.id())
        return users

    def _relations(self, holder: Entity | None) -> list[Entity]:
        found: Iterable[Any] = self.model.get_inverse(holder) if holder is not None else ()
        relations = [item for item in found if item.is_a("IfcRelDefinesByProperties")]
        return sorted(relations, key=lambda item: int(item.id()))

    def _create(self, kind: str, **attributes: Any) -> Entity:  # noqa: ANN401
        made = self.model.create_entity(kind, **attributes)
        self.added.append(made.id())
        return made

    def _guid(self, seed: str) -> str:
        """Return a GlobalId that is a hash of a seed, and no other's."""
        for attempt in range(1_000_000):
            guid: str = ifcopenshell.guid.compress(uuid.uuid5(NAMESPACE, f"{seed}#{attempt}").hex)
            if guid not in self._issued and not self._taken(guid):
                self._issued.add(guid)
                return guid
        raise RuntimeError("no GlobalId is left")

    def _taken(self, guid: str) -> bool:
        try:
            self.model.by_guid(guid)
        except RuntimeError:
            return False
        return True


def _items_place(definition: Entity) -> int:
    return 4 if definition.is_a("IfcPropertySet") else 5


def _name(element: Entity) -> str:
    return str(element.GlobalId)


def _sign(edit: Edit) -> tuple[Any, ...]:
    """Return what makes two edits of one set the same."""
    target = edit.target
    item = target.item.id() if target.item is not None else 0
    return target.name, item, target.own, target.kind.name, edit.value
