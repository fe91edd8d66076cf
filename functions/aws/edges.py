"""An edge of the state machine as the arguments of one conditional UpdateItem."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from functions.aws.records import event, expiry, number, state, text, time
from functions.aws.table import Attribute, job_key
from functions.core.job import TRANSITIONS, Edge, Job, Status

PLACEHOLDER = re.compile(r"#(\w+)")
# A job without a lease is nobody's; with one, its worker is alive until it runs out.
FREE = "(attribute_not_exists(#lease_until) OR #lease_until < :now)"
OWNED = "#owner = :owner AND #attempt = :attempt"
LEASE = ("owner", "lease_until")


@dataclass(frozen=True, kw_only=True)
class Update:
    """A conditional update of a job. Names are written as `#name`, values as `:name`.

    Every name goes through a placeholder, so no attribute can be one of DynamoDB's reserved words.
    """

    sets: Mapping[str, Attribute] = field(default_factory=dict)
    expressions: tuple[str, ...] = ()
    removes: frozenset[str] = frozenset()
    deletes: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    values: Mapping[str, Attribute] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def arguments(self, job_id: str) -> dict[str, Any]:
        """Return the arguments of UpdateItem, without the table's name."""
        assignments = [*(f"#{name} = :{name}" for name in self.sets), *self.expressions]
        clauses = (
            ("SET", assignments),
            ("REMOVE", [f"#{name}" for name in sorted(self.removes)]),
            ("DELETE", self.deletes),
        )
        update = " ".join(f"{verb} {', '.join(parts)}" for verb, parts in clauses if parts)
        condition = " AND ".join(self.conditions)
        used = PLACEHOLDER.findall(f"{update} {condition}")
        return {
            "Key": job_key(job_id),
            "UpdateExpression": update,
            "ConditionExpression": condition,
            "ExpressionAttributeNames": {f"#{name}": self.names.get(name, name) for name in used},
            "ExpressionAttributeValues": {
                f":{name}": value for name, value in {**self.sets, **self.values}.items()
            },
            "ReturnValues": "ALL_NEW",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD",
        }


@dataclass(frozen=True, kw_only=True)
class Step:
    """One edge taken at one time: what every edge writes, to which each adds its own."""

    edge: Edge
    at: datetime
    token: str
    ttl_days: int
    detail: str | None = None

    def update(
        self,
        *,
        sets: Mapping[str, Attribute] | None = None,
        removes: Iterable[str] = (),
        expressions: tuple[str, ...] = (),
        conditions: tuple[str, ...] = (),
        values: Mapping[str, Attribute] | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Update:
        """Return the update: the table's sources as its condition, the table's target as its state."""
        transition = TRANSITIONS[self.edge]
        sources = {f"from_{status}": text(status) for status in sorted(transition.sources)}
        allowed = ", ".join(f":{name}" for name in sources)
        arrived, left = self._arrive(transition.target)
        written = {**arrived, **(sets or {})}
        return Update(
            sets=written,
            expressions=("#events = list_append(#events, :event)", *expressions),
            removes=frozenset({*left, *removes} - set(written)),
            conditions=(f"#status IN ({allowed})", *conditions),
            values={**sources, "event": self._event(), **(values or {})},
            names=names or {},
        )

    def _arrive(self, target: Status) -> tuple[dict[str, Attribute], frozenset[str]]:
        """Return what a state has and what it has not, whatever edge leads there."""
        sets = {**state(target, self.at), "edge_token": text(self.token)}
        if target.ended:
            ended = {"ended_at": time(self.at), "expires_at": expiry(self.at, ttl_days=self.ttl_days)}
            return {**sets, **ended}, frozenset({*LEASE, "due"})
        if target is Status.STARTED:
            return sets, frozenset()
        return {**sets, "due": time(self.at)}, frozenset(LEASE)

    def _event(self) -> Attribute:
        entry = event(self.at, self.edge.value, self.detail)
        return {"L": [entry]}


def owned(job: Job) -> dict[str, Attribute]:
    """Return the values of the condition OWNED: only this run of the job may go on."""
    return {"owner": text(job.owner or ""), "attempt": number(job.attempt)}
