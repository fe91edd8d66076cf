"""What AWS answers, as the pipeline's own errors."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)

from functions.aws.errors import PASSING, translated
from functions.core.errors import NotFoundError, PipelineError, RetryableError


def answered(code: str, status: int, message: str = "secret detail") -> ClientError:
    body = {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(body, "GetObject")


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        *((answered(code, 400), RetryableError) for code in sorted(PASSING)),
        (answered("SomethingNew", 503), RetryableError),
        (EndpointConnectionError(endpoint_url="https://x"), RetryableError),
        (ReadTimeoutError(endpoint_url="https://x"), RetryableError),
        (IncompleteReadError(actual_bytes=1, expected_bytes=2), RetryableError),
        (ResponseStreamingError(error="reset"), RetryableError),
        *(
            (answered(code, 404), NotFoundError)
            for code in ("404", "NoSuchKey", "NoSuchVersion", "NoSuchUpload")
        ),
        (answered("InvalidArgument", 400, "Invalid version id specified"), NotFoundError),
        (answered("MethodNotAllowed", 405), NotFoundError),
        (answered("AccessDenied", 403), PipelineError),
        (answered("NoSuchBucket", 404), PipelineError),
        (answered("ResourceNotFoundException", 400), PipelineError),
        (answered("InvalidArgument", 400, "Invalid storage class"), PipelineError),
        (NoCredentialsError(), PipelineError),
    ],
    ids=str,
)
def test_each_answer_has_one_meaning(error: ClientError | BotoCoreError, kind: type[PipelineError]) -> None:
    with pytest.raises(PipelineError) as caught, translated("Input file a.ifc"):
        raise error
    assert type(caught.value) is kind
    assert caught.value.message.startswith("Input file a.ifc")
    assert "secret" not in caught.value.message
    assert caught.value.__cause__ is error


def test_other_errors_pass_through() -> None:
    with pytest.raises(KeyError), translated("anything"):
        raise KeyError("ours")
