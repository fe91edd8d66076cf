"""All benchmarks, one after the other.

    python -m benchmarks [MODEL...] [--mb 5] [--runs 3] [--jobs 1000] [--results build/benchmarks]

Every operation is measured on the models, by default on two replicas of the example house: one whose
copies are equal, one whose extrusions and faces all differ. Then small jobs go through the local stack. The
committed figures are left alone unless `--results benchmarks/results` says otherwise.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path

from benchmarks import compare, pipeline, replicate
from functions.core import registry

ROOT = compare.ROOT
HOUSE = ROOT / "examples" / "house-architecture.ifc"
SPACING = 20_000.0  # millimetres, the unit of the house
BEGUN = time.monotonic()


def say(text: str) -> None:
    """Say what goes on, and since when."""
    print(f"{time.monotonic() - BEGUN:6.0f} s  {text}", file=sys.stderr, flush=True)


def operations(models: list[Path], results: Path, *, runs: int) -> None:
    """Measure every operation on every model; write a page for each."""
    for operation in registry.operations():
        rows = []
        for model in models:
            rows.append(compare.compare(operation, model, runs=runs, say=say))
        page = compare.report(operation, rows, runs=runs)
        (results / f"{operation}.md").write_text(page, encoding="utf-8")
        print(page, flush=True)


def replicas(folder: Path, mb: float) -> list[Path]:
    """Write the models that are measured when none are given."""
    found = []
    for name, vary in (("house", False), ("house-varied", True)):
        path = folder / f"{name}-{mb:.0f}MB.ifc"
        say(f"making {path.name}")
        replicate.write(HOUSE, path, mb=mb, spacing=SPACING, vary=vary, faces=vary)
        found.append(path)
    return found


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("models", nargs="*", type=Path)
    parser.add_argument("--mb", type=float, default=5.0, help="size of the replicas")
    parser.add_argument("--runs", type=int, default=3, help="of each operation on each model")
    parser.add_argument("--jobs", type=int, default=1000, help="through the local stack; 0 for none")
    parser.add_argument("--results", type=Path, default=ROOT / "build" / "benchmarks")
    arguments = parser.parse_args()
    arguments.results.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        models = [path.resolve() for path in arguments.models] or replicas(Path(folder), arguments.mb)
        operations(models, arguments.results, runs=arguments.runs)
    if arguments.jobs:
        say(f"{arguments.jobs} jobs through the local stack, some minutes")
        page = pipeline.report(pipeline.measure(arguments.jobs, clients=8))
        (arguments.results / "pipeline.md").write_text(page, encoding="utf-8")
        print(page)
    say(f"written to {arguments.results}")


if __name__ == "__main__":
    main()
