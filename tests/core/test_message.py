"""The body of a message: a version and a job id."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from functions.core.message import Message


def test_a_message_survives_the_queue() -> None:
    message = Message(job_id="0123456789abcdef" * 2)
    assert Message.model_validate_json(message.model_dump_json()) == message


@pytest.mark.parametrize(
    "body",
    [
        "",
        "{}",
        "null",
        '{"job_id": "short"}',
        '{"job_id": "%s"}' % ("A" * 32),
        '{"job_id": "%s\\n"}' % ("a" * 32),
        '{"version": 2, "job_id": "%s"}' % ("a" * 32),
        '{"job_id": "%s", "tenant": "acme"}' % ("a" * 32),
    ],
)
def test_anything_else_is_refused(body: str) -> None:
    with pytest.raises(ValidationError):
        Message.model_validate_json(body)
