"""Compute base quantities of elements, into the model and as a schedule.

Quantities by ifc5d's rule set of the file's schema (IFC4, IFC4X3; IFC2X3 by the classes and, for flow
elements, by their types): lengths, areas, volumes, and weights where the one material has a MassDensity in
Pset_MaterialCommon. A quantity that the shape does not have, such as the volume of an open surface or the
width of a wall that is not of constant thickness, is left out, and `statistics.left_out` and the schedule
say why.

`mode` says what becomes of sets that are there already, `Qto_...` or IFC2X3's `BaseQuantities`:
`missing` adds what they lack and changes nothing else, `replace` sets anew what they have too, `add` puts a
second set beside them. Gross values disregard openings; net volumes of spaces are those of their shapes.

Corrected against ifc5d 0.9: a slab's Width is its thickness, openings are measured in the axes of what they
void, windows and doors by their lining, side areas of walls in the middle plane, the perimeter of a space
once around. Values are in the units of the project, in the schedule too.
"""

from typing import Literal

from pydantic import Field

from functions.core import LambdaSize, ModelFile, Operation, Request, Result
from functions.core.format import ModelName


class QtoRequest(Request):
    """Which model, which elements, and what to do with quantities that are there."""

    input_file: ModelFile
    output_file: ModelName = Field(None, description="`<model>_qto.ifc` when left out.")
    mode: Literal["missing", "replace", "add"] = "missing"
    query: str = Field(
        "IfcElement + IfcSpace", min_length=1, max_length=10_000, description="In the selector syntax."
    )
    schedule: Literal["csv", "xlsx", "json"] | None = Field(
        "json", description="A table of all quantities besides the model, or none."
    )


class QtoResult(Result):
    """`statistics` holds elements, measured, without_rule, quantities, sets, written, kept, replaced,
    left_out ({reason: quantities}), and of the shapes, as they are (net) and without what cuts them (uncut),
    net_shapes, net_failed, uncut_shapes and uncut_failed.
    """


operation = Operation(
    package=__name__,
    request=QtoRequest,
    result=QtoResult,
    compute=LambdaSize(memory_mb=7076, timeout_s=900, disk_mb=4096, concurrency=10),
    formats=("ifc", "csv", "xlsx", "json"),
)
