"""How doors open, as arcs in a plan.

What OperationType says is seen in the direction of the door's own positive y axis, and towards it the panels
open (IfcDoorTypeOperationEnum in ISO 16739-1).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import ifcopenshell

from functions.ifc.formats.drawings import Body, Plane
from functions.ifc.geometry.sections import Point
from functions.ifc.reader import Reader

# For each panel: where its hinge is and where its other edge, as parts of the width, and to which side of
# the wall it opens.
Panel = tuple[float, float, float]
LEFT, RIGHT = (0.0, 1.0, 1.0), (1.0, 0.0, 1.0)
PAIR = ((0.0, 0.5, 1.0), (1.0, 0.5, 1.0))
OTHER_PAIR = ((0.0, 0.5, -1.0), (1.0, 0.5, -1.0))
PANELS: dict[str, tuple[Panel, ...]] = {
    "SINGLE_SWING_LEFT": (LEFT,),
    "SINGLE_SWING_RIGHT": (RIGHT,),
    "DOUBLE_SWING_LEFT": (LEFT, (0.0, 1.0, -1.0)),
    "DOUBLE_SWING_RIGHT": (RIGHT, (1.0, 0.0, -1.0)),
    "DOUBLE_DOOR_SINGLE_SWING": PAIR,
    "DOUBLE_PANEL_SINGLE_SWING": PAIR,
    "DOUBLE_DOOR_SINGLE_SWING_OPPOSITE_LEFT": (PAIR[0], OTHER_PAIR[1]),
    "DOUBLE_PANEL_SINGLE_SWING_OPPOSITE_LEFT": (PAIR[0], OTHER_PAIR[1]),
    "DOUBLE_DOOR_SINGLE_SWING_OPPOSITE_RIGHT": (OTHER_PAIR[0], PAIR[1]),
    "DOUBLE_PANEL_SINGLE_SWING_OPPOSITE_RIGHT": (OTHER_PAIR[0], PAIR[1]),
    "DOUBLE_DOOR_DOUBLE_SWING": PAIR + OTHER_PAIR,
    "DOUBLE_PANEL_DOUBLE_SWING": PAIR + OTHER_PAIR,
}


@dataclass(frozen=True)
class Arc:
    """A quarter circle around a hinge, from the edge of the open panel to that of the closed one."""

    hinge: Point
    opened: Point
    closed: Point


class Doors:
    """The doors of a model."""

    def __init__(self, reader: Reader) -> None:
        """Read the types of the doors."""
        self.reader = reader
        self._types: dict[int, ifcopenshell.entity_instance] = {}
        self.silent: set[int] = set()
        for kind, item in reader.pairs("IfcRelDefinesByType", "RelatingType", "RelatedObjects"):
            self._types[item.id()] = kind

    def arcs(self, body: Body, plane: Plane) -> Iterator[Arc]:
        """Yield the arcs of a door; none, and it is `silent`, when nothing says how it opens."""
        element = body.made.element
        panels = PANELS.get(self._operation(element) or "")
        if panels is None:
            self.silent.add(element.id())
            return
        (low_x, low_y, _), (high_x, high_y, _) = body.made.mesh.bounds.tolist()
        width, middle = high_x - low_x, (low_y + high_y) / 2
        for hinge, edge, side in panels:
            x = low_x + hinge * width
            reach = abs(edge - hinge) * width
            corners = [(x, middle), (x, middle + side * reach), (low_x + edge * width, middle)]
            yield Arc(*(_flatten(corner, body, plane) for corner in corners))

    def _operation(self, door: ifcopenshell.entity_instance) -> str | None:
        """Return a door's operation, else its type's."""
        for item in (door, self._types.get(door.id())):
            told = None if item is None else self.reader.text(item, "OperationType")
            if told and told != "NOTDEFINED":
                return told
        return None


def _flatten(corner: Point, body: Body, plane: Plane) -> Point:
    placement = body.made.placement
    world = placement[:3, :3] @ [*corner, 0.0] + placement[:3, 3]
    u, v, _ = plane.local(world).tolist()
    return u, v


def radius(arc: Arc) -> float:
    """Return the radius of an arc in metres."""
    return math.dist(arc.hinge, arc.opened)
