"""Meshes: triangles of one material each, as the geometry stream yields them and writers take them."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from functions.ifc.reader import clean
from functions.ifc.step.rows import distinct

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Indices = NDArray[np.uint32]

GREY = (0.7, 0.7, 0.7, 1.0)  # IfcOpenShell's own default, for what has no style at all


@dataclass(frozen=True)
class Material:
    """A surface style: its name, and red, green, blue and opacity from 0 to 1, as the model gives them."""

    name: str
    rgba: tuple[float, float, float, float]

    @cached_property
    def text(self) -> bytes:
        """All that it is."""
        return repr(self).encode("utf-8", "replace")


@dataclass(frozen=True, eq=False)
class Mesh:
    """A shape in its own coordinates: metres, z up.

    `points` and `normals` have one row a vertex; `parts` one (k, 3) array of vertex numbers a material.
    `key` is equal for equal content.
    """

    points: Floats
    normals: Floats | None
    parts: tuple[tuple[Material, Indices], ...]
    key: bytes

    @classmethod
    def of(cls, triangulation: Any) -> Self | None:  # noqa: ANN401 - a SWIG class
        """Read a triangulation of IfcOpenShell; None when it has no triangle."""
        triangles = np.frombuffer(triangulation.faces_buffer, np.int32).astype(np.uint32).reshape(-1, 3)
        if not len(triangles):
            return None
        points = np.frombuffer(triangulation.verts_buffer).reshape(-1, 3).copy()
        normals = np.frombuffer(triangulation.normals_buffer).reshape(-1, 3).copy()
        owners = np.frombuffer(triangulation.material_ids_buffer, np.int32)
        parts = tuple(_parts(read_materials(triangulation), owners, triangles))
        whole = normals if len(normals) == len(points) else None
        return cls.make(points, whole, parts)

    @classmethod
    def make(
        cls, points: Floats, normals: Floats | None, parts: tuple[tuple[Material, Indices], ...]
    ) -> Self:
        """Return a mesh with its key."""
        return cls(points=points, normals=normals, parts=parts, key=_key(points, normals, parts))

    def turn(self) -> Mesh:
        """Return the same surface with its other side out, and the normals there."""
        rows = np.concatenate([triangles for _, triangles in self.parts])
        a, b, c = np.moveaxis(self.points[rows], 1, 0)
        normals = self.normals
        if normals is not None and np.einsum("ij,ij->", np.cross(b - a, c - a), normals[rows[:, 0]]) > 0:
            normals = -normals
        parts = tuple((material, triangles[:, ::-1].copy()) for material, triangles in self.parts)
        return Mesh.make(self.points, normals, parts)

    @cached_property
    def volume(self) -> float:
        """The volume, negative where the inside is out; of an open surface, as if seen from its middle."""
        rows = np.concatenate([triangles for _, triangles in self.parts])
        a, b, c = np.moveaxis(self.points[rows] - self.points.mean(axis=0), 1, 0)
        return float(np.einsum("ij,ij->", a, np.cross(b, c))) / 6

    def facet(self) -> Mesh:
        """Return the same triangles, each with corners of its own and the normal of its plane."""
        triangles = np.concatenate([part for _, part in self.parts])
        points = self.points[triangles].reshape(-1, 3)
        corners = points.reshape(-1, 3, 3)
        planes = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(planes, axis=1, keepdims=True)
        normals = np.repeat(planes / np.where(lengths > 0, lengths, 1.0), 3, axis=0)
        numbers = np.arange(len(points), dtype=np.uint32).reshape(-1, 3)
        ends = np.cumsum([len(part) for _, part in self.parts])[:-1]
        names = [material for material, _ in self.parts]
        parts = tuple(zip(names, np.split(numbers, ends), strict=True))
        return Mesh.make(points, normals, parts)

    def paint(self, material: Material) -> Mesh:
        """Return the same triangles in one material."""
        key = hashlib.blake2b(self.key + material.text, digest_size=16).digest()
        triangles = np.concatenate([part for _, part in self.parts])
        return Mesh(self.points, self.normals, ((material, triangles),), key)

    @cached_property
    def bounds(self) -> Floats:
        """The lowest and the highest corner, as two rows."""
        return np.array([self.points.min(axis=0), self.points.max(axis=0)])

    @cached_property
    def reach(self) -> float:
        """The largest coordinate, whatever its sign."""
        return float(np.abs(self.bounds).max())


def read_materials(triangulation: Any) -> list[Material]:  # noqa: ANN401 - a SWIG class
    """Return the materials of a triangulation in the order that its material ids count them."""
    colours = np.frombuffer(triangulation.colors_buffer).reshape(-1, 4)
    styles = triangulation.materials
    return [
        Material(clean(style.name), _rgba(colours[index]) if index < len(colours) else GREY)
        for index, style in enumerate(styles)
    ]


def _rgba(row: Floats) -> tuple[float, float, float, float]:
    """Return a colour inside 0 to 1; a channel that is no number is opaque white's."""
    red, green, blue, alpha = (float(value) for value in np.clip(np.nan_to_num(row, nan=1.0), 0.0, 1.0))
    return red, green, blue, alpha


def _parts(
    materials: list[Material], owners: NDArray[np.int32], triangles: Indices
) -> Iterator[tuple[Material, Indices]]:
    """Yield each material with its triangles; a triangle without a material is grey."""
    if len(owners) != len(triangles):
        owners = np.full(len(triangles), 0 if materials else -1, np.int32)
    alone = bool((owners == owners[0]).all())
    for number in [int(owners[0])] if alone else distinct(owners).tolist():
        known = 0 <= number < len(materials)
        material = materials[number] if known else Material("none", GREY)
        yield material, triangles if alone else triangles[owners == number]


def _key(points: Floats, normals: Floats | None, parts: tuple[tuple[Material, Indices], ...]) -> bytes:
    """Return a digest of everything that makes two meshes the same."""
    digest = hashlib.blake2b(points.tobytes(), digest_size=16)
    if normals is not None:
        digest.update(normals.tobytes())
    for material, triangles in parts:
        digest.update(material.text)
        digest.update(triangles.tobytes())
    return digest.digest()
