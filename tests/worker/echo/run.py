"""What the echo does in its child process."""

import os
import resource
import signal
import time
from pathlib import Path

from functions.core import Files, Result
from functions.core.errors import InputError, RetryableError
from tests.worker.echo import EchoRequest

LINGER_S = 50


def run(request: EchoRequest, files: Files) -> Result:  # noqa: C901, PLR0912 - one branch a mishap
    content = files.input(request.filename).read_bytes()
    if request.other:
        content += files.input(request.other).read_bytes()
    if request.behaviour == "last":
        time.sleep(float(request.mark))
    elif request.mark:
        with Path(request.mark).open("a") as mark:
            mark.write(f"{os.getpid()} {files.robust}\n")
    if request.behaviour == "crash" or (request.behaviour == "crash-once" and not files.robust):
        os.kill(os.getpid(), signal.SIGSEGV)
    elif request.behaviour == "wrong":
        raise InputError("the echo does not like this", field="behaviour")
    elif request.behaviour == "passing":
        raise RetryableError("the echo's valley is closed")
    elif request.behaviour == "bug":
        raise KeyError("/home/secret")
    elif request.behaviour == "silent":
        return Result(message="nothing came out", output="missing.txt")
    elif request.behaviour in {"sleep", "progress"}:
        _linger(request, files)
    elif request.behaviour == "meet":
        _meet(Path(request.mark))
    elif request.behaviour == "hungry":
        if resource.getrlimit(resource.RLIMIT_AS)[0] < 12 * 10**9:
            raise MemoryError
    elif request.behaviour == "chatty":
        statistics = {"long": "x" * 150_000}
        return Result(message="much was said", statistics=statistics, warnings=[str(n) for n in range(300)])
    name = request.output_filename or f"{Path(request.filename).stem}.echo.ifc"
    files.output(name).write_bytes(content)
    return Result(message="echoed", output=name, statistics={"bytes": len(content)})


def _meet(place: Path) -> None:
    """Wait until another run has left its mark as well."""
    for _ in range(1000):
        if len(place.read_text().splitlines()) > 1:
            return
        time.sleep(0.05)
    raise AssertionError("nobody came")


def _linger(request: EchoRequest, files: Files) -> None:
    """Report progress and stay until somebody ends this process."""
    for tick in range(LINGER_S * 20):
        files.progress("linger", tick, LINGER_S * 20)
        time.sleep(0.05)
    raise AssertionError(f"nobody ended {request.behaviour}")
