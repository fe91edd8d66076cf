"""Convert a model to GLB, the binary form of glTF 2.0.

One node for every element that has a shape, spaces included and openings not, named by its GlobalId,
with `extras` {GlobalId, class, name, storey}. An element of several materials has one primitive for each;
colours and opacity are the model's. Normals are exact, identical shapes are stored once, y is up, the
unit is the metre. Coordinates far from the origin (map coordinates) stay: the root node holds them as a
translation.

The format is the extension of `output_filename`; without one the output is `<model>.glb`. Fields that
IfcConvert has and this operation cannot honour are refused, unless they hold IfcConvert's own default.

`statistics` count elements, meshed, shared (took the mesh of an equal element), fell_back (meshed by the
second engine), failed, meshes, triangles, vertices and materials; failures stand in `warnings` by their
instance number.
"""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from functions.core import LambdaSize, ModelFile, Operation, OutputName, Request, Result
from functions.core.errors import UnsupportedError
from functions.core.format import choose_format

FORMATS = ("glb", "ifc", "ifczip", "svg", "xml")
MESHES = ("glb",)
TEXTS = ("ifc", "ifczip", "xml")
DRAWINGS = ("svg",)

# Which option goes with which formats. In all others it may only hold its default, which asks for nothing.
OPTIONS: dict[str, tuple[str, ...]] = {
    "include": MESHES + DRAWINGS + TEXTS,
    "include_type": MESHES + DRAWINGS + TEXTS,
    "exclude": MESHES + DRAWINGS + TEXTS,
    "exclude_type": MESHES + DRAWINGS + TEXTS,
    "use_element_guids": MESHES + DRAWINGS,
    "use_element_names": MESHES + DRAWINGS,
    "use_element_types": MESHES + DRAWINGS,
    "use_element_step_ids": MESHES + DRAWINGS,
    "center_model": MESHES,
    "model_offset": MESHES,
    "no_normals": MESHES,
    "disable_opening_subtractions": MESHES + DRAWINGS,
    "layerset_first": MESHES,
    "force_space_transparency": MESHES,
    "mesher_linear_deflection": MESHES + DRAWINGS,
    "mesher_angular_deflection": MESHES + DRAWINGS,
    "circle_segments": MESHES + DRAWINGS,
    "kernel": MESHES + DRAWINGS,
    "threads": MESHES + DRAWINGS,
    "validate": MESHES + DRAWINGS,
    "bounds": DRAWINGS,
    "scale": DRAWINGS,
    "center": DRAWINGS,
    "section_height": DRAWINGS,
    "section_height_from_storeys": DRAWINGS,
    "section_ref": DRAWINGS,
    "elevation_ref": DRAWINGS,
    "elevation_ref_guid": DRAWINGS,
    "auto_section": DRAWINGS,
    "auto_elevation": DRAWINGS,
    "draw_storey_heights": DRAWINGS,
    "door_arcs": DRAWINGS,
    "print_space_names": DRAWINGS,
    "print_space_areas": DRAWINGS,
    "svg_xmlns": DRAWINGS,
    "svg_poly": DRAWINGS,
    "svg_project": DRAWINGS,
    "svg_without_storeys": DRAWINGS,
    "svg_no_css": DRAWINGS,
}

# What IfcConvert knows besides and no format here can honour, with the value that asks for nothing.
UNSUPPORTED: dict[str, Any] = {
   
    "convert_back_units": False, "digits": None, "dimensionality": None,
    "edge_arrows": False, "element_hierarchy": False,
    "exterior_only": None, "generate_uvs": False, "log_file": None,
    "model": True, "model_rotation": None, "plan": False, "precision": None,
    "quiet": False,
   
    "unify_shapes": False,
    "use_world_coords": False, "verbose": False, "weld_vertices": False, "y_up": True,
}  # fmt: skip


def _listed(value: object) -> object:
    """Read one name, or names separated by commas or spaces, as a list."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(max_length=255)], ...], BeforeValidator(_listed)]
Reference = Annotated[str | None, Field(min_length=1, max_length=255)]
Point = Annotated[tuple[float, float, float], Field(description="Metres: x, y, z, with z up.")]


class ConvertRequest(Request):
    """Which model, to what file, and those of IfcConvert's options that mean something for a format."""

    input_filename: ModelFile
    output_filename: OutputName = Field(None, description="Its extension is the format.")
    format: Literal["glb", "ifc", "ifczip", "svg", "xml"] | None = Field(None, description="The format, when no output is named.")
    # Which elements, and what they are called.
    include: Names = Field((), max_length=1000, description="Only these; see include_type.")
    include_type: Literal["entities", "guids"] = Field(
        "entities", description="Whether `include` names classes (with their subtypes) or GlobalIds."
    )
    exclude: Names = Field((), max_length=1000, description="Not these; see exclude_type.")
    exclude_type: Literal["entities", "guids"] = "entities"
    use_element_guids: bool = Field(True, description="GlobalIds in the elements' names.")
    use_element_names: bool = Field(False, description="Names in the elements' names.")
    use_element_types: bool = Field(False, description="Classes in the elements' names.")
    use_element_step_ids: bool = Field(False, description="Instance numbers in the elements' names.")
    # Where they are.
    center_model: bool = Field(False, description="Put the middle of the model at the origin.")
    model_offset: Point | None = None
    # What their shapes are.
    no_normals: bool = False
    disable_opening_subtractions: bool = False
    layerset_first: bool = Field(False, description="Colour layered elements by their first layer.")
    force_space_transparency: float | None = Field(None, ge=0, le=1)
    mesher_linear_deflection: float | None = Field(None, gt=1e-5, le=10, description="Metres.")
    mesher_angular_deflection: float | None = Field(None, gt=0.01, le=3.2, description="Radians.")
    circle_segments: int | None = Field(None, ge=0, le=1000)
    # What is drawn.
    bounds: str | None = Field(None, max_length=11, description="Size of a sheet, 420x297: mm with a scale, else px.")
    scale: str | None = Field(None, max_length=12, description="1:100, which is also the default.")
    center: str | None = Field(None, max_length=24, description="What stands in the middle of the bounds: 0.5x0.5.")
    section_height: float | None = Field(
        None, ge=-1e4, le=1e4, description="Metres: of one plan of all, or over each storey; see the next field."
    )
    section_height_from_storeys: bool = Field(
        False, description="Count section_height (1.2 when left out) from each storey."
    )
    section_ref: Reference = Field(None, description="Cut at the product of this name, type or GlobalId.")
    elevation_ref: Reference = Field(None, description="Look from the product of this name, type or GlobalId.")
    elevation_ref_guid: Reference = Field(None, description="Look from the product of this GlobalId.")
    auto_section: bool = Field(False, description="Two sections through the middle of the model.")
    auto_elevation: bool = Field(False, description="Four elevations.")
    draw_storey_heights: Literal["none", "full", "left"] | None = None
    door_arcs: bool = Field(False, description="Draw how doors swing.")
    print_space_names: bool = Field(False, description="Label spaces with Name and LongName.")
    print_space_areas: bool = Field(False, description="Label spaces with their area in the cut.")
    svg_xmlns: bool = Field(False, description="ifc:name and ifc:guid for data-name and data-guid.")
    svg_poly: bool = Field(False, description="Hidden lines by polygons: as they are hidden anyway.")
    svg_project: bool = Field(False, description="Draw all that lies below plans and behind sections.")
    svg_without_storeys: bool = Field(False, description="No plans.")
    svg_no_css: bool = False
    # How the work is done.
    kernel: Literal["auto", "opencascade", "hybrid-cgal-simple-opencascade"] = "auto"
    threads: int = Field(1, ge=1, le=64)
    validate_: bool = Field(False, alias="validate", description="Fail when an element cannot be meshed.")

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was sent
        """Refuse what cannot be honoured by name; a default of IfcConvert's asks for nothing."""
        if not isinstance(value, dict):
            return value
        for name in UNSUPPORTED.keys() & value.keys():
            if value[name] not in (None, UNSUPPORTED[name]):
                raise UnsupportedError(f"{name}: this option is not there", field=name)
        return {name: item for name, item in value.items() if name not in UNSUPPORTED}

    @model_validator(mode="after")
    def _check_format(self) -> Self:
        """Refuse an unknown format, and options that go with other formats only."""
        suffix = PurePosixPath(self.output_filename or "").suffix.lower().removeprefix(".")
        if self.output_filename and suffix not in FORMATS:
            known = ", ".join(FORMATS)
            raise UnsupportedError(
                f"output_filename: the format {suffix[:20]!r} is not there; there are: {known}",
                field="output_filename",
            )
        for name, info in type(self).model_fields.items():
            option = info.alias or name
            formats = OPTIONS.get(option, FORMATS)
            if self.output_format not in formats and getattr(self, name) != info.default:
                others = f"it goes with {', '.join(formats)}" if formats else "no format here has it"
                raise UnsupportedError(
                    f"{option}: this option is not there for {self.output_format}; {others}", field=option
                )
        return self

    @property
    def output_format(self) -> str:
        """The format of the output: by its name, else the one asked for, else GLB."""
        return choose_format(self.output_filename, self.format, FORMATS)


class ConvertResult(Result):
    """`statistics`: elements, meshed, shared, fell_back, failed, meshes, triangles, vertices, materials."""


operation = Operation(
    package=__name__,
    request=ConvertRequest,
    result=ConvertResult,
    compute=LambdaSize(memory_mb=3008, timeout_s=900, disk_mb=4096, concurrency=20),
    formats=FORMATS,
)
