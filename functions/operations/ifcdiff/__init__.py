"""Compare two versions of a model: what was added, deleted and changed, and how.

Objects are the same ones by GlobalId; those without one are left out, and counted. `added`, `deleted` and
`changed` are about elements and spatial elements, as with IfcDiff; openings and types have lists of their
own, under `openings` and `types`. Every change has its kind, and old and new values:

* `attributes`: an object's own attributes, its class included
* `type`, `material`, `classification`, `container`, `aggregate`: what it is related to; materials and
  classifications of its type count as its own, and so does the container of what it is a part of
* `property`, `quantity`: by set and name, those of its type included
* `placement`: where it stands in the world, in metres, with the vector and the rotation
* `geometry`: its shape in its own coordinates, with what is cut out of it; only where the definitions
  differ are shapes meshed and compared, and one that is merely expressed in another way is no change

Other instance numbers, another order, another notation of numbers, another header, owner histories, and
GlobalIds of property sets and relationships are no change. Lengths are compared in metres.

`relationships` names kinds; none means all. As with IfcDiff, `property` covers quantities and `geometry`
covers placements; `shape` is geometry alone. With `is_shallow` only the first difference of each kind is
listed, and `more` says how many there are besides. `filter_elements` is a selector query and decides alone
what is compared.

The format is that of `format`, or the extension of `output_file`: JSON; an HTML page without scripts; BCF
with a topic and a camera for each element; or GLB with added elements green, deleted red, changed ones
coloured by the first of their kinds, and the others grey.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from functions.core import FargateSize, LambdaSize, ModelFile, Operation, OutputName, Result
from functions.core.errors import InputError
from functions.core.format import FormattedRequest

ALIASES = {"bcfzip": "bcf", "htm": "html"}
FORMATS = ("json", "html", "bcf", "glb")
VERSIONS = {"old_version_id": "old_file", "new_version_id": "new_file"}
Relationship = Literal[
    "attributes", "type", "property", "quantity", "material", "classification", "container", "aggregate",
    "placement", "geometry", "shape",
]  # fmt: skip


def _listed(value: object) -> object:
    """Read names separated by blanks or commas as a list."""
    return value.replace(",", " ").split() if isinstance(value, str) else value


class DiffRequest(FormattedRequest):
    """Which two models, what to compare, and how to report it."""

    formats = FORMATS
    aliases = ALIASES
    named_by = "output_file"

    old_file: ModelFile
    new_file: ModelFile
    output_file: OutputName = Field(None, description="diff.json, if left out, or with the format's ending.")
    relationships: Annotated[list[Relationship] | None, BeforeValidator(_listed)] = Field(
        None, max_length=20, description="Kinds of change to look for; all if left out."
    )
    is_shallow: bool = Field(True, description="List the first difference of each kind only.")
    filter_elements: str | None = Field(
        None, min_length=1, max_length=10_000, description="A selector query."
    )
    format: Literal["json", "html", "bcf", "glb"] | None = Field(
        None, description="json, unless output_file says otherwise."
    )
    bcf_version: Literal["2.1", "3.0"] = "2.1"
    tolerance: float = Field(
        0.0001, ge=1e-6, le=1.0, description="Metres: what placements and shapes may differ by."
    )

    @property
    def kinds(self) -> frozenset[str]:
        """The kinds of change to look for."""
        if not self.relationships:
            return frozenset({"attributes", "type", "property", "quantity", "material", "classification",
                              "container", "aggregate", "placement", "geometry"})  # fmt: skip
        also = {"property": "quantity", "geometry": "placement"}
        asked: set[str] = set(self.relationships)
        asked |= {also[name] for name in asked & also.keys()}
        return frozenset({"geometry" if name == "shape" else name for name in asked})

    @model_validator(mode="before")
    @classmethod
    def _place_versions(cls, value: Any) -> Any:  # noqa: ANN401 - whatever was sent
        """Take the versions under the names that today's API has for them."""
        if not isinstance(value, dict) or not VERSIONS.keys() & value.keys():
            return value
        given = {field: value[name] for name, field in VERSIONS.items() if value.get(name) is not None}
        rest = {name: item for name, item in value.items() if name not in VERSIONS}
        known = rest.get("input_version_ids") or {}
        if not isinstance(known, dict) or any(known.get(name, given[name]) != given[name] for name in given):
            raise InputError("input_version_ids says another version", field="input_version_ids")
        return {**rest, "input_version_ids": {**known, **given}} if given else rest


class DiffResult(Result):
    """`statistics` counts added, deleted, changed, unchanged, changes by kind, objects without a GlobalId
    (they are not compared), and meshed shapes.
    """


operation = Operation(
    package=__name__,
    request=DiffRequest,
    result=DiffResult,
    compute=LambdaSize(memory_mb=5120, timeout_s=900, disk_mb=4096, concurrency=20),
    heavy=FargateSize(timeout_s=7200),
    max_input_mb=250,
    formats=FORMATS,
)
