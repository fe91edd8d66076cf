"""Make an IDS with many specifications: every facet, simple values, enumerations, patterns and bounds.

    python -m benchmarks.specifications OUTPUT [--count 40]

The classes are those of the models that `benchmarks.replicate` makes from a building; about half of the
requirements fail there, so that a report has both.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

CLASSES = (
    "IFCWALLSTANDARDCASE",
    "IFCWINDOW",
    "IFCDOOR",
    "IFCSLAB",
    "IFCSPACE",
    "IFCOPENINGELEMENT",
    "IFCBUILDINGSTOREY",
    "IFCWALLTYPE",
)
HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<ids xmlns="http://standards.buildingsmart.org/IDS" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<info><title>Many specifications</title><date>2026-01-01</date></info>
<specifications>
"""
TAIL = "</specifications>\n</ids>\n"


def simple(value: str) -> str:
    """Return a simple value."""
    return f"<simpleValue>{escape(value)}</simpleValue>"


def restriction(base: str, **limits: str | list[str]) -> str:
    """Return a restriction: `pattern`, `enumeration`, `minInclusive` ... with one value or several."""
    lines = [
        f"<xs:{name} value={quoteattr(value)}/>"
        for name, values in limits.items()
        for value in ([values] if isinstance(values, str) else values)
    ]
    return f'<xs:restriction base="xs:{base}">{"".join(lines)}</xs:restriction>'


def property_of(pset: str, name: str, kind: str, value: str = "") -> str:
    """Return a property facet; texts are values as XML."""
    value = value and f"<value>{value}</value>"
    return (
        f'<property dataType="{kind}"><propertySet>{pset}</propertySet>'
        f"<baseName>{name}</baseName>{value}</property>"
    )


def attribute_of(name: str, value: str = "") -> str:
    """Return an attribute facet."""
    value = value and f"<value>{value}</value>"
    return f"<attribute><name>{name}</name>{value}</attribute>"


REQUIREMENTS = (
    attribute_of(simple("Name"), restriction("string", pattern="[A-Za-z ]+:.*:[0-9]+")),
    property_of(simple("Constraints"), simple("Level"), "IFCLABEL")
    + property_of(simple("Identity Data"), simple("Mark"), "IFCTEXT", restriction("string", minLength="1")),
    property_of(
        restriction("string", pattern="Dim.*"),
        simple("Area"),
        "IFCAREAMEASURE",
        restriction("double", minInclusive="1.5", maxExclusive="20"),
    ),
    "<material/>" + attribute_of(restriction("string", enumeration=["Name", "Description"])),
    f"<classification><system>{restriction('string', pattern='Uni.*')}</system></classification>"
    + property_of(simple("Phasing"), simple("Phase Created"), "IFCLABEL", simple("New Construction")),
)


def specifications(count: int) -> Iterator[str]:
    """Yield the specifications, class by class for each of the requirements."""
    for number, (requirements, kind) in zip(range(count), product(REQUIREMENTS, CLASSES), strict=False):
        yield (
            f'<specification name="{number:03} {kind}" ifcVersion="IFC2X3 IFC4">'
            f'<applicability minOccurs="0" maxOccurs="unbounded"><entity><name>{simple(kind)}</name></entity>'
            f"</applicability><requirements>{requirements}</requirements></specification>\n"
        )


def write_ids(path: Path, *, count: int = 40) -> Path:
    """Write an IDS, and return its path."""
    path.write_text(HEAD + "".join(specifications(count)) + TAIL, encoding="utf-8")
    return path


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("output", type=Path)
    parser.add_argument("--count", type=int, default=40)
    arguments = parser.parse_args()
    write_ids(arguments.output, count=arguments.count)


if __name__ == "__main__":
    main()
