"""Meshes that wait on the disk until all of a model is known: its extent, and which meshes are shared."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Protocol

import ifcopenshell
import numpy as np

from functions.ifc.formats.meshes import Labelled, Meshing
from functions.ifc.geometry.gltf import FAR_M
from functions.ifc.geometry.mesh import Material, Mesh

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats


class Moving(Protocol):
    """The options that move the whole model."""

    @property
    def center_model(self) -> bool:
        """Put the middle of the model at the origin."""

    @property
    def model_offset(self) -> tuple[float, float, float] | None:
        """Move it by so many metres."""


class Scenic(Meshing, Moving, Protocol):
    """The options of formats that hold a scene as text."""

    @property
    def y_up(self) -> bool | None:
        """Let y be up."""

    @property
    def convert_back_units(self) -> bool:
        """Write in the model's own unit of length."""

    @property
    def digits(self) -> int | None:
        """Significant digits of coordinates."""

    @property
    def generate_uvs(self) -> bool:
        """Write texture coordinates."""


@dataclass(frozen=True, slots=True)
class Node:
    """An element: the number of its mesh, its placement, its name, what else is known, its instance."""

    mesh: int
    placement: Floats
    name: str
    extras: dict[str, str]
    element: ifcopenshell.entity_instance


@dataclass(frozen=True, slots=True)
class _Kept:
    """Where a mesh waits, and how to read it: vertices, whether there are normals, triangles a material."""

    start: int
    points: int
    normals: bool
    parts: tuple[tuple[Material, int], ...]
    key: bytes


@dataclass
class Spool:
    """Meshes in a file, each once, and the elements that use them in memory."""

    file: BinaryIO
    nodes: list[Node] = field(default_factory=list)
    materials: dict[Material, int] = field(default_factory=dict)
    low: Floats = field(default_factory=lambda: np.full(3, np.inf))
    high: Floats = field(default_factory=lambda: np.full(3, -np.inf))
    triangles: int = 0
    _kept: list[_Kept] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)
    _bounds: list[Floats] = field(default_factory=list)

    def add(self, made: Labelled) -> None:
        """Take an element in; a mesh that is there already is used again."""
        number = self._known.get(made.mesh.key)
        if number is None:
            number = self._known[made.mesh.key] = self._keep(made.mesh)
        self.nodes.append(Node(number, made.placement, made.name, made.extras, made.element))
        self.triangles += sum(len(triangles) for _, triangles in made.mesh.parts)
        box, matrix = self._bounds[number], made.placement
        centre = matrix[:3, :3] @ ((box[0] + box[1]) / 2) + matrix[:3, 3]
        reach = np.abs(matrix[:3, :3]) @ ((box[1] - box[0]) / 2)
        self.low = np.minimum(self.low, centre - reach)
        self.high = np.maximum(self.high, centre + reach)

    def __len__(self) -> int:
        """How many different meshes there are."""
        return len(self._kept)

    def __iter__(self) -> Iterator[Mesh]:
        """Yield the meshes, the first one first."""
        return (self.mesh(number) for number in range(len(self._kept)))

    def mesh(self, number: int) -> Mesh:
        """Read a mesh back."""
        kept = self._kept[number]
        self.file.seek(kept.start)
        points = self._read(kept.points, np.float64)
        normals = self._read(kept.points, np.float64) if kept.normals else None
        parts = tuple((material, self._read(count, np.uint32)) for material, count in kept.parts)
        return Mesh(points, normals, parts, kept.key)

    def used(self, number: int) -> Iterator[Material]:
        """Yield the materials of a mesh."""
        return (material for material, _ in self._kept[number].parts)

    def shift(self, moving: Moving) -> Floats:
        """Return how far the options move the whole model."""
        centred = moving.center_model and bool(self.nodes)
        offset: Floats = -(self.low + self.high) / 2 if centred else np.zeros(3)
        offset = offset + np.array(moving.model_offset or (0.0, 0.0, 0.0))
        return offset

    def origin(self, shift: Floats) -> Floats:
        """Return a round point near to the middle where the moved model is far from zero, else zero."""
        box = np.array([self.low, self.high]) + shift
        if not self.nodes or np.abs(box).max() <= FAR_M:
            return np.zeros(3)
        middle: Floats = np.round(box.mean(axis=0)) + 0.0
        return middle

    def _keep(self, mesh: Mesh) -> int:
        """Write a mesh, and return its number."""
        start = self.file.seek(0, 2)
        arrays = [mesh.points, *([] if mesh.normals is None else [mesh.normals])]
        for array in (*arrays, *(triangles for _, triangles in mesh.parts)):
            self.file.write(np.ascontiguousarray(array).tobytes())
        for material, _ in mesh.parts:
            self.materials.setdefault(material, len(self.materials))
        parts = tuple((material, len(triangles)) for material, triangles in mesh.parts)
        self._kept.append(_Kept(start, len(mesh.points), mesh.normals is not None, parts, mesh.key))
        self._bounds.append(mesh.bounds)
        return len(self._kept) - 1

    def _read(self, rows: int, kind: type[np.float64] | type[np.uint32]) -> Any:  # noqa: ANN401
        """Read rows of three numbers of that kind."""
        size = rows * 3 * np.dtype(kind).itemsize
        return np.frombuffer(self.file.read(size), kind).reshape(-1, 3)
