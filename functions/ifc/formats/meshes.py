"""The meshes of the products that a conversion asks for, and the count of what became of them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import ifcopenshell
import numpy as np

from functions.core import Files
from functions.ifc.formats.products import Choice, Labels, Naming, choose
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.geometry import stream
from functions.ifc.geometry.engines import HYBRID, OPENCASCADE
from functions.ifc.geometry.mesh import Mesh
from functions.ifc.geometry.stream import Geometry, Shape

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

SETTINGS = (
    "disable_opening_subtractions",
    "layerset_first",
    "force_space_transparency",
    "mesher_linear_deflection",
    "mesher_angular_deflection",
    "circle_segments",
    "no_normals",
    "unify_shapes",
    "precision",
)
REPORT_EVERY = 200


class Meshing(Choice, Naming, Protocol):
    """The options that say how shapes are meshed; those of SETTINGS besides."""

    @property
    def kernel(self) -> str:
        """The engine, or `auto`."""

    @property
    def circle_segments(self) -> int | None:
        """How many segments a circle has; by the deflections when left out."""

    @property
    def unify_shapes(self) -> bool:
        """Merge faces of one plane, which OpenCASCADE alone can."""

    @property
    def validate_(self) -> bool:
        """Fail when a single element fails."""

    @property
    def no_normals(self) -> bool:
        """Leave normals out, which some engines give all the same."""

    @property
    def use_world_coords(self) -> bool:
        """Put placements into the vertices."""

    @property
    def weld_vertices(self) -> bool:
        """Let vertices at one place be one."""

    @property
    def model_rotation(self) -> tuple[float, float, float, float] | None:
        """A quaternion x, y, z, w that turns the whole model about the origin."""


@dataclass(frozen=True)
class Labelled:
    """A shape as `stream.Shape` with its element's name, and what is known about the element."""

    element: ifcopenshell.entity_instance
    mesh: Mesh
    placement: Floats
    name: str
    extras: dict[str, str]


@dataclass
class Meshes:
    """Streams the shapes of the chosen products. `statistics` are final once the stream has ended."""

    options: Meshing
    source: Source
    files: Files

    def __post_init__(self) -> None:
        """Get the engines ready."""
        self.geometry = Geometry(
            self.source.reader,
            settings=_settings(self.options),
            engines=_engines(self.options, robust=self.files.robust),
            texts=self.source.texts,
            thin=self.source.thin,
        )

    def __iter__(self) -> Iterator[Labelled]:
        """Yield the shapes; at the end say what failed."""
        geometry, reader = self.geometry, self.source.reader
        labels = Labels(self.options, reader)
        turn = rotation(self.options.model_rotation)
        for shape in geometry.stream(choose(self.options, reader)):
            yield Labelled(shape.element, *self._place(shape, turn), *labels.of(shape.element))
            if geometry.meshed % REPORT_EVERY == 0:
                self.files.progress("tessellate", geometry.meshed, geometry.elements)
        self._judge()
        self.files.progress("tessellate", geometry.elements, geometry.elements)

    def _place(self, shape: Shape, turn: Floats) -> tuple[Mesh, Floats]:
        """Return the mesh and the placement of a shape as the options want them."""
        mesh, placement = shape.mesh, turn @ shape.placement
        if self.options.no_normals and mesh.normals is not None:
            mesh = Mesh(mesh.points, None, mesh.parts, b"bare " + mesh.key)
        if self.options.weld_vertices:
            mesh = weld(mesh)
        if self.options.use_world_coords:
            mesh, placement = move(mesh, placement), np.eye(4)
        return mesh, placement

    @property
    def statistics(self) -> Statistics:
        """Say how many elements went which way."""
        return {
            "elements": self.geometry.elements,
            "meshed": self.geometry.meshed,
            "shared": self.geometry.shared,
            "made": self.geometry.made,
            "confirmed": self.geometry.confirmed,
            "fell_back": self.geometry.fell_back,
            "failed": len(self.geometry.failed),
        }

    def _judge(self) -> None:
        """Say what failed. A result without any of the elements that have a shape is none."""
        self.geometry.judge(self.files, strict=self.options.validate_)
        if not self.geometry.elements:
            self.files.warn("no element that was asked for has a shape: the scene is empty")


def rotation(quaternion: tuple[float, float, float, float] | None) -> Floats:
    """Return the 4x4 matrix of a quaternion x, y, z, w of any length but zero."""
    matrix = np.eye(4)
    if quaternion:
        x, y, z, w = np.array(quaternion) / np.linalg.norm(quaternion)
        matrix[:3, :3] = [
            [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
            [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
            [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
        ]
    return matrix


def weld(mesh: Mesh) -> Mesh:
    """Return a mesh with one vertex a place, which has no normals any more."""
    points, numbers = np.unique(mesh.points, axis=0, return_inverse=True)
    parts = tuple(
        (material, numbers.ravel()[triangles].astype(np.uint32)) for material, triangles in mesh.parts
    )
    return Mesh(points, None, parts, b"welded " + mesh.key)


def move(mesh: Mesh, placement: Floats) -> Mesh:
    """Return a mesh whose coordinates are those outside of its placement."""
    points = mesh.points @ placement[:3, :3].T + placement[:3, 3]
    normals = None if mesh.normals is None else mesh.normals @ placement[:3, :3].T
    return Mesh(points, normals, mesh.parts, mesh.key + placement.tobytes())


def is_free(options: Meshing, *, robust: bool) -> bool:
    """Tell whether shapes may be made without an engine, by what is asked for."""
    return stream.is_free(_engines(options, robust=robust), _settings(options))


def _settings(options: Meshing) -> dict[str, Any]:
    """Return the options that go to IfcOpenShell as they are."""
    values = {name: getattr(options, name) for name in SETTINGS}
    # IfcOpenShell takes some switches for on as soon as they are set. A number may well be zero.
    asked = {name: value for name, value in values.items() if value is not None and value is not False}
    return {name.replace("_", "-"): value for name, value in asked.items()}


def _engines(options: Meshing, *, robust: bool) -> tuple[str, ...]:
    """Return the engines in the order to try them."""
    if options.kernel == "auto" and options.circle_segments is not None:
        return (HYBRID,)  # OpenCASCADE does not count segments
    if options.kernel == "auto" and options.unify_shapes:
        return (OPENCASCADE,)
    if options.kernel == "auto":
        return (OPENCASCADE, HYBRID) if robust else (HYBRID, OPENCASCADE)
    return (options.kernel,)
