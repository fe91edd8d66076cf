"""Make a new version of a large model, with edits spread over it, as text.

    python -m benchmarks.revise MODEL OUTPUT [--every 50]

One in `every` objects of each sort is edited: elements are renamed, properties and extrusions given another
value, placements moved, elements replaced (another GlobalId: one deleted, one added). All instances
have other numbers, as with most authoring tools: nothing is found by its number.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

LINE = re.compile(r"#(\d+)=(\w+)\((.*)\);")
NUMBER = re.compile(r"('(?:[^']|'')*')|#(\d+)")
GUID = re.compile(r"'([0-3][0-9A-Za-z_$]{21})'")
NAMED = re.compile(r"^('[^']{22}',[^,]*,)'((?:[^']|'')*)'")
TEXT_VALUE = re.compile(r"(IFCLABEL\('|IFCIDENTIFIER\(')([^']*)'")
LAST_NUMBER = re.compile(r"([0-9.E+-]+)$")
FIRST_NUMBER = re.compile(r"^\(([0-9.E+-]+)")
ELEMENTS = frozenset({"IFCWALL", "IFCDOOR", "IFCWINDOW", "IFCSLAB", "IFCBEAM", "IFCCOLUMN", "IFCMEMBER"})
SHIFT = 7


def revise(lines: Iterator[str], moved: frozenset[str], *, every: int) -> Iterator[str]:
    """Yield the lines of the new version; `moved` are the numbers of points that may be moved."""
    seen: Counter[str] = Counter()

    def is_next(sort: str) -> bool:
        seen[sort] += 1
        return seen[sort] % every == 0

    for line in lines:
        found = LINE.match(line)
        if not found:
            yield line
            continue
        number, kind, arguments = found.groups()
        if kind in ELEMENTS and is_next("name"):
            arguments = NAMED.sub(lambda name: f"{name[1]}'{name[2]} (revised)'", arguments)
        elif kind in ELEMENTS and is_next("replaced"):
            arguments = GUID.sub(lambda guid: f"'{guid[1][:1]}{guid[1][:0:-1]}'", arguments, count=1)
        elif kind == "IFCPROPERTYSINGLEVALUE" and is_next("property"):
            arguments = TEXT_VALUE.sub(lambda value: f"{value[1]}{value[2]}, revised'", arguments)
        elif kind == "IFCEXTRUDEDAREASOLID" and is_next("shape"):
            arguments = LAST_NUMBER.sub(lambda depth: f"{float(depth[1]) * 1.1:.6f}", arguments)
        elif kind == "IFCCARTESIANPOINT" and number in moved and is_next("placement"):
            arguments = FIRST_NUMBER.sub(lambda x: f"({float(x[1]) + 50:.6f}", arguments)
        arguments = NUMBER.sub(lambda one: one[1] or f"#{int(one[2]) + SHIFT}", arguments)
        yield f"#{int(number) + SHIFT}={kind}({arguments});\n"


def placed(lines: list[str]) -> frozenset[str]:
    """Return the numbers of the points that only local placements stand at, inside of others."""
    axes: dict[str, str] = {}
    frames: set[str] = set()
    for line in lines:
        found = LINE.match(line)
        if found and found[2] == "IFCAXIS2PLACEMENT3D":
            axes[found[1]] = found[3].partition(",")[0].removeprefix("#")
        elif found and found[2] == "IFCLOCALPLACEMENT" and not found[3].startswith("$"):
            frames.add(found[3].rpartition("#")[2])
    uses = Counter(axes.values())
    return frozenset(point for axis, point in axes.items() if axis in frames and uses[point] == 1)


def write(model: Path, output: Path, *, every: int = 50) -> Path:
    """Write the new version of a model that has an instance a line, and return its path."""
    with model.open(encoding="latin-1", newline="") as file:
        lines = file.readlines()
    with output.open("w", encoding="latin-1", newline="") as file:
        file.writelines(revise(iter(lines), placed(lines), every=every))
    return output


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--every", type=int, default=50, help="one in so many objects is edited")
    options = parser.parse_args()
    write(options.model, options.output, every=options.every)


if __name__ == "__main__":
    main()
