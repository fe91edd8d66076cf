"""Remove: a model without some elements."""

from __future__ import annotations

from functions.core.errors import InputError
from functions.ifc.patch.choice import choose
from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.patch.subset import Subset


def patch(job: Job, *, query: str) -> Statistics:
    """Remove elements from a model

    Removes the elements with their parts, openings and what they contain, and everything that belongs to
    them alone: shapes, property sets, styles. Windows and doors in a wall that is removed stay.

    :param query: Which elements, in the selector syntax of IfcOpenShell.
    """
    chosen = choose(job, query)
    subset = Subset(job.instances)
    gone = subset.below(chosen & subset.objects)
    if not gone:
        raise InputError(f"arguments.query: {query[:80]!r} selects nothing", field="arguments.query")
    if gone & job.instances.numbers("IfcProject"):
        raise InputError("arguments.query: a model is not one without its project", field="arguments.query")
    subset.write(job.output, subset.objects - gone, loose=True)
    return {"selected": len(chosen & subset.objects), "removed_objects": len(gone)}
