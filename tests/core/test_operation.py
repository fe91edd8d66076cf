"""What the contract of an operation says of its files, and what a run gets to see of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import BaseModel, Field

from functions.core import Files, ModelFile, Operation, OutputName, Request, Result, registry
from functions.core.errors import InputError, NotFoundError, UnknownOperationError
from functions.core.operation import fill, is_filled, localise


class Side(BaseModel):
    file: ModelFile


class ManyRequest(Request):
    model: ModelFile
    other: ModelFile | None = None
    more: list[ModelFile] = Field(default_factory=list)
    sides: list[Side] = Field(default_factory=list)
    output_filename: OutputName = None


MANY = Operation(package="functions.operations.many", request=ManyRequest)
BODY = {"model": "a.ifc", "other": "a.ifc", "more": ["b.ifc"], "sides": [{"file": "c.ifc"}]}


def test_files_are_found_wherever_a_request_names_them() -> None:
    used = [(use.field, use.reference) for use in MANY.parse(BODY).files()]
    assert used == [("model", "a.ifc"), ("other", "a.ifc"), ("more.0", "b.ifc"), ("sides.0.file", "c.ifc")]


def test_an_optional_file_is_a_file_field_and_the_first_one_is_an_uploads_own() -> None:
    assert list(MANY.file_fields) == ["model", "other", "more", "sides.0.file"]
    assert [use.field for use in MANY.parse({"model": "a.ifc"}).files()] == ["model"]


def test_two_fields_may_name_one_object_in_two_versions(tmp_path: Path) -> None:
    old, new = tmp_path / "1" / "a.ifc", tmp_path / "2" / "a.ifc"
    body, files = localise(MANY, BODY, {"model": old, "other": new, "sides.0.file": old})
    seen = Files(inputs=files, outputs=tmp_path, scratch=tmp_path)
    request = MANY.parse(body)
    assert isinstance(request, ManyRequest)
    assert (seen.input(request.model), seen.input(request.other or "")) == (old, new)
    assert seen.input(request.sides[0].file) == old
    assert Path(request.model).stem == "a"
    assert BODY["model"] == "a.ifc"


def test_files_in_a_list_are_found(tmp_path: Path) -> None:
    body, files = localise(
        MANY, {"model": "a.ifc", "more": ["x.ifc", "y.ifc"]}, {"more.1": tmp_path / "y.ifc"}
    )
    assert body["more"] == ["x.ifc", "more.1/y.ifc"]
    assert files == {"more.1/y.ifc": tmp_path / "y.ifc"}


def test_a_field_inside_objects_and_lists_is_filled_and_what_is_around_it_made() -> None:
    assert fill({}, "sides.0.file", "a.ifc") == {"sides": [{"file": "a.ifc"}]}
    assert fill(BODY, "sides.1.file", "d.ifc")["sides"] == [{"file": "c.ifc"}, {"file": "d.ifc"}]
    assert fill(BODY, "more.0", "x.ifc")["more"] == ["x.ifc"]
    assert BODY["sides"] == [{"file": "c.ifc"}]
    assert is_filled(BODY, "sides.0.file") and is_filled(BODY, "more.0")
    assert not any(is_filled(BODY, place) for place in ("sides.1.file", "sides.0.other", "model.x", "extra"))


def test_a_file_that_was_not_given_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"Input file b\.ifc not found"):
        Files(inputs={}, outputs=tmp_path, scratch=tmp_path).input("b.ifc")


def test_the_output_name_is_the_callers() -> None:
    assert MANY.parse({**BODY, "output_filename": "mine.csv"}).output_name() == "mine.csv"
    assert MANY.parse(BODY).output_name() is None


@pytest.mark.parametrize("name", ["/output/csv/mine.csv", "output/csv/mine.csv", "/app/output/csv/mine.csv"])
def test_the_output_may_be_named_with_its_folder_which_no_run_sees(name: str) -> None:
    request = MANY.parse({**BODY, "output_filename": name})
    assert request.output_name() == "output/csv/mine.csv"
    body, _ = localise(MANY, {**BODY, "output_filename": name}, {})
    assert body["output_filename"] == "mine.csv"


@pytest.mark.parametrize(
    "name",
    ["/output/mine.csv", "/output/a/b/mine.csv", "/output/../mine.csv", "/output//mine.csv", "/output/csv/..",
     "/output/csv/", "/output/c\tsv/mine.csv", "/uploads/csv/mine.csv", "/tmp/mine.csv", "/mine.csv",
     "output/csv/" + 201 * "x"],
)  # fmt: skip
def test_no_other_folder_is_written_to(name: str) -> None:
    with pytest.raises(InputError) as raised:
        MANY.parse({**BODY, "output_filename": name})
    assert raised.value.field == "output_filename"


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/etc/x", "a\\b", "a\nb", "a\x00b"])
def test_an_output_is_a_bare_name(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError):
        Files(inputs={}, outputs=tmp_path, scratch=tmp_path).output(name)


@pytest.mark.parametrize("name", ["..", "a/b", "a\\b", "a\nb", "ü" * 101, "x" * 201])
def test_an_output_that_no_disk_takes_is_refused_with_the_request(name: str) -> None:
    with pytest.raises(InputError) as wrong:
        MANY.parse({**BODY, "output_filename": name})
    assert wrong.value.field == "output_filename"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "model"),
        ({**BODY, "colour": "red"}, "colour"),
        ({**BODY, "sides": [{"file": 5}]}, "sides.0.file"),
        ({**BODY, "model": ""}, "model"),
    ],
)
def test_a_wrong_request_names_the_field(body: dict[str, object], field: str) -> None:
    with pytest.raises(InputError) as wrong:
        MANY.parse(body, prefix="operations.1.request")
    assert wrong.value.field == f"operations.1.request.{field}"


def test_an_unknown_operation_lists_those_there_are() -> None:
    with pytest.raises(UnknownOperationError, match="ifcinfo") as unknown:
        registry.operation("ifcmagic", field="operation")
    assert unknown.value.field == "operation"


def test_what_is_added_to_one_result_is_in_no_other() -> None:
    one = Result(message="one")
    one.warnings.append("odd")
    one.statistics["count"] = 1
    assert Result(message="other").model_dump(exclude_defaults=True) == {"message": "other"}
