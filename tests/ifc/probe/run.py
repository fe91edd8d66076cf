"""The misbehaviour, one function a kind."""

# ruff: noqa: T201 - printing is one kind

from __future__ import annotations

import ctypes
import errno
import os
import re
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from functions.core import Files, Result
from functions.core.errors import ModelError, TooLargeError
from functions.ifc.watch import Watch

from . import ProbeRequest


class OddError(ModelError):
    """An error of an operation's own."""


def run(request: ProbeRequest, files: Files) -> Result:
    result: Result = globals()[request.do](request, files)
    return result


def answer(request: ProbeRequest, files: Files) -> Result:
    files.progress("think", 1, 2)
    files.progress("think", 2, 2)
    files.warn("careful")
    files.warn("careful")
    return Result(message="done", statistics={"robust": files.robust, "nan": float("nan")}, warnings=["own"])


def look_around(request: ProbeRequest, files: Files) -> Result:
    return Result(
        message="seen",
        statistics={
            "secrets": sorted(name for name in os.environ if name.startswith("AWS_")),
            "core": resource.getrlimit(resource.RLIMIT_CORE)[0],
            "leader": os.getsid(0) == os.getpid(),
            "temporary": tempfile.gettempdir() == str(files.scratch) == str(Path.cwd()),
            "preloaded": {"ifcopenshell", "numpy.ma"} <= set(sys.modules),
            "runs": sorted(
                name for name in sys.modules if re.match(r"functions\.operations\.\w+\.run", name)
            ),
            "threads": len(os.listdir("/proc/self/task")),  # noqa: PTH208
            "native_threads": os.environ["OPENBLAS_NUM_THREADS"],
            "main": hasattr(sys.modules["__main__"], "marker_of_the_parent"),
            "alone": threading.active_count(),
        },
    )


def refuse(request: ProbeRequest, files: Files) -> None:
    raise TooLargeError("too much of it", field="model", where="line 7")


def refuse_oddly(request: ProbeRequest, files: Files) -> None:
    raise OddError("odd", where="line 1")


def fail(request: ProbeRequest, files: Files) -> None:
    raise ValueError(f"cannot read {files.scratch}/secret")


def fail_with(request: ProbeRequest, files: Files) -> None:
    raise RuntimeError(request.text)


def fill_the_disk(request: ProbeRequest, files: Files) -> None:
    raise OSError(errno.ENOSPC, "No space left on device", str(files.scratch))


def leave(request: ProbeRequest, files: Files) -> None:
    sys.exit(3)


def vanish(request: ProbeRequest, files: Files) -> None:
    os._exit(5)


def kill_itself(request: ProbeRequest, files: Files) -> None:
    os.kill(os.getpid(), int(request.text))


def take_memory(request: ProbeRequest, files: Files) -> Result:
    return Result(message=str(len(bytearray(4 << 30))))


def crash(request: ProbeRequest, files: Files) -> None:
    print("about to crash", flush=True)
    ctypes.string_at(0)


def crash_once(request: ProbeRequest, files: Files) -> Result:
    path = files.output("result.txt")
    if not files.robust:
        files.output("half.txt").write_text("half")
        ctypes.string_at(0)
    path.write_text("whole")
    return Result(message="done", output="result.txt")


def sleep(request: ProbeRequest, files: Files) -> None:
    if request.text:
        Path(request.text).write_text(str(os.getpid()))
    files.progress("sleep", 0, 1)
    time.sleep(600)


def spin(request: ProbeRequest, files: Files) -> None:
    """Hold the interpreter's lock in one native call for a long time."""
    sum(range(10**12))


def breed(request: ProbeRequest, files: Files) -> None:
    child = subprocess.Popen(["sleep", "600"])
    Path(request.text).write_text(str(child.pid))
    time.sleep(600)


def chatter(request: ProbeRequest, files: Files) -> Result:
    print("from Python")
    os.write(1, b"from native code\n")
    subprocess.run(["echo", "from a process"], check=True)
    print("as an error", file=sys.stderr)
    return Result(message="said")


def flood(request: ProbeRequest, files: Files) -> Result:
    for _ in range(200):
        os.write(2, b"x" * 100_000)
    for number in range(5_000):
        files.progress("flood", number, 10**6)
        files.warn(f"warning {number}")
    os.write(1, b"the end")
    return Result(message="flooded")


def answer_at_length(request: ProbeRequest, files: Files) -> Result:
    return Result(message="x" * int(request.text))


def answer_wrongly(request: ProbeRequest, files: Files) -> dict[str, str]:
    return {"message": "no result"}


def write(request: ProbeRequest, files: Files) -> Result:
    files.output("a.csv").write_text("a")
    files.output("model.glb").write_bytes(b"glTF")
    (files.outputs / "link").symlink_to("/etc/passwd")
    (files.outputs / "folder").mkdir()
    (files.scratch / "left.tmp").write_text("left")
    return Result(message="written", output="model.glb")


def promise(request: ProbeRequest, files: Files) -> Result:
    return Result(message="nothing there", output="model.glb")


def write_nothing(request: ProbeRequest, files: Files) -> Result:
    files.output("model.glb").touch()
    return Result(message="empty", output="model.glb")


def point_outside(request: ProbeRequest, files: Files) -> Result:
    return Result(message="not ours", output="../../etc/passwd")


def open_it(request: ProbeRequest, files: Files) -> Result:
    from functions.ifc.gate import open_model  # noqa: PLC0415 - as operations do, in the child alone

    model = open_model(files.input(request.model or ""), files)
    count = sum(1 for entity in model if entity.get_info())
    return Result(message="opened", statistics={"instances": count, "schema": model.schema_identifier})


@dataclass
class Thing:
    number: int


def make_shapes(request: ProbeRequest, files: Files) -> Result:
    """Make five shapes of two engines; `text` says which engine hangs or crashes at the third one."""
    watch, made = Watch(), list[int]()
    queue = [1, 2, 3, 4, 5]
    while queue:
        batch = queue[:1] if watch.is_suspect(queue[0]) else [n for n in queue if not watch.is_suspect(n)]
        queue = [number for number in queue if number not in batch]
        for engine in ("quick", "slow"):
            left = [number for number in watch.spare(batch, engine) if number not in made]
            shapes = (_make_shape(number, engine, request.text) for number in left)
            made += [shape.number for shape in watch.over(shapes, left, engine)]
    return Result(message="made", statistics={"made": sorted(made), "given_up": watch.gave_up(3)})


def _make_shape(number: int, engine: str, text: str) -> Thing:
    kind, *engines = text.split()
    if number == 3 and engine in engines:
        if kind == "crash":
            os.kill(os.getpid(), signal.SIGSEGV)
        time.sleep(600)
    return Thing(number)


def move_on(request: ProbeRequest, files: Files) -> Result:
    """Report progress from the making of a shape, and be done with it soon."""

    def make() -> Iterator[Thing]:
        files.progress("shapes", 1, 1)
        time.sleep(0.5)
        yield Thing(1)

    list(Watch().over(make(), [1], "quick"))
    return Result(message="made")


def take_time(request: ProbeRequest, files: Files) -> Result:
    """Make eight shapes, each in so many seconds, and think for as long as six of them afterwards."""
    count = Path(files.outputs.parent / "tries")
    count.write_text(f"{int(count.read_text()) + 1 if count.exists() else 1}")
    seconds = float(request.text)

    def make() -> Iterator[Thing]:
        for number in range(8):
            time.sleep(seconds)
            yield Thing(number)

    list(Watch().over(make(), range(8), "quick"))
    time.sleep(6 * seconds)
    return Result(message="made", statistics={"tries": int(count.read_text())})
