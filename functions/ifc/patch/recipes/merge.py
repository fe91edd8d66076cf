"""Merge: other models into the first one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import compress
from pathlib import Path
from typing import Any

import ifcopenshell
import numpy as np
from ifcopenshell import entity_instance as Entity
from ifcopenshell.util import geolocation

from functions.core.errors import InputError
from functions.ifc.gate import check_model, open_checked
from functions.ifc.identity import global_id
from functions.ifc.patch.instances import Instances
from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.patch.subset import Subset
from functions.ifc.reader import Reader
from functions.ifc.step.text import LIST, REFERENCE, STRING, Marks, StepText
from functions.ifc.units import list_units

PLACE_M = 1e-6
CONTEXT = "IfcGeometricRepresentationContext"


def patch(job: Job, *, models: Sequence[str] = ()) -> Statistics:
    """Merge other models into the first one

    The result has one project, one set of contexts and one spatial structure: sites, buildings, storeys,
    types and elements with the same GlobalId and class are the same object, and the first model's stays.
    Models must have the schema, the units and the place on Earth of the first one; MergeProjects converts
    units, and joins nothing.

    :param models: The other models.
    :filter_glob models: *.ifc;*.ifczip
    """
    merger = Merger(job)
    for index, path in enumerate(models):
        job.files.progress("merge", index, len(models))
        merger.add(Path(path))
    merger.save()
    return {"models": len(models) + 1, "joined_objects": merger.joined, "renamed": merger.renamed}


class Merger:
    """The first model, and what the others add to it."""

    def __init__(self, job: Job) -> None:
        """Read who is who in the first model."""
        self._job, self._model = job, job.model
        self._text = StepText.read(job.checked.path, instances=job.checked.instances)
        self._project = _project(self._model)
        self._next = max(self._model.entity_names(), default=0)
        self._known = {
            item.GlobalId: (item.is_a(), int(item.id())) for item in self._model.by_type("IfcRoot")
        }
        self._contexts = {_describe(item): int(item.id()) for item in self._model.by_type(CONTEXT)}
        self._more_contexts: list[int] = []
        self._lines: list[bytes] = []
        self.joined = self.renamed = 0

    def add(self, path: Path) -> None:
        """Take in another model."""
        checked = check_model(path, self._job.files)
        if checked.schema != self._job.checked.schema:
            raise _unfit(
                path, f"is {checked.schema}, and the first model {self._job.checked.schema}: see Migrate"
            )
        model = open_checked(checked, self._job.files)
        self._check(path, model)
        subset = Subset(Instances(checked))
        same = self._same(model, subset)
        kept = subset.objects - same.keys()
        seen, texts = subset.choose(kept, bridges=frozenset(same))
        shift, names = self._next, self._rename(model, subset)
        for row in compress(range(len(seen)), seen):
            number = subset.text.numbers[row]
            text = texts.get(row) or subset.text.text(row)
            if number in names:
                text = STRING.sub(b"'%s'" % names[number].encode("ascii"), text, count=1)
                self.renamed += 1
            self._lines.append(_shifted(text, shift, same))
        self._learn(model, seen, subset, shift, same)
        self.joined += len(same.keys() & subset.objects) - 1  # but for the project

    def save(self) -> None:
        """Write the result."""
        changes: dict[int, bytes | None] = {}
        if self._more_contexts:
            number = int(self._project.id())
            changes[number] = _with_contexts(self._text.of(number), self._more_contexts)
        self._text.rewrite(self._job.output, changes, self._lines)

    def _check(self, path: Path, model: ifcopenshell.file) -> None:
        """Refuse a model of other units or another place."""
        mine, theirs = list_units(Reader(self._model)), list_units(Reader(model))
        for kind in sorted(mine.keys() & theirs.keys()):
            if mine[kind]["to_si"] != theirs[kind]["to_si"]:
                raise _unfit(path, f"has another {kind}: see MergeProjects, which converts it")
        try:
            mine_at, theirs_at = (
                np.array(geolocation.auto_xyz2enh(one, 0, 0, 0)) for one in (self._model, model)
            )
            turn = geolocation.get_grid_north(self._model) - geolocation.get_grid_north(model)
        except TypeError:
            raise _unfit(
                path, "cannot be merged: where one of the models lies on Earth is no number"
            ) from None
        if np.abs(mine_at - theirs_at).max() > PLACE_M or abs(turn) > PLACE_M:
            raise _unfit(path, "lies elsewhere on Earth: see MergeProjects, which moves it")

    def _same(self, model: ifcopenshell.file, subset: Subset) -> dict[int, int]:
        """Return what the first model has already: project, contexts, objects of the same GlobalId."""
        found = {int(_project(model).id()): int(self._project.id())}
        for item in model.by_type(CONTEXT):
            if _describe(item) in self._contexts:
                found[int(item.id())] = self._contexts[_describe(item)]
        for number in subset.objects - found.keys():
            item = model.by_id(number)
            kind, mine = self._known.get(item.GlobalId, ("", 0))
            if kind == item.is_a():
                found[number] = mine
        return found

    def _rename(self, model: ifcopenshell.file, subset: Subset) -> dict[int, str]:
        """Return new GlobalIds for what has that of something else in the first model."""
        return {
            int(item.id()): global_id("merged", item.GlobalId, str(self._next))
            for item in model.by_type("IfcRoot")
            if item.GlobalId in self._known
            and not (item.id() in subset.objects and self._known[item.GlobalId][0] == item.is_a())
        }

    def _learn(
        self,
        model: ifcopenshell.file,
        seen: Marks,
        subset: Subset,
        shift: int,
        same: dict[int, int],
    ) -> None:
        """Remember what has come in, for the models to come."""
        numbers = set(compress(subset.text.numbers, seen))
        for item in model.by_type("IfcRoot"):
            if item.id() in numbers:
                self._known.setdefault(item.GlobalId, (item.is_a(), int(item.id()) + shift))
        for item in model.by_type(CONTEXT):
            if item.id() not in same and item.id() in numbers:
                self._contexts[_describe(item)] = int(item.id()) + shift
                if item.is_a() == CONTEXT:
                    self._more_contexts.append(int(item.id()) + shift)
        self._next += max(model.entity_names(), default=0)


def _project(model: ifcopenshell.file) -> Entity:
    projects = model.by_type("IfcProject")
    if not projects:
        raise InputError("A model without an IfcProject cannot be merged", field="inputs")
    return projects[0]


def _describe(context: Entity) -> tuple[Any, ...]:
    """Return what makes two contexts the same."""
    return (
        context.is_a(), context.ContextIdentifier, context.ContextType, getattr(context, "TargetView", None),
    )  # fmt: skip


def _shifted(text: bytes, shift: int, same: dict[int, int]) -> bytes:
    """Return an instance with the numbers that it has in the result."""
    pieces = text.split(b"'")
    pieces[::2] = [
        REFERENCE.sub(lambda found: b"#%d" % same.get(int(found[1]), int(found[1]) + shift), piece)
        for piece in pieces[::2]
    ]
    return b"'".join(pieces)


def _with_contexts(text: bytes, more: list[int]) -> bytes:
    """Return a project with more contexts: its only list of references."""
    pieces = text.split(b"'")
    for place in range(0, len(pieces), 2):
        if found := LIST.search(pieces[place]):
            extra = b"".join(b",#%d" % number for number in more)
            pieces[place] = pieces[place][: found.end() - 1] + extra + pieces[place][found.end() - 1 :]
    return b"'".join(pieces)


def _unfit(path: Path, reason: str) -> InputError:
    return InputError(f"inputs: {path.name} {reason}", field="inputs")
