"""Make a large model out of a small one: copies in a grid, as text.

    python -m benchmarks.replicate MODEL OUTPUT --mb 25 [--spacing 100] [--vary [--faces]]

Instance numbers are shifted, GlobalIds are new, the project with all that it refers to and the contexts
are shared, and every copy stands at its own place. Copies are equal, as the storeys and units of real
buildings are; with `--vary` every extrusion of every copy has a depth of its own, and with `--faces` every
copy's faces have a size of their own as well, so that nothing at all can be made once and used again.
"""

from __future__ import annotations

import argparse
import math
import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

TOKEN = re.compile(r"'(?:[^']|'')*'|/\*.*?\*/|;|[^';/]+|/", re.DOTALL)
INSTANCE = re.compile(r"\s*#(\d+)\s*=\s*(\w+)\s*(\(.*\))\s*", re.DOTALL)
REFERENCE = re.compile(r"'(?:[^']|'')*'|#(\d+)")
GUID = re.compile(r"\(\s*'[0-9A-Za-z_$]{22}'")
DEPTH = re.compile(r"([0-9.Ee+-]+)\s*\)$")
COORDINATE = re.compile(r"[0-9][0-9.Ee+-]*")
SPREAD = 0.01  # the last copy's depths and faces are so much larger than the first one's
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_$"
CONTEXTS = ("IFCPROJECT", "IFCGEOMETRICREPRESENTATIONCONTEXT", "IFCGEOMETRICREPRESENTATIONSUBCONTEXT")


@dataclass(frozen=True)
class Instance:
    """One line of the DATA section."""

    number: int
    kind: str
    arguments: str

    def references(self) -> list[int]:
        """Return the numbers that the arguments refer to, those in strings left out."""
        return [int(found[1]) for found in REFERENCE.finditer(self.arguments) if found[1]]


def replicate(
    text: str, *, copies: int, spacing: float = 100.0, vary: bool = False, faces: bool = False
) -> Iterator[str]:
    """Yield the pieces of a STEP file with `copies` copies of the one in `text`, `spacing` units apart."""
    start, end = text.index("DATA;") + len("DATA;"), text.rindex("ENDSEC;")
    instances = list(_parse(text[start:end]))
    shared = _shared({instance.number: instance for instance in instances})
    corners = _corners(instances) if faces else frozenset()
    step = max(instance.number for instance in instances) + 10
    chance = random.Random(42)  # noqa: S311 - equal files on every run
    side = math.ceil(math.sqrt(copies))
    yield text[:start] + "\n"
    for copy in range(copies):
        shift = copy * step
        place = shift + step - 1
        if copy:
            x, y = copy % side * spacing, copy // side * spacing
            yield f"#{place - 2}=IFCCARTESIANPOINT(({x:.3f},{y:.3f},0.));\n"
            yield f"#{place - 1}=IFCAXIS2PLACEMENT3D(#{place - 2},$,$);\n"
            yield f"#{place}=IFCLOCALPLACEMENT($,#{place - 1});\n"
        for instance in instances:
            if not copy or instance.number not in shared:
                arguments = instance.arguments
                if copy:
                    arguments = _moved(instance, shift, place, shared, chance)
                if vary and instance.kind == "IFCEXTRUDEDAREASOLID":
                    arguments = _deepened(arguments, 1 + SPREAD * copy / copies)
                if instance.number in corners:
                    arguments = _grown(arguments, 1 + SPREAD * copy / copies)
                yield f"#{instance.number + shift}={instance.kind}{arguments};\n"
    yield text[end:]


def _parse(data: str) -> Iterator[Instance]:
    """Yield the instances of a DATA section."""
    parts: list[str] = []
    for word in TOKEN.findall(data):
        if word != ";":
            if not word.startswith("/*"):
                parts.append(word if word.startswith("'") else word.replace("\n", "").replace("\r", ""))
            continue
        if found := INSTANCE.fullmatch("".join(parts)):
            yield Instance(int(found[1]), found[2].upper(), found[3])
        parts = []


def _shared(instances: Mapping[int, Instance]) -> frozenset[int]:
    """Return the project, the contexts and all that they refer to."""
    found: set[int] = set()
    rest = [number for number, instance in instances.items() if instance.kind in CONTEXTS]
    while rest:
        number = rest.pop()
        if number in instances and number not in found:
            found.add(number)
            rest += instances[number].references()
    return frozenset(found)


def _corners(instances: Iterable[Instance]) -> frozenset[int]:
    """Return the points and lists of points that faces consist of, and nothing else refers to."""
    loops, others = set[int](), set[int]()
    for instance in instances:
        (loops if instance.kind == "IFCPOLYLOOP" else others).update(instance.references())
    lists = {instance.number for instance in instances if instance.kind == "IFCCARTESIANPOINTLIST3D"}
    return frozenset(loops - others | lists)


def _moved(instance: Instance, shift: int, place: int, shared: frozenset[int], chance: random.Random) -> str:
    """Return the arguments of a copy: other numbers, another GlobalId, under the copy's placement."""

    def renumber(found: re.Match[str]) -> str:
        if not found[1]:
            return found[0]
        number = int(found[1])
        return f"#{number if number in shared else number + shift}"

    arguments = REFERENCE.sub(renumber, instance.arguments)
    if GUID.match(arguments):
        guid = chance.choice(DIGITS[:4]) + "".join(chance.choices(DIGITS, k=21))
        arguments = GUID.sub(f"('{guid}'", arguments, count=1)
    if instance.kind == "IFCLOCALPLACEMENT":
        arguments = re.sub(r"^\(\s*\$", f"(#{place}", arguments)
    return arguments


def _deepened(arguments: str, factor: float) -> str:
    """Return the arguments of an extrusion with another depth, which stands last."""
    return DEPTH.sub(lambda found: f"{float(found[1]) * factor:.9f})", arguments)


def _grown(arguments: str, factor: float) -> str:
    """Return the arguments of points with all coordinates larger: a face that is flat stays so."""
    return COORDINATE.sub(lambda found: f"{float(found[0]) * factor:.9f}", arguments)


def write(
    model: Path, output: Path, *, mb: float, spacing: float, vary: bool = False, faces: bool = False
) -> None:
    """Write a replica of about so many megabytes."""
    text = model.read_bytes().decode("latin-1")
    copies = max(1, round(mb * 1e6 / len(text)))
    with output.open("w", encoding="latin-1", newline="\n") as file:
        file.writelines(replicate(text, copies=copies, spacing=spacing, vary=vary, faces=faces))


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--mb", type=float, default=25.0, help="size of the output, about")
    parser.add_argument("--spacing", type=float, default=100.0, help="in the model's unit")
    parser.add_argument("--vary", action="store_true", help="no two copies have equal extrusions")
    parser.add_argument("--faces", action="store_true", help="no two copies have equal faces")
    options = vars(parser.parse_args())
    write(options.pop("model"), options.pop("output"), **options)


if __name__ == "__main__":
    main()
