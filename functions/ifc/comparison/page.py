"""A comparison as an HTML page: counts by kind and class, and every change in a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from functions.ifc.comparison.comparison import KINDS
from functions.ifc.comparison.report import Report, describe
from functions.ifc.report.page import Table, write_page

if TYPE_CHECKING:
    from functions.ifc.comparison.comparison import Section

TITLES = {"elements": "", "openings": " openings", "types": " types"}
Row = Sequence[object]


def show_page(report: Report, *, old: str, new: str) -> str:
    """Return the page about two files."""
    statistics = report.statistics()
    counts = {name: statistics[name] for name in ("added", "deleted", "changed", "unchanged")}
    is_equal = not any(
        found.added or found.deleted or found.changes for found in report.comparison.sections.values()
    )
    verdict = "The models are equal" if is_equal else ", ".join(f"{n} {name}" for name, n in counts.items())
    facts = {"old": old, "new": new, **counts, "tolerance": f"{report.comparison.tolerance:g} m"}
    return write_page("Comparison of two models", (verdict, is_equal), facts, _tables(report))


def _tables(report: Report) -> Iterator[Table]:
    kinds = report.statistics()["kinds"]
    if kinds:
        yield "Changed elements by kind", ("Kind", "Elements"), list(kinds.items())
    classes = list(_classes(report))
    if classes:
        yield "Elements by class", ("Class", "Added", "Deleted", "Changed", "Kinds of change"), classes
    for name, section in report.comparison.sections.items():
        for word, rows, names, version in (
            ("Added", section.added, report.names[1], report.comparison.versions[1]),
            ("Deleted", section.deleted, report.names[0], report.comparison.versions[0]),
        ):
            if rows:
                facts = [(names.of(row), version.guids[row]) for row in rows]
                lines = [(one["class"], one["name"], one["container"], guid) for one, guid in facts]
                yield f"{word}{TITLES[name]}", ("Class", "Name", "In", "GlobalId"), sorted(lines, key=str)
        if section.changes:
            header = ("Class", "Name", "GlobalId", "Kind", "What", "Old", "New")
            yield f"Changed{TITLES[name]}", header, _changes(report, section)


def _classes(report: Report) -> Iterator[Row]:
    """Yield how many elements of each class were added, deleted and changed, and in which kinds."""
    section = report.comparison.sections["elements"]
    old, new = report.comparison.versions
    counts: dict[str, Counter[str]] = {}
    for word, rows, version in (("added", section.added, new), ("deleted", section.deleted, old)):
        for row in rows:
            counts.setdefault(version.element(row).is_a(), Counter())[word] += 1
    for row, changes in section.changes.items():
        counts.setdefault(new.element(row).is_a(), Counter()).update(["changed", *changes])
    for name, found in sorted(counts.items()):
        kinds = ", ".join(f"{kind} {found[kind]}" for kind in KINDS if found[kind])
        yield name, found["added"], found["deleted"], found["changed"], kinds


def _changes(report: Report, section: Section) -> Iterator[Row]:
    """Yield a line for every difference, the elements by class and name."""
    named = [(report.names[1].of(row), row) for row in section.changes]
    guids = report.comparison.versions[1].guids
    for names, row in sorted(named, key=lambda item: (str(item[0]["class"]), str(item[0]["name"]), item[1])):
        listed, more = report.listed(section.changes[row])
        for kind, differences in listed.items():
            for difference in differences:
                yield names["class"], names["name"], guids[row], kind, *describe(kind, difference)
            if kind in more:
                yield names["class"], names["name"], guids[row], kind, f"and {more[kind]} more", None, None
