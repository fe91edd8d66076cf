"""Fit what each operation costs to what it took, and write it to the `cost.json` of its folder.

    python -m benchmarks.refit [OPERATION...] [--mb 1,5,20,60] [--runs 1] [--quick]

Every operation runs on replicas of the example house, on one with equal copies and one whose extrusions all
differ, as a whole process (`benchmarks.compare`). The line is the least relative error of the dearer replica
of each size, with no negative term: `functions.core.compute` adds the safety. `--quick` measures 1 and 5 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import tempfile
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks import replicate
from benchmarks.compare import ROOT, Cost, measure, middle, prepare
from functions.core import registry

HOUSE = ROOT / "examples" / "house-architecture.ifc"
SPACING = 20_000.0  # millimetres, the unit of the house
SIZES = (1.0, 5.0, 20.0, 60.0)
QUICK = (1.0, 5.0)
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


def run(operation: str, model: Path, *, runs: int) -> tuple[float, Cost]:
    """Return the megabytes of input, and the medians of some runs of an operation."""
    with tempfile.TemporaryDirectory() as folder:
        request, size = prepare(operation, model, Path(folder))
        output = Path(folder) / "ours"
        line = ["benchmarks.ours", operation, str(model), str(output), request]
        return size / 1e6, middle([measure(line) for _ in range(runs)])


def refit(operation: str, models: dict[float, list[Path]], *, runs: int) -> dict[str, object]:
    """Measure an operation and return its `cost.json`."""
    seconds, megabytes = list[Point](), list[Point]()
    for found in models.values():
        costs = [run(operation, path, runs=runs) for path in found]
        seconds.append(max(((mb, cost.cpu_s) for mb, cost in costs), key=lambda point: point[1]))
        megabytes.append(max(((mb, cost.peak / 1e6) for mb, cost in costs), key=lambda point: point[1]))
    return describe(seconds, megabytes, runs=runs)


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


def replicas(folder: Path, sizes: Sequence[float]) -> dict[float, list[Path]]:
    """Write the models of each size: one of equal copies, one whose extrusions all differ."""
    models: dict[float, list[Path]] = {}
    for mb in sizes:
        for vary in (False, True):
            path = folder / f"house-{mb:g}MB{'-varied' if vary else ''}.ifc"
            replicate.write(HOUSE, path, mb=mb, spacing=SPACING, vary=vary)
            models.setdefault(mb, []).append(path)
    return models


def write(operation: str, cost: dict[str, object]) -> Path:
    """Write the cost into the operation's folder."""
    path = ROOT / "functions" / "operations" / operation / "cost.json"
    path.write_text(json.dumps(cost, indent=2) + "\n", encoding="utf-8")
    return path


def refit_all(names: Sequence[str], sizes: Sequence[float], *, runs: int, say: Callable[[str], None]) -> None:
    """Measure and write all of some operations."""
    with tempfile.TemporaryDirectory() as folder:
        say(f"replicas of {', '.join(f'{mb:g}' for mb in sizes)} MB")
        models = replicas(Path(folder), sizes)
        for name in names:
            cost = refit(name, models, runs=runs)
            write(name, cost)
            say(f"{name}: {json.dumps(cost)}")


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("operations", nargs="*", help="all of them when none is named")
    parser.add_argument("--mb", default=",".join(f"{mb:g}" for mb in SIZES), help="sizes of the replicas")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--quick", action="store_true", help="only 1 and 5 MB")
    arguments = parser.parse_args()
    sizes = QUICK if arguments.quick else tuple(float(part) for part in arguments.mb.split(","))
    names = arguments.operations or list(registry.operations())
    refit_all(names, sizes, runs=arguments.runs, say=lambda text: print(text, flush=True))
    print(f"load {os.getloadavg()[0]:.1f} at the end", flush=True)


if __name__ == "__main__":
    main()
