"""How many times as long as a GLB a conversion to other formats takes.

    python -m benchmarks.formats MODEL... [--requests '{"format": "stp"}' ...]

Whole processes, as in `benchmarks.compare`. What it shows stands as `TIMES` in the contract of ifcconvert, by
which its jobs are placed.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.compare import Cost, measure
from functions.operations.ifcconvert import FORMATS

OPTIONS: tuple[dict[str, object], ...] = (
    {"kernel": "opencascade"},
    {"circle_segments": 64},
    {"format": "svg", "auto_section": True, "auto_elevation": True},
    {"format": "igs", "use_world_coords": True},
)
HEAD = "| model | MB | request | CPU s | times GLB | peak MB | times GLB |\n|---|---|---|---|---|---|---|"


def convert(model: Path, request: dict[str, object]) -> Cost:
    """Convert a model and return what that took."""
    with tempfile.TemporaryDirectory() as folder:
        line = [str(model), str(Path(folder) / "ours"), json.dumps(request)]
        return measure(["benchmarks.ours", "ifcconvert", *line])


def rows(model: Path, requests: Sequence[dict[str, object]]) -> Iterator[str]:
    """Yield a line of the table for each request, the first one that of the GLB."""
    glb = convert(model, {})
    mb = model.stat().st_size / 1e6
    for request in ({}, *requests):
        cost = convert(model, request) if request else glb
        said = ", ".join(f"{name} {value}" for name, value in request.items()) or "format glb"
        cells = [model.stem, f"{mb:.1f}", said, f"{cost.cpu_s:.2f}", f"{cost.cpu_s / glb.cpu_s:.2f}"]
        yield f"| {' | '.join([*cells, f'{cost.peak / 1e6:.0f}', f'{cost.peak / glb.peak:.2f}'])} |"


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("models", nargs="+", type=Path)
    parser.add_argument("--requests", nargs="*", type=json.loads, help="all formats and dear options")
    arguments = parser.parse_args()
    formats: list[dict[str, object]] = [{"format": name} for name in FORMATS[1:]]
    print(HEAD)
    for model in arguments.models:
        for line in rows(model.resolve(), arguments.requests or [*formats, *OPTIONS]):
            print(line, flush=True)


if __name__ == "__main__":
    main()
