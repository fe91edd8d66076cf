"""IfcOpenShell's selector, every query parsed once: which elements, and which values of each.

The meaning is that of `ifcopenshell.util.selector`; its own evaluation of a key is used wherever speed or
damaged files do not call for another one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell
import ifcopenshell.util.element as util
import lark
from ifcopenshell import entity_instance as Entity

from functions.core.errors import InputError
from functions.ifc.definitions import Irregular
from functions.ifc.gate import is_object
from functions.ifc.late import late
from functions.ifc.reader import Reader
from functions.ifc.sets import Sets
from functions.ifc.spatial import Tree

with late():
    from ifcopenshell.util import selector

SCHEMAS = ("IFC2X3", "IFC4", "IFC4X3_ADD2")
PARENTS = {
    "space": "IfcSpace",
    "storey": "IfcBuildingStorey",
    "building": "IfcBuilding",
    "site": "IfcSite",
}
# The keys that mean something else than an attribute or a property set.
WORDS = frozenset({
    "type", "material", "mat", "materials", "mats", "profiles", "styles", "item", "i", "container", "space",
    "storey", "building", "site", "parent", "types", "occurrences", "count", "class", "predefined_type", "id",
    "classification", "group", "system", "zone", "x", "y", "z", "easting", "northing", "elevation",
    "rotation_x", "rotation_y", "rotation_z",
})  # fmt: skip
# What evaluating a key raises on a value that has no such thing, or on a damaged file.
FAULTS = (AttributeError, TypeError, RuntimeError, LookupError, ValueError, AssertionError, ArithmeticError)
# What the keys have in their names that lead from an object to its shapes.
SHAPES = re.compile(r"Ax|Operand|Path|Points|Shape|Solid|Surface|epresent|eometr|rofile|tem|tyle|urve")
# The keys that lead from an object to where it is.
PLACED = frozenset({
    "x", "y", "z", "easting", "northing", "elevation", "rotation_x", "rotation_y", "rotation_z",
})  # fmt: skip
# The attributes that are property sets, or quantities.
DEFINED = frozenset({"BaseQuantity", "CostQuantities", "HasPropertySets"})
# The attributes that are texts of objects.
TEXTS = frozenset({
    "Description", "ElementType", "GlobalId", "LongName", "Name", "ObjectType", "PredefinedType", "Tag",
})  # fmt: skip
FORWARD, INVERSE = 1, 2  # ifcopenshell's categories of attributes
CLASS = re.compile(r"\bIfc\w+", re.IGNORECASE)
CLASSES = re.compile(r"\s*!?\s*Ifc\w+(?:\s*[,+]\s*!?\s*Ifc\w+)*\s*", re.IGNORECASE)
Key = str | re.Pattern[str]
# Its annotation does not know patterns, which it handles.
_evaluate: Callable[[Any, list[Any]], Any] = selector._get_element_value


def select(model: ifcopenshell.file, query: str, *, name: str = "query") -> list[Entity]:
    """Return the elements a query selects, in the order of the file.

    Raises an InputError that names the field `name` for wrong syntax and for a class of no schema.
    """
    try:
        tree = selector.filter_elements_grammar.parse(query)
        _check_classes(tree, name)
        transformer = _Facets(model)
        transformer.transform(tree)
    except lark.exceptions.UnexpectedInput as error:
        raise InputError(f"{name}: {_explain(query, error)}", field=name) from None
    except (lark.exceptions.LarkError, re.error) as error:
        raise InputError(f"{name}: {_cause(error)}", field=name) from None
    return sorted(transformer.get_results(), key=lambda element: int(element.id()))


def avoids_shapes(*queries: str) -> bool:
    """Say whether queries surely ask for nothing in the shapes of objects: a model can be without these."""
    return all(not SHAPES.search(query) and all(map(is_object, CLASS.findall(query))) for query in queries)


def avoids_sets(query: str) -> bool:
    """Say whether a query surely asks for nothing but objects, their texts and what they are part of.

    A model can be without properties and places then. A GlobalId may be one of a property set.
    """
    try:
        tree = selector.filter_elements_grammar.parse(query)
    except lark.exceptions.LarkError:
        return False
    if any(True for facet in ("instance", "property", "query") for _ in tree.find_data(facet)):
        return False
    names = {str(found.children[0]) for found in tree.find_data("attribute_name")}
    return names <= TEXTS and all(map(is_object, CLASS.findall(query)))


def names_classes(query: str) -> bool:
    """Say whether a query asks for classes of objects alone."""
    return bool(CLASSES.fullmatch(query)) and all(map(is_object, CLASS.findall(query)))


def parse_path(query: str, *, name: str) -> tuple[Key, ...]:
    """Return the keys of a query for a value, or raise an InputError that names the field."""
    try:
        tree = selector.get_element_grammar.parse(query)
        return tuple(selector.GetElementTransformer().transform(tree))
    except lark.exceptions.UnexpectedInput as error:
        raise InputError(f"{name}: {_explain(query, error)}", field=name) from None
    except (lark.exceptions.LarkError, re.error) as error:
        raise InputError(f"{name}: {_cause(error)}", field=name) from None


def reads_sets(paths: Iterable[Sequence[Key]]) -> bool:
    """Say whether values can be read with the property sets out of the text: see `Table`."""
    keys = [key for path in paths for key in path if isinstance(key, str) and key not in WORDS]
    return all(key.isnumeric() or (key[:1].isupper() and key not in DEFINED) for key in keys)


def reads_places(paths: Iterable[Sequence[Key]]) -> bool:
    """Say whether values are asked for that depend on where objects are."""
    return any(key in PLACED for path in paths for key in path if isinstance(key, str))


def is_known(path: Sequence[Key], elements: Iterable[Entity]) -> bool:
    """Say whether a path begins with a keyword, or with an attribute of one of some elements' classes."""
    kinds = {element.is_a(): element for element in elements}
    return path[0] in WORDS or any(hasattr(element, str(path[0])) for element in kinds.values())


@dataclass
class Node:
    """One key in the tree of all paths, and the columns whose path ends with it."""

    key: Key
    children: list[Node] = field(default_factory=list)
    columns: list[int] = field(default_factory=list)
    known: dict[int, dict[int, Any]] = field(default_factory=dict)


@dataclass
class Table:
    """Reads a row of values for an element. Paths that start alike are followed once.

    `sets` are those of a model that was opened without them. What cannot be known without is Irregular then.
    """

    paths: Sequence[tuple[Key, ...]]
    sets: Sets | None = None
    faults: dict[int, tuple[int, str]] = field(default_factory=dict)
    empty: set[int] = field(init=False)  # the columns without a value so far
    _roots: list[Node] = field(default_factory=list)
    _parents: dict[int, Entity | None] = field(default_factory=dict)
    _categories: dict[tuple[str, str], int] = field(default_factory=dict)
    _set_names: set[str | None] | None = None

    def __post_init__(self) -> None:
        """Join the paths to a tree."""
        self.empty = set(range(len(self.paths)))
        known: dict[tuple[Key, ...], Node] = {}
        for column, path in enumerate(self.paths):
            nodes, node = self._roots, None
            for length, key in enumerate(path, start=1):
                node = known.get(path[:length])  # patterns are equal when their text and flags are
                if node is None:
                    node = known[path[:length]] = Node(key)
                    nodes.append(node)
                nodes = node.children
            if node is not None:
                node.columns.append(column)

    def row(self, element: Entity) -> list[Any]:
        """Return the values of all columns; None where there is none or it cannot be read."""
        found: dict[int, Any] = {}
        for node in self._roots:
            self._follow(node, element, element, found)
        if self.sets is not None and any(map(_has_instances, found.values())):
            raise Irregular  # its text names what the model was opened without
        if self.empty:
            self.empty = {column for column in self.empty if found.get(column) is None}
        return [found.get(column) for column in range(len(self.paths))]

    def _follow(self, node: Node, value: Any, element: Entity, found: dict[int, Any]) -> None:  # noqa: ANN401
        """Evaluate a node and everything below; what hangs on another entity is remembered for it."""
        shared = isinstance(value, Entity) and value is not element
        if shared and (known := node.known.get(value.id())) is not None:
            found.update(known)
            return
        mine: dict[int, Any] = {}
        try:
            reached = self._step(value, node.key)
        except FAULTS as error:
            self._fault(node, error)
            reached = None
        for column in node.columns:
            mine[column] = reached
        if reached is not None:
            for child in node.children:
                self._follow(child, reached, element, mine)
        if shared and value.id():
            node.known[value.id()] = mine
        found.update(mine)

    def _step(self, value: Any, key: Key) -> Any:  # noqa: ANN401 - any value of a model
        """Evaluate one key, as `ifcopenshell.util.selector` does."""
        if self.sets is not None and (isinstance(key, re.Pattern) or key not in WORDS):
            if isinstance(value, Entity):
                return self._look_up(self.sets, value, key)
            if _has_instances(value) and not (isinstance(key, str) and key.isnumeric()):
                raise Irregular
        if isinstance(value, Entity):
            if isinstance(key, re.Pattern) and not value.is_a("IfcMaterial"):
                return matching_sets(value, key)
            if key in PARENTS:
                return self._ancestor(value, PARENTS[str(key)])
            if isinstance(key, str) and key not in WORDS and not self._names_set(value, key):
                # Attributes begin with a capital; others, such as `is_a`, would be Python's own.
                return getattr(value, _alias(value, key), None) if key[:1].isupper() else None
        return _evaluate(value, [key])

    def _look_up(self, sets: Sets, value: Entity, key: Key) -> Any:  # noqa: ANN401 - any value of a model
        """Evaluate the name of an attribute, or the name or the pattern of property sets."""
        if isinstance(key, re.Pattern):
            return _unpack(sets.matching(value, key)) if not value.is_a("IfcMaterial") else None
        key = _alias(value, key)
        known = (value.is_a(), key)
        if known not in self._categories:
            self._categories[known] = value.get_attribute_category(key)
        category = self._categories[known]
        found = getattr(value, key) if category == FORWARD else None
        if category == INVERSE or isinstance(found, Entity | tuple):
            raise Irregular
        return sets.named(value, key) if found is None else found

    def _names_set(self, value: Entity, key: str) -> bool:
        """Say whether a property set has the name: only then an unset attribute is looked up in the sets."""
        if self._set_names is None:
            kinds = ("IfcPropertySetDefinition", "IfcMaterialProperties", "IfcProfileProperties")
            self._set_names = {
                getattr(item, "Name", None) for kind in kinds for item in value.file.by_type(kind)
            }
        return key in self._set_names

    def _ancestor(self, element: Entity, kind: str) -> Entity | None:
        """Return the nearest parent of a class. In a circle of parents there is none."""
        seen = {element.id()}
        node = self._parent(element)
        while node is not None and not node.is_a(kind):
            if node.id() in seen:
                return None
            seen.add(node.id())
            node = self._parent(node)
        return node

    def _parent(self, element: Entity) -> Entity | None:
        """Return the parent in the spatial structure, asked once for each element."""
        key = element.id()
        if key not in self._parents:
            self._parents[key] = util.get_parent(element)
        return self._parents[key]

    def _fault(self, node: Node, error: Exception) -> None:
        """Count a value that could not be read, for every column that hangs on it."""
        columns = list(node.columns)
        below = list(node.children)
        while below:
            child = below.pop()
            columns += child.columns
            below += child.children
        for column in columns:
            count, first = self.faults.get(column, (0, str(error)))
            self.faults[column] = (count + 1, first)


def _alias(value: Entity, key: str) -> str:
    """Return the attribute's name: the name of a layer set is called otherwise."""
    return "LayerSetName" if key == "Name" and value.is_a("IfcMaterialLayerSet") else key


class _Facets(selector.FacetTransformer):
    """IfcOpenShell's filter, with values parsed once, and an end to containers that run in circles."""

    def query(self, args: list[Any]) -> None:
        """Keep the elements whose value compares."""
        keys, comparison, value = args
        table = Table([parse_path(keys, name="query")])
        self.add_default_elements()  # type: ignore[no-untyped-call]
        self.elements = {
            element for element in self.elements if self.compare(table.row(element)[0], comparison, value)
        }

    def parent(self, args: list[Any]) -> None:
        """Keep what is part of a parent; IfcOpenShell would follow a circle for ever."""
        if Tree.of(Reader(self.file)).has_circle():
            raise ValueError("'parent' cannot be followed: the model's structure runs in a circle")
        super().parent(args)  # type: ignore[no-untyped-call]

    def get_container_tree(self, container: Entity) -> list[Entity]:
        """Return a container and everything around it, short of the project."""
        tree: list[Entity] = []
        node: Entity | None = container
        while node is not None and not node.is_a("IfcProject") and node not in tree:
            tree.append(node)
            node = util.get_aggregate(node)
        return tree


def matching_sets(element: Entity, pattern: re.Pattern[str]) -> dict[str, Any] | list[dict[str, Any]] | None:
    """Return the property sets whose names match, a type's own under the element's; one alone as itself.

    Equal to filtering `get_psets` by name, but only the sets that match are read.
    """
    found: dict[str, dict[str, Any]] = {}
    for definition in _definitions(element):
        if pattern.match(definition.Name or ""):
            content = util.get_property_definition(definition)
            found.setdefault(definition.Name, {}).update(content)
    sets = list(found.values())
    for content in sets:
        content.pop("id", None)
    return None if not sets else sets[0] if len(sets) == 1 else sets


def _unpack(sets: list[Any]) -> Any:  # noqa: ANN401 - one of them, or all
    """Return one alone as itself, and none as None."""
    return None if not sets else sets[0] if len(sets) == 1 else sets


def _has_instances(value: object) -> bool:
    """Say whether a value is an instance, or has instances in it."""
    if isinstance(value, list | tuple | set):
        return any(map(_has_instances, value))
    return isinstance(value, Entity) or (isinstance(value, dict) and any(map(_has_instances, value.values())))


def _definitions(element: Entity) -> Iterable[Entity]:
    """Yield the property set definitions of an element, those of its type first."""
    if element.is_a("IfcTypeObject"):
        yield from element.HasPropertySets or ()
        return
    relations = getattr(element, "IsDefinedBy", None)
    if relations is None:
        yield from getattr(element, "HasProperties", None) or ()
        return
    type_ = util.get_type(element)
    if type_ is not None:
        yield from _definitions(type_)
    for relation in relations:
        if relation.is_a("IfcRelDefinesByProperties"):
            definition = relation.RelatingPropertyDefinition
            is_set = definition.is_a("IfcPropertySetDefinitionSet")
            yield from definition.wrappedValue if is_set else (definition,)


def _check_classes(tree: lark.Tree[lark.Token], name: str) -> None:
    """Refuse a class that no schema knows; one of another schema than the model's selects nothing."""
    for node in tree.find_data("ifc_class"):
        kind = str(node.children[0])
        if not any(_knows(schema, kind) for schema in SCHEMAS):
            raise InputError(f"{name}: {kind!r} is not a class of IFC", field=name)


def _knows(schema: str, kind: str) -> bool:
    try:
        ifcopenshell.schema_by_name(schema).declaration_by_name(kind)
    except RuntimeError:
        return False
    return True


def _explain(query: str, error: lark.exceptions.UnexpectedInput) -> str:
    """Say where a query goes wrong, without the parser's own list of what it expected."""
    place = error.pos_in_stream
    if place is None or not 0 <= place < len(query):  # lark says -1 at the end
        return f"{query[:80]!r} ends too early"
    return f"{query[:80]!r} goes wrong at character {place + 1}, {query[place]!r}"


def _cause(error: Exception) -> str:
    """Return the message of the error inside a parser's error."""
    return str(getattr(error, "orig_exc", None) or error).splitlines()[0]
