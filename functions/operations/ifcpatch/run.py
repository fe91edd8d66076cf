"""Opens the model, lets a recipe work on it, and reads again what came out."""

from __future__ import annotations

import importlib
import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ifcopenshell

from functions.core import Files
from functions.core.errors import InputError, ModelError, PipelineError
from functions.ifc.definitions import KINDS, OTHERS, PLACES
from functions.ifc.gate import FACES, SOLIDS, check_model, open_checked
from functions.ifc.patch.choice import needs_model
from functions.ifc.patch.instances import Instances
from functions.ifc.patch.recipes import COPYING, MODULES, Job, Statistics
from functions.operations.ifcpatch import PatchRequest, PatchResult, recipes


def run(request: PatchRequest, files: Files) -> PatchResult:
    """Patch a model, or list the recipes."""
    path = files.input(request.input_file)
    checked = check_model(path, files, without=leave_out(request))
    if request.recipe is None:
        open_checked(checked, files)
        return list_recipes(request, files)
    entry = request.entry()
    output = name_output(request, path.stem, entry["output_type"])
    inputs = tuple(files.input(reference) for reference in request.inputs)
    job = Job(checked=checked, inputs=inputs, output=files.output(output), files=files)
    copies = entry["name"] in COPYING
    before = job.instances.count() if copies else count(job.model)
    told = cook(job, entry, stage(request.bound(), entry, job))
    after = examine(job, copied=copies) if entry["output_type"] == "ifc" else {}
    return PatchResult(
        message=describe(entry["name"], before, after),
        output=output,
        statistics={
            "recipe": entry["name"],
            **{f"{name}_before": value for name, value in before.items()},
            **after,
            **told,
        },
    )


def list_recipes(request: PatchRequest, files: Files) -> PatchResult:
    """Write the catalogue."""
    found = recipes(include_builtin=not request.use_custom)
    output = files.output(request.output_file or "recipes.json")
    output.write_text(json.dumps(found, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    counts = {name: found[name] for name in ("total_count", "builtin_count", "custom_count")}
    return PatchResult(message=f"{len(found['recipes'])} recipes", output=output.name, statistics=counts)


def name_output(request: PatchRequest, stem: str, kind: str) -> str:
    """Return the main output's name; one whose extension promises another format is refused."""
    name = request.output_file or f"{stem}_patched.{kind}"
    if Path(name).suffix.lower() != f".{kind}":
        raise InputError(
            f"output_file: {request.recipe} writes a .{kind} file, not {name!r}", field="output_file"
        )
    return name


def stage(arguments: Mapping[str, Any], entry: Mapping[str, Any], job: Job) -> dict[str, Any]:
    """Put paths in the place of the names of inputs; models pass the gate first."""
    staged = dict(arguments)
    for parameter in entry["parameters"]:
        name, kind = parameter["name"], parameter["type"]
        if kind not in {"file", "files"}:
            continue
        wanted = staged.get(name) or ([str(index) for index in range(len(job.inputs))])
        chosen = [find(text, job, name) for text in ([wanted] if isinstance(wanted, str) else wanted)]
        if not chosen:
            raise InputError(f"inputs: {entry['name']} needs a file for {name}", field="inputs")
        paths = [str(path) for path in chosen]
        staged[name] = paths if kind == "files" else paths[0]
    return staged


def find(text: str, job: Job, parameter: str) -> Path:
    """Return the checked path of an input by its name or position."""
    named = [path for path in job.inputs if path.name == text]
    if not named and text.isdecimal() and int(text) < len(job.inputs):
        named = [job.inputs[int(text)]]
    if not named:
        raise InputError(
            f"arguments.{parameter}: {text!r} is none of the inputs", field=f"arguments.{parameter}"
        )
    path = named[0]
    return path if path.suffix.lower() == ".ags" else check_model(path, job.files).path


def cook(job: Job, entry: Mapping[str, Any], arguments: Mapping[str, Any]) -> Statistics:
    """Run a recipe; its module is imported now, as others need more."""
    if entry["is_custom"]:
        own = importlib.import_module(f"functions.ifc.patch.recipes.{MODULES[entry['name']]}")
        told: Statistics = own.patch(job, **arguments)
    else:
        builtin = importlib.import_module("functions.ifc.patch.builtin")
        told = builtin.cook(job, entry["name"], arguments)
    return told


def leave_out(request: PatchRequest) -> tuple[str, ...]:
    """Return the classes that a recipe which copies text does not need from the model, if it is opened."""
    if request.recipe not in COPYING:
        return ()
    query = request.bound().get("query", "")
    if query and not needs_model(query):
        return ()
    selector = importlib.import_module("functions.ifc.selector")
    if not selector.avoids_shapes(query):
        return ()
    return (*FACES, *SOLIDS, *((*KINDS, *OTHERS, *PLACES) if selector.avoids_sets(query) else ()))


def count(model: ifcopenshell.file) -> dict[str, int]:
    """Return how many instances and elements there are."""
    return {"instances": len(model.entity_names()), "elements": len(model.by_type("IfcElement"))}


def examine(job: Job, *, copied: bool) -> dict[str, int]:
    """Count what was written; what is no whole model is no result.

    The gate says it of text that was copied, and needs less for it than a parser.
    """
    try:
        if copied:
            return Instances(check_model(job.output, unlimited(job.files))).count()
        opened: Any = ifcopenshell.open
        return count(opened(job.output, format=".ifc", lazy=True))
    except (ModelError, ifcopenshell.Error, OSError, RuntimeError):
        raise PipelineError("The patched model cannot be read again") from None


def unlimited(files: Files) -> Files:
    """Return the folders alone, for a result: it may be of any size, and warnings were given of the input."""
    return Files(inputs={}, outputs=files.outputs, scratch=files.scratch, max_input_bytes=sys.maxsize)


def describe(recipe: str, before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Return the job's message."""
    if not after:
        return f"{recipe} done"
    return f"{recipe}: {after['elements']} elements, of {before['elements']}"
