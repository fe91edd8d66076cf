"""The elements that are tested: chosen from the models, each meshed once, whatever sides it is on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from functions.core import Files
from functions.core.errors import ModelError
from functions.ifc.gate import UNSHAPED, check_model, open_checked, release
from functions.ifc.geometry.engines import HYBRID, OPENCASCADE
from functions.ifc.geometry.stream import Geometry
from functions.ifc.geometry.texts import Texts
from functions.ifc.header import read_header
from functions.ifc.reader import Reader
from functions.ifc.selector import select

if TYPE_CHECKING:
    from functions.ifc.geometry.mesh import Floats, Mesh

RELATED = (
    ("IfcRelVoidsElement", "RelatingBuildingElement", "RelatedOpeningElement"),
    ("IfcRelFillsElement", "RelatingOpeningElement", "RelatedBuildingElement"),
    ("IfcRelAggregates", "RelatingObject", "RelatedObjects"),
)
REPORT_EVERY = 200


@dataclass(frozen=True, kw_only=True)
class Choice:
    """Elements of a file: all (`a`), a selector's (`i`) or all others (`e`); `place` names the field."""

    path: Path
    selector: str | None
    mode: str
    place: str


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
class Models:
    """All models of a run, each opened and meshed once. Counts are those of the geometry streams."""

    files: Files
    normals: bool = False
    counts: dict[str, int] = field(default_factory=dict)
    _models: dict[Path, Model] = field(default_factory=dict)
    _chosen: dict[Choice, list[int]] = field(default_factory=dict)

    def read(self, choices: Sequence[Choice]) -> None:
        """Read all models that elements are chosen from."""
        self.counts = dict.fromkeys(("elements", "meshed", "shared", "fell_back", "failed"), 0)
        paths = list(dict.fromkeys(choice.path for choice in choices))
        names = _name([path.name for path in paths])
        for path, name in zip(paths, names, strict=True):
            mine = [choice for choice in choices if choice.path == path]
            try:
                self._models[path] = self._open(path, name, mine)
            except ModelError as error:
                raise error.at(f"{mine[0].place}.file") from None

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

    def _open(self, path: Path, name: str, choices: Sequence[Choice]) -> Model:
        """Open a model and mesh all that is chosen from it."""
        without = () if any(choice.selector for choice in choices) else UNSHAPED
        checked = check_model(path, self.files, without=without)
        reader = Reader(open_checked(checked, self.files))
        chosen: dict[int, Any] = {}
        for choice in choices:
            picked = _pick(choice, reader)
            self._chosen[choice] = [one.id() for one in picked]
            chosen.update((one.id(), one) for one in picked)
            if not picked:
                self.files.warn(f"{choice.place}: no element is chosen from {name}")
        geometry = Geometry(
            reader,
            settings={} if self.normals else {"no-normals": True},
            engines=(OPENCASCADE, HYBRID) if self.files.robust else (HYBRID, OPENCASCADE),
            texts=Texts(checked.path, checked.instances),
        )
        model = Model(name, stamp=read_header(reader.model)["time_stamp"] or "", related=_related(reader))
        meshes: dict[bytes, Mesh] = {}
        for shape in geometry.stream(chosen[number] for number in sorted(chosen)):
            one = shape.element
            model.elements[one.id()] = Element(
                file=name,
                number=one.id(),
                global_id=reader.text(one, "GlobalId") or f"#{one.id()}",
                kind=one.is_a(),
                name=reader.text(one, "Name") or "",
                mesh=meshes.setdefault(shape.mesh.key, shape.mesh),
                placement=shape.placement,
            )
            if geometry.meshed % REPORT_EVERY == 0:
                self.files.progress("tessellate", geometry.meshed, len(chosen))
        self._judge(geometry, name)
        release(reader.model)  # elements know all that is asked of them
        return model

    def _judge(self, geometry: Geometry, name: str) -> None:
        """Say what could not be meshed; a model without any body that should have one is no model."""
        for count in self.counts:
            found = getattr(geometry, count)
            self.counts[count] += len(found) if count == "failed" else found
        geometry.judge(self.files, name=name)


def _name(names: Sequence[str]) -> list[str]:
    """Return different names for files, which may be called the same."""
    return [
        name if name not in names[:place] else f"{name} ({names[:place].count(name) + 1})"
        for place, name in enumerate(names)
    ]


def _pick(choice: Choice, reader: Reader) -> list[Any]:
    """Return the products that are chosen, those without a representation left out."""
    picked: list[Any] = []
    if choice.selector:
        picked = select(reader.model, choice.selector, name=f"{choice.place}.selector")
    if choice.mode != "i":
        without = {one.id() for one in picked}
        features = {one.id() for one in reader.all("IfcFeatureElement")}
        picked = [one for one in reader.all("IfcElement") if one.id() not in without | features]
    return [
        one for one in picked if one.is_a("IfcProduct") and reader.entity(one, "Representation") is not None
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
