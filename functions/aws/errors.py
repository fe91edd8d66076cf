"""What a failure of AWS means to the pipeline: the one translation for all adapters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectionError,
    HTTPClientError,
    IncompleteReadError,
    ResponseStreamingError,
)

from functions.core.errors import NotFoundError, PipelineError, RetryableError

MISSING = frozenset({"404", "NoSuchKey", "NoSuchVersion", "NoSuchUpload", "NotFound", "KeyTooLongError"})
PASSING = frozenset(
    {
        "408",
        "429",
        "500",
        "502",
        "503",
        "504",
        "InternalError",
        "InternalFailure",
        "InternalServerError",
        "KMS.ThrottlingException",
        "KmsThrottled",
        "OperationAborted",
        "OverLimit",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionConflictException",
        "TransactionInProgressException",
    }
)
CONNECTION = (ConnectionError, HTTPClientError, IncompleteReadError, ResponseStreamingError)


def code(error: ClientError) -> str:
    """Return the error code that the service answered."""
    return str(error.response.get("Error", {}).get("Code", ""))


def translate(error: Exception, *, what: str) -> PipelineError:
    """Return the pipeline's error for one of boto3's; `what` is the thing that was asked for."""
    if isinstance(error, CONNECTION):
        return RetryableError(f"{what}: AWS could not be reached")
    if not isinstance(error, ClientError):
        return PipelineError(f"{what}: the request could not be made")
    if _missing(error):
        return NotFoundError(f"{what} not found")
    status = int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0) or 0)
    if code(error) in PASSING or status >= 500:  # noqa: PLR2004 - a server's fault passes
        return RetryableError(f"{what}: briefly unavailable")
    return PipelineError(f"{what}: AWS refused the request ({code(error)})")


@contextmanager
def translated(what: str) -> Iterator[None]:
    """Turn what boto3 raises into the pipeline's errors; the cause stays attached for the log."""
    try:
        yield
    except (ClientError, BotoCoreError) as error:
        raise translate(error, what=what) from error


def _missing(error: ClientError) -> bool:
    """Whether an object or a version is not there; a delete marker counts, a missing bucket does not."""
    if code(error) in MISSING:
        return True
    message = str(error.response.get("Error", {}).get("Message", "")).lower()
    if code(error) in {"InvalidArgument", "400", "BadRequest"} and "version id" in message:
        return True
    return code(error) in {"405", "MethodNotAllowed"}
