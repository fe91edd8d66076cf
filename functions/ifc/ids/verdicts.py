"""An audit in numbers and words, for every kind of report: the layout of ifctester's JSON reporter.

The elements of a specification stand in `Outcome`; here are its counts and texts, as JSON types.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from functions.ifc.ids.audit import Check, Outcome
from functions.ifc.reader import clean


@dataclass
class Count:
    """How many there are, and how many of them pass."""

    total: int = 0
    passed: int = 0

    def add(self, passed: bool, times: int = 1) -> None:
        """Count one, or several at once."""
        self.total += times
        self.passed += times if passed else 0

    def named(self, name: str) -> dict[str, int | str]:
        """Return the counts as ifctester names them; the percentage of nothing is N/A."""
        return {
            f"total_{name}": self.total,
            f"total_{name}_pass": self.passed,
            f"total_{name}_fail": self.total - self.passed,
            f"percent_{name}_pass": percent(self.passed, self.total),
        }


@dataclass
class Totals:
    """The counts of a whole audit."""

    specifications: Count = field(default_factory=Count)
    requirements: Count = field(default_factory=Count)
    checks: Count = field(default_factory=Count)
    elements: Count = field(default_factory=Count)

    @classmethod
    def of(cls, outcomes: Iterable[Outcome]) -> Totals:
        """Count."""
        totals = cls()
        applicable: set[int] = set()
        failing: set[int] = set()
        for outcome in outcomes:
            totals.specifications.add(outcome.status)
            applicable.update(outcome.applicable)
            failing.update(outcome.failing)
            for check in outcome.checks:
                totals.requirements.add(check.status)
                totals.checks.add(False, len(check.failures))
                totals.checks.add(True, len(outcome.applicable) - len(check.failures))
        totals.elements = Count(len(applicable), len(applicable) - len(failing))
        return totals

    def statistics(self) -> dict[str, int]:
        """Return the counts for a job's record."""
        return {
            f"{name}{suffix}": value
            for name, count in vars(self).items()
            for suffix, value in (
                ("", count.total),
                ("_passed", count.passed),
                ("_failed", count.total - count.passed),
            )
        }


def percent(part: int, whole: int) -> int | str:
    """Return a percentage, rounded down."""
    return math.floor(part * 100 / whole) if whole else "N/A"


def describe(outcome: Outcome) -> dict[str, Any]:
    """Return the counts and texts of a specification."""
    one = outcome.specification
    checks = Count()
    for check in outcome.checks:
        checks.add(False, len(check.failures))
        checks.add(True, len(outcome.applicable) - len(check.failures))
    total, failing = len(outcome.applicable), len(outcome.failing)
    kind = one.cardinality
    return {
        "name": clean(one.name),
        "description": clean(one.description or ""),
        "instructions": clean(one.instructions or ""),
        "status": outcome.status,
        "is_skipped": kind == "optional" and checks.total == 0,
        "is_ifc_version": one.is_ifc_version,
        "total_applicable": total,
        "total_applicable_pass": total - failing,
        "total_applicable_fail": failing,
        "percent_applicable_pass": percent(total - failing, total),
        **checks.named("checks"),
        "cardinality": kind,
        "applicability": [clean(facet.to_string("applicability")) for facet in one.applicability],
    }


def describe_check(check: Check, outcome: Outcome) -> dict[str, Any]:
    """Return the counts and texts of a requirement."""
    facet = check.facet
    total, failed = len(outcome.applicable), len(check.failures)
    label, value = name_facet(facet)
    return {
        "facet_type": type(facet).__name__,
        "metadata": facet.asdict("requirement"),
        "label": clean(label),
        "value": clean(value),
        "description": clean(facet.to_string("requirement", outcome.specification, facet)),
        "status": check.status,
        "total_applicable": total,
        "total_pass": total - failed,
        "total_fail": failed,
        "percent_pass": percent(total - failed, total),
    }


def name_facet(facet: Any) -> tuple[str, str]:  # noqa: ANN401
    """Return what a requirement looks at, and what it wants there: as ifctester names them."""
    kind = type(facet).__name__
    value = getattr(facet, "value", None)
    if kind in {"Entity", "PartOf"}:
        label = facet.relation if kind == "PartOf" else "IFC Class"
        if not facet.predefinedType:
            return str(label), str(facet.name)
        return (
            f"{label} / Predefined Type" if kind == "Entity" else str(label),
            f"{facet.name}.{facet.predefinedType}",
        )
    if kind == "Classification":
        both = (facet.system, value)
        if all(both):
            return "System / Reference", f"{facet.system} / {value}"
        return ("System", str(facet.system)) if facet.system else ("Reference", str(value or ""))
    labels = {"Attribute": "name", "Material": ""}
    if kind == "Property":
        return f"{facet.propertySet}.{facet.baseName}", str(value or "")
    return str(getattr(facet, labels[kind], "Name / Category")), str(value or "")


def passed(outcomes: Sequence[Outcome]) -> bool:
    """Say whether the model meets every specification."""
    return all(outcome.status for outcome in outcomes)
