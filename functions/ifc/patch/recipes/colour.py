"""SetColour: a colour of some elements' shapes."""

from __future__ import annotations

import re

import ifcopenshell
from ifcopenshell import entity_instance as Entity

from functions.core.errors import InputError
from functions.ifc.geometry.shapes import BODIES, LINES
from functions.ifc.patch.recipes import Job, Statistics
from functions.ifc.selector import select

COLOUR = re.compile(r"#?([0-9a-fA-F]{2})([0-9a-fA-F]{2})([0-9a-fA-F]{2})")
BYTE = 255


def patch(job: Job, *, query: str, colour: str, transparency: float = 0.0) -> Statistics:
    """Set the colour of elements

    Gives every item of the elements' bodies one surface style. Shapes that other elements share stay
    theirs: the chosen ones get a copy of the map.

    :param query: Which elements, in the selector syntax of IfcOpenShell.
    :param colour: Red, green and blue as in #FF8000.
    :param transparency: From 0 (opaque) to 1.
    """
    found = COLOUR.fullmatch(colour)
    if not found:
        raise InputError(f"arguments.colour: {colour!r} is no colour like #FF8000", field="arguments.colour")
    if not 0 <= transparency <= 1:
        raise InputError("arguments.transparency: it goes from 0 to 1", field="arguments.transparency")
    chosen = select(job.model, query, name="arguments.query")
    if not chosen:
        raise InputError(f"arguments.query: {query[:80]!r} selects nothing", field="arguments.query")
    rgb = tuple(int(part, 16) / BYTE for part in found.groups())
    painter = Painter(job.model, _style(job.model, colour.upper(), rgb, transparency), chosen)
    coloured = sum(painter.paint(element) for element in chosen)
    if coloured < len(chosen):
        job.files.warn(f"{len(chosen) - coloured} of the elements have no body to colour")
    job.model.write(str(job.output))
    return {"selected": len(chosen), "changed": coloured}


def _style(model: ifcopenshell.file, name: str, rgb: tuple[float, ...], transparency: float) -> Entity:
    """Create a surface style; in IFC2X3, the assignment that holds it."""
    shade = model.create_entity(
        "IfcSurfaceStyleRendering",
        SurfaceColour=model.create_entity("IfcColourRgb", None, *rgb),
        Transparency=float(transparency),
        ReflectanceMethod="NOTDEFINED",
    )
    style = model.create_entity("IfcSurfaceStyle", Name=name, Side="BOTH", Styles=[shade])
    if model.schema == "IFC2X3":
        return model.create_entity("IfcPresentationStyleAssignment", Styles=[style])
    return style


class Painter:
    """Styles the items of elements, without touching those of others."""

    def __init__(self, model: ifcopenshell.file, style: Entity, chosen: list[Entity]) -> None:
        """Find out which maps the chosen elements have for themselves."""
        self._model, self._style = model, style
        self._chosen = {element.id() for element in chosen}
        self._maps: dict[int, Entity] = {}

    def paint(self, element: Entity) -> bool:
        """Colour an element; False when it has no body."""
        shape = getattr(element, "Representation", None)
        if shape is None:
            return False
        bodies = [body for body in shape.Representations if _is_body(body)]
        for body in bodies:
            for item in (body if self._owned(body) else self._own_body(shape, body)).Items:
                if item.is_a("IfcMappedItem"):
                    self._paint_map(item)
                else:
                    self._paint_item(item)
        return bool(bodies)

    def _paint_map(self, item: Entity) -> None:
        """Colour the items of a map that only the chosen ones use, or of a copy of it."""
        source = item.MappingSource
        if source.id() not in self._maps:
            self._maps[source.id()] = source if self._owned(source) else self._copy_map(source)
            for inner in self._maps[source.id()].MappedRepresentation.Items:
                if inner.is_a("IfcMappedItem"):
                    self._paint_map(inner)
                else:
                    self._paint_item(inner)
        item.MappingSource = self._maps[source.id()]

    def _owned(self, part: Entity) -> bool:
        """Tell whether all products that use a map or a representation are among the chosen."""
        queue, seen = [part], {part.id()}
        while queue:
            for user in self._model.get_inverse(queue.pop()):
                if user.is_a("IfcProduct") or user.is_a("IfcTypeProduct"):
                    if user.is_a("IfcProduct") and user.id() not in self._chosen:
                        return False
                elif user.id() not in seen and not user.is_a("IfcPresentationLayerAssignment"):
                    seen.add(user.id())
                    queue.append(user)
        return True

    def _copy_map(self, source: Entity) -> Entity:
        return self._model.create_entity(
            "IfcRepresentationMap",
            MappingOrigin=source.MappingOrigin,
            MappedRepresentation=self._copy_representation(source.MappedRepresentation),
        )

    def _own_body(self, shape: Entity, body: Entity) -> Entity:
        """Replace a body that other elements share."""
        copy = self._copy_representation(body)
        shape.Representations = [copy if item == body else item for item in shape.Representations]
        return copy

    def _copy_representation(self, body: Entity) -> Entity:
        copies = [self._model.create_entity(item.is_a(), *tuple(item)) for item in body.Items]
        return self._model.create_entity(body.is_a(), *tuple(body)[:3], copies)

    def _paint_item(self, item: Entity) -> None:
        """Give an item the style, in the stead of the one it has."""
        for colours in getattr(item, "HasColours", None) or ():
            self._model.remove(colours)
        styled = next(iter(item.StyledByItem), None)
        if styled is None:
            self._model.create_entity("IfcStyledItem", Item=item, Styles=[self._style])
        else:
            styled.Styles = [self._style]


def _is_body(representation: Entity) -> bool:
    name = representation.RepresentationIdentifier
    return (name is None or name in BODIES) and representation.RepresentationType not in LINES
