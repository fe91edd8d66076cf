"""The layouts of JSON that ifc2json writes, as models: the schemas in docs/schemas are made from these.

    from functions.ifc.layouts.schema import render, NATIVE; open('...', 'w').write(render(NATIVE))

They describe; `native` and `bimaps` write, and tests hold one to the other.
"""

from __future__ import annotations

import json
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel
from pydantic.json_schema import GenerateJsonSchema

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class Layout(BaseModel):
    """What all parts have in common: nothing beside what is described."""

    model_config = ConfigDict(extra="forbid")


class Header(Layout):
    """The header of the file. `schema` is the one that the model was read by."""

    # The alias, as BaseModel has a `schema` of its own.
    schema_name: str = Field(alias="schema")
    name: str | None
    time_stamp: str | None
    preprocessor_version: str | None
    originating_system: str | None
    authorization: str | None
    author: list[str]
    organization: list[str]
    description: list[str]


class Unit(Layout):
    """A unit of the project: values in this document are in these, if they name no other."""

    name: str
    to_si: float | None = Field(description="Factor to metre, square metre, ...; null where not said.")


class Reference(Layout):
    """Another object of the model."""

    global_id: str | None
    class_name: str = Field(alias="class")
    name: str | None


class Container(Reference):
    """What an element is part of, and how."""

    relation: Literal["contained", "aggregated", "nested", "voids", "fills"]


class Node(Reference):
    """A project, site, building, storey, space ... with what it is made of and what stands in it."""

    long_name: str | None
    elevation_m: float | None
    elements: list[str] = Field(description="GlobalIds of the elements in it, not of those further down.")
    children: list[Node]


class Instance(Layout):
    """An instance that is no object: its number and class."""

    id: int
    class_name: str = Field(alias="class")


class Bounds(Layout):
    """The value of an IfcPropertyBoundedValue."""

    lower: Scalar
    upper: Scalar
    set_point: Scalar


Scalar = bool | int | float | str | None
Plain = Scalar | Instance


class Value(Layout):
    """A property or a quantity.

    `value` is a list for an IfcPropertyEnumeratedValue or IfcPropertyListValue, a list of pairs for an
    IfcPropertyTableValue, an object for an IfcPropertyBoundedValue; of complex ones, `members`
    has the parts and `value` is null.
    """

    value: Plain | Bounds | list[Plain | list[Plain | list[Plain]]]
    type: str | None = Field(None, description="Measure or quantity class: IfcLengthMeasure.")
    unit: str | None = Field(None, description="Its own unit, else the project's for such a measure.")
    inherited: bool = Field(False, description="The type of the element has it, not the element itself.")
    members: dict[str, Value] | None = None


class Material(Layout):
    """A material in a layer, profile or constituent; thickness in length units of the project."""

    name: str | None
    category: str | None
    thickness: float | None = None
    fraction: float | None = None
    part: str | None = Field(None, description="Name of the layer, profile or constituent.")


class MaterialDefinition(Layout):
    """What an object, or else its type, is made of."""

    class_name: str = Field(alias="class")
    name: str | None
    materials: list[Material]


class Classification(Layout):
    """A reference to a classification system."""

    system: str | None
    identification: str | None
    name: str | None
    location: str | None


class Placement(Layout):
    """Where a product stands in the world: origin in metres, unit vectors along its axes."""

    origin_m: tuple[float, float, float]
    x_axis: tuple[float, float, float]
    y_axis: tuple[float, float, float]
    z_axis: tuple[float, float, float]


class Described(Layout):
    """What elements and types have in common."""

    id: int = Field(description="Instance number in the file.")
    class_name: str = Field(alias="class")
    global_id: str | None
    name: str | None
    long_name: str | None
    description: str | None
    object_type: str | None
    predefined_type: str | None
    tag: str | None
    property_sets: dict[str, dict[str, Value]]
    quantities: dict[str, dict[str, Value]]
    material: MaterialDefinition | None
    classifications: list[Classification]


class Type(Described):
    """An IfcTypeObject."""


class Element(Described):
    """An IfcProduct: elements, openings, spaces, storeys ..., in the order of the file."""

    type: Reference | None
    container: Container | None
    storey: str | None = Field(description="GlobalId of the storey it stands on, however deep.")
    placement: Placement | None


class Native(Layout):
    """A model as ifc2json writes it with `profile: native`."""

    format: Literal["ifcpipe"]
    version: Literal[1]
    header: Header
    units: dict[str, Unit] = Field(description="By IfcUnitEnum: LENGTHUNIT, AREAUNIT ...")
    spatial: list[Node]
    types: list[Type]
    elements: list[Element]


class Polygon(Layout):
    """A GeoJSON polygon in the coordinates of the space's own solid, in metres."""

    type: Literal["Polygon"]
    coordinates: list[list[tuple[float, float]]]


class Boundary(Layout):
    """A GeoJSON feature: the footprint of a space, with its height and position as texts."""

    type: Literal["Feature"]
    geometry: Polygon
    properties: dict[str, str]


class UserData(Layout):
    """What bimaps knows about an element. What is not set is left out."""

    name: str | None = None
    type: str
    object_type: str | None = Field(None, alias="objectType")
    tag: str | None = None
    project_id: str | None = Field(None, alias="projectId")
    site_id: str | None = Field(None, alias="siteId")
    building_id: str | None = Field(None, alias="buildingId")
    building_storey: list[str] | None = Field(None, alias="buildingStorey")
    space_id: str | None = Field(None, alias="spaceId")
    pset: dict[str, str]
    location: str | None = Field(None, description="x,y,z in metres, in the parent's placement.")
    ref_direction: str | None = Field(None, alias="refDirection")
    axis: str | None = None


class Item(Layout):
    """One element of the flat array."""

    id: str
    user_data: UserData = Field(alias="userData")
    boundary: Boundary | None = None


class Bimaps(RootModel[list[Item]]):
    """A model as ifc2json writes it with `profile: bimaps`."""


NATIVE, BIMAPS = Native, Bimaps
SCHEMAS: dict[str, type[BaseModel]] = {"ifc2json.schema.json": NATIVE, "ifc2json-bimaps.schema.json": BIMAPS}


class _Strict(GenerateJsonSchema):
    """Leaves out the titles, which only repeat the names."""

    schema_dialect = DIALECT

    def field_title_should_be_set(self, schema: Any) -> bool:  # noqa: ANN401 - pydantic's own type
        return False


def render(model: type[BaseModel]) -> str:
    """Return the JSON Schema of a layout as it lies in docs/schemas."""
    schema = model.model_json_schema(schema_generator=_Strict)
    return json.dumps({"$schema": DIALECT, **schema}, indent=1, ensure_ascii=False) + "\n"
