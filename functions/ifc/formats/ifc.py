"""IFC: the checked text of a model, whole or without some of its products.

Header, schema, instance numbers and the text of every instance are kept, so numbers do not change their
spelling and instances of unknown entities are not lost, as they are when a parser writes what it has read.
One instance begins a line, comments are left out, and what the gate has repaired stays repaired: strings are
ASCII with escapes, the schema has the name that it is read by.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np

from functions.core import Files
from functions.ifc.formats.products import Choice, picks
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.patch.instances import Instances
from functions.ifc.patch.subset import FEATURES, Subset
from functions.ifc.step.text import StepText

UNREAD: tuple[str, ...] = ()


def write(options: Choice, source: Source, target: Path, _: Files) -> Statistics:
    """Write the model, and return how many instances it has."""
    if not _chooses(options):
        text = StepText.read(source.checked.path, instances=source.checked.instances)
        return {"instances": text.write(target, np.ones(len(text), dtype=bool), {})}
    subset = Subset(Instances(source.checked))
    included, excluded = picks(options, source.reader)
    excluded |= {
        relation.singles[-1]
        for relation in subset.relations
        if relation.kind in FEATURES and relation.singles[-2] in excluded
    }
    some = bool(options.include or options.include_plus)
    kept = subset.with_context(included) if some else subset.objects
    return {"instances": subset.write(target, kept - excluded, loose=not some)}


def narrow(options: Choice, source: Source, files: Files) -> Source:
    """Return the model without the products that are not asked for."""
    if not _chooses(options):
        return source
    path = scratch(files)
    write(options, source, path, files)
    return Source.open(path, files)


def _chooses(options: Choice) -> bool:
    """Tell whether anything is left out."""
    return bool(options.include or options.include_plus or options.exclude or options.exclude_plus)


def scratch(files: Files) -> Path:
    """Return a new empty file in the job's scratch."""
    with tempfile.NamedTemporaryFile(dir=files.scratch, suffix=".ifc", delete=False) as stream:
        return Path(stream.name)
