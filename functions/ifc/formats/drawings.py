"""Which drawings there are of a model, and what each of them shows: plans, sections, elevations.

A plan shows what it cuts, of whatever storey of the same building, and below the cut what stands on its own
storey; with `svg_project` all that is below. A section shows what it cuts, with `svg_project` also what lies
behind; an elevation shows what lies behind its plane.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import ifcopenshell
import numpy as np

from functions.core.errors import InputError
from functions.ifc.formats.meshes import Labelled
from functions.ifc.geometry.sections import Cut, Face, Solid
from functions.ifc.placements import LIMIT_M, Placements
from functions.ifc.reader import Reader
from functions.ifc.spatial import Tree
from functions.ifc.units import length_scale, list_units

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats

CUT_M = 1.2  # over a storey, as IfcConvert has it
LEVEL_M = 0.01  # storeys whose heights differ by less stand beside one another
ASIDE_M = 0.113  # sections go past the middle, where buildings like to have ridges and joints
AWAY_M = 1.0  # how far outside of the model the plane of an automatic elevation stands
STEEP = 0.7
# What encloses room and is no matter: its outline is shown and hides nothing.
ROOMS = ("IfcSpace", "IfcSpatialZone", "IfcExternalSpatialElement", "IfcBuilding", "IfcBuildingStorey")
GROUND = frozenset({"IfcSite", "IfcGeographicElement", "IfcCivilElement", "IfcEarthworksFill"})
UP = (0.0, 0.0, 1.0)

# The direction to the eye of the automatic drawings.
SECTIONS = {"Section A-A": (0.0, -1.0, 0.0), "Section B-B": (-1.0, 0.0, 0.0)}
ELEVATIONS = {
    "Elevation north": (0.0, 1.0, 0.0),
    "Elevation east": (1.0, 0.0, 0.0),
    "Elevation south": (0.0, -1.0, 0.0),
    "Elevation west": (-1.0, 0.0, 0.0),
}


class Views(Protocol):
    """The options that say which drawings there are."""

    @property
    def section_height(self) -> float | None: ...  # noqa: D102
    @property
    def section_height_from_storeys(self) -> bool: ...  # noqa: D102
    @property
    def section_ref(self) -> str | None: ...  # noqa: D102
    @property
    def elevation_ref(self) -> str | None: ...  # noqa: D102
    @property
    def elevation_ref_guid(self) -> str | None: ...  # noqa: D102
    @property
    def auto_section(self) -> bool: ...  # noqa: D102
    @property
    def auto_elevation(self) -> bool: ...  # noqa: D102
    @property
    def svg_without_storeys(self) -> bool: ...  # noqa: D102
    @property
    def svg_project(self) -> bool: ...  # noqa: D102


@dataclass(frozen=True)
class Plane:
    """A plane in the world, in metres: its origin, the axes u and v in it, and w = u x v to the eye."""

    origin: tuple[float, float, float]
    u: tuple[float, float, float]
    v: tuple[float, float, float]

    @classmethod
    def level(cls, height: float) -> Plane:
        """Return a horizontal plane."""
        return cls((0.0, 0.0, height), (1.0, 0.0, 0.0), (0.0, 1.0, 0.0))

    @classmethod
    def upright(cls, origin: Sequence[float], eye: Sequence[float]) -> Plane:
        """Return a vertical plane by the horizontal direction to the eye."""
        x, y, z = (float(value) for value in origin)
        return cls((x, y, z), (-float(eye[1]), float(eye[0]), 0.0), UP)

    @property
    def axes(self) -> Floats:
        """The axes u, v and w, as columns."""
        return np.array([self.u, self.v, np.cross(self.u, self.v)]).T

    def local(self, points: Floats) -> Floats:
        """Return points of the world in u, v and w."""
        moved: Floats = (points - np.array(self.origin)) @ self.axes
        return moved


@dataclass(frozen=True)
class Storey:
    """A storey: its number, GlobalId, name, the number of its building and its height in metres."""

    number: int
    guid: str
    name: str
    building: int | None
    height: float


@dataclass(frozen=True)
class Drawing:
    """One view: `kind` is plan, section or elevation."""

    kind: str
    name: str
    plane: Plane
    guid: str = ""
    storey: Storey | None = None


@dataclass(frozen=True, eq=False)
class Body:
    """A shape with its storey and its box in the world, as two rows."""

    made: Labelled
    storey: Storey | None
    box: Floats
    welded: Solid

    @property
    def kind(self) -> str:
        """Its class."""
        return self.made.extras["class"]

    @property
    def is_room(self) -> bool:
        """Whether it is a space and no matter."""
        return any(self.made.element.is_a(kind) for kind in ROOMS)

    def solid(self, plane: Plane) -> Solid:
        """Return its mesh in the frame of a plane."""
        placement = self.made.placement
        return self.welded.move(plane.local(self.welded.points @ placement[:3, :3].T + placement[:3, 3]))


@dataclass(frozen=True, eq=False)
class View:
    """What a drawing shows of a body; `cut` is None for what it only looks at."""

    body: Body
    cut: Cut | None
    faces: tuple[Face, ...]

    @property
    def order(self) -> tuple[bool, bool, bool, float, int]:
        """What is drawn first: the ground, then what is farther from the eye; what is cut covers the rest."""
        nearest = max((face.depth for face in self.faces), default=-math.inf)
        ground, number = self.body.kind in GROUND, self.body.made.element.id()
        return self.cut is not None, not ground, not self.body.is_room, nearest, number


@dataclass
class Model:
    """The bodies and the storeys of a model."""

    reader: Reader
    bodies: list[Body] = field(default_factory=list)
    storeys: dict[int, Storey] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Read the storeys."""
        self._tree = Tree.of(self.reader)
        self._welded: dict[bytes, Solid] = {}
        self._placements = Placements(self.reader)
        self._scale = length_scale(list_units(self.reader)) or 1.0
        for item in self.reader.all("IfcBuildingStorey"):
            self.storeys[item.id()] = self._storey(item)

    def add(self, made: Labelled) -> None:
        """Take a shape in."""
        placement = made.placement
        low, high = made.mesh.bounds
        corners = np.array(np.meshgrid(*np.stack([low, high]).T)).reshape(3, -1).T
        corners = corners @ placement[:3, :3].T + placement[:3, 3]
        storey = self._tree.storey(made.element)
        where = None if storey is None else self.storeys.get(storey.id())
        key = made.mesh.key
        if key not in self._welded:
            self._welded[key] = Solid.of(made.mesh)
        box = np.stack([corners.min(axis=0), corners.max(axis=0)])
        self.bodies.append(Body(made, where, box, self._welded[key]))

    def _storey(self, item: ifcopenshell.entity_instance) -> Storey:
        building = self._tree.parents.get(item.id())
        return Storey(
            number=item.id(),
            guid=self.reader.text(item, "GlobalId") or "",
            name=self.reader.text(item, "Name") or self.reader.text(item, "LongName") or f"#{item.id()}",
            building=None if building is None else building.id(),
            height=self._height(item, building),
        )

    def _height(
        self, storey: ifcopenshell.entity_instance, building: ifcopenshell.entity_instance | None
    ) -> float:
        """Return a storey's height: that of its placement; where this is its building's, with Elevation."""
        frame = self._placements.of(storey)
        above = self._placements.of(building) if building is not None else None
        base = above[0][2] if above is not None else 0.0
        told = self.reader.number(storey, "Elevation") or 0.0
        height = frame[0][2] if frame is not None and frame[0][2] != base else base + told
        metres = height * self._scale
        return metres if math.isfinite(metres) and abs(metres) < LIMIT_M else 0.0

    @property
    def box(self) -> Floats:
        """The box of all bodies, as two rows."""
        if not self.bodies:
            return np.zeros((2, 3))
        boxes = np.stack([body.box for body in self.bodies])
        return np.stack([boxes[:, 0].min(axis=0), boxes[:, 1].max(axis=0)])

    def drawings(self, views: Views) -> list[Drawing]:
        """Return the drawings that are asked for."""
        found = [] if views.svg_without_storeys else list(self._plans(views))
        found += self._by_reference(views)
        middle = self.box.mean(axis=0)
        reach = (self.box[1] - self.box[0]) / 2 + AWAY_M
        if views.auto_section:
            for name, eye in SECTIONS.items():
                found.append(Drawing("section", name, Plane.upright(middle + np.array(eye) * ASIDE_M, eye)))
        if views.auto_elevation:
            for name, eye in ELEVATIONS.items():
                plane = Plane.upright(middle + np.array(eye) * reach, eye)
                found.append(Drawing("elevation", name, plane))
        return found

    def _plans(self, views: Views) -> Iterator[Drawing]:
        """Yield a plan of each storey from below, or one of all at a given height."""
        height = views.section_height
        if height is not None and not views.section_height_from_storeys:
            yield Drawing("plan", f"{height:+.2f} m", Plane.level(height))
            return
        over = CUT_M if height is None else height
        for storey in sorted(self.storeys.values(), key=lambda storey: (storey.height, storey.number)):
            plane = Plane.level(storey.height + over)
            yield Drawing("plan", storey.name, plane, guid=storey.guid, storey=storey)
        if not self.storeys:
            low = float(self.box[0][2])
            yield Drawing("plan", f"{low + over:+.2f} m", Plane.level(low + over))

    def _by_reference(self, views: Views) -> Iterator[Drawing]:
        """Yield the drawings at the products that the options name."""
        for option, kind, names in (
            ("section_ref", "section", ("Name", "ObjectType", "GlobalId")),
            ("elevation_ref", "elevation", ("Name", "ObjectType", "GlobalId")),
            ("elevation_ref_guid", "elevation", ("GlobalId",)),
        ):
            wanted = getattr(views, option)
            if wanted is None:
                continue
            found = list(self._at(wanted, kind, names))
            if not found:
                raise InputError(f"{option}: there is no product {wanted!r} with a placement", field=option)
            yield from found

    def _at(self, wanted: str, kind: str, names: tuple[str, ...]) -> Iterator[Drawing]:
        """Yield a drawing at every product of a name.

        Across an upright product the plane is that of its local x and z, seen along its y; a product whose
        z lies level is a camera, which looks along its negative z.
        """
        for product in self.reader.all("IfcProduct"):
            if wanted not in [self.reader.text(product, name) for name in names]:
                continue
            frame = self._placements.of(product)
            if frame is None:
                continue
            origin, _, y, z = np.array(frame)
            eye = z if abs(z[2]) < STEEP else -y
            level = math.hypot(eye[0], eye[1])
            if level == 0:
                continue
            plane = Plane.upright(origin * self._scale, eye / level)
            guid = self.reader.text(product, "GlobalId") or ""
            yield Drawing(kind, self.reader.text(product, "Name") or wanted, plane, guid=guid)

    def look(self, drawing: Drawing, *, project: bool) -> list[View]:
        """Return what a drawing shows, in the order in which it is drawn."""
        found = []
        for body, low, high in zip(self.bodies, *self._depths(drawing.plane), strict=True):
            crosses = low < 0 < high and drawing.kind != "elevation"
            view = self._view(drawing, body, crosses=crosses, project=project) if low <= 0 else None
            found += [] if view is None else [view]
        return sorted(found, key=lambda view: view.order)

    def _depths(self, plane: Plane) -> tuple[list[float], list[float]]:
        """Return the lowest and the highest w of the box of each body."""
        if not self.bodies:
            return [], []
        boxes = np.stack([body.box for body in self.bodies])
        eye = plane.axes[:, 2]
        ends = (boxes - np.array(plane.origin)) * eye
        return ends.min(axis=1).sum(axis=1).tolist(), ends.max(axis=1).sum(axis=1).tolist()

    def _view(self, drawing: Drawing, body: Body, *, crosses: bool, project: bool) -> View | None:
        own = drawing.storey is None or body.storey is None or body.storey == drawing.storey
        seen = drawing.kind == "elevation" or project or (drawing.kind == "plan" and own)
        if drawing.storey is not None and body.storey is None and not project:
            seen = False  # terrain and the like
        if body.is_room:
            seen = False
        if not (own or _meets(drawing, body)) or not (crosses or seen):
            return None
        solid = body.solid(drawing.plane)
        cut = solid.cut() if crosses else None
        faces = tuple(solid.faces()) if seen else ()
        hit = cut is not None and (not cut.areas.is_empty or bool(cut.lines))
        return View(body, cut if hit else None, faces) if hit or faces else None


def _meets(drawing: Drawing, body: Body) -> bool:
    """Tell whether a plan may show what belongs to another storey: one above or below it in the building."""
    here, there = drawing.storey, body.storey
    if here is None or there is None:
        return True
    return here.building == there.building and abs(here.height - there.height) > LEVEL_M


def extent(views: Iterable[View]) -> tuple[float, float, float, float] | None:
    """Return the lowest u and v and the highest u and v of what is shown; None when nothing is."""
    points: list[tuple[float, float]] = []
    for view in views:
        points += [point for face in view.faces for loop in face.loops for point in loop]
        for shape in () if view.cut is None else (view.cut.areas, *view.cut.lines):
            if not shape.is_empty:
                low_u, low_v, high_u, high_v = shape.bounds
                points += [(low_u, low_v), (high_u, high_v)]
    if not points:
        return None
    us, vs = zip(*points, strict=True)
    return min(us), min(vs), max(us), max(vs)
