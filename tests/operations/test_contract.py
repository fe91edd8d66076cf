"""What holds for every operation of the registry, those to come included."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from functions.core import FileField, Operation, Result
from functions.core.errors import RULES, CrashError, InputError, PipelineError, TimeLimitError
from functions.core.operation import fill
from functions.core.registry import operations
from functions.ifc.local import Execution, execute
from functions.ifc.process import Limits
from tests.operations.material import ROOT, example, example_files
from tests.validator import needs_validator, validate

HEAVY = ("ifcopenshell", "numpy", "shapely", "boto3")


@pytest.fixture(params=sorted(operations()))
def operation(request: pytest.FixtureRequest) -> Operation:
    """Every operation, one after the other."""
    return operations()[request.param]


def run(
    operation: Operation, request: dict[str, Any], folder: Path, files: Mapping[str, Path] | None = None
) -> Execution:
    """Run an operation on example files, or on others by field."""
    inputs = {**example_files(operation, request), **(files or {})}
    limits = replace(Limits.of(operation.compute), wall_s=20.0)
    folder.mkdir(exist_ok=True)
    return execute(operation, request, inputs, folder=folder, limits=limits)


def outputs(execution: Execution) -> dict[str, str]:
    return {output.name: output.sha256 for output in execution.outputs}


def test_it_says_what_it_does(operation: Operation) -> None:
    assert operation.summary.endswith(".")
    assert 10 <= len(operation.summary) <= 120
    for name, field in operation.request.model_json_schema()["properties"].items():
        assert field.get("description") or name.isidentifier()


def test_it_is_a_folder_of_two_files(operation: Operation) -> None:
    folder = ROOT / "functions" / "operations" / operation.name
    assert sorted(path.name for path in folder.glob("**/*.py")) == ["__init__.py", "run.py"]


def test_its_request_names_a_file(operation: Operation) -> None:
    assert operation.file_fields
    assert all(isinstance(mark, FileField) and mark.suffixes for mark in operation.file_fields.values())


def test_it_refuses_unknown_fields(operation: Operation) -> None:
    with pytest.raises(InputError) as caught:
        operation.parse({**example(operation), "colour": "red"})
    assert caught.value.field == "colour"


def test_it_refuses_a_missing_file(operation: Operation) -> None:
    first = next(iter(operation.file_fields))
    with pytest.raises(InputError) as caught:
        operation.parse({})
    assert (caught.value.field or "").partition(".")[0] in {
        first.partition(".")[0],
        *operation.request.model_fields,
    }


def test_its_schemas_can_be_shown(operation: Operation) -> None:
    for model in (operation.request, operation.result):
        schema = model.model_json_schema()
        assert schema["additionalProperties"] is False
        json.dumps(schema, allow_nan=False)


def test_its_defaults_are_valid(operation: Operation) -> None:
    request = operation.parse(example(operation))
    again = operation.parse(json.loads(json.dumps(request.model_dump(mode="json"))))
    assert again == request


def test_a_request_cannot_be_changed(operation: Operation) -> None:
    request = operation.parse(example(operation))
    with pytest.raises(ValidationError):
        setattr(request, next(iter(operation.request.model_fields)), "other.ifc")


def test_its_result_is_a_result(operation: Operation) -> None:
    assert issubclass(operation.result, Result)


def test_contracts_load_without_the_heavy_libraries() -> None:
    code = (
        "import sys; from functions.core.registry import operations; assert operations();"
        f"print([name for name in {HEAVY!r} if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_it_makes_the_same_outputs_of_the_example_twice(operation: Operation, tmp_path: Path) -> None:
    first = run(operation, example(operation), tmp_path / "a")
    second = run(operation, example(operation), tmp_path / "b")
    assert first.result["success"] is True
    assert first.result["message"]
    assert first.warnings == (), "the examples are in order"
    assert first.outputs[0].name == first.result["output"]
    assert first.outputs[0].name.partition(".")[0] not in operation.request.model_fields
    assert first.outputs[0].size > 0
    assert outputs(first) == outputs(second)
    assert first.result == second.result
    json.dumps(first.result, allow_nan=False)


def test_it_makes_every_format_of_the_example_without_a_warning(operation: Operation, tmp_path: Path) -> None:
    fields = {"format", "report_type"} & operation.request.model_fields.keys()
    for field, kind in ((field, kind) for field in fields for kind in operation.formats):
        done = run(operation, {**example(operation), field: kind}, tmp_path / kind)
        assert done.outputs[0].name.endswith(f".{kind}")
        assert done.warnings == (), kind


@needs_validator
@pytest.mark.parametrize("name", [name for name, one in operations().items() if "glb" in one.formats])
def test_its_scene_of_the_example_is_valid(name: str, tmp_path: Path) -> None:
    chosen = operations()[name]
    done = run(chosen, {**example(chosen), "format": "glb"}, tmp_path)
    assert validate([done.outputs[0].path]) == {}


def test_the_caller_may_name_the_output(operation: Operation, tmp_path: Path) -> None:
    default = run(operation, example(operation), tmp_path / "a").outputs[0].name
    fields = [name for name in operation.request.model_fields if name in {"output_filename", "output_file"}]
    assert fields, "every operation lets the caller name its main output"
    wanted = f"Größe {Path(default).suffix}".replace(" .", " 1.")
    request = {**example(operation), fields[0]: wanted}
    (tmp_path / "b").mkdir()
    done = execute(operation, request, example_files(operation), folder=tmp_path / "b")
    assert done.outputs[0].name == wanted


@pytest.mark.parametrize("name", ["../x", "/etc/x", "a\\b", "a/b", "..", "a\nb"])
def test_an_output_stays_in_its_folder(operation: Operation, name: str, tmp_path: Path) -> None:
    field = next(
        name for name in operation.request.model_fields if name in {"output_filename", "output_file"}
    )
    with pytest.raises(InputError):
        request = {**example(operation), field: name}
        execute(operation, request, example_files(operation), folder=tmp_path)


def damaged(operation: Operation, corpus: Path) -> Iterator[tuple[str, Path, dict[str, Any]]]:
    """Yield (field, file, manifest entry) for every bad file of a kind that the operation reads."""
    uses = list(operation.parse(example(operation)).files())
    for entry in json.loads((corpus / "bad" / "manifest.json").read_text()):
        for use in uses:
            if Path(entry["file"]).suffix in use.suffixes:
                yield use.field, corpus / "bad" / entry["file"], entry


def test_no_bad_file_breaks_it(operation: Operation, corpus: Path, tmp_path: Path) -> None:
    """Every damaged file ends in a typed error or in a result, and in the one that is expected."""
    wrong = []
    number = -1
    for number, (field, path, entry) in enumerate(damaged(operation, corpus)):
        request = fill(example(operation), field, path.name)
        ended = end(operation, request, tmp_path / str(number), {field: path})
        if ended not in {"accept": {"success"}, "reject": {"refused"}}.get(
            entry["expect"], {"success", "refused"}
        ):
            wrong.append(f"{path.name}: {ended}, expected {entry['expect']}")
    assert not wrong, "\n".join(wrong)
    assert number > 0, "there is no bad file of its kind"


def test_no_value_of_another_type_breaks_it(operation: Operation, tmp_path: Path) -> None:
    text = (ROOT / "examples" / "house-architecture.ifc").read_text(encoding="utf-8")
    for pattern, wrong in (
        (r"(=IFCWALL\('[^']*',[^,]*,)'[^']*'", r"\g<1>12"),
        (r"(=IFCDOOR\()'[^']*'", r"\g<1>12"),
        (r"(=IFCWINDOW\()'[^']*'", r"\g<1>$"),
        (r"(=IFCBUILDINGSTOREY\('[^']*',[^,]*,)'[^']*'", r"\g<1>12"),
        (r"(=IFCPROPERTYSET\(.*,)\(#[^)]*\)", r"\g<1>#1"),
    ):
        text, count = re.subn(pattern, wrong, text, count=1)
        assert count, pattern
    path = tmp_path / "mistyped.ifc"
    path.write_text(text, encoding="utf-8")
    for use in operation.parse(example(operation)).files():
        if ".ifc" in use.suffixes:
            request = fill(example(operation), use.field, path.name)
            assert end(operation, request, tmp_path / use.field, {use.field: path}) == "success"


def test_it_says_which_model_is_broken(operation: Operation, tmp_path: Path) -> None:
    path = tmp_path / "broken.ifc"
    path.write_text("ISO-10303-21;")
    models = [use.field for use in operation.parse(example(operation)).files() if ".ifc" in use.suffixes]
    assert models
    for field in models:
        with pytest.raises(InputError) as caught:
            run(operation, fill(example(operation), field, path.name), tmp_path / field, {field: path})
        assert (caught.value.field, caught.value.where) == (field, "line 1")


def end(operation: Operation, request: dict[str, Any], folder: Path, files: dict[str, Path]) -> str:
    """Return how a job ends: success, refused, or what must not be."""
    try:
        execution = run(operation, request, folder, files)
    except (CrashError, TimeLimitError) as error:
        return f"{type(error).__name__}: {error}"
    except PipelineError as error:
        return "refused" if RULES[type(error)].status in {413, 422} else f"{type(error).__name__}: {error}"
    json.dumps(execution.result, allow_nan=False)
    return "success" if execution.result["success"] else "no success"
