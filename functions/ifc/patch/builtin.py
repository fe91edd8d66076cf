"""Runs a recipe of ifcpatch inside a job's own folder, and brings out what it makes."""

from __future__ import annotations

import hashlib
import importlib
import json
import logging
import shutil
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import chdir, contextmanager
from pathlib import Path
from typing import Any

import ifcopenshell
import lark

from functions.core.errors import InputError, PipelineError
from functions.ifc import faults
from functions.ifc.identity import steady, written_at
from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.patch.recipes.split import UNFIT
from functions.ifc.patch.subset import Subset
from functions.ifc.selector import FAULTS, select
from functions.ifc.step import syntax

HEADER = ("name", "time_stamp", "author", "organization", "preprocessor_version", "originating_system")
Made = ifcopenshell.file | str | None


def cook(job: Job, recipe: str, arguments: Mapping[str, Any]) -> Statistics:
    """Run a recipe, write `job.output`, and return counts."""
    query = arguments.get("query")
    if query:
        select(job.model, query, name="arguments.query")  # refuses what is wrong, and names the field
    if recipe == "ExtractElements" and not arguments.get("assume_asset_uniqueness_by_name"):
        return _extract(job, str(query or "IfcWall"))
    folder = job.files.scratch / "recipe"
    folder.mkdir()
    seed = hashlib.sha256(job.checked.path.read_bytes())
    seed.update(json.dumps([recipe, dict(arguments)], default=str).encode())
    module = importlib.import_module(f"ifcpatch.recipes.{recipe}")
    with _explained(recipe), chdir(folder), steady(seed.hexdigest(), moment=written_at(job.model)):
        patcher = module.Patcher(job.model, logging.getLogger("ifcpatch"), **_own_places(recipe, arguments))
        patcher.patch()
        made = _output(patcher, recipe)
    return _bring_out(job, folder, made)


def _extract(job: Job, query: str) -> Statistics:
    """Do what ExtractElements does, with the writer of subsets."""
    chosen = {int(element.id()) for element in select(job.model, query, name="arguments.query")}
    part = Subset(job.instances)
    part.write(job.output, part.with_context(chosen), loose=False)
    if not chosen:
        job.files.warn("the query selects no elements")
    return {"selected": len(chosen & part.objects)}


def _own_places(recipe: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments with the places that a recipe writes to inside the current folder."""
    own: dict[str, Any] = {}
    if recipe == "Ifc2Sql":
        own = {"database": "database.sqlite"}
    elif recipe == "SplitByBuildingStorey":
        Path("split").mkdir()
        own = {"output_dir": "split"}
    elif recipe == "AGS2IFC":
        Path("documents").mkdir()
        own = {"docs_dir": "documents"}
    return {**arguments, **own}


def _output(patcher: Any, recipe: str) -> Made:  # noqa: ANN401 - any recipe
    """Return what a recipe has made, as ifcpatch finds it."""
    if recipe == "SplitByBuildingStorey":
        return None
    if hasattr(patcher, "get_output"):
        made: Made = patcher.get_output()
        return made
    made = getattr(patcher, "file_patched", patcher.file)
    return made


def _bring_out(job: Job, folder: Path, made: Made) -> Statistics:
    """Write what a recipe has made to the outputs."""
    if made is None:
        return _bring_out_split(job, folder / "split")
    if isinstance(made, str) and made.startswith("ISO-10303-21"):
        job.output.write_text(made, encoding="utf-8")
        return {}
    if isinstance(made, str):
        # A job's process may lie elsewhere than its folder, and a recipe may name a file of its own.
        found = (folder / made).resolve()
        if not found.is_relative_to(job.files.scratch.resolve()):
            raise PipelineError("A recipe wrote outside of its job's folder")
        return _bring_out_database(job, found)
    if made is not job.model:
        _copy_header(job.model, made)
    made.write(str(job.output))
    return {}


def _bring_out_database(job: Job, path: Path) -> Statistics:
    """Move a database, and count its tables."""
    database = sqlite3.connect(path)
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    database.close()
    shutil.move(path, job.output)
    return {"tables": len(tables)}


def _bring_out_split(job: Job, folder: Path) -> Statistics:
    """Move the models of the storeys, and list them; names lose what a file name cannot hold."""
    found = []
    whole = job.checked.path.read_bytes()
    header = whole[: syntax.read_header(whole).data_start]
    for path in sorted(folder.iterdir()):
        name = f"{job.output.stem}-{UNFIT.sub('_', path.stem)}.ifc"
        part = path.read_bytes()
        # A header of its own would say the time of day.
        content = part[syntax.read_header(part).data_start :]
        job.files.output(name).write_bytes(header + content)
        found.append({"file": name})
    if not found:
        raise InputError("The model has no storey to split it by", field="input_file")
    job.output.write_text(json.dumps({"storeys": found}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    return {"storeys": len(found)}


def _copy_header(source: Any, target: Any) -> None:  # noqa: ANN401 - files of ifcopenshell
    """Keep what a header says of the model's origin; a new one would say the time of day."""
    for name in HEADER:
        setattr(target.header.file_name, name, getattr(source.header.file_name, name))
    target.header.file_description.description = source.header.file_description.description


@contextmanager
def _explained(recipe: str) -> Iterator[None]:
    """Turn what a recipe raises on a model or an argument that does not suit it into an InputError."""
    try:
        yield
    except (*FAULTS, OSError, lark.exceptions.LarkError) as error:
        if isinstance(error, PipelineError):
            raise
        cause = " ".join(f"{type(error).__name__}: {error}".split())[:200]
        explained = faults.explain(error) or InputError(
            f"recipe: {recipe} cannot be applied to this model: {cause}", field="recipe"
        )
        raise explained from error
