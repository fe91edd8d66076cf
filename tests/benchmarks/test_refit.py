"""Lines through what was measured."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from benchmarks import refit as module
from benchmarks.refit import Journal, Measured, describe, fit, off, refit_all
from functions.core import registry
from functions.core.compute import Cost
from tests.conftest import ROOT


def test_a_straight_line_is_found_again() -> None:
    points = [(mb, 0.5 + 0.25 * mb) for mb in (1.0, 5.0, 20.0, 60.0)]
    assert fit(points) == pytest.approx((0.5, 0.25))
    assert off(points, (0.5, 0.25)) == pytest.approx(1)


def test_no_term_is_negative() -> None:
    assert fit([(1.0, 0.1), (2.0, 10.0), (4.0, 30.0)])[0] == 0
    assert fit([(1.0, 5.0), (2.0, 4.0)])[1] == 0


def test_one_size_alone_is_a_level() -> None:
    assert fit([(5.0, 3.0)]) == (3.0, 0.0)


def test_small_and_large_models_count_alike() -> None:
    fixed, per_mb = fit([(1.0, 1.0), (10.0, 10.0), (100.0, 200.0)])
    assert 0.5 < fixed + per_mb < 1.5


def test_what_is_written_is_what_the_registry_reads() -> None:
    body = describe([(1.0, 1.0), (5.0, 3.0)], [(1.0, 100.0), (5.0, 120.0)], runs=1)
    cost = Cost.read(json.loads(json.dumps(body)))
    assert cost.seconds.at(3) == pytest.approx(2)
    assert cost.megabytes.at(3) == pytest.approx(110)


def test_a_run_that_was_interrupted_goes_on_where_it_was(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    measured: list[tuple[str, float]] = []
    written: dict[str, dict[str, object]] = {}

    def run(operation: str, mb: float, model: Path, *, runs: int) -> Measured:
        if len(measured) == 3:
            raise KeyboardInterrupt
        assert abs(model.stat().st_size / 1e6 - mb) < 0.1
        measured.append((operation, mb))
        return Measured(operation, mb, runs, mb, 2 * mb, 100 + mb)

    def again() -> None:
        refit_all(["one", "two"], (0.2, 0.4), Journal(path), runs=1, say=lambda _: None)

    path = tmp_path / "build" / "journal.jsonl"
    monkeypatch.setattr(module, "run", run)
    monkeypatch.setattr(module, "write", lambda name, cost: written.update({name: cost}))
    with pytest.raises(KeyboardInterrupt):
        again()
    assert list(written) == ["one"]
    del measured[:2]  # so that one more may be measured
    again()
    assert measured == [("two", 0.2), ("two", 0.4)]
    assert written["two"]["seconds"] == {"fixed": 0.0, "per_mb": 2.0}
    assert not path.exists(), "the next one measures everything"


def test_what_was_measured_long_ago_is_measured_again(tmp_path: Path) -> None:
    path = tmp_path / "journal.jsonl"
    Journal(path).add(Measured("one", 1.0, 1, 1.1, 2.0, 100.0))
    made = path.stat().st_mtime
    assert Journal(path, now=lambda: made + 3600).find("one", 1.0, 1) is not None
    assert Journal(path, now=lambda: made + 3600).find("one", 1.0, 3) is None
    assert Journal(path, now=lambda: made + 90_000).find("one", 1.0, 1) is None


@pytest.mark.parametrize("name", registry.operations())
def test_every_operation_has_been_measured(name: str) -> None:
    path: Path = ROOT / "functions" / "operations" / name / "cost.json"
    body = json.loads(path.read_text())
    assert len(body["measured"]["input_mb"]) >= 2
    assert max(body["measured"]["most_above"].values()) < 1.5  # what SECONDS_SAFETY and MEMORY_SAFETY cover
