"""The WHERE rules of the IFC schemas: EXPRESS compiled to Python, as ifcopenshell ships it.

ifcopenshell's own executor (ifcopenshell/express/rule_executor.py, 0.9) needs pytest at run time, to explain
assertions. Here the compiled rules are the same, and the rule's own text is the explanation.
"""

from __future__ import annotations

import importlib
import inspect
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import ifcopenshell

from functions.ifc.validation.issues import Issue, Issues

# What a compiled rule raises when it cannot be worked out for an instance, most often as a value is missing.
UNDECIDED = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NameError,
    RecursionError,
    RuntimeError,
    TypeError,
    ValueError,
)
GETTER = re.compile(r"express_getattr\(([^()]+), '(\w+)', INDETERMINATE\)")
ITEM = re.compile(r"express_getitem\(([^()]+), (?:EXPRESS_ONE_BASED_INDEXING - )?([^(),]+), INDETERMINATE\)")
NAMES = {"express_len(": "SIZEOF(", " is not False": "", "assert ": "", "self": "SELF"}
STEP = 2000
wrapper: Any = ifcopenshell.ifcopenshell_wrapper
Progress = Callable[[int, int], None]


@dataclass
class Rules:
    """The rules of a schema, and what came of them: how often each could not be worked out."""

    model: ifcopenshell.file
    issues: Issues
    undecided: Counter[str] = field(default_factory=Counter)

    def run(self, progress: Progress) -> int:
        """Check all rules; return how many there are."""
        schema = self.model.schema_identifier
        module = importlib.import_module(f"ifcopenshell.express.rules.{schema}")
        found = [item for item in vars(module).values() if inspect.isclass(item) and hasattr(item, "SCOPE")]
        scopes: dict[str, list[Any]] = {"file": [], "type": [], "entity": []}
        for rule in found:
            scopes[rule.SCOPE].append(rule)
        with _express():
            for rule in scopes["file"]:
                self._check(rule, rule.__name__, self.model, None)
            self._check_types(scopes["type"])
            for index, rule in enumerate(scopes["entity"]):
                progress(index, len(scopes["entity"]))
                for instance in self.model.by_type(rule.TYPE_NAME):
                    self._check(rule, f"{rule.TYPE_NAME}.{rule.RULE_NAME}", instance, instance)
        return len(found)

    def _check(self, rule: Any, name: str, value: Any, instance: Any) -> None:  # noqa: ANN401 - compiled code
        try:
            rule()(value)
        except AssertionError as error:
            self.issues.add(self._issue(name, error, instance))
        except UNDECIDED:
            self.undecided[name] += 1

    def _issue(self, name: str, error: AssertionError, instance: Any) -> Issue:  # noqa: ANN401
        text = read_rule(error)
        if instance is None:
            return Issue(kind="rule", rule=name, message=text)
        return describe(instance, kind="rule", rule=name, message=text)

    def _check_types(self, rules: list[Any]) -> None:
        """Check the rules of defined types, such as IfcPositiveLengthMeasure, wherever one is used."""
        schema = wrapper.schema_by_name(self.model.schema_identifier)
        wanted = _with_subtypes(schema, rules)
        attributes: dict[str, list[Any]] = {}
        for instance in self.model:
            kind = instance.is_a()
            if kind not in attributes:
                entity = schema.declaration_by_name(kind).as_entity()
                pairs = zip(entity.all_attributes(), entity.derived(), strict=False)
                attributes[kind] = [None if derived else item.type_of_attribute() for item, derived in pairs]
            for index, type_ in enumerate(attributes[kind]):
                if type_ is None:
                    continue
                try:
                    value = instance.get_argument(index)
                except (RuntimeError, IndexError, ValueError):
                    continue  # the schema check names it
                for rule, part in self._uses(schema, type_, value, wanted):
                    self._check(rule, f"{rule.TYPE_NAME}.{rule.RULE_NAME}", part, instance)

    def _uses(self, schema: Any, type_: Any, value: Any, wanted: dict[str, list[Any]]) -> Iterator[Any]:  # noqa: ANN401
        """Yield the (rule, value) pairs in a value: of its type, of its parts, of a typed value inside."""
        if value is None:
            return
        while isinstance(type_, wrapper.named_type):
            type_ = type_.declared_type()
        if isinstance(type_, wrapper.type_declaration):
            for rule in wanted.get(type_.name(), ()):
                yield rule, value
        while isinstance(type_, wrapper.named_type | wrapper.type_declaration):
            type_ = type_.declared_type()
        if isinstance(value, tuple) and isinstance(type_, wrapper.aggregation_type):
            for part in value:
                yield from self._uses(schema, type_.type_of_element(), part, wanted)
        elif isinstance(value, ifcopenshell.entity_instance) and not value.id():
            inner = schema.declaration_by_name(value.is_a())
            yield from self._uses(schema, inner, value.get_argument(0), wanted)


def describe(instance: Any, *, kind: str, rule: str, message: str, attribute: str | None = None) -> Issue:  # noqa: ANN401
    """Return a finding about an instance."""
    global_id = None
    if instance.is_a("IfcRoot"):
        try:
            global_id = instance.get_argument(0)
        except (RuntimeError, IndexError, ValueError):
            global_id = None
    return Issue(
        kind=kind,
        rule=rule,
        message=message,
        instance=instance.id(),
        ifc_class=instance.is_a(),
        global_id=global_id if isinstance(global_id, str) else None,
        attribute=attribute,
    )


def read_rule(error: AssertionError) -> str:
    """Return the text of the rule that an assertion comes from, near to EXPRESS."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    if trace is None:
        return "the rule is broken"
    lines, start = inspect.getsourcelines(trace.tb_frame.f_code)
    text = lines[trace.tb_lineno - start].strip()
    before = ""
    while text != before:
        before = text
        text = ITEM.sub(r"\1[\2]", GETTER.sub(r"\1.\2", text))
    for compiled, express in NAMES.items():
        text = text.replace(compiled, express)
    return text


def _with_subtypes(schema: Any, rules: list[Any]) -> dict[str, list[Any]]:  # noqa: ANN401
    """Return the rules by type name; a type that is defined by another one has its rules too."""
    bases: dict[str, str] = {}
    for item in schema.declarations():
        if isinstance(item, wrapper.type_declaration) and isinstance(
            item.declared_type(), wrapper.named_type
        ):
            bases[item.name()] = item.declared_type().declared_type().name()
    found: dict[str, list[Any]] = {}
    for item in schema.declarations():
        name: str | None = item.name()
        while name is not None:
            for rule in rules:
                if name == rule.TYPE_NAME:
                    found.setdefault(item.name(), []).append(rule)
            name = bases.get(name)
    return found


@contextmanager
def _express() -> Iterator[None]:
    """Let instances behave as in EXPRESS while rules run: compared by value, single inverses unpacked."""
    settings: Any = ifcopenshell.settings
    before = settings.unpack_non_aggregate_inverses, settings.compare_instances_by_value
    settings.unpack_non_aggregate_inverses = settings.compare_instances_by_value = True
    try:
        yield
    finally:
        settings.unpack_non_aggregate_inverses, settings.compare_instances_by_value = before
