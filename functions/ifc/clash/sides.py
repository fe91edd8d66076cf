"""The elements that are tested: chosen from the models, each meshed once, whatever sides it is on."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.core import Files
from functions.core.errors import ModelError
from functions.ifc.clash.candidates import find_pairs
from functions.ifc.gate import LOOKS, UNSHAPED, check_model, open_checked, release
from functions.ifc.geometry.engines import HYBRID, OPENCASCADE
from functions.ifc.geometry.stream import Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.header import read_header
from functions.ifc.reader import Reader
from functions.ifc.thrift import give_back

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Mesh

RELATED = (
    ("IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement"),
    ("IfcRelFillsElement", "RelatingOpeningElement", "RelatedBuildingElement"),
    ("IfcRelAggregates", "RelatingObject", "RelatedObjects"),
)
COUNTED = ("elements", "meshed", "shared", "fell_back", "failed")
REPORT_EVERY = 200


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Elements of a file: all (`a`), a selector's (`i`) or all others (`e`); `place` names the field."""

    path: Path
    selector: str | None
    mode: str
    place: str


Pair = tuple[Sequence[Choice], Sequence[Choice]]


@dataclass(eq=False, slots=True)
class Element:
    """An element with its mesh; known by the name of its file and its GlobalId."""

    file: str
    number: int
    global_id: str
    kind: str
    name: str
    mesh: Mesh
    placement: Floats

    @property
    def key(self) -> tuple[str, str, int]:
        """What elements are sorted by."""
        return self.file, self.global_id, self.number

    @property
    def box(self) -> Floats:
        """A box around it: the lowest and the highest corner."""
        low, high = self.mesh.bounds
        turn = self.placement[:3, :3]
        middle = turn @ ((low + high) / 2) + self.placement[:3, 3]
        half = np.abs(turn) @ ((high - low) / 2)
        return np.stack([middle - half, middle + half])


@dataclass
class Model:
    """One file: its elements by instance number, and which of them belong together."""

    name: str
    stamp: str = ""
    elements: dict[int, Element] = field(default_factory=dict)
    related: set[frozenset[int]] = field(default_factory=set)


@dataclass
class _Source:
    """A model that is open: what is chosen from it, and the boxes of what needs no mesh to have one."""

    model: Model
    reader: Reader
    geometry: Geometry
    numbers: list[int]
    boxes: dict[int, Floats]


class _BoxError(Exception):
    """A mesh reaches out of the box that was told of it."""


@dataclass
class Models:
    """All models of a run, each opened and meshed once. Counts are those of the geometry streams; `apart` are
    the elements that were not meshed, as nothing of the other side is near their boxes. Which elements are
    `related` takes as much as the elements.
    """

    files: Files
    normals: bool = False
    related: bool = True
    counts: dict[str, int] = field(default_factory=dict)
    _models: dict[Path, Model] = field(default_factory=dict)
    _chosen: dict[Choice, list[int]] = field(default_factory=dict)

    def read(self, sides: Sequence[Pair], reach: float | None) -> None:
        """Read all models that elements are chosen from, for some pairs of sides.

        Without a second side the first is its own. With a reach only those elements are meshed whose boxes
        are at most so far from one of the other side.
        """
        try:
            self._read(sides, reach)
        except _BoxError:
            self._read(sides, None)

    def _read(self, sides: Sequence[Pair], reach: float | None) -> None:
        """Read the models. Raises a _BoxError where a reach was of no use."""
        self.counts = dict.fromkeys((*COUNTED, "apart"), 0)
        choices = [choice for pair in sides for side in pair for choice in side]
        paths = list(dict.fromkeys(choice.path for choice in choices))
        names = _name([path.name for path in paths])
        sources: dict[Path, _Source] = {}
        for path, name in zip(paths, names, strict=True):
            with _placed([choice for choice in choices if choice.path == path]) as mine:
                sources[path] = self._open(path, name, mine, boxed=reach is not None)
        self._models = {path: source.model for path, source in sources.items()}
        near = self._find_near(sides, sources, reach)
        # The smallest first: then the least is open while the largest is meshed.
        for path in sorted(paths, key=lambda path: path.stat().st_size):
            with _placed([choice for choice in choices if choice.path == path]):
                self._finish(sources.pop(path), near[path])
            give_back()

    @property
    def all(self) -> Iterable[Model]:
        """The models, in the order of the request."""
        return self._models.values()

    def elements(self) -> list[Element]:
        """Return all elements, sorted."""
        every = [element for model in self.all for element in model.elements.values()]
        return sorted(every, key=lambda element: element.key)

    def side(self, choices: Sequence[Choice]) -> list[Element]:
        """Return the elements of a side, sorted."""
        found = {
            element.key: element
            for choice in choices
            for number in self._chosen[choice]
            if (element := self._models[choice.path].elements.get(number)) is not None
        }
        return [found[key] for key in sorted(found)]

    def are_related(self, one: Element, other: Element) -> bool:
        """Tell whether two elements are host and opening or filling, or whole and part."""
        if one.file != other.file:
            return False
        pair = frozenset((one.number, other.number))
        return any(model.name == one.file and pair in model.related for model in self.all)

    def _open(self, path: Path, name: str, choices: Sequence[Choice], *, boxed: bool) -> _Source:
        """Open a model, and mesh what is chosen from it as far as it has no box without a mesh."""
        without = () if any(choice.selector for choice in choices) else (*UNSHAPED, *LOOKS)
        checked = check_model(path, self.files, without=without)
        reader = Reader(open_checked(checked, self.files))
        for choice in choices:
            self._chosen[choice] = _pick(choice, reader)
            if not self._chosen[choice]:
                self.files.warn(f"{choice.place}: no element is chosen from {name}")
        geometry = Geometry(
            reader,
            settings={} if self.normals else {"no-normals": True},
            engines=(OPENCASCADE, HYBRID) if self.files.robust else (HYBRID, OPENCASCADE),
            texts=Texts(checked.path, checked.instances),
        )
        model = Model(name, stamp=read_header(reader.model)["time_stamp"] or "")
        if self.related:
            model.related = _related(reader)
        numbers = sorted({number for choice in choices for number in self._chosen[choice]})
        source = _Source(model, reader, geometry, numbers, {})
        if boxed:
            source.boxes = geometry.boxes(source.numbers)
            self._mesh(source, [number for number in source.numbers if number not in source.boxes])
        return source

    def _find_near(
        self,
        sides: Sequence[Pair],
        sources: Mapping[Path, _Source],
        reach: float | None,
    ) -> dict[Path, list[int]]:
        """Return the elements that are still to be meshed, of every model."""
        if reach is None:
            return {path: source.numbers for path, source in sources.items()}
        found: dict[Path, set[int]] = {path: set() for path in sources}
        for pair in sides:
            one, other = (self._boxes(side or pair[0], sources) for side in pair)
            keys, others = [*one], [*other]
            boxes, more = (np.array([*each.values()]).reshape(-1, 2, 3) for each in (one, other))
            for row, column in find_pairs(boxes, more, reach):
                if keys[row] != others[column]:
                    for path, number in (keys[row], others[column]):
                        found[path].add(number)
        return {path: sorted(found[path] & source.boxes.keys()) for path, source in sources.items()}

    def _boxes(
        self, side: Sequence[Choice], sources: Mapping[Path, _Source]
    ) -> dict[tuple[Path, int], Floats]:
        """Return the boxes of the elements of a side."""
        found: dict[tuple[Path, int], Floats] = {}
        for choice in side:
            source = sources[choice.path]
            for number in self._chosen[choice]:
                element = source.model.elements.get(number)
                box = source.boxes.get(number) if element is None else element.box
                if box is not None:
                    found[choice.path, number] = box
        return found

    def _mesh(self, source: _Source, numbers: Sequence[int]) -> None:
        """Mesh some elements. Raises a _BoxError when one is not where its box is."""
        reader, geometry, model = source.reader, source.geometry, source.model
        if not numbers:
            return
        meshes: dict[bytes, Mesh] = {}
        shapes = geometry.stream(reader.model.by_id(number) for number in numbers)
        for count, shape in enumerate(shapes, start=1):
            one = shape.element
            element = Element(
                file=model.name,
                number=one.id(),
                global_id=reader.text(one, "GlobalId") or f"#{one.id()}",
                kind=one.is_a(),
                name=reader.text(one, "Name") or "",
                mesh=meshes.setdefault(shape.mesh.key, shape.mesh),
                placement=shape.placement,
            )
            told, (low, high) = source.boxes.get(element.number), element.box
            if told is not None and not ((told[0] <= low) & (high <= told[1])).all():
                raise _BoxError
            model.elements[element.number] = element
            if count % REPORT_EVERY == 0:
                self.files.progress("tessellate", count, len(numbers))

    def _finish(self, source: _Source, numbers: Sequence[int]) -> None:
        """Mesh what is still to be meshed of a model, say what could not be, and let the model go.

        A model without any body that should have one is no model.
        """
        geometry, apart = source.geometry, len(source.boxes.keys() - numbers)
        source.boxes = {number: source.boxes[number] for number in numbers if number in source.boxes}
        self._mesh(source, numbers)
        for count in COUNTED:
            found = getattr(geometry, count)
            self.counts[count] += len(found) if count == "failed" else found
        self.counts["apart"] += apart
        self.counts["elements"] += apart
        geometry.judge(self.files, name=source.model.name, apart=apart)
        release(source.reader.model)  # elements know all that is asked of them


@contextmanager
def _placed(choices: Sequence[Choice]) -> Iterator[Sequence[Choice]]:
    """Have errors of a model name the field of the first choice from it."""
    try:
        yield choices
    except ModelError as error:
        raise error.at(f"{choices[0].place}.file") from None


def _name(names: Sequence[str]) -> list[str]:
    """Return different names for files, which may be called the same."""
    return [
        name if name not in names[:place] else f"{name} ({names[:place].count(name) + 1})"
        for place, name in enumerate(names)
    ]


def _pick(choice: Choice, reader: Reader) -> list[int]:
    """Return the numbers of the products that are chosen, those without a representation left out."""
    picked: list[Any] = []
    if choice.selector:
        from functions.ifc.selector import select  # noqa: PLC0415 - with all of lark

        picked = select(reader.model, choice.selector, name=f"{choice.place}.selector")
    if choice.mode != "i":
        without = {one.id() for one in picked}
        features = {one.id() for one in reader.all("IfcFeatureElement")}
        picked = [one for one in reader.all("IfcElement") if one.id() not in without | features]
    return [
        one.id()
        for one in picked
        if one.is_a("IfcProduct") and reader.entity(one, "Representation") is not None
    ]


def _related(reader: Reader) -> set[frozenset[int]]:
    """Return the pairs of host and opening, opening and filling, host and filling, whole and part."""
    pairs = [
        (relation, owner.id(), member.id())
        for relation, one, many in RELATED
        for owner, member in reader.pairs(relation, one, many)
    ]
    hosts = {member: owner for relation, owner, member in pairs if relation == "IfcRelVoidsElement"}
    found = {frozenset((owner, member)) for _, owner, member in pairs}
    for relation, opening, member in pairs:
        if relation == "IfcRelFillsElement" and opening in hosts:
            found.add(frozenset((hosts[opening], member)))
    return found
