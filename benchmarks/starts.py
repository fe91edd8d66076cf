"""How long things take when nothing is warm, and a job when everything is.

A cold worker is a fresh process: from its first import to the line that says "job started".
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from benchmarks.compare import compile_modules
from functions.client import Client
from functions.local.stack import Stack

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "house-architecture.ifc"
OPERATIONS = ("ifcinfo", "ifcconvert", "ifccsv")
# As Lambda does it: import the handler, then hand it an event.
WORKER = """
import json, sys, uuid
from functions.worker.handler import handler
print("imported", flush=True)
class Context:
    function_name = "benchmark"
    aws_request_id = uuid.uuid4().hex
    get_remaining_time_in_millis = staticmethod(lambda: 60_000)
handler(json.loads(sys.argv[1]), Context())
"""


@dataclass(frozen=True)
class Cold:
    """A cold worker's seconds: from its start to imported, to the first job line, to finished."""

    imported: float
    started: float
    finished: float


@dataclass(frozen=True)
class Phase:
    """A step of `ifcpipe run`: what had happened after so many seconds."""

    name: str
    at: float


def warm_seconds(stack: Stack, folder: Path, *, times: int = 10) -> list[float]:
    """Return how long the example takes from the start of its upload until a client knows the result."""
    taken = []
    with Client(stack.url, stack.key) as client:
        for number in range(times + 1):
            copy = folder / f"house-{number}.ifc"
            copy.write_bytes(
                EXAMPLE.read_bytes() + b"\n" * number
            )  # other content: not answered by an earlier job
            begun = time.perf_counter()
            (job,) = client.upload(copy, [{"operation": "ifcinfo"}]).jobs
            client.wait([str(job["job_id"])], timeout=60)
            taken.append(time.perf_counter() - begun)
    return taken[1:]


def cold_worker(event: str, environment: dict[str, str]) -> Cold:
    """Run one job in a fresh worker process."""
    compile_modules()
    begun = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, "-c", WORKER, event],
        env={**os.environ, **environment, "AWS_LAMBDA_FUNCTION_NAME": "benchmark-worker-ifcinfo"},
        stdout=subprocess.PIPE,
        text=True,
    )
    seen: dict[str, float] = {}
    with process:
        for line in process.stdout or ():
            for mark in ("imported", "job started", "job finished"):
                if mark in line:
                    seen.setdefault(mark, time.perf_counter() - begun)
    return Cold(seen["imported"], seen["job started"], seen["job finished"])


def median(colds: list[Cold]) -> Cold:
    """Return the median of each figure."""
    return Cold(
        imported=statistics.median(cold.imported for cold in colds),
        started=statistics.median(cold.started for cold in colds),
        finished=statistics.median(cold.finished for cold in colds),
    )


def whole_run() -> float:
    """Return the seconds of `make run` after the installation, as a process of its own."""
    with tempfile.TemporaryDirectory() as out:
        compile_modules()
        options = [word for name in OPERATIONS for word in ("--op", name)]
        begun = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "functions", "run", str(EXAMPLE), *options, "--out", out],
            check=True,
            capture_output=True,
            env={key: value for key, value in os.environ.items() if not key.startswith("AWS_")},
        )
        return time.perf_counter() - begun


def phases() -> list[Phase]:
    """Return where the seconds of such a run go."""
    found: list[Phase] = []
    begun = time.time()
    with Stack() as stack:
        stack.start(report=lambda text: found.append(Phase(f"begins {text}", time.time() - begun)))
        found.append(Phase("stack is up", time.time() - begun))
        stack.warm(OPERATIONS)
        with Client(stack.url, stack.key) as client:
            made = client.upload(EXAMPLE, [{"operation": name} for name in OPERATIONS]).jobs
            found.append(Phase("model is uploaded", time.time() - begun))
            ended = client.wait([str(job["job_id"]) for job in made], timeout=120)
            found.append(Phase("client knows the results", time.time() - begun))
            for job_id in ended:
                job = client.job(job_id)
                for name in ("started", "ended"):
                    at = datetime.fromisoformat(job[f"{name}_at"]).timestamp() - begun
                    found.append(Phase(f"{job['operation']} {name}", at))
    found.append(Phase("stack is gone", time.time() - begun))
    return sorted(found, key=lambda phase: phase.at)
