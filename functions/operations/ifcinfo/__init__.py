"""Say what is in a model: what a person asks first, in about a second.

Schema, authoring application, author and time stamp; units and georeference; counts by class; storeys
with their elevations; extent; property sets, quantity sets, materials, types and classifications with
how many objects have each, own or of their type; and quality hints (elements without a storey, duplicate
GlobalIds, proxies, missing units ...), each with a count and a few GlobalIds to look at.

Nothing is tessellated: `extent` is the box around the origins of the placements of all products that
have a shape, and around the bounding boxes that the authoring tool wrote, in metres. Geometry reaches
beyond it.

The main output is `<model>.info.json`; the key figures stand in the job's `statistics` as well.
"""

from functions.core import LambdaSize, ModelFile, Operation, OutputName, Request, Result


class InfoRequest(Request):
    """Which model, and how to name the report."""

    filename: ModelFile
    output_filename: OutputName = None


class InfoResult(Result):
    """`statistics` holds schema, application, project, element_count, product_count, type_count,
    storey_count, property_set_count, material_count, length_unit, georeferenced, extent_m (the three
    sizes in metres, or null) and hints ({code: count}).
    """


operation = Operation(
    package=__name__,
    request=InfoRequest,
    result=InfoResult,
    compute=LambdaSize(memory_mb=1769, timeout_s=300, disk_mb=2048, concurrency=20),
    formats=("json",),
)
