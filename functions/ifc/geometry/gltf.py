"""Writing glTF 2.0 in its binary form (GLB): a scene is streamed to disk, mesh by mesh.

Source: the glTF 2.0 specification of the Khronos Group. Units are metres, y is up: a point (x, y, z) of
the model becomes (x, z, -y), exactly. A scene far from its origin (map coordinates, say) hangs under a
root node that holds the offset, and a mesh far from its own origin is moved there, so that no number
that ends up as float32 is large. Base colours are the model's numbers, unchanged, as IfcConvert writes
them.

A quantised scene (KHR_mesh_quantization) has positions of 16 bits and normals of 8 bits a coordinate, which
takes half the space: the step between positions is the 65535th part of a mesh's longest side, and its node
scales it. A mesh that is so long that the step would be over QUANTUM_M keeps its floats.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.core.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path
    from typing import BinaryIO

    from numpy.typing import NDArray

    from functions.ifc.geometry.mesh import Floats, Material, Mesh

TO_Y_UP = np.array([[1.0, 0, 0, 0], [0, 0, 1.0, 0], [0, -1.0, 0, 0], [0, 0, 0, 1.0]])
ZERO = np.zeros(3)
UNTURNED = np.eye(3)
FAR_M = 1000.0  # float32 has steps of 0.06 mm there
COPIED = 1 << 16
MAX_BYTES = 2**32 - 1
FLOAT, UINT32, UINT16, INT8 = 5126, 5125, 5123, 5120
QUANTA = 2**16 - 1
STRIDE = 12  # bytes a vertex: three floats, or a quantised position and normal, each padded to four
QUANTUM_M = 1e-3
QUANTISATION = "KHR_mesh_quantization"
QUANTISED = np.dtype([("position", np.uint16, 4), ("normal", np.int8, 4)])
ARRAY_BUFFER, ELEMENT_ARRAY_BUFFER = 34962, 34963
HEAD_BYTES = 20
ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)  # json.dumps makes one for each value
JSON_CHUNK, BIN_CHUNK = 0x4E4F534A, 0x004E4942


@dataclass(frozen=True, slots=True)
class Placed:
    """A node to write: its mesh and the mesh's scale, its placement with y up, and its name with what else is
    known about it.

    As bytes, which take a quarter of what arrays and dictionaries do: there is one for every element.
    """

    mesh: int
    scale: float
    placement: bytes
    label: bytes


@dataclass
class Scene:
    """A scene under construction. Vertices and indices wait in two files in `scratch`."""

    vertices: BinaryIO
    indices: BinaryIO
    offset: Floats = field(default_factory=lambda: np.zeros(3))
    normals: bool = True
    textured: bool = False
    shared: bool = True
    quantised: bool = False
    step: float = 0.0  # the largest one of all meshes, in metres
    triangles: int = 0
    points: int = 0
    low: Floats = field(default_factory=lambda: np.full(3, np.inf))
    high: Floats = field(default_factory=lambda: np.full(3, -np.inf))
    _accessors: list[bytes] = field(default_factory=list)
    _materials: dict[Material, int] = field(default_factory=dict)
    _meshes: list[bytes] = field(default_factory=list)
    _origins: list[Floats] = field(default_factory=list)
    _steps: list[float] = field(default_factory=list)
    _known: dict[bytes, int] = field(default_factory=dict)
    _bounds: list[Floats] = field(default_factory=list)
    _nodes: list[Placed] = field(default_factory=list)

    def add(self, mesh: Mesh, placement: Floats, *, name: str, extras: dict[str, str]) -> None:
        """Add a node; a mesh that is there already is used again. The placement is z up, in metres."""
        number = self._known.get(mesh.key) if self.shared else None
        if number is None:
            number = self._known[mesh.key] = self._write(mesh)
        turned = TO_Y_UP @ placement @ TO_Y_UP.T
        turned[:3, 3] += turned[:3, :3] @ self._origins[number]
        label = _text({"name": name, "extras": extras})
        self._nodes.append(Placed(number, self._steps[number], turned.tobytes(), label))
        self._grow(self._bounds[number], turned)
        self.triangles += sum(len(triangles) for _, triangles in mesh.parts)

    @property
    def meshes(self) -> int:
        """How many different meshes there are."""
        return len(self._meshes)

    @property
    def materials(self) -> int:
        """How many different materials there are."""
        return len(self._materials)

    def centre(self) -> None:
        """Let the offset bring the middle of the scene to the origin."""
        self.offset = -TO_Y_UP[:3, :3].T @ ((self.low + self.high) / 2)

    def _grow(self, box: Floats, placement: Floats) -> None:
        """Take the corners of a placed mesh's box into the scene's."""
        middle, half = (box[0] + box[1]) / 2, (box[1] - box[0]) / 2
        centre = placement[:3, :3] @ middle + placement[:3, 3]
        reach = np.abs(placement[:3, :3]) @ half
        self.low = np.minimum(self.low, centre - reach)
        self.high = np.maximum(self.high, centre + reach)

    def _write(self, mesh: Mesh) -> int:
        """Write a mesh's vertices and triangles, and return its number."""
        points = mesh.points @ TO_Y_UP[:3, :3].T
        (a, b, c), (x, y, z) = mesh.bounds.tolist()
        low, high = np.array([[a, c, -y], [x, z, -b]]) + 0.0  # no negative zeros
        normals = None
        if self.normals and mesh.normals is not None:
            normals = unit(mesh.normals @ TO_Y_UP[:3, :3].T)
        step = float((high - low).max()) / QUANTA or 1.0
        if self.quantised and step <= QUANTUM_M:
            origin, box = low, np.round((np.stack([low, high]) - low) / step) * step
            self.step = max(self.step, step)
            attributes = self._quantise(np.round((points - origin) / step), normals)
        else:
            step = 1.0
            far = max(float(high.max()), -float(low.min())) > FAR_M
            origin = np.round((low + high) / 2) if far else ZERO
            positions = (points - origin).astype(np.float32)
            box = np.stack([low - origin, high - origin]).astype(np.float32).astype(float)
            attributes = {"POSITION": self._vector(positions, bounds=box)}
            if normals is not None:
                attributes["NORMAL"] = self._vector(normals)
        if self.textured and mesh.normals is not None:
            attributes["TEXCOORD_0"] = self._vector(project(mesh.points, mesh.normals).astype(np.float32))
        primitives = [
            {
                "attributes": attributes,
                "indices": self._scalar(triangles, len(points)),
                "material": self._materials.setdefault(material, len(self._materials)),
            }
            for material, triangles in mesh.parts
        ]
        self.points += len(points)
        self._meshes.append(_text({"primitives": primitives}))
        self._origins.append(origin)
        self._steps.append(step)
        self._bounds.append(box)
        return len(self._meshes) - 1

    def _vector(self, rows: NDArray[np.float32], *, bounds: Floats | None = None) -> int:
        """Write vectors, and return the number of their accessor; `bounds` are the lowest and the highest."""
        accessor = {
            "bufferView": 0,
            "byteOffset": self.vertices.tell(),
            "componentType": FLOAT,
            "count": len(rows),
            "type": f"VEC{rows.shape[1]}",
        }
        if bounds is not None:
            accessor |= {"min": bounds[0].tolist(), "max": bounds[1].tolist()}
        if rows.shape[1] * rows.itemsize < STRIDE:
            rows = np.pad(rows, ((0, 0), (0, STRIDE // rows.itemsize - rows.shape[1])))
        self.vertices.write(np.ascontiguousarray(rows).tobytes())
        self._accessors.append(_text(accessor))
        return len(self._accessors) - 1

    def _quantise(self, positions: Floats, normals: NDArray[np.float32] | None) -> dict[str, int]:
        """Write quantised vertices, positions and normals in turn, and return their accessors' numbers."""
        rows = np.zeros(len(positions), QUANTISED)
        rows["position"][:, :3] = positions
        place: dict[str, Any] = {"bufferView": 0, "count": len(rows), "type": "VEC3"}
        start, whole = self.vertices.tell(), rows["position"][:, :3]
        bounds = {"min": whole.min(axis=0).tolist(), "max": whole.max(axis=0).tolist()}
        kind = {"byteOffset": start, "componentType": UINT16}
        self._accessors.append(_text(place | kind | bounds))
        attributes = {"POSITION": len(self._accessors) - 1}
        if normals is not None:
            rows["normal"][:, :3] = np.round(normals * 127)
            kind = {"byteOffset": start + 8, "componentType": INT8, "normalized": True}
            self._accessors.append(_text(place | kind))
            attributes["NORMAL"] = len(self._accessors) - 1
        self.vertices.write(rows.tobytes())
        return attributes

    def _scalar(self, triangles: NDArray[np.uint32], vertices: int) -> int:
        """Write indices in as few bytes as their mesh allows, and return the number of their accessor."""
        short = vertices < 2**16 - 1
        accessor = {
            "bufferView": 1,
            "byteOffset": self.indices.tell(),
            "componentType": UINT16 if short else UINT32,
            "count": triangles.size,
            "type": "SCALAR",
        }
        self._accessors.append(_text(accessor))
        data = triangles.astype(np.uint16 if short else np.uint32).tobytes()
        self.indices.write(data + b"\0" * (-len(data) % 4))
        return len(self._accessors) - 1

    def save(self, path: Path, *, name: str) -> None:
        """Write the GLB. Raises a TooLargeError where its 32-bit lengths do not suffice."""
        sizes = (self.vertices.tell(), self.indices.tell())
        views = _views(*sizes) if sizes[0] else []
        with path.open("wb") as file:
            file.write(bytes(HEAD_BYTES))
            for piece in self._pieces(self._document(views, sum(sizes)), name):
                file.write(piece)
            file.write(b" " * (-file.tell() % 4))
            length = file.tell() - HEAD_BYTES
            if views:
                file.write(struct.pack("<II", sum(sizes), BIN_CHUNK))
                self._check(file.tell() + sum(sizes))
                for part in (self.vertices, self.indices):
                    part.seek(0)
                    while block := part.read(COPIED):
                        file.write(block)
            total = self._check(file.tell())
            file.seek(0)
            file.write(struct.pack("<4sIIII", b"glTF", 2, total, length, JSON_CHUNK))

    def _check(self, total: int) -> int:
        """Return a length that fits into 32 bits."""
        if total > MAX_BYTES:
            raise TooLargeError(f"the scene has {total} bytes, and a GLB can have {MAX_BYTES}")
        return total

    def _pieces(self, document: dict[str, Any], name: str) -> Iterator[bytes]:
        """Yield the JSON part, a node at a time: as a whole the nodes take more memory than the meshes."""
        yield _text(document)[:-1]
        yield from _list("nodes", self._tree(name))
        if self._meshes:
            yield from _list("meshes", self._meshes)
            yield from _list("accessors", self._accessors)
        yield b"}"

    def _document(self, views: list[dict[str, Any]], size: int) -> dict[str, Any]:
        """Return the JSON part without what there is much of."""
        document: dict[str, Any] = {
            "asset": {"version": "2.0", "generator": "ifcpipe"},
            "scene": 0,
            "scenes": [{"nodes": [0]}],
        }
        if views and self.step:
            document |= {"extensionsUsed": [QUANTISATION], "extensionsRequired": [QUANTISATION]}
        if views:
            document |= {
                "materials": [_material(material) for material in self._materials],
                "bufferViews": views,
                "buffers": [{"byteLength": size}],
            }
        return document

    def _tree(self, name: str) -> Iterator[bytes]:
        """Yield the root node and one node an element, both as far from zero as they need be."""
        far = bool(self._nodes) and float(np.abs([self.low, self.high]).max()) > FAR_M
        origin = np.round((self.low + self.high) / 2) if far else np.zeros(3)
        root: dict[str, Any] = {"name": name}
        lift = origin + TO_Y_UP[:3, :3] @ self.offset
        if lift.any():
            root["translation"] = (lift + 0.0).tolist()
        if self._nodes:
            root["children"] = list(range(1, len(self._nodes) + 1))
        yield _text(root)
        for placed in self._nodes:
            yield _node(placed, origin)


def _text(value: dict[str, Any]) -> bytes:
    """Return JSON."""
    return ENCODER.encode(value).encode()


def _list(name: str, items: Iterable[bytes]) -> Iterator[bytes]:
    """Yield a list of JSON texts, as a further member of an object."""
    yield b',"%b":' % name.encode()
    for place, item in enumerate(items):
        yield (b"," if place else b"[") + item
    yield b"]"


def unit(rows: Floats) -> NDArray[np.float32]:
    """Return rows of length 1; a row without a direction points up."""
    lengths = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    lost = ~(lengths > 1e-12)  # noqa: PLR2004 - also true for NaN
    if lost.any():
        rows, lengths = rows.copy(), lengths.copy()
        rows[lost], lengths[lost] = (0.0, 1.0, 0.0), 1.0
    scaled: NDArray[np.float32] = (rows / lengths[:, None]).astype(np.float32)
    return scaled


def project(points: Floats, normals: Floats) -> Floats:
    """Return texture coordinates in metres: each vertex seen along the axis its normal is nearest to."""
    axis = np.abs(normals).argmax(axis=1)
    first = np.choose(axis, [points[:, 1], points[:, 0], points[:, 0]])
    second = np.choose(axis, [points[:, 2], points[:, 2], points[:, 1]])
    return np.stack([first, second], axis=1)


def _views(vertices: int, indices: int) -> list[dict[str, Any]]:
    """Return the two views into the buffer: all vertices, then all indices."""
    first = {"byteOffset": 0, "byteLength": vertices, "byteStride": STRIDE, "target": ARRAY_BUFFER}
    second = {"byteOffset": vertices, "byteLength": indices, "target": ELEMENT_ARRAY_BUFFER}
    return [{"buffer": 0, **first}, {"buffer": 0, **second}]


def _node(placed: Placed, origin: Floats) -> bytes:
    """Return one element's node; most are only moved."""
    place: dict[str, Any] = {}
    matrix = np.frombuffer(placed.placement).reshape(4, 4).copy()
    matrix[:3, 3] -= origin
    matrix += 0.0  # no negative zeros
    if (matrix[:3, :3] != UNTURNED).any():
        matrix[:3, :3] *= placed.scale
        place["matrix"] = matrix.T.ravel().tolist()
    else:
        if placed.scale != 1:
            place["scale"] = [placed.scale] * 3
        if matrix[:3, 3].any():
            place["translation"] = matrix[:3, 3].tolist()
    parts = [b'{"mesh":%d' % placed.mesh, placed.label[1:-1], *([_text(place)[1:-1]] if place else [])]
    return b",".join(parts) + b"}"


def _material(material: Material) -> dict[str, Any]:
    """Return a matt material; both sides count, because models have open surfaces."""
    written: dict[str, Any] = {
        "name": material.name,
        "pbrMetallicRoughness": {
            "baseColorFactor": list(material.rgba),
            "metallicFactor": 0.0,
            "roughnessFactor": 1.0,
        },
        "doubleSided": True,
    }
    if material.rgba[3] < 1:
        written["alphaMode"] = "BLEND"
    return written
