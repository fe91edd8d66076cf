"""Measure an operation of ours against the plain use of the tools it builds on.

    python -m benchmarks.compare OPERATION[-FORMAT] MODEL... [--runs 3] [--results FOLDER]

Both run alternately, each as a whole process (interpreter, imports, work, output); CPU seconds, wall
seconds and peak resident memory come from the kernel (`benchmarks.meter`), the table holds medians. Ours is
the operation's own run function (`benchmarks.ours`), the plain use is in `benchmarks.plain`. A ratio stands
beside the answer to whether both said the same (`benchmarks.equality`). "as a job" is the CPU of ours where
it runs in the product: in a worker whose libraries are loaded, which then need not be loaded for each job;
its ratio is to the whole plain process. Writes results/OPERATION.md.
"""

from __future__ import annotations

import argparse
import compileall
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path
from statistics import median

from benchmarks import revise
from benchmarks.plain import CLEARANCE, COLUMNS, EXTRACTED, IDS, PLAIN, REVISED, find_other
from benchmarks.specifications import write_ids

ROOT = Path(__file__).resolve().parent.parent
REQUESTS: dict[str, dict[str, object]] = {
    "ifccsv": {"query": "IfcElement", "attributes": COLUMNS, "format": "csv"},
    "ifccsv_import": {"csv_filename": str(ROOT / "examples" / "house-doors.csv")},
    "ifc5d": {"query": "IfcElement", "mode": "add", "schedule": None},
    "ifcpatch": {"recipe": "Extract", "arguments": [EXTRACTED]},
    "ifcclash": {**CLEARANCE, "include_related": True},
    "ifcdiff": {"format": "json"},
    "ifcconvert-stp": {"format": "stp"},
}


def add_other(_: Path, model: Path) -> dict[str, object]:
    """Return the other side of a clash detection, if there is one."""
    other = find_other(model)
    return {"clash_sets": [{"b": [{"file": str(other)}]}]} if other else {}


# Inputs besides the model, some of them made in the folder of a measurement; what they add to the request.
MADE: dict[str, Callable[[Path, Path], dict[str, object]]] = {
    "ifctester": lambda folder, _: {"ids_filename": write_ids(folder / IDS)},
    "ifcclash": add_other,
    "ifcdiff": lambda folder, model: {"new_file": revise.write(model, folder / REVISED, every=EDITED)},
}
EDITED = 400  # one in so many objects of each sort: about two in a hundred elements change
PACKAGES = {
    "ifctester": ("ifcopenshell", "ifctester"),
    "ifcconvert": ("ifcopenshell",),
    "ifccsv": ("ifcopenshell", "ifccsv"),
    "ifc5d": ("ifcopenshell", "ifc5d"),
    "ifcdiff": ("ifcopenshell", "ifcdiff"),
    "ifcpatch": ("ifcopenshell", "ifcpatch"),
    "ifcclash": ("ifcopenshell", "ifcclash"),
}
HEAD = (
    "| model | MB | CPU s | plain | ratio | as a job | ratio | wall s | plain | peak MB | plain "
    "| MB per MB | equal |"
)


@dataclass(frozen=True)
class Cost:
    """What a process took: CPU and wall seconds, and its peak resident memory in bytes."""

    cpu_s: float
    wall_s: float
    peak: int


@dataclass(frozen=True)
class Row:
    """The medians of one model; `plain` is None where there is no plain use to compare with."""

    model: str
    size: int
    ours: Cost
    job: Cost
    plain: Cost | None
    equal: str

    def line(self) -> str:
        """Return the row of the table."""
        one, other = self.ours, self.plain
        cells = [self.model, f"{self.size / 1e6:.1f}", f"{one.cpu_s:.2f}"]
        cells += [f"{other.cpu_s:.2f}", f"1/{other.cpu_s / one.cpu_s:.1f}"] if other else ["", ""]
        cells += [f"{self.job.cpu_s:.2f}", f"1/{other.cpu_s / self.job.cpu_s:.1f}" if other else ""]
        cells += [f"{one.wall_s:.2f}", f"{other.wall_s:.2f}" if other else ""]
        cells += [f"{one.peak / 1e6:.0f}", f"{other.peak / 1e6:.0f}" if other else ""]
        cells += [f"{one.peak / self.size:.1f}", self.equal]
        return f"| {' | '.join(cells)} |"


@cache
def compile_modules() -> None:
    """Compile ours, as pip has compiled the plain tools, and as the build of the workers' image does.

    Where PYTHONDONTWRITEBYTECODE is set, every process did it else, a tenth of a second each.
    """
    for folder in ("functions", "benchmarks"):
        compileall.compile_dir(ROOT / folder, quiet=1)


def measure(arguments: list[str]) -> Cost:
    """Run a Python module to its end and return what it took. Raises when it failed."""
    compile_modules()
    command = [sys.executable, "-m", "benchmarks.meter", sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=False)
    if done.returncode:
        raise RuntimeError(f"{arguments[0]} {arguments[1]} failed")
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def measure_job(operation: str, model: Path, folder: Path, request: str) -> Cost:
    """Run an operation as a job of a warm worker and return what the job took."""
    compile_modules()
    command = [
        sys.executable,
        "-m",
        "benchmarks.ours",
        _ours(operation),
        str(model),
        str(folder / "job"),
        request,
        "--job",
    ]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True)
    return Cost(**json.loads(done.stdout.splitlines()[-1]))


def _ours(measured: str) -> str:
    """Return the operation of what is measured: `ifcconvert-stp` is one of ifcconvert."""
    return measured.partition("-")[0]


def middle(costs: list[Cost]) -> Cost:
    """Return the medians of some runs."""
    return Cost(
        median(cost.cpu_s for cost in costs),
        median(cost.wall_s for cost in costs),
        int(median(cost.peak for cost in costs)),
    )


def compare(operation: str, model: Path, *, runs: int, say: Callable[[str], None] = lambda _: None) -> Row:
    """Measure one model; `say` is told what runs now."""
    with tempfile.TemporaryDirectory() as folder:
        request, size = prepare(operation, model, Path(folder))
        ours, plain = Path(folder) / "ours", Path(folder) / "plain.out"
        mine, jobs, theirs = list[Cost](), list[Cost](), list[Cost]()
        for run in range(1, runs + 1):
            say(f"{operation}, {model.name}, run {run} of {runs}")
            mine.append(measure(["benchmarks.ours", _ours(operation), str(model), str(ours), request]))
            jobs.append(measure_job(operation, model, Path(folder), request))
            if operation in PLAIN:
                plain.unlink(missing_ok=True)
                theirs.append(measure(["benchmarks.plain", operation, str(model), str(plain)]))
        equal = "" if operation not in PLAIN else check(operation, model, ours, plain)
    other = middle(theirs) if theirs else None
    return Row(model.name, size, middle(mine), middle(jobs), other, equal)


def prepare(operation: str, model: Path, folder: Path) -> tuple[str, int]:
    """Return the request for a model beside its own name, and the bytes of all models that it reads."""
    made = MADE[operation](folder, model) if operation in MADE else {}
    others = [path for path in made.values() if isinstance(path, Path) and path.suffix == model.suffix]
    pair = find_other(model) if operation == "ifcclash" else None
    size = sum(path.stat().st_size for path in (model, pair, *others) if path)
    return json.dumps({**REQUESTS.get(operation, {}), **made}, default=str), size


def check(operation: str, model: Path, ours: Path, plain: Path) -> str:
    """Say whether both results are equal."""
    command = [sys.executable, "-m", "benchmarks.equality", operation, str(model), str(ours), str(plain)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stdout + done.stderr)
    return "no" if done.returncode else "yes"


def report(operation: str, rows: list[Row], *, runs: int) -> str:
    """Return the Markdown page."""
    tools = ", ".join(f"{name} {version(name)}" for name in PACKAGES.get(operation, ("ifcopenshell",)))
    lines = [
        f"# {operation}",
        "",
        f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}, {tools}; "
        f"medians of {runs} alternating runs, whole processes (see `benchmarks/compare.py`).",
        "",
        HEAD,
        "|" + "---|" * HEAD.count(" | ") + "---|",
        *(row.line() for row in rows),
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("operation")
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--results", type=Path, default=ROOT / "benchmarks" / "results")
    arguments = parser.parse_args()
    rows = []
    for model in arguments.models:
        rows.append(compare(arguments.operation, model.resolve(), runs=arguments.runs))
        print(rows[-1].line(), flush=True)
    arguments.results.mkdir(parents=True, exist_ok=True)
    page = arguments.results / f"{arguments.operation}.md"
    page.write_text(report(arguments.operation, rows, runs=arguments.runs), encoding="utf-8")


if __name__ == "__main__":
    main()
