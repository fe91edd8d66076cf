"""Turtle: elements as GeoSPARQL features with their shapes in WKT, as IfcConvert writes them.

    base:3zzHBUUpPVa8byFKUIMugR a geo:Feature , ifc:IfcSlab ;
        dcterms:identifier "3zzHBUUpPVa8byFKUIMugR" ;
        rdfs:label "Slab 0" ;
        geo:sfWithin base:3WeL0EEizGmeYu40Aa772r ;
        geo:hasGeometry base:3zzHBUUpPVa8byFKUIMugR_geometry ,
            base:3zzHBUUpPVa8byFKUIMugR_footprint_geometry .

The geometry is a polyhedral surface in global coordinates, in metres; the footprint is its lowest level
face. On top of IfcConvert's triples an element has its class in ifcOWL and its storey. Where IfcConvert's
text is no Turtle or no WKT this one is: `$` in GlobalIds is escaped, rings are closed, and no two elements
share a name.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from functions.core import Files
from functions.ifc.formats.meshes import Labelled, Meshes, Meshing
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.gate import UNSHAPED
from functions.ifc.geometry.mesh import Mesh
from functions.ifc.geometry.sections import Solid
from functions.ifc.reader import Reader, clean
from functions.ifc.spatial import Tree

UNREAD = UNSHAPED
Corner = Sequence[float]
ONTOLOGIES = {
    "IFC2X3": "https://standards.buildingsmart.org/IFC/DEV/IFC2x3/TC1/OWL#",
    "IFC4": "https://standards.buildingsmart.org/IFC/DEV/IFC4/ADD2_TC1/OWL#",
    "IFC4X3": "https://standards.buildingsmart.org/IFC/DEV/IFC4_3/OWL#",
}
PREFIXES = {
    "geo": "http://www.opengis.net/ont/geosparql#",
    "base": "http://example.org/",
    "dcterms": "http://purl.org/dc/terms/",
    "rdfs": "http://www.w3.org/2000/01/rdf-schema#",
}
DIGITS = 6  # a micrometre
_UNSAFE = re.compile(r"[^A-Za-z0-9_]")
_SPECIAL = re.compile(r'["\\\n\r\t]')
_ESCAPES = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def write(options: Meshing, source: Source, target: Path, files: Files) -> Statistics:
    """Write the features and say how many triples there are."""
    meshes = Meshes(options, source, files)
    graph = Graph(source.reader)
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        stream.write(graph.head())
        for made in meshes:
            stream.write(graph.feature(made))
        stream.writelines(graph.storeys())
    return meshes.statistics | {"features": graph.features, "triples": graph.triples}


@dataclass
class Graph:
    """What has been written of a model."""

    reader: Reader
    features: int = 0
    triples: int = 0
    _names: Counter[str] = field(default_factory=Counter)
    _storeys: dict[int, str] = field(default_factory=dict)
    _surfaces: dict[bytes, tuple[Solid, list[list[list[int]]]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the tree of the model, and name its storeys."""
        self._tree = Tree.of(self.reader)
        for storey in self.reader.all("IfcBuildingStorey"):
            self._storeys[storey.id()] = self._name(self.reader.text(storey, "GlobalId") or f"#{storey.id()}")

    def head(self) -> str:
        """Return the prefixes."""
        prefixes = PREFIXES | {"ifc": ONTOLOGIES.get(self.reader.model.schema, ONTOLOGIES["IFC4"])}
        return "".join(f"@prefix {name}: <{iri}> .\n" for name, iri in prefixes.items()) + "\n"

    def feature(self, made: Labelled) -> str:
        """Return the triples of an element."""
        name = self._name(made.name)
        solid, loops = self._surface(made.mesh)
        points = (solid.points @ made.placement[:3, :3].T + made.placement[:3, 3]).tolist()
        polygons = [[[points[number] for number in loop] for loop in face] for face in loops]
        shapes = {f"{name}_geometry": f"POLYHEDRALSURFACE Z({','.join(map(_solid, polygons))})"}
        lowest = _lowest(polygons)
        if lowest is not None:
            shapes[f"{name}_footprint_geometry"] = f"POLYGON {_flat(lowest)}"
        storey = self._tree.storey(made.element)
        said = [
            ("dcterms:identifier", _literal(made.extras["GlobalId"])),
            ("rdfs:label", _literal(made.extras["name"])),
            *([("geo:sfWithin", self._storeys[storey.id()])] if storey is not None else []),
            ("geo:hasGeometry", " , ".join(shapes)),
        ]
        self.triples += len(shapes) - 1
        text = self._subject(name, ["geo:Feature", f"ifc:{made.extras['class']}"], said)
        for geometry, wkt in shapes.items():
            text += self._subject(geometry, ["geo:Geometry"], [("geo:asWKT", f'"{wkt}"^^geo:wktLiteral')])
        self.features += 1
        return text

    def _surface(self, mesh: Mesh) -> tuple[Solid, list[list[list[int]]]]:
        """Return the polygons of a mesh, worked out once for all that share it."""
        if mesh.key not in self._surfaces:
            solid = Solid.of(mesh)
            self._surfaces[mesh.key] = solid, solid.polygons()
        return self._surfaces[mesh.key]

    def storeys(self) -> Iterator[str]:
        """Yield the triples of the storeys."""
        for number, name in self._storeys.items():
            storey = self.reader.model.by_id(number)
            said = [
                ("dcterms:identifier", _literal(self.reader.text(storey, "GlobalId") or "")),
                ("rdfs:label", _literal(self.reader.text(storey, "Name") or "")),
            ]
            self.features += 1
            yield self._subject(name, ["geo:Feature", "ifc:IfcBuildingStorey"], said)

    def _name(self, text: str) -> str:
        """Return a name as no other thing has it."""
        name = _UNSAFE.sub(_escape_name, text) or "_"
        self._names[name] += 1
        return f"base:{name}" if self._names[name] == 1 else f"base:{name}__{self._names[name]}"

    def _subject(self, name: str, classes: Sequence[str], said: Sequence[tuple[str, str]]) -> str:
        self.triples += len(classes) + len(said)
        lines = [f"a {' , '.join(classes)}", *(f"{verb} {value}" for verb, value in said)]
        return f"{name} " + " ;\n    ".join(lines) + " .\n\n"


def _escape_name(found: re.Match[str]) -> str:
    """Return a character as it may stand in a local name (PN_LOCAL_ESC and PERCENT of Turtle)."""
    if found[0] == "$":
        return "\\$"
    return "".join(f"%{byte:02X}" for byte in clean(found[0]).encode("utf-8"))


def _literal(text: str) -> str:
    return '"' + _SPECIAL.sub(lambda found: _ESCAPES[found[0]], clean(text)) + '"'


def _solid(loops: Iterable[Sequence[Corner]]) -> str:
    return f"({','.join(_ring(loop) for loop in loops)})"


def _flat(loops: Iterable[Sequence[Corner]]) -> str:
    return f"({', '.join(_ring([corner[:2] for corner in loop]) for loop in loops)})"


def _ring(loop: Sequence[Sequence[float]]) -> str:
    """Return a closed ring."""
    return "(" + ", ".join(" ".join(map(_number, corner)) for corner in (*loop, loop[0])) + ")"


def _lowest(polygons: Sequence[Sequence[Sequence[Corner]]]) -> Sequence[Sequence[Corner]] | None:
    """Return the lowest level face; None when no face is level."""
    level = []
    for place, loops in enumerate(polygons):
        heights = [corner[2] for corner in loops[0]]
        if max(heights) - min(heights) < 10**-DIGITS:
            level.append((round(heights[0], DIGITS), place))
    return polygons[min(level)[1]] if level else None


def _number(value: float) -> str:
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
