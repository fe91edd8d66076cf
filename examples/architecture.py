"""The house as its architect models it: IFC4, millimetres, walls with openings, layers and finishes."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import ifcopenshell.api.classification
import ifcopenshell.api.feature
import ifcopenshell.api.georeference
import ifcopenshell.api.group
import ifcopenshell.api.material
import ifcopenshell.api.type
from ifcopenshell import entity_instance as Entity

from examples.builder import Builder, Point, X, Y, finish

NAME = "house-architecture.ifc"
LENGTH, DEPTH, OUTER, INNER = 10.0, 8.0, 0.3, 0.12
STOREY, CLEAR, SLAB = 3.0, 2.7, 0.3
GROUND, UPPER = "Ground floor", "Upper floor"
BACK_X, BACK_Y = (-1.0, 0.0, 0.0), (0.0, -1.0, 0.0)
LAYERS = {
    "Exterior wall": (("Lime plaster", 0.01), ("Brick", 0.175), ("Mineral wool", 0.1), ("Render", 0.015)),
    "Partition": (("Gypsum board", 0.0125), ("Mineral wool", 0.095), ("Gypsum board", 0.0125)),
}
CODES = {
    "EF_25_10": ("Walls", "IfcWall"),
    "EF_25_30": ("Doors and windows", "IfcWindow"),
    "EF_30_10": ("Roofs", "IfcRoof"),
    "EF_30_20": ("Floors", "IfcSlab"),
}


@dataclass
class House:
    """The architect's model, part by part."""

    build: Builder
    types: dict[str, Entity] = field(default_factory=dict)

    def wall_type(self, name: str, kind: str) -> None:
        """Add a wall type with its layers, from inside to outside."""
        type_ = self.build.root("IfcWallType", name, PredefinedType=kind)
        layers = ifcopenshell.api.material.add_material_set(
            self.build.model, name=name, set_type="IfcMaterialLayerSet"
        )
        for material, thickness in LAYERS[name]:
            layer = ifcopenshell.api.material.add_layer(
                self.build.model, layer_set=layers, material=self.build.material(material)
            )
            layer.LayerThickness = self.build.length(thickness)
        ifcopenshell.api.material.assign_material(
            self.build.model, products=[type_], type="IfcMaterialLayerSet", material=layers
        )
        self.types[name] = type_

    def framed_type(
        self, kind: str, name: str, width: float, height: float, filling: str, **attributes: str
    ) -> None:
        """Add a window or door type: a frame and a filling, two materials and two colours."""
        build, frame, thick = self.build, 0.07, 0.07
        sort = "WINDOW" if "Window" in kind else "DOOR"
        type_ = build.root(kind, name, PredefinedType=sort, **attributes)
        low = frame if "Window" in kind else 0.0
        bars = [
            build.box((frame, thick, height)),
            build.box((frame, thick, height), (width - frame, 0, 0)),
            build.box((width - 2 * frame, thick, frame), (frame, 0, height - frame)),
        ]
        if low:
            bars.append(build.box((width - 2 * frame, thick, frame), (frame, 0, 0)))
        inner = build.box((width - 2 * frame, 0.03, height - frame - low), (frame, 0.02, low))
        build.shape(type_, *(build.colour(bar, "Wood") for bar in bars), build.colour(inner, filling))
        parts = ifcopenshell.api.material.add_material_set(
            build.model, name=name, set_type="IfcMaterialConstituentSet"
        )
        for part, material in (("Frame", "Spruce"), ("Filling", filling)):
            constituent = ifcopenshell.api.material.add_constituent(
                build.model, constituent_set=parts, material=build.material(material)
            )
            constituent.Name = part
        ifcopenshell.api.material.assign_material(
            build.model, products=[type_], type="IfcMaterialConstituentSet", material=parts
        )
        self.types[name] = type_

    def typed(self, element: Entity, name: str) -> Entity:
        """Give an element its type, and with it the type's shape and materials."""
        ifcopenshell.api.type.assign_type(
            self.build.model, related_objects=[element], relating_type=self.types[name]
        )
        return element

    def wall(
        self, name: str, storey: str, start: Point, along: Point, length: float, *, outer: bool
    ) -> Entity:
        """Add a wall; its body lies to the left of its direction."""
        build, kind, thick = self.build, "Exterior wall" if outer else "Partition", OUTER if outer else INNER
        wall = self.typed(
            build.root("IfcWall", name, PredefinedType="SOLIDWALL" if outer else "PARTITIONING"), kind
        )
        build.shape(wall, build.box((length, thick, CLEAR)), style="Render" if outer else "Plaster")
        build.put(wall, storey, start, along=along)
        rating = {"FireRating": "REI 60"} if outer else {}
        build.properties(wall, "Pset_WallCommon", IsExternal=outer, LoadBearing=outer, **rating)
        build.quantities(
            wall, "Qto_WallBaseQuantities", Length=build.length(length), Width=build.length(thick),
            Height=build.length(CLEAR), GrossSideArea=length * CLEAR, GrossVolume=length * thick * CLEAR,
        )  # fmt: skip
        return wall

    def hole(self, host: Entity, name: str, size: Point, at: Point) -> Entity:
        """Cut an opening into an element, in the element's coordinates."""
        opening = self.build.root("IfcOpeningElement", name, PredefinedType="OPENING")
        self.build.shape(opening, self.build.box(size))
        ifcopenshell.api.feature.add_feature(self.build.model, feature=opening, element=host)
        self.build.place(opening, at, within=host)
        return opening

    def fill(self, wall: Entity, name: str, type_: str, at: tuple[float, float], storey: str) -> Entity:
        """Put a window or a door into a wall: `at` is its distance from the wall's start, and its sill."""
        build, of_type = self.build, self.types[type_]
        width, height = (float(part) / 1000 for part in type_.rpartition(" ")[2].split("x"))
        thick = OUTER if "W-E" in wall.Name else INNER
        opening = self.hole(wall, f"Opening {name}", (width, thick + 0.02, height), (at[0], -0.01, at[1]))
        kind = of_type.is_a().removesuffix("Type")
        filling = build.root(
            kind, name, OverallWidth=build.length(width), OverallHeight=build.length(height),
            PredefinedType=of_type.PredefinedType,
        )  # fmt: skip
        build.put(filling, storey, (0, 0, 0))
        self.typed(filling, type_)
        ifcopenshell.api.feature.add_filling(build.model, opening=opening, element=filling)
        build.place(filling, (0, (thick - 0.05) / 2, 0), within=opening)
        common = "Pset_WindowCommon" if kind == "IfcWindow" else "Pset_DoorCommon"
        transmittance = {"ThermalTransmittance": 1.1} if kind == "IfcWindow" else {}
        build.properties(filling, common, IsExternal=thick == OUTER, **transmittance)
        return filling

    def slab(self, name: str, storey: str, kind: str) -> Entity:
        """Add a floor under a storey."""
        build = self.build
        slab = build.root("IfcSlab", name, PredefinedType=kind)
        build.shape(slab, build.box((LENGTH, DEPTH, SLAB)), style="Concrete")
        build.put(slab, storey, (0, 0, -SLAB))
        build.made_of(slab, "Concrete C25/30")
        build.properties(slab, "Pset_SlabCommon", IsExternal=False, LoadBearing=True, FireRating="REI 90")
        build.quantities(
            slab, "Qto_SlabBaseQuantities", GrossArea=LENGTH * DEPTH, GrossVolume=LENGTH * DEPTH * SLAB
        )
        return slab

    def space(
        self, name: tuple[str, str], storey: str, low: tuple[float, float], high: tuple[float, float]
    ) -> Entity:
        """Add a room."""
        build, (x, y) = self.build, (high[0] - low[0], high[1] - low[1])
        space = build.root("IfcSpace", name[0], LongName=name[1], PredefinedType="INTERNAL")
        build.shape(space, build.box((x, y, CLEAR)), style="Air")
        build.part(build.storeys[storey], space)
        build.place(space, (*low, 0), within=build.storeys[storey])
        build.properties(space, "Pset_SpaceCommon", IsExternal=False, PubliclyAccessible=False)
        build.quantities(
            space,
            "Qto_SpaceBaseQuantities",
            NetFloorArea=x * y,
            NetVolume=x * y * CLEAR,
            Height=build.length(CLEAR),
        )
        return space


def make() -> Builder:
    """Return the architect's model, the first revision."""
    build = Builder(NAME, "IFC4", 0.001)
    _locate(build)
    for name, *colour in (
        ("Render", 0.93, 0.9, 0.82), ("Plaster", 0.97, 0.97, 0.95), ("Concrete", 0.6, 0.6, 0.6),
        ("Wood", 0.55, 0.36, 0.2), ("Glass", 0.6, 0.8, 0.9, 0.7), ("Oak", 0.72, 0.53, 0.3),
        ("Tile", 0.6, 0.2, 0.15), ("Air", 0.3, 0.7, 0.9, 0.8),
    ):  # fmt: skip
        build.style(str(name), *colour)
    build.storey(GROUND, 0.0)
    build.storey(UPPER, STOREY)
    house = House(build)
    house.wall_type("Exterior wall", "SOLIDWALL")
    house.wall_type("Partition", "PARTITIONING")
    house.framed_type("IfcWindowType", "Window 1200x1400", 1.2, 1.4, "Glass")
    house.framed_type("IfcWindowType", "Window 800x1200", 0.8, 1.2, "Glass")
    house.framed_type("IfcDoorType", "Door 1000x2100", 1.0, 2.1, "Oak", OperationType="SINGLE_SWING_LEFT")
    for storey in (GROUND, UPPER):
        _storey(house, storey)
    _roof(house)
    _stair(house)
    _classify(build)
    finish(build.model, NAME)
    return build


def _locate(build: Builder) -> None:
    """Say where on Earth the house stands: a made-up plot in UTM zone 32."""
    ifcopenshell.api.georeference.add_georeferencing(build.model, name="EPSG:25832")
    ifcopenshell.api.georeference.edit_georeferencing(
        build.model,
        projected_crs={"Description": "ETRS89 / UTM zone 32N", "GeodeticDatum": "ETRS89", "MapZone": "32N"},
        coordinate_operation={
            "Eastings": 691000.0, "Northings": 5334000.0, "OrthogonalHeight": 519.0,
            "XAxisAbscissa": math.cos(math.radians(30)), "XAxisOrdinate": 0.5, "Scale": 0.001,
        },
    )  # fmt: skip
    build.site.RefLatitude, build.site.RefLongitude = (48, 8, 0, 0), (11, 34, 0, 0)
    build.site.RefElevation = build.length(519.0)


def _storey(house: House, storey: str) -> None:
    """Add floor, walls, windows, doors and rooms of one storey."""
    n = 0 if storey == GROUND else 1
    house.slab(f"Slab {n}", storey, "BASESLAB" if storey == GROUND else "FLOOR")
    inside = DEPTH - 2 * OUTER
    south = house.wall(f"W-E{n}1 south", storey, (0, 0, 0), along=X, length=LENGTH, outer=True)
    east = house.wall(f"W-E{n}2 east", storey, (LENGTH, OUTER, 0), along=Y, length=inside, outer=True)
    north = house.wall(f"W-E{n}3 north", storey, (LENGTH, DEPTH, 0), along=BACK_X, length=LENGTH, outer=True)
    west = house.wall(f"W-E{n}4 west", storey, (0, DEPTH - OUTER, 0), along=BACK_Y, length=inside, outer=True)
    middle = house.wall(
        f"W-I{n}1 middle", storey, (OUTER, 4.54, 0), along=X, length=LENGTH - 2 * OUTER, outer=False
    )
    house.fill(middle, f"D-{n}1", "Door 1000x2100", (2.0, 0), storey)
    if storey == GROUND:
        house.fill(south, "D-02", "Door 1000x2100", (4.5, 0), storey)
    big, small = "Window 1200x1400", "Window 800x1200"
    for number, (wall, type_, at) in enumerate(
        ((south, big, 1.5), (south, big, 7.3), (north, big, 1.5), (north, big, 7.3),
         (east, small, 3.0), (west, small, 5.2)),
        start=1,
    ):  # fmt: skip
        house.fill(wall, f"F-{n}{number}", type_, (at, 0.9), storey)
    rooms = (("Living room", "Küche"), ("Bedroom", "Bad"))[n]
    house.space((f"{n}.01", rooms[0]), storey, (OUTER, OUTER), (LENGTH - OUTER, 4.54))
    house.space((f"{n}.02", rooms[1]), storey, (OUTER, 4.54 + INNER), (LENGTH - OUTER, DEPTH - OUTER))


def _roof(house: House) -> None:
    """Add a gable roof of two slabs, and the two gables."""
    build, rise, over, thick = house.build, 4 * math.tan(math.radians(30)), 0.4, 0.2
    roof = build.put(build.root("IfcRoof", "Roof", PredefinedType="GABLE_ROOF"), UPPER, (0, 0, CLEAR))
    slope = rise / 4
    for name, sign in (("Roof south", 1), ("Roof north", -1)):
        slab = build.root("IfcSlab", name, PredefinedType="ROOF")
        eave, ridge = -sign * (4 + over), 0.0
        points = [(eave, -over * slope), (ridge, rise), (ridge, rise + thick), (eave, thick - over * slope)]
        build.shape(slab, build.prism(points, LENGTH + 2 * over, axis=X, ref=Y), style="Tile")
        build.part(roof, slab)
        build.place(slab, (-over, 4, 0), within=roof)
        build.made_of(slab, "Clay tile")
    for name, x in (("Gable west", 0.0), ("Gable east", LENGTH - OUTER)):
        gable = house.typed(
            build.root("IfcWall", f"W-E2 {name}", PredefinedType="SOLIDWALL"), "Exterior wall"
        )
        points = [(0.0, 0.0), (DEPTH, 0.0), (4.0, rise)]
        build.shape(gable, build.prism(points, OUTER, axis=X, ref=Y), style="Render")
        build.put(gable, UPPER, (x, 0, CLEAR))
        build.properties(gable, "Pset_WallCommon", IsExternal=True, LoadBearing=False, FireRating="REI 30")


def _stair(house: House) -> None:
    """Add a straight stair along the east wall, and the hole in the floor above it."""
    build, steps, rise, tread, width = house.build, 16, STOREY / 16, 0.28, 0.95
    stair = build.put(
        build.root("IfcStair", "Stair", PredefinedType="STRAIGHT_RUN_STAIR"), GROUND, (3.5, 1.6, 0)
    )
    flight = build.root("IfcStairFlight", "Flight", NumberOfTreads=steps - 1, PredefinedType="STRAIGHT")
    points = [(0.0, 0.0)]
    for step in range(steps - 1):
        points += [(step * tread, (step + 1) * rise), ((step + 1) * tread, (step + 1) * rise)]
    points += [((steps - 1) * tread, (steps - 2) * rise), (tread, 0.0)]
    build.shape(flight, build.prism(points, width, axis=BACK_Y, ref=X), style="Oak")
    build.part(stair, flight)
    build.place(flight, (0, 0, 0), within=stair)
    build.made_of(flight, "Oak")
    floor = next(slab for slab in build.model.by_type("IfcSlab") if slab.Name == "Slab 1")
    house.hole(floor, "Opening stair", (3.6, width + 0.1, SLAB + 0.02), (4.2, 0.6, -0.01))


def _classify(build: Builder) -> None:
    """Refer to Uniclass for some classes; rooms stay unclassified, so that an audit has something to find."""
    system = ifcopenshell.api.classification.add_classification(build.model, classification="Uniclass 2015")
    for code, (name, kind) in CODES.items():
        ifcopenshell.api.classification.add_reference(
            build.model,
            products=list(build.model.by_type(kind)),
            identification=code,
            name=name,
            classification=system,
        )
    zone = ifcopenshell.api.group.add_group(build.model, name="Dwelling")
    rooms = list(build.model.by_type("IfcSpace"))
    ifcopenshell.api.group.assign_group(build.model, products=rooms, group=zone)
