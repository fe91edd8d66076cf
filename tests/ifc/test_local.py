"""Executing an operation on local files: outputs, the second try, what is left on disk."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from functions.core import LambdaSize, Operation
from functions.core.errors import Cancelled, CrashError, NotFoundError, PipelineError
from functions.ifc.child import Limits
from functions.ifc.local import Execution, content_type, execute, tools


def do(probe: Operation, folder: Path, what: str, **request: str) -> Execution:
    return execute(probe, {"do": what, **request}, {}, folder=folder)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_outputs_are_listed_with_the_main_one_first(probe: Operation, tmp_path: Path) -> None:
    execution = do(probe, tmp_path, "write")
    assert [output.name for output in execution.outputs] == ["model.glb", "a.csv"]
    main = execution.outputs[0]
    assert main.path.read_bytes() == b"glTF"
    assert (main.size, main.content_type) == (4, "model/gltf-binary")
    assert main.sha256 == hashlib.sha256(b"glTF").hexdigest()
    assert execution.result["output"] == "model.glb"
    assert execution.result["success"] is True


def test_scratch_is_gone_and_outputs_stay(probe: Operation, tmp_path: Path) -> None:
    do(probe, tmp_path, "write")
    assert names(tmp_path) == ["outputs"]
    with pytest.raises(PipelineError):
        do(probe, tmp_path, "fail")
    assert names(tmp_path) == ["outputs"]


def test_warnings_of_the_run_and_of_the_result_come_together(probe: Operation, tmp_path: Path) -> None:
    execution = do(probe, tmp_path, "answer")
    assert execution.warnings == ("own", "careful")
    assert execution.result["warnings"] == ["own", "careful"]
    assert execution.statistics == {"robust": False, "nan": None}


def test_a_crash_is_tried_once_more_robustly_and_from_a_clean_start(probe: Operation, tmp_path: Path) -> None:
    execution = do(probe, tmp_path, "crash_once")
    assert execution.robust
    assert [output.name for output in execution.outputs] == ["result.txt"]
    assert not do(probe, tmp_path, "write").robust


def test_a_second_crash_is_final(probe: Operation, tmp_path: Path) -> None:
    with pytest.raises(CrashError, match="SIGSEGV") as caught:
        do(probe, tmp_path, "crash")
    assert "about to crash" in caught.value.output_tail


IMPATIENT = Limits(shape_s=2.5)


@pytest.mark.parametrize("kind", ["hang", "crash"])
def test_a_shape_that_one_engine_never_ends_is_made_by_the_other(
    kind: str, probe: Operation, tmp_path: Path
) -> None:
    request = {"do": "make_shapes", "text": f"{kind} quick"}
    execution = execute(probe, request, {}, folder=tmp_path, limits=IMPATIENT)
    assert execution.statistics == {"made": [1, 2, 3, 4, 5], "given_up": True}
    assert execution.robust is (kind == "crash")


@pytest.mark.parametrize("kind", ["hang", "crash"])
def test_a_shape_that_no_engine_ends_costs_no_other(kind: str, probe: Operation, tmp_path: Path) -> None:
    request = {"do": "make_shapes", "text": f"{kind} quick slow"}
    execution = execute(probe, request, {}, folder=tmp_path, limits=IMPATIENT)
    assert execution.statistics == {"made": [1, 2, 4, 5], "given_up": True}


def test_shapes_that_take_no_time_each_may_take_any_time_together(probe: Operation, tmp_path: Path) -> None:
    request = {"do": "take_time", "text": "1"}
    execution = execute(probe, request, {}, folder=tmp_path, limits=Limits(shape_s=5))
    assert execution.statistics == {"tries": 1}


@pytest.mark.parametrize("what", ["promise", "write_nothing", "point_outside"])
def test_there_is_no_success_without_the_output(probe: Operation, tmp_path: Path, what: str) -> None:
    with pytest.raises(PipelineError, match="did not produce"):
        do(probe, tmp_path, what)


def test_an_input_that_is_not_there_is_named(probe: Operation, tmp_path: Path) -> None:
    with pytest.raises(NotFoundError, match=r"Input file house\.ifc not found"):
        do(probe, tmp_path, "open_it", model="house.ifc")
    request = {"do": "answer", "model": "b/house.ifc"}
    with pytest.raises(NotFoundError, match=r"Input file house\.ifc not found") as missing:
        execute(probe, request, {"model": tmp_path / "house.ifc"}, folder=tmp_path)
    assert missing.value.field == "model"


def test_relative_paths_are_the_callers(
    probe: Operation, corpus: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(corpus / "bad")
    request = {"do": "open_it", "model": "crlf.ifc"}
    execution = execute(probe, request, {"model": Path("crlf.ifc")}, folder=tmp_path)
    assert execution.statistics == {"instances": 17, "schema": "IFC4"}


def test_a_cancelled_run_is_not_tried_again(probe: Operation, tmp_path: Path) -> None:
    with pytest.raises(Cancelled):
        execute(probe, {"do": "sleep"}, {}, folder=tmp_path, should_stop=lambda: True)
    assert names(tmp_path) == ["outputs"]


@pytest.mark.parametrize(("memory", "left"), [(1769, 1_469_000_000), (512, 256_000_000)])
def test_limits_follow_from_the_compute_an_operation_asks_for(
    probe: Operation, memory: int, left: int
) -> None:
    operation = replace(probe, compute=LambdaSize(memory_mb=memory, timeout_s=90))
    assert Limits.of(operation.compute) == Limits(wall_s=90, address_space_bytes=left)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("a.ifc", "application/x-step"),
        ("a.IDS", "application/xml"),
        ("a.bcf", "application/zip"),
        ("a b#1?.json", "application/json"),
        ("a.csv", "text/csv"),
        ("a.html", "text/html"),
        ("a.unknown", "application/octet-stream"),
        ("日本.xlsx", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_content_types_do_not_depend_on_the_machine(name: str, expected: str) -> None:
    assert content_type(name) == expected


def test_provenance_names_the_tools() -> None:
    assert tools()["ifcopenshell"].startswith("0.9")
    assert {"python", "ifcopenshell", "numpy"} <= set(tools())
