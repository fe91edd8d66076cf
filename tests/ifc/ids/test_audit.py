"""Audits are those of ifctester, but for the corrections that facets.py names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import ifcopenshell
import pytest
from ifctester import ids as plain

from benchmarks.specifications import HEAD, TAIL, specifications
from functions.ifc.ids import audit
from functions.ifc.ids.facts import Facts
from functions.ifc.ids.file import read_ids

ORDER = ("material names", "references", "systems")  # reasons that list a set
TALL = "models/bim-whale/TallBuilding.ifc"


def sort(reason: str) -> str:
    return "".join(sorted(reason)) if any(word in reason for word in ORDER) else reason


def expect(model: ifcopenshell.file, ids: Path) -> list[Any]:
    """Return what ifctester says: status, applicable elements, and reasons by requirement."""
    document = plain.open(str(ids))
    document.validate(model)
    return [
        (
            one.status,
            sorted(element.id() for element in one.applicable_entities),
            [
                {failure["element"].id(): sort(failure["reason"]) for failure in requirement.failures}
                for requirement in one.requirements
            ],
        )
        for one in document.specifications
    ]


def ask(model: ifcopenshell.file, ids: Path) -> list[Any]:
    """Return what we say."""
    document = audit.parse(read_ids(ids, name="ids").decoded)
    return [
        (
            one.status,
            sorted(one.applicable),
            [{number: sort(reason) for number, reason in check.failures.items()} for check in one.checks],
        )
        for one in audit.run(document, Facts(model), progress=lambda *_: None)
    ]


def test_all_facets_agree_on_a_building(corpus: Path, tmp_path: Path) -> None:
    ids = tmp_path / "t.ids"
    ids.write_text(HEAD + "".join(specifications(40)) + TAIL)
    model = ifcopenshell.open(corpus / TALL)
    found = ask(model, ids)
    assert found == expect(model, ids)
    assert {status for status, _, _ in found} == {True, False}


def test_the_official_cases_agree_but_for_the_corrections(corpus: Path) -> None:
    """What differs are tolerances, and attributes that are optional and null."""
    differ = {
        f"{path.parent.name}/{path.stem}"
        for path in sorted((corpus / "ids" / "testcases").rglob("*.ids"))
        if not path.name.startswith("invalid-")
        for model in [ifcopenshell.open(path.with_suffix(".ifc"))]
        if ask(model, path) != expect(model, path)
    }
    others = {name for name in differ if not name.startswith("tolerance/")}
    assert others == {
        "attribute/pass-an_optional_attribute_passes_if_null",
        "ids/pass-specification_optionality_and_facet_optionality_can_be_combined",
    }
    assert differ > others


@pytest.mark.parametrize(
    ("applicability", "avoids"),
    [
        ({"entity": {"name": {"simpleValue": "IFCWALL"}}}, True),
        ({"entity": {"name": {"simpleValue": "IFCFACE"}}}, False),
        ({"entity": {"name": {"restriction": {"enumeration": [{"@value": "IFCWALL"}]}}}}, True),
        ({"entity": {"name": {"restriction": {"enumeration": [{"@value": "IFCLOOP"}]}}}}, False),
        ({"entity": {"name": {"restriction": {"pattern": [{"@value": "IFC.*"}]}}}}, False),
        ({"attribute": [{"name": {"simpleValue": "Name"}}]}, False),
    ],
)
def test_a_model_is_audited_without_faces_only_where_no_specification_can_apply_to_them(
    applicability: dict[str, Any], avoids: bool
) -> None:
    occurs = {"@minOccurs": 0, "@maxOccurs": "unbounded"}
    clauses = {"@name": "S", "@ifcVersion": ["IFC4"], "applicability": {**occurs, **applicability}}
    document = audit.parse({"info": {}, "specifications": {"specification": [clauses]}})
    assert audit.avoids_shapes(document) is avoids


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ({"simpleValue": "Name"}, True),
        ({"simpleValue": "HasPropertySets"}, False),
        ({"restriction": {"@base": "xs:string", "pattern": {"@value": "Object.*"}}}, False),
        ({"restriction": {"@base": "xs:string", "enumeration": [{"@value": "Tag"}]}}, True),
    ],
)
def test_attributes_that_name_shapes_places_or_property_sets_need_a_whole_model(
    name: dict[str, Any], expected: bool
) -> None:
    clauses = {
        "@ifcVersion": ["IFC4"],
        "applicability": {"@minOccurs": 0, "@maxOccurs": 1},
        "requirements": {"attribute": [{"name": name}]},
    }
    document = audit.parse({"info": {}, "specifications": {"specification": [clauses]}})
    assert audit.names_no_parts(document) is expected
