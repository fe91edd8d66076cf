"""Write a model as JSON: header, units, spatial tree, types, elements with all their properties.

The default `profile: native` is a layout of its own, described by docs/schemas/ifc2json.schema.json (JSON
Schema 2020-12): `header`; `units` of the project by type; `spatial`, the tree of project, sites,
buildings, storeys and spaces with the GlobalIds of the elements in each; `elements`, every IfcProduct
with its number, class, names, type, container and the kind of relation to it, storey, property sets,
quantities, material, classifications and placement; and `types`, those in use first. Every property has
its value, measure type and unit (its own, else the project's); what comes from the type says `inherited`.
Values are in the file's units; keys that end in `_m` and placements are in metres.

`profile: bimaps` is the flat array that ConvertIfc2Json of bimaps writes and that today's clients read
(docs/schemas/ifc2json-bimaps.schema.json).

Both are strict JSON in UTF-8: infinite numbers are null, lone surrogates and control characters U+FFFD. There
is no geometry beside placements and the footprints of spaces in the bimaps profile.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from functions.core import LambdaSize, ModelFile, Operation, OutputName, Request, Result


class JsonRequest(Request):
    """Which model, and in which layout."""

    filename: ModelFile
    output_filename: OutputName = None
    profile: Literal["native", "bimaps"] = Field("native", description="The layout of the JSON.")


class JsonResult(Result):
    """`statistics` holds profile, elements, types, storeys, properties, quantities and unreadable."""


operation = Operation(
    package=__name__,
    request=JsonRequest,
    result=JsonResult,
    compute=LambdaSize(memory_mb=3008, timeout_s=900, disk_mb=4096, concurrency=20),
    formats=("json",),
)
