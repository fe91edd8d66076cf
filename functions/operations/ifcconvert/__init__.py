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

from math import isfinite
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, ValidationInfo, field_validator, model_validator

from functions.core import LambdaSize, ModelFile, Operation, OutputName, Request, Result
from functions.core.errors import UnsupportedError
from functions.core.format import choose_format

FORMATS = ("glb", "obj", "dae", "stp", "igs", "svg", "ttl", "xml", "ifc", "ifczip")
ALIASES = {"step": "stp", "iges": "igs"}
MESHES = ("glb", "obj", "dae")
SOLIDS = ("stp", "igs")
SHAPES = (*MESHES, *SOLIDS)
TEXTS = ("obj", "dae")
# What is made of meshes, without their colours; and what is the model itself in another form.
TRACED = ("svg", "ttl")
MODELS = ("xml", "ifc", "ifczip")
EVERY = (*SHAPES, *TRACED, *MODELS)

FAR = 1e8  # metres

# Which option goes with which formats. In all others it may only hold its default, which asks for nothing.
OPTIONS: dict[str, tuple[str, ...]] = {
    "include": EVERY,
    "include_type": EVERY,
    "include_plus": EVERY,
    "include_plus_type": EVERY,
    "exclude": EVERY,
    "exclude_type": EVERY,
    "exclude_plus": EVERY,
    "exclude_plus_type": EVERY,
    "use_element_guids": (*SHAPES, *TRACED),
    "use_element_names": (*SHAPES, *TRACED),
    "use_element_types": (*SHAPES, *TRACED),
    "use_element_step_ids": (*SHAPES, *TRACED),
    "element_hierarchy": ("dae",),
    "center_model": SHAPES,
    "model_offset": SHAPES,
    "model_rotation": SHAPES,
    "y_up": MESHES,
    "use_world_coords": (*SHAPES, "ttl"),
    "convert_back_units": TEXTS,
    "digits": TEXTS,
    "no_normals": MESHES,
    "weld_vertices": MESHES,
    "generate_uvs": MESHES,
    "instanced": ("glb",),
    "compression": ("glb",),
    "disable_opening_subtractions": (*SHAPES, *TRACED),
    "layerset_first": SHAPES,
    "force_space_transparency": SHAPES,
    "mesher_linear_deflection": (*SHAPES, *TRACED),
    "mesher_angular_deflection": (*SHAPES, *TRACED),
    "circle_segments": (*SHAPES, *TRACED),
    "unify_shapes": (*SHAPES, *TRACED),
    "precision": (*SHAPES, *TRACED),
    "kernel": (*SHAPES, *TRACED),
    "threads": (*SHAPES, *TRACED),
    "validate": (*SHAPES, *TRACED),
    "bounds": ("svg",),
    "scale": ("svg",),
    "center": ("svg",),
    "section_height": ("svg",),
    "section_height_from_storeys": ("svg",),
    "section_ref": ("svg",),
    "elevation_ref": ("svg",),
    "elevation_ref_guid": ("svg",),
    "auto_section": ("svg",),
    "auto_elevation": ("svg",),
    "draw_storey_heights": ("svg",),
    "door_arcs": ("svg",),
    "print_space_names": ("svg",),
    "print_space_areas": ("svg",),
    "svg_xmlns": ("svg",),
    "svg_poly": ("svg",),
    "svg_project": ("svg",),
    "svg_without_storeys": ("svg",),
    "svg_no_css": ("svg",),
}
# Here y is up, and nothing else can be.
Y_UP = ("glb",)

# What IfcConvert knows besides and no format here can honour, with the value that asks for nothing.
UNSUPPORTED: dict[str, Any] = {
    "dimensionality": None, "edge_arrows": False, "exterior_only": None, "log_file": None,
    "model": True, "plan": False, "quiet": False, "verbose": False,
}  # fmt: skip


def _listed(value: object) -> object:
    """Read one name, or names separated by commas or spaces, as a list."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(max_length=255)], ...], BeforeValidator(_listed)]
Reference = Annotated[str | None, Field(min_length=1, max_length=255)]
Quaternion = Annotated[tuple[float, float, float, float], Field(description="x, y, z, w.")]
Point = Annotated[tuple[float, float, float], Field(description="Metres: x, y, z, with z up.")]


class ConvertRequest(Request):
    """Which model, to what file, and those of IfcConvert's options that mean something for a format."""

    input_filename: ModelFile
    output_filename: OutputName = Field(None, description="Its extension is the format.")
    format: Literal["glb", "obj", "dae", "stp", "igs", "svg", "ttl", "xml", "ifc", "ifczip"] | None = Field(
        None, description="The format, when no output is named."
    )
    # Which elements, and what they are called.
    include: Names = Field((), max_length=1000, description="Only these; see include_type.")
    include_type: Literal["entities", "guids"] = Field(
        "entities", description="Whether `include` names classes (with their subtypes) or GlobalIds."
    )
    include_plus: Names = Field(
        (), max_length=1000, description="As `include`, with all that is inside them."
    )
    include_plus_type: Literal["entities", "guids"] = "entities"
    exclude: Names = Field((), max_length=1000, description="Not these; see exclude_type.")
    exclude_type: Literal["entities", "guids"] = "entities"
    exclude_plus: Names = Field(
        (), max_length=1000, description="As `exclude`, with all that is inside them."
    )
    exclude_plus_type: Literal["entities", "guids"] = "entities"
    use_element_guids: bool = Field(True, description="GlobalIds in the elements' names.")
    use_element_names: bool = Field(False, description="Names in the elements' names.")
    use_element_types: bool = Field(False, description="Classes in the elements' names.")
    use_element_step_ids: bool = Field(False, description="Instance numbers in the elements' names.")
    element_hierarchy: bool = Field(False, description="Elements in nodes of what contains them.")
    # Where they are.
    center_model: bool = Field(False, description="Put the middle of the model at the origin.")
    model_offset: Point | None = None
    model_rotation: Quaternion | None = Field(None, description="About the origin, before model_offset.")
    y_up: bool | None = Field(None, description="Let y be up instead of z; a GLB has it so always.")
    use_world_coords: bool = Field(False, description="Placements in the vertices: nothing is shared.")
    convert_back_units: bool = Field(False, description="The model's own unit of length instead of metres.")
    digits: int | None = Field(
        None, ge=1, le=17, description="Significant digits of coordinates; 9 if unset."
    )
    # What their shapes are.
    no_normals: bool = False
    weld_vertices: bool = Field(False, description="One vertex a place; leaves normals out.")
    generate_uvs: bool = Field(False, description="Texture coordinates in metres, along the nearest axis.")
    instanced: bool = Field(True, description="Equal shapes are stored once, and their nodes share them.")
    compression: Literal["none", "quantized"] = Field(
        "none", description="`quantized` halves vertices by KHR_mesh_quantization; statistics have the step."
    )
    disable_opening_subtractions: bool = False
    layerset_first: bool = Field(False, description="Colour layered elements by their first layer.")
    force_space_transparency: float | None = Field(None, ge=0, le=1)
    mesher_linear_deflection: float | None = Field(None, gt=1e-5, le=10, description="Metres.")
    mesher_angular_deflection: float | None = Field(None, gt=0.01, le=3.2, description="Radians.")
    circle_segments: int | None = Field(None, ge=0, le=1000)
    unify_shapes: bool = Field(False, description="Merge faces of one plane before meshing.")
    precision: float | None = Field(None, gt=0, le=1, description="Metres below which points are one.")
    # What is drawn.
    bounds: str | None = Field(
        None, max_length=11, description="Size of a sheet, 420x297: mm with a scale, else px."
    )
    scale: str | None = Field(None, max_length=12, description="1:100, which is also the default.")
    center: str | None = Field(
        None, max_length=24, description="What stands in the middle of the bounds: 0.5x0.5."
    )
    section_height: float | None = Field(
        None,
        ge=-1e4,
        le=1e4,
        description="Metres: of one plan of all, or over each storey; see the next field.",
    )
    section_height_from_storeys: bool = Field(
        False, description="Count section_height (1.2 when left out) from each storey."
    )
    section_ref: Reference = Field(None, description="Cut at the product of this name, type or GlobalId.")
    elevation_ref: Reference = Field(
        None, description="Look from the product of this name, type or GlobalId."
    )
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

    @field_validator("model_offset", "model_rotation")
    @classmethod
    def _check_numbers(
        cls, value: tuple[float, ...] | None, info: ValidationInfo
    ) -> tuple[float, ...] | None:
        if value is not None and not all(isfinite(number) and abs(number) <= FAR for number in value):
            raise ValueError("finite numbers of this Earth are needed")
        if value is not None and info.field_name == "model_rotation" and not any(value):
            raise ValueError("a quaternion of zeros turns nowhere")
        return value

    @model_validator(mode="after")
    def _check_format(self) -> Self:
        """Refuse an unknown format, and options that go with other formats only."""
        suffix = PurePosixPath(self.output_filename or "").suffix.lower().removeprefix(".")
        if self.output_filename and suffix not in (*FORMATS, *ALIASES):
            known = ", ".join(FORMATS)
            raise UnsupportedError(
                f"output_filename: the format {suffix[:20]!r} is not there; there are: {known}",
                field="output_filename",
            )
        for name, info in type(self).model_fields.items():
            self._check_option(info.alias or name, getattr(self, name), info.default)
        return self

    def _check_option(self, option: str, value: object, default: object) -> None:
        """Refuse an option that asks for something which the format cannot give."""
        kind, formats = self.output_format, OPTIONS.get(option, FORMATS)
        fixed = option == "y_up" and kind in Y_UP and value is False
        if fixed or (kind not in formats and value != default):
            others = f"it goes with {', '.join(name for name in formats if name != kind)}"
            raise UnsupportedError(
                f"{option}: this option is not there for {kind.upper()}; {others}", field=option
            )

    @property
    def output_format(self) -> str:
        """The format of the output: by its name, else the one asked for, else GLB."""
        return choose_format(self.output_filename, self.format, FORMATS, aliases=ALIASES)


class ConvertResult(Result):
    """`statistics`: elements, meshed, shared, fell_back, failed, meshes, triangles, vertices, materials."""


operation = Operation(
    package=__name__,
    request=ConvertRequest,
    result=ConvertResult,
    compute=LambdaSize(memory_mb=3008, timeout_s=900, disk_mb=4096, concurrency=20),
    formats=FORMATS,
)
