"""Convert a model: GLB, OBJ, DAE, STP, IGS, SVG, TTL, XML, IFC, IFCZIP.

The format is the extension of `output_filename` (`.step` and `.iges` too), else `format`, else GLB. An option
goes with the formats that stand behind its description; with any other it may hold its default only, or the
request is refused (422) with the option's name. `dimensionality`, `edge_arrows`, `exterior_only`, `plan` and
`model` of IfcConvert go with none.

Every element that has a shape is written, spaces included and openings not, with its GlobalId, class, name
and storey, all of its materials, colours and (but for IGES) opacity. The unit is the metre. Shapes that are
equal are stored once, except in OBJ.

* `glb` (glTF 2.0): one node an element, `extras` {GlobalId, class, name, storey}; exact normals; y is up. Map
  coordinates are a translation of the root node. `compression: quantized` halves vertices by
  KHR_mesh_quantization: positions are off by half of `quantization_step` (metres, at most 0.001) at the most.
* `obj` with an `.mtl` beside it: one object an element, z up. Map coordinates: everything is written about an
  origin that stands in the head of the file, in `statistics` and in a warning.
* `dae` (COLLADA 1.4.1): one node an element, z up; map coordinates as in GLB. Names there may have letters,
  digits, `_`, `-` and `.` only, with no digit in front; exact ones stand in the node's `extra`.
* `stp` (STEP AP214): closed bodies are faceted solids, open ones surfaces; faces are as large as their
  planes, round things as round as their mesh. Each shape is a part, each element an occurrence of it in one
  assembly.
* `igs` (IGES 5.3): the same solids as subfigures with their instances; names in ASCII.
* `svg`: a plan of every storey, cut 1.2 m above it, and the sections and elevations that are asked for,
  side by side to a scale: one group a drawing and one an element, with class, GlobalId and name.
* `ttl`: every element as a GeoSPARQL feature with its surface and footprint in WKT.
* `xml`: IfcConvert's, the tree of objects with their attributes, properties, quantities, types, materials,
  layers and groups.
* `ifc`, `ifczip`: the checked model, its text repaired where it needs it, whole or with the products that are
  asked for.

`log_file` is a second output: warnings and statistics, with `quiet` warnings only, with `verbose` progress
too; `verbose` without it writes `<output>.log`.

`statistics` count elements, meshed, shared (took the mesh of an equal element), confirmed (a fast boolean
that was proven), fell_back (meshed by the second engine), failed, meshes, triangles, vertices, materials,
solids and surfaces, as far as the format has them; failures stand in `warnings` by their instance number.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import hypot, isfinite
from pathlib import PurePosixPath
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from functions.core import FileName, LambdaSize, ModelFile, Operation, OutputName, Request, Result
from functions.core.errors import InputError, UnsupportedError
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
NEAR = 1e-6  # of a quaternion's length: whatever is shorter is none

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
    "force_space_transparency": (*MESHES, "stp"),
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
    "log_file": FORMATS,
    "quiet": FORMATS,
    "verbose": FORMATS,
}
# Here y is up, and nothing else can be.
Y_UP = ("glb",)

# Values besides our own default that ask for nothing, as they are IfcConvert's.
IDLE: dict[str, object] = {"y_up": False, "draw_storey_heights": "none"}

# How many times as long as a GLB of the same model a format takes, and what options add to that: about the
# most that was measured on models without equal copies (`benchmarks.formats`). Memory hardly differs.
TIMES = {"stp": 1.5, "igs": 2.1, "svg": 3.0, "ttl": 1.6}
ONE_ENGINE, MORE_DRAWINGS, NOTHING_SHARED = 2.2, 1.5, 2.6

# What IfcConvert knows besides and no format here can honour, with the value that asks for nothing.
UNSUPPORTED: dict[str, Any] = {
    "dimensionality": None, "edge_arrows": False, "exterior_only": None, "model": True, "plan": False,
}  # fmt: skip


def _listed(value: object) -> object:
    """Read one name, or names separated by commas or spaces, as a list."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


Names = Annotated[tuple[Annotated[str, Field(max_length=255)], ...], BeforeValidator(_listed)]
Reference = Annotated[str | None, Field(min_length=1, max_length=255)]
Scale = Annotated[
    str | None,
    Field(pattern=r"^1:[1-9]\d{0,5}(\.\d{1,3})?$", description="1:50; drawings are 1:100 without one."),
]
Bounds = Annotated[
    str | None,
    Field(
        pattern=r"^[1-9]\d{0,4}x[1-9]\d{0,4}$",
        description="The size of a sheet, 420x297: millimetres with a scale, else pixels that are filled.",
    ),
]
Center = Annotated[
    str | None,
    Field(
        pattern=r"^(0(\.\d{1,6})?|1(\.0{1,6})?)x(0(\.\d{1,6})?|1(\.0{1,6})?)$",
        description="Which part of a drawing stands in the middle of the bounds, from the left and the top.",
    ),
]
Quaternion = tuple[float, float, float, float]
Point = tuple[float, float, float]


def _list_formats(schema: dict[str, Any]) -> None:
    """Put the formats of an option behind its description."""
    for option, formats in OPTIONS.items():
        field = schema["properties"][option]
        names = "all formats" if formats == FORMATS else ", ".join(formats)
        field["description"] = f"{field.get('description', '')} ({names})".lstrip()


class ConvertRequest(Request):
    """Which model, to what file, and those of IfcConvert's options that mean something for a format."""

    model_config = ConfigDict(json_schema_extra=_list_formats)

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
    include_plus_type: Literal["entities", "guids"] = Field(
        "entities", description="What `include_plus` names."
    )
    exclude: Names = Field((), max_length=1000, description="Not these; see exclude_type.")
    exclude_type: Literal["entities", "guids"] = Field("entities", description="What `exclude` names.")
    exclude_plus: Names = Field(
        (), max_length=1000, description="As `exclude`, with all that is inside them."
    )
    exclude_plus_type: Literal["entities", "guids"] = Field(
        "entities", description="What `exclude_plus` names."
    )
    use_element_guids: bool = Field(True, description="GlobalIds in the elements' names.")
    use_element_names: bool = Field(False, description="Names in the elements' names.")
    use_element_types: bool = Field(False, description="Classes in the elements' names.")
    use_element_step_ids: bool = Field(False, description="Instance numbers in the elements' names.")
    element_hierarchy: bool = Field(False, description="Elements in nodes of what contains them.")
    # Where they are.
    center_model: bool = Field(False, description="Put the middle of the model at the origin.")
    model_offset: Point | None = Field(None, description="Metres: x, y, z, with z up.")
    model_rotation: Quaternion | None = Field(
        None, description="A quaternion x, y, z, w: about the origin, before model_offset."
    )
    y_up: bool | None = Field(None, description="Let y be up instead of z; a GLB has it so always.")
    use_world_coords: bool = Field(False, description="Placements in the vertices: nothing is shared.")
    convert_back_units: bool = Field(False, description="The model's own unit of length instead of metres.")
    digits: int | None = Field(
        None, ge=1, le=17, description="Significant digits of coordinates; 9 if unset."
    )
    # What their shapes are.
    no_normals: bool = Field(False, description="Leave normals out.")
    weld_vertices: bool = Field(False, description="One vertex a place; leaves normals out.")
    generate_uvs: bool = Field(False, description="Texture coordinates in metres, along the nearest axis.")
    instanced: bool = Field(True, description="Equal shapes are stored once, and their nodes share them.")
    compression: Literal["none", "quantized"] = Field(
        "none", description="`quantized` halves vertices by KHR_mesh_quantization; statistics have the step."
    )
    disable_opening_subtractions: bool = Field(False, description="Leave walls without their openings.")
    layerset_first: bool = Field(False, description="Colour layered elements by their first layer.")
    force_space_transparency: float | None = Field(
        None, ge=0, le=1, description="How transparent spaces are."
    )
    mesher_linear_deflection: float | None = Field(None, gt=1e-5, le=10, description="Metres.")
    mesher_angular_deflection: float | None = Field(None, gt=0.01, le=3.2, description="Radians.")
    circle_segments: int | None = Field(
        None, ge=3, le=1000, description="A circle has so many, whatever its size."
    )
    unify_shapes: bool = Field(
        False, description="Merge faces of one plane before meshing, which opencascade does."
    )
    precision: float | None = Field(None, gt=0, le=1, description="Metres below which points are one.")
    # What is drawn.
    bounds: Bounds = None
    scale: Scale = None
    center: Center = None
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
    svg_no_css: bool = Field(False, description="No style sheet.")
    # How the work is done.
    kernel: Literal["auto", "opencascade", "hybrid-cgal-simple-opencascade"] = Field(
        "auto", description="The engine; `auto` takes the best one for each element."
    )
    threads: int = Field(
        1, ge=1, le=64, description="Accepted; one is used: with more, shapes are misplaced now and then."
    )
    validate_: bool = Field(False, alias="validate", description="Fail when an element cannot be meshed.")
    log_file: FileName | None = Field(
        None, description="Name of a second output: what was warned of and counted."
    )
    quiet: bool = Field(False, description="Only warnings in the log.")
    verbose: bool = Field(False, description="Progress in the log, too.")

    @model_validator(mode="before")
    @classmethod
    def _refuse(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was sent
        """Refuse what cannot be honoured by name; a default of IfcConvert's asks for nothing."""
        if not isinstance(value, dict):
            return value
        for name in sorted(UNSUPPORTED.keys() & value.keys()):
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
        if value is not None and info.field_name == "model_rotation" and hypot(*value) < NEAR:
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
        for option, reason in self._clashes():
            raise UnsupportedError(f"{option}: {reason}", field=option)
        for name, info in type(self).model_fields.items():
            self._check_option(info.alias or name, getattr(self, name), info.default)
        return self

    @model_validator(mode="after")
    def _check_drawings(self) -> Self:
        """Refuse what leaves nothing to draw, and a centre of nothing."""
        if self.center and not self.bounds:
            raise InputError("center: it goes with bounds", field="center")
        views = (self.section_ref, self.elevation_ref, self.elevation_ref_guid)
        if self.svg_without_storeys and not (self.auto_section or self.auto_elevation or any(views)):
            raise InputError(
                "svg_without_storeys: no drawing is left; ask for a section or an elevation",
                field="svg_without_storeys",
            )
        return self

    def _clashes(self) -> Iterator[tuple[str, str]]:
        """Yield options that another one leaves without an effect, and why."""
        if self.quiet and self.verbose:
            yield "quiet", "a log cannot be quiet and verbose"
        if self.generate_uvs and (self.no_normals or self.weld_vertices):
            yield "generate_uvs", "texture coordinates need normals"
        if self.circle_segments is not None and self.kernel == "opencascade":
            yield "circle_segments", "opencascade rounds by mesher_linear_deflection"
        hybrid = self.circle_segments is not None or self.kernel not in {"auto", "opencascade"}
        if hybrid and self.unify_shapes:
            yield "unify_shapes", "only opencascade merges faces: leave kernel and circle_segments out"
        if hybrid:
            for option in ("mesher_linear_deflection", "mesher_angular_deflection"):
                if getattr(self, option) is not None:
                    yield option, "only opencascade rounds so: leave kernel and circle_segments out"

    def _check_option(self, option: str, value: object, default: object) -> None:
        """Refuse an option that asks for something which the format cannot give."""
        kind, formats = self.output_format, OPTIONS.get(option, FORMATS)
        fixed = option == "y_up" and kind in Y_UP and value is False
        if fixed or (kind not in formats and value not in (default, IDLE.get(option, default))):
            others = f"it goes with {', '.join(name for name in formats if name != kind)}"
            raise UnsupportedError(
                f"{option}: this option is not there for {kind.upper()}; {others}", field=option
            )

    @property
    def output_format(self) -> str:
        """The format of the output: by its name, else the one asked for, else GLB."""
        return choose_format(self.output_filename, self.format, FORMATS, aliases=ALIASES)


def times(request: ConvertRequest) -> float:
    """Return how many times as long a conversion takes as that to GLB without options."""
    found = TIMES.get(request.output_format, 1.0)
    if request.kernel != "auto" or request.circle_segments is not None or request.unify_shapes:
        found += ONE_ENGINE
    if request.auto_section or request.auto_elevation:
        found += MORE_DRAWINGS
    if request.use_world_coords and request.output_format in SOLIDS:
        found += NOTHING_SHARED
    return found


class ConvertResult(Result):
    """`statistics`: what was counted, as far as the format has it."""


operation = Operation(
    package=__name__,
    request=ConvertRequest,
    result=ConvertResult,
    compute=LambdaSize(memory_mb=3008, timeout_s=900, disk_mb=4096, concurrency=20),
    factor=times,
    formats=FORMATS,
)
