"""The plain uses of the tools that we are measured against, each a whole process.

    python -m benchmarks.plain OPERATION MODEL OUTPUT

ifcconvert: IfcOpenShell's iterator with its default kernel (OpenCASCADE) and settings, every element
written by its glTF serializer, as its documentation shows; ifcconvert-stp: the same by its STP serializer.
ifctester: ids.open, validate and the JSON
reporter. ifccsv: ifccsv's own export. ifcpatch: the recipe ExtractElements. ifc5d: quantify and edit_qtos
with the rule set of the schema. ifc2json: get_info of every instance. ifcdiff: IfcDiff with its defaults
(attributes and geometry) and its own export, against the revised model beside the output. ifcclash: its
Clasher in the mode clearance with 50 mm, against MODEL.other.ifc if there is one, else within the model.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

IDS = "many.ids"  # what benchmarks.compare makes for ifctester
COLUMNS = [
    "Name",
    "Description",
    "class",
    "type.Name",
    "storey.Name",
    "/Pset_.*Common/.IsExternal",
    "/Pset_.*Common/.FireRating",
    "material.Name",
]


EXTRACTED = "IfcWall"
REVISED = "revised.ifc"  # and for ifcdiff
CLEARANCE = {"mode": "clearance", "clearance": 0.05, "check_all": False}


def find_other(model: Path) -> Path | None:
    """Return the other side of a clash detection, if it lies beside the model: a.other.ifc for a.ifc."""
    other = model.with_suffix(".other.ifc")
    return other if other.exists() else None


def convert(model: Path, output: Path) -> None:
    """Write a GLB."""
    import ifcopenshell.geom  # noqa: PLC0415 - each tool pays for its own imports

    geom: Any = ifcopenshell.geom
    settings = geom.settings()
    write(model, settings, geom.serializers.gltf(str(output), settings))


def convert_solids(model: Path, output: Path) -> None:
    """Write a STEP file of solids."""
    import ifcopenshell.geom  # noqa: PLC0415

    geom: Any = ifcopenshell.geom
    settings = geom.settings()
    settings.set("iterator-output", ifcopenshell.ifcopenshell_wrapper.NATIVE)
    write(model, settings, geom.serializers.step(str(output), settings))


def write(model: Path, settings: Any, serializer: Any) -> None:  # noqa: ANN401
    """Hand every element to a serializer."""
    import ifcopenshell.geom  # noqa: PLC0415

    file: Any = ifcopenshell.open(model)
    serializer.setFile(file)
    serializer.setUnitNameAndMagnitude("METER", 1.0)
    serializer.writeHeader()
    for shape in ifcopenshell.geom.iterator(settings, file):
        serializer.write(shape)
    serializer.finalize()


def export(model: Path, output: Path) -> None:
    """Write a CSV."""
    import ifccsv  # noqa: PLC0415
    import ifcopenshell  # noqa: PLC0415
    from ifcopenshell.util.selector import filter_elements  # noqa: PLC0415

    file: Any = ifcopenshell.open(model)
    elements = filter_elements(file, "IfcElement")
    table: Any = ifccsv.IfcCsv()
    table.export(file, elements, COLUMNS, output=str(output), format="csv", delimiter=",", null="-")


def dump(model: Path, output: Path) -> None:
    """Write a JSON of all instances."""
    import json  # noqa: PLC0415

    import ifcopenshell  # noqa: PLC0415

    def show(instance: Any) -> object:  # noqa: ANN401
        return {"ref": instance.id()} if instance.id() else instance.wrappedValue

    file: Any = ifcopenshell.open(model)
    output.write_text(json.dumps([instance.get_info() for instance in file], default=show))


def extract(model: Path, output: Path) -> None:
    """Write some elements as a model of their own."""
    import ifcopenshell  # noqa: PLC0415
    import ifcpatch  # noqa: PLC0415

    file: Any = ifcopenshell.open(model)
    made = ifcpatch.execute({
        "input": str(model), "file": file, "recipe": "ExtractElements", "arguments": [EXTRACTED],
    })  # fmt: skip
    ifcpatch.write(made, str(output))


def quantify(model: Path, output: Path) -> None:
    """Write base quantities into a model."""
    import ifc5d.qto  # noqa: PLC0415
    import ifcopenshell  # noqa: PLC0415

    file: Any = ifcopenshell.open(model)
    schema = "IFC4X3" if file.schema == "IFC4X3" else "IFC4"
    rules = ifc5d.qto.rules[f"{schema}QtoBaseQuantities"]
    ifc5d.qto.edit_qtos(file, ifc5d.qto.quantify(file, set(file.by_type("IfcElement")), rules))
    file.write(str(output))


def clash(model: Path, output: Path) -> None:
    """Write a JSON of the elements that are nearer than a clearance, to the other side's or among them."""
    import logging  # noqa: PLC0415

    from ifcclash.ifcclash import Clasher, ClashSettings  # noqa: PLC0415

    settings = ClashSettings()
    settings.logger, settings.output = logging.getLogger("ifcclash"), str(output)
    clasher = Clasher(settings)
    other = find_other(model)
    sides = {"a": [{"file": str(model)}], "b": [{"file": str(other)}] if other else []}
    clasher.clash_sets = [{"name": "Set", **sides, **CLEARANCE}]
    clasher.clash()
    clasher.export()


def audit(model: Path, output: Path) -> None:
    """Write a JSON report of an audit against the IDS beside the output."""
    import ifcopenshell  # noqa: PLC0415
    from ifctester import ids, reporter  # noqa: PLC0415

    document: Any = ids.open(str(output.parent / IDS))
    file: Any = ifcopenshell.open(model)
    document.validate(file)
    report: Any = reporter.Json(document)
    report.report()
    report.to_file(str(output))


def diff(model: Path, output: Path) -> None:
    """Write what has changed."""
    import ifcdiff  # noqa: PLC0415
    import ifcopenshell  # noqa: PLC0415

    old: Any = ifcopenshell.open(model)
    new: Any = ifcopenshell.open(output.parent / REVISED)
    made: Any = ifcdiff.IfcDiff(old, new)
    made.diff()
    made.export(str(output))


PLAIN = {
    "ifcdiff": diff,
    "ifctester": audit,
    "ifcclash": clash,
    "ifcconvert": convert,
    "ifcconvert-stp": convert_solids,
    "ifc2json": dump,
    "ifccsv": export,
    "ifc5d": quantify,
    "ifcpatch": extract,
}

if __name__ == "__main__":
    PLAIN[sys.argv[1]](Path(sys.argv[2]), Path(sys.argv[3]))
