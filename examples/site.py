"""The plot around the house: IFC4X3, metres, with classes that only that schema has."""

from __future__ import annotations

from ifcopenshell import entity_instance as Entity

from examples.builder import Builder, Point, finish

NAME = "house-site.ifc"


def make() -> Builder:
    """Return the model of the plot."""
    build = Builder(NAME, "IFC4X3", 1.0)
    for name, *colour in (
        ("Grass", 0.35, 0.6, 0.25),
        ("Asphalt", 0.25, 0.25, 0.27),
        ("Leaves", 0.2, 0.45, 0.2),
        ("Bark", 0.4, 0.3, 0.2),
    ):
        build.style(str(name), *colour)
    build.storey("Outside", 0.0)
    lawn = build.root("IfcGeographicElement", "Lawn", PredefinedType="TERRAIN")
    _lay(build, lawn, "Grass", (-5, -8, -0.35), (20, 24, 0.05))
    drive = build.root("IfcPavement", "Drive", PredefinedType="FLEXIBLE")
    _lay(build, drive, "Asphalt", (10.5, -8, -0.3), (3, 10, 0.1))
    _lay(build, build.root("IfcKerb", "Kerb"), "Asphalt", (10.35, -8, -0.3), (0.15, 10, 0.2))
    for number, (x, y) in enumerate(((-3, -5), (-3, 12), (12, 12)), start=1):
        tree = build.root("IfcGeographicElement", f"Tree {number}", PredefinedType="VEGETATION")
        trunk, crown = build.box((0.3, 0.3, 2), (-0.15, -0.15, -0.3)), build.box((2, 2, 2.5), (-1, -1, 1.7))
        build.shape(tree, build.colour(trunk, "Bark"), build.colour(crown, "Leaves"))
        build.put(tree, "Outside", (x, y, 0))
        build.made_of(tree, "Lime tree")
    finish(build.model, NAME)
    return build


def _lay(build: Builder, element: Entity, style: str, at: Point, size: Point) -> None:
    """Add one box of the plot."""
    build.shape(element, build.box(size), style=style)
    build.put(element, "Outside", at)
    build.made_of(element, style)
