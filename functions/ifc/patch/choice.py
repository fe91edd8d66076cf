"""Which instances a query chooses: by the text where it names classes alone, else by the model."""

from __future__ import annotations

import importlib
import re

from functions.ifc.patch.recipes import Job

# What of the selector's syntax needs no model: groups of classes to add and, with `!`, to take away.
_CLASSES = re.compile(r"\s*!?\s*Ifc\w+(?:\s*[,+]\s*!?\s*Ifc\w+)*\s*")
_CLASS = re.compile(r"(!?)\s*(Ifc\w+)")


def needs_model(query: str) -> bool:
    """Say whether a query asks for more than classes."""
    return not _CLASSES.fullmatch(query)


def choose(job: Job, query: str) -> set[int]:
    """Return the numbers of the instances that a query selects, as `functions.ifc.selector` has it.

    Raises an InputError for wrong syntax and for a class of no schema.
    """
    if not needs_model(query) and all(_is_known(job, name) for _, name in _CLASS.findall(query)):
        return {number for group in query.split("+") for number in _select(job, group)}
    # Its grammars take a while to load.
    selector = importlib.import_module("functions.ifc.selector")
    return {int(element.id()) for element in selector.select(job.model, query, name="arguments.query")}


def _select(job: Job, group: str) -> set[int]:
    """Return what the classes of a group add, one after the other, without what they take away."""
    chosen = set[int]()
    for without, name in _CLASS.findall(group):
        numbers = job.instances.numbers(name)
        chosen = chosen - numbers if without else chosen | numbers
    return chosen


def _is_known(job: Job, name: str) -> bool:
    try:
        job.instances.schema.declaration_by_name(name)
    except RuntimeError:
        return False
    return True
