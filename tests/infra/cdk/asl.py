"""An interpreter of the Amazon States Language, as far as our definition uses it, on a clock of its own.

https://states-language.net. What is not known here is refused: a definition that uses more fails its tests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

State = dict[str, Any]
CALL = re.compile(r"(States\.\w+)\((.*)\)")
ARGUMENT = re.compile(r"'((?:[^'\\]|\\.)*)'|([^,]+)")
STEP = re.compile(r"\.(\w+)|\[(\d+)\]")
KNOWN = {
    "Pass": {"Parameters", "Next"},
    "Task": {
        "Resource",
        "Parameters",
        "ResultSelector",
        "ResultPath",
        "TimeoutSecondsPath",
        "Retry",
        "Catch",
        "Next",
    },
    "Choice": {"Choices", "Default"},
    "Wait": {"SecondsPath", "Next"},
    "Succeed": set(),
}
RETRY = {"ErrorEquals", "IntervalSeconds", "MaxAttempts", "BackoffRate", "MaxDelaySeconds", "JitterStrategy"}


class TaskError(Exception):
    """An error as Step Functions names it."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(error, cause)
        self.error, self.cause = error, cause


class Aborted(Exception):
    """The execution was stopped from outside: no Retry and no Catch sees it."""


# What a resource does with its parameters within so many seconds; it says how many it took by the clock.
Resource = Callable[[dict[str, Any], float | None], Any]


@dataclass
class Execution:
    """One run of a definition. `random` chooses a delay between 0 and what a retrier allows."""

    definition: Mapping[str, Any]
    resources: Mapping[str, Resource]
    name: str = "execution-1"
    wait: Callable[[float], None] = lambda _: None
    random: Callable[[float, float], float] = lambda least, most: most
    path: list[str] = field(default_factory=list)
    delays: list[tuple[str, float]] = field(default_factory=list)

    def run(self, data: Any) -> Any:
        """Run to the end and return the output; raises the TaskError that nothing caught."""
        current: str | None = self.definition["StartAt"]
        while current is not None:
            assert len(self.path) < 200, f"a loop: {self.path[-8:]}"
            self.path.append(current)
            state = self.definition["States"][current]
            unknown = set(state) - KNOWN[state["Type"]] - {"Type", "Comment"}
            assert not unknown, f"{current} uses {unknown}"
            data, current = getattr(self, f"_{state['Type'].lower()}")(state, data)
        return data

    def _succeed(self, state: State, data: Any) -> tuple[Any, None]:
        return data, None

    def _pass(self, state: State, data: Any) -> tuple[Any, str]:
        return self._fill(state["Parameters"], data), state["Next"]

    def _wait(self, state: State, data: Any) -> tuple[Any, str]:
        seconds = resolve(state["SecondsPath"], data, self._context())
        self.delays.append((self.path[-1], seconds))
        self.wait(seconds)
        return data, state["Next"]

    def _choice(self, state: State, data: Any) -> tuple[Any, str]:
        for rule in state["Choices"]:
            assert set(rule) == {"Variable", "BooleanEquals", "Next"}
            if resolve(rule["Variable"], data, self._context()) is rule["BooleanEquals"]:
                return data, rule["Next"]
        return data, state["Default"]

    def _task(self, state: State, data: Any) -> tuple[Any, str]:
        tries: dict[int, int] = {}
        while True:
            try:
                return self._attempt(state, data), state["Next"]
            except TaskError as error:
                delay = self._retry(state, error, tries)
                if delay is not None:
                    self.delays.append((self.path[-1], delay))
                    self.wait(delay)
                    continue
                for catcher in state.get("Catch", []):
                    if matches(catcher["ErrorEquals"], error.error):
                        found = {"Error": error.error, "Cause": error.cause}
                        return put(catcher["ResultPath"], data, found), catcher["Next"]
                raise

    def _attempt(self, state: State, data: Any) -> Any:
        limit = state.get("TimeoutSecondsPath")
        seconds = None if limit is None else resolve(limit, data, self._context())
        resource = self.resources[state["Resource"].rpartition(":::")[2]]
        result = resource(self._fill(state["Parameters"], data), seconds)
        if "ResultSelector" in state:
            result = self._fill(state["ResultSelector"], result)
        return put(state["ResultPath"], data, result)

    def _retry(self, state: State, error: TaskError, tries: dict[int, int]) -> float | None:
        """Return how long to wait before the next try; None when there is none."""
        for index, retrier in enumerate(state.get("Retry", [])):
            assert set(retrier) <= RETRY
            if not matches(retrier["ErrorEquals"], error.error):
                continue
            done = tries.get(index, 0)
            if done >= retrier.get("MaxAttempts", 3):
                return None  # the first that matches decides
            tries[index] = done + 1
            ceiling = retrier["IntervalSeconds"] * retrier["BackoffRate"] ** done
            ceiling = min(ceiling, retrier["MaxDelaySeconds"])
            return self.random(0, ceiling) if retrier["JitterStrategy"] == "FULL" else float(ceiling)
        return None

    def _context(self) -> dict[str, Any]:
        return {"Execution": {"Name": self.name}, "State": {"Name": self.path[-1]}}

    def _fill(self, template: Any, data: Any) -> Any:
        """Return a payload template filled in."""
        if isinstance(template, list):
            return [self._fill(item, data) for item in template]
        if not isinstance(template, dict):
            return template
        return {
            name.removesuffix(".$"): resolve(value, data, self._context())
            if name.endswith(".$")
            else self._fill(value, data)
            for name, value in template.items()
        }


def matches(wanted: list[str], error: str) -> bool:
    """Whether a retrier or catcher is meant: TaskFailed stands for every error but a timeout."""
    return (
        error in wanted
        or "States.ALL" in wanted
        or ("States.TaskFailed" in wanted and error != "States.Timeout")
    )


def resolve(expression: str, data: Any, context: Mapping[str, Any]) -> Any:
    """Return what a path or an intrinsic function stands for; a path that leads nowhere is a fault."""
    if found := CALL.fullmatch(expression):
        parts = [text if text or not path else path.strip() for text, path in ARGUMENT.findall(found[2])]
        values = [
            resolve(part, data, context) if part.startswith("$") else part
            for part in (part.strip() for part in parts)
        ]
        return FUNCTIONS[found[1]](values)
    value: Any = context if expression.startswith("$$") else data
    rest = expression.removeprefix("$$" if expression.startswith("$$") else "$")
    while rest:
        step = STEP.match(rest)
        assert step, f"no path: {expression}"
        try:
            value = value[step[1]] if step[1] else value[int(step[2])]
        except (KeyError, IndexError, TypeError):
            raise TaskError("States.Runtime", f"{expression} leads nowhere") from None
        rest = rest[step.end() :]
    return value


def put(path: str, data: Any, result: Any) -> Any:
    """Return the input with the result at its place."""
    assert path.startswith("$.")
    assert path.count(".") == 1
    return {**data, path[2:]: result}


def _format(values: list[Any]) -> str:
    text = str(values[0])
    for value in values[1:]:
        text = text.replace("{}", str(value), 1)
    return text


FUNCTIONS: dict[str, Callable[[list[Any]], Any]] = {
    "States.Format": _format,
    "States.Array": list,
    "States.MathAdd": lambda values: int(values[0]) + int(values[1]),
    "States.StringToJson": lambda values: json.loads(values[0]),
}
