"""Fit what each operation costs to what it took, and write it to the `cost.json` of its folder.

    python -m benchmarks.refit [OPERATION...] [--mb 1,5,25] [--runs 1] [--fresh]

Every operation runs on replicas of the example house in which no two copies are equal, so that nothing is
made once and used again, as a whole process (`benchmarks.compare`). The line is that of least relative error
with no negative term: `functions.core.compute` adds the safety. All operations take six minutes or so. What
a run that was interrupted had measured is taken up by the next one within a day; `--fresh` forgets it.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import replicate
from benchmarks.compare import ROOT, measure, middle, prepare
from functions.core import registry

HOUSE = ROOT / "examples" / "house-architecture.ifc"
SPACING = 20_000.0  # millimetres, the unit of the house
SIZES = (1.0, 5.0, 25.0)
JOURNAL = ROOT / "build" / "benchmarks" / "refit.jsonl"
KEPT_S = 86_400
Point = tuple[float, float]


def fit(points: Sequence[Point]) -> tuple[float, float]:
    """Return the line (fixed, per MB) of least relative error over (MB, value), without a negative term."""
    weights = [1 / value**2 for _, value in points]
    total = sum(weights)
    mean_x = sum(w * x for w, (x, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(w * y for w, (_, y) in zip(weights, points, strict=True)) / total
    spread = sum(w * (x - mean_x) ** 2 for w, (x, _) in zip(weights, points, strict=True))
    both = sum(w * (x - mean_x) * (y - mean_y) for w, (x, y) in zip(weights, points, strict=True))
    slope = max(0.0, both / spread) if spread else 0.0
    fixed = mean_y - slope * mean_x
    if fixed >= 0:
        return fixed, slope
    squares = sum(w * x * x for w, (x, _) in zip(weights, points, strict=True))
    return 0.0, sum(w * x * y for w, (x, y) in zip(weights, points, strict=True)) / squares


def off(points: Sequence[Point], line: tuple[float, float]) -> float:
    """Return the most that a point lies above the line, as a factor."""
    return max(value / (line[0] + line[1] * mb) for mb, value in points)


@dataclass(frozen=True)
class Measured:
    """What one operation took on one replica: megabytes of input, CPU seconds, peak in megabytes."""

    operation: str
    mb: float
    runs: int
    input_mb: float
    cpu_s: float
    peak_mb: float


class Journal:
    """What has been measured so far, kept until all of it is written."""

    def __init__(self, path: Path, *, now: Callable[[], float] = time.time) -> None:
        """Read what an interrupted run has left, unless that is older than a day."""
        self._path = path
        self._known: list[Measured] = []
        if path.is_file() and now() - path.stat().st_mtime < KEPT_S:
            self._known = [Measured(**json.loads(line)) for line in path.read_text().splitlines()]
        else:
            self.forget()

    def find(self, operation: str, mb: float, runs: int) -> Measured | None:
        """Return what was measured, if it was."""
        wanted = (operation, mb, runs)
        return next((one for one in self._known if (one.operation, one.mb, one.runs) == wanted), None)

    def add(self, measured: Measured) -> None:
        """Keep a measurement."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(json.dumps(asdict(measured)) + "\n")
        self._known.append(measured)

    def forget(self) -> None:
        """Keep nothing."""
        self._path.unlink(missing_ok=True)
        self._known = []


def run(operation: str, mb: float, model: Path, *, runs: int) -> Measured:
    """Return the medians of some runs of an operation on a replica."""
    with tempfile.TemporaryDirectory() as folder:
        request, size = prepare(operation, model, Path(folder))
        output = Path(folder) / "ours"
        line = ["benchmarks.ours", operation, str(model), str(output), request]
        cost = middle([measure(line) for _ in range(runs)])
    return Measured(operation, mb, runs, size / 1e6, cost.cpu_s, cost.peak / 1e6)


def refit(
    operation: str, models: Mapping[float, Path], journal: Journal, *, runs: int, say: Callable[[str], None]
) -> dict[str, object]:
    """Measure an operation on what the journal does not have yet, and return its `cost.json`."""
    points = []
    for mb, model in models.items():
        measured = journal.find(operation, mb, runs)
        if measured is None:
            measured = run(operation, mb, model, runs=runs)
            journal.add(measured)
        say(f"{operation}, {measured.input_mb:.1f} MB: {measured.cpu_s:.2f} s, {measured.peak_mb:.0f} MB")
        points.append(measured)
    seconds = [(point.input_mb, point.cpu_s) for point in points]
    return describe(seconds, [(point.input_mb, point.peak_mb) for point in points], runs=runs)


def describe(seconds: Sequence[Point], megabytes: Sequence[Point], *, runs: int) -> dict[str, object]:
    """Return the lines through what was measured, and how it was."""
    time, memory = fit(seconds), fit(megabytes)
    above = {"seconds": round(off(seconds, time), 2), "megabytes": round(off(megabytes, memory), 2)}
    return {
        "seconds": {"fixed": round(time[0], 3), "per_mb": round(time[1], 4)},
        "megabytes": {"fixed": round(memory[0], 1), "per_mb": round(memory[1], 3)},
        "measured": {
            "on": f"{datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, Python {platform.python_version()}",
            "runs": runs,
            "input_mb": [round(mb, 1) for mb, _ in seconds],
            "cpu_s": [round(value, 2) for _, value in seconds],
            "peak_mb": [round(value) for _, value in megabytes],
            "most_above": above,
        },
    }


def replicas(folder: Path, sizes: Sequence[float]) -> dict[float, Path]:
    """Write the models, by the megabytes that they were to have."""
    models = {mb: folder / f"house-{mb:g}MB.ifc" for mb in sizes}
    for mb, path in models.items():
        replicate.write(HOUSE, path, mb=mb, spacing=SPACING, vary=True, faces=True)
    return models


def write(operation: str, cost: dict[str, object]) -> Path:
    """Write the cost into the operation's folder."""
    path = ROOT / "functions" / "operations" / operation / "cost.json"
    path.write_text(json.dumps(cost, indent=2) + "\n", encoding="utf-8")
    return path


def refit_all(
    names: Sequence[str], sizes: Sequence[float], journal: Journal, *, runs: int, say: Callable[[str], None]
) -> None:
    """Measure and write all of some operations."""
    with tempfile.TemporaryDirectory() as folder:
        say(f"replicas of {', '.join(f'{mb:g}' for mb in sizes)} MB")
        models = replicas(Path(folder), sizes)
        for name in names:
            write(name, refit(name, models, journal, runs=runs, say=say))
    journal.forget()


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("operations", nargs="*", help="all of them when none is named")
    parser.add_argument("--mb", default=",".join(f"{mb:g}" for mb in SIZES), help="sizes of the replicas")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--fresh", action="store_true", help="measure again what an interrupted run has")
    arguments = parser.parse_args()
    journal, begun = Journal(JOURNAL), time.monotonic()
    if arguments.fresh:
        journal.forget()

    def say(text: str) -> None:
        print(f"{time.monotonic() - begun:6.0f} s, load {os.getloadavg()[0]:.1f}  {text}", flush=True)

    sizes = tuple(float(part) for part in arguments.mb.split(","))
    names = arguments.operations or list(registry.operations())
    refit_all(names, sizes, journal, runs=arguments.runs, say=say)


if __name__ == "__main__":
    main()
