"""Which products are written, and what they are called."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import ifcopenshell

from functions.core.errors import InputError
from functions.ifc.reader import Reader
from functions.ifc.spatial import Tree


class Choice(Protocol):
    """The options that choose products, by class or by GlobalId."""

    @property
    def include(self) -> tuple[str, ...]:
        """Only these are written, if there are any."""

    @property
    def include_type(self) -> str:
        """Say whether `include` holds `entities` or `guids`."""

    @property
    def include_plus(self) -> tuple[str, ...]:
        """As `include`, with everything inside."""

    @property
    def include_plus_type(self) -> str:
        """Say what `include_plus` holds."""

    @property
    def exclude(self) -> tuple[str, ...]:
        """These are left out."""

    @property
    def exclude_type(self) -> str:
        """Say what `exclude` holds."""

    @property
    def exclude_plus(self) -> tuple[str, ...]:
        """As `exclude`, with everything inside."""

    @property
    def exclude_plus_type(self) -> str:
        """Say what `exclude_plus` holds."""


class Naming(Protocol):
    """The options that make the name of an element."""

    @property
    def use_element_guids(self) -> bool:
        """Put GlobalIds into names."""

    @property
    def use_element_names(self) -> bool:
        """Put names into names."""

    @property
    def use_element_types(self) -> bool:
        """Put classes into names."""

    @property
    def use_element_step_ids(self) -> bool:
        """Put instance numbers into names."""


def choose(choice: Choice, reader: Reader) -> Iterator[ifcopenshell.entity_instance]:
    """Yield the products to convert: those with a representation, openings left out."""
    included, excluded = picks(choice, reader)
    anything = not (choice.include or choice.include_plus)
    for product in reader.all("IfcProduct"):
        if product.is_a("IfcFeatureElement") or reader.entity(product, "Representation") is None:
            continue
        if (anything or product.id() in included) and product.id() not in excluded:
            yield product


def picks(choice: Choice, reader: Reader) -> tuple[set[int], set[int]]:
    """Return the ids that are included by name, and those that are excluded."""
    included = _pick(choice.include, choice.include_type, "include", reader)
    excluded = _pick(choice.exclude, choice.exclude_type, "exclude", reader)
    included |= _inside(_pick(choice.include_plus, choice.include_plus_type, "include_plus", reader), reader)
    excluded |= _inside(_pick(choice.exclude_plus, choice.exclude_plus_type, "exclude_plus", reader), reader)
    return included, excluded


def _inside(picked: set[int], reader: Reader) -> set[int]:
    """Return the ids with those of everything that is contained in them or part of them."""
    if not picked:
        return picked
    parents = {child: parent.id() for child, parent in Tree.of(reader).parents.items()}
    whole, outside = set(picked), set[int]()
    for start in parents:
        way: list[int] = []
        node: int | None = start
        while node is not None and node not in whole and node not in outside:
            way.append(node)
            outside.add(node)  # also ends a circle
            node = parents.get(node)
        if node in whole:
            whole.update(way)
            outside.difference_update(way)
    return whole


def _pick(names: tuple[str, ...], kind: str, field: str, reader: Reader) -> set[int]:
    """Return the ids that classes or GlobalIds stand for. A name that stands for nothing is refused."""
    if kind == "guids":
        wanted = set(names)
        found = {p.id(): reader.read(p, "GlobalId") for p in reader.all("IfcProduct") if wanted}
        missing = wanted - set(found.values())
        picked = {number for number, guid in found.items() if guid in wanted}
    else:
        missing = {name for name in names if not _is_class(name, reader.model)}
        picked = {product.id() for name in set(names) - missing for product in reader.all(name)}
    if missing:
        raise InputError(f"{field}: {min(missing)!r} is not in the model or its schema", field=field)
    return picked


def _is_class(name: str, model: ifcopenshell.file) -> bool:
    """Tell whether the model's schema has a class of that name."""
    try:
        model.by_type(name)
    except RuntimeError:
        return False
    return True


@dataclass
class Labels:
    """What a writer says about an element."""

    naming: Naming
    reader: Reader

    def __post_init__(self) -> None:
        """Read the tree of the model once."""
        self.tree = Tree.of(self.reader)

    def of(self, element: ifcopenshell.entity_instance) -> tuple[str, dict[str, str]]:
        """Return the element's name, made as the options say, and what is known about it."""
        storey = self.tree.storey(element)
        extras = {
            "GlobalId": self.reader.text(element, "GlobalId") or "",
            "class": element.is_a(),
            "name": self.reader.text(element, "Name") or "",
            "storey": (self.reader.text(storey, "Name") or "") if storey else "",
        }
        number = f"#{element.id()}"
        parts = [
            extras["class"] if self.naming.use_element_types else "",
            extras["name"] if self.naming.use_element_names else "",
            extras["GlobalId"] if self.naming.use_element_guids else "",
            number if self.naming.use_element_step_ids else "",
        ]
        return " ".join(part for part in parts if part) or number, extras
