"""The Turtle is Turtle, its WKT is WKT, and both say what the model says. Also read with rdflib by hand."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import shapely

from tests.ifc.formats.conversion import HOUSE, Conversion, read

# What the grammar of Turtle 1.1 allows, as far as it is used.
STRING = r'"(?:[^"\\\n\r]|\\[tnr"\\])*"'
LOCAL = r"(?:[A-Za-z0-9_]|%[0-9A-F]{2}|\\\$)+"
NAME = rf"(?:geo|base|dcterms|rdfs|ifc):{LOCAL}"
TOKEN = re.compile(rf"\s*(?:(a)\b|({NAME})|({STRING}(?:\^\^geo:wktLiteral)?)|([.;,]))")
PREFIX = re.compile(r"@prefix (\w+): <([^<>\" ]+)> \.\n")
Triples = dict[str, dict[str, list[str]]]


def parse(path: Path) -> Triples:
    """Read triples; anything that is no Turtle fails."""
    text = path.read_text(encoding="utf-8")
    prefixes = dict(PREFIX.findall(text))
    assert set(prefixes) == {"geo", "base", "dcterms", "rdfs", "ifc"}
    body = PREFIX.sub("", text)
    found: Triples = defaultdict(lambda: defaultdict(list))
    at, subject, verb = 0, "", ""
    while body[at:].strip():
        token = TOKEN.match(body, at)
        assert token, f"no Turtle: {body[at : at + 60]!r}"
        at = token.end()
        word = token[0].strip()
        if word == ".":
            subject = verb = ""
        elif word == ";":
            verb = ""
        elif word != ",":
            if not subject:
                subject = word
            elif not verb:
                verb = word
            else:
                found[subject][verb].append(word)
    assert not subject
    return found


def shapes(triples: Triples, subject: str) -> list[str]:
    return [
        triples[geometry]["geo:asWKT"][0].split('"')[1] for geometry in triples[subject]["geo:hasGeometry"]
    ]


def features(triples: Triples) -> dict[str, str]:
    """The subjects of features, by their identifier."""
    return {
        said["dcterms:identifier"][0].strip('"'): subject
        for subject, said in triples.items()
        if "geo:Feature" in said["a"]
    }


def test_every_element_is_a_feature_with_its_class_name_and_storey(convert: Conversion) -> None:
    triples = parse(convert(HOUSE, "house.ttl"))
    found, model = features(triples), read(HOUSE)
    products = [item for item in model.by_type("IfcProduct") if item.Representation]
    products = [item for item in products if not item.is_a("IfcFeatureElement")]
    assert set(found) == {item.GlobalId for item in (*products, *model.by_type("IfcBuildingStorey"))}
    for item in products:
        said = triples[found[item.GlobalId]]
        assert f"ifc:{item.is_a()}" in said["a"]
        assert said["rdfs:label"] == [f'"{item.Name}"']
    walls = [triples[found[item.GlobalId]] for item in model.by_type("IfcWall")]
    storeys = {found[item.GlobalId] for item in model.by_type("IfcBuildingStorey")}
    assert {name for said in walls for name in said["geo:sfWithin"]} == storeys


def test_statistics_count_the_triples(convert: Conversion) -> None:
    triples = parse(convert(HOUSE, "house.ttl"))
    count = sum(len(values) for said in triples.values() for values in said.values())
    assert convert.result is not None
    assert convert.result.statistics["triples"] == count
    assert convert.result.statistics["features"] == len(features(triples))


def test_surfaces_are_closed_rings_that_enclose_the_volume(convert: Conversion) -> None:
    model = read(HOUSE)
    triples = parse(convert(HOUSE, "house.ttl"))
    found = features(triples)
    walls = [item for item in model.by_type("IfcWall") if not str(item.Name).startswith("W-E2")]  # gables
    assert len(walls) == 10
    for item in walls:
        surface, footprint = shapes(triples, found[item.GlobalId])
        assert surface.startswith("POLYHEDRALSURFACE Z(")
        rings = [
            np.array([corner.split() for corner in ring.split(",")], dtype=float)
            for ring in re.findall(r"\(([^()]+)\)", surface)
        ]
        assert all((ring[0] == ring[-1]).all() for ring in rings)
        # The divergence theorem, over fans of each ring; holes turn the other way.
        volume = sum(
            float(np.linalg.det(np.stack([ring[0], ring[i], ring[i + 1]]))) / 6
            for ring in rings
            for i in range(1, len(ring) - 2)
        )
        assert volume == pytest.approx(expected_volume(item), rel=1e-3)
        assert shapely.from_wkt(footprint).is_valid


def expected_volume(wall: Any) -> float:
    """The authored net volume: gross less the openings, in cubic metres."""
    (quantities,) = [
        relation.RelatingPropertyDefinition
        for relation in wall.IsDefinedBy
        if relation.RelatingPropertyDefinition.is_a("IfcElementQuantity")
    ]
    told = {item.Name: item[3] for item in quantities.Quantities}
    width = told["Width"] / 1000
    openings = [relation.RelatedOpeningElement for relation in wall.HasOpenings]
    fillings = [opening.HasFillings[0].RelatedBuildingElement for opening in openings]
    holes = sum(filling.OverallWidth * filling.OverallHeight for filling in fillings) / 1e6 * width
    return float(told["GrossVolume"] - holes)


def test_footprints_are_the_lowest_faces(convert: Conversion) -> None:
    triples = parse(convert(HOUSE, "house.ttl"))
    slab = next(item for item in read(HOUSE).by_type("IfcSlab") if item.Name == "Slab 0")
    _, footprint = shapes(triples, features(triples)[slab.GlobalId])
    assert shapely.from_wkt(footprint).equals(shapely.box(0, 0, 10, 8))


@pytest.mark.parametrize(
    "name",
    [
        "html_names.ifc",
        "escape_nul.ifc",
        "escape_surrogate.ifc",
        "rtl_name.ifc",
        "bad_guid.ifc",
        "empty_guid.ifc",
    ],
)
def test_hostile_names_stay_turtle(corpus: Path, convert: Conversion, name: str) -> None:
    triples = parse(convert(corpus / "bad" / name, "out.ttl", use_element_names=True))
    assert len(features(triples)) == 1


def test_equal_globalids_are_two_features(corpus: Path, convert: Conversion) -> None:
    triples = parse(convert(corpus / "bad" / "dup_guid.ifc", "out.ttl"))
    assert len([subject for subject, said in triples.items() if "geo:Feature" in said["a"]]) == 2


def test_the_same_bytes_every_time(convert: Conversion) -> None:
    assert convert(HOUSE, "a.ttl").read_bytes() == convert(HOUSE, "b.ttl", threads=2).read_bytes()
