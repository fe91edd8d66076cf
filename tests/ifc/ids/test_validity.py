"""The rules of the IDS audit, each broken once in an IDS that is sound otherwise."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.specifications import HEAD, TAIL, attribute_of, property_of, restriction, simple
from functions.ifc.ids import audit
from functions.ifc.ids.file import read_ids
from functions.ifc.ids.validity import Fault, Rule, find_faults

ROOT = Path(__file__).resolve().parents[3]


def entity(name: str, predefined: str = "") -> str:
    inner = f"<predefinedType>{predefined}</predefinedType>" if predefined else ""
    return f"<entity><name>{name}</name>{inner}</entity>"


def part_of(name: str, relation: str, cardinality: str = "required") -> str:
    return f'<partOf relation="{relation}" cardinality="{cardinality}">{entity(simple(name))}</partOf>'


WALL = entity(simple("IFCWALL"))
NAME = attribute_of(simple("Name"))


def faults(
    folder: Path,
    requirements: str,
    applicability: str = WALL,
    versions: str = "IFC4",
    occurs: str = 'minOccurs="0" maxOccurs="unbounded"',
) -> list[Fault]:
    """Return the faults of a specification."""
    path = folder / "t.ids"
    clause = f"\n<requirements>{requirements}</requirements>" if requirements else ""
    path.write_text(
        f'{HEAD}<specification name="s" ifcVersion="{versions}"><applicability {occurs}>{applicability}'
        f"</applicability>{clause}</specification>{TAIL}",
        encoding="utf-8",
    )
    read = read_ids(path, name="ids_filename")
    return list(find_faults(audit.parse(read.decoded), read.places))


BOTH = restriction("string", enumeration=["IFCWALL", "IFCSLAB"])
BROKEN = {
    "unknown class": (Rule.ENTITY, entity(simple("IFCRABBIT"))),
    "class not in capitals": (Rule.ENTITY, entity(simple("IfcWall"))),
    "one unknown class of two": (Rule.ENTITY, entity(restriction("string", enumeration=["IFCWALL", "IFCX"]))),
    "pattern without a class": (Rule.ENTITY, entity(restriction("string", pattern="X.*"))),
    "unknown attribute": (Rule.ATTRIBUTE, attribute_of(simple("Rabbits"))),
    "inverse attribute": (Rule.ATTRIBUTE, attribute_of(simple("IsDefinedBy"))),
    "derived attribute": (Rule.ATTRIBUTE, attribute_of(simple("Dim"))),
    "attribute of others": (Rule.INCOMPATIBLE, attribute_of(simple("ActingRole"))),
    "another class": (Rule.INCOMPATIBLE, entity(simple("IFCSLAB"))),
    "value of an object": (Rule.OBJECT, attribute_of(simple("OwnerHistory"), simple("me"))),
    "unknown data type": (Rule.DATATYPE, property_of(simple("P"), simple("N"), "IFCRABBIT")),
    "class as data type": (Rule.DATATYPE, property_of(simple("P"), simple("N"), "IFCWALL")),
    "boolean in capitals": (
        Rule.LITERAL,
        property_of(simple("P"), simple("N"), "IFCBOOLEAN", simple("TRUE")),
    ),
    "decimal comma": (Rule.LITERAL, property_of(simple("P"), simple("N"), "IFCREAL", simple("42,3"))),
    "whole number with a point": (
        Rule.LITERAL,
        property_of(simple("P"), simple("N"), "IFCINTEGER", simple("42.0")),
    ),
    "pattern for a number": (
        Rule.BASE,
        property_of(simple("P"), simple("N"), "IFCREAL", restriction("string", pattern=".*")),
    ),
    "bound for a text": (
        Rule.FACET,
        property_of(simple("P"), simple("N"), "IFCLABEL", restriction("string", minInclusive="1")),
    ),
    "digits": (
        Rule.FACET,
        property_of(simple("P"), simple("N"), "IFCREAL", restriction("double", totalDigits="3")),
    ),
    "name as a number": (Rule.BASE, attribute_of(restriction("double", enumeration=["1"]))),
    "no pattern": (Rule.PATTERN, attribute_of(simple("Name"), restriction("string", pattern="(a"))),
    "huge pattern": (
        Rule.PATTERN,
        attribute_of(simple("Name"), restriction("string", pattern="(a{999}){999}")),
    ),
    "whole of another kind": (Rule.INCOMPATIBLE, part_of("IFCDOOR", "IFCRELCONTAINEDINSPATIALSTRUCTURE")),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_rule_is_named_with_its_place(name: str, tmp_path: Path) -> None:
    rule, requirement = BROKEN[name]
    found = faults(tmp_path, requirement)
    assert [fault.rule for fault in found] == [rule]
    assert "specification 1 's', requirements, " in found[0].message
    assert found[0].line == HEAD.count("\n") + 2


SOUND = {
    "the same class": entity(simple("IFCWALL")),
    "one of two classes": entity(BOTH),
    "own predefined type": entity(simple("IFCWALL"), simple("WALDO")),
    "number without decimals": property_of(simple("P"), simple("N"), "IFCREAL", simple("42.")),
    "scientific": property_of(simple("P"), simple("N"), "IFCREAL", simple("1.2345E3")),
    "decimal bounds of a measure": property_of(
        simple("P"), simple("N"), "IFCLENGTHMEASURE", restriction("decimal", minInclusive="1")
    ),
    "no container": part_of("IFCSTOREY", "IFCRELNESTS", "prohibited").replace(
        "IFCSTOREY", "IFCBUILDINGSTOREY"
    ),
    "any whole": part_of("IFCWALL", "IFCRELAGGREGATES"),
    "date as text": property_of(simple("P"), simple("N"), "IFCDATE", simple("2022-01-01")),
}


@pytest.mark.parametrize("name", SOUND)
def test_what_a_model_can_satisfy_is_accepted(name: str, tmp_path: Path) -> None:
    assert faults(tmp_path, SOUND[name]) == []


def test_each_version_counts(tmp_path: Path) -> None:
    """IfcInventory has its predefined types, with USERDEFINED, since IFC4."""
    group = part_of("IFCINVENTORY", "IFCRELASSIGNSTOGROUP").replace(
        "</name></entity>", f"</name><predefinedType>{simple('BUNNARY')}</predefinedType></entity>"
    )
    assert faults(tmp_path, group) == []
    assert [fault.rule for fault in faults(tmp_path, group, versions="IFC2X3 IFC4")] == [Rule.PREDEFINED]


def test_classes_that_ifc2x3_has_types_for_are_known(tmp_path: Path) -> None:
    terminal = entity(simple("IFCAIRTERMINAL"))
    assert faults(tmp_path, attribute_of(simple("Tag")), terminal, "IFC2X3") == []


def test_a_prohibited_specification_has_no_requirements(tmp_path: Path) -> None:
    prohibited = 'minOccurs="0" maxOccurs="0"'
    assert [one.rule for one in faults(tmp_path, NAME, occurs=prohibited)] == [Rule.PROHIBITED]
    assert faults(tmp_path, "", occurs=prohibited) == []


def test_other_occurrences_and_empty_applicabilities_are_refused(tmp_path: Path) -> None:
    assert [one.rule for one in faults(tmp_path, NAME, occurs='minOccurs="3" maxOccurs="5"')] == [
        Rule.OCCURRENCE
    ]
    assert [one.rule for one in faults(tmp_path, NAME, "")] == [Rule.APPLICABILITY]


def test_the_official_cases_are_right(corpus: Path) -> None:
    """Invalid are exactly those that are named so."""
    wrong = []
    paths = sorted((corpus / "ids" / "testcases").rglob("*.ids"))
    for path in paths:
        read = read_ids(path, name="ids_filename")
        found = list(find_faults(audit.parse(read.decoded), read.places))
        if bool(found) is not path.name.startswith("invalid-"):
            wrong.append(f"{path.name}: {found}")
    assert not wrong, "\n".join(wrong)
    assert len(paths) > 200


def test_the_example_is_sound() -> None:
    read = read_ids(ROOT / "examples" / "house.ids", name="ids_filename")
    assert list(find_faults(audit.parse(read.decoded), read.places)) == []
