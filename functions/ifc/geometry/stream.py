"""The one geometry stream: every element that has a shape, with its mesh, in a bounded amount of memory.

Engines. The first try is `hybrid-cgal-simple-opencascade`: CGAL's simple kernel for what it can do
exactly, OpenCASCADE for booleans. Shapes with curves go to OpenCASCADE at once, since the others round a
circle otherwise (`curves`), and so do several items with booleans among them (`shapes`). What the first
engine leaves out is tried once more by the other one, and counted as `fell_back`; what still gives nothing
is counted as `failed` and named. An engine that takes a minute for one shape, or crashes of it, costs this
shape and no other: see `functions.ifc.watch`.
Booleans are what takes the time. Elements with equal fingerprints are made once (`shared`); whether their
placements are understood is proven on the one that is meshed. Flat faces, extruded polygons and walls with
openings are made without any engine (`made`), once an engine has shown the looks of one like them: see
`makers`. Of what is left, a boolean that `witness` can work out by itself goes
to Manifold first, 14 times as fast as OpenCASCADE (0.7 ms a wall with openings against 9.8), and its mesh
is taken only where volume, box and closedness agree (`confirmed`). Manifold
without a witness loses elements, and ifclite-geom 4.15 was not used: it gives one colour an element and
no normals, and was off by up to 4 mm on 21 of 168 shapes of a test set that the kernels above agree on.

Placements that run in circles end the process inside native code, so `shapes` looks first.
An iterator keeps all that it ever made: elements go through in batches. With batches of 50 items or
10,000 vertices the peak for 25 MB of model was 140 MB, where batches of 400 or 60,000 took 230 MB.
What is made without an engine is drafted for three batches at once, as arrays pay for many alike.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import ifcopenshell
import numpy as np

from functions.core import Files
from functions.core.errors import ModelError
from functions.ifc.geometry.attributes import Attributes
from functions.ifc.geometry.boxes import Boxes
from functions.ifc.geometry.convex import DAMAGED
from functions.ifc.geometry.engines import HYBRID, MANIFOLD, OPENCASCADE, Made, bodies, tessellate
from functions.ifc.geometry.fingerprints import Fingerprints
from functions.ifc.geometry.makers import Draft, Maker
from functions.ifc.geometry.shapes import CycleError, Make, Shapes
from functions.ifc.geometry.witness import Testimony, Witness
from functions.ifc.placements import LIMIT_M, Placements
from functions.ifc.reader import Reader
from functions.ifc.units import length_scale, list_units
from functions.ifc.watch import Watch

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Mesh
    from functions.ifc.geometry.texts import Texts
    from functions.ifc.geometry.thin import Thin

BATCH = 8  # elements to start with; then as many as gave about VERTICES last time
BATCH_MAX = 50
AHEAD = 3  # batches, to be drafted at once
FACES_AHEAD = 10_000  # then a batch alone
VERTICES = 10_000
NAMED_FAILURES = 20
UNMADE = "no engine could mesh it"
GIVEN_UP = "making its shape takes too long, or ends the process"
UNCUT = "disable-opening-subtractions"
LAST_ROW = (0.0, 0.0, 0.0, 1.0)  # of a matrix
EXACT_M = 1e-6  # how well a placement that we work out must agree with IfcOpenShell's


@dataclass(frozen=True)
class Shape:
    """An element, its mesh in its own coordinates, and its placement: a 4x4 matrix in metres, z up."""

    element: ifcopenshell.entity_instance
    mesh: Mesh
    placement: Floats


@dataclass
class Geometry:
    """The shapes of a model, element by element; the counts are final once the stream has ended.

    `settings` are IfcOpenShell's own, by name; `texts` serve to find equal ones and to make faces, and
    without them all is left to engines; `thin` has the faces that the model lacks; for a few products it does
    not pay to look for equal ones, which reads the whole file: `share=False`. `elements` counts those that
    should have triangles, `shared` those that took the mesh of an equal one, `failed` names the ones left
    over.
    """

    reader: Reader
    settings: dict[str, Any] = field(default_factory=dict)
    engines: Sequence[str] = (HYBRID, OPENCASCADE)
    texts: Texts | None = None
    share: bool = True
    thin: Thin | None = None
    elements: int = 0
    meshed: int = 0
    shared: int = 0
    confirmed: int = 0
    made: int = 0
    fell_back: int = 0
    failed: dict[int, str] = field(default_factory=dict)
    _solid: set[int] = field(default_factory=set)
    _exact: set[int] = field(default_factory=set)
    _mirrored: set[int] = field(default_factory=set)
    _items: dict[int, int] = field(default_factory=dict)
    _twins: dict[int, list[int]] = field(default_factory=dict)
    _testimonies: dict[int, Testimony | None] = field(default_factory=dict)
    _readable: dict[int, bool] = field(default_factory=dict)  # whether they are cut
    _drafts: dict[int, Draft] = field(default_factory=dict)
    _maker: Maker | None = None

    def __post_init__(self) -> None:
        """Get ready to read placements."""
        self.model = self.reader.model
        self._size = len(self.model.entity_names())
        self._watch = Watch()
        self._placements = Placements(self.reader)
        self._scale = length_scale(list_units(self.reader)) or 1.0

    def stream(self, products: Iterable[ifcopenshell.entity_instance]) -> Iterator[Shape]:
        """Yield the shapes of the products that have one."""
        queue = self._sort_out(products)
        size, start = BATCH, 0
        while start < len(queue):
            batch = self._take(queue, start, size)
            if not self._readable.keys().isdisjoint(batch):
                self._draft(batch, queue[start + len(batch) : start + AHEAD * size])
            start += len(batch)
            vertices = 0
            for made in self._mesh(batch):
                vertices += len(made.mesh.points)
                yield self._shape(made)
                for twin in self._share(made):
                    self.shared += 1
                    yield self._shape(twin)
            for number in batch:  # those that no twin could help
                queue += self._left(number)
                self._drafts.pop(number, None)
                self._testimonies.pop(number, None)
            size = max(1, min(len(batch) * VERTICES // max(vertices, 1), 2 * size, BATCH_MAX))

    def _left(self, number: int) -> list[int]:
        """Return the equals of an element that are left for an engine; none where it was given up."""
        twins = self._twins.pop(number, [])
        if number not in self.failed or not self._watch.gave_up(number):
            return twins
        self.failed.update(dict.fromkeys(twins, self.failed[number]))
        return []

    def boxes(self, products: Sequence[int]) -> dict[int, Floats]:
        """Return the boxes of those products, given by number, that have one without being meshed.

        In a model in which features are added to elements, there are none.
        """
        if self.texts is None or not self.texts.found or self.reader.all("IfcRelProjectsElement"):
            return {}
        attributes = Attributes(self.texts, self.model.schema_identifier)
        return Boxes(attributes, self._scale).tell(products)

    def judge(self, files: Files, *, name: str = "", apart: int = 0, strict: bool = False) -> None:
        """Say what failed, once the stream has ended; `name` is the model's where there are several.

        Raises a ModelError when no element got a shape that should have one, unless so many were left
        `apart`; with `strict` when any did not.
        """
        lines = [f"{name} #{number}: {reason}".strip() for number, reason in sorted(self.failed.items())]
        if lines and (strict or not (self.meshed or apart)):
            raise ModelError(f"{len(lines)} of {self.elements} elements have no shape; {lines[0]}")
        start = f"{name}: " if name else ""
        for line in lines[:NAMED_FAILURES]:
            files.warn(line)
        if len(lines) > NAMED_FAILURES:
            files.warn(f"{start}{len(lines) - NAMED_FAILURES} more elements have no shape")
        if self.reader.unreadable:
            files.warn(f"{start}{self.reader.unreadable} attributes could not be read")

    def _sort_out(self, products: Iterable[ifcopenshell.entity_instance]) -> list[int]:
        """Return the products worth trying; those that share a map stand together, to be meshed once."""
        shapes = Shapes(self.reader)
        fingerprints = Fingerprints(self.reader, self.texts if self.share else None)
        self._fingerprints, self._witness = fingerprints, Witness(self._placements, self._scale)
        if self.share and self.texts is not None and _is_any(self.engines):
            self._maker = Maker(fingerprints, self._witness, self.texts, self._scale, self._normals())
        free = is_free(self.engines, self.settings)
        queue: dict[int, tuple[bool, int]] = {}
        leaders: dict[bytes, tuple[int, Make]] = {}
        for product in products:
            number = product.id()
            key = fingerprints.of(product)
            leader, known = leaders.get(key, (number, None)) if key else (number, None)
            try:
                make = shapes.look(product, known=known)
            except CycleError as error:
                self.elements += 1
                self.failed[number] = str(error)
                continue
            if make.exact:
                self._exact.add(number)
            if make.mirrored:
                self._mirrored.add(number)
            if make.solid:
                self._solid.add(number)
                self.elements += 1
            if leader != number:
                self._twins.setdefault(leader, []).append(number)
                continue
            if key is not None:
                leaders[key] = number, make
                if free and not make.exact:
                    self._readable[number] = bool(make.cut or fingerprints.openings(product))
            queue[number] = make.exact, make.source
            self._items[number] = make.items
        fingerprints.settle()
        return sorted(queue, key=lambda number: queue[number])

    def _take(self, queue: list[int], start: int, size: int) -> list[int]:
        """Return the next batch: all for OpenCASCADE first or none, fewer of elements with many items.

        What may have been the end of an earlier try stands alone.
        """
        end, items, exact = start, 0, queue[start] in self._exact
        while end < min(start + size, len(queue)) and items < BATCH_MAX:
            if (queue[end] in self._exact) != exact:
                break
            if self._watch.is_suspect(queue[end]):
                end += end == start
                break
            items += self._items.get(queue[end], 1)
            end += 1
        return queue[start:end]

    def _normals(self) -> bool:
        return "no-normals" not in self.settings

    def _mesh(self, batch: list[int]) -> Iterator[Made]:
        """Yield the meshes of a batch: those of unknown looks by an engine first, the rest if it must be."""
        news: dict[bytes, int] = {}
        for number in batch:
            draft = self._drafts.get(number)
            if draft is not None and self._maker is not None and not self._maker.is_known(draft):
                news.setdefault(draft.look, number)
        first = set(news.values())
        for made in self._engage([number for number in batch if number in first]):
            yield self._learn(made)
        rest = []
        for number in batch:
            own = None if number in first else self._make(number)
            if own is not None:
                self.made += 1
                yield own
            elif number not in first:
                rest.append(number)
        yield from self._engage(rest)

    def _draft(self, batch: list[int], ahead: list[int]) -> None:
        """Let the witness and the maker work on what they have not seen of a batch, and on some that come
        next: for as long as all have few faces together.
        """
        told: dict[int, Testimony | None] = {}
        faces, last = 0, len(batch)
        for place, number in enumerate([*batch, *ahead]):
            if number not in self._readable:
                continue
            product, cut = self.model.by_id(number), self._readable.pop(number)
            try:
                faces += self._maker.count(product) if self._maker else 0
                if place >= last and faces > FACES_AHEAD:
                    self._readable[number] = cut
                    break
                testimony = self._witness.testify(product, self._fingerprints.openings(product))
            except DAMAGED:  # an engine has its own word for it
                continue
            if cut:
                self._testimonies[number] = testimony
            if testimony or not cut:
                told[number] = testimony
        if self._maker is not None:
            self._drafts |= self._maker.draft(told)

    def _learn(self, made: Made) -> Made:
        """Let the maker see what an engine made, if our placement of it is the engine's.

        Return it, or what OpenCASCADE makes where that is what we make: CGAL leaves out faces with holes
        whose outer bound is not called so.
        """
        draft = self._drafts.get(made.number)
        if draft is None or self._maker is None or not self._reads_placement(made):
            return made
        if self._maker.learn(draft, made.mesh):
            return made
        other = self._try([made.number], OPENCASCADE).get(made.number)
        return other if other is not None and self._maker.learn(draft, other.mesh) else made

    def _make(self, number: int) -> Made | None:
        """Return what we make of a product; None where an engine has to make it."""
        draft = self._drafts.pop(number, None)
        mesh = None if draft is None or self._maker is None else self._maker.make(draft)
        if mesh is None:
            return None
        made = Made(number, mesh, self._placement(number))
        return made if np.isfinite(made.placement).all() and self._is_sound(made) else None

    def _engage(self, batch: list[int]) -> Iterator[Made]:
        """Yield what engines make of a batch, each by the first one that gives a mesh."""
        if not batch:
            return
        quick = self._confirm(batch)
        yield from quick.values()
        rest = [number for number in batch if number not in quick]
        exact = len(self.engines) > 1 and batch[0] in self._exact
        for attempt, engine in enumerate((OPENCASCADE, HYBRID) if exact else self.engines):
            found = self._try(rest, engine)
            self.fell_back += len(found) if attempt else 0
            yield from (found[number] for number in rest if number in found)
            rest = [number for number in rest if number not in found and number in self._solid]
            if not rest:
                return
        if len(batch) > 1:  # an iterator may end at one that it cannot read, without a word of its neighbours
            for number in rest:
                yield from self._engage([number])
            return
        for number in rest:
            self.failed.setdefault(number, GIVEN_UP if self._watch.gave_up(number) else UNMADE)

    def _confirm(self, batch: list[int]) -> dict[int, Made]:
        """Return what the fast engine makes of booleans, as far as the witness confirms it."""
        known = {number: self._testimonies.pop(number, None) for number in batch}
        found = self._try([number for number, told in known.items() if told], MANIFOLD)
        sure = (number for number in batch if number in found)
        right = {number: found[number] for number in sure if self._agrees(found[number], known[number])}
        self.confirmed += len(right)
        if not self._normals():
            return right
        return {number: replace(made, mesh=made.mesh.facet()) for number, made in right.items()}

    def _agrees(self, made: Made, testimony: Testimony | None) -> bool:
        return testimony is not None and testimony.confirms(made.mesh)

    def _try(self, numbers: list[int], engine: str) -> dict[int, Made]:
        """Return what one engine makes of some products."""
        numbers = self._watch.spare(numbers, engine)
        if not numbers:
            return {}
        model = self.model if self.thin is None else self.thin.serve(numbers)
        shapes = tessellate(model, numbers, engine=engine, settings=self.settings, size=self._size)
        try:
            made = bodies(self._watch.over(shapes, numbers, engine))
        except RuntimeError:
            # One element that cannot be read must not cost its neighbours.
            alone = [self._try([number], engine) for number in numbers] if len(numbers) > 1 else []
            return {number: shape for found in alone for number, shape in found.items()}
        return {shape.number: self._turn(shape) for shape in made if self._is_sound(shape)}

    def _turn(self, made: Made) -> Made:
        """Return a shape with its outside out: engines leave what is mirrored inside out."""
        inside_out = made.number in self._mirrored and made.mesh.volume < 0
        return replace(made, mesh=made.mesh.turn()) if inside_out else made

    def _is_sound(self, made: Made) -> bool:
        """Tell whether a shape lies on Earth; a damaged number would spoil the whole scene."""
        reach = max(float(np.abs(made.placement).max()), made.mesh.reach)
        if np.isfinite(reach) and reach <= LIMIT_M:
            return True
        self.failed[made.number] = "it lies farther away than any place on Earth"
        return False

    def _share(self, made: Made) -> Iterator[Made]:
        """Yield the equals of an element with its mesh; the others stay for an engine."""
        if made.number not in self._twins or not self._reads_placement(made):
            return
        twins = [Made(number, made.mesh, self._placement(number)) for number in self._twins[made.number]]
        self._twins[made.number] = [twin.number for twin in twins if not np.isfinite(twin.placement).all()]
        yield from (twin for twin in twins if np.isfinite(twin.placement).all() and self._is_sound(twin))

    def _shape(self, made: Made) -> Shape:
        """Count an element and return its shape."""
        self.meshed += 1
        self.elements += made.number not in self._solid
        return Shape(self.model.by_id(made.number), made.mesh, made.placement)

    def _reads_placement(self, made: Made) -> bool:
        """Tell whether the placement that we work out is the one that IfcOpenShell uses."""
        return bool(np.abs(self._placement(made.number) - made.placement).max() < EXACT_M)

    def _placement(self, number: int) -> Floats:
        """Return the global placement of a product; not a number where it cannot be worked out."""
        frame = self._placements.of(self.model.by_id(number))
        if frame is None:
            return np.full((4, 4), np.nan)
        columns = zip(*frame[1:], (value * self._scale for value in frame[0]), strict=True)
        return np.array([*columns, LAST_ROW])


def is_free(engines: Sequence[str], settings: Mapping[str, Any]) -> bool:
    """Tell whether shapes may be made without an engine, by what was asked for."""
    return _is_any(engines) and UNCUT not in settings


def _is_any(engines: Sequence[str]) -> bool:
    """Tell whether nobody has asked for a certain engine."""
    return engines[0] == HYBRID and len(engines) > 1
