"""Findings about a model: each names its kind, rule, instance, attribute and line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field, replace

KINDS = ("syntax", "schema", "global_id", "reference", "header", "rule")
ERROR, WARNING = "error", "warning"
MAX_CHARS = 500


@dataclass(frozen=True, kw_only=True)
class Issue:
    """One finding. `instance` is the number after the #, `attribute` the one at fault, where there is one."""

    kind: str
    rule: str
    message: str
    severity: str = ERROR
    instance: int | None = None
    ifc_class: str | None = None
    global_id: str | None = None
    attribute: str | None = None
    line: int | None = None

    def as_json(self) -> dict[str, object]:
        """Return the finding as it stands in reports."""
        found = asdict(self)
        found["class"] = found.pop("ifc_class")
        return found


@dataclass
class Issues:
    """All findings: every one is counted, the first `limit` are kept."""

    limit: int
    kept: list[Issue] = field(default_factory=list)
    kinds: Counter[str] = field(default_factory=Counter)
    rules: Counter[tuple[str, str]] = field(default_factory=Counter)
    severities: Counter[str] = field(default_factory=Counter)

    def add(self, issue: Issue) -> None:
        """Count a finding, and keep it while there is room."""
        self.kinds[issue.kind] += 1
        self.rules[issue.kind, issue.rule] += 1
        self.severities[issue.severity] += 1
        if len(self.kept) < self.limit:
            text = " ".join(issue.message.split())
            short = text if len(text) <= MAX_CHARS else text[: MAX_CHARS - 1] + "\u2026"
            self.kept.append(replace(issue, message=short))

    def place(self, lines: dict[int, int]) -> None:
        """Add the lines of instances."""
        self.kept = [
            replace(issue, line=lines.get(issue.instance)) if issue.instance is not None else issue
            for issue in self.kept
        ]

    def sort(self) -> None:
        """Bring the kept findings into the order of kinds, and in one kind into that of the file."""
        self.kept.sort(key=lambda issue: (KINDS.index(issue.kind), issue.instance or 0, issue.rule))

    @property
    def valid(self) -> bool:
        """Say whether no finding is an error."""
        return not self.severities[ERROR]

    def by_kind(self) -> dict[str, int]:
        """Return how many findings each kind has, those without any included."""
        return {kind: self.kinds[kind] for kind in KINDS}

    def by_rule(self) -> list[dict[str, object]]:
        """Return how many findings each rule has, the largest number first."""
        ranked = sorted(self.rules.items(), key=lambda item: (-item[1], item[0]))
        return [{"kind": kind, "rule": rule, "count": count} for (kind, rule), count in ranked]


def group(issues: Iterable[Issue]) -> dict[tuple[str, str], list[Issue]]:
    """Return findings by kind and rule, in the order they come."""
    found: dict[tuple[str, str], list[Issue]] = {}
    for issue in issues:
        found.setdefault((issue.kind, issue.rule), []).append(issue)
    return found
