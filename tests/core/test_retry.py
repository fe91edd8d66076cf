"""Back-off."""

from __future__ import annotations

from functions.core.retry import LONGEST_S, back_off


def test_back_off_doubles_and_is_capped() -> None:
    for tries, ceiling in ((0, 10), (1, 10), (2, 20), (4, 80), (20, LONGEST_S), (10_000, LONGEST_S)):
        delays = {back_off(tries) for _ in range(200)}
        assert min(delays) >= ceiling // 2
        assert max(delays) <= ceiling


def test_jobs_that_failed_together_do_not_come_back_together() -> None:
    assert len({back_off(5) for _ in range(50)}) > 5
