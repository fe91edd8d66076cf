"""A job's child process: what comes back, and that nothing is left behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from multiprocessing import forkserver
from pathlib import Path
from typing import Any

import pytest

from functions.core import Operation
from functions.core.errors import (
    Cancelled,
    CrashError,
    InputError,
    LimitError,
    MemoryLimitError,
    ModelError,
    PipelineError,
    TimeLimitError,
    TooLargeError,
)
from functions.ifc.process import FileSpec, Limits, Outcome, run_in_child, warm
from functions.local import guard
from tests.patience import PATIENCE_S, until

ROOT = Path(__file__).resolve().parents[2]
LIMITS = Limits(wall_s=60, address_space_bytes=1 << 30)
WELL_BEFORE_S = 30  # that limit, and the end of a probe that sleeps or spins


def do(operation: Operation, spec: FileSpec, what: str, text: str = "", **options: object) -> Outcome:
    return run_in_child(
        operation,
        {"do": what, "text": text},
        spec,
        **{"limits": LIMITS, **options},  # type: ignore[arg-type]
    )


def server_pid() -> int:
    pid = forkserver._forkserver._forkserver_pid  # type: ignore[attr-defined]
    assert isinstance(pid, int)
    return pid


def test_a_run_answers_with_its_result_warnings_and_progress(probe: Operation, spec: FileSpec) -> None:
    heard: list[Any] = []
    outcome = do(probe, spec, "answer", on_progress=lambda *step: heard.append(step), on_warning=heard.append)
    assert outcome.result.message == "done"
    assert outcome.result.statistics == {"robust": False, "nan": None}
    assert outcome.warnings == ("careful",)
    assert heard == [("think", 1, 2), ("think", 2, 2), "careful"]
    assert outcome.cpu_s > 0
    assert outcome.wall_s > 0
    assert outcome.peak_bytes > 10_000_000


# No `if __name__ == "__main__"`: a child that imported it again would start children of its own.
PARENT = """
import sys
from pathlib import Path
sys.path[:0] = ["{root}", "{here}"]
import probe
from functions.ifc.process import FileSpec, Limits, run_in_child
marker_of_the_parent = True
scratch = Path("{scratch}")
files = FileSpec(inputs={{}}, outputs=scratch, scratch=scratch)
request = {{"do": "{do}", "text": str(scratch / "pid")}}
outcome = run_in_child(probe.operation, request, files, limits=Limits())
assert "ifcopenshell" not in sys.modules and "numpy" not in sys.modules
print(outcome.result.model_dump_json())
"""


def parent(scratch: Path, what: str) -> str:
    return PARENT.format(root=ROOT, here=Path(__file__).parent, scratch=scratch, do=what)


@pytest.mark.parametrize("how", ["script", "command", "module", "loop"])
def test_a_child_is_alone_confined_and_knows_no_credentials(
    probe: Operation, tmp_path: Path, how: str
) -> None:
    code = parent(tmp_path, "look_around")
    (tmp_path / "main.py").write_text(code if how != "loop" else LOOP.format(code=code))
    command = {"command": ["-c", code], "module": ["-m", "main"]}.get(how, [str(tmp_path / "main.py")])
    run = subprocess.run(
        [sys.executable, *command],
        env={**os.environ, "AWS_SECRET_ACCESS_KEY": "secret"},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=False,
    )
    assert run.stderr == ""
    assert json.loads(run.stdout)["statistics"] == {
        "secrets": [],
        "core": 0,
        "leader": True,
        "temporary": True,
        "preloaded": True,
        "runs": [],
        "threads": 1,
        "native_threads": "1",
        "main": False,
        "alone": 1,
    }


def test_what_a_process_was_warmed_for_is_imported_before_its_children(
    probe: Operation, tmp_path: Path
) -> None:
    warming = "from functions.ifc.process import warm\nwarm(['ifcinfo', 'unheard_of'])\n"
    code = parent(tmp_path, "look_around").replace("import probe\n", f"import probe\n{warming}")
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=PATIENCE_S, check=False
    )
    assert run.stderr == ""
    assert json.loads(run.stdout)["statistics"]["runs"] == ["functions.operations.ifcinfo.run"]


# As a Lambda's bootstrap: the handler runs inside an endless loop at the top of `__main__`.
LOOP = """
import os
code = {code!r}
while True:
    exec(code)
    import sys
    sys.stdout.flush()
    os._exit(0)
"""


def test_a_typed_error_comes_back_as_it_was_raised(probe: Operation, spec: FileSpec) -> None:
    with pytest.raises(TooLargeError) as caught:
        do(probe, spec, "refuse")
    assert caught.value.message == "too much of it"
    assert (caught.value.field, caught.value.where) == ("model", "line 7")
    assert "in refuse" in caught.value.traceback_text


def test_an_error_class_of_an_operation_comes_back_as_its_known_parent(
    probe: Operation, spec: FileSpec
) -> None:
    with pytest.raises(ModelError, match="odd") as caught:
        do(probe, spec, "refuse_oddly")
    assert caught.value.where == "line 1"


def test_a_request_is_validated_in_the_child_too(probe: Operation, spec: FileSpec) -> None:
    with pytest.raises(InputError) as caught:
        run_in_child(probe, {"doo": "answer"}, spec, limits=LIMITS)
    assert caught.value.field == "doo"


def test_an_unexpected_error_shows_its_stack_to_the_log_alone(probe: Operation, spec: FileSpec) -> None:
    with pytest.raises(PipelineError) as caught:
        do(probe, spec, "fail")
    assert type(caught.value) is PipelineError
    assert caught.value.message == "probe stopped on an unexpected ValueError"
    assert f"cannot read {spec.scratch}/secret" in caught.value.traceback_text


def test_a_parser_error_in_the_middle_of_a_run_is_the_models_fault(probe: Operation, spec: FileSpec) -> None:
    with pytest.raises(ModelError, match=r"1\.E999") as caught:
        do(probe, spec, "fail_with", "token 1.E999 at offset 592 invalid valid token")
    assert caught.value.where == "byte 592"


@pytest.mark.parametrize(
    ("death", "kind", "words"),
    [
        (("take_memory", ""), MemoryLimitError, "more memory than its limit"),
        (("fail_with", "std::bad_alloc"), MemoryLimitError, "more memory than its limit"),
        (("kill_itself", "9"), MemoryLimitError, "SIGKILL"),
        (("crash", ""), CrashError, r"crashed in native code \(SIGSEGV\)"),
        (("kill_itself", "6"), CrashError, "SIGABRT"),
        (("vanish", ""), CrashError, "exit code 5"),
        (("fill_the_disk", ""), LimitError, "more disk"),
        (("leave", ""), PipelineError, "unexpected SystemExit"),
        (("answer_wrongly", ""), PipelineError, "not its result"),
        (("answer_at_length", "5000000"), PipelineError, "belongs in an output"),
        (("not_there", ""), PipelineError, "unexpected KeyError"),
    ],
)
def test_every_death_has_its_error(
    probe: Operation, spec: FileSpec, death: tuple[str, str], kind: type[PipelineError], words: str
) -> None:
    with pytest.raises(PipelineError, match=words) as caught:
        do(probe, spec, *death)
    assert type(caught.value) is kind


def test_a_large_result_comes_through(probe: Operation, spec: FileSpec) -> None:
    assert len(do(probe, spec, "answer_at_length", "3900000").result.message) == 3_900_000


@pytest.mark.parametrize("what", ["sleep", "spin"])
def test_a_run_ends_at_its_time_limit(probe: Operation, spec: FileSpec, what: str) -> None:
    started = time.monotonic()
    with pytest.raises(TimeLimitError):
        do(probe, spec, what, limits=Limits(wall_s=0.3))
    assert time.monotonic() - started < WELL_BEFORE_S


def test_what_a_child_started_dies_with_it(probe: Operation, spec: FileSpec, tmp_path: Path) -> None:
    note = tmp_path / "pid"
    with pytest.raises(Cancelled):
        do(probe, spec, "breed", str(note), should_stop=lambda: note.exists() and bool(note.read_text()))
    until(lambda: not guard.alive(int(note.read_text())))


def test_a_run_stops_when_it_is_told_to(probe: Operation, spec: FileSpec) -> None:
    stop = threading.Event()
    started = time.monotonic()
    with pytest.raises(Cancelled):
        do(probe, spec, "sleep", on_progress=lambda *_: stop.set(), should_stop=stop.is_set)
    assert time.monotonic() - started < WELL_BEFORE_S


def test_a_failing_listener_ends_the_run(probe: Operation, spec: FileSpec, tmp_path: Path) -> None:
    heard: list[object] = []

    def listen(*report: object) -> None:
        heard.append(report)
        raise ValueError("nobody there")

    note = tmp_path / "pid"
    warm()
    before = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(ValueError, match="nobody there"):
        do(probe, spec, "sleep", str(note), on_progress=listen)
    until(lambda: not guard.alive(int(note.read_text())))
    heard.clear()
    with pytest.raises(ValueError, match="nobody there"):
        do(probe, spec, "flood", on_progress=listen, on_warning=listen)
    assert len(heard) == 1
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_shape_is_not_blamed_for_a_listener_that_takes_long(probe: Operation, spec: FileSpec) -> None:
    slow = Limits(shape_s=3)
    outcome = do(probe, spec, "move_on", limits=slow, on_progress=lambda *_: time.sleep(3.5))
    assert outcome.result.message == "made"


def test_output_is_captured_and_never_printed(
    probe: Operation, spec: FileSpec, capfd: pytest.CaptureFixture[str]
) -> None:
    outcome = do(probe, spec, "chatter")
    for words in ("from Python", "from native code", "from a process", "as an error"):
        assert words in outcome.output_tail
    assert capfd.readouterr() == ("", "")


def test_the_output_of_a_crash_is_kept_for_the_log(probe: Operation, spec: FileSpec) -> None:
    with pytest.raises(CrashError) as caught:
        do(probe, spec, "crash")
    assert caught.value.output_tail == "about to crash\n"


def test_a_flood_of_output_and_reports_is_bounded(probe: Operation, spec: FileSpec) -> None:
    steps: list[int] = []
    outcome = do(probe, spec, "flood", on_progress=lambda _stage, done, _total: steps.append(done))
    assert outcome.output_tail.endswith("the end")
    assert len(outcome.output_tail) <= 16_000
    assert len(outcome.warnings) == 501
    assert "left out" in outcome.warnings[-1]
    assert len(steps) < 500


def test_runs_in_many_threads_keep_apart(probe: Operation, tmp_path: Path) -> None:
    def one(number: int) -> str:
        folder = tmp_path / str(number)
        folder.mkdir()
        files = FileSpec(inputs={}, outputs=folder, scratch=folder)
        try:
            return do(probe, files, "answer_at_length" if number % 4 else "crash", str(number)).result.message
        except CrashError as error:
            return error.message

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(40)))
    for number, answer in enumerate(answers):
        assert answer == ("x" * number if number % 4 else "probe crashed in native code (SIGSEGV)")


def test_two_hundred_children_leave_nothing_behind(probe: Operation, spec: FileSpec) -> None:
    do(probe, spec, "answer")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for number in range(200):
        if number % 10:
            do(probe, spec, "answer")
        else:
            with pytest.raises(CrashError):
                do(probe, spec, "crash")
    assert len(list(Path("/proc/self/fd").iterdir())) == before
    until(lambda: guard.children().get(server_pid()) is None)


def test_a_dead_fork_server_is_replaced(probe: Operation, spec: FileSpec) -> None:
    warm()
    dead = server_pid()
    os.kill(dead, signal.SIGKILL)
    until(lambda: not guard.alive(dead))
    assert do(probe, spec, "answer").result.message == "done"
    assert server_pid() != dead


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_child_dies_with_its_parent(probe: Operation, tmp_path: Path, number: signal.Signals) -> None:
    note = tmp_path / "pid"
    process = subprocess.Popen(
        [sys.executable, "-c", parent(tmp_path, "sleep")],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        until(lambda: note.exists() and bool(note.read_text()))
        child = int(note.read_text())
        assert guard.alive(child)
        process.send_signal(number)
        process.wait(PATIENCE_S)
        until(lambda: not guard.alive(child))
    finally:
        process.kill()
        process.wait()


def test_warming_up_does_not_wait(tmp_path: Path) -> None:
    """The server's import cannot end before the call has: it waits for what its caller does next."""
    warmed, seen = tmp_path / "warmed", tmp_path / "seen"
    (tmp_path / "ifcopenshell.py").write_text(
        "import pathlib, time\n"
        f"until = time.monotonic() + {PATIENCE_S}\n"
        f"while not pathlib.Path({str(warmed)!r}).exists() and time.monotonic() < until: time.sleep(0.01)\n"
        f"pathlib.Path({str(seen)!r}).write_text(str(time.monotonic() < until))\n"
    )
    code = (
        f"import pathlib, sys, time; sys.path[:0] = [{str(tmp_path)!r}, {str(ROOT)!r}]\n"
        "from functions.ifc.process import warm\n"
        "from multiprocessing import forkserver\n"
        "warm()\n"
        "assert forkserver._forkserver._forkserver_pid\n"
        f"pathlib.Path({str(warmed)!r}).touch()\n"
        f"while not pathlib.Path({str(seen)!r}).exists(): time.sleep(0.01)\n"
    )
    # Not captured: the fork server would keep the pipe open until it has imported everything.
    subprocess.run(
        [sys.executable, "-c", code], stdout=subprocess.DEVNULL, timeout=2 * PATIENCE_S, check=True
    )
    until(seen.read_text)
    assert seen.read_text() == "True"
