"""What becomes of a message."""

from __future__ import annotations

from functions.worker.verdict import ACK, Verdict


def test_no_delay_is_a_retry_too() -> None:
    assert Verdict(0).retry
    assert not ACK.retry
