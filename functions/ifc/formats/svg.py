"""SVG: floor plans, sections and elevations, as vectors to a scale.

    <svg>
        <g class="plan" data-name="Ground floor" data-guid="..." data-scale="1:100" data-matrix="...">
            <title>Ground floor</title>
            <g class="IfcWall" id="..." data-class data-guid data-name>
                <title/> <path class="view"/> <path class="cut"/> <path class="line"/>
            <path class="arc"/> <text class="space"/> <g class="storey-height"/>

Drawings stand side by side, each on a sheet of its own; `data-matrix` takes metres in its plane (u, v) to
the units of the document. These are millimetres on paper, unless `bounds` come without a `scale`: then they
are pixels. What is nearer to the eye is painted over what is behind it, element by element, so lines that
are hidden are not seen. All text is escaped, and there are no scripts, links or styles out of the model.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TextIO

from shapely.geometry import LineString, MultiPolygon

from functions.core import Files
from functions.ifc.formats.doors import Arc, Doors, radius
from functions.ifc.formats.drawings import Drawing, Model, Storey, View, Views, extent
from functions.ifc.formats.markup import attributes, escape
from functions.ifc.formats.meshes import Meshes, Meshing
from functions.ifc.formats.source import Source, Statistics
from functions.ifc.gate import UNSHAPED
from functions.ifc.geometry.sections import Face, Point

UNREAD = UNSHAPED
DEFAULT_SCALE = 100.0
MARGIN = 10.0
DIGITS = 3
STRAIGHT_M = 1e-5
LETTER = 2.5
LABEL_STEP = 1.3
MM, PX = "mm", "px"
CSS = (
    "path{stroke:#000;stroke-linejoin:round;stroke-linecap:round}"
    ".view{fill:#fff;stroke-width:.13}"
    ".cut{fill:#c8c8c8;stroke-width:.35;fill-rule:evenodd}"
    ".IfcWindow>.cut,.IfcDoor>.cut{fill:#fff;stroke-width:.18}"
    ".line{fill:none;stroke-width:.35}"
    ".room>.cut{fill:none;stroke:#888;stroke-width:.13;stroke-dasharray:1 1}"
    ".arc{fill:none;stroke-width:.13}"
    ".storey-height path{stroke:#888;stroke-width:.13;stroke-dasharray:4 1 .5 1}"
    "text{font-family:sans-serif;fill:#000;stroke:none}"
    ".space,.name{text-anchor:middle}"
)
NAMESPACES = ' xmlns="http://www.w3.org/2000/svg"'
OWN_NAMESPACE = ' xmlns:ifc="http://www.ifcopenshell.org/ns"'


class Options(Meshing, Views, Protocol):
    """What an SVG can be asked for."""

    @property
    def scale(self) -> str | None: ...  # noqa: D102
    @property
    def bounds(self) -> str | None: ...  # noqa: D102
    @property
    def center(self) -> str | None: ...  # noqa: D102
    @property
    def door_arcs(self) -> bool: ...  # noqa: D102
    @property
    def print_space_names(self) -> bool: ...  # noqa: D102
    @property
    def print_space_areas(self) -> bool: ...  # noqa: D102
    @property
    def draw_storey_heights(self) -> str | None: ...  # noqa: D102
    @property
    def svg_xmlns(self) -> bool: ...  # noqa: D102
    @property
    def svg_no_css(self) -> bool: ...  # noqa: D102


def write(options: Options, source: Source, target: Path, files: Files) -> Statistics:
    """Write the drawings and say what is in them."""
    model = Model(source.reader)
    meshes = Meshes(options, source, files)
    for made in meshes:
        model.add(made)
    drawings = model.drawings(options)
    pages = []
    for number, drawing in enumerate(drawings):
        pages.append((drawing, model.look(drawing, project=options.svg_project)))
        files.progress("draw", number + 1, len(drawings))
    layout = Layout.of(options, [extent(views) for _, views in pages])
    with target.open("w", encoding="utf-8", newline="\n") as stream:
        page = Pages(options, layout, Doors(source.reader), stream)
        page.write(source.name, pages, list(model.storeys.values()))
    if page.doors.silent:
        files.warn(f"{len(page.doors.silent)} doors do not say how they swing and have no arc")
    return meshes.statistics | {"drawings": len(pages)} | dict(sorted(page.counts.items()))


@dataclass(frozen=True)
class Layout:
    """Units of the document per metre, the sizes of the sheets, and where u = v = 0 lies on each."""

    unit: str
    factor: float
    widths: tuple[float, ...]
    height: float
    origins: tuple[Point, ...]
    scale: str

    @classmethod
    def of(cls, options: Options, extents: list[tuple[float, float, float, float] | None]) -> Layout:
        """Lay the drawings out: to scale, or as large as the bounds allow."""
        told, bounds = _numbers(options.scale), _numbers(options.bounds)
        middle = _numbers(options.center) or (0.5, 0.5)
        boxes = [box or (0.0, 0.0, 0.0, 0.0) for box in extents]
        wide = max([0.001, *(box[2] - box[0] for box in boxes)])
        high = max([0.001, *(box[3] - box[1] for box in boxes)])
        if bounds and not told:
            inner = [max(size - 2 * MARGIN, size / 2) for size in bounds]
            unit, factor, name = PX, min(inner[0] / wide, inner[1] / high), ""
        else:
            denominator = told[1] / told[0] if told else DEFAULT_SCALE
            unit, factor, name = MM, 1000.0 / denominator, f"1:{_number(denominator)}"
        widths = [bounds[0] if bounds else (box[2] - box[0]) * factor + 2 * MARGIN for box in boxes]
        height = bounds[1] if bounds else high * factor + 2 * MARGIN
        origins = tuple(
            (
                width / 2 - (box[0] + (box[2] - box[0]) * middle[0]) * factor,
                height / 2 + (box[3] - (box[3] - box[1]) * middle[1]) * factor,
            )
            for box, width in zip(boxes, widths, strict=True)
        )
        return cls(unit, factor, tuple(widths), height, origins, name)

    def place(self, point: Point, number: int) -> Point:
        """Return where a point lies on a sheet."""
        u, v = self.origins[number]
        return u + point[0] * self.factor, v - point[1] * self.factor


@dataclass
class Pages:
    """Writes the sheets."""

    options: Options
    layout: Layout
    doors: Doors
    stream: TextIO
    counts: Counter[str] = field(default_factory=Counter)
    _names: Counter[str] = field(default_factory=Counter)
    _number: int = 0

    def write(self, name: str, pages: list[tuple[Drawing, list[View]]], storeys: list[Storey]) -> None:
        """Write the document."""
        self.counts.update({"groups": 0, "labels": 0, "arcs": 0})
        layout, stream = self.layout, self.stream
        width, height = _number(sum(layout.widths)), _number(layout.height)
        unit = "" if layout.unit == PX else layout.unit
        more = OWN_NAMESPACE if self.options.svg_xmlns else ""
        stream.write('<?xml version="1.0" encoding="utf-8"?>\n')
        stream.write(f'<svg{NAMESPACES}{more} version="1.1" width="{width}{unit}" height="{height}{unit}"')
        stream.write(f' viewBox="0 0 {width} {height}">\n<title>{escape(name)}</title>\n')
        if not self.options.svg_no_css:
            stream.write(f"<style>{CSS}</style>\n")
        stream.write("<defs>")
        for number, wide in enumerate(layout.widths):
            sheet = f'<rect width="{_number(wide)}" height="{height}"/>'
            stream.write(f'<clipPath id="sheet{number}">{sheet}</clipPath>')
        stream.write("</defs>\n")
        for number, (drawing, views) in enumerate(pages):
            self._number = number
            stream.write(self._open(drawing))
            stream.writelines(self._draw(drawing, views, storeys))
            stream.write("</g>\n")
        stream.write("</svg>\n")

    def _open(self, drawing: Drawing) -> str:
        number, layout = self._number, self.layout
        u, v = layout.origins[number]
        left = sum(layout.widths[:number])
        said = {"name": drawing.name, "guid": drawing.guid}
        found = {
            "class": drawing.kind + (" IfcBuildingStorey" if drawing.storey else ""),
            **self._tell({name: text for name, text in said.items() if text}),
            **({"data-scale": layout.scale} if layout.scale else {}),
            "data-matrix": " ".join(map(_number, (layout.factor, 0, 0, -layout.factor, left + u, v))),
            "transform": f"translate({_number(left)} 0)",
            "clip-path": f"url(#sheet{number})",
        }
        if drawing.kind == "plan":
            found["data-height"] = _number(drawing.plane.origin[2])
        return f"<g{attributes(found)}>\n<title>{escape(drawing.name)}</title>\n"

    def _draw(self, drawing: Drawing, views: list[View], storeys: list[Storey]) -> Iterator[str]:
        """Yield the elements, then what is written on them."""
        for view in views:
            yield self._element(view)
        for view in views if drawing.kind == "plan" else ():
            kind = view.body.kind
            if self.options.door_arcs and kind.startswith("IfcDoor") and _stands_on(drawing, view):
                yield from map(self._arc, self.doors.arcs(view.body, drawing.plane))
            if kind == "IfcSpace" and view.cut is not None:
                yield from self._label(view, view.cut.areas)
        if self.options.draw_storey_heights in {"full", "left"} and drawing.kind != "plan":
            box = extent(views)
            yield from (self._level(storey, drawing, box) for storey in storeys if box)

    def _element(self, view: View) -> str:
        """Return an element's group."""
        self.counts["groups"] += 1
        made = view.body.made
        self._names[made.name] += 1
        again = self._names[made.name]
        said = {key: made.extras[label] for key, label in (("guid", "GlobalId"), ("name", "name"))}
        found = {
            "class": made.extras["class"] + (" room" if view.body.is_room else ""),
            "id": made.name if again == 1 else f"{made.name}-{again}",
            "data-class": made.extras["class"],
            **self._tell(said),
        }
        paths = [f'<path class="view" d="{self._loops(face.loops)}"/>' for face in _far_first(view)]
        if view.cut is not None:
            areas = view.cut.areas.simplify(STRAIGHT_M)
            if not areas.is_empty:
                paths.append(f'<path class="cut" d="{self._areas(areas)}"/>')
            paths += [f'<path class="line" d="{self._line(line)}"/>' for line in view.cut.lines]
        title = escape(made.extras["name"] or made.extras["class"])
        return f"<g{attributes(found)}><title>{title}</title>{''.join(paths)}</g>\n"

    def _tell(self, said: dict[str, str]) -> dict[str, str]:
        prefix = "ifc:" if self.options.svg_xmlns else "data-"
        return {prefix + key: text for key, text in said.items()}

    def _areas(self, areas: MultiPolygon) -> str:
        parts = getattr(areas, "geoms", [areas])
        rings = [ring for part in parts for ring in (part.exterior, *part.interiors)]
        return self._loops([list(ring.coords)[:-1] for ring in rings])

    def _loops(self, loops: Iterable[Iterable[Point]]) -> str:
        return "".join(self._points(loop) + "Z" for loop in loops)

    def _line(self, line: LineString) -> str:
        return self._points(line.coords)

    def _points(self, points: Iterable[Point]) -> str:
        texts = [self._point(point) for point in points]
        return "M" + "L".join(
            text for place, text in enumerate(texts) if not place or text != texts[place - 1]
        )

    def _point(self, point: Point) -> str:
        x, y = self.layout.place(point, self._number)
        return f"{_number(x)} {_number(y)}"

    def _arc(self, arc: Arc) -> str:
        self.counts["arcs"] += 1
        hinge, opened, closed = (
            self.layout.place(p, self._number) for p in (arc.hinge, arc.opened, arc.closed)
        )
        one = (opened[0] - hinge[0], opened[1] - hinge[1])
        other = (closed[0] - hinge[0], closed[1] - hinge[1])
        sweep = int(one[0] * other[1] - one[1] * other[0] > 0)
        size = _number(radius(arc) * self.layout.factor)
        path = f"M{self._point(arc.hinge)}L{self._point(arc.opened)}"
        path += f"A{size} {size} 0 0 {sweep} {self._point(arc.closed)}"
        return f'<path class="arc" d="{path}"/>\n'

    def _label(self, view: View, areas: MultiPolygon) -> Iterator[str]:
        """Yield what is written into a space: number, name, area."""
        element, reader = view.body.made.element, self.doors.reader
        lines = []
        if self.options.print_space_names:
            lines += [reader.text(element, name) for name in ("Name", "LongName")]
        if self.options.print_space_areas:
            lines.append(f"{areas.area:.2f} m²")
        texts = [line for line in lines if line]
        if not texts or areas.is_empty:
            return
        self.counts["labels"] += 1
        largest = max(areas.geoms, key=lambda part: part.area)
        middle = largest.centroid if largest.contains(largest.centroid) else largest.representative_point()
        x, y = self.layout.place((middle.x, middle.y), self._number)
        yield self._text("space", texts, x, y, {"guid": view.body.made.extras["GlobalId"]})

    def _text(self, kind: str, lines: list[str], x: float, y: float, said: dict[str, str]) -> str:
        size = LETTER if self.layout.unit == MM else 4 * LETTER
        top = y - (len(lines) - 1) / 2 * size * LABEL_STEP + size / 3
        spans = "".join(
            f'<tspan x="{_number(x)}" y="{_number(top + place * size * LABEL_STEP)}">{escape(line)}</tspan>'
            for place, line in enumerate(lines)
        )
        found = {"class": kind, "font-size": _number(size), **self._tell(said)}
        return f"<text{attributes(found)}>{spans}</text>\n"

    def _level(self, storey: Storey, drawing: Drawing, box: tuple[float, float, float, float]) -> str:
        """Return the line at a storey's height."""
        v = storey.height - drawing.plane.origin[2]
        length = box[2] - box[0] if self.options.draw_storey_heights == "full" else (box[2] - box[0]) / 20
        path = self._line(LineString([(box[0], v), (box[0] + length, v)]))
        x, y = self.layout.place((box[0], v), self._number)
        text = self._text(
            "height", [f"{storey.name} {round(storey.height, 2) + 0.0:+.2f}"], x, y - LETTER, {}
        )
        found = attributes(
            {"class": "storey-height", **self._tell({"guid": storey.guid, "name": storey.name})}
        )
        return f'<g{found}><path d="{path}"/>{text.rstrip()}</g>\n'


def _far_first(view: View) -> list[Face]:
    return sorted(view.faces, key=lambda face: (face.depth, face.loops))


def _stands_on(drawing: Drawing, view: View) -> bool:
    """Tell whether a door belongs to the storey of a plan."""
    return drawing.storey is None or view.body.storey == drawing.storey


def _numbers(text: str | None) -> tuple[float, ...]:
    """Return the numbers of `1:100` or `420x297`; none when the option is not set."""
    return tuple(float(part) for part in re.split("[:x]", text)) if text else ()


def _number(value: float) -> str:
    """Return a number without needless zeros."""
    text = f"{value:.{DIGITS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text
