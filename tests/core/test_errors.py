"""The table of errors: every class has its meaning, and survives being stored."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from functions.core import errors
from functions.core.errors import BY_SLUG, RULES, InputError, ModelError, PipelineError, Retry


def tree(kind: type[PipelineError] = PipelineError) -> Iterator[type[PipelineError]]:
    """Yield a class and all that derive from it, of the module itself."""
    if kind.__module__ == errors.__name__:
        yield kind
    for child in kind.__subclasses__():
        yield from tree(child)


ALL = list(tree())


@pytest.mark.parametrize("kind", ALL)
def test_every_error_has_a_rule_of_its_own(kind: type[PipelineError]) -> None:
    rule = RULES[kind]
    assert BY_SLUG[rule.slug] is kind
    assert 400 <= rule.status < 600
    assert rule.title


def test_the_table_has_nothing_else() -> None:
    assert set(RULES) == set(ALL)
    assert len({rule.slug for rule in RULES.values()}) == len(RULES)


@pytest.mark.parametrize("kind", ALL)
def test_every_error_survives_being_stored(kind: type[PipelineError]) -> None:
    body = kind("what happened", field="request.file", where="line 12").to_dict()
    error = PipelineError.from_dict(body)
    assert type(error) is kind
    assert (error.message, error.field, error.where) == ("what happened", "request.file", "line 12")


@pytest.mark.parametrize("kind", ALL)
def test_the_docstring_shows_every_error_with_its_status(kind: type[PipelineError]) -> None:
    lines = [line for line in (errors.__doc__ or "").splitlines() if re.search(rf"\b{kind.__name__} ", line)]
    assert len(lines) == 1
    assert f" {RULES[kind].status} " in lines[0]
    assert f" {RULES[kind].slug} " in lines[0]


def test_the_users_own_errors_are_never_tried_again() -> None:
    for kind, rule in RULES.items():
        if issubclass(kind, InputError):
            assert rule.retry is Retry.NEVER
            assert rule.status in {413, 422}
    assert RULES[PipelineError].retry is Retry.AGAIN
    assert RULES[errors.RetryableError].retry is Retry.LATER


def test_an_unknown_type_is_a_fault_of_ours() -> None:
    assert type(PipelineError.from_dict({"type": "from-the-future", "detail": "x"})) is PipelineError
    assert PipelineError.from_dict({}).message == ""


def test_the_first_field_named_stays() -> None:
    error = ModelError("no trailer").at("request.file")
    assert error.at("steps.0").field == "request.file"
    assert "where" not in error.to_dict()


def test_the_guide_to_failed_jobs_has_every_type_that_a_job_can_have() -> None:
    guide = (Path(__file__).parents[2] / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    of_calls = {"unauthorized", "forbidden", "method", "media-type", "throttled", "cancelled"}
    assert [slug for slug in BY_SLUG if slug not in of_calls and f"`{slug}`" not in guide] == []
