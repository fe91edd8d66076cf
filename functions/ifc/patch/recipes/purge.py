"""Purge: a model without what nothing uses."""

from __future__ import annotations

from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.patch.subset import Subset


def patch(job: Job, *, remove_unused_types: bool = False) -> Statistics:
    """Remove what nothing in the model uses

    Removes instances that no object and no relationship leads to: property sets of nobody, shapes left
    behind, styles of items that are gone. All objects stay, and so does everything that belongs to them.

    :param remove_unused_types: Remove the types that no object is of, too.
    """
    subset = Subset(job.instances)
    unused = subset.unused_types() if remove_unused_types else set()
    written = subset.write(job.output, subset.objects - unused, loose=False)
    return {"removed_instances": len(subset.text) - written, "removed_types": len(unused)}
