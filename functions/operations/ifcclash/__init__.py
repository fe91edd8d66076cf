"""Find where elements of one or several models clash: hard clashes, contacts, and distances too small.

A clash set has two sides, `a` and `b`, each with any number of files; without `b` the elements of `a` are
tested among themselves. A file's elements are all IfcElements but openings and other features (`mode: a`),
those that a selector chooses (`i`), or all but those (`e`). Lengths are metres, in the global coordinates
of each model; units and placements may differ. An element is known by its file and its GlobalId: one that
two discipline models share is two elements.

* `intersection`: bodies that penetrate each other by more than `tolerance`;
* `collision`: bodies with any volume in common, and with `allow_touching` those that touch;
* `clearance`: bodies nearer to each other than `clearance`, and all that have a volume in common.

Identical and wholly contained bodies are found in every mode. Types are `identical`, `contained`, `pierce`
(one passes right through the other), `overlap`, `touching` (0.01 mm at the most) and `clearance`. `depth` is
the penetration depth: how far one must be moved at least to be free of the other. It is exact for convex
bodies (`method: exact`); for others it is the shortest way out along the normals of their largest faces
(`bound`). Surfaces that are not closed have no inside: they clash where edges of one go through faces of
the other, and the depth is how far these reach (`surface`). `way` is that shortest move of b, `volume` what
both have in common, `distance` the gap, `points` the closest points of a and b, or the ends of the way out.

Not tested: an element with itself, with its own opening, with what fills an opening of it, a whole with its
parts; unless `include_related` says so. Every pair is always tested exactly, as `check_all` asks for.
An element without a shape that can be made is named in a warning, unless all that it is made of lies where
nothing of the other side is: then it clashes with nothing, whatever its shape may be, and is not looked at.

Every clash is `new`, `active` or `resolved` when a former JSON report is given as `previous`: clashes are
the same when their elements are and the former place is within a metre of this one, or of the space that
the boxes of both share, or else, for elements with new GlobalIds, when place, classes and names are. With
`smart_grouping` clashes within `max_cluster_distance` of one in their middle form a group; elements with
several clashes are listed always.

Reports: JSON, CSV, HTML, BCF 2.1 or 3.0 (a topic for each clash, or for each group, whose camera looks at
it), and GLB (clashing elements of a in red, of b in blue, all others in grey). The same bytes on every run.
"""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from functions.core import (
    FargateSize,
    FileField,
    LambdaSize,
    ModelFile,
    Operation,
    OutputName,
    Result,
)
from functions.core.errors import InputError
from functions.core.format import FormattedRequest

ALIASES = {"bcfzip": "bcf", "htm": "html"}
FORMATS = ("json", "csv", "html", "bcf", "glb")

Metres = Annotated[float, Field(ge=0, le=1000, allow_inf_nan=False)]
ReportFile = Annotated[str, FileField((".json",)), Field(min_length=1, max_length=1100)]


class Source(BaseModel):
    """A file of a side, and which of its elements."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    file: ModelFile
    selector: str | None = Field(None, max_length=10_000, description="A query of IfcOpenShell's selector.")
    mode: Literal["a", "i", "e"] | None = Field(
        None,
        description="a: all elements; i: those of the selector, the default with one; e: all others.",
    )

    @property
    def chosen(self) -> Literal["a", "i", "e"]:
        """What the selector is for; without one all elements are meant, as ifcclash has it."""
        return self.mode or "i" if self.selector and self.mode != "a" else "a"


class ClashSet(BaseModel):
    """Two sides; without b the elements of a are tested among themselves."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field("Clashes", min_length=1, max_length=255)
    a: list[Source] = Field(min_length=1, max_length=50)
    b: list[Source] = Field(default=[], max_length=50)


class ClashRequest(FormattedRequest):
    """Which elements against which, what counts as a clash, and how to report."""

    formats = FORMATS
    aliases = ALIASES

    clash_sets: list[ClashSet] = Field(min_length=1, max_length=100)
    output_filename: OutputName = None
    format: Literal["json", "csv", "html", "bcf", "glb"] | None = Field(
        None, description="json, unless output_filename says otherwise."
    )
    bcf_version: Literal["2.1", "3.0"] = "2.1"
    mode: Literal["intersection", "collision", "clearance"] = "intersection"
    tolerance: Metres = Field(0.01, description="Metres; intersection: penetrations up to it are none.")
    clearance: Metres = Field(0.0, description="Metres; clearance: the distance to keep.")
    check_all: bool = Field(False, description="Always so: all of a pair is looked at.")
    allow_touching: bool = Field(False, description="collision: report bodies that touch as well.")
    include_related: bool = Field(
        False, description="Test hosts with openings and fillings, wholes with parts."
    )
    smart_grouping: bool = Field(False, description="Group clashes that are near one another.")
    max_cluster_distance: Annotated[float, Field(gt=0, le=10_000, allow_inf_nan=False)] = Field(
        5.0, description="Metres from the middle clash of a group."
    )
    previous: ReportFile | None = Field(None, description="A former JSON report, to compare with.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        names: set[str] = set()
        for number, one in enumerate(self.clash_sets):
            if one.name in names:
                raise InputError(
                    f"clash_sets.{number}.name: two sets have the name {one.name!r}",
                    field=f"clash_sets.{number}.name",
                )
            names.add(one.name)
        return self


class ClashResult(Result):
    """`statistics` counts elements, meshed, shared, fell_back and failed of the models, and apart: elements
    that were not meshed, as nothing to be tested is near the box that they must lie in; candidates (pairs
    whose boxes are near); clashes, in all, by type, and new, active and resolved; groups.
    """


operation = Operation(
    package=__name__,
    request=ClashRequest,
    result=ClashResult,
    compute=LambdaSize(memory_mb=5308, timeout_s=900, disk_mb=4096, concurrency=10),
    heavy=FargateSize(timeout_s=7200),
    formats=FORMATS,
)
