"""The examples of naming operations are valid, against the operations there are."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from examples.make import FOLDER
from functions.core.errors import InputError
from functions.core.registry import operation
from functions.core.upload import METADATA_KEY, Step, default_operations, read_manifest, read_operations

PRIMARY = "house-architecture.ifc"


def parse(step: Step) -> None:
    """Check a step against its operation's contract; the upload itself is its first input."""
    wanted = operation(step.operation)
    first = next(iter(wanted.file_fields))
    wanted.parse({first: PRIMARY, **step.request})


@pytest.mark.parametrize(
    "path", sorted((FOLDER / "manifests").glob("*.job.json")), ids=lambda path: path.name
)
def test_manifests_are_valid_and_name_example_files(path: Path) -> None:
    steps = read_manifest(path.read_bytes()).steps
    names = [step.name for step in steps]
    for index, step in enumerate(steps):
        parse(step)
        assert set(step.after) <= set(names[:index])
        for _, reference, _ in operation(step.operation).parse(step.request).files():
            assert (FOLDER / reference).is_file()


def test_the_upload_record_is_valid() -> None:
    record = json.loads((FOLDER / "upload.json").read_text(encoding="utf-8"))
    assert (FOLDER / record["filename"]).is_file()
    assert len(record["operations"]) == 3
    for asked in record["operations"]:
        parse(Step.model_validate(asked))


def test_the_metadata_names_three_operations() -> None:
    metadata = json.loads((FOLDER / "metadata.json").read_text(encoding="utf-8"))
    steps = read_operations(metadata[METADATA_KEY])
    assert [step.operation for step in steps] == ["ifcinfo", "ifccsv", "ifcconvert"]
    for step in steps:
        parse(step)


@pytest.mark.parametrize(
    ("key", "names"),
    [
        ("house.ifc", ["ifcinfo"]),
        ("incoming/house.ifc", ["ifcinfo", "ifcconvert"]),
        ("incoming/schedules/house.ifc", ["ifccsv"]),
    ],
)
def test_the_defaults_go_by_the_longest_prefix(key: str, names: list[str]) -> None:
    defaults = json.loads((FOLDER / "defaults.json").read_text(encoding="utf-8"))
    steps = default_operations(key, {prefix: tuple(known) for prefix, known in defaults.items()})
    assert [step.operation for step in steps] == names
    for step in steps:
        parse(step)


def test_a_misspelt_field_in_a_step_is_found() -> None:
    with pytest.raises(InputError, match="atributes"):
        parse(Step(operation="ifccsv", request={"atributes": ["Name"]}))
