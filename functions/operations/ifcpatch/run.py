"""Opens the model, lets a recipe work on it, and reads again what came out."""

from __future__ import annotations

import importlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import ifcopenshell

from functions.core import Files
from functions.core.errors import InputError, PipelineError
from functions.ifc.definitions import KINDS
from functions.ifc.gate import FACES, SOLIDS, Checked, check_model, open_checked
from functions.ifc.patch.builtin import cook
from functions.ifc.patch.recipes import MODULES, Job
from functions.ifc.selector import avoids_shapes, names_classes
from functions.operations.ifcpatch import PatchRequest, PatchResult, recipes

SUBSETS = ("Extract", "Remove")  # recipes of our own that choose objects and copy text


def run(request: PatchRequest, files: Files) -> PatchResult:
    """Patch a model, or list the recipes."""
    path = files.input(request.input_file)
    checked = check_model(path, files, without=leave_out(request))
    model = open_checked(checked, files)
    if request.recipe is None:
        return list_recipes(request, files)
    entry = request.entry()
    output = name_output(request, path.stem, entry["output_type"])
    inputs = tuple(files.input(reference) for reference in request.inputs)
    before = count(model, checked)
    job = Job(model=model, checked=checked, inputs=inputs, output=files.output(output), files=files)
    arguments = stage(request.bound(), entry, job)
    if entry["is_custom"]:
        own = importlib.import_module(f"functions.ifc.patch.recipes.{MODULES[entry['name']]}")
        told = own.patch(job, **arguments)
    else:
        told = cook(job, entry["name"], arguments)
    after = count(reopen(job.output)) if entry["output_type"] == "ifc" else {}
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


def leave_out(request: PatchRequest) -> tuple[str, ...]:
    """Return the classes that a recipe does not need from the model, as it copies text."""
    if request.recipe not in SUBSETS:
        return ()
    query = str(request.bound()["query"])
    if names_classes(query):
        return (*FACES, *SOLIDS, *KINDS)
    return (*FACES, *SOLIDS) if avoids_shapes(query) else ()


def count(model: ifcopenshell.file, checked: Checked | None = None) -> dict[str, int]:
    """Return how many instances and elements there are, with those that `checked` has left out."""
    instances = len(model.entity_names()) + (sum(checked.counts.values()) if checked else 0)
    return {"instances": instances, "elements": len(model.by_type("IfcElement"))}


def reopen(path: Path) -> ifcopenshell.file:
    """Open what was written; a model that cannot be read is no result."""
    try:
        opened: Any = ifcopenshell.open
        model: ifcopenshell.file = opened(path, format=".ifc", lazy=True)
    except (ifcopenshell.Error, OSError, RuntimeError):
        raise PipelineError("The patched model cannot be read again") from None
    return model


def describe(recipe: str, before: Mapping[str, int], after: Mapping[str, int]) -> str:
    """Return the job's message."""
    if not after:
        return f"{recipe} done"
    return f"{recipe}: {after['elements']} elements, of {before['elements']}"
