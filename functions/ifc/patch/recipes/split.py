"""SplitByStorey: a model for every storey."""

from __future__ import annotations

import json
import re
from typing import Any

from functions.core.errors import InputError
from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.patch.subset import Subset
from functions.ifc.reader import Reader

UNFIT = re.compile(r"[^\w .,()+-]+")
MAX_NAME = 80


def patch(job: Job) -> Statistics:
    """Split a model into one for every storey

    Each holds a storey with all that it contains and is made of, and the spatial structure around it.
    The main output is a list of them (JSON): name, GlobalId, file, elements.
    """
    storeys = sorted(job.model.by_type("IfcBuildingStorey"), key=lambda storey: int(storey.id()))
    if not storeys:
        raise InputError("The model has no storey to split it by", field="input_file")
    subset = Subset(job.instances)
    others = {int(storey.id()) for storey in storeys}
    elements = job.instances.numbers("IfcElement")
    reader = Reader(job.model)
    found: list[dict[str, Any]] = []
    for index, storey in enumerate(storeys):
        job.files.progress("storeys", index, len(storeys))
        inside = subset.below({int(storey.id())}) - (others - {int(storey.id())})
        name = reader.text(storey, "Name") or ""
        file = file_name(job.output.stem, index, name)
        instances = subset.write(job.files.output(file), subset.with_context(inside), loose=False)
        found.append(
            {
                "name": name,
                "global_id": reader.text(storey, "GlobalId"),
                "file": file,
                "elements": len(inside & elements),
                "instances": instances,
            }
        )
    job.output.write_text(json.dumps({"storeys": found}, ensure_ascii=False, indent=1) + "\n", "utf-8")
    placed = sum(item["elements"] for item in found)
    if placed < len(elements):
        job.files.warn(f"{len(elements) - placed} elements are in no storey, and in none of the models")
    return {"storeys": len(storeys), "elements_in_storeys": placed}


def file_name(stem: str, index: int, storey: str) -> str:
    """Return the name of a storey's file; its own name loses what a file name cannot hold."""
    name = UNFIT.sub("_", storey).strip(" .")[:MAX_NAME]
    return f"{stem}-{index}-{name or 'storey'}.ifc"
